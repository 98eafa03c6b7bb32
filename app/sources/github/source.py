"""GitHub and GitHub Enterprise Server as a source: its pull requests, and what lies between commits."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta

from app.errors import Missing, SourceError, Throttled, Unauthorized, Unreachable
from app.sources.contract import Connection, Page, Probe, Stream, Task, Want
from app.sources.github.client import Client, Transport
from app.sources.github.probe import probe
from app.sources.github.pull_requests import pull_requests
from app.sources.github.ranges import ranges

STREAMS = (
    Stream("pull-requests", every=timedelta(seconds=60)),
    Stream("ranges", every=timedelta(seconds=30)),
)


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
        return probe(self._client, self.connection)

    def fetch(self, task: Task) -> Iterator[Page]:
        """Every repository in turn; one that fails does not stop the others, and its error is raised at the end."""
        failed: list[tuple[str, SourceError]] = []
        for repository in self.connection.repositories:
            try:
                yield from self._read(repository, task)
            except (Throttled, Unauthorized, Unreachable):
                raise  # these are about the token or the host, not about one repository
            except SourceError as error:
                failed.append((repository, error))
        if failed:
            repository, first = failed[0]
            also = f" (also failed: {', '.join(name for name, _ in failed[1:])})" if failed[1:] else ""
            raise type(first)(f"{repository}: {first}{also}") from first

    def _read(self, repository: str, task: Task) -> Iterator[Page]:
        if task.stream == "pull-requests":
            return pull_requests(self._client, self.connection.name, repository, task)
        if task.stream == "ranges":
            wants = _wants_for(repository, task.wants)
            return ranges(self._client, self.connection.name, repository, wants, task.now) if wants else iter(())
        raise Missing(f"GitHub has no stream {task.stream!r}", " or ".join(stream.name for stream in STREAMS))

    def close(self) -> None:
        self._client.close()


def _wants_for(repository: str, wants: Sequence[Want]) -> list[Want]:
    """The wants for `repository`, each once; GitHub's names do not tell cases apart."""
    return [want for want in dict.fromkeys(wants) if want.repository.lower() == repository.lower()]
