"""Holding a source's live stream: one worker at a time, its news saved as they come, and the poll made due.

Two threads: one reads the connection and touches nothing else; the other holds the lease, saves, and looks four times a second
whether it is to stop. What the stream does not tell, or tells while nobody listens, the poll finds.
"""

import queue
import random
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Engine

from app import log
from app.db.session import transaction
from app.errors import DatabaseError, Forbidden, Missing, Refused, SourceError, Throttled, Unauthorized, Unreachable
from app.ingest import store
from app.ingest.streams import store as streams
from app.ingest.watches import store as watches
from app.sources.contract import News, Source, Watch, Watched

LOOK = 0.25  # seconds
RENEW = timedelta(seconds=10)
HEALTHY = timedelta(minutes=1)  # a connection that stood so long forgives the failures before it
LONGEST = 300.0  # seconds between two attempts
REFUSED = timedelta(minutes=15)  # between two attempts where the server says no
IDLE = 2.0  # seconds until it is asked again whether the stream is free
WAITING = 1000  # news that may wait to be saved
PATIENCE = 5.0  # seconds that the reading thread waits for a place among them
BATCH = 200
NO = (Unauthorized, Forbidden, Missing, Refused)

logger = log.get(__name__)


class Reading:
    """One connection, read in a thread of its own. `error` is set when it ended; it is never read from again."""

    def __init__(self, watch: Watch) -> None:
        self._watch, self._news = watch, queue.Queue[News](WAITING)
        self.error: Exception | None = None
        self._thread = threading.Thread(target=self._read, name="reading a live stream", daemon=True)
        self._thread.start()

    def _read(self) -> None:
        try:
            for news in self._watch:
                self._news.put(news, timeout=PATIENCE)
            self.error = Unreachable("the stream ended", "a stream that lasts")
        except queue.Full:
            self.error = Unreachable("news came faster than they could be saved: the stream is begun anew, which shows what is now")
        except Exception as error:  # noqa: BLE001 -- the other thread tells a failure from a defect
            self.error = error
        finally:
            self._watch.close()

    def take(self, seconds: float) -> tuple[list[News], Exception | None]:
        """What has come, waiting so long for the first of it; the failure once everything before it has been taken."""
        ended, found = self.error, list[News]()
        try:
            found.append(self._news.get(timeout=seconds if ended is None else 0.001))
            while len(found) < BATCH:
                found.append(self._news.get_nowait())
        except queue.Empty:
            return found, ended
        return found, None

    def close(self) -> None:
        self._watch.close()


@dataclass
class Watching:
    """`run` it in a thread. `stream` is the one whose polls the news make due."""

    engine: Engine
    source: Source
    owner: UUID
    clock: Callable[[], datetime]
    failures: int = 0

    @property
    def name(self) -> str:
        return self.source.connection.name

    def run(self, stopping: threading.Event) -> None:
        """Until told to stop. Whatever fails is told and tried again, never at once."""
        while not stopping.is_set():
            pause = IDLE
            try:
                if not self.turn(stopping):
                    pause = IDLE * random.uniform(0.8, 1.2)  # noqa: S311 -- spreads the workers
            except DatabaseError as error:
                logger.warning("a live stream cannot be kept", extra=log.fields(source=self.name, error=str(error)))
            except Exception:
                logger.exception("a live stream met a defect", extra=log.fields(source=self.name))
                pause = 30.0
            stopping.wait(pause)

    def turn(self, stopping: threading.Event) -> bool:
        """One connection, if the stream is free: held until it ends, or until told to stop. False when it is not free."""
        if not isinstance(self.source, Watched) or self.source.watched is None:
            return False
        with transaction(self.engine) as connection:
            if not watches.claim(connection, self.name, self.owner, self.clock()):
                return False
            self.failures = watches.row_of(connection, self.name).failures
            memory: Mapping[str, Any] = store.memory_of(connection, self.name, self.source.watched)
        reading = Reading(self.source.watch(memory))
        try:
            self._hold(reading, stopping, self.source.watched)
        finally:
            reading.close()
        return True

    def _hold(self, reading: Reading, stopping: threading.Event, stream: str) -> None:
        stood: datetime | None = None
        renewed, kept = self.clock(), True
        while kept and not stopping.is_set():
            news, error = reading.take(LOOK)
            now = self.clock()
            if news or now - renewed >= RENEW:
                with transaction(self.engine) as connection:
                    kept = watches.keep(connection, self.name, self.owner, now)
                    if kept and news and stood is None:
                        watches.connected(connection, self.name, now)
                        stood = now
                    if kept:
                        self._save(connection, news, stream, now)
                renewed = now
            if error is not None:
                return self._ended(error, stood)
        if kept:
            self._ended(None, stood)
        return None

    def _save(self, connection: Connection, news: Sequence[News], stream: str, now: datetime) -> None:
        told = [one for one in news if one.streams]
        for one in told:
            store.save_observations(connection, self.name, stream, one.observations)
            store.remember(connection, self.name, stream, one.remember)
        store.note_unknown(connection, self.name, [pair for one in news for pair in one.unknown], now)
        if told:
            watches.told(connection, self.name, len(told), told[-1].about, now)
            streams.wake_source(connection, self.name, sorted({name for one in told for name in one.streams}), now)

    def _ended(self, error: Exception | None, stood: datetime | None) -> None:
        """`error` None: we were told to stop, and another worker may go on at once."""
        now = self.clock()
        healthy = stood is not None and now - stood >= HEALTHY
        self.failures = 0 if error is None else 1 if healthy else self.failures + 1
        said = "" if error is None else log.redact(str(error))
        if error is not None and not isinstance(error, SourceError):
            logger.error("a live stream met a defect", exc_info=error, extra=log.fields(source=self.name))
            said = f"a defect of Throughline ({type(error).__name__}); report it"
        elif error is not None:
            logger.warning("a live stream ended", extra=log.fields(source=self.name, error=said))
        with transaction(self.engine) as connection:
            retry_at = now + (pause_after(error, self.failures) if error else timedelta())
            watches.ended(connection, self.name, self.owner, now, error=said, retry_at=retry_at, failures=self.failures)


def pause_after(error: Exception, failures: int) -> timedelta:
    """Before the next attempt: as long as the server asked; long, where it said no; else doubling from a second to five minutes."""
    jitter = random.uniform(0.5, 1.5)  # noqa: S311 -- spreads the workers, and the instances behind one proxy
    if isinstance(error, Throttled):
        return timedelta(seconds=max(1.0, error.retry_after) + jitter)
    if isinstance(error, NO):
        return REFUSED * (0.8 + jitter * 0.2)
    return timedelta(seconds=min(LONGEST, 2.0 ** min(max(failures - 1, 0), 10)) * jitter)


def declare(engine: Engine, source: Source, now: datetime) -> bool:
    """Its row, if it is one that can be watched; whether it is to be."""
    if not isinstance(source, Watched):
        return False
    on = source.watched is not None
    with transaction(engine) as connection:
        watches.declare(connection, source.connection.name, on, now)
    return on
