"""What differs, told when it changed: which objects, in which fields, written by which programs.

It is asked only where asking cannot write: Argo CD keeps these states for an hour after a comparison, and one asked for them
later would refresh the application. So it is asked after a fresh comparison only, and never where the comparison failed. It is
asked when the set of what differs or what it was compared with changed, after each operation, and once an hour: a second hand
may have written to what differs already. What is as it was told is not told again.

What is kept of an answer (the observation that the events name) has the subject `managed-resources/<key>` and this body:

    {"items": [{group, kind, namespace, name, difference, target, live, version, created, owner, managers, changes,
                targetState, liveState, normalizedLiveState, predictedLiveState, noise, ignore_extraneous}], "secrets": …}

for each object that differs. The four states are JSON objects, null where there is none: what is declared, what lives, and the two
that Argo CD compares, `normalizedLiveState` (what lives) with `predictedLiveState` (what would live after a sync); of a missing
object the first is null, of an extra one the second. Secrets are `[removed]` in all four, so a secret that differs looks the same
in both: `changes` tells that it does. `managedFields` are left out, `managers` tells of them. `noise` lists the places of the
documents which the API server and controllers write by themselves, spelled as `path` of `changes` is (`status`,
`metadata.resourceVersion`, `metadata.annotations[kubectl.kubernetes.io/last-applied-configuration]`): they are kept, and are for
folding. `changes` are all field changes, as in the events; `target` and `live` are digests of the states without noise.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from app.canonical import canonical_json, digest
from app.domain.event import Event, Step
from app.sources.argocd.maker import Maker
from app.sources.argocd.memory import Memory, telling
from app.sources.argocd.names import instant, stamp
from app.sources.argocd.parts import PART, in_parts
from app.sources.argocd.standing import Standing
from app.sources.argocd.terms import OUT_OF_SYNC, UNCOMPARED

FRESH = timedelta(minutes=30)  # half of the time that Argo CD keeps the states (`--app-state-cache-expiration`)
AGAIN = timedelta(minutes=55)
CONTENT = ("group", "kind", "namespace", "name", "difference", "changes", "target", "live")  # times of writes to a status are none
SHOWN = (
    *("group", "kind", "namespace", "name", "difference", "version", "created", "owner", "managers", "changes"),
    "ignore_extraneous",
)


def due(now: Standing, memory: Memory, at: datetime) -> tuple[bool, str]:
    """(ask now, why it cannot be asked although what differs has changed)."""
    if now.sync != OUT_OF_SYNC or now.busy or not now.different:
        return False, ""
    asked = instant(memory.asked)
    if memory.compared == mark(now, memory) and asked and at - asked < AGAIN:
        return False, ""
    if any(one["type"] in UNCOMPARED for one in now.conditions):
        return False, "the comparison failed, so what differs is not known"
    if now.frozen:
        return False, "the application is not reconciled (skip-reconcile): what it shows is of long ago"
    if now.compared_at is None or (now.stale and at - now.compared_at <= FRESH):
        return False, ""  # a comparison follows within seconds
    if at - now.compared_at > FRESH:
        return False, "the last comparison with Git is too old: asking could make Argo CD write to the application"
    return True, ""


def mark(now: Standing, memory: Memory) -> str:
    """Of what differs, of what it was compared with, and of the last operation that is over."""
    seen = sorted(f"{_name(one)}/{one.get('status')}" for one in now.different)
    over = max((one.started for one in memory.deeds if one.over), default="")
    return digest("\n".join([*seen, now.sources, *now.revisions, over]).encode("utf-8", "replace"))[7:23]


def comparison_events(make: Maker, now: Standing, memory: Memory, objects: Sequence[Mapping[str, Any]]) -> Iterator[Event]:
    """Each object that differs, in as many parts as it takes. `target_changed` and `live_changed`: since the last look at it,
    None where there was none."""
    before, prints = memory.states, {_name(one): [one.get("target"), one.get("live")] for one in objects}
    differing = [one for one in objects if one.get("difference") != "none"]
    told = [_told(one, before.get(_name(one))) for one in differing]
    content = digest(canonical_json([[one.get(key) for key in CONTENT] for one in differing]))[7:23]
    content = f"{content}/{now.sources}/{','.join(now.revisions)}"
    asked, memory.asked = memory.asked, stamp(make.now)
    memory.states = {name: [one or "" for one in pair] for name, pair in prints.items()}
    memory.compared, memory.uncompared = mark(now, memory), ""
    if asked and memory.content == content:
        return
    memory.content = content
    parts, name = _parts(told), telling(memory, content, stamp(make.now))
    facts = {"revisions": now.revisions, "compared_at": now.compared_at and now.compared_at.isoformat(), "parts": len(parts)}
    for n, part in enumerate(parts):
        unique = f"{name}/{digest(canonical_json(part))[7:23]}/{n}"
        yield make.event(
            "comparison", make.uid, "compared", Step.ASSESSED, make.now, {**facts, "part": n, "resources": part}, unique=unique
        )


def unavailable(make: Maker, now: Standing, memory: Memory, because: str) -> Iterator[Event]:
    """Told once for what differs now."""
    if memory.uncompared != mark(now, memory):
        memory.uncompared = mark(now, memory)
        facts = {"revisions": now.revisions, "because": because, "parts": 0, "part": 0, "resources": []}
        unique = f"{mark(now, memory)}/{make.now.isoformat()}"
        yield make.event("comparison", make.uid, "unavailable", Step.NOTED, make.now, facts, unique=unique)


def _name(one: Mapping[str, Any]) -> str:
    return f"{one.get('group')}/{one.get('kind')}/{one.get('namespace')}/{one.get('name')}"


def _told(one: Mapping[str, Any], before: list[str] | None) -> dict[str, Any]:
    out = {key: one[key] for key in SHOWN if key in one}
    out["target_changed"] = None if before is None else (one.get("target") or "") != before[0]
    out["live_changed"] = None if before is None else (one.get("live") or "") != before[1]
    return out


def _parts(told: Sequence[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Lists that fit a leaf each; an object whose changes do not is told in several pieces, each with its name."""
    parts: list[list[dict[str, Any]]] = [[]]
    room = PART
    for piece in (piece for one in told for piece in _pieces(one)):
        size = len(canonical_json(piece))
        if size > room and parts[-1]:
            parts.append([])
            room = PART
        parts[-1].append(piece)
        room -= size
    return parts


def _pieces(one: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """`more` marks a further piece of the object before."""
    for n, part in enumerate(in_parts({"managers": one["managers"], "changes": one["changes"]}, PART // 2)):
        yield {**one, **part} if n == 0 else {**one, **part, "more": True}
