"""The list of changes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from app.changes.rows import ChangeRow
from app.search.words import Sentence
from app.web.times import Time, Zone, shown
from app.web.views import marks
from app.web.views.chain import Chain, chain_of
from app.web.views.density import Density
from app.web.views.lists import Box, Empty, FacetGroup, Pager, PeriodForm
from app.web.views.marks import Badge
from app.web.views.shell import Notice, Shell


@dataclass(frozen=True, slots=True)
class Row:
    href: str
    time: Time
    title: str
    meta: str
    chain: Chain
    verdict: Badge
    why: str
    damaged: bool


@dataclass(frozen=True, slots=True)
class Day:
    name: str
    shown: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Changes:
    shell: Shell
    box: Box
    period: PeriodForm
    sentence: Sentence | None
    density: Density | None
    newest: str
    facets: tuple[FacetGroup, ...]
    partial: tuple[Notice, ...]
    days: tuple[Day, ...]
    pager: Pager
    empty: Empty | None
    error: bool
    csv: str
    json: str
    export: str
    poll: str
    total: int
    first: str


def newest(start: datetime, counted: int, total: int, zone: Zone) -> str:
    """What stands under the figure when it and the facets are of the newest part of a long list."""
    return (
        f"The figure and the counts beside the list are of the newest {counted:,} of {total:,}, since {shown(start, zone).minute}. "
        "Choose a period to have them of that period."
    )


def row(change: ChangeRow, zone: Zone) -> Row:
    """Total: what cannot be read of a record is said on its row, and the list goes on."""
    number = f"{change.number:,}".replace(",", "")
    chain = chain_of(change.chain, f"Chain of change {number}")
    where = "; ".join(part for part in (change.workspaces, change.applications) if part) or change.repositories
    who = change.authors or change.people or "nobody named"
    return Row(
        href=f"/changes/{change.id}",
        time=shown(change.at, zone),
        title=str(change.title or "").strip() or "Untitled",
        meta=" · ".join(part for part in (number, change.environment, where.replace("; ", ", "), who.replace("; ", ", ")) if part),
        chain=chain,
        verdict=marks.verdict(change.verdict),
        why=_why(change),
        damaged=chain.damaged,
    )


def _why(change: ChangeRow) -> str:
    state = {"in progress": "In progress. ", "proposed": "Proposed. ", "stopped": "Stopped. "}.get(change.state, "")
    if change.because:
        return state + change.because
    of = change.passed + change.failed
    return state + (f"{change.passed} of {of} controls" if of else "")


def days(rows: Sequence[ChangeRow], zone: Zone) -> tuple[Day, ...]:
    """Newest first, by the day in the zone; each says how many of it stand on this page."""
    out = []
    for name, group in groupby(rows, key=lambda r: shown(r.at, zone).day):
        held = tuple(row(change, zone) for change in group)
        out.append(Day(name, f"{len(held)} shown", held))
    return tuple(out)
