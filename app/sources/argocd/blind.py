"""Times in which what an application shows does not tell whether it is as declared: never "no drift", and never drift.

Its comparison failed (`unknown`), its reconciliation is switched off (`frozen`), or its comparison is too old (`stale`: `pulse`).
Conditions: https://argo-cd.readthedocs.io/en/stable/user-guide/application-specification/, ApplicationCondition;
the annotation: https://argo-cd.readthedocs.io/en/stable/user-guide/skip_reconcile/.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.canonical import plain
from app.domain.drift import Blindness
from app.domain.event import Event, Step
from app.sources.argocd.maker import Maker
from app.sources.argocd.memory import Blind, Memory
from app.sources.argocd.names import instant, stamp
from app.sources.argocd.operations import Heard
from app.sources.argocd.standing import Standing
from app.sources.argocd.terms import INCOMPARABLE, OUT_OF_SYNC, SYNCED, UNCOMPARED


@dataclass(frozen=True, slots=True)
class Why:
    """`since`: it was so then already, as the application itself says."""

    why: Blindness
    because: str
    conditions: list[dict[str, str]]
    since: datetime | None = None


def why(now: Standing, too_old: str) -> Why | None:
    """Why what it shows does not tell; None where it does. `too_old`: what the age of its comparison says."""
    failed = [one for one in now.conditions if one["type"] in UNCOMPARED]
    if now.frozen:
        shown = f" of {stamp(now.compared_at)}" if now.compared_at else ""
        because = f"its reconciliation is switched off (the annotation skip-reconcile): what it shows is{shown or ' of then'}"
        return Why(Blindness.FROZEN, because, failed)
    if failed or now.sync not in {SYNCED, OUT_OF_SYNC}:
        said = "; ".join(f"{one['type']}: {one['message']}" for one in failed)
        times = [at for one in failed if (at := instant(one.get("since")))]
        return Why(Blindness.UNKNOWN, plain(said, 2000) or _status(now), failed, min(times, default=None))
    return Why(Blindness.STALE, too_old, failed) if too_old and not now.busy and not now.stale else None


def _status(now: Standing) -> str:
    if not now.sync:
        return "it has no sync status: it was not compared yet"
    return f"its sync status is {now.sync}, and no condition says why"


def blind_events(
    make: Maker, now: Standing, memory: Memory, heard: Heard, seen: Why | None, last_pass: datetime | None
) -> Iterator[Event]:
    """The end of such a time, and the beginning of one. While it lasts nothing counts as told of what differs."""
    open_ = memory.blind
    if open_ and (seen is None or seen.why != open_.why):
        yield _event(make, open_, "closed", _until(make, now, heard, memory, open_, seen))
        memory.blind = None
    if seen and memory.blind is None:
        memory.blind = _opened(make, now, memory, heard, seen, last_pass, after=open_ is not None)
        yield _event(make, memory.blind, "open", None)
    if seen:
        memory.differ = ""


def _opened(
    make: Maker, now: Standing, memory: Memory, heard: Heard, seen: Why, last_pass: datetime | None, *, after: bool
) -> Blind:
    turned = _turned(heard, memory, INCOMPARABLE) if seen.why == Blindness.UNKNOWN else None
    noticed = instant(memory.doubted) if seen.why == Blindness.STALE else None
    before = min(at for at in (seen.since, turned, noticed, make.now) if at and at <= make.now)
    known = None if after else _last_known(now, memory, seen, last_pass)
    known = known if known and known <= before else None
    return Blind(str(seen.why), seen.because, stamp(before), stamp(known) if known else None, seen.conditions)


def _last_known(now: Standing, memory: Memory, seen: Why, last_pass: datetime | None) -> datetime | None:
    """When it was last known to be compared."""
    if seen.why == Blindness.STALE:
        return now.compared_at
    known = [instant(memory.looked)]
    if seen.why == Blindness.UNKNOWN and now.sync == INCOMPARABLE and memory.sync not in {"", INCOMPARABLE}:
        known.append(last_pass)  # which showed it compared
    return max((at for at in known if at), default=None)


def _until(make: Maker, now: Standing, heard: Heard, memory: Memory, open_: Blind, seen: Why | None) -> datetime:
    """When it is known to have been compared again: announced, noted by Argo CD, or seen so."""
    since = instant(open_.since_before) or make.now
    if seen is not None:
        return make.now
    known = _turned(heard, memory, now.sync) if open_.why == Blindness.UNKNOWN else now.compared_at
    return known if known and since < known <= make.now else make.now


def _turned(heard: Heard, memory: Memory, status: str) -> datetime | None:
    """When its last announced turn, of those not heard before, was to this status."""
    turns = [one for one in heard.said or () if one.sync and list(one.order) > memory.heard]
    last = max(turns, key=lambda one: one.order, default=None)
    return last.at if last and last.sync and last.sync[1] == status else None


def _event(make: Maker, one: Blind, status: str, until: datetime | None) -> Event:
    facts: dict[str, Any] = {
        "why": one.why,
        "because": one.because,
        "since_after": one.since_after,
        "since_before": one.since_before,
        "until": stamp(until) if until else None,
        "conditions": one.conditions,
    }
    at = until or instant(one.since_before) or make.now
    return make.event("comparison-gap", f"{make.uid}/{one.since_before}", status, Step.NOTED, at, facts, unique=one.why)
