"""One small fleet on the fake, a clock that is told the time, and a source that reads it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from app.demo.fakes.argocd import argocd_app
from app.demo.fakes.argocd_state import TOKEN, ArgocdState
from app.demo.fakes.argocd_types import ApplicationState
from app.domain.event import Event
from app.sources.argocd.source import STREAM, Argocd
from app.sources.contract import Connection, Page

from tests.sources.argocd.day import Shown, fold
from tests.sources.harness import events_of, run_pass, served

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
REPO = "https://git.bank.example/bank/application-manifests.git"
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


def sha(n: int) -> str:
    return f"{n:040x}"


@dataclass
class Stage:
    """The fake, its time, and what a reader remembers of it."""

    state: ArgocdState
    source: Argocd
    url: str
    time: list[datetime]
    memory: dict[str, Any] = field(default_factory=dict)
    pages: list[Page] = field(default_factory=list)

    @property
    def now(self) -> datetime:
        return self.time[0]

    def to(self, seconds: float) -> datetime:
        """Second `seconds` of the story."""
        self.time[0] = START + timedelta(seconds=seconds)
        return self.time[0]

    def read(self, seconds: float | None = None, *, everything: bool = False) -> list[Event]:
        """A pass, at second `seconds`; the events it told."""
        if seconds is not None:
            self.to(seconds)
        pages = run_pass(self.source, STREAM, self.memory, self.now, everything=everything)
        self.pages += pages
        return events_of(pages)

    @property
    def events(self) -> list[Event]:
        return events_of(self.pages)

    @property
    def operations(self) -> list[Shown]:
        """Every operation told so far, by start."""
        return sorted(fold(self.events).values(), key=lambda one: one.started)

    def app(self, name: str = "payments-api", **more: Any) -> ApplicationState:
        given: dict[str, Any] = {
            "project": "payments-production",
            "repository": REPO,
            "path": name,
            "at": self.now,
            "revision": sha(1),
        }
        return self.state.add_application(name, **{**given, "destination": "prod-eu/payments", **more})


@pytest.fixture
def stage() -> Iterator[Stage]:
    time = [START]
    state = ArgocdState(now=lambda: time[0])
    for n in range(1, 40):
        state.commit(sha(n), at=START, author="Alice Ng <alice@bank.example>", message=f"Change {n} (#{n})")
    with served(argocd_app(state)) as url:
        source = Argocd(Connection("argocd-test", "argocd", url, token=TOKEN, per_second=10_000), lambda: time[0])
        yield Stage(state, source, url, time)
        source.close()
