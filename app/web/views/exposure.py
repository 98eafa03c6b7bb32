"""The exposure ledger as a figure: when each object was out of its declared state, along the days of a period.

Percent in x and pixels in y. What overlaps is drawn once, and what is too short to be seen is drawn as long as it takes to be
seen; the words beside it are exact.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.changes.drift.rows import Exposed, ExposedInAll
from app.domain.drift import Ended
from app.web.times import Zone, shown, took
from app.web.views import drifted
from app.web.views.density import Scale, scale_for
from app.web.views.marks import Badge
from app.web.views.shell import Choice

Span = tuple[datetime, datetime]
SEEN = 0.35  # percent: the least that is seen
SAID = 4  # intervals that the figure's label names
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Piece:
    css: str
    x: str
    width: str


@dataclass(frozen=True, slots=True)
class Row:
    what: str
    where: str
    href: str
    label: str
    pieces: tuple[Piece, ...]
    limits: tuple[str, ...]  # x where the limit was reached
    episodes: str
    out: str
    beyond: str
    badge: Badge
    ended: str


@dataclass(frozen=True, slots=True)
class Exposure:
    says: str
    ticks: tuple[str, ...]
    rules: tuple[str, ...]  # x of the hairlines between ticks
    now: str
    rows: tuple[Row, ...]
    objects: str
    episodes: str
    out: str
    beyond: str
    pages: tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class Frame:
    """What is drawn: [start, end) is what was asked for, `scale` the whole ticks around it."""

    start: datetime
    end: datetime
    now: datetime
    zone: Zone
    chosen: bool = True  # False: nobody asked for this beginning

    @property
    def scale(self) -> Scale:
        return scale_for(self.start, self.end, self.zone)


def exposure(
    found: Sequence[Exposed], sums: ExposedInAll, frame: Frame, address: Callable[[Exposed], str], pages: tuple[Choice, ...]
) -> Exposure:
    """`address(one)` is where the episodes of an object are listed."""
    scale = frame.scale
    first, last = scale.edges[0], scale.edges[-1]
    starts = scale.edges[:: scale.bars][:-1]
    return Exposure(
        says=_says(sums, frame),
        ticks=tuple(_tick(at, n, scale, frame.zone) for n, at in enumerate(starts)),
        rules=tuple(f"{n * 100 / len(starts):.2f}%" for n in range(1, len(starts))),
        now=_x(frame.now, first, last) if first < frame.now < last else "",
        rows=tuple(_row(one, first, last, frame, address(one)) for one in found),
        objects=f"{sums.objects:,} object{'' if sums.objects == 1 else 's'}",
        episodes=f"{sums.episodes:,}",
        out=hours(sums.seconds),
        beyond=hours(sums.beyond),
        pages=pages,
    )


def _says(sums: ExposedInAll, frame: Frame) -> str:
    said = "" if frame.chosen else f"The last {(frame.end - frame.start).days} days: "
    said += f"{shown(frame.start, frame.zone).lead} up to {shown(frame.end, frame.zone).lead}."
    said += f" {took(sums.seconds)} out of the declared state"
    said += f", of which {took(sums.beyond)} beyond a limit." if sums.beyond else ", none of it beyond a limit."
    return said + (f" Of {took(sums.unknown)} more nobody can tell." if sums.unknown else "")


def _tick(at: datetime, n: int, scale: Scale, zone: Zone) -> str:
    """With the month where one begins; what would touch such a label is left out."""
    local = at.astimezone(zone.tz)
    if scale.tick < DAY:
        return f"{local:%H:%M}" if n and local.hour else f"{local.day} {local:%b}"
    if n == 0 or local.day == 1 or scale.tick > 2 * DAY:
        return f"{local.day} {local:%b}"
    return "" if n == 1 or local.day == 2 else str(local.day)


def _row(one: Exposed, first: datetime, last: datetime, frame: Frame, href: str) -> Row:
    what = one.name if one.workspace else f"{one.kind} {one.name}".strip()
    pieces = [Piece("f-bar", *_wide(span, first, last)) for span in _drawn(one.intervals, first, last)]
    pieces += [Piece("f-fail", *_wide(span, first, last)) for span in _drawn(one.late, first, last)]
    pieces += [Piece("f-indeterminate", *_wide(span, first, last)) for span in _drawn(one.unsure, first, last)]
    return Row(
        what=what or one.subject,
        where=one.destination or one.subject,
        href=href,
        label=_label(one, frame.zone),
        pieces=tuple(pieces),
        limits=tuple(_x(start, first, last) for start, _ in _drawn(one.late, first, last)),
        episodes=f"{one.episodes:,}",
        out=hours(one.seconds) if one.intervals else "unknown",
        beyond=hours(one.beyond) if one.beyond is not None else "no limit",
        badge=_badge(one),
        ended=_ended(one),
    )


def _badge(one: Exposed) -> Badge:
    if one.beyond:
        return Badge("fail", "v-fail", "beyond its limit")
    if one.unsure or not one.intervals:
        return drifted.UNKNOWN
    return drifted.UNLIMITED if one.beyond is None else drifted.WITHIN


def _ended(one: Exposed) -> str:
    """`self-heal, 3 of 4; 1 still stands`."""
    ends = sorted(one.ends.items(), key=lambda pair: (-pair[1], pair[0]))
    said = ["not known how" if ended == Ended.UNKNOWN else ended for ended, _ in ends]
    if one.episodes > 1:
        said = [f"{how}, {many:,} of {one.episodes:,}" for how, (_, many) in zip(said, ends, strict=True)]
    if one.standing:
        said.append("open" if one.episodes == one.standing == 1 else f"{one.standing:,} still open")
    return "; ".join(said)


def _label(one: Exposed, zone: Zone) -> str:
    """The longest intervals in words; how many more there are is said."""
    longest = sorted(sorted(one.intervals, key=lambda span: span[0] - span[1])[:SAID])
    said = [f"{shown(a, zone).short} for {took(b - a)}" for a, b in longest]
    more = len(one.intervals) - len(said)
    said += [f"{more:,} more interval{'' if more == 1 else 's'}"] if more else []
    said += [f"not known from {shown(a, zone).short} to {shown(b, zone).short}" for a, b in one.unsure[:SAID]]
    return ", ".join(said) or "no interval is known"


def _drawn(spans: Sequence[Span], first: datetime, last: datetime) -> list[Span]:
    """In the frame, and joined where the eye could not part them."""
    least = (last - first) * (SEEN / 100)
    out: list[Span] = []
    for start, end in sorted((max(a, first), min(b, last)) for a, b in spans if b > first and a < last):
        if out and start - out[-1][1] < least:
            out[-1] = (out[-1][0], max(out[-1][1], end))
        else:
            out.append((start, end))
    return out


def _wide(span: Span, first: datetime, last: datetime) -> tuple[str, str]:
    wide = max(SEEN, (span[1] - span[0]) / (last - first) * 100)
    return f"{min(100 - SEEN, (span[0] - first) / (last - first) * 100):.2f}%", f"{wide:.2f}%"


def _x(at: datetime, first: datetime, last: datetime) -> str:
    return f"{max(0.0, min(1.0, (at - first) / (last - first))) * 100:.2f}%"


def hours(seconds: float) -> str:
    """`141:13`."""
    minutes = round(seconds / 60)
    return f"{minutes // 60:,}:{minutes % 60:02d}"
