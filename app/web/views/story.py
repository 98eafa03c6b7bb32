"""A change's story as the page tells it: moments in order, with the breaks where evidence is missing put in their place."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from app.web.store import Where
from app.web.times import Time, Zone, parse_iso, shown, shown_or_none, took
from app.web.views import marks
from app.web.views.chain import gap_tone

QUIET = ("noted", "requested")  # house words of what is kept, and moves nothing on
PAUSE = 4 * 3600  # seconds after which the table says that nothing happened for so long


@dataclass(frozen=True, slots=True)
class Told:
    """One moment, ready to be drawn. `lane` is the thing it happened to."""

    at: datetime
    time: Time
    after: str
    pause: str
    step: str
    state: str
    tone: str
    word: str
    who: str
    says: str
    source: str
    lane: str
    house: str
    how: str
    seq: int | None
    known: bool


@dataclass(frozen=True, slots=True)
class Break:
    """A step without evidence, or one still to come. `place` is the index of the moment it stands before."""

    place: int
    step: str
    what: str
    tone: str
    pending: bool
    because: str
    span: str
    lasted: str


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the table of steps: a moment, or a break."""

    moment: Told | None
    gap: Break | None


@dataclass(frozen=True, slots=True)
class Story:
    lines: tuple[Line, ...]
    lost: int  # lines of the record that could not be read

    @property
    def moments(self) -> list[Told]:
        return [line.moment for line in self.lines if line.moment]

    @property
    def drawn(self) -> list[Told | Break]:
        """What the lanes show, in order: what moved the change on, several tellings of one act once; and its breaks."""
        out: list[Told | Break] = []
        for line in self.lines:
            moment, gap = line.moment, line.gap
            if gap and not gap.pending:
                out.append(gap)
            if not moment or (moment.house in QUIET and moment.tone == "ok" and moment.known):
                continue
            last = out[-1] if out else None
            if isinstance(last, Told) and (last.lane, last.step, last.house, last.tone) == (
                moment.lane,
                moment.step,
                moment.house,
                moment.tone,
            ):
                out[-1] = replace(last, word=min(last.word, moment.word, key=len), who=last.who or moment.who)
            else:
                out.append(moment)
        return out

    @property
    def breaks(self) -> list[Break]:
        return [line.gap for line in self.lines if line.gap and not line.gap.pending]


def told(story: object, zone: Zone, places: Mapping[int, Where]) -> Story:
    """`story` is the stored list (app/changes/story.py); `places` names the thing each event happened to, by seq. Total."""
    if not isinstance(story, Sequence) or isinstance(story, str):
        return Story((), 1)
    lines: list[Line] = []
    before: datetime | None = None
    many = 0
    for entry in story:
        if not isinstance(entry, Mapping):
            continue
        at = parse_iso(entry.get("at"))
        if entry.get("seq") is None and (entry.get("mark") in ("gap", "pending") or entry.get("missing")):
            lines.append(Line(None, _break(entry, many, zone)))
        elif at is not None:
            lines.append(Line(_moment(entry, at, before, zone, places), None))
            before, many = at, many + 1
    return Story(tuple(lines), len(story) - len(lines))


def _moment(m: Mapping[str, Any], at: datetime, before: datetime | None, zone: Zone, places: Mapping[int, Where]) -> Told:
    after = (at - before).total_seconds() if before else None
    mark, seq, source = m.get("mark", "solid"), m.get("seq"), str(m.get("source") or "")
    number = seq if isinstance(seq, int) else None
    where = places.get(number) if number is not None else None
    return Told(
        at=at,
        time=shown(at, zone),
        after=took(after),
        pause=took(after) if after is not None and after >= PAUSE else "",
        step=marks.step(m.get("step")),
        state=marks.state(mark),
        tone=marks.tone(mark),
        word=str(m.get("word") or m.get("status") or "no word for it"),
        who=str(m.get("who") or ""),
        says=str(m.get("says") or ""),
        source=source,
        lane=where.place if where else source,
        house=where.step if where else "",
        how=str(m.get("how") or "observed"),
        seq=number,
        known=m.get("known") is not False,
    )


def _break(gap: Mapping[str, Any], place: int, zone: Zone) -> Break:
    start, end = parse_iso(gap.get("from")), parse_iso(gap.get("to"))
    return Break(
        place=place,
        step=marks.step(gap.get("step")),
        what=str(gap.get("word") or gap.get("what") or "evidence is missing"),
        tone=gap_tone(gap),
        pending=gap.get("mark") == "pending" or gap.get("missing") == "pending",
        because=str(gap.get("says") or gap.get("because") or ""),
        span=_span(start, end, zone),
        lasted=took(end - start) if start and end and end > start else "",
    )


def _span(start: datetime | None, end: datetime | None, zone: Zone) -> str:
    first, last = shown_or_none(start, zone), shown_or_none(end, zone)
    if first and last:
        return first.short if start == end else f"{first.short} to {last.clock if first.day == last.day else last.short}"
    return f"from {first.short}" if first else f"up to {last.short}" if last else ""
