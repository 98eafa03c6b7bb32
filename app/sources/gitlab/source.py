"""GitLab as a source: its merge requests, what lies between commits, what moved its branches, and their rules. All by REST."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta

from app.errors import Missing
from app.sources.contract import Connection, Page, Probe, Stream, Task
from app.sources.gitlab.client import Client, Transport
from app.sources.gitlab.merge_requests import merge_requests
from app.sources.gitlab.probe import probe
from app.sources.gitlab.pushes import pushes
from app.sources.gitlab.ranges import ranges
from app.sources.gitlab.rules import rules
from app.sources.gitlab.telling import Met
from app.sources.in_turn import first_of, in_turn, wants_for

STREAMS = (
    Stream("pull-requests", every=timedelta(seconds=60)),
    Stream("ranges", every=timedelta(seconds=30)),
    Stream("pushes", every=timedelta(seconds=60), forgets_after=timedelta(days=3 * 365)),
    Stream("rules", every=timedelta(minutes=15), catches_up=False),  # settings between two looks are lost
)


class Gitlab:
    """`connection.url` is the server's address, with or without `/api/v4`; `repositories` are full paths of projects."""

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
        return probe(self._client, self.connection)

    def fetch(self, task: Task) -> Iterator[Page]:
        """Every project in turn; one that fails does not stop the others, and its error is raised at the end."""
        met: Met = {}
        failed = yield from in_turn(self.connection.repositories, lambda name: self._read(name, task, met))
        if failed:
            raise first_of(failed) from failed[0][1]

    def _read(self, name: str, task: Task, met: Met) -> Iterator[Page]:
        client, source = self._client, self.connection.name
        if task.stream == "pull-requests":
            return merge_requests(client, source, name, task, met)
        if task.stream == "ranges":
            wants = wants_for(name, task.wants)
            return ranges(client, source, name, wants, task) if wants else iter(())
        if task.stream == "pushes":
            return pushes(client, source, name, task)
        if task.stream == "rules":
            return rules(client, source, name, task, met)
        raise Missing(f"GitLab has no stream {task.stream!r}", " or ".join(stream.name for stream in STREAMS))

    def close(self) -> None:
        self._client.close()
