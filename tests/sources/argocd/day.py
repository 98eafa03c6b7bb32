"""A recorded day read in steps, and the operations that its events tell of."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from app.domain.actor import Actor
from app.domain.event import Event
from app.sources.argocd.source import STREAM, Argocd
from app.sources.contract import Connection, Page

from tests.recordings.replay import Replay, lines
from tests.sources.harness import events_of, run_pass

OVER = {"Succeeded", "Failed", "Error", "Unseen"}


@dataclass
class Shown:
    """One operation as its events tell it."""

    id: str
    application: str
    started: datetime
    phases: list[str] = field(default_factory=list)
    actors: list[Actor] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)
    how: list[str] = field(default_factory=list)

    @property
    def uid(self) -> str:
        return self.id.split("/")[0]

    @property
    def ended(self) -> str | None:
        return next((one for one in self.phases if one in OVER), None)


def fold(events: Sequence[Event]) -> dict[str, Shown]:
    out: dict[str, Shown] = {}
    for event in events:
        if event.type != "operation":
            continue
        key = event.keys.operation or ""
        one = out.setdefault(key, Shown(key, event.keys.application or "", datetime.fromisoformat(key.split("/")[1])))
        one.phases.append(event.status)
        one.how.append(event.how)
        if event.actor:
            one.actors.append(event.actor)
        one.facts = dict(event.facts)
    return out


def begun(recording: Replay) -> datetime:
    """The wall clock at second 0 of the recording."""
    first = next(one for told in recording.recording.answers.values() for answers in told.values() for one in answers)
    return datetime.fromisoformat(first["at"].replace("Z", "+00:00")) - timedelta(seconds=first["t"])


def first_list(recording: Replay) -> float:
    """The second at which the list was first answered."""
    return min(told[0]["t"] for told in recording.recording.answers["/api/v1/applications"].values())


def read_day(folder: str, step: float, memory: dict[str, Any] | None = None) -> tuple[list[Page], Replay, Argocd]:
    """The whole recording, a pass every `step` seconds, and one at its very end. The replay is closed."""
    memory = {} if memory is None else memory
    with Replay(folder, token="recorded") as server:
        zero, t, pages = begun(server), first_list(server), []
        source = Argocd(
            Connection("argocd-a", "argocd", server.url, token="recorded", per_second=10_000), lambda: zero + timedelta(seconds=t)
        )
        while True:
            server.move(t)
            pages += run_pass(source, STREAM, memory, zero + timedelta(seconds=t))
            if t >= server.end:
                break
            t = min(t + step, server.end)
        source.close()
    return pages, server, source


def truth(folder: str) -> list[dict[str, Any]]:
    return lines(folder, "operations")


def operations(pages: Sequence[Page]) -> dict[str, Shown]:
    return fold(events_of(pages))
