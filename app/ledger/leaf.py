"""The leaf: the RFC 8785 canonical JSON of one event, and the way back.

These seventeen names are always there, null where the event has nothing to say; inside `ref`, `actor` and `keys` a member
that is absent is left out:

  v                1
  id               the event's uuid
  source kind type step status how      text;   known   true or false
  ref              {type, id, name, url}
  actor            {name, kind, id, because} or null
  occurred_at observed_at recorded_at   `2026-11-24T09:30:00.000000Z`, always UTC, always microseconds
  keys             {repository, pull_request, commits, workspace, run, application, project, destination, operation}
  facts            the source's facts, as they are
  observation      `sha256:<hex>` of the raw payload, or null
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson

from app.canonical import MAX_INTEGER, canonical_json
from app.domain.actor import Actor, ActorKind
from app.domain.event import Event, How, Keys, Step
from app.domain.ref import Ref
from app.errors import LedgerError

VERSION = 1
LIMIT = 65_535  # bytes; an entry bundle of tlog-tiles gives each leaf's length as a uint16

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_STEPS = {str(step): step for step in Step}
_HOWS = {str(how): how for how in How}
_KINDS = {str(kind): kind for kind in ActorKind}


def time_text(at: datetime) -> str:
    """ISO 8601 in UTC with microseconds and Z. LedgerError for a time without a zone."""
    if at.tzinfo is not UTC:
        if at.tzinfo is None:
            raise LedgerError(f"the time {at.isoformat()} has no zone", "an aware time")
        at = at.astimezone(UTC)
    return at.isoformat(timespec="microseconds")[:26] + "Z"


def _actor(actor: Actor) -> dict[str, Any]:
    out = {"because": actor.because} if actor.because else {}
    if actor.id is not None:
        out["id"] = actor.id
    out["kind"] = actor.kind._value_
    out["name"] = actor.name
    return out


def _ref(ref: Ref) -> dict[str, Any]:
    out = {"id": ref.id}
    if ref.name:
        out["name"] = ref.name
    out["type"] = ref.type
    if ref.url is not None:
        out["url"] = ref.url
    return out


def _keys(keys: Keys) -> dict[str, Any]:
    out: dict[str, Any] = {}
    if keys.application is not None:
        out["application"] = keys.application
    if keys.commits:
        out["commits"] = keys.commits
    if keys.destination is not None:
        out["destination"] = keys.destination
    if keys.operation is not None:
        out["operation"] = keys.operation
    if keys.project is not None:
        out["project"] = keys.project
    if keys.pull_request is not None:
        out["pull_request"] = keys.pull_request
    if keys.repository is not None:
        out["repository"] = keys.repository
    if keys.run is not None:
        out["run"] = keys.run
    if keys.workspace is not None:
        out["workspace"] = keys.workspace
    return out


def leaf_encoder(recorded_at: datetime) -> Callable[[Event], bytes]:
    """`leaf_bytes` for many events recorded at one time. Names are written in their sorted order, so only facts are sorted."""
    recorded = time_text(recorded_at)

    def encode(event: Event) -> bytes:
        observation, actor, facts, number = event.observation, event.actor, event.facts, event.keys.pull_request
        if observation is not None and not _DIGEST.fullmatch(observation):
            raise LedgerError(f"event {event.id} names the observation {observation[:80]!r}", "sha256:<64 hex>")
        try:
            if number is not None and (type(number) is not int or abs(number) > MAX_INTEGER):
                raise TypeError(f"pull request {number!r} is no whole number below 2^53")
            leaf = orjson.dumps(
                {
                    "actor": _actor(actor) if actor else None,
                    "facts": orjson.Fragment(canonical_json(facts if type(facts) is dict else dict(facts))),
                    "how": event.how._value_,
                    "id": str(event.id),
                    "keys": _keys(event.keys),
                    "kind": event.kind,
                    "known": event.known,
                    "observation": observation,
                    "observed_at": time_text(event.observed_at),
                    "occurred_at": time_text(event.occurred_at),
                    "recorded_at": recorded,
                    "ref": _ref(event.ref),
                    "source": event.source,
                    "status": event.status,
                    "step": event.step._value_,
                    "type": event.type,
                    "v": VERSION,
                }
            )
        except (TypeError, ValueError, OverflowError) as error:
            raise LedgerError(f"event {event.id} ({event.type} of {event.source}) has no canonical form: {error}") from error
        if len(leaf) > LIMIT:
            raise LedgerError(
                f"event {event.id} makes a leaf of {len(leaf):,} bytes", f"at most {LIMIT:,}", "keep less in its facts"
            )
        return leaf

    return encode


def leaf_bytes(event: Event, recorded_at: datetime) -> bytes:
    """The canonical bytes of one event. Raises LedgerError."""
    return leaf_encoder(recorded_at)(event)


def event_from_leaf(leaf: bytes) -> tuple[Event, datetime]:
    """The event and its recorded_at: the inverse of `leaf_bytes` (a tuple inside facts comes back as a list).

    Raises LedgerError for bytes that are not a leaf of a version we know.
    """
    try:
        said = orjson.loads(leaf)
        if said["v"] != VERSION:
            raise LedgerError(f"a leaf of version {said['v']}", f"version {VERSION}", "use a newer program")
        ref, actor, keys = said["ref"], said["actor"], said["keys"]
        event = Event(
            id=UUID(said["id"]),
            source=said["source"],
            kind=said["kind"],
            type=said["type"],
            step=_STEPS[said["step"]],
            status=said["status"],
            known=said["known"],
            how=_HOWS[said["how"]],
            ref=Ref(ref["type"], ref["id"], ref.get("name", ""), ref.get("url")),
            actor=actor and Actor(actor["name"], _KINDS[actor["kind"]], actor.get("id"), actor.get("because", "")),
            occurred_at=datetime.fromisoformat(said["occurred_at"]),
            observed_at=datetime.fromisoformat(said["observed_at"]),
            keys=Keys(**{**keys, "commits": tuple(keys.get("commits", ()))}),
            facts=said["facts"],
            observation=said["observation"],
        )
        return event, datetime.fromisoformat(said["recorded_at"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise LedgerError(f"these bytes are not a leaf: {type(error).__name__}: {error}") from error
