"""Where moments stand along time: stretches with a scale of their own, marks that never touch.

Pixels are counted at the narrowest width the lanes are drawn at; the template turns them into percent, so that a wider
window only gives more room.
"""

import itertools
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from app.web.times import Zone, shown, took

WIDTH, LEFT, RIGHT = 1056.0, 150.0, 1046.0
APART = 20.0  # between two marks
BETWEEN = 26.0  # between two stretches
PAD = 16.0
TICK = 58.0
STEPS = tuple(
    timedelta(seconds=s) for s in (1, 5, 15, 60, 300, 900, 3600, 10_800, 21_600, 86_400, 172_800, 604_800, 2_419_200, 31_449_600)
)


@dataclass(frozen=True, slots=True)
class Mark:
    """A label on the axis at `x`."""

    x: float
    text: str


@dataclass(frozen=True, slots=True)
class Axis:
    xs: tuple[float, ...]  # one for each moment
    stretches: tuple[tuple[float, float], ...]
    ticks: tuple[Mark, ...]
    days: tuple[Mark, ...]
    left_out: tuple[Mark, ...]


def axis(times: Sequence[datetime], room: Mapping[int, float], zone: Zone) -> Axis:
    """`room[i]` is the least distance that moment i needs from the one before it (0: from the left; len: from the right)."""
    groups = _groups(times)
    free = RIGHT - LEFT - BETWEEN * (len(groups) - 1)
    needs = [_needs(group, room, len(times)) for group in groups]
    spare = max(0.0, free - sum(needs))
    squeeze = min(1.0, free / sum(needs)) if needs else 1.0
    xs: list[float] = []
    spans: list[tuple[float, float]] = []
    at = LEFT
    for group, need in zip(groups, needs, strict=True):
        width = need * squeeze + spare * len(group) / len(times)
        xs += _within(times, group, at, width, room, len(times), squeeze)
        spans.append((at, at + width))
        at += width + BETWEEN
    ticks, days = _labels(times, xs, groups, spans, zone)
    left = [Mark(spans[k][1] + BETWEEN / 2, took(times[groups[k + 1][0]] - times[groups[k][-1]])) for k in range(len(groups) - 1)]
    return Axis(tuple(xs), tuple(spans), tuple(ticks), tuple(days), tuple(left))


def _groups(times: Sequence[datetime]) -> list[list[int]]:
    """A new stretch begins after a pause that is long beside the others; four at most."""
    pauses = [(b - a).total_seconds() for a, b in itertools.pairwise(times)]
    usual = median(pauses) if pauses else 0.0
    long = sorted((p, i) for i, p in enumerate(pauses) if p > 600 and p > 4 * usual)[-3:]
    cuts = {i for _, i in long}
    groups: list[list[int]] = [[]]
    for i in range(len(times)):
        groups[-1].append(i)
        if i in cuts:
            groups.append([])
    return [group for group in groups if group]


def _apart(i: int, group: Sequence[int], room: Mapping[int, float]) -> float:
    return max(APART if i != group[0] else 0.0, room.get(i, 0.0))


def _needs(group: Sequence[int], room: Mapping[int, float], many: int) -> float:
    end = room.get(many, 0.0) if group[-1] == many - 1 else 0.0
    return 2 * PAD + sum(_apart(i, group, room) for i in group) + end + (TICK / 2 if len(group) == 1 else 0)


def _within(
    times: Sequence[datetime], group: Sequence[int], at: float, width: float, room: Mapping[int, float], many: int, squeeze: float
) -> list[float]:
    """Least distances first; what is left over is shared out in proportion to time."""
    pad = PAD * squeeze
    least = [_apart(i, group, room) * squeeze for i in group]
    end = room.get(many, 0.0) * squeeze if group[-1] == many - 1 else 0.0
    spare = max(0.0, width - 2 * pad - sum(least) - end)
    whole = (times[group[-1]] - times[group[0]]).total_seconds()
    xs, x, before = [], at + pad, times[group[0]]
    if whole == 0:
        x += spare / 2
    for i, need in zip(group, least, strict=True):
        share = (times[i] - before).total_seconds() / whole if whole else 0.0
        x, before = x + need + spare * share, times[i]
        xs.append(x)
    return xs


def _labels(
    times: Sequence[datetime],
    xs: Sequence[float],
    groups: Sequence[Sequence[int]],
    spans: Sequence[tuple[float, float]],
    zone: Zone,
) -> tuple[list[Mark], list[Mark]]:
    ticks: list[Mark] = []
    days: list[Mark] = []
    last_day = ""
    for group, span in zip(groups, spans, strict=True):
        ticks += _ticks([times[i] for i in group], [xs[i] for i in group], zone)
        local = times[group[0]].astimezone(zone.tz)
        day = f"{local:%a} {local.day} {local:%b %Y}"
        if day != last_day:
            days.append(Mark(span[0], day))
        last_day = day
    return ticks, days


def _ticks(times: Sequence[datetime], xs: Sequence[float], zone: Zone) -> list[Mark]:
    """Round times between the marks, at least TICK apart, placed between the marks they lie between."""
    if times[0] == times[-1]:
        return [Mark(xs[0], shown(times[0], zone).clock[:5])]
    fits = max(1, int((xs[-1] - xs[0]) // TICK))
    step = next((s for s in STEPS if (times[-1] - times[0]) / s <= fits), STEPS[-1])
    form = "%H:%M:%S" if step < timedelta(minutes=1) else "%H:%M" if step < timedelta(days=1) else "%-d %b"
    local = times[0].astimezone(zone.tz).replace(microsecond=0)
    floor = local.replace(second=0) if step <= timedelta(hours=1) else local.replace(hour=0, minute=0, second=0)
    floor = floor.replace(minute=0) if step > timedelta(minutes=1) else floor
    out: list[Mark] = []
    at = floor + step * ((local - floor) // step)
    while at <= times[-1]:
        if at >= times[0]:
            i = min(bisect_right(times, at), len(times) - 1)
            span = (times[i] - times[i - 1]).total_seconds() or 1.0
            x = xs[i - 1] + (xs[i] - xs[i - 1]) * (at - times[i - 1]).total_seconds() / span
            if not out or x - out[-1].x >= 40:
                out.append(Mark(x, at.strftime(form)))
        at += step
    return out or [Mark(xs[0], shown(times[0], zone).clock[:5])]
