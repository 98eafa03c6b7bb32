"""The operations of a change as its JSON, its CSV and its search tell them."""

from collections.abc import Iterator
from typing import Any

from app.changes.told import iso, name_of
from app.domain.actor import ActorKind
from app.domain.change import Artifact, Attempt, Deployed, Dry, Failure, Operation
from app.domain.ref import Resource

ALSO = {"retry": "retried", "force": "forced", "replace": "replaced", "pruning": "pruning"}


def sync(operation: Operation) -> dict[str, Any]:
    """`resources` are in the order of execution; `resources_left`: how many more there were, of which no part is held."""
    return {
        "id": operation.id,
        "application": operation.application,
        "instance": operation.source,
        "destination": operation.destination,
        "kind": operation.kind,
        "kind_by": operation.kind_by or None,
        "perhaps": list(operation.perhaps),
        "also": list(operation.also),
        "options": list(operation.options),
        "partial": operation.partial,
        "phase": operation.phase,
        "message": operation.message or None,
        "how": operation.how,
        "revision": operation.revision,
        "revisions": list(operation.revisions),
        "sources": [_source(one) for one in operation.sources],
        "started_at": iso(operation.started_at),
        "finished_at": iso(operation.finished_at),
        "history_id": operation.history_id,
        "back_to": operation.back_to,
        "heal_attempt": operation.heal_attempt,
        "rolling_sync": {
            "set": operation.rolling.set,
            "step": operation.rolling.step,
            "steps": operation.rolling.steps,
            "because": operation.rolling.because or None,
        }
        if operation.rolling
        else None,
        "initiator": None if operation.automated else name_of(operation.initiator),
        "initiator_kind": str(operation.initiator.kind) if operation.initiator else None,
        "initiator_because": _unknown(operation),
        "automated": operation.automated,
        "retry_count": operation.retry_count,
        "waits_for": operation.waits_for or None,
        "waited_for": list(operation.waited_for),
        "terminated": operation.terminated,
        "terminated_by": operation.terminated_by,
        "terminated_because": operation.terminated_because or None,
        "failures": [_failure(one) for one in operation.failures],
        "attempts": [_attempt(one) for one in operation.attempts],
        "resources": [_resource(one) for one in operation.resources],
        "resources_left": operation.left,
        "health": operation.health,
        "health_at": iso(operation.health_at),
        "url": operation.url,
    }


def _unknown(operation: Operation) -> str | None:
    who = operation.initiator
    return (who.because or "nothing names who began it") if who and who.kind is ActorKind.UNKNOWN else None


def _failure(one: Failure) -> dict[str, Any]:
    return {
        "cause": one.cause,
        "words": one.words,
        "kind": one.kind or None,
        "group": one.group or None,
        "name": one.name or None,
        "of": {"group": one.of.group or None, "kind": one.of.kind, "namespace": one.of.namespace or None, "name": one.of.name}
        if one.of
        else None,
    }


def _attempt(one: Attempt) -> dict[str, Any]:
    return {
        "number": one.number,
        "unseen": one.unseen,
        "at": iso(one.at),
        "message": one.message or None,
        "failures": [_failure(failure) for failure in one.failures],
        "resources": [_resource(resource) for resource in one.resources],
        "resources_left": one.left,
    }


def _source(one: Deployed) -> dict[str, Any]:
    return {
        "repository": one.repository,
        "path": one.path or None,
        "chart": one.chart or None,
        "target_revision": one.target_revision,
        "revision": one.revision,
        "previous_revision": one.previous_revision,
        "registry": one.registry or None,
        "ref": one.ref or None,
        "artifact": _artifact(one.artifact) if one.artifact else None,
        "hydrated_from": _dry(one.dry) if one.dry else None,
    }


def _artifact(one: Artifact) -> dict[str, Any]:
    return {
        "description": one.description or None,
        "home": one.home,
        "people": list(one.people),
        "created_at": one.created_at,
        "version": one.version,
        "repository": one.repository,
        "commit": one.commit,
        "because": one.because or None,
    }


def _dry(one: Dry) -> dict[str, Any]:
    return {
        "repository": one.repository,
        "path": one.path or None,
        "revision": one.revision,
        "previous_revision": one.previous_revision,
        "known_by": one.known_by or None,
        "because": one.because or None,
        "promoted_from": one.hydrate_to,
    }


def _resource(one: Resource) -> dict[str, Any]:
    """`hook_phase` only of hooks: of what is none Argo CD's own says nothing."""
    return {
        "group": one.group or None,
        "kind": one.kind,
        "namespace": one.namespace or None,
        "name": one.name,
        "phase": one.phase or None,
        "wave": int(one.wave) if one.wave.removeprefix("-").isdecimal() and len(one.wave) < 10 else None,
        "hook": one.hook or None,
        "hook_phase": one.hook_phase or None,
        "status": one.status or None,
        "message": one.message or None,
        "images": one.images.split(),
    }


def in_short(operation: Operation) -> str:
    """`payments-api Failed 4f1c2d9a… 2026-10-03T21:14:48Z, rollback to history entry 3, forced, by bob`: the cell of the CSV."""
    revision = (operation.revision or "no revision")[:12]
    back = f" to history entry {operation.back_to}" if operation.back_to is not None else ""
    also = "".join(f", {ALSO.get(one, one)}" for one in operation.also)
    ended = f", terminated by {operation.terminated_by or 'somebody unknown'}" if operation.terminated else ""
    who = "" if operation.automated else f", by {name_of(operation.initiator) or 'somebody unknown'}"
    told = f"{operation.application} {operation.phase} {revision} {iso(operation.started_at)}"
    return f"{told}, {operation.kind}{back}{also}{ended}{who}"


def words(operation: Operation) -> Iterator[str]:
    """The values of the search key `sync`."""
    yield operation.kind
    yield from (ALSO.get(one, one) for one in operation.also)
    if operation.phase in ("Failed", "Error"):
        yield "failed"
    if operation.attempts or operation.retry_count:
        yield "retried"
    if operation.terminated:
        yield "terminated"
    if operation.pruned:
        yield "pruned"
    if operation.partial:
        yield "partial"
    yield from (f"cause/{one.cause}" for one in operation.failures)
