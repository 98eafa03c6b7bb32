"""When an application's secrets are looked at, and what of it is told: what is new, and refreshes on their schedule seldom.

An application that holds an ExternalSecret or a store is looked at once after each deployment, and with its hourly reading; never
where asking could make Argo CD write (see `compared`). A refresh on its schedule is no news: it is told every six hours. One that
is overdue, that comes after it was, or that nothing schedules is told at once; that one still has not come, every six hours, for
only so is it known not to have read what changed meanwhile.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import orjson

from app.canonical import canonical_json, digest
from app.domain.event import Event, Step
from app.sources.argocd import wire
from app.sources.argocd.compared import FRESH
from app.sources.argocd.maker import Maker
from app.sources.argocd.memory import Memory, Secrets
from app.sources.argocd.names import instant, stamp
from app.sources.argocd.parts import PART
from app.sources.argocd.secret_names import GROUP, KINDS, LISTS
from app.sources.argocd.standing import Standing
from app.sources.argocd.terms import UNCOMPARED

AGAIN = timedelta(minutes=40)  # an hourly reading comes after 45 at the soonest
QUIET = timedelta(hours=6)
GRACE = timedelta(minutes=5)

Names = Mapping[str, Sequence[dict[str, Any]]]


def holds(app: wire.Application) -> list[str]:
    """Its ExternalSecrets and stores, as its status lists them."""
    listed = (app.status.resources if app.status else None) or []
    return sorted(f"{one.kind}/{one.namespace}/{one.name}" for one in listed if one.group == GROUP and one.kind in KINDS)


def mark(held: Sequence[str], memory: Memory) -> str:
    """Of what is deployed, as far as names and the history tell."""
    return digest("\n".join([*held, str(memory.last_id)]).encode("utf-8", "replace"))[7:23]


def due(held: Sequence[str], now: Standing, memory: Memory, at: datetime) -> tuple[bool, str]:
    """(ask now, why it cannot be asked although it is due)."""
    known = memory.secrets
    asked = instant(known.at) if known else None
    if not held or now.busy or (known and asked and known.mark == mark(held, memory) and at - asked < AGAIN):
        return False, ""
    if any(one["type"] in UNCOMPARED for one in now.conditions):
        return False, "the comparison failed: what Argo CD shows of its objects may be of before"
    if now.frozen:
        return False, "the application is not reconciled (skip-reconcile): what it shows is of long ago"
    if now.compared_at is None or (now.stale and at - now.compared_at <= FRESH):
        return False, ""  # a comparison follows within seconds
    if at - now.compared_at > FRESH:
        return False, "the last comparison with Git is too old: asking could make Argo CD write to the application"
    return True, ""


def told(make: Maker, now: Standing, held: Sequence[str], memory: Memory, names: Names) -> list[Event]:
    """What was seen, in as many parts as it takes; nothing while it is what was told. Remembers that it was looked at."""
    before = memory.secrets or Secrets()
    compared = now.compared_at or make.now
    shape, refreshed, stands = _prints(names, compared)
    memory.secrets = Secrets(mark(held, memory), stamp(make.now), before.print, before.refreshed, before.told)
    quiet = (last := instant(before.told)) is not None and make.now - last < QUIET
    if shape == before.print and (quiet or not (stands or refreshed != before.refreshed)):
        return []
    memory.secrets = Secrets(mark(held, memory), stamp(make.now), shape, refreshed, stamp(make.now))
    parts = list(_parts(names))
    look = digest(f"{stamp(compared)}/{shape}/{refreshed}".encode())[7:23]
    facts = {"look": look, "revisions": now.revisions, "compared_at": compared.isoformat(), "parts": len(parts)}
    return [_event(make, "listed", f"{look}/{n}", {**facts, "part": n, **part}) for n, part in enumerate(parts)]


def gone(make: Maker, now: Standing, memory: Memory) -> Iterator[Event]:
    """It had external secrets, and has none any more."""
    if memory.secrets and (memory.secrets.told or memory.secrets.because):
        compared = now.compared_at or make.now
        look = digest(f"{stamp(compared)}/none".encode())[7:23]
        facts = {"look": look, "revisions": now.revisions, "compared_at": compared.isoformat(), "parts": 1, "part": 0}
        yield _event(make, "listed", look, {**facts, **{name: [] for name in LISTS}})
    memory.secrets = None


def unavailable(make: Maker, memory: Memory, because: str) -> Iterator[Event]:
    """Told once for each reason, until it can be looked at again."""
    known = memory.secrets or Secrets()
    if known.because != because:
        memory.secrets = Secrets(known.mark, known.at, known.print, known.refreshed, known.told, because)
        yield _event(make, "unavailable", stamp(make.now), {"because": because, "parts": 1, "part": 0})


def _event(make: Maker, status: str, unique: str, facts: dict[str, Any]) -> Event:
    return make.event("secret-refs", make.uid, status, Step.NOTED, make.now, facts, unique=unique)


def _prints(names: Names, compared: datetime) -> tuple[str, str, bool]:
    """Of all that is no refresh on schedule; of the times of refreshes; and whether one stands still, overdue or unscheduled."""
    stands = False
    shape = [[key, row] for key in LISTS if key != "externals" for row in names[key]]
    for one in names["externals"]:
        at, every = instant(one["refreshed_at"]), one["interval"]
        late = at is None or (bool(every) and compared - at > timedelta(seconds=every) + GRACE)
        stands = stands or late or not every
        shape.append(["externals", {**one, "late": late, "refreshed_at": None if every else one["refreshed_at"]}])
    times = [[one["namespace"], one["name"], one["refreshed_at"]] for one in names["externals"]]
    return digest(canonical_json(shape))[7:23], digest(canonical_json(times))[7:23], stands


def _parts(names: Names) -> Iterator[dict[str, list[dict[str, Any]]]]:
    """Lists that fit a leaf each; at least one."""
    part: dict[str, list[dict[str, Any]]] = {name: [] for name in LISTS}
    room = PART
    for name in LISTS:
        for row in names[name]:
            size = len(orjson.dumps(row)) + 1
            if size > room and room < PART:
                yield part
                part, room = {each: [] for each in LISTS}, PART
            part[name].append(row)
            room -= size
    yield part
