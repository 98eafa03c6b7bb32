"""A fake GitLab behind real HTTP, and the source that reads it."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import stamina
from app.clock import now
from app.demo.fakes.gitlab import gitlab_app
from app.demo.fakes.gitlab_merge import merge
from app.demo.fakes.gitlab_state import GitlabState
from app.domain.event import Event
from app.sources.contract import Connection, Page, Want
from app.sources.gitlab.source import Gitlab

from tests.sources.harness import events_of, run_pass, served

START = datetime(2025, 3, 3, 8, tzinfo=UTC)
LATER = START + timedelta(days=30)
REPO = "bank/platform/infra"
TOKEN = "glpat-0123456789abcdefABCD"


def after(**parts: float) -> datetime:
    return START + timedelta(**parts)


@dataclass
class World:
    state: GitlabState
    address: str
    opened: ExitStack
    memory: dict[str, Any] = field(default_factory=dict)

    def source(self, **changes: Any) -> Gitlab:
        settings: dict[str, Any] = {
            "name": "gitlab",
            "kind": "gitlab",
            "url": self.address,
            "token": TOKEN,
            "repositories": tuple(self.state.projects),
            "per_second": 1000.0,
            **changes,
        }
        source = Gitlab(Connection(**settings), now)
        self.opened.callback(source.close)
        return source

    def pages(self, stream: str = "pull-requests", at: datetime = LATER, **changes: Any) -> list[Page]:
        return run_pass(self.source(**changes), stream, self.memory, at)

    def events(self, stream: str = "pull-requests", at: datetime = LATER, **changes: Any) -> list[Event]:
        return events_of(self.pages(stream, at, **changes))

    def answers(self, *wants: Want, **changes: Any) -> list[Event]:
        return events_of(run_pass(self.source(**changes), "ranges", {}, LATER, wants))

    def request(self, number_of_commits: int = 1, *, at: datetime | None = None, path: str = "apps/pay", by: str = "ada") -> int:
        """A merge request by ada with commits below `path`."""
        n = len(self.state.projects[REPO].merge_requests) + 1
        commits = [(None, by, f"Change {n}.{i}", [f"{path}/{n}-{i}.tf"]) for i in range(number_of_commits)]
        return self.state.open(REPO, f"Change {n}", by, at or after(hours=1), f"change-{n}", commits=commits)

    def merge(self, iid: int, at: datetime, by: str = "carol", **how: bool) -> str:
        return merge(self.state, REPO, iid, by, at, **how)

    @property
    def project(self) -> int:
        return self.state.projects[REPO].id


def of(events: list[Event], kind: str, status: str | None = None) -> list[Event]:
    return [event for event in events if event.type == kind and status in (None, event.status)]


@pytest.fixture
def world() -> Iterator[World]:
    """Retries do not wait (the library's own mode for tests)."""
    state = GitlabState(token=TOKEN)
    state.add_project(REPO, START)
    with ExitStack() as opened, stamina.set_testing(True, attempts=4, cap=True):
        yield World(state, opened.enter_context(served(gitlab_app(state))), opened)
