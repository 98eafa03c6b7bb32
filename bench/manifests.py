"""The page of a difference of 10,000 lines, from two documents to markup, against GNU diff of the same lines in two files.

Ours reads the documents field by field, so that what belongs together stands side by side; makes the lines of both; folds, marks
words and writes the part that a page shows. GNU diff is given the lines already made. What differs is one line, one line in five,
every line, and a text of few lines repeated in another order, for which most ways of comparing take longest.
"""

import random
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from app.drift.diff import diff
from app.drift.manifest import inline
from app.web.assets import Assets
from app.web.portal import ROOT
from app.web.render import Templates
from app.web.views.diff import viewer

from bench.figure import Figure, milliseconds, paired, times
from bench.place import Place

LINES = {"tiny": 300}
FULL = 10_000
GOAL_RATIO, GOAL_BYTES = 50.0, 150_000  # the rest of a page has 50 KB of the 200 that it may have
MARKUP = '{% from "parts/diff.html" import viewer %}{{ viewer(page, "Declared and live manifest") }}'
Document = Mapping[str, Any]


def run(place: Place) -> Iterator[Figure]:
    many = LINES.get(place.size.name, FULL)
    markup = Templates(ROOT / "templates", Assets(ROOT / "static")).environment.from_string(MARKUP)
    for name, (declared, live) in worlds(many).items():
        sizes: list[int] = []

        def page(declared: Document = declared, live: Document = live, sizes: list[int] = sizes) -> None:
            text = markup.render(page=viewer(diff(declared, live), 1, False, _address))
            sizes.append(len(text.encode()))

        with tempfile.TemporaryDirectory() as folder:
            turns = paired(page, _gnu(Path(folder), declared, live), place.size.repetitions)
        value = f"{milliseconds(turns.our_median)}, {max(sizes):,} bytes"
        met = turns.ratio <= GOAL_RATIO and max(sizes) <= GOAL_BYTES
        yield Figure(f"diff: {many:,} lines, {name}", value, f"{times(turns.ratio)} of GNU diff", "≤ 50×, ≤ 150,000 bytes", met)


def worlds(lines: int) -> dict[str, tuple[Document, Document]]:
    """(declared, live) by what differs."""
    chance = random.Random(7)

    def items(size: Callable[[int], int]) -> Document:
        return {
            "spec": {"items": [{"name": f"i{n}", "port": {"a": n % 5, "b": "TCP"}, "size": size(n)} for n in range(lines // 5)]}
        }

    def fields(value: Callable[[int], int]) -> Document:
        return {"data": {f"key-{n}": str(value(n)) for n in range(lines)}}

    def text() -> Document:
        return {"data": {"text": "\n".join(chance.choice("abcdefgh") * 9 for _ in range(lines))}}

    return {
        "one differs": (items(lambda n: n), items(lambda n: n if n != lines // 10 else -1)),
        "one in five": (items(lambda n: n), items(lambda n: n + 1)),
        "each differs": (fields(lambda n: n), fields(lambda n: n + 1)),
        "repeated": (text(), text()),
    }


def _gnu(folder: Path, declared: Document, live: Document) -> Callable[[], None]:
    for name, document in (("declared", declared), ("live", live)):
        (folder / name).write_text("".join(f"{line}\n" for line, _ in inline(document, "", "")))

    def compare() -> None:
        subprocess.run(["diff", "-u", folder / "declared", folder / "live"], capture_output=True, check=False)

    return compare


def _address(**asked: str) -> str:
    return f"/drift/x?{urlencode(asked)}"
