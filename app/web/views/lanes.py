"""The line of one change along time, a lane for each thing it went through. Labels find a free place, or stay in the table."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace

from app.web.times import Zone
from app.web.views.axis import LEFT, WIDTH, Axis, axis
from app.web.views.story import Break, Told

HIGH, FIRST = 72, 74
MOST_MOMENTS, MOST_LANES = 36, 7
SLOTS = {"above": -13, "below": 20, "high": -26, "low": 33}
LETTER = 5.7  # pixels of one character at 11 px, on the generous side


@dataclass(frozen=True, slots=True)
class Lane:
    name: str
    source: str
    y: int
    rule: int


@dataclass(frozen=True, slots=True)
class Piece:
    x1: str
    y1: int
    x2: str
    y2: int


@dataclass(frozen=True, slots=True)
class Dot:
    x: str
    y: int
    step: str
    state: str
    tone: str
    said: str


@dataclass(frozen=True, slots=True)
class Label:
    x: str
    y: int
    shift: int
    css: str
    text: str


@dataclass(frozen=True, slots=True)
class AxisMark:
    x: str
    text: str
    css: str = ""


@dataclass(frozen=True, slots=True)
class Lanes:
    height: int
    lanes: tuple[Lane, ...]
    pieces: tuple[Piece, ...]
    caps: tuple[Piece, ...]
    dots: tuple[Dot, ...]
    labels: tuple[Label, ...]
    stretches: tuple[tuple[str, str], ...]
    ticks: tuple[AxisMark, ...]
    days: tuple[AxisMark, ...]
    left_out: tuple[AxisMark, ...]
    unlabelled: int


def lanes(drawn: Sequence[Told | Break], zone: Zone) -> Lanes | None:
    """None when there is nothing to draw, or so much that the table tells it better."""
    moments, gaps = list[Told](), list[Break]()
    for one in drawn:
        if isinstance(one, Told):
            moments.append(one)
        else:
            gaps.append(replace(one, place=len(moments)))
    names = list(dict.fromkeys(m.lane for m in moments))
    ordered = all(a.at <= b.at for a, b in itertools.pairwise(moments))
    if not moments or len(moments) > MOST_MOMENTS or len(names) > MOST_LANES or not ordered:
        return None
    room = {place: 24 + LETTER * max(len(g.what) for g in gaps if g.place == place) for place in {g.place for g in gaps}}
    return _Drawing(moments, gaps, names, axis([m.at for m in moments], room, zone)).drawn()


def percent(x: float) -> str:
    return f"{x / WIDTH * 100:.3f}%"


class _Drawing:
    def __init__(self, moments: Sequence[Told], gaps: Sequence[Break], names: list[str], along: Axis) -> None:
        self.moments, self.gaps, self.names, self.axis = moments, gaps, names, along
        self.taken: list[tuple[float, float, int]] = []  # from x, to x, at the label's y
        self.pieces: list[Piece] = []
        self.caps: list[Piece] = []
        self.labels: list[Label] = []

    def drawn(self) -> Lanes:
        for i in range(len(self.moments) + 1):
            self._joined(i)
        missed = sum(not self._labelled(i) for i in range(len(self.moments)))
        a = self.axis
        return Lanes(
            height=FIRST + HIGH * len(self.names) - 30,
            lanes=tuple(self._lanes()),
            pieces=tuple(self.pieces),
            caps=tuple(self.caps),
            dots=tuple(
                Dot(percent(x), self._y(m), m.step, m.state, m.tone, f"{m.word}, {m.time.full}")
                for m, x in zip(self.moments, a.xs, strict=True)
            ),
            labels=tuple(self.labels),
            stretches=tuple((percent(x), percent(x2)) for x, x2 in a.stretches),
            ticks=tuple(AxisMark(percent(t.x), t.text) for t in a.ticks),
            days=tuple(AxisMark(percent(d.x), d.text) for d in a.days),
            left_out=tuple(AxisMark(percent(t.x), f"{t.text} left out") for t in a.left_out),
            unlabelled=missed,
        )

    def _y(self, moment: Told) -> int:
        return FIRST + HIGH * self.names.index(moment.lane)

    def _lanes(self) -> list[Lane]:
        sources = {m.lane: m.source for m in self.moments}
        last = len(self.names) - 1
        return [
            Lane(
                name,
                sources[name] if sources[name] != name else "",
                FIRST + HIGH * i,
                0 if i == last else FIRST + HIGH * i + HIGH // 2,
            )
            for i, name in enumerate(self.names)
        ]

    def _joined(self, i: int) -> None:
        """The line from moment i-1 to moment i: along its lane, down or up, along the other; broken where a gap stands."""
        gaps = [gap for gap in self.gaps if gap.place == i]
        xs, here = self.axis.xs, min(i, len(self.moments) - 1)
        y2 = self._y(self.moments[here])
        y1 = self._y(self.moments[i - 1]) if i else y2
        start = xs[i - 1] if i else max(LEFT - 10, xs[0] - 24 - LETTER * _longest(gaps))
        end = xs[i] if i < len(xs) else min(WIDTH, xs[-1] + 24 + LETTER * _longest(gaps))
        if not gaps and not 0 < i < len(xs):
            return
        turn = start
        if y1 != y2:
            turn = max(start + (end - start) / 4, end - (14 if not gaps else (end - start) * 0.8))
            self._piece(start, y1, turn, y1)
            self._piece(turn, y1, turn, y2)
            self._block(turn, y1, y2)
        if gaps:
            self._broken(turn, end, y2, gaps, leads=i > 0, follows=i < len(xs))
        else:
            self._piece(turn, y2, end, y2)

    def _broken(self, start: float, end: float, y: int, gaps: Sequence[Break], *, leads: bool, follows: bool) -> None:
        first, last = start + (12 if leads else 0), end - (12 if follows else 0)
        if leads:
            self._piece(start, y, first, y)
            self.caps.append(Piece(percent(first), y - 6, percent(first), y + 6))
        if follows:
            self._piece(last, y, end, y)
            self.caps.append(Piece(percent(last), y - 6, percent(last), y + 6))
        text = "; ".join(gap.what for gap in gaps)
        css = {"exception": "t-exc mid", "indeterminate": "t-ind mid"}.get(gaps[0].tone, "t-fail mid")
        middle, half = (first + last) / 2, LETTER * len(text) / 2
        self.labels.append(Label(percent(middle), y + SLOTS["below"], 0, css, text))
        self.taken.append((middle - half, middle + half, y + SLOTS["below"]))

    def _piece(self, x1: float, y1: int, x2: float, y2: int) -> None:
        self.pieces.append(Piece(percent(x1), y1, percent(x2), y2))

    def _block(self, x: float, y1: int, y2: int) -> None:
        """No label may cross the line where it changes lanes."""
        low, high = min(y1, y2), max(y1, y2)
        places = (FIRST + HIGH * lane + shift for lane in range(len(self.names)) for shift in SLOTS.values())
        self.taken += [(x - 3, x + 3, y) for y in places if low < y < high]

    def _labelled(self, i: int) -> bool:
        moment, x, y = self.moments[i], self.axis.xs[i], self._y(self.moments[i])
        css = {"fail": "t-fail", "exception": "t-exc", "indeterminate": "t-ind"}.get(moment.tone, "ink")
        for slot in ("above", "below", "high", "low"):
            if self._put(x, y + SLOTS[slot], moment.word, css):
                under = {"above": "below", "below": "low"}.get(slot)
                if under and moment.who:
                    self._put(x, y + SLOTS[under], moment.who, "")
                return True
        return False

    def _put(self, x: float, y: int, text: str, css: str) -> bool:
        if not text or len(text) > 40:
            return False
        wide = LETTER * len(text) + 6
        for anchor, shift, left in (("", -7, x - 7), ("mid", 0, x - wide / 2), ("end", 7, x + 7 - wide)):
            free = all(at != y or left + wide < a or left > b for a, b, at in self.taken)
            if free and left >= LEFT - 30 and left + wide <= WIDTH:
                self.taken.append((left, left + wide, y))
                self.labels.append(Label(percent(x), y, shift, f"{css} {anchor}".strip(), text))
                return True
        return False


def _longest(gaps: Sequence[Break]) -> int:
    return max((len(gap.what) for gap in gaps), default=0)
