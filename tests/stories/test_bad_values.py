"""Answers that are well formed and still not what we know: new words, odd times, wrong clocks, wrong tokens, wrong settings."""

import re
from collections.abc import Iterator
from datetime import UTC, timedelta

import pytest
from app.domain.event import Event
from app.ledger.leaf import event_from_leaf

from tests.sources.harness import served
from tests.stories.bank import KINDS, REPO, SOURCES, TOKENS, Bank, bank, founded, servers
from tests.stories.gate import Gate, answer

__all__ = ["bank", "servers"]


@pytest.fixture(scope="module")
def settled(servers: dict[str, tuple[Gate, str]], module_database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bank]:
    """Read whole once; each test leaves it as it was."""
    bank = founded(servers, module_database, tmp_path_factory.mktemp("bank"))
    bank.tell()
    assert bank.poll().code == 0
    return bank


@pytest.fixture
def again(settled: Bank) -> Iterator[Bank]:
    yield settled
    settled.settings.clear()
    settled.more = ""
    for gate in settled.gates.values():
        gate.fault, gate.ahead, gate.swaps = None, timedelta(), []


def events(bank: Bank) -> list[Event]:
    return [event_from_leaf(bytes(row.leaf))[0] for row in bank.rows("SELECT leaf FROM leaves ORDER BY seq")]


# ---- throttled, redirected, spoken to in another language


def test_a_short_throttle_is_waited_for(again: Bank) -> None:
    again.tfe.throttle(1, 0.3)
    again.argocd.throttle(1, 0.3)
    again.github.throttle(0.3)
    ran = again.poll()
    assert (ran.code, ran.err) == (0, "")
    for kind, stream in (("tfe", "workspaces"), ("argocd", "applications"), ("github", "pull-requests")):
        assert float(ran.row(SOURCES[kind], stream)[6]) >= 0.3
        assert int(ran.row(SOURCES[kind], stream)[5]) >= 2


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_refused_and_takes_no_token_along(again: Bank, status: int) -> None:
    other = Gate(answer(200, {"data": [], "items": []}))
    with served(other) as elsewhere:
        for kind in KINDS:
            again.gates[kind].fault = answer(status, b"", {"location": f"{elsewhere}/api?token={TOKENS[kind]}"})
        polled, checked = again.poll(), again.run("check")
    assert (polled.code, checked.code) == (1, 1)
    assert (other.asked, other.tokens) == (0, [])
    for kind in KINDS:
        assert checked.row(SOURCES[kind])[1] == "refused"
    for line in polled.err.splitlines():
        assert f"a redirect to {elsewhere}; " in line
    assert not any(token[:9] in polled.err + checked.out for token in TOKENS.values())


def test_tls_where_plain_is_spoken_is_unreachable(again: Bank) -> None:
    for kind in KINDS:
        again.settings[kind] = {"url": again.urls[kind].replace("http://", "https://")}
    checked = again.run("check")
    assert checked.code == 1
    for kind in KINDS:
        row = checked.row(SOURCES[kind])
        assert row[1] == "unreachable"
        assert "SSL" in row[2]
        assert "ca_file" in row[2]


# ---- who are we, and what is there


def test_a_wrong_token_is_unauthorized(again: Bank) -> None:
    for kind in KINDS:
        wrong = again.folder / f"{kind}.wrong"
        wrong.write_text(f"wr0ng-{kind}-token")
        again.settings[kind] = {"token_file": str(wrong)}
    polled, checked = again.poll(), again.run("check")
    assert (polled.code, checked.code) == (1, 1)
    for kind in KINDS:
        assert checked.row(SOURCES[kind])[1] == "unauthorized"
        assert f"{SOURCES[kind]}/" in polled.err
    assert polled.err.count("renew the token that token_env or token_file names") == len(polled.err.splitlines()) == 7
    assert "wr0ng" not in polled.out + polled.err + checked.out + checked.err


def test_an_organization_or_repository_that_is_not_there_is_not_found(again: Bank) -> None:
    again.settings["tfe"] = {"organization": "elsewhere"}
    again.settings["github"] = {"repositories": [REPO, "bank/gone"]}
    polled, checked = again.poll(), again.run("check")
    assert (polled.code, checked.code) == (1, 1)
    assert checked.row("tfe-prod")[1] == "not found"
    assert "elsewhere" in checked.row("tfe-prod")[2]
    assert checked.row("github")[1] == "not found"
    assert "bank/gone" in checked.row("github", "problem")[2]
    assert polled.row("tfe-prod", "runs")[2] == "not found"
    assert polled.row("github", "pull-requests")[2] == "not found"
    assert "bank/gone: " in polled.err
    assert polled.row("github", "pull-requests")[3] == "1", "the repository that is there was read"
    assert polled.row("argocd-prod", "applications")[2] == "read"


def test_an_account_that_sees_nothing_is_said_so(again: Bank) -> None:
    again.argocd.hidden.add("payments-production")
    try:
        checked, polled = again.run("check"), again.poll()
    finally:
        again.argocd.hidden.clear()
    assert checked.code == 1
    assert "sees no application" in checked.row("argocd-prod", "problem")[2]
    assert "the token may no longer read its project" in polled.out


# ---- settings


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ('[[source]]\nname = "github"\nkind = "github"\nurl = "http://a"\nrepositories = ["a/b"]', "github"),
        ('[[source]]\nname = "x"\nkind = "jenkins"\nurl = "http://a"', "'jenkins'; expected 'tfe', 'argocd', 'github' or 'gitlab'"),
        ('[[source]]\nname = "x"\nkind = "tfe"\nurl = "http://a"', "organization"),
        ('[[source]]\nname = "x"\nkind = "argocd"\nurl = "ftp://a"', "an address such as"),
        ('[[source]]\nname = "x"\nkind = "argocd"\nurl = "https://me:hunter2@a"', "without a user or password"),
        ('[[source]]\nname = "<script>"\nkind = "argocd"\nurl = "https://a"', "name"),
        ('[[source]]\nname = "x"\nkind = "argocd"\nurl = "https://a"\ntimeout = "soon"', "timeout"),
        ('[[source]]\nname = "x"\nkind = "argocd"\nurl = "https://a"\ntoken = "hunter2"', "token is not a setting"),
        ("[web]\nprot = 8000", "did you mean port?"),
        ("this is no TOML", "is not TOML"),
        ("\x00", "is not TOML"),
    ],
)
@pytest.mark.parametrize("verb", ["poll", "check"])
def test_wrong_settings_are_one_line_and_2(again: Bank, verb: str, wrong: str, says: str) -> None:
    again.more = wrong
    ran = again.run(verb)
    assert ran.code == 2
    assert ran.out == ""
    (line,) = ran.err.splitlines()
    assert line.startswith("throughline: ")
    assert says in line
    assert "hunter2" not in line


def test_each_wrong_setting_has_its_line(again: Bank) -> None:
    again.more = "[web]\nport = 99999\n[log]\nlevel = 'LOUD'\n"
    ran = again.run("poll")
    assert (ran.code, len(ran.err.splitlines())) == (2, 2)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "cannot be read"),
        (b"", "is empty"),
        (b"two\nlines", "one word"),
        (b"\xff\xfe", "cannot be read"),
        ("tökén".encode(), "one word"),
    ],
)
def test_a_secret_that_cannot_be_read_is_one_line_and_2(again: Bank, content: bytes | None, says: str) -> None:
    path = again.folder / "secret"
    path.unlink(missing_ok=True)
    if content is not None:
        path.write_bytes(content)
    for kind in ("tfe", "argocd"):
        again.settings[kind] = {"token_file": str(path)}
    polled, checked = again.poll(), again.run("check")
    assert (polled.code, checked.code) == (2, 2)
    assert len(polled.err.splitlines()) == 2, "one for each source"
    for line in polled.err.splitlines():
        assert says in line
    assert checked.row("tfe-prod")[1] == "wrong settings"
    assert checked.row("github")[1] == "ok"
    assert not any(word in polled.err + checked.out for word in ("two", "lines", "tök"))


def test_a_ca_file_without_certificates_is_one_line_and_2(again: Bank) -> None:
    empty = again.folder / "ca.pem"
    empty.write_text("not a certificate")
    again.settings["tfe"] = {"url": "https://127.0.0.1:9", "ca_file": str(empty)}
    polled = again.poll()
    assert polled.code == 2
    (line,) = polled.err.splitlines()
    assert "ca.pem cannot be used" in line


def test_a_source_that_is_not_there_is_one_line_and_2(again: Bank) -> None:
    ran = again.run("poll", "--source", "tfe-pord")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == "throughline: no source is called 'tfe-pord'; expected one of: tfe-prod, argocd-prod, github\n"


# ---- clocks


@pytest.mark.parametrize("hours", [1, -1])
def test_a_clock_an_hour_off_is_said_and_does_no_harm(again: Bank, hours: int) -> None:
    before = again.one("SELECT count(*) FROM leaves")
    for gate in again.gates.values():
        gate.ahead = timedelta(hours=hours)
    word = "ahead" if hours > 0 else "behind"
    checked = again.run("check")
    assert checked.code == 1
    for kind in KINDS:
        said = checked.row(SOURCES[kind], "problem")[2]
        assert re.fullmatch(
            rf"{SOURCES[kind]}'s clock is 3[56]\d\d s {word}; expected within 30 s; set the time on one of the two", said
        )
    polled = again.poll()
    assert (polled.code, polled.err) == (0, "")
    offsets = [row.clock_offset for row in again.rows("SELECT clock_offset FROM streams WHERE stream <> 'ranges'")]
    assert all(abs(offset - timedelta(hours=hours)) < timedelta(seconds=10) for offset in offsets)
    assert again.page("/sources").text.count(f"{word} {'of ours' if hours > 0 else 'ours'}") == len(KINDS)
    assert again.one("SELECT count(*) FROM leaves") == before


# ---- words that are new to us


def test_unknown_words_are_kept_counted_and_told(bank: Bank) -> None:
    bank.tell()
    bank.gates["tfe"].swaps = [(b'"status":"applied"', b'"status":"frobnicated"'), (b'"action":"confirmed"', b'"action":"blessed"')]
    bank.gates["argocd"].swaps = [
        (b'"phase":"Succeeded"', b'"phase":"Transcended"'),
        (b'"health":{"status":"Healthy"', b'"health":{"status":"Feverish"'),
        (b'"sync":{"status":"Synced"', b'"sync":{"status":"Sunk"'),
    ]
    bank.gates["github"].swaps = [(b'"APPROVED"', b'"ADORED"')]
    ran = bank.poll()
    assert (ran.code, ran.err) == (0, "")
    seen = {(e.type, e.status) for e in events(bank) if not e.known}
    assert {("run", "frobnicated"), ("run-event", "blessed"), ("review", "ADORED")} <= seen
    assert {("operation", "Transcended"), ("health", "Feverish"), ("sync-status", "Sunk")} <= seen
    for source, values in (
        ("tfe-prod/runs", 2),
        ("argocd-prod/applications", 3),
        ("github/pull-requests", 1),
    ):
        (line,) = [line for line in ran.out.splitlines() if line.startswith(f"{source} met ")]
        assert line.startswith(f"{source} met {values} unknown value{'s' if values > 1 else ''}: "), line
    page = bank.page("/sources").text
    for word in ("frobnicated", "blessed", "ADORED", "Transcended", "Feverish", "Sunk"):
        assert word in page
    assert bank.page("/changes").status_code == 200
    assert bank.run("verify", "--database").code == 0
    before = bank.one("SELECT count(*) FROM leaves")
    for gate in bank.gates.values():
        gate.swaps = []
    assert bank.poll().code == 0
    assert {("run", "applied"), ("health", "Healthy")} <= {(e.type, e.status) for e in events(bank) if e.known}
    assert bank.one("SELECT count(*) FROM leaves") > before


# ---- times


def test_the_same_instants_in_odd_spellings_bring_nothing_new(bank: Bank) -> None:
    """Every time of every answer is written with another offset, or with nanoseconds."""
    bank.tell()
    assert bank.poll().code == 0
    told = {(e.id, e.occurred_at) for e in events(bank)}
    bank.gates["tfe"].swaps = [(b'+00:00"', b'.000000000-00:00"')]
    bank.gates["argocd"].swaps = [(b'Z"', b'.000000000z"')]
    bank.gates["github"].swaps = [(b'Z"', b'.000000000+00:00"')]
    with bank.rewound():
        ran = bank.poll()
    assert (ran.code, ran.err) == (0, "")
    assert "unknown" not in ran.out
    assert {(e.id, e.occurred_at) for e in events(bank)} == told


def test_an_offset_of_five_hours_and_three_quarters_is_reckoned(bank: Bank) -> None:
    bank.tell()
    run = bank.tfe.runs[0]
    applied = run.stamps["applied-at"].replace(microsecond=0)
    there = (applied + timedelta(hours=5, minutes=45)).strftime("%Y-%m-%dT%H:%M:%S+05:45")
    bank.gates["tfe"].swaps = [(applied.isoformat().encode(), there.encode())]
    assert bank.poll().code == 0
    (event,) = [e for e in events(bank) if (e.type, e.status) == ("run", "applied")]
    assert event.occurred_at == applied
    assert event.occurred_at.tzinfo is UTC


def test_a_time_without_an_offset_is_refused_and_told(bank: Bank) -> None:
    """Nobody says whose time it is: a run or a pull request without any is not placed by guessing."""
    bank.tell()
    created = bank.tfe.runs[0].created_at.isoformat(timespec="milliseconds").removesuffix("+00:00")
    bank.gates["tfe"].swaps = [(f'"created-at":"{created}Z"'.encode(), f'"created-at":"{created}"'.encode())]
    pull = bank.github.repositories[REPO].pull_requests[1]
    written = pull.created_at.replace(microsecond=0).isoformat().removesuffix("+00:00")
    bank.gates["github"].swaps = [(f"{written}Z".encode(), written.encode())]
    started = bank.argocd.applications["payments-api"].operation
    assert started
    begun = started.started_at.isoformat(timespec="seconds").removesuffix("+00:00")
    bank.gates["argocd"].swaps = [(f'"startedAt":"{begun}Z"'.encode(), f'"startedAt":"{begun}"'.encode())]
    ran = bank.poll()
    assert ran.code == 1
    (line,) = ran.err.splitlines()
    assert "has no time; expected createdAt as RFC 3339" in line
    assert ran.row("github", "pull-requests")[2] == "not understood"
    assert "has no readable created-at; expected an RFC 3339 time" in ran.out
    assert f"operationState.startedAt '{begun}'" in ran.out
    assert not [e for e in events(bank) if e.keys.run or e.type == "pull-request"]
    for gate in bank.gates.values():
        gate.swaps = []
    assert bank.poll().code == 0
    kinds = {e.type for e in events(bank)}
    assert {"run", "pull-request", "review", "operation"} <= kinds


def test_times_outside_of_all_calendars_are_unknown_values(bank: Bank) -> None:
    bank.tell()
    applied = bank.tfe.runs[0].stamps["applied-at"].isoformat(timespec="seconds")
    bank.gates["tfe"].swaps = [(applied.encode(), b"0000-00-00T00:00:00Z")]
    ran = bank.poll()
    assert ran.code == 0
    assert "status-timestamps.applied-at '0000-00-00T00:00:00Z'" in ran.out
