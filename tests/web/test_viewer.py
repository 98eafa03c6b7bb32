"""The diff viewer's parts: nothing is left out, no part is longer than a page may be, what is folded is a click away."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from app.changes.drift.manifests import BOTH, Diff
from app.drift.diff import diff
from app.web.assets import Assets
from app.web.portal import ROOT
from app.web.render import Templates
from app.web.views.diff import Viewer, viewer

TEMPLATES = Templates(ROOT / "templates", Assets(ROOT / "static"))
MARKUP = TEMPLATES.environment.from_string('{% from "parts/diff.html" import viewer %}{{ viewer(page, "Manifest") }}')


def address(**asked: str) -> str:
    return "?" + urlencode({key: value for key, value in asked.items() if value})


def opened(found: Diff, href: str) -> Viewer:
    asked = parse_qs(urlsplit(href).query)
    return viewer(found, int(asked.get("part", ["1"])[0]), asked.get("lines") == ["all"], address)


def markup(view: Viewer) -> str:
    return MARKUP.render(page=view)


def every_part(found: Diff, lines: str = "") -> list[Viewer]:
    first = opened(found, address(lines=lines))
    last = int(first.parts[-1].text) if first.parts else 1
    return [opened(found, address(lines=lines, part=str(n))) for n in range(1, last + 1)]


def items(many: int, more: int = 0, port: str = "http") -> Mapping[str, Any]:
    return {"spec": {"items": [{"name": f"item {n}", "port": port, "size": n + more} for n in range(many)]}}


WORLDS = {
    "one in ten thousand": (items(3400), {**items(3400), "kind": "X"}),
    "ten thousand": (items(3400), items(3400, 1, "https")),
    "one long line": ({"data": {"x": "y" * 400_000}}, {"data": {"x": "y" * 200_000 + "<" + "y" * 200_000}}),
    "a long text": ({"data": {"x": "a\n" * 9000}}, {"data": {"x": "a\n" * 4500 + "b\n" + "a\n" * 4500}}),
    "signs that grow": ({"data": {"x": "\u202e<&" * 9_000}}, {"data": {"x": "\u202e<&" * 9_000 + "x"}}),
    "status": ({"a": 1, "status": {str(n): n for n in range(9000)}}, {"a": 2, "status": {str(n): -n for n in range(9000)}}),
}


@pytest.mark.parametrize("name", WORLDS)
def test_every_line_stands_in_one_part_and_no_part_is_long(name: str) -> None:
    found = diff(*WORLDS[name])
    written = "".join(line.text for line in (*found.lines, *found.server))
    parts = every_part(found, "all")
    told = "".join(text for part in parts for block in part.blocks for row in block.rows for text, _ in row.pieces)
    assert told == written
    for part in parts:
        assert len(markup(part).encode()) < 140_000


@pytest.mark.parametrize("name", WORLDS)
def test_every_line_that_differs_stands_in_the_short_view(name: str) -> None:
    found = diff(*WORLDS[name])
    parts = every_part(found)
    rows = [row for part in parts for block in part.blocks if not block.href for row in block.rows if row.css]
    told = "".join(text for row in rows for text, _ in row.pieces)
    linked = any(block.href and "API server" in block.fold for part in parts for block in part.blocks)
    wanted = "".join(line.text for line in (*found.lines, *(() if linked else found.server)) if line.sign != BOTH)
    assert told == wanted
    for part in parts:
        assert len(markup(part).encode()) < 140_000


def test_what_is_folded_away_is_where_its_link_leads() -> None:
    found = diff(*WORLDS["one in ten thousand"])
    folded = [block for block in opened(found, "?").blocks if block.href]
    assert [block.fold for block in folded] == ["10,199 lines the same on both sides"]
    rows = opened(found, folded[0].href).blocks[0].rows
    assert any(row.live == str(found.lines[4].live) for row in rows)


def test_a_short_fold_opens_where_it_stands() -> None:
    found = diff({f"k{n:02}": n for n in range(30)}, {f"k{n:02}": n for n in range(30)} | {"k00": 1})
    text = markup(viewer(found, 1, False, address))
    assert "<details" in text
    assert "k29: 29" in text
    assert "26 lines the same on both sides" in text


def test_it_reads_without_colour_and_hostile_text_stays_text() -> None:
    found = diff({"a": "<script>1</script>", "b": "\u202eevil\x07"}, {"a": "<img src=x>", "b": "\u202eevil\x08"})
    text = markup(viewer(found, 1, False, address))
    assert text.count(">declared</td>") == text.count(">live</td>") == 2
    assert text.count('<td class="mk">−</td>') == text.count('<td class="mk">+</td>') == 2
    assert "<del>" in text
    assert "<script" not in text
    assert "<img" not in text
    assert "\u202e" not in text
    assert "⟨U+202E⟩" in text or "\\u" in text


def test_hidden_values_are_said_to_differ() -> None:
    found = diff({"data": {"a": "++++++++"}}, {"data": {"a": "++++++++++++"}})
    view = viewer(found, 1, False, address)
    assert markup(view).count("differs, values hidden") == 2
    assert any("hidden before anything is stored" in said for said in view.said)


def test_a_part_that_is_none_is_the_first() -> None:
    found = diff(*WORLDS["ten thousand"])
    for odd in (0, -3, 10**9):
        assert viewer(found, odd, False, address).part == viewer(found, 1, False, address).part


def test_two_states_that_are_the_same_say_so() -> None:
    view = viewer(diff({"a": 1}, {"a": 1}), 1, False, address)
    assert view.said == ("Line by line both are the same: what differed is not in what was kept of them.",)
