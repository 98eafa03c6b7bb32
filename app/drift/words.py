"""Which words of a changed line differ from the line that stands in its place."""

import re
from collections.abc import Iterator, Sequence

from app.drift.align import aligned

Piece = tuple[str, bool]  # a stretch of the line, and whether it differs
_WORDS = re.compile(r"[\w.-]+|\++|\s+|[^\w\s]")
LIKE = 0.3  # of the longer line's signs; of lines that have less in one, all is marked
MOST = 20_000  # signs of a line that is read word by word; of a longer one all between its like beginning and end is marked


def marked(text: str, other: str | None) -> list[Piece]:
    """`text` in pieces. Without another line all of it differs; the indentation never does."""
    bare = text.lstrip(" ")
    indent = text[: len(text) - len(bare)]
    pieces = [(bare, True)] if other is None or not bare else _against(bare, other.lstrip(" "))
    return [(part, differs) for part, differs in ((indent, False), *pieces) if part]


def _against(text: str, other: str) -> list[Piece]:
    if text == other:  # what differs is not shown
        key, colon, value = text.partition(": ")
        return [(key + colon, False), (value, True)] if colon else [(text, True)]
    if len(text) > MOST or len(other) > MOST:
        return _trimmed(text, other)
    mine = _WORDS.findall(text)
    alike = {i for i, _ in aligned(mine, _WORDS.findall(other))}
    if sum(len(mine[i]) for i in alike) < LIKE * max(len(text), len(other)) and not _same_key(text, other):
        return [(text, True)]
    return list(_joined(mine, alike))


def _same_key(text: str, other: str) -> bool:
    return ": " in text and text.partition(": ")[0] == other.partition(": ")[0]


def _trimmed(text: str, other: str) -> list[Piece]:
    first = _alike(text, other)
    last = min(_alike(text[::-1], other[::-1]), min(len(text), len(other)) - first)
    return [(text[:first], False), (text[first : len(text) - last], True), (text[len(text) - last :], False)]


def _alike(text: str, other: str) -> int:
    """How many signs both begin with."""
    low, high = 0, min(len(text), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if text[low:middle] == other[low:middle] else (low, middle - 1)
    return low


def _joined(words: Sequence[str], alike: set[int]) -> Iterator[Piece]:
    """Words that differ and stand side by side, with the blank between them, are one piece."""
    run: list[str] = []
    differs = False
    for i, word in enumerate(words):
        new = i not in alike
        if word.isspace() and not new and differs and i + 1 < len(words) and i + 1 not in alike:
            new = True
        if run and new != differs:
            yield "".join(run), differs
            run = []
        run.append(word)
        differs = new
    if run:
        yield "".join(run), differs
