"""The raw stream in the source's own words, and one entry of the ledger with its proof."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from app.changes.rows import ChangeOf, EventRow
from app.search.words import Sentence
from app.web.times import Time, Zone, shown
from app.web.views.lists import Box, Empty, Pager, PeriodForm
from app.web.views.shell import Notice, Shell


@dataclass(frozen=True, slots=True)
class ChangeLink:
    href: str
    number: str


@dataclass(frozen=True, slots=True)
class Row:
    href: str
    seq: str
    time: Time
    type: str
    status: str
    known: bool
    subject: str
    who: str
    source: str
    how: str
    change: ChangeLink | None


@dataclass(frozen=True, slots=True)
class Day:
    name: str
    shown: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Events:
    shell: Shell
    box: Box
    period: PeriodForm
    sentence: Sentence | None
    partial: tuple[Notice, ...]
    days: tuple[Day, ...]
    pager: Pager
    empty: Empty | None
    error: bool
    csv: str
    json: str
    export: str


def link(change: ChangeOf | None) -> ChangeLink | None:
    return ChangeLink(f"/changes/{change.id}", str(change.number)) if change else None


def who(event: EventRow) -> str:
    """The source's own name for the actor; nobody is guessed."""
    if event.actor_name:
        return event.actor_name if event.actor_kind in ("human", None) else f"{event.actor_name}, {event.actor_kind}"
    return "nobody named"


def about(event: EventRow) -> str:
    """What it is about, as people call it, with the source's id where that is not the same."""
    name = event.subject_name or event.subject_id
    place = event.workspace or event.application or event.repository or ""
    return f"{name} in {place}" if place and place not in name else name


def row(event: EventRow, change: ChangeOf | None, zone: Zone) -> Row:
    return Row(
        href=f"/events/{event.seq}",
        seq=f"{event.seq:,}",
        time=shown(event.occurred_at, zone),
        type=event.type,
        status=event.status,
        known=event.known,
        subject=about(event),
        who=who(event),
        source=event.source,
        how=event.how,
        change=link(change),
    )


def days(rows: Sequence[EventRow], changes: Mapping[int, ChangeOf], zone: Zone) -> tuple[Day, ...]:
    out = []
    for name, group in groupby(rows, key=lambda r: shown(r.occurred_at, zone).day):
        held = tuple(row(event, changes.get(event.seq), zone) for event in group)
        out.append(Day(name, f"{len(held)} shown", held))
    return tuple(out)
