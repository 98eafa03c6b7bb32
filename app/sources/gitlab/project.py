"""One project, by the number that survives renames and transfers; what it is called now is told when that changes.

Remembered per configured path, in each stream: `project:` its number and the path it had, and since when it could not be seen.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.canonical import plain
from app.domain.event import Event, Step
from app.domain.ref import Ref
from app.errors import Missing
from app.sources.contract import Page
from app.sources.gitlab.client import Client
from app.sources.gitlab.telling import Origin
from app.sources.gitlab.wire import Node, Project, needed_id, read, stamp

SETTINGS = (
    "id",
    "path_with_namespace",
    "default_branch",
    "merge_method",
    "squash_option",
    "only_allow_merge_if_pipeline_succeeds",
    "only_allow_merge_if_all_status_checks_passed",
    "allow_merge_on_skipped_pipeline",
    "only_allow_merge_if_all_discussions_are_resolved",
    "merge_trains_enabled",
    "merge_pipelines_enabled",
)


@dataclass(frozen=True, slots=True)
class Place:
    """`name` as it is configured, `path` as GitLab has it now. `told` is what is to be remembered, `events` what is new of it."""

    name: str
    id: int
    path: str
    project: Project
    settings: Mapping[str, Any]
    told: Mapping[str, Any]
    events: tuple[Event, ...]


def located(client: Client, source: str, name: str, memory: Mapping[str, Any], now: datetime) -> Place:
    """Raises Missing when GitLab knows it neither by its number nor by its path."""
    held = memory.get(f"project:{name}")
    known = held.get("id") if isinstance(held, Mapping) and type(held.get("id")) is int else None
    node = _asked(client, name, known)
    project = read(Project, node)
    number, path = needed_id(project.id, f"the project {name}"), plain(project.path_with_namespace, 300) or name
    former = str(held.get("path") or name) if isinstance(held, Mapping) and known == number else name
    settings = {key: node[key] for key in SETTINGS if key in node}
    gone = str(held.get("lost") or "") if isinstance(held, Mapping) else ""
    event = _event(source, number, path, former, project.default_branch, now, gone)
    told = {f"project:{name}": {"id": number, "path": path}}
    return Place(name, number, path, project, settings, told, (event,) if known != number or path != former or gone else ())


def _asked(client: Client, name: str, known: int | None) -> Node:
    if known is not None:
        try:
            return client.project(known)
        except Missing:
            pass  # deleted, or no longer ours to see; its path may be another project's by now
    return client.project(name)


def _event(source: str, number: int, path: str, former: str, branch: str | None, now: datetime, gone: str) -> Event:
    """A move that changes the last part only is a rename, one that changes the group a transfer. `gone`: since when, till now."""
    status = "seen"
    if path.lower() != former.lower():
        status = "renamed" if path.rpartition("/")[0].lower() == former.rpartition("/")[0].lower() else "transferred"
    because = f"it can be seen again; it could not since {gone}" if gone else None
    facts = {"name": path, "former": former if status != "seen" else None, "default_branch": branch, "because": because}
    return _of(source, number, path, status, facts, now, former, path, *([gone] if gone else []))


def lost(source: str, name: str, memory: Mapping[str, Any], because: str, now: datetime) -> Page:
    """A project that was seen before and cannot be seen any more; told once, until it is seen again."""
    key = f"project:{name}"
    held = memory.get(key)
    if not isinstance(held, Mapping) or type(held.get("id")) is not int or held.get("lost"):
        return Page()
    path, since = str(held.get("path") or name), stamp(now)
    facts = {"name": path, "former": None, "default_branch": None, "because": plain(because)}
    event = _of(source, held["id"], path, "unavailable", facts, now, str(since))
    return Page(events=[event], remember={key: {**held, "lost": since}})


def _of(source: str, number: int, path: str, status: str, facts: Mapping[str, Any], now: datetime, *more: str) -> Event:
    ref = Ref("repository", str(number), path)
    return Origin(source, path, now).event("repository", ref, Step.NOTED, status, now, *more, facts=facts)
