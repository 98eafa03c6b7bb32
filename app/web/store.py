"""Reads that only pages ask: raw payloads, a leaf's bytes, what collection met, a worker's beat. None opens a transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

import zstandard
from sqlalchemy import Connection, func, select

from app.db.tables.collection import bodies, coverage, failures, heartbeats, observations, stream_memory, streams, unknown_values
from app.db.tables.ledger import events, leaves
from app.db.tables.projection import change_events, change_terms, changes
from app.search.period import Period
from app.search.sql import within


@dataclass(frozen=True, slots=True)
class Payload:
    """A raw payload behind an event. `size` is None once it was purged; `digest` is `sha256:<hex>`."""

    seq: int
    source: str
    subject: str
    observed_at: datetime
    digest: str
    size: int | None


def payloads_of(connection: Connection, change: UUID, limit: int) -> tuple[list[Payload], int]:
    """The payloads behind a change's events, each once with the first event that rests on it; and how many there are."""
    first = (
        select(events.c.observation, func.min(events.c.seq).label("seq"))
        .join(change_events, change_events.c.seq == events.c.seq)
        .where(change_events.c.change == change, events.c.observation.is_not(None))
        .group_by(events.c.observation)
        .subquery()
    )
    rows = connection.execute(
        _payload(first.c.seq, func.count().over().label("many"))
        .join(first, first.c.seq == events.c.seq)
        .order_by(first.c.seq)
        .limit(limit)
    ).all()
    return [_as_payload(row) for row in rows], rows[0].many if rows else 0


@dataclass(frozen=True, slots=True)
class Where:
    """What an event happened to (an application, a workspace, a repository), and the house word for it."""

    place: str
    step: str


def places_of(connection: Connection, change: UUID) -> dict[int, Where]:
    """Where each of a change's events stands, by seq."""
    place = func.coalesce(events.c.application, events.c.workspace, events.c.repository, events.c.source).label("place")
    mine = select(events.c.seq, place, events.c.step).join(change_events, change_events.c.seq == events.c.seq)
    return {row.seq: Where(row.place, row.step) for row in connection.execute(mine.where(change_events.c.change == change))}


def payload_of(connection: Connection, seq: int) -> Payload | None:
    """The raw payload that entry `seq` rests on; None when it rests on none that we hold."""
    row = connection.execute(_payload(events.c.seq).where(events.c.seq == seq)).first()
    return _as_payload(row) if row else None


def _payload(*more: Any) -> Any:
    subject = select(observations.c.subject).where(observations.c.digest == events.c.observation).limit(1).scalar_subquery()
    held = select(bodies.c.size).where(bodies.c.digest == events.c.observation, bodies.c.body.is_not(None)).scalar_subquery()
    columns = (events.c.source, events.c.observed_at, events.c.observation, subject.label("subject"), held.label("size"))
    return select(*more, *columns).select_from(events).where(events.c.observation.is_not(None))


def _as_payload(row: Any) -> Payload:
    return Payload(
        row.seq, row.source, row.subject or "not kept", row.observed_at, "sha256:" + bytes(row.observation).hex(), row.size
    )


@dataclass(frozen=True, slots=True)
class Kept:
    """A raw payload by its digest. `body` is None where there is none to show, and `because` says why."""

    body: bytes | None
    because: str = ""


def kept(connection: Connection, digest: str) -> Kept:
    """The payload that `sha256:<hex>` names, hashed anew: what is not what was seen is not shown."""
    row = connection.execute(select(bodies).where(bodies.c.digest == bytes.fromhex(digest.removeprefix("sha256:")))).first()
    if row is None:
        return Kept(None, "the payload that held it is not kept here")
    if row.body is None:
        return Kept(None, "the payload that held it was purged by the retention policy; its digest stays in the ledger")
    try:
        unpack = zstandard.ZstdDecompressor().decompressobj().decompress
        body = unpack(row.body) if row.codec == "zstd" else bytes(row.body)
    except zstandard.ZstdError:
        return Kept(None, "the payload that held it cannot be unpacked")
    if sha256(body).digest() != bytes(row.digest):
        return Kept(None, "the payload that is kept is not the one that was seen: it does not hash to its digest")
    return Kept(body)


ACTS = {"operation": ("synced", "reverted"), "run": ("applied",)}  # by type of event, house words of what deployed


def deployed_before(connection: Connection, source: str, place: str, layer: str, at: datetime) -> Any:
    """The last sync, or apply, that was done by then: (seq, status, …); None where none is known."""
    kind, column = ("operation", events.c.application) if layer == "kubernetes" else ("run", events.c.workspace)
    columns = (events.c.seq, events.c.status, events.c.subject_id, events.c.actor_name, events.c.actor_kind, events.c.occurred_at)
    mine = (
        column == place,
        events.c.source == source,
        events.c.type == kind,
        events.c.step.in_(ACTS[kind]),
        events.c.occurred_at <= at,
    )
    return connection.execute(
        select(*columns).where(*mine).order_by(events.c.occurred_at.desc(), events.c.seq.desc()).limit(1)
    ).first()


def approvers(connection: Connection, change: UUID) -> list[str]:
    """Who approved a change, as its document tells."""
    people = connection.execute(select(changes.c.item["people"]).where(changes.c.id == change)).scalar_one_or_none()
    named = [one for one in people if isinstance(one, dict) and one.get("role") == "approver"] if isinstance(people, list) else []
    return list(dict.fromkeys(str(one.get("person") or one.get("name")) for one in named if one.get("person") or one.get("name")))


def leaf_of(connection: Connection, seq: int) -> tuple[bytes, bytes] | None:
    """(leaf, hash) as the ledger holds them."""
    row = connection.execute(select(leaves.c.leaf, leaves.c.hash).where(leaves.c.seq == seq)).first()
    return (bytes(row.leaf), bytes(row.hash)) if row else None


def read_spans(connection: Connection, since: datetime) -> Sequence[Any]:
    """(source, stream, every, from_at, to_at) of what was read and reaches past `since`, by stream and time."""
    mine = (streams.c.source == coverage.c.source) & (streams.c.stream == coverage.c.stream)
    columns = (coverage.c.source, coverage.c.stream, streams.c.every, coverage.c.from_at, coverage.c.to_at)
    statement = select(*columns).join(streams, mine).where(coverage.c.to_at >= since)
    return connection.execute(statement.order_by(coverage.c.source, coverage.c.stream, coverage.c.from_at)).all()


def by_environment(connection: Connection, period: Period) -> dict[str, dict[str, int]]:
    """How many changes of each verdict, by environment."""
    rows = connection.execute(
        select(changes.c.environment, changes.c.verdict, func.count().label("many"))
        .where(*within(changes.c.at, period))
        .group_by(changes.c.environment, changes.c.verdict)
    )
    found: dict[str, dict[str, int]] = {}
    for row in rows:
        found.setdefault(row.environment, {})[row.verdict] = row.many
    return found


def failing_controls(connection: Connection, period: Period) -> Sequence[Any]:
    """(value, many, newest): for each control that fails in the period how often, `<control>/fail` as it is searched for."""
    failing = (change_terms.c.key == "control", change_terms.c.value.like("%/fail"), *within(change_terms.c.at, period))
    many = func.count().label("many")
    statement = select(change_terms.c.value, many, func.max(change_terms.c.at).label("newest")).where(*failing)
    return connection.execute(statement.group_by(change_terms.c.value).order_by(many.desc(), change_terms.c.value)).all()


def recent_failures(connection: Connection, since: datetime, limit: int) -> Sequence[Any]:
    """Failures of streams that were still going on after `since`, newest first."""
    return connection.execute(
        select(failures).where(failures.c.last_at >= since).order_by(failures.c.last_at.desc()).limit(limit)
    ).all()


def unknowns(connection: Connection) -> Sequence[Any]:
    """Values that were new to us, most met first."""
    return connection.execute(
        select(unknown_values).order_by(
            unknown_values.c.times.desc(), unknown_values.c.source, unknown_values.c.field, unknown_values.c.value
        )
    ).all()


def able(connection: Connection) -> Sequence[Any]:
    """(source, stream, key, value) of what each stream remembers to be shown: `server`, `progress` and `at-risk`."""
    keys = ("server", "progress", "at-risk")
    statement = select(stream_memory).where(stream_memory.c.key.in_(keys))
    return connection.execute(statement.order_by(stream_memory.c.source, stream_memory.c.stream, stream_memory.c.key)).all()


def last_beat(connection: Connection) -> datetime | None:
    """When any worker last said that it is alive."""
    beat: datetime | None = connection.execute(select(func.max(heartbeats.c.beat_at))).scalar_one()
    return beat
