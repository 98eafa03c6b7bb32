"""Terraform Enterprise as a source: its workspaces, and its runs with everything that was decided about them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from app.errors import Refused
from app.sources.contract import Connection, Page, Probe, Stream, Task
from app.sources.tfe import audit, backfill, workspaces
from app.sources.tfe.client import Client, Transport
from app.sources.tfe.pace import BACKFILL, Lists
from app.sources.tfe.probe import probe
from app.sources.tfe.runs import RunsPass

STREAMS = (
    Stream("workspaces", every=timedelta(minutes=5), catches_up=False),  # settings between two looks are lost
    Stream("runs", every=timedelta(minutes=1)),
    backfill.STREAM,
)


class Tfe:
    """`connection.organization` is needed; the token is best a team's, with permission to read runs and nothing else."""

    def __init__(self, connection: Connection, clock: Callable[[], datetime], transport: Transport | None = None) -> None:
        self.connection = connection
        lists = Lists(clock, connection.backfill_share)
        slower = replace(connection, per_second=connection.per_second * connection.backfill_share)
        self.client = Client(connection, clock, transport, lists)
        self.behind = Client(slower, clock, transport, lists, BACKFILL)
        self.trail = Client(audit.reader(connection), clock, transport) if audit.declared(connection) else None

    @property
    def requests(self) -> int:
        return sum(one.http.requests for one in (self.client, self.behind, *([self.trail] if self.trail else [])))

    @property
    def clock_offset(self) -> timedelta | None:
        return self.client.http.clock_offset

    def streams(self) -> Sequence[Stream]:
        """With `audit` where there may be an audit trail."""
        return (*STREAMS, audit.STREAM) if self.trail else STREAMS

    def probe(self, now: datetime) -> Probe:
        found = probe(self.client, states=self.connection.state_metadata)
        return audit.probed(self.trail, self.connection, found, now) if self.trail else found

    def fetch(self, task: Task) -> Iterator[Page]:
        """Raises SourceError; pages yielded before stand."""
        if not self.connection.organization:
            raise Refused(f"source {self.connection.name} names no organization", do="set organization in its [[source]] table")
        if task.stream == "workspaces":
            yield from workspaces.pages(self.client, self.connection, task)
        elif task.stream == "runs":
            yield from RunsPass(self.client, self.connection, task).pages()
        elif task.stream == backfill.STREAM.name:
            yield from backfill.Backfill(self.behind, self.connection, task).pages()
        elif task.stream == audit.STREAM.name and self.trail:
            yield from audit.pages(self.trail, self.client, self.connection, task)
        else:
            raise Refused(f"stream {task.stream!r} is not one of {', '.join(stream.name for stream in STREAMS)}")

    def close(self) -> None:
        self.client.http.close()
        self.behind.http.close()
        if self.trail:
            self.trail.http.close()
