"""A fake GitHub behind real HTTP, and the source that reads it."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from app.clock import now
from app.demo.fakes.github import github_app
from app.demo.fakes.github_state import GithubState
from app.domain.event import Event
from app.sources.contract import Connection, Page, Want
from app.sources.github.source import Github

from tests.sources.harness import events_of, run_pass, served

START = datetime(2025, 3, 3, 8, tzinfo=UTC)
LATER = START + timedelta(days=30)
REPO = "bank/infra"
TOKEN = "ghp_0123456789abcdefABCDEF0123456789"


def after(**parts: float) -> datetime:
    return START + timedelta(**parts)


@dataclass
class World:
    state: GithubState
    address: str
    opened: ExitStack
    memory: dict[str, Any] = field(default_factory=dict)

    def source(self, **changes: Any) -> Github:
        settings: dict[str, Any] = {
            "name": "github",
            "kind": "github",
            "url": self.address + ("/api/v3" if self.state.enterprise else ""),
            "token": TOKEN,
            "repositories": tuple(self.state.repositories),
            "per_second": 1000.0,
            **changes,
        }
        source = Github(Connection(**settings), now)
        self.opened.callback(source.close)
        return source

    def pages(self, **changes: Any) -> list[Page]:
        return run_pass(self.source(**changes), "pull-requests", self.memory, LATER)

    def events(self, **changes: Any) -> list[Event]:
        return events_of(self.pages(**changes))

    def answers(self, *wants: Want, **changes: Any) -> list[Event]:
        return events_of(run_pass(self.source(**changes), "ranges", {}, LATER, wants))

    def pull(self, number_of_commits: int = 1, *, at: datetime | None = None, path: str = "apps/pay") -> int:
        """A pull request by ada with commits below `path`."""
        when = at or after(hours=1)
        n = len(self.state.repositories[REPO].pull_requests) + 1
        commits = [(None, "ada", f"Change {n}.{i}", [f"{path}/{n}-{i}.tf"]) for i in range(number_of_commits)]
        return self.state.add_pull_request(REPO, f"Change {n}", "ada", when, f"change-{n}", commits=commits)


@pytest.fixture
def world() -> Iterator[World]:
    state = GithubState(token=TOKEN)
    state.add_repository(REPO, START)
    with ExitStack() as opened:
        yield World(state, opened.enter_context(served(github_app(state))), opened)
