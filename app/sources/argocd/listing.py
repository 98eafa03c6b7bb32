"""The list of applications: one answer, or one for each project where the whole is refused for its size; and who is due.

What the list shows of an application is compared with what it showed before. A revision that moved while the application
stayed Synced is no news of it: in a repository of many applications every commit moves all of them. It is noted as the level
at which it last compared equal, and the application is not read.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

import msgspec

from app.canonical import digest, plain
from app.errors import Forbidden, NotUnderstood, SourceError, Throttled, TooLarge
from app.sources.argocd import wire
from app.sources.argocd.client import Client
from app.sources.argocd.names import askable, instant
from app.sources.argocd.terms import OUT_OF_SYNC, SYNCED

SWEEP = timedelta(hours=1)
FEWEST = 5  # applications that every pass may read although nothing is new of them
SHARES = 60  # passes over which such readings are spread
WATCH = timedelta(
    minutes=5
)  # how often one that differs, or does not tell, is read whole: its list line shows neither what nor why
WATCHERS = 250  # of so many applications one may be read for that in a pass
TOLD_BY_SOME = (8, 9, 10)  # positions in `seen` that not every server's list tells: images, hydration, revision
SYNC, REVISION = 6, 10


@dataclass(frozen=True, slots=True)
class Listed:
    """One line of the list. `seen` is what is compared between passes."""

    key: str
    name: str
    namespace: str
    project: str | None
    seen: list[str]


@dataclass(slots=True)
class Found:
    """`items` as they came; `shards` the projects asked for one by one, empty where one answer held all; `failed` those refused."""

    items: list[Any] = field(default_factory=list)
    shards: list[str] = field(default_factory=list)
    failed: dict[str, SourceError] = field(default_factory=dict)
    unknown: list[tuple[str, str]] = field(default_factory=list)


class Glance(msgspec.Struct):
    """Of what is remembered of an application, as much as says whether to read it."""

    seen: list[str] = []
    read: str = ""
    project: str = ""
    unsettled: bool = False
    synced: list[str] = []
    sync: str = ""
    blind: Any = None

    @property
    def watched(self) -> bool:
        return self.sync == OUT_OF_SYNC or self.blind is not None


def find(client: Client, memory: Mapping[str, Any], everything: bool) -> Found:
    """Raises SourceError when there is no list at all. Once refused for size, the whole is tried again with `everything` only."""
    if memory.get("shards") and not everything:
        return _by_project(client, memory)
    try:
        return Found(wire.items_of(client.applications().body, "the list of applications"))
    except (TooLarge, Throttled) as error:
        if not refused_for_size(error):
            raise
        found = _by_project(client, memory)
        if not found.shards:
            raise
        return found


def refused_for_size(error: SourceError) -> bool:
    """Over our own limit, or over the server's: gRPC's ResourceExhausted, which its gateway answers as 429."""
    words = error.says.lower()
    return isinstance(error, TooLarge) or "larger than max" in words or "resourceexhausted" in words.replace(" ", "")


def _by_project(client: Client, memory: Mapping[str, Any]) -> Found:
    found = Found()
    found.shards = _projects(client, memory, found.unknown)
    for project in found.shards:
        try:
            found.items += wire.items_of(client.applications([project]).body, f"the applications of project {project}")
        except (TooLarge, Forbidden, NotUnderstood) as error:
            found.failed[project] = error
    return found


def _projects(client: Client, memory: Mapping[str, Any], unknown: list[tuple[str, str]]) -> list[str]:
    """Those that the settings name; else those that the token may see, and those of applications that are remembered."""
    if client.connection.projects:
        return list(client.connection.projects)
    glances = (glance(value) for key, value in memory.items() if key.startswith("application/"))
    names = {one.project for one in glances if one and one.project}
    try:
        for item in wire.items_of(client.projects().body, "the list of projects"):
            name = (item.get("metadata") or {}).get("name") if isinstance(item, Mapping) else None
            if isinstance(name, str) and askable(name):
                names.add(name)
    except (Forbidden, NotUnderstood) as error:
        unknown.append(("projects", f"cannot be listed, so applications of a new project are not seen: {plain(str(error), 300)}"))
    return sorted(names)


def glance(value: Any) -> Glance | None:
    try:
        return msgspec.convert(value, Glance) if isinstance(value, dict) else None
    except msgspec.ValidationError:
        return None


def listed(items: Sequence[Any], unknown: list[tuple[str, str]]) -> Iterator[Listed]:
    """Each application of the list; what is none, or cannot be asked for, is told in `unknown`."""
    for item in items:
        try:
            app = wire.read(item, wire.Application, "an application in the list")
        except NotUnderstood as error:
            unknown.append(("application", plain(str(error), 500)))
            continue
        space, name = app.metadata.namespace or "", app.metadata.name
        project = app.spec.project if app.spec else None
        if askable(name) and (not space or askable(space)):
            yield Listed(key_of(space, name), name, space, project if project and askable(project) else None, seen_of(app))
        else:
            unknown.append(("application", f"{plain(name, 200)!r} cannot be asked for: Kubernetes has no such names"))


def key_of(namespace: str | None, name: str) -> str:
    return f"application/{quote(namespace or '')}/{quote(name)}"


def seen_of(app: wire.Application) -> list[str]:
    """What the list shows of an application, from the list or from the application itself, in the order of `SYNC`, `REVISION`."""
    status = app.status or wire.Status()
    state, sync, health = status.operation_state or wire.OperationState(), status.sync or wire.SyncStatus(), status.health
    images = sorted(one for one in (status.summary.images if status.summary else None) or [])
    shown = [
        app.metadata.creation_timestamp,
        app.metadata.deletion_timestamp,
        "requested" if app.operation and app.operation.sync else "",
        state.started_at,
        state.finished_at,
        state.phase,
        sync.status,
        health.status if health else "",
        digest("\n".join(images).encode("utf-8", "replace"))[7:23] if images else "",
        _hydration(status.source_hydrator),
        sync.revision,
    ]
    return [plain(one, 100) for one in shown]


def _hydration(status: wire.Hydration | None) -> str:
    done, now = (status.last_successful_operation, status.current_operation) if status else (None, None)
    parts = [done.dry_sha if done else "", done.hydrated_sha if done else "", now.phase if now else "", now.dry_sha if now else ""]
    return digest("\n".join(one or "" for one in parts).encode("utf-8", "replace"))[7:23] if any(parts) else ""


def changed(before: Sequence[str], now: Sequence[str]) -> str:
    """`""`, `revision` where nothing but the compared revision moved, else `more`. What this list does not tell is no change."""
    if len(before) != len(now):
        return "more"
    odd = [i for i, (old, new) in enumerate(zip(before, now, strict=True)) if old != new and (new or i not in TOLD_BY_SOME)]
    return "" if not odd else "revision" if odd == [REVISION] else "more"


@dataclass(slots=True)
class Due:
    """`read`: the applications to read whole, with why; `levels`: revision → keys of those that compared equal at it since."""

    read: list[tuple[Listed, str]]
    levels: dict[str, list[str]]


def due(memory: Mapping[str, Any], lines: Sequence[Listed], now: datetime, everything: bool) -> Due:
    """New, changed and unsettled applications; and a share of those not read for an hour, or waiting at a moved revision; and a
    share of those that differ, or do not tell, and were not read for five minutes."""
    out, slow, watched = Due([], {}), [], []
    levels = levels_of(memory)
    for one in lines:
        seen = glance(memory.get(one.key))
        news = "new" if seen is None else changed(seen.seen, one.seen)
        level = levels.get(one.key)
        if seen is not None and one.seen[SYNC] == SYNCED and len(seen.synced) == 3 and one.seen[REVISION]:
            level = one.seen[REVISION]
        if seen is None or everything or seen.unsettled or news == "more":
            out.read.append((one, news if news in {"new", "more"} else "unsettled" if seen and seen.unsettled else "sweep"))
        elif news == "revision" and one.seen[SYNC] != SYNCED:
            slow.append((datetime.min.replace(tzinfo=now.tzinfo), one))
        elif (read := _read(seen, now)) < now - SWEEP * jitter(one.key):
            slow.append((read, one))
        elif seen.watched and now - read > WATCH * jitter(one.key):
            watched.append((read, one))
        if level and not (seen and seen.synced and seen.synced[-1] == level):
            out.levels.setdefault(level, []).append(one.key)
    slow.sort(key=lambda pair: (pair[0], pair[1].key))
    out.read += [(one, "sweep") for _, one in slow[: max(FEWEST, len(lines) // SHARES)]]
    watched.sort(key=lambda pair: (pair[0], pair[1].key))
    out.read += [(one, "watch") for _, one in watched[: max(FEWEST, len(lines) // WATCHERS)]]
    return out


def _read(seen: Glance, now: datetime) -> datetime:
    """When it was read; long ago where that is not told, or where the clock was set back since."""
    at = instant(seen.read)
    return at if at and at <= now else now - 2 * SWEEP


def jitter(key: str) -> float:
    """0.75 to 1, the same for the same application: readings of a fleet that was met at once drift apart."""
    return 0.75 + int(digest(key.encode())[7:11], 16) / 0xFFFF / 4


def levels_of(memory: Mapping[str, Any]) -> dict[str, str]:
    """Key of an application → the revision at which the list last showed it Synced, where it was not read whole since."""
    try:
        told = msgspec.convert(memory.get("levels") or {}, dict[str, list[str]])
    except msgspec.ValidationError:
        return {}
    return {key: revision for revision, keys in told.items() for key in keys}
