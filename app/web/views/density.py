"""The density figure: changes along time, stacked by verdict. Above the line what held, below it what needs a reason.

Percent in x and pixels in y, so that text and hatching never stretch. One block is one change while they fit; above that
the bars are continuous and the figure says so. The line breaks where a source was not read.
"""

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from app.web.times import Zone, iso, shown
from app.web.views.coverage import Cut, cut_of
from app.web.views.marks import ABOVE, BELOW, VERDICTS, Badge

TOP, BESIDE, BOTTOM = 22, 3.5, 8  # room for the guide's label, around the line, and below the last bar
MOST_HIGH, LEAST_BELOW = 119, 12
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SCALES = (  # one label on the axis, how many bars stand in it, how many labels fit
    (HOUR, 4, 12),
    (3 * HOUR, 6, 8),
    (6 * HOUR, 6, 8),
    (DAY, 8, 7),
    (DAY, 4, 15),
    (2 * DAY, 4, 14),
    (7 * DAY, 7, 14),
    (14 * DAY, 4, 14),
    (28 * DAY, 4, 14),
    (91 * DAY, 13, 14),
    (364 * DAY, 13, 14),
    (3640 * DAY, 10, 14),
)
CLASS = {
    "pass": "f-pass",
    "not_applicable": "f-na",
    "fail": "f-fail",
    "exception": "f-exception",
    "indeterminate": "f-indeterminate",
}


@dataclass(frozen=True, slots=True)
class Scale:
    """`edges` are the bars' boundaries, in UTC, one more than there are bars."""

    tick: timedelta
    bars: int
    edges: tuple[datetime, ...]


def scale_for(start: datetime, end: datetime, zone: Zone) -> Scale:
    """Whole ticks around [start, end), beginning on a round time of the zone."""
    span = max(end - start, HOUR)
    tick, bars = next(((t, b) for t, b, most in SCALES if span <= t * most), SCALES[-1][:2])
    local = start.astimezone(zone.tz).replace(minute=0, second=0, microsecond=0)
    local = local.replace(hour=0) if tick >= DAY else local.replace(hour=local.hour - local.hour % max(1, int(tick / HOUR)))
    edges = [local.astimezone(UTC)]
    while edges[-1] < end and len(edges) <= 400:
        wall = (local.replace(tzinfo=None) + (tick / bars) * len(edges)).replace(tzinfo=zone.tz).astimezone(UTC)
        edges.append(wall if wall > edges[-1] else edges[-1] + tick / bars)
        if edges[-1] >= end:
            missing = -(len(edges) - 1) % bars
            for _ in range(missing):
                edges.append(edges[-1] + tick / bars)
    return Scale(tick, bars, tuple(edges))


@dataclass(frozen=True, slots=True)
class Bar:
    css: str
    x: str
    y: str
    width: str
    height: str


@dataclass(frozen=True, slots=True)
class Tick:
    text: str
    strong: str
    said: str
    href: str
    x: str


@dataclass(frozen=True, slots=True)
class TableRow:
    name: str
    counts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class KeyItem:
    css: str
    text: str


@dataclass(frozen=True, slots=True)
class Density:
    label: str
    height: str
    line: str  # y
    bars: tuple[Bar, ...]
    cuts: tuple[str, ...]  # y of the paper lines that part the blocks
    ticks: tuple[Tick, ...]
    breaks: tuple[Cut, ...]
    ahead: str  # x from where the line is still to come
    guide: str
    guide_y: str
    key_above: tuple[KeyItem, ...]
    key_below: tuple[KeyItem, ...]
    heads: tuple[Badge, ...]
    rows: tuple[TableRow, ...]
    note: str
    total: int


def density(
    counts: Mapping[tuple[int, str], int],
    scale: Scale,
    zone: Zone,
    address: Callable[[datetime, datetime], str],
    gaps: Sequence[tuple[datetime, datetime]],
    now: datetime,
) -> Density:
    """`counts` by (bar, verdict); `address` narrows to a period; `gaps` are when a source was not read."""
    sums = {name: sum(n for (_, v), n in counts.items() if v == name) for name in VERDICTS}
    unit, blocks = _unit(counts)
    line = TOP + max(_tallest(counts), 1) * unit + BESIDE
    breaks = _breaks(gaps, scale, zone)
    step = _round(max(1, _tallest(counts)))
    return Density(
        label=_label(sums, scale, zone, len(breaks)),
        height=f"{line + BESIDE + max(_tallest(counts, BELOW) * unit, LEAST_BELOW) + BOTTOM:.1f}",
        line=f"{line:.1f}",
        bars=tuple(_bars(counts, len(scale.edges) - 1, unit, line)),
        cuts=tuple(_cuts(counts, unit, line)) if blocks else (),
        ticks=tuple(_ticks(scale, zone, address)),
        breaks=breaks,
        ahead=_x(now, scale) if scale.edges[0] < now < scale.edges[-1] else "",
        guide=f"{step:,} change{'s' if step != 1 else ''} in {_span(scale.tick / scale.bars)}" if _tallest(counts) else "",
        guide_y=f"{line - BESIDE - step * unit:.1f}",
        key_above=tuple(_key(v, sums) for v in ABOVE),
        key_below=tuple(_key(v, sums) for v in BELOW),
        heads=tuple(VERDICTS[v] for v in (*ABOVE, *BELOW)),
        rows=tuple(_rows(counts, scale, zone)),
        note="one block is one change" if blocks else "bars are drawn to scale, not in blocks",
        total=sum(sums.values()),
    )


def _tallest(counts: Mapping[tuple[int, str], int], side: Sequence[str] = ABOVE) -> int:
    bars: dict[int, int] = {}
    for (i, name), n in counts.items():
        if name in side:
            bars[i] = bars.get(i, 0) + n
    return max(bars.values(), default=0)


def _unit(counts: Mapping[tuple[int, str], int]) -> tuple[float, bool]:
    """Pixels of one change, and whether each is drawn as a block of its own."""
    fits = MOST_HIGH / max(_tallest(counts) + _tallest(counts, BELOW), 1)
    return (6.0, True) if fits >= 6 else (4.0, True) if fits >= 4 else (fits, False)


def _bars(counts: Mapping[tuple[int, str], int], many: int, unit: float, line: float) -> list[Bar]:
    width, out = 100 / many, []
    for i in range(many):
        up, down = line - BESIDE, line + BESIDE
        x, w = f"{i * width + width * 0.1:.3f}%", f"{width * 0.8:.3f}%"
        for name in ABOVE:
            if n := counts.get((i, name), 0):
                high = n * unit
                inset = 0.5 if name == "not_applicable" else 0
                out.append(
                    Bar(CLASS[name], x, f"{up - high + inset + (1 if unit >= 4 else 0):.2f}", w, f"{_high(high, unit, inset):.2f}")
                )
                up -= high
        for name in BELOW:
            if n := counts.get((i, name), 0):
                out.append(Bar(CLASS[name], x, f"{down:.2f}", w, f"{_high(n * unit, unit, 0):.2f}"))
                down += n * unit
    return out


def _high(high: float, unit: float, inset: float) -> float:
    return max(0.75, high - (1 if unit >= 4 else 0) - inset * 2)


def _cuts(counts: Mapping[tuple[int, str], int], unit: float, line: float) -> list[str]:
    above, below = _tallest(counts), _tallest(counts, BELOW)
    up = [f"{line - BESIDE - k * unit + 0.5:.1f}" for k in range(1, above)]
    return up + [f"{line + BESIDE + k * unit - 0.5:.1f}" for k in range(1, below)]


def _x(at: datetime, scale: Scale) -> str:
    whole = (scale.edges[-1] - scale.edges[0]).total_seconds()
    return f"{max(0.0, min(100.0, (at - scale.edges[0]).total_seconds() / whole * 100)):.3f}%"


def _breaks(gaps: Sequence[tuple[datetime, datetime]], scale: Scale, zone: Zone) -> tuple[Cut, ...]:
    """Where the line breaks; streams that missed the same stretch break it once."""
    start, end = scale.edges[0], scale.edges[-1]
    inside = dict.fromkeys((max(a, start), min(b, end)) for a, b in gaps if b > start and a < end)
    return tuple(cut_of(a, b, start, end, zone) for a, b in inside)


def _ticks(scale: Scale, zone: Zone, address: Callable[[datetime, datetime], str]) -> list[Tick]:
    starts = scale.edges[:: scale.bars]
    out = []
    for i, (start, end) in enumerate(itertools.pairwise(starts)):
        local = start.astimezone(zone.tz)
        if scale.tick < DAY:
            text, strong = (f"{local:%a} {local.day} " if i == 0 or local.hour == 0 else ""), f"{local:%H:%M}"
        elif scale.tick <= 2 * DAY:
            text, strong = f"{local:%a} ", f"{local.day} {local:%b}" if i == 0 or local.day == 1 else str(local.day)
        else:
            text, strong = "", f"{local.day} {local:%b}" + (f" {local.year}" if scale.tick > 28 * DAY else "")
        said = f"{shown(start, zone).minute} to {shown(end, zone).minute}, narrow to this"
        out.append(Tick(text, strong, said, address(start, end), f"{i * 100 / max(1, len(starts) - 1):.3f}%"))
    return out


def _rows(counts: Mapping[tuple[int, str], int], scale: Scale, zone: Zone) -> list[TableRow]:
    rows = []
    for first in range(0, len(scale.edges) - 1, scale.bars):
        sums = tuple(sum(counts.get((i, v), 0) for i in range(first, first + scale.bars)) for v in (*ABOVE, *BELOW))
        rows.append(TableRow(shown(scale.edges[first], zone).minute, tuple(f"{n:,}" for n in sums)))
    return rows


def _key(name: str, sums: Mapping[str, int]) -> KeyItem:
    return KeyItem(CLASS[name], f"{sums[name]:,} {VERDICTS[name].word}")


def _round(about: float) -> int:
    """The round number (1, 2, 5, 10, 20…) at or below."""
    size = 1
    while size * 10 <= about:
        size *= 10
    return max(k * size for k in (1, 2, 5) if k * size <= max(about, 1))


def _span(span: timedelta) -> str:
    return f"{span // DAY} d" if span >= DAY else f"{span // HOUR} h" if span >= HOUR else f"{int(span.total_seconds() // 60)} min"


def _label(sums: Mapping[str, int], scale: Scale, zone: Zone, breaks: int) -> str:
    said = ", ".join(f"{sums[v]:,} {VERDICTS[v].word}" for v in (*ABOVE, *BELOW))
    cut = f" The line breaks {breaks} time{'s' if breaks != 1 else ''}, where a source could not be read." if breaks else ""
    return (
        f"Changes per {_span(scale.tick / scale.bars)} from {shown(scale.edges[0], zone).minute} to "
        f"{shown(scale.edges[-1], zone).minute}: {said}. Above the line pass and not applicable, below it fail, exception and "
        f"indeterminate.{cut} The same numbers are in the table under the figure."
    )


def span_address(address: Callable[..., str]) -> Callable[[datetime, datetime], str]:
    """`address` with from and to as ISO times."""
    return lambda start, end: address(from_=iso(start), to=iso(end))
