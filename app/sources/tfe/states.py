"""States that no run made, from the metadata of state versions: only where the connection opts in to it, and never a state itself.

https://developer.hashicorp.com/terraform/enterprise/api-docs/state-versions#list-state-versions. Of an entry only its number, its
time, its version of Terraform, its run and its maker are taken; addresses that open a state, and what is in it, are dropped unread.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from app.canonical import JSON, MAX_INTEGER, plain
from app.errors import Forbidden, Missing, NotUnderstood, TooLarge
from app.sources.tfe.client import Client
from app.sources.tfe.wire import Resource, forward, moment

BECAUSE = "its metadata names no run: a local apply, a push by hand or a rollback made it"


@dataclass(frozen=True, slots=True)
class State:
    """`by` is the id of the account that made it. `kept` is what is observed of it."""

    id: str
    at: datetime | None
    serial: int | None
    version: str | None
    by: str | None
    kept: dict[str, JSON]


@dataclass(slots=True)
class Found:
    """`made`: states that no run made, oldest first. `newest`: the id to stop at next time."""

    made: list[State] = field(default_factory=list)
    newest: str = ""
    unreadable: list[tuple[str, str]] = field(default_factory=list)


def due(workspace: Resource, known: Mapping[str, Any] | None) -> bool:
    """The workspace names its current state where the token may know it: that it is another one is the sign. Else once a day."""
    current = workspace.one("current-state-version")
    return current is not None and current != (known or {}).get("current")


def read(client: Client, workspace: Resource, name: str, known: Mapping[str, Any] | None) -> Found | None:
    """The states since the newest known one; None where the list may not be read."""
    found, last = Found(), str((known or {}).get("newest", ""))
    try:
        for one in _since(client, name, last):
            found.newest = found.newest or one.id
            state = _state(one)
            if state is None:
                found.unreadable.append(("state-versions.run", f"{one.id}: does not tell whether a run made it"))
            elif not state.kept["run"]:
                found.made.insert(0, state)
    except (Missing, Forbidden):
        return None
    except (NotUnderstood, TooLarge) as error:
        return Found(newest=last, unreadable=[("state-versions", plain(f"{workspace.id}: {error.found}", 300))])
    found.newest = found.newest or last
    return found


def _since(client: Client, name: str, last: str) -> Iterator[Resource]:
    page: int | None = 1
    before: set[str] = set()
    while page:
        document = client.state_versions(name, page)
        before = forward(document, before, page, "the state versions")
        for one in document.data:
            if one.id == last:
                return
            yield one
        page = document.following(page)


def _state(one: Resource) -> State | None:
    relations = one.raw.get("relationships")
    run = relations.get("run") if isinstance(relations, Mapping) else None
    if not isinstance(run, Mapping) or "data" not in run:
        return None
    attributes = one.attributes
    serial, version, status = (attributes.get(key) for key in ("serial", "terraform-version", "status"))
    commit = attributes.get("vcs-commit-sha")
    at = moment(attributes.get("created-at"))
    kept: dict[str, JSON] = {
        "id": one.id,
        "serial": serial if type(serial) is int and 0 <= serial <= MAX_INTEGER else None,
        "created-at": at.isoformat() if at else None,
        "status": plain(status, 60) if isinstance(status, str) else None,
        "terraform-version": plain(version, 60) if isinstance(version, str) else None,
        "vcs-commit-sha": plain(commit, 128) if isinstance(commit, str) else None,
        "run": one.one("run") or (True if run["data"] is not None else None),
        "created-by": one.one("created-by"),
    }
    return State(one.id, at, kept["serial"], kept["terraform-version"], kept["created-by"], kept)
