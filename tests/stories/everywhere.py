"""Everywhere that something could be kept, said or shown: the database, what commands say and export, pages and answers."""

from collections.abc import Iterator

from tests.stories.bank import Bank

LISTS = (
    *("/", "/changes", "/events", "/drift", "/sources", "/ledger", "/people", "/lineage", "/ownership", "/metrics"),
    *("/changes.csv", "/events.csv", "/drift.csv", "/people.csv", "/lineage.csv", "/ownership.csv"),
)
ANSWERS = (
    *("/api/v1/changes?limit=200", "/api/v1/events?limit=200", "/api/v1/people", "/api/v1/lineage", "/api/v1/changes/count"),
    *("/api/v1/drift?limit=200", "/api/v1/blind-spots?limit=200", "/api/v1/ownership"),
)


def everywhere(bank: Bank) -> Iterator[tuple[str, bytes]]:
    """(what, its bytes). `bank.ran` is the pass that read it; every log is on where the settings say so."""
    yield "database", bank.dump()
    yield "poll", (bank.ran.out + bank.ran.err).encode()
    exports = [["export", what, "--format", form] for what in ("changes", "events", "drift") for form in ("csv", "jsonl", "json")]
    for verb in (["poll"], ["check"], ["rebuild"], ["verify", "--database"], *exports):
        ran = bank.run(*verb)
        assert ran.code in (0, 1), ran.err
        yield " ".join(verb), (ran.out + ran.err).encode()
    changes = [row.id for row in bank.rows("SELECT id FROM changes")]
    entries = [row.seq for row in bank.rows("SELECT seq FROM leaves")]
    assert changes
    paths = [*LISTS, *ANSWERS, *(f"/changes/{one}" for one in changes), *(f"/changes/{one}/resources.csv" for one in changes)]
    paths += [f"{door}/{row.id}" for row in bank.rows("SELECT id FROM episodes") for door in ("/drift", "/api/v1/drift")]
    paths += [f"/api/v1/changes/{one}" for one in changes] + [f"/events/{seq}" for seq in entries]
    for path, page in zip(paths, bank.pages(paths), strict=True):
        assert page.status_code in (200, 404), path
        yield path, page.content + repr(page.headers).encode()
