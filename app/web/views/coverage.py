"""The line of a stream: whole where it was read, broken where it was not."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.web.times import Zone, shown, took

Span = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Cut:
    """A break: centred on `x` when it is too short to be drawn to scale, else from `x` to `x2`."""

    x: str
    x2: str
    wide: str
    said: str


@dataclass(frozen=True, slots=True)
class Line:
    label: str
    stretches: tuple[tuple[str, str], ...]  # x1, x2
    cuts: tuple[Cut, ...]
    days: tuple[str, ...]  # x of the days' hairlines
    words: str  # instead of a line, when there is none


OPEN = timedelta(minutes=15)


def gaps_in(read: Sequence[Span], start: datetime, end: datetime, tolerance: timedelta) -> list[Span]:
    """What of [start, end) no span of `read` holds, leaving out what is shorter than `tolerance`.

    The stretch since the last reading is a gap only after OPEN: until then the next reading may still cover it.
    """
    at, missing = start, []
    for first, last in sorted(read):
        if last <= at:
            continue
        if first > at:
            missing.append((at, min(first, end)))
        at = max(at, last)
        if at >= end:
            break
    if end - at > OPEN:
        missing.append((at, end))
    return [(a, b) for a, b in missing if b - a > tolerance and a < end]


def line_of(
    read: Sequence[Span], begun: datetime | None, start: datetime, end: datetime, now: datetime, tolerance: timedelta, zone: Zone
) -> Line:
    """`begun` is when we first read the stream: before it there is no line, and no gap either. [start, end) is drawn."""
    days = _days(start, end)
    if begun is None or not read:
        return Line("never read", (), (), days, "no line: never read")
    first = max(start, begun)
    upto = min(end, now)
    gaps = gaps_in(read, first, upto, tolerance) if first < upto else []
    stretches, at = [], first
    for a, b in gaps:
        if a > at:
            stretches.append((_x(at, start, end), _x(a, start, end)))
        at = b
    if at < upto:
        stretches.append((_x(at, start, end), _x(upto, start, end)))
    cuts = tuple(cut_of(a, b, start, end, zone) for a, b in gaps)
    said = "; ".join(cut.said for cut in cuts[:6]) + (f" and {len(cuts) - 6} more" if len(cuts) > 6 else "")
    return Line(f"{len(cuts)} gap{'s' if len(cuts) != 1 else ''}: {said}" if cuts else "complete", tuple(stretches), cuts, days, "")


def cut_of(a: datetime, b: datetime, start: datetime, end: datetime, zone: Zone) -> Cut:
    """The break from a to b in a figure of [start, end)."""
    said = f"{shown(a, zone).minute} to {shown(b, zone).minute}, {took(b - a)}"
    if (b - a) / (end - start) < 0.015:
        return Cut(_x(a + (b - a) / 2, start, end), "", "", said)
    return Cut(_x(a, start, end), _x(b, start, end), f"{(b - a) / (end - start) * 100:.2f}%", said)


def _x(at: datetime, start: datetime, end: datetime) -> str:
    return f"{max(0.0, min(1.0, (at - start) / (end - start))) * 100:.2f}%"


def _days(start: datetime, end: datetime) -> tuple[str, ...]:
    many = max(1, round((end - start) / timedelta(days=1)))
    return tuple(f"{i * 100 / many:.2f}%" for i in range(1, many))
