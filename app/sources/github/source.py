"""GitHub and GitHub Enterprise Server as a source: pull requests, their checks, what moved the branches, the rules for them."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta

from app.errors import Missing
from app.sources.contract import Connection, Page, Probe, Stream, Task
from app.sources.github.checks import checks
from app.sources.github.client import Client, Transport
from app.sources.github.probe import probe
from app.sources.github.pull_requests import pull_requests
from app.sources.github.pushes import pushes
from app.sources.github.ranges import ranges
from app.sources.github.reading import Reading, Replaced
from app.sources.github.rules import rules
from app.sources.in_turn import first_of, in_turn, wants_for

STREAMS = (
    Stream("pull-requests", every=timedelta(seconds=60)),
    Stream("checks", every=timedelta(minutes=5), forgets_after=timedelta(days=400)),
    Stream("pushes", every=timedelta(seconds=60)),
    Stream("rules", every=timedelta(minutes=15), catches_up=False),
    Stream("ranges", every=timedelta(seconds=30)),
)
READ: dict[str, Callable[[Reading], Iterator[Page]]] = {
    "pull-requests": pull_requests,
    "checks": checks,
    "pushes": pushes,
    "rules": rules,
}


class Github:
    """`connection.url` is the REST address: `https://api.github.com`, or `https://HOST/api/v3` of an Enterprise Server."""

    def __init__(self, connection: Connection, clock: Callable[[], datetime], transport: Transport | None = None) -> None:
        self.connection = connection
        self._client = Client(connection, clock, transport)

    @property
    def requests(self) -> int:
        return self._client.requests

    @property
    def clock_offset(self) -> timedelta | None:
        return self._client.clock_offset

    def streams(self) -> Sequence[Stream]:
        return STREAMS

    def probe(self, now: datetime) -> Probe:
        return probe(self._client, self.connection, now)

    def fetch(self, task: Task) -> Iterator[Page]:
        """Every repository in turn; one that fails does not stop the others, and its error is raised at the end."""
        self._client.recall(task.memory, forget=task.everything)
        failed = yield from in_turn(self.connection.repositories, lambda name: self._read(name, task))
        if learned := self._client.learned(task.memory):
            yield Page(remember=learned)
        if failed:
            raise first_of(failed) from failed[0][1]

    def _read(self, repository: str, task: Task) -> Iterator[Page]:
        """Under the name it has now, where another repository was given the one in the settings."""
        try:
            yield from self._read_as(repository, repository, task)
        except Replaced as replaced:
            try:
                now = self._client.named(replaced.identity)
            except Missing:
                raise replaced from None
            yield from self._read_as(repository, now, task)

    def _read_as(self, repository: str, asked: str, task: Task) -> Iterator[Page]:
        reading = Reading(self._client, self.connection.name, repository, asked, task)
        if task.stream in READ:
            return READ[task.stream](reading)
        if task.stream == "ranges":
            wants = wants_for(repository, task.wants)
            return ranges(reading, wants) if wants else iter(())
        raise Missing(f"GitHub has no stream {task.stream!r}", " or ".join(stream.name for stream in STREAMS))

    def close(self) -> None:
        self._client.close()
