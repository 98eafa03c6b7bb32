"""One pass over the workspaces: a snapshot of each, and an event when its settings are not what they were.

Workspace settings have no history in this API (who switched auto-apply on is not known); only comparing snapshots tells.
https://developer.hashicorp.com/terraform/enterprise/api-docs/workspaces
"""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from app.canonical import JSON, plain, stable_id
from app.domain.actor import unknown
from app.domain.event import Event, Keys, Step
from app.domain.ref import Ref
from app.sources.contract import Connection, Observation, Page, Task
from app.sources.tfe import wire
from app.sources.tfe.client import Client
from app.sources.tfe.strip import observe
from app.sources.tfe.wire import Resource, moment, read

SETTINGS = (
    "auto_apply",
    "auto_apply_run_trigger",
    "execution_mode",
    "terraform_version",
    "working_directory",
    "speculative_enabled",
    "queue_all_runs",
    "file_triggers_enabled",
    "assessments_enabled",
    "allow_destroy_plan",
)


def pages(client: Client, connection: Connection, task: Task) -> Iterator[Page]:
    """A page for each page of the list. Raises Missing when the organization is not there."""
    met: set[str] = set()
    unreadable = 0
    for document in client.every_workspace():
        met |= {one.id for one in document.data}
        unreadable += document.unreadable
        yield _page(document, connection, task)
    if unreadable:  # which they are is not told, so none can be said to be gone
        return
    gone = [key for key in task.memory if key.startswith("workspace:") and key.removeprefix("workspace:") not in met]
    events = [_vanished(key.removeprefix("workspace:"), task.memory[key], connection, task) for key in gone]
    if gone:
        yield Page(events=events, remember=dict.fromkeys(gone), seen=len(gone))


def _page(document: wire.Document, connection: Connection, task: Task) -> Page:
    observations: list[Observation] = []
    events: list[Event] = []
    remember: dict[str, Any] = {}
    unknown_values = [("workspaces", "a member without an id")] * document.unreadable
    for one in document.data:
        settings, repository, wrong = settings_of(one)
        unknown_values += [(f"workspaces.{name}", "wrong type") for name in wrong]
        unknown_values += _untimed(one)
        before = task.memory.get(f"workspace:{one.id}")
        if before == settings:
            continue
        seen = observe(f"workspace/{one.id}", f"{connection.url.rstrip('/')}/api/v2/workspaces/{one.id}", one.raw, task.now)
        observations.append(seen)
        remember[f"workspace:{one.id}"] = settings
        events.append(_told(one, settings, before, repository, connection, task, seen.digest))
    return Page(observations=observations, events=events, remember=remember, unknown=unknown_values, seen=len(document.data))


def _untimed(workspace: Resource) -> Iterator[tuple[str, str]]:
    for name in ("created-at", "updated-at"):
        text = workspace.attributes.get(name)
        if isinstance(text, str) and moment(text) is None:
            yield (f"workspaces.{name}", plain(text, 64))


def settings_of(workspace: Resource) -> tuple[dict[str, JSON], str | None, list[str]]:
    """The settings that controls rest on, the repository, and the attributes whose type was wrong. No secrets among them."""
    found, wrong = read(wire.WorkspaceAttributes, workspace.attributes)
    vcs = found.vcs_repo or {}
    repository = vcs.get("identifier")
    settings: dict[str, JSON] = {name: _value(getattr(found, name)) for name in SETTINGS}
    settings["name"] = plain(found.name, 200) or workspace.id
    settings["repository"] = plain(repository, 300) if isinstance(repository, str) else None
    branch = vcs.get("branch")
    settings["branch"] = plain(branch, 300) if isinstance(branch, str) else None
    return settings, settings["repository"], wrong


def _value(value: object) -> JSON:
    return plain(value, 300) if isinstance(value, str) else value


def _told(
    one: Resource,
    settings: dict[str, JSON],
    before: dict[str, JSON] | None,
    repository: str | None,
    connection: Connection,
    task: Task,
    digest: str,
) -> Event:
    """First sight, or what changed since the last look: `updated-at` dates it when it lies between the two."""
    changed = sorted(name for name in settings if before is not None and before.get(name) != settings[name])
    found, _ = read(wire.WorkspaceAttributes, one.attributes)
    at = moment(found.updated_at if before else found.created_at) or task.now
    status = "changed" if before else "created"
    return Event(
        id=stable_id(connection.name, "workspace", one.id, status, digest if before else ""),
        source=connection.name,
        kind="tfe",
        type="workspace",
        step=Step.NOTED,
        status=status,
        ref=_ref(one.id, str(settings["name"]), connection),
        occurred_at=at,
        observed_at=task.now,
        actor=unknown("the server keeps no history of who changes a workspace"),
        keys=Keys(repository=repository, workspace=str(settings["name"])),
        facts={**settings, "changed": changed},
        observation=digest,
    )


def _vanished(key: str, settings: dict[str, JSON], connection: Connection, task: Task) -> Event:
    name = str(settings.get("name", key))
    return Event(
        id=stable_id(connection.name, "workspace", key, "unavailable", task.now.date().isoformat()),
        source=connection.name,
        kind="tfe",
        type="workspace",
        step=Step.NOTED,
        status="unavailable",
        ref=_ref(key, name, connection),
        occurred_at=task.now,
        observed_at=task.now,
        actor=unknown("it was deleted, or is no longer visible to the token"),
        keys=Keys(workspace=name),
        facts={},
    )


def _ref(key: str, name: str, connection: Connection) -> Ref:
    parts = (connection.organization or "", "workspaces", name)
    return Ref("workspace", key, name, f"{connection.url.rstrip('/')}/app/" + "/".join(quote(p, safe="") for p in parts))
