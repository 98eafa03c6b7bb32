"""What people can write into a title, a branch, a message or a name, taken from the sources to the page and the file.

One bank, read once; in it everything a person can write is hostile, a kind of hostility at a time.
"""

import csv
import io
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from urllib.parse import quote

import httpx
import pytest
from app.domain.event import Event
from app.ledger.leaf import LIMIT, event_from_leaf

from tests.stories.bank import GIT, REPO, Bank, Texts, founded, servers
from tests.stories.gate import Gate

__all__ = ["servers"]

MARK = "MARK-OF-A-SURROGATE"  # becomes a lone surrogate on the wire: the fakes themselves cannot write one
TEXTS = {
    "markup": "<script>alert(1)</script><img src=x onerror=alert(2)>'\"--></title>&lt;",
    "template": "{{7*7}}${7*7}<%= 7*7 %>{% raw %}",
    "formula": "=cmd|' /C calc'!A0",
    "formula after a space": " \t=1+1",
    "plus": "+1-1",
    "full width": "\u3000＝cmd｜' ／C calc'！A0",
    "minus": "-2+3",
    "at": '@SUM(1,2)","x',
    "NUL": "before\x00after",
    "marks": "\u202egnp.exe\u202c\u200b\u2066hidden\u2069\ufeff",
    "emoji": "👩🏽‍💻🏳️‍🌈 é e\u0301 日本語 \U000e0041",
    "surrogate": f"half {MARK} of it",
    "lines": "first\r\nsecond\u2028third\x1b[2J\x07\x85end",
    "separators": "a,b;c\t'd\"e\\f|g#h?i&j%00k",
    "SQL": "'; DROP TABLE leaves; --",
    "1 MB": "A" * 1_000_000 + "<b>",
}
ASKABLE = {"template", "plus", "minus", "at", "SQL"}  # may stand in a path; Kubernetes would not have them either
SHA = "5" * 40
LARGEST_PAGE = 1_000_000
STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


@pytest.fixture(scope="module")
def hostile(servers: dict[str, tuple[Gate, str]], module_database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bank]:
    bank = founded(servers, module_database, tmp_path_factory.mktemp("bank"))
    for number, text in enumerate(TEXTS.values()):
        bank.tell(replace(Texts.all(text), application=f"payments-{number}", project="payments-production"))
        at = datetime.now(UTC) - timedelta(minutes=20)
        bank.argocd.add_application(text, project=text, repository=f"{GIT}/{REPO}.git", path=text, at=at, revision=SHA, by=text)
    swap = (MARK.encode(), b"\\ud800")
    bank.gates["tfe"].swaps = [swap]
    bank.gates["argocd"].swaps = [swap, (b'"Deployment"', b'"<marquee>Deployment"')]
    bank.gates["github"].swaps = [swap, (b'"https://github.bank.example/', b'"javascript:alert(3)//')]
    bank.ran = bank.poll()
    assert bank.run("ledger", "checkpoint").code == 0
    return bank


def events(bank: Bank) -> list[Event]:
    return [event_from_leaf(bytes(row.leaf))[0] for row in bank.rows("SELECT leaf FROM leaves ORDER BY seq")]


# ---- collected, sealed, projected


def test_everything_is_collected_but_names_that_cannot_be(hostile: Bank) -> None:
    assert (hostile.ran.code, hostile.ran.err) == (0, ""), hostile.ran.out + hostile.ran.err
    told = events(hostile)
    for kind, status in (("pull-request", "merged"), ("run", "applied"), ("run-event", "commented"), ("policy-check", "passed")):
        assert len([e for e in told if (e.type, e.status) == (kind, status)]) == len(TEXTS), kind
    names = {e.keys.application for e in told if e.type == "application"}
    assert names == {TEXTS[kind] for kind in ASKABLE} | {f"payments-{number}" for number in range(len(TEXTS))}
    assert len([e for e in told if (e.type, e.status) == ("operation", "Succeeded")]) == len(TEXTS)
    assert f"met {len(TEXTS) - len(ASKABLE)} unknown values: " in hostile.ran.out
    assert "Kubernetes has no such names" in hostile.ran.out


def test_each_leaf_is_small_and_says_how_long_the_text_was(hostile: Bank) -> None:
    assert hostile.one("SELECT max(length(leaf)) FROM leaves") <= LIMIT
    titles = {str(e.facts["title"]) for e in events(hostile) if (e.type, e.status) == ("pull-request", "merged")}
    assert f"{'A' * 1000}… [1,000,003 characters]" in titles
    assert "before\ufffdafter" in titles
    assert "half \ufffd of it" in titles
    assert TEXTS["emoji"] in titles
    assert TEXTS["markup"] in titles, "the ledger keeps what was written; it is the page that makes it harmless"


def test_the_ledger_is_sound_and_the_projection_is_the_same_when_rebuilt(hostile: Bank) -> None:
    verified = hostile.run("verify", "--database")
    assert verified.code == 0, verified.out
    assert "sound" in verified.out
    before = sorted(map(str, hostile.rows("SELECT * FROM changes")))
    first, second = hostile.run("rebuild"), hostile.run("rebuild")
    assert first.code == second.code == 0
    assert first.out == second.out
    assert sorted(map(str, hostile.rows("SELECT * FROM changes"))) == before


def test_reading_it_all_again_brings_nothing(hostile: Bank) -> None:
    leaves = hostile.one("SELECT count(*) FROM leaves")
    with hostile.rewound():
        assert hostile.poll().code == 0
    assert [(e.type, e.status, e.occurred_at, e.facts) for e in events(hostile)[leaves:]] == []


# ---- pages


class Read(HTMLParser):
    """The elements of a page, with their attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, {name: value or "" for name, value in attrs}))


def assert_inert(page: str) -> None:
    """Only our own scripts, no inline handlers or styles, no addresses that run."""
    for tag, attributes in Read(page).found:
        assert tag not in ("iframe", "object", "embed", "style", "marquee"), tag
        assert tag != "img" or attributes.get("src", "").startswith("/"), attributes
        assert tag != "script" or attributes.get("src", "").startswith("/"), attributes
        assert not [name for name in attributes if name.startswith("on") or name == "style"], (tag, attributes)
        for name in ("href", "src", "action", "formaction", "xlink:href"):
            value = attributes.get(name, "").strip().lower()
            assert not value.startswith(("javascript:", "data:", "vbscript:", "//")), (tag, attributes)


def assert_plain(response: httpx.Response, status: int = 200) -> None:
    assert response.status_code == status, response.text[:2000]
    assert len(response.content) < LARGEST_PAGE, f"{len(response.content):,} bytes"
    assert "script-src 'self'" in response.headers["content-security-policy"]
    assert response.headers["x-content-type-options"] == "nosniff"
    if response.headers["content-type"].startswith("text/html"):
        assert_inert(response.text)
        for unseen in ("\x00", "\u202e", "\u2066", "\x1b", "\x07", "\u200b"):
            assert unseen not in response.text, repr(unseen)


@pytest.mark.parametrize("path", ["/", "/changes", "/events", "/ledger", "/sources", "/help/search"])
def test_lists_are_inert_and_bounded(hostile: Bank, path: str) -> None:
    assert_plain(hostile.page(path))


def test_what_is_not_seen_is_written_out(hostile: Bank) -> None:
    page = hostile.page("/changes").text
    assert "⟨U+202E⟩gnp.exe" in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "{{7*7}}" in page
    assert "49" not in re.findall(r"\{\{|49(?=\$)", page)


def test_every_change_and_its_entries_are_inert(hostile: Bank) -> None:
    pages = hostile.pages([f"/changes/{row.id}" for row in hostile.rows("SELECT id FROM changes")])
    assert len(pages) >= len(TEXTS)
    for page in pages:
        assert_plain(page)
        links = {a["href"] for tag, a in Read(page.text).found if tag == "a" and a.get("href", "").startswith("/events/")}
        for entry in hostile.pages(sorted(links)[:2]):
            assert_plain(entry)


@pytest.mark.parametrize("kind", TEXTS)
def test_searching_for_it_finds_it_or_says_why_not(hostile: Bank, kind: str) -> None:
    text = TEXTS[kind].replace(MARK, "\ufffd")[:2000]
    asked = [f'title:"{quote(text.replace(chr(34), ""), safe="")}"', quote(text, safe=""), quote(f"workspace:{text}", safe="")]
    for page in hostile.pages(
        [f"{where}?q={q}" for q in asked for where in ("/changes", "/events", "/api/v1/changes", "/changes.csv")]
    ):
        assert page.status_code in (200, 400), page.text[:500]
        assert_plain(page, page.status_code)


# ---- doors


@pytest.mark.parametrize("what", ["changes", "events"])
def test_csv_is_whole_and_runs_nothing(hostile: Bank, what: str) -> None:
    ran = hostile.run("export", what, "--format", "csv")
    assert ran.code == 0
    rows = list(csv.reader(io.StringIO(ran.out, newline=""), strict=True))
    assert {len(row) for row in rows} == {len(rows[0])}
    assert len(rows) - 1 == hostile.one(f"SELECT count(*) FROM {what}")
    for row in rows[1:]:
        for cell in row:
            assert not cell.startswith(STARTS), cell[:80]
            assert not cell.lstrip().startswith(("=", "@", "＝")), cell[:80]
    assert any(cell.startswith("'=cmd|") for row in rows for cell in row)
    assert hostile.page(f"/{what}.csv").text.replace("\r\n", "\n") == ran.out.replace("\r\n", "\n")


@pytest.mark.parametrize("what", ["changes", "events"])
def test_json_is_valid_and_lossless(hostile: Bank, what: str) -> None:
    lines = [json.loads(line) for line in hostile.run("export", what, "--format", "jsonl").out.split("\n") if line]
    whole = json.loads(hostile.run("export", what, "--format", "json").out)
    count = hostile.one(f"SELECT count(*) FROM {what}")
    assert count in (len(lines), len(lines) - 1), "with or without a first line that describes"
    assert len(whole["items"]) == count
    said = json.dumps(whole, ensure_ascii=False)
    assert "=cmd|' /C calc'!A0" in said
    assert "'=cmd|" not in said
    page = hostile.page(f"/api/v1/{what}?limit=50")
    assert_plain(page)
    assert page.json()["items"]
