"""A fake Terraform Enterprise with three runs, served over HTTP, and the source that reads it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from app.demo.fakes.tfe import tfe_app
from app.demo.fakes.tfe_state import PolicyState, PullRequestState, RunState, TfeState, WorkspaceState
from app.domain.event import Event
from app.sources.contract import Connection, Page
from app.sources.tfe.source import Tfe

from tests.sources.harness import events_of, run_pass, served

Serve = Callable[[Any], str]
START = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@dataclass
class Bench:
    """The fake, its clock, and a source whose memory grows from pass to pass."""

    state: TfeState
    url: str
    now: datetime = START
    memory: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.state.now = lambda: self.now
        self.workspace: WorkspaceState = self.state.add_workspace("payments-production", "bank/infra", "prod", created_at=START)
        self.source = self.connect()

    def connect(self, **changes: Any) -> Tfe:
        settings: dict[str, Any] = {
            "token": self.state.token,
            "organization": self.state.organization,
            "per_second": 1000.0,
        } | changes
        return Tfe(Connection("tfe-prod", "tfe", self.url, **settings), lambda: self.now)

    def later(self, **duration: float) -> datetime:
        self.now += timedelta(**duration)
        return self.now

    def look(self, stream: str = "runs", **options: Any) -> list[Page]:
        """One pass, two minutes after the one before."""
        self.later(minutes=2)
        return run_pass(self.source, stream, self.memory, self.now, **options)

    def asked(self, part: str) -> int:
        """How many requests so far had `part` in their path."""
        return sum(part in path for path, _ in self.state.requests)

    def run(self, message: str = "Add a subnet", hours: float = 3, **options: Any) -> RunState:
        options = {"creator": "alice", "commit": "a" * 40, "sender": "alice-gh"} | options
        return self.state.add_run(self.workspace, message, self.now - timedelta(hours=hours), **options)

    def story(self) -> tuple[RunState, RunState, RunState]:
        """An overridden and confirmed apply, a pull request's plan, and a run that waits."""
        run = self.run()
        run.plan(self.now - timedelta(hours=2, minutes=50), 1, 2, 0, 3)
        run.policy(
            self.now - timedelta(hours=2, minutes=49),
            [PolicyState("bank", "cost", False, "soft-mandatory", "Too dear"), PolicyState("bank", "tags")],
        )
        run.override(self.now - timedelta(hours=2, minutes=40), self.state.user("carol"), "Agreed in CHG-1")
        run.confirm(self.now - timedelta(hours=2, minutes=30), self.state.user("bob"), "Go")
        run.apply(self.now - timedelta(hours=2, minutes=20))
        pull = PullRequestState(7, "Add a subnet", "https://github.bank.example/bank/infra/pull/7")
        speculative = self.run("Add a subnet", 4, commit="b" * 40, pr=pull, speculative=True, branch="subnet")
        speculative.plan(self.now - timedelta(hours=3, minutes=55), 1)
        waiting = self.run("Waits", 1, commit=None)
        waiting.plan(self.now - timedelta(minutes=50), 0, 1)
        return run, speculative, waiting


def of(events: list[Event], kind: str, status: str | None = None, run: str | None = None) -> list[Event]:
    return [e for e in events if e.type == kind and status in (None, e.status) and run in (None, e.keys.run)]


def told(pages: list[Page], kind: str, status: str | None = None, run: str | None = None) -> list[Event]:
    return of(events_of(pages), kind, status, run)


@pytest.fixture
def bench() -> Iterator[Bench]:
    state = TfeState(created_at=START)
    with served(tfe_app(state)) as url:
        yield Bench(state, url)


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Serve any application for the length of a test."""
    with ExitStack() as stack:
        yield lambda app: stack.enter_context(served(app))
