"""What stands around a workspace, asked for once a day: which applies start its runs, and who may read its state.

https://developer.hashicorp.com/terraform/enterprise/api-docs/run-triggers and …/workspaces#get-remote-state-consumers. Neither is
in the list of workspaces, and neither has a history.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from app.canonical import JSON, plain
from app.errors import Forbidden, NotUnderstood, TooLarge
from app.sources.tfe.client import Client
from app.sources.tfe.wire import Document, Resource, moment

EVERY = timedelta(hours=24)
LOOKS = 10  # workspaces in one pass: with a pass every five minutes, some 2,800 a day


@dataclass(frozen=True, slots=True)
class Around:
    """`kept` is what to remember: `at` of this look, and each setting that was told; `unreadable` what could not be understood."""

    kept: dict[str, JSON]
    unreadable: tuple[tuple[str, str], ...] = ()

    @property
    def settings(self) -> dict[str, JSON]:
        return {name: value for name, value in self.kept.items() if name != "at"}


def due(known: Mapping[str, Any] | None, now: datetime) -> bool:
    at = moment((known or {}).get("at"))
    return at is None or now - at >= EVERY


def look(client: Client, workspace: Resource, known: Mapping[str, Any] | None, now: datetime) -> Around:
    """What is not told (404, or not understood) stays as it was known. A state that the whole organization may read has no list."""
    kept: dict[str, JSON] = {**(known or {}), "at": now.isoformat()}
    odd: list[tuple[str, str]] = []
    asks: dict[str, tuple[Callable[[str], Document | None], Callable[[Resource], str]]] = {
        "run_triggers": (client.run_triggers, _source)
    }
    if workspace.attributes.get("global-remote-state") is not True:
        asks["remote_state_consumers"] = (client.state_consumers, _name)
    for name, (ask, named) in asks.items():
        try:
            document = ask(workspace.id)
        except (NotUnderstood, Forbidden, TooLarge) as error:
            odd.append((f"workspaces.{name}", plain(f"{workspace.id}: {error.found}", 300)))
            continue
        if document is not None:
            kept[name] = sorted({named(one) for one in document.data})
    return Around(kept, tuple(odd))


def _source(trigger: Resource) -> str:
    name = trigger.attributes.get("sourceable-name")
    return plain(name, 200) if isinstance(name, str) and name else trigger.one("sourceable") or trigger.id


def _name(workspace: Resource) -> str:
    name = workspace.attributes.get("name")
    return plain(name, 200) if isinstance(name, str) and name else workspace.id
