"""Two weeks as Throughline would have watched them: the world goes on step by step, and is read after each by the real pipeline.

What Argo CD forgets must be read while it is there, so the past cannot simply be fetched afterwards. Everything here may be killed
and begun again: how far it came is what the database says of its streams, and from there the same reads are made at the same times.
"""

import json
import urllib.request
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from sqlalchemy import Engine

from app.canonical import random_id
from app.db.session import transaction
from app.ingest.poll import declare, read_stream
from app.ingest.streams import store as streams
from app.sources.contract import Source

SLOW = timedelta(hours=12)  # what forgets nothing is read twice a day


class SteppedClock:
    """The time it is in the replayed past."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at


class Past:
    """`world` is the address of the world's door; `sources` were built with `clock`. Nobody else reads them meanwhile."""

    def __init__(self, engine: Engine, world: str, sources: Sequence[Source], clock: SteppedClock) -> None:
        self.engine, self.world, self.sources, self.clock = engine, world, sources, clock
        self.owner = random_id()
        state = self._ask("GET", "/")
        self.start, self.began = datetime.fromisoformat(state["start"]), datetime.fromisoformat(state["began"])

    def _ask(self, method: str, path: str, until: datetime | None = None) -> dict[str, str]:
        query = f"?until={quote(until.astimezone(UTC).isoformat())}" if until else ""
        request = urllib.request.Request(f"{self.world}{path}{query}", method=method)  # noqa: S310 -- our own loopback address
        with urllib.request.urlopen(request, timeout=120) as answer:  # noqa: S310 -- as above
            told: dict[str, str] = json.load(answer)
        return told

    def reached(self) -> datetime | None:
        """When an earlier start last began to read anything; None when it never did. Memory may hold what was read then."""
        with transaction(self.engine) as connection:
            return max((row.started_at for row in streams.overview(connection) if row.started_at), default=None)

    def over(self) -> bool:
        """Whether an earlier start has watched all of it."""
        with transaction(self.engine) as connection:
            rows = streams.overview(connection)
        return bool(rows) and all(row.succeeded_at is not None and row.succeeded_at >= self.began for row in rows)

    def watch(self, also: Callable[[datetime], None], stopping: Callable[[], bool]) -> bool:
        """Replay what has not been watched yet; `also` is called twice a day of it. Whether it came to the end.

        Raises OSError when the world does not answer, DatabaseUnavailable when Postgres does not: watch again.
        """
        reached = self.reached()
        self.clock.at = reached or self.start
        self._ask("POST", "/play", self.clock.at)
        with transaction(self.engine) as connection:
            streams.free_all(connection, [source.connection.name for source in self.sources])
        for source in self.sources:
            declare(self.engine, source, self.clock.at)
        return self._replay(reached is not None, also, stopping)

    def _replay(self, again: bool, also: Callable[[datetime], None], stopping: Callable[[], bool]) -> bool:
        """`again`: the reads of the time reached may have been cut short."""
        slow = (self.clock.at - self.start) // SLOW
        if again or self.clock.at == self.start:  # what a branch asks for must be seen before anything is merged into it
            self._look(self.clock.at == self.start + slow * SLOW, also)
        while self.clock.at < self.began:
            if stopping():
                return False
            until = min(self.start + (slow + 1) * SLOW, self.began)
            told = self._ask("POST", "/next", until)
            self.clock.at = datetime.fromisoformat(told["at"])
            slow += self.clock.at == until
            if told["touched"] or self.clock.at == until:
                self._look(self.clock.at == until, also)
        return True

    def _look(self, at_all: bool, also: Callable[[datetime], None]) -> None:
        """At Argo CD; twice a day at everything, and last at what the others made worth asking of GitHub."""
        self._read("argocd")
        if at_all:
            for name in ("rules", "pull-requests", "pushes", "checks"):
                self._read("github", name)
            self._read("tfe")
            self._read("github", "ranges")
            also(self.clock.at)

    def _read(self, kind: str, name: str | None = None) -> None:
        for source in self.sources:
            for stream in source.streams():
                if source.connection.kind == kind and name in (None, stream.name):
                    read_stream(self.engine, source, stream, self.owner, self.clock, only_due=False)
