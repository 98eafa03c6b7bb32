"""Two weeks as Throughline would have watched them: the world goes on step by step, and is read after each by the real pipeline.

What Argo CD forgets must be read while it is there, so the past cannot simply be fetched afterwards. Everything here may be killed
and begun again: how far it came is what the database says of its streams.
"""

import json
import urllib.request
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from sqlalchemy import Engine

from app.canonical import random_id
from app.db.session import transaction
from app.ingest.lease import LEASE
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
    """`world` is the address of the world's door; `sources` were built with `clock`."""

    def __init__(self, engine: Engine, world: str, sources: Sequence[Source], clock: SteppedClock) -> None:
        self.engine, self.world, self.sources, self.clock = engine, world, sources, clock
        self.owner = random_id()
        state = self._ask("GET", "/")
        self.start, self.began = datetime.fromisoformat(state["start"]), datetime.fromisoformat(state["began"])

    def _ask(self, method: str, path: str, until: datetime | None = None) -> dict[str, str]:
        query = f"?until={quote(until.astimezone(UTC).isoformat())}" if until else ""
        request = urllib.request.Request(f"{self.world}{path}{query}", method=method)  # noqa: S310 -- our own loopback address
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 -- as above
            told: dict[str, str] = json.load(answer)
        return told

    def reached(self) -> datetime | None:
        """How far an earlier start came; None when it never began."""
        with transaction(self.engine) as connection:
            rows = [row for row in streams.overview(connection) if row.succeeded_at is not None]
        return max((row.succeeded_at for row in rows), default=None)

    def watch(self, also: Callable[[datetime], None], stopping: Callable[[], bool]) -> None:
        """Replay what has not been watched yet; `also` is called twice a day of it. Ends live."""
        before = self.reached()
        self.clock.at = self.start if before is None else before + LEASE + timedelta(seconds=1)
        if self.clock.at < self.began:
            self._ask("POST", "/play", self.clock.at)
            self._replay(also, stopping)
        if not stopping():
            self._ask("POST", "/play", max(self.began, self.clock.at))
            self._ask("POST", "/live")

    def _replay(self, also: Callable[[datetime], None], stopping: Callable[[], bool]) -> None:
        for source in self.sources:
            declare(self.engine, source, self.clock.at)
        slow_at, done = self.clock.at, False
        while not done and not stopping():
            until = min(slow_at + SLOW, self.began)
            told = self._ask("POST", "/next", until)
            self.clock.at = datetime.fromisoformat(told["at"])
            if told["touched"]:
                self._read("argocd")
            if self.clock.at >= until:
                self._read("argocd", "github", "tfe")
                self._read("github")
                also(self.clock.at)
                slow_at, done = until, until >= self.began

    def _read(self, *kinds: str) -> None:
        for source in self.sources:
            if source.connection.kind in kinds:
                for stream in source.streams():
                    read_stream(self.engine, source, stream, self.owner, self.clock, only_due=stream.name == "sweep")
