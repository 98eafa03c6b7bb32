"""A source that says what a test tells it to: real events, no server. It keeps the contract and knows nothing of the database."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from app.canonical import digest, stable_id
from app.domain.event import Event, Step
from app.domain.ref import Ref
from app.sources.contract import Connection, Observation, Page, Probe, Stream, Task

START = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)


class Hand:
    """A clock a test moves."""

    def __init__(self, at: datetime = START) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at

    def move(self, **by: float) -> datetime:
        self.at += timedelta(**by)
        return self.at


def event(name: str, at: datetime = START, *, source: str = "scripted", status: str = "done") -> Event:
    return Event(
        id=stable_id(source, "note", name, status),
        source=source,
        kind="tfe",
        type="run",
        step=Step.NOTED,
        status=status,
        ref=Ref("run", name, name),
        occurred_at=at,
        observed_at=at,
        observation=digest(name.encode()),
    )


def page(*names: str, **more: object) -> Page:
    """A page with one event and one observation for each name."""
    seen = [Observation(f"run/{n}", "https://tfe.bank.example/run", n.encode(), digest(n.encode()), START) for n in names]
    return Page(events=[event(n) for n in names], observations=seen, seen=len(names), **more)  # type: ignore[arg-type]


@dataclass
class Scripted:
    """`script` is called with each task, and yields pages or raises what a source may raise."""

    script: Callable[[Task], Iterator[Page]]
    name: str = "scripted"
    every: timedelta = timedelta(seconds=60)
    catches_up: bool = False
    stream: str = "runs"
    repositories: tuple[str, ...] = ()
    tasks: list[Task] = field(default_factory=list)
    requests: int = 0
    clock_offset: timedelta | None = None

    @property
    def connection(self) -> Connection:
        return Connection(self.name, "tfe", "https://tfe.bank.example", repositories=self.repositories)

    def streams(self) -> Sequence[Stream]:
        return [Stream(self.stream, self.every, self.catches_up)]

    def probe(self, now: datetime) -> Probe:
        return Probe()

    def fetch(self, task: Task) -> Iterator[Page]:
        self.tasks.append(task)
        for one in self.script(task):
            self.requests += 1
            yield one

    def close(self) -> None:
        pass
