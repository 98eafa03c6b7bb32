"""Words with shapes for the drift ledger: what differs, why, how it stands. Never a pass for what is not known."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from app.changes.drift.rows import EpisodeRow, Stood
from app.domain.drift import Blindness, Cause, Episode, Layer, State
from app.web.times import Time, Zone, shown, took
from app.web.views.coverage import OPEN
from app.web.views.marks import Badge
from app.web.views.sources import tolerance

OVER = Badge("fail", "v-fail", "over its limit")
WITHIN = Badge("pass", "v-pass", "within its limit")
UNLIMITED = Badge("na", "v-na", "no limit set")
UNKNOWN = Badge("indeterminate", "v-indeterminate", "cannot be known")
NO_DRIFT = Badge("na", "v-na", "no drift")
ENDED_OVER = Badge("fail", "v-fail", "ended over its limit")
ENDED_WITHIN = Badge("pass", "v-pass", "ended within its limit")
ENDED = Badge("na", "v-na", "ended")
BLIND = Badge("indeterminate", "v-indeterminate", "cannot be compared")
BLIND_SPOT = Badge("indeterminate", "v-indeterminate", "blind spot")

CAUSES: Mapping[Cause, str] = {
    Cause.LIVE_EDIT: "edited live",
    Cause.MISSING: "gone from the cluster",
    Cause.EXTRA: "never declared",
    Cause.PENDING_COMMIT: "a commit that is not deployed yet",
    Cause.PRUNING_NEEDED: "waits to be pruned",
    Cause.MERGED_NOT_APPLIED: "merged, not applied",
    Cause.SELECTIVE_SYNC: "left behind by a selective sync",
    Cause.FAILED_SYNC: "a sync failed",
    Cause.CONTROLLER: "an autoscaler or operator",
    Cause.MUTATING_WEBHOOK: "changed on admission",
    Cause.UNKNOWN: "not known",
}
TERRAFORM_CAUSES: Mapping[Cause, str] = {Cause.MISSING: "gone", Cause.FAILED_SYNC: "a run failed"}  # where it has other words
WHY: Mapping[Blindness, str] = {
    Blindness.UNKNOWN: "the comparison failed",
    Blindness.STALE: "the comparison is old",
    Blindness.FROZEN: "reconciliation is switched off",
    Blindness.SKIPPED: "no assessment is made",
    Blindness.UNREAD: "not read for so long that what happened is lost",
}
LOOKS = {"argocd": "applications", "tfe": "workspaces"}  # by kind of source, the stream that tells how things stand

Unread = Mapping[str, datetime | None]


@dataclass(frozen=True, slots=True)
class Named:
    """What differs, and where it is."""

    what: str
    path: str
    where: str
    place: str


@dataclass(frozen=True, slots=True)
class Bar:
    """Percent of a bar whose end is twice the limit; `cut`: it goes on."""

    pieces: tuple[tuple[str, str, str], ...]  # class, x, width
    cut: bool


@dataclass(frozen=True, slots=True)
class Open:
    """How long it stands or stood, beside its limit."""

    long: str
    limit: str
    bar: Bar | None


def unread(streams: list[Any], now: datetime) -> dict[str, datetime | None]:
    """Sources that tell drift and are not read now, by name, with when they last were: None for one that never was."""
    found = {}
    for stream in streams:
        if LOOKS.get(stream.kind) == stream.stream:
            at = stream.succeeded_at
            if at is None or now - at > max(OPEN, tolerance(stream)):
                found[stream.source] = at
    return found


def named(one: Episode) -> Named:
    """`Deployment payments-api` in `prod-eu-1/banking-prod`; where only a number is known, that."""
    subject = one.application or one.workspace
    if one.counted:
        what = f"{one.size:,} self-heal{'' if one.size == 1 else 's'} of {subject} that nobody saw"
    elif not (one.kind or one.name):
        what = f"{one.size:,} resources of {subject}" if one.size > 1 else f"a resource of {subject}" if one.workspace else subject
    else:
        what = one.name if one.layer is Layer.TERRAFORM else f"{one.kind} {one.name}"
    where = one.destination or one.workspace or one.application
    if one.destination and one.namespace and one.destination.partition("/")[2] != one.namespace:
        where = f"{one.destination.partition('/')[0]}/{one.namespace}"
    return Named(what, _path(one), where, one.application if one.layer is Layer.KUBERNETES else "")


def _path(one: Episode) -> str:
    """The first field that differs, and how many more do."""
    if one.changes is None:
        return "its content was never seen" if one.layer is Layer.KUBERNETES else "only counted"
    if not one.changes:
        return ""
    more = len(one.changes) - 1
    return one.changes[0].path + (f" and {more:,} more" if more else "")


def cause(one: Episode) -> str:
    return cause_of(one.cause, one.layer)


def cause_of(cause: Cause, layer: Layer) -> str:
    words = {**CAUSES, **TERRAFORM_CAUSES} if layer is Layer.TERRAFORM else CAUSES
    return words.get(cause, str(cause))


def written(one: Episode) -> str:
    """The programs that own what differs, where any field of it has an owner, else all that wrote to the object; and the person
    where one is known: a program is never taken for a person."""
    owners = [name for change in one.changes or () for name in change.by]
    programs = ", ".join(dict.fromkeys(owners or [writer.manager for writer in one.writers])) or "not known"
    if one.person is None:
        return programs
    return f"{programs}, {one.person.person or one.person.name or 'person unknown'}"


def as_of(row: EpisodeRow, now: datetime, late: Unread) -> tuple[Stood, bool]:
    """How long it stood so far as that is known, and whether its source has not been read since."""
    if row.of.ended_at or row.of.source not in late:
        return row.stood(now), False
    at = late[row.of.source]
    return row.stood(max(at, row.of.onset_before) if at else row.of.onset_before), True


def standing(row: EpisodeRow, now: datetime, late: Unread) -> Badge:
    of, (stood, blind) = row.of, as_of(row, now, late)
    if not of.is_drift:
        return NO_DRIFT
    if of.ended_at:
        return UNKNOWN if stood.seconds is None and row.limit else {True: ENDED_OVER, False: ENDED_WITHIN}.get(stood.over, ENDED)  # type: ignore[arg-type]
    if stood.over:
        return OVER
    if blind or of.state is State.UNKNOWN:
        return UNKNOWN
    return WITHIN if stood.over is False else UNLIMITED


def opened(row: EpisodeRow, now: datetime, late: Unread) -> Open:
    stood, blind = as_of(row, now, late)
    known = stood.seconds is not None and not blind
    long = took(stood.seconds) if known else f"at least {took(stood.least)}" if stood.least else "not known"
    if row.of.counted:
        long = "not known"
    limit = took(row.limit) if row.limit is not None else ""
    return Open(long, limit, _bar(stood, known, row.limit) if row.limit else None)


def _bar(stood: Stood, known: bool, limit: timedelta) -> Bar:
    """What lies within the limit, what lies beyond it, and what cannot be known, up to twice the limit."""
    half = max(1.0, limit.total_seconds())
    at = (stood.seconds if known and stood.seconds is not None else stood.least) / half * 50
    cut = at > 100
    end = 94.0 if cut else at
    pieces = [("f-bar", 0.0, min(end, 50.0)), ("f-fail", 50.0, end - 50), ("f-fail", 96.5, 3.5 if cut else 0.0)]
    if not known and not cut:
        pieces.append(("f-indeterminate", end, 100 - end))
    return Bar(tuple((css, f"{x:.2f}%", f"{wide:.2f}%") for css, x, wide in pieces if wide > 0), cut)


def between(after: datetime | None, before: datetime, zone: Zone) -> str:
    """`between 7 Oct 09:11:55 and 09:12:41`: both looks, of which the second saw it."""
    last = shown(before, zone)
    if after is None:
        return f"seen {last.short}; never seen as declared before"
    first = shown(after, zone)
    return (
        f"at {last.short}"
        if after == before
        else f"between {first.short} and {last.clock if first.day == last.day else last.short}"
    )


def since(one: Episode, zone: Zone) -> Time:
    return shown(one.onset_before, zone)
