"""What a worker does when it is its turn. Each job catches what is expected, logs it, and comes round again."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Event as Flag
from uuid import UUID

from sqlalchemy import Engine

from app import log
from app.changes.project import Rules, catch_up
from app.db.session import transaction
from app.errors import ThroughlineError
from app.ingest import poll
from app.ingest.streams import store as streams
from app.ledger import store as ledger
from app.ledger.checkpoint import Key
from app.sources.contract import Source

logger = log.get(__name__)


@dataclass(frozen=True)
class Work:
    """All that jobs need; built once by the composition."""

    engine: Engine
    sources: Sequence[Source]
    rules: Rules
    key: Key
    origin: str
    seal_every: timedelta
    clock: Callable[[], datetime]
    owner: UUID
    stopping: Flag = field(default_factory=Flag)


def read_source(work: Work, source: Source) -> None:
    """Read every stream of this source that is due, one after the other."""
    declared = {stream.name: stream for stream in source.streams()}
    with transaction(work.engine) as connection:
        due = streams.due(connection, [source.connection.name], work.clock())
    for _, name in due:
        if work.stopping.is_set() or name not in declared:
            continue
        outcome = poll.read_stream(work.engine, source, declared[name], work.owner, work.clock)
        level = logger.debug if outcome.ok or outcome.state == "busy" else logger.warning
        level(
            "pass", extra=log.fields(**{k: getattr(outcome, k) for k in ("source", "stream", "state", "new", "requests", "error")})
        )


def project(work: Work) -> None:
    """Turn what the ledger has gained into changes."""
    catch_up(work.engine, work.rules, stopping=work.stopping.is_set)


def seal(work: Work) -> None:
    """Sign a checkpoint when the ledger has grown and the last one is old enough."""
    now = work.clock()
    with transaction(work.engine) as connection:
        last = ledger.checkpoints(connection, 1)
        if not last or now - last[0].made_at >= work.seal_every:
            ledger.seal(connection, work.key, work.origin, now)


def beat(work: Work) -> None:
    with transaction(work.engine) as connection:
        streams.beat(connection, work.owner, "worker", os.getpid(), None, work.clock())


def guarded(job: Callable[..., None], *args: object) -> None:
    """Run a job; an expected error is one log line, a defect is logged whole. Either way the metronome goes on."""
    try:
        job(*args)
    except ThroughlineError as error:
        logger.warning("job could not run", extra=log.fields(job=job.__name__, error=str(error)))
    except Exception:
        logger.exception("job met a defect", extra=log.fields(job=job.__name__))
