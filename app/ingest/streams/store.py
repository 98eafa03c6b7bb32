"""Claims, outcomes and coverage, in Postgres. Every function runs inside the caller's transaction."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from app.canonical import plain
from app.db.tables.collection import coverage, failures, heartbeats, streams
from app.errors import LeaseLost
from app.ingest.lease import LEASE, Claim
from app.sources.contract import Stream

SPACING = timedelta(seconds=2)  # from the beginning of one pass to one that news asks for


def register(connection: Connection, source: str, kind: str, declared: Sequence[Stream], now: datetime) -> None:
    """Make or refresh the row of each declared stream; what has happened stays, a quicker pace takes effect."""
    for stream in declared:
        statement = insert(streams).values(
            source=source,
            stream=stream.name,
            kind=kind,
            every=stream.every,
            catches_up=stream.catches_up,
            forgets_after=stream.forgets_after,
            next_poll_at=now,
        )
        ours: dict[str, Any] = {name: statement.excluded[name] for name in ("kind", "every", "catches_up", "forgets_after")}
        ours["next_poll_at"] = func.least(streams.c.next_poll_at, now + stream.every)
        connection.execute(statement.on_conflict_do_update(index_elements=["source", "stream"], set_=ours))


def due(connection: Connection, sources: Sequence[str], now: datetime) -> list[tuple[str, str]]:
    """Streams that are due and free, longest due first."""
    rows = connection.execute(
        select(streams.c.source, streams.c.stream)
        .where(streams.c.source.in_(sources), streams.c.next_poll_at <= now, _free(now))
        .order_by(streams.c.next_poll_at, streams.c.source, streams.c.stream)
    )
    return [(row.source, row.stream) for row in rows]


def _free(now: datetime) -> Any:
    return or_(streams.c.lease_until.is_(None), streams.c.lease_until < now)


def claim(connection: Connection, source: str, stream: str, owner: UUID, now: datetime, *, only_due: bool) -> Claim | None:
    """Take the stream, or None when someone else holds it (or, with `only_due`, has just read it)."""
    chosen = select(streams.c.source).where(streams.c.source == source, streams.c.stream == stream, _free(now))
    if only_due:
        chosen = chosen.where(streams.c.next_poll_at <= now)
    if connection.execute(chosen.with_for_update(skip_locked=True)).first() is None:
        return None
    taken = connection.execute(
        update(streams)
        .where(streams.c.source == source, streams.c.stream == stream)
        .values(owner=owner, lease_until=now + LEASE, fence=streams.c.fence + 1, started_at=now)
        .returning(streams.c.fence)
    ).scalar_one()
    return Claim(source, stream, owner, taken)


def free_all(connection: Connection, sources: Sequence[str]) -> None:
    """Take every stream from whoever holds it. Only for one who knows that they are dead; if not, they lose what is in hand."""
    mine = update(streams).where(streams.c.source.in_(sources), streams.c.lease_until.is_not(None))
    connection.execute(mine.values(owner=None, lease_until=None, fence=streams.c.fence + 1))


def hold(connection: Connection, claim: Claim, now: datetime) -> Any:
    """Lock our row and lengthen the lease. Raises LeaseLost when another worker has taken the stream since."""
    row = connection.execute(
        select(streams).where(streams.c.source == claim.source, streams.c.stream == claim.stream).with_for_update()
    ).first()
    if row is None or row.fence != claim.fence:
        raise LeaseLost(f"{claim.source}/{claim.stream} was taken over by another worker; nothing of this page was saved")
    connection.execute(_row(claim).values(lease_until=now + LEASE))
    return row


def _row(claim: Claim) -> Any:
    return update(streams).where(streams.c.source == claim.source, streams.c.stream == claim.stream)


def count(connection: Connection, claim: Claim, *, seen: int, saved: int) -> None:
    connection.execute(_row(claim).values(seen=streams.c.seen + seen, saved=streams.c.saved + saved))


def succeed(
    connection: Connection,
    claim: Claim,
    row: Any,
    now: datetime,
    *,
    requests: int,
    offset: timedelta | None,
    next_at: datetime,
    reconciled: bool,
    whole: bool = True,
) -> None:
    """The pass went through: free the stream, say when it is next due, and stretch its coverage; not where only part was read."""
    if row.woken_at is not None and row.woken_at > row.started_at:
        next_at = max(now, row.started_at + SPACING)
    values: dict[str, Any] = {
        "owner": None,
        "lease_until": None,
        "state": "read",
        "error": None,
        "failures": 0,
        "succeeded_at": now if whole else row.succeeded_at,
        "next_poll_at": next_at,
        "requests": streams.c.requests + requests,
        "last_requests": requests,
        "clock_offset": offset,
    }
    if reconciled:
        values["reconciled_at"] = now
    connection.execute(_row(claim).values(**values))
    if whole:
        _stretch(connection, claim, row, row.started_at)


def _stretch(connection: Connection, claim: Claim, row: Any, through: datetime) -> None:
    """One interval while nothing was missed; a new one after a pause, or failures, that the source's own list does not cover."""
    last = connection.execute(
        select(coverage.c.id, coverage.c.to_at)
        .where(coverage.c.source == claim.source, coverage.c.stream == claim.stream)
        .order_by(coverage.c.to_at.desc())
        .limit(1)
    ).first()
    shortest = timedelta(minutes=2)
    pause = shortest if row.failures else max(row.every * 3, shortest)
    if last is not None and (row.catches_up or through - last.to_at <= pause):
        connection.execute(update(coverage).where(coverage.c.id == last.id, coverage.c.to_at < through).values(to_at=through))
    else:
        connection.execute(insert(coverage).values(source=claim.source, stream=claim.stream, from_at=through, to_at=through))


def fail(
    connection: Connection,
    claim: Claim,
    now: datetime,
    *,
    state: str,
    error: str,
    requests: int,
    offset: timedelta | None,
    next_at: datetime,
) -> None:
    """The pass failed: what was saved before stays saved; the same failure again is counted, not listed twice."""
    connection.execute(
        _row(claim).values(
            owner=None,
            lease_until=None,
            state=state,
            error=plain(error, 2000),
            failures=streams.c.failures + 1,
            failed_at=now,
            next_poll_at=next_at,
            requests=streams.c.requests + requests,
            last_requests=requests,
            clock_offset=func.coalesce(offset, streams.c.clock_offset),
        )
    )
    mine = (failures.c.source == claim.source, failures.c.stream == claim.stream)
    last = connection.execute(select(failures).where(*mine).order_by(failures.c.last_at.desc()).limit(1)).first()
    succeeded = connection.execute(
        select(streams.c.succeeded_at).where(streams.c.source == claim.source, streams.c.stream == claim.stream)
    ).scalar_one()
    if last is not None and last.state == state and (succeeded is None or last.last_at >= succeeded):
        connection.execute(update(failures).where(failures.c.id == last.id).values(last_at=now, times=failures.c.times + 1))
    else:
        row = {"source": claim.source, "stream": claim.stream, "state": state, "error": plain(error, 2000)}
        connection.execute(insert(failures).values(**row, first_at=now, last_at=now, times=1))


def wake(connection: Connection, stream: str, now: datetime) -> None:
    """Make every stream of this name due now."""
    connection.execute(_woken(now, now).where(streams.c.stream == stream))


def wake_source(connection: Connection, source: str, names: Sequence[str], now: datetime) -> list[str]:
    """Make these streams of one source due as soon as may be; the names of those that are. One that fails keeps its pause."""
    chosen = (streams.c.source == source, streams.c.stream.in_(names), streams.c.failures == 0)
    soonest = func.greatest(now, streams.c.started_at + SPACING)
    return sorted(row.stream for row in connection.execute(_woken(now, soonest).where(*chosen).returning(streams.c.stream)))


def _woken(now: datetime, at: Any) -> Any:
    """A pass that is under way began before the news: it is followed by another. What a source asked us to wait, we wait."""
    soon = func.least(streams.c.next_poll_at, at)
    return update(streams).where(streams.c.state != "throttled").values(woken_at=now, next_poll_at=soon)


def beat(connection: Connection, owner: UUID, name: str, pid: int, job: str | None, now: datetime) -> None:
    """This worker is alive; rows of workers silent for a day are dropped."""
    statement = insert(heartbeats).values(owner=owner, name=name, pid=pid, beat_at=now, job=job)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["owner"], set_={"beat_at": statement.excluded.beat_at, "job": statement.excluded.job}
        )
    )
    connection.execute(heartbeats.delete().where(heartbeats.c.beat_at < now - timedelta(days=1)))


def overview(connection: Connection) -> list[Any]:
    """Every stream's row, by source and stream."""
    return list(connection.execute(select(streams).order_by(streams.c.source, streams.c.stream)))


def row_of(connection: Connection, source: str, stream: str) -> Any:
    """One stream's row, or None."""
    return connection.execute(select(streams).where(streams.c.source == source, streams.c.stream == stream)).first()


def covered(connection: Connection, since: datetime) -> list[Any]:
    """Coverage intervals that reach past `since`, oldest first."""
    return list(
        connection.execute(
            select(coverage).where(coverage.c.to_at >= since).order_by(coverage.c.source, coverage.c.stream, coverage.c.from_at)
        )
    )


def failed(connection: Connection, since: datetime) -> list[Any]:
    """Failures that lasted past `since`, newest first."""
    return list(connection.execute(select(failures).where(failures.c.last_at >= since).order_by(failures.c.last_at.desc())))
