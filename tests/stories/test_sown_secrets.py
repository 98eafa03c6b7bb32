"""A secret in every place of every answer where text can stand: in each prose that a server tells, and in a field of each object
that nobody knows. Which places those are is found by walking the answers; none of the secrets is kept, logged, shown or exported.
"""

import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.stories.bank import KINDS, SOURCES, Bank, founded, servers
from tests.stories.gate import Gate

__all__ = ["servers"]

FORMS = (  # each with a mark that tells where it came from
    "ghp_{}0123456789abcdefABCDEF0123",
    "github_pat_{}ABCDEFG0123456789",
    "glpat-{}abcdefghijkl0",
    "xoxb-{}-0123456789",
    "AbCdEfGhIjKlMn.atlasv1.{}abcdefghijklmnopqrstuvwxyz",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJzb3duIn0.{}SflKxwRJSMeKKF2QT4",
    "-----BEGIN RSA PRIVATE KEY----- {}MIIEpAIBAAKCAQEA -----END RSA PRIVATE KEY-----",
    "https://deploy:{}hunter@artifacts.bank.example/x.zip",
    "https://archivist.tfe.example/_archivist/v1/object/{}dmF1bHQ6djE6",
)
MARK = "SOWN"


@dataclass
class Sower:
    """Changes answers as they pass. `places`: where it has sown, by endpoint-less path of keys."""

    places: dict[str, str] = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def body(self, data: bytes) -> bytes:
        try:
            document = json.loads(data)
        except ValueError:
            return data
        return json.dumps(self._sown(document, "")).encode()

    def _sown(self, value: Any, at: str) -> Any:
        if isinstance(value, dict):
            grown = {key: self._sown(item, f"{at}.{key}") for key, item in value.items()}
            return grown | {"note_nobody_knows": f"see {self._secret(f'{at}.note_nobody_knows')}"}
        if isinstance(value, list):
            return [self._sown(item, f"{at}.*") for item in value]
        return f"{value} {self._secret(at)}" if isinstance(value, str) and " " in value else value

    def _secret(self, at: str) -> str:
        number = next(self.numbers)
        self.places.setdefault(at, f"{MARK}{number:06}")
        return FORMS[number % len(FORMS)].format(f"{MARK}{number:06}")


@pytest.fixture(scope="module")
def sown(servers: dict[str, tuple[Gate, str]], module_database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bank]:
    bank = founded(servers, module_database, tmp_path_factory.mktemp("bank"))
    bank.more = '[log]\nlevel = "DEBUG"\n'
    bank.tell()
    for kind in KINDS:
        bank.gates[kind].change = Sower().body
    bank.ran = bank.poll()
    yield bank
    for kind in KINDS:
        bank.gates[kind].change = None


def assert_clean(what: str, data: bytes) -> None:
    at = data.find(MARK.encode())
    assert at < 0, f"{what}: …{data[max(0, at - 160) : at + 80]!r}…"


def test_it_was_sown_everywhere_and_read_all_the_same(sown: Bank) -> None:
    assert sown.ran.code == 0, sown.ran.out + sown.ran.err
    for kind in KINDS:
        seen = b"".join(sown.gates[kind].bodies)
        assert seen.count(MARK.encode()) > 50, kind
        for form in FORMS:
            assert form.partition("{}")[0].encode() in seen.replace(b"\\/", b"/"), (kind, form)
    assert sown.one("SELECT count(*) FROM changes") >= 1
    assert b"[removed]" in sown.dump()
    assert {f"{SOURCES[kind]}" for kind in KINDS} <= {row.source for row in sown.rows("SELECT DISTINCT source FROM events")}


def test_nothing_of_it_is_in_the_database(sown: Bank) -> None:
    assert_clean("database", sown.dump())


def test_nothing_of_it_is_in_what_commands_say_and_export(sown: Bank) -> None:
    assert_clean("poll", (sown.ran.out + sown.ran.err).encode())
    verbs = [
        ["check"],
        *(["export", what, "--format", form] for what in ("changes", "events") for form in ("csv", "jsonl", "json")),
    ]
    for verb in verbs:
        ran = sown.run(*verb)
        assert_clean(" ".join(verb), (ran.out + ran.err).encode())


def test_nothing_of_it_is_on_a_page_or_in_an_answer(sown: Bank) -> None:
    changes = [row.id for row in sown.rows("SELECT id FROM changes")]
    paths = ["/", "/changes", "/events", "/sources", "/ledger", "/metrics", "/api/v1/changes", "/api/v1/events"]
    paths += [f"/changes/{one}" for one in changes] + [f"/events/{row.seq}" for row in sown.rows("SELECT seq FROM leaves")]
    for path, page in zip(paths, sown.pages(paths), strict=True):
        assert page.status_code == 200, path
        assert_clean(path, page.content)
