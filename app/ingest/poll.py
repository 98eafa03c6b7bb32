"""One pass over one stream: claim it, fetch page by page with no transaction open, save each page whole.

A page's observations, events, ledger leaves, memory and cursor are one transaction, guarded by the fence. Killed
anywhere, a pass is simply begun again: ids make everything it saved already a no-op.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Connection, Engine

from app import log
from app.db.session import transaction
from app.errors import DatabaseError, LeaseLost, SourceError, Throttled
from app.ingest import store
from app.ingest.lease import Claim
from app.ingest.streams import store as streams
from app.ledger.store import append
from app.sources.contract import Page, Source, Stream, Task

RECONCILE_EVERY = timedelta(hours=24)
LONGEST_PAUSE = timedelta(minutes=15)

logger = log.get(__name__)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a pass did. `state` is `read`, `busy` (another worker holds it) or the failure's name; `unknown` what was new to us."""

    source: str
    stream: str
    state: str
    seen: int = 0
    new: int = 0
    requests: int = 0
    seconds: float = 0.0
    error: str = ""
    unknown: tuple[tuple[str, str], ...] = ()

    @property
    def ok(self) -> bool:
        return self.state == "read"


def declare(engine: Engine, source: Source, now: datetime) -> None:
    """Put the source's streams on the schedule."""
    pace = source.connection.poll_every
    declared = [replace(s, every=timedelta(seconds=pace)) if pace else s for s in source.streams()]
    with transaction(engine) as connection:
        streams.register(connection, source.connection.name, source.connection.kind, declared, now)


def read_stream(
    engine: Engine, source: Source, stream: Stream, owner: UUID, clock: Callable[[], datetime], *, only_due: bool = True
) -> Outcome:
    """Read one stream to its end. Failures of the source become the stream's state; nothing is raised for them."""
    name, started, before = source.connection.name, clock(), source.requests
    with transaction(engine) as connection:
        claim = streams.claim(connection, name, stream.name, owner, started, only_due=only_due)
        if claim is None:
            return Outcome(name, stream.name, "busy", error="another worker is reading it, or has just read it")
        task = _task(connection, source, stream, started)
    seen = new = 0
    again: datetime | None = None
    unknown: list[tuple[str, str]] = []
    try:
        for page in source.fetch(task):
            seen += page.seen
            unknown += page.unknown
            again = page.again or again
            new += _save(engine, claim, page, clock())
        _finish(engine, source, claim, task, clock(), source.requests - before, again)
        state, error = "read", ""
    except LeaseLost as lost:
        state, error = "busy", str(lost)
    except SourceError as failure:
        state, error = failure.state, str(failure)
        _fail(engine, source, claim, failure, clock(), source.requests - before)
    except DatabaseError:
        raise  # the lease runs out by itself; the pass is begun again
    except Exception as defect:  # a defect in one stream must not stop the others; it is logged and shown
        state, error = "defect", f"a defect of Throughline ({type(defect).__name__}: {defect}); report it"
        logger.exception("pass failed", extra=log.fields(source=name, stream=stream.name))
        _fail(engine, source, claim, SourceError(error), clock(), source.requests - before, state=state)
    seconds = (clock() - started).total_seconds()
    return Outcome(name, stream.name, state, seen, new, source.requests - before, seconds, log.redact(error), tuple(unknown))


def _task(connection: Connection, source: Source, stream: Stream, now: datetime) -> Task:
    name = source.connection.name
    row = streams.row_of(connection, name, stream.name)
    reconciled = row.reconciled_at
    return Task(
        stream=stream.name,
        now=now,
        memory=store.memory_of(connection, name, stream.name),
        wants=store.open_wants(connection, source.connection.repositories),
        everything=reconciled is None or now - reconciled >= RECONCILE_EVERY,
    )


def _save(engine: Engine, claim: Claim, page: Page, now: datetime) -> int:
    """How many events of the page were new."""
    with transaction(engine) as connection:
        streams.hold(connection, claim, now)
        store.save_observations(connection, claim.source, claim.stream, page.observations)
        entries = append(connection, page.events, now) if page.events else []
        store.remember(connection, claim.source, claim.stream, page.remember)
        store.settle_wants(connection, page.settled, now)
        if store.add_wants(connection, page.wants, now):
            streams.wake(connection, "ranges", now)
        store.note_unknown(connection, claim.source, page.unknown, now)
        streams.count(connection, claim, seen=page.seen, saved=len(entries))
    return len(entries)


def _finish(engine: Engine, source: Source, claim: Claim, task: Task, now: datetime, requests: int, again: datetime | None) -> None:
    with transaction(engine) as connection:
        row = streams.hold(connection, claim, now)
        next_at = max(now, again or task.now + row.every * random.uniform(0.95, 1.05))  # noqa: S311 -- jitter
        streams.succeed(
            connection,
            claim,
            row,
            now,
            requests=requests,
            offset=source.clock_offset,
            next_at=next_at,
            reconciled=task.everything,
            whole=again is None,
        )


def _fail(
    engine: Engine,
    source: Source,
    claim: Claim,
    error: SourceError,
    now: datetime,
    requests: int,
    *,
    state: str | None = None,
) -> None:
    try:
        with transaction(engine) as connection:
            row = streams.hold(connection, claim, now)
            streams.fail(
                connection,
                claim,
                now,
                state=state or error.state,
                error=log.redact(str(error)),
                requests=requests,
                offset=source.clock_offset,
                next_at=now + pause_after(error, row.every, row.failures),
            )
    except LeaseLost:
        logger.warning("lease lost", extra=log.fields(source=claim.source, stream=claim.stream))


def pause_after(error: SourceError, every: timedelta, failures: int) -> timedelta:
    """How long to leave the stream alone: what the source asked for, else doubling from its pace up to a quarter of an hour."""
    jitter = random.uniform(0.8, 1.2)  # noqa: S311 -- spreads the workers
    if isinstance(error, Throttled):
        return timedelta(seconds=max(1.0, error.retry_after) + jitter)
    return min(LONGEST_PAUSE, every * float(2 ** min(failures, 10))) * jitter
