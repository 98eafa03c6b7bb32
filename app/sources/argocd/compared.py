"""What differs, told when it changed: which objects, in which fields, written by which programs.

It is asked only where asking cannot write: Argo CD keeps these states for an hour after a comparison, and one asked for them
later would refresh the application. So it is asked after a fresh comparison only, and never where the comparison failed.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from app.canonical import canonical_json, digest
from app.domain.event import Event, Step
from app.sources.argocd.maker import Maker
from app.sources.argocd.memory import Memory
from app.sources.argocd.standing import Standing
from app.sources.argocd.terms import OUT_OF_SYNC, UNCOMPARED

FRESH = timedelta(minutes=30)  # half of the time that Argo CD keeps the states (`--app-state-cache-expiration`)
PART = 36_000  # bytes of one event's list
SHOWN = ("group", "kind", "namespace", "name", "difference", "version", "created", "owner", "managers", "changes", "changes_total")


def due(now: Standing, memory: Memory, at: datetime) -> tuple[bool, str]:
    """(ask now, why it cannot be asked although what differs has changed)."""
    if now.sync != OUT_OF_SYNC or now.busy or not now.different or memory.compared == mark(now):
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


def mark(now: Standing) -> str:
    """Of what differs and of what it was compared with."""
    seen = sorted(f"{_name(one)}/{one.get('status')}" for one in now.different)
    return digest("\n".join([*seen, now.sources, *now.revisions]).encode("utf-8", "replace"))[7:23]


def comparison_events(make: Maker, now: Standing, memory: Memory, objects: Sequence[Mapping[str, Any]]) -> Iterator[Event]:
    """Each object that differs, in as many parts as it takes. `target_changed` and `live_changed`: since the last look at it,
    None where there was none."""
    before, prints = memory.states, {_name(one): [one.get("target"), one.get("live")] for one in objects}
    told = [_told(one, before.get(_name(one))) for one in objects if one.get("difference") != "none"]
    parts = _parts(told)
    facts = {"revisions": now.revisions, "compared_at": now.compared_at and now.compared_at.isoformat(), "parts": len(parts)}
    for n, part in enumerate(parts):
        unique = f"{facts['compared_at']}/{mark(now)}/{digest(canonical_json(part))[7:23]}/{n}"
        yield make.event(
            "comparison", make.uid, "compared", Step.ASSESSED, make.now, {**facts, "part": n, "resources": part}, unique=unique
        )
    memory.states = {name: [one or "" for one in pair] for name, pair in prints.items()}
    memory.compared, memory.uncompared = mark(now), ""


def unavailable(make: Maker, now: Standing, memory: Memory, because: str) -> Iterator[Event]:
    """Told once for what differs now."""
    if memory.uncompared != mark(now):
        memory.uncompared = mark(now)
        facts = {"revisions": now.revisions, "because": because, "parts": 0, "part": 0, "resources": []}
        unique = f"{mark(now)}/{make.now.isoformat()}"
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
    rest, managers = list(one["changes"]), one["managers"]
    first = True
    while first or rest:
        take = max(1, next((n for n in range(len(rest), 1, -1) if len(canonical_json(rest[:n])) <= PART // 2), 1))
        piece = {**one, "changes": rest[:take], "managers": managers[:100] if first else []}
        yield piece if first else piece | {"more": True}
        rest, first = rest[take:], False
