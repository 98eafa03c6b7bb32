"""The diff viewer: what differs with the lines around it, what is equal folded, what is long in parts, each a page of its own.

Nothing is left out: a part ends where a page would grow too long, and the next one goes on from there.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from markupsafe import escape

from app.changes.drift.manifests import BOTH, DECLARED, Diff, Line, marked, stretches
from app.web.views.shell import Choice

WIDE = 200  # signs of a row; a longer line goes on below
ROOM = 100_000  # bytes of a part
ROW, MARKED, TABLE = 120, 60, 700  # bytes of a row without its text, of what one that differs has more, of a table without rows
UNSEEN = 14  # bytes of a sign that is not seen, written out
FOLDED = 60  # equal lines that are folded where they stand; more of them are reached by a link
HIDDEN = "differs, values hidden"
SIDES = {BOTH: ("", "", ""), DECLARED: ("del", "−", "declared")}
LIVE_SIDE = ("ins", "+", "live")


@dataclass(frozen=True, slots=True)
class Row:
    css: str
    declared: str
    live: str
    sign: str
    side: str
    pieces: tuple[tuple[str, bool], ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Block:
    """A table of rows. With a `fold` it stands behind those words; with `href` it stands on another page."""

    caption: str
    rows: tuple[Row, ...] = ()
    fold: str = ""
    href: str = ""


@dataclass(frozen=True, slots=True)
class Viewer:
    counts: str
    said: tuple[str, ...]
    blocks: tuple[Block, ...]
    views: tuple[Choice, ...]
    parts: tuple[Choice, ...]
    part: str


Place = tuple[int, int]  # a line, and a row of it


@dataclass(frozen=True, slots=True)
class _Written:
    """Lines, and the bytes that each takes on a page."""

    lines: Sequence[Line]
    sizes: Sequence[int]
    server: bool = False


@dataclass(frozen=True, slots=True)
class _Unit:
    """Rows from one place to another. `shown`: in the open; else folded, or only linked to."""

    of: _Written
    start: Place
    end: Place
    shown: bool

    @property
    def lines(self) -> Sequence[Line]:
        return self.of.lines[self.start[0] : self.end[0] + (self.end[1] > 0)]


def viewer(found: Diff, part: int, whole: bool, address: Callable[..., str]) -> Viewer:
    """`address(lines=…, part=…)` is where a part stands; `whole`: every line, nothing folded. A part that is none is the first."""
    written = [_Written(lines, [_whole(line) for line in lines], server) for lines, server in _both(found) if lines]
    every = _every(written) if whole else None
    parts = every or list(_parts(unit for one in written for unit in _units(one)))
    here = part if 1 <= part <= len(parts) else 1
    lines = "all" if whole else ""
    blocks = tuple(_block(unit, found, written, address) for unit in (parts[here - 1] if parts else ()))
    return Viewer(
        counts=_counts(found),
        said=tuple(_said(found)),
        blocks=blocks,
        views=(Choice("What differs", address(), not whole), Choice("Every line", address(lines="all"), whole)),
        parts=tuple(Choice(str(n), address(lines=lines, part=str(n)), n == here) for n in _near(here, len(parts))),
        part=f"Part {here:,} of {len(parts):,}" if len(parts) > 1 else "",
    )


def _near(here: int, many: int) -> list[int]:
    """The first and the last part, and those around this one; nothing for one part."""
    return sorted({1, many, *(n for n in range(here - 2, here + 3) if 1 <= n <= many)}) if many > 1 else []


def _counts(found: Diff) -> str:
    return f"− {found.declared:,} line{_s(found.declared)} declared, + {found.live:,} line{_s(found.live)} live"


def _said(found: Diff) -> Iterator[str]:
    if not found.declared and not found.live:
        yield "Line by line both are the same: what differed is not in what was kept of them."
    if found.hidden:
        yield "Values of secrets are hidden before anything is stored. Where a line says that hidden values differ, they do."


def _both(found: Diff) -> tuple[tuple[Sequence[Line], bool], ...]:
    return (found.lines, False), (found.server, True)


def _every(written: Sequence[_Written]) -> list[list[_Unit]]:
    """The parts of the view of every line."""
    return list(_parts(_Unit(one, (0, 0), (len(one.lines), 0), shown=True) for one in written))


def _units(one: _Written) -> Iterator[_Unit]:
    if one.server:
        yield _Unit(one, (0, 0), (len(one.lines), 0), shown=False)
    else:
        for stretch in stretches(one.lines):
            yield _Unit(one, (stretch.start, 0), (stretch.end, 0), shown=stretch.differs)


def _parts(units: Iterator[_Unit]) -> Iterator[list[_Unit]]:
    """Units in parts of at most ROOM bytes; one that is longer is cut."""
    part, left = list[_Unit](), ROOM
    for unit in units:
        size = _size(unit)
        if part and left < size <= ROOM:
            yield part
            part, left = [], ROOM
        for piece, taken, full in _cut(unit, left) if unit.shown else ((unit, size, False),):
            part.append(piece)
            left -= taken
            if full:
                yield part
                part, left = [], ROOM
    if part:
        yield part


def _cut(unit: _Unit, left: int) -> Iterator[tuple[_Unit, int, bool]]:
    """(piece, its size, the part is full with it)."""
    start, taken, of = unit.start, TABLE, unit.of
    for n in range(unit.start[0], unit.end[0]):
        if taken + of.sizes[n] <= left:
            taken += of.sizes[n]
            continue
        for row, size in enumerate(_sizes(of.lines[n])):
            if taken + size > left and (n, row) != start:
                yield _Unit(of, start, (n, row), shown=True), taken, True
                start, taken, left = (n, row), TABLE, ROOM
            taken += size
    yield _Unit(of, start, unit.end, shown=True), taken, False


def _size(unit: _Unit) -> int:
    return TABLE + (sum(unit.of.sizes[unit.start[0] : unit.end[0]]) if unit.shown or _opens(unit) else 0)


def _opens(unit: _Unit) -> bool:
    """Is it short enough to stand folded on the page itself?"""
    return unit.end[0] - unit.start[0] <= FOLDED and sum(unit.of.sizes[unit.start[0] : unit.end[0]]) <= ROOM // 5


def _whole(line: Line) -> int:
    """The bytes of a line, all its rows together."""
    if len(line.text) > WIDE:
        return sum(_sizes(line))
    return (ROW if line.sign == BOTH else ROW + MARKED) + _bytes(line.text)


def _sizes(line: Line) -> list[int]:
    """The bytes of each row of a line."""
    row, text = ROW + (MARKED if line.sign != BOTH else 0), line.text
    return [row + _bytes(text[at : at + WIDE]) for at in range(0, len(text), WIDE)] or [row]


def _bytes(text: str) -> int:
    """As a page writes it, at the most: a sign that is not seen is shown as ⟨U+202E⟩."""
    if text.isascii() and text.isprintable():
        return len(escape(text))
    return len(escape(text).encode("utf-8", "replace")) + UNSEEN * (len(text) - sum(map(str.isprintable, text)))


def _block(unit: _Unit, found: Diff, written: Sequence[_Written], address: Callable[..., str]) -> Block:
    if unit.shown:
        return Block(_caption(unit, found), tuple(_rows(unit)))
    fold = _fold(unit, found)
    if _opens(unit):
        return Block(fold, tuple(_rows(unit)), fold=fold)
    parts = enumerate(_every(written), 1)
    part = next(n for n, units in parts if any(one.of is unit.of and unit.start < one.end for one in units))
    return Block(fold, fold=fold, href=address(lines="all", part=str(part)))


def _caption(unit: _Unit, found: Diff) -> str:
    """Where the first line that differs stands; of a part that goes on, so much is said."""
    name = f"Fields that the API server writes: {', '.join(found.written)}" if unit.of.server else ""
    path = name or next((line.path for line in unit.lines if line.sign != BOTH), "")
    goes_on = ", continued" if unit.start[1] else ""
    return f"{path or 'Lines that are the same on both sides'}{goes_on}"


def _fold(unit: _Unit, found: Diff) -> str:
    many = f"{len(unit.lines):,} line{_s(len(unit.lines))}"
    if unit.of.server:
        differ = sum(line.sign != BOTH for line in unit.lines)
        return f"Fields that the API server writes: {', '.join(found.written)}; {many}, {differ:,} of them with a difference"
    return f"{many} the same on both sides"


def _rows(unit: _Unit) -> Iterator[Row]:
    (first, from_row), (last, to_row) = unit.start, unit.end
    for n in range(first, last + (to_row > 0)):
        rows = _drawn(unit.of.lines[n])
        yield from rows[from_row if n == first else 0 : to_row if n == last else len(rows)]


def _drawn(line: Line) -> list[Row]:
    css, sign, side = SIDES.get(line.sign, LIVE_SIDE)
    pieces = [(line.text, False)] if line.sign == BOTH else marked(line.text, line.other)
    numbers = _number(line.declared), _number(line.live)
    rows = [Row(css, *(("", "") if n else numbers), sign, side, cut) for n, cut in enumerate(_wrapped(pieces))]
    return [*rows[:-1], replace(rows[-1], note=HIDDEN)] if line.hidden else rows


def _wrapped(pieces: Sequence[tuple[str, bool]]) -> Iterator[tuple[tuple[str, bool], ...]]:
    """Rows of WIDE signs; at least one."""
    row, left = list[tuple[str, bool]](), WIDE
    many = 0
    for text, differs in pieces:
        while text:
            if not left:
                yield tuple(row)
                many, row, left = many + 1, [], WIDE
            row.append((text[:left], differs))
            text, left = text[left:], left - len(row[-1][0])
    if row or not many:
        yield tuple(row)


def _number(number: int | None) -> str:
    return "" if number is None else str(number)


def _s(many: int) -> str:
    return "" if many == 1 else "s"
