"""A secret in every place of every answer where text can stand: in each prose that a server tells, and in a field of each object
that nobody knows. Which places those are is found by walking the answers; none of the secrets is kept, logged, shown or exported.
"""

import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.stories.bank import KINDS, SOURCES, Bank, Texts, founded, servers
from tests.stories.everywhere import everywhere
from tests.stories.gate import Gate

__all__ = ["servers"]

FORMS = (  # each with a mark that tells where it came from
    "ghp_{}0123456789abcdefABCDEF0123",
    "gho_{}0123456789abcdefABCDEF0123",
    "ghs_{}0123456789abcdefABCDEF0123",
    "ghu_{}0123456789abcdefABCDEF0123",
    "ghr_{}0123456789abcdefABCDEF0123",
    "github_pat_{}ABCDEFG0123456789",
    "glpat-{}abcdefghijkl0",
    "glrt-{}abcdefghijkl0",
    "gldt-{}abcdefghijkl0",
    "xoxb-{}-0123456789",
    "xoxp-{}-0123456789",
    "https://hooks.slack.com/services/T000/B000/{}",
    "hvs.{}CAESIJ0123456789abcd",
    "ASIA{}ABCDEF",
    "AKIAIOSFODNN7EXAMPLE {}wJalrXUtnFEMI/K7MDENG/bPxRfiCY",
    "aws_secret_access_key={}wJalrXUtnFEMI/K7MDENG/bPxRfiCY",
    "IQoJb3JpZ2lu{}X2VjEJr0123456789abcd",
    "AccountKey={}0123456789abcdefghijklmnopqrstuvwxyz0123456789==",
    "AbCdEfGhIjKlMn.atlasv1.{}abcdefghijklmnopqrstuvwxyz",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJzb3duIn0.{}SflKxwRJSMeKKF2QT4",
    "-----BEGIN RSA PRIVATE KEY----- {}MIIEpAIBAAKCAQEA -----END RSA PRIVATE KEY-----",
    "-----BEGIN PGP PRIVATE KEY BLOCK----- {}lQVYBF -----END PGP PRIVATE KEY BLOCK-----",
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


def test_nothing_of_it_is_anywhere(sown: Bank) -> None:
    for what, data in everywhere(sown):
        assert_clean(what, data)


def test_what_stood_beside_it_is_kept(sown: Bank) -> None:
    """Only the secret goes: the words around it are what people meant to be read."""
    words = Texts()
    titles = {row.title for row in sown.rows("SELECT title FROM changes")}
    assert any(title.startswith(words.title) and "[removed]" in title for title in titles), titles
    kept = sown.dump()
    for text in (words.commit, words.message, words.comment, words.policy, words.operation):
        assert f"{text} ".encode() in kept, text
