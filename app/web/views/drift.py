"""The drift ledger's page: what is not as declared now, what cannot be compared, and what was."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from app.changes.drift.rows import BlindRow, Counted, EpisodeRow
from app.domain.drift import Ended
from app.search.words import Sentence
from app.web.times import Time, Zone, shown, shown_or_none, took
from app.web.views import drifted
from app.web.views.drifted import Named, Open, Unread
from app.web.views.exposure import Exposure
from app.web.views.lists import Box, Empty, Pager, PeriodForm
from app.web.views.marks import Badge
from app.web.views.shell import Choice, Notice, Shell


@dataclass(frozen=True, slots=True)
class Row:
    href: str
    named: Named
    since: Time
    onset: str
    open: Open
    cause: str
    because: str
    written: str
    ended: Time | None
    ended_by: str
    ended_href: str
    badge: Badge


@dataclass(frozen=True, slots=True)
class Blind:
    what: str
    where: str
    why: str
    because: str
    compared: Time | None
    noticed: Time
    ended: Time | None
    lasted: str
    badge: Badge


@dataclass(frozen=True, slots=True)
class Part:
    """Some rows of a kind, and where all of them are when these are not."""

    rows: tuple[Any, ...]
    more: str = ""
    href: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """How things stand now."""

    lead: str = ""
    rest: str = ""
    compared: bool = False
    now: Part | None = None
    no_drift: Part | None = None
    blind: Part | None = None
    blind_left_out: bool = False


NOTHING = Standing()


@dataclass(frozen=True, slots=True)
class Drift:
    shell: Shell
    box: Box
    period: PeriodForm
    standing: Standing
    partial: tuple[Notice, ...]
    zone: str
    exposure: Exposure | None
    sentence: Sentence | None
    rows: tuple[Row, ...]
    pager: Pager
    empty: Empty | None
    error: bool
    csv: str
    json: str
    export: str


@dataclass(frozen=True, slots=True)
class BlindSpots:
    shell: Shell
    zone: str
    lead: str
    rest: str
    period: PeriodForm
    rows: tuple[Blind, ...]
    pager: Pager


def row(one: EpisodeRow, now: datetime, zone: Zone, late: Unread) -> Row:
    of = one.of
    change = one.ended_change
    return Row(
        href=f"/drift/{one.id}",
        named=drifted.named(of),
        since=drifted.since(of, zone),
        onset=drifted.between(of.onset_after, of.onset_before, zone),
        open=drifted.opened(one, now, late),
        cause=drifted.cause(of),
        because=of.because,
        written=drifted.written(of),
        ended=shown_or_none(of.ended_at, zone),
        ended_by=("not known how" if of.ended_by in (None, Ended.UNKNOWN) else str(of.ended_by)) if of.ended_at else "",
        ended_href=f"/changes/{change.id}" if change and of.ended_at else "",
        badge=drifted.standing(one, now, late),
    )


def blind(one: BlindRow, now: datetime, zone: Zone) -> Blind:
    start = one.since_after or one.since_before
    ended = shown_or_none(one.ended_at, zone)
    return Blind(
        what=f"{'application' if one.application else 'workspace'} {one.subject}",
        where=one.destination or one.environment,
        why=drifted.WHY.get(one.why, str(one.why)),
        because=one.because,
        compared=shown_or_none(one.since_after, zone),
        noticed=shown(one.since_before, zone),
        ended=ended,
        lasted=took((one.ended_at or now) - start),
        badge=Badge("na", "v-na", "ended") if ended else drifted.BLIND,
    )


def sentence(
    standing: Mapping[str, int],
    blind_now: int,
    counted: Counted,
    late: Unread,
    read: datetime | None,
    environment: str | None,
    now: datetime,
    zone: Zone,
) -> tuple[str, str]:
    """(lead, rest). `read`: when the sources that are read were, the longest ago. What is not known is never called as declared."""
    parts = [
        (standing["over"], "over its limit", "over their limits"),
        (standing["within"], "within its limit", "within their limits"),
        (standing["unlimited"], "without a limit", "without a limit"),
        (standing["unknown"], "unknown", "unknown"),
        (blind_now, "that cannot be compared", "that cannot be compared"),
    ]
    many = sum(n for n, *_ in parts)
    said = ", ".join(f"{n:,} {one if n == 1 else more}" for n, one, more in parts if n)
    where, at = f" in {environment}" if environment else "", shown(now, zone).lead
    if many and many == blind_now:
        lead, rest = f"{many:,} {'thing' if many == 1 else 'things'} cannot be compared with what is declared,", f"at {at}."
    elif many:
        unsure = ", or cannot be compared" if standing["unknown"] or blind_now else ""
        lead = f"{many:,} {'thing' if many == 1 else 'things'}{where} {'is' if many == 1 else 'are'} not as declared{unsure},"
        rest = f"at {at}: {said}."
    elif counted.as_declared:
        lead, rest = f"Nothing{where} that was compared is out of its declared state,", f"at {at}."
    else:
        lead, rest = f"Whether anything{where} is out of its declared state is not known,", f"at {at}: nothing was compared."
    return lead, " ".join((rest, *_others(counted, late, read, now, zone)))


def _others(counted: Counted, late: Unread, read: datetime | None, now: datetime, zone: Zone) -> Iterator[str]:
    """How many are as declared, how fresh that is, and of how many nothing can be said."""
    if counted.as_declared:
        fresh = f"; what tells it was read {took(max(timedelta(0), now - read))} ago" if read else ""
        yield f"{_subjects(counted.as_declared)} {'is' if counted.as_declared == 1 else 'are'} as declared{fresh}."
    if never := counted.standing.get("never compared", 0):
        yield f"{_subjects(never)} {'was' if never == 1 else 'were'} never compared."
    if stale := counted.standing.get("not read", 0):
        names = ", ".join(f"{name} {f'since {shown(at, zone).minute}' if at else 'at all'}" for name, at in late.items())
        yield f"Of {_subjects(stale)} last seen as declared it is not known now: not read are {names}."


def _subjects(many: int) -> str:
    return f"{many:,} application{'' if many == 1 else 's'} or workspace{'' if many == 1 else 's'}"


def unread_notices(late: Unread, zone: Zone) -> tuple[Notice, ...]:
    return tuple(
        Notice(
            f"{name} was not read since {shown(at, zone).minute}." if at else f"{name} was never read.",
            "How its objects stand now cannot be known; what is shown of them is as of then.",
            "unsure",
            "/sources",
            "Sources",
        )
        for name, at in late.items()
    )


def empty(*, connected: bool, compared: bool) -> Empty:
    """Why there is no episode where nothing was asked for, and what to do next."""
    sources = (Choice("Sources", "/sources"),)
    if not connected:
        text = "Drift is told by Argo CD, and by the health assessments of Terraform Enterprise. Name one in throughline.toml."
        return Empty("No source that tells drift is connected", text, sources)
    if not compared:
        text = "A source is connected, and no comparison of it was read yet. The sources page says how far reading is."
        return Empty("Nothing was compared yet", text, sources)
    return Empty("No drift was seen", "What was compared was as declared each time that it was looked at.", sources)


def part(rows: Sequence[Any], many: int, href: str) -> Part | None:
    """None where there is none of its kind."""
    if not many:
        return None
    return Part(tuple(rows), f"All {many:,}", href) if many > len(rows) else Part(tuple(rows))
