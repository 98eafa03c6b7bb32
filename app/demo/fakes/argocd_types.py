"""What the fake Argo CD keeps: applications, their resources, operations, history and announcements."""

import hashlib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

JSON = dict[str, Any]
NAMESPACE = "argocd"  # Argo CD's own
MESSAGE = "successfully synced (all tasks run)"


def made_id(*parts: object) -> str:
    """A uid, the same for the same parts."""
    return str(uuid.UUID(bytes=hashlib.sha256("/".join(map(str, parts)).encode()).digest()[:16], version=4))


def stamp(at: datetime) -> str:
    """Whole seconds, as Kubernetes writes times."""
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")


RESYNC = timedelta(minutes=3)


@dataclass
class SourceState:
    repository: str  # a URL, as people write it
    path: str = ""
    target_revision: str = "main"
    revision: str = ""  # what the target stands at now
    chart: str = ""
    helm: JSON | None = None
    ref: str = ""  # by which other sources name its files

    def json(self) -> JSON:
        out: JSON = {"repoURL": self.repository, "path": self.path, "targetRevision": self.target_revision}
        if self.chart:
            out = {"repoURL": self.repository, "chart": self.chart, "targetRevision": self.target_revision}
        return out | ({"helm": self.helm} if self.helm else {}) | ({"ref": self.ref} if self.ref else {})


@dataclass
class Refreshes:
    """When an ExternalSecret was last read from its store: at `at`, then every so often, until its store refuses it."""

    at: datetime
    every: timedelta | None
    fails_since: datetime | None = None

    def status(self, now: datetime) -> JSON:
        until = min(now, self.fails_since or now)
        rounds = max(0, int((until - self.at) / self.every)) if self.every else 0
        last = self.at + (rounds * self.every if self.every else timedelta())
        ready = {"type": "Ready", "status": "True", "reason": "SecretSynced", "message": "secret synced"}
        if self.fails_since and self.fails_since <= now:
            ready |= {"status": "False", "reason": "SecretSyncedError", "message": "could not get secret data from provider"}
        return {"refreshTime": stamp(last), "syncedResourceVersion": "1-00c0ffee", "conditions": [ready]}


@dataclass
class Write:
    """What one program owns of an object: an entry of `managedFields`."""

    manager: str
    at: datetime
    paths: set[tuple[str, ...]]
    subresource: str | None = None


@dataclass
class ResourceState:
    kind: str
    name: str
    group: str = ""
    namespace: str = ""
    status: str = "OutOfSync"
    health: str = "Healthy"
    wave: int | None = None
    exists: bool = False
    undeclared: bool = False  # Git declares it no more, or never did: it waits to be pruned
    writes: list[Write] = field(default_factory=list)
    mutates: dict[str, Any] = field(default_factory=dict)  # what a webhook changes on admission: path → value
    created_at: datetime | None = None
    version: int = 1
    live: JSON = field(default_factory=dict)
    declared: JSON = field(default_factory=dict)
    observed: JSON = field(default_factory=dict)  # what controllers wrote to it (`status`), whoever deploys it
    refreshes: Refreshes | None = None

    def named(self) -> JSON:
        return {"group": self.group, "kind": self.kind, "name": self.name, "namespace": self.namespace}


@dataclass
class HookState:
    """A Job that runs in a phase of its own: PreSync, PostSync or SyncFail."""

    name: str
    phase: str
    wave: int | None = None
    kind: str = "Job"


@dataclass
class OperationState:
    """The one slot. `sync` and `initiated_by` are what its record shows; `asked` is what the request itself carried."""

    sync: JSON
    initiated_by: JSON
    asked: JSON
    started_at: datetime
    phase: str = "Running"
    message: str = ""
    finished_at: datetime | None = None
    retry_count: int = 0
    result: JSON | None = None
    info: list[JSON] = field(default_factory=list)

    @property
    def over(self) -> bool:
        return self.phase in {"Succeeded", "Failed", "Error"}


@dataclass
class AnnouncementState:
    """A Kubernetes event about an application."""

    uid: str
    name: str
    version: int
    at: datetime
    reason: str
    message: str
    user: str | None
    application: str
    normal: bool = True


@dataclass(kw_only=True)
class ApplicationState:
    name: str
    project: str
    sources: list[SourceState]
    server: str
    cluster: str | None
    target_namespace: str
    created_at: datetime
    uid: str
    namespace: str = NAMESPACE
    auto_sync: bool = False
    self_heal: bool = False
    prune: bool = False
    revision_history_limit: int | None = None
    several: bool = False
    resources: list[ResourceState] = field(default_factory=list)
    operation: OperationState | None = None
    requested: JSON | None = None  # `.operation`: asked for, or running
    queued: OperationState | None = None  # asked for, and not yet taken up
    window_closed: bool = False  # a sync window of its project forbids syncs
    hooks: list[HookState] = field(default_factory=list)
    history: list[JSON] = field(default_factory=list)
    sync: str = "OutOfSync"
    compared: list[str] = field(default_factory=list)  # the revisions live was compared with
    compared_sources: list[JSON] = field(default_factory=list)
    health: str = "Missing"
    health_at: datetime | None = None
    reconciled_at: datetime | None = None
    generation: int = 1
    version: int = 1
    conditions: list[JSON] = field(default_factory=list)
    frozen: bool = False  # skip-reconcile
    stalled: bool = False  # the controller does not get to it
    announcements: list[AnnouncementState] = field(default_factory=list)
    deleting_at: datetime | None = None
    heals: int = 0
    owner: tuple[str, str] | None = None  # name and uid of the ApplicationSet that made it
    hydrator: Any = None  # a HydratorState, where its manifests are rendered into a branch of their own
    images: list[str] = field(default_factory=list)  # what runs, as the summary tells
    extra: JSON = field(default_factory=dict)  # merged over the answer: for what no story would tell

    @property
    def key(self) -> str:
        return self.name if self.namespace == NAMESPACE else f"{self.namespace}/{self.name}"

    @property
    def revisions(self) -> list[str]:
        return [one.revision for one in self.sources]

    @property
    def deployed(self) -> list[str]:
        """The revisions of the last history entry."""
        return revisions_of(self.history[-1]) if self.history else []

    def resyncs(self, now: datetime) -> int:
        """How often it was compared with Git, with no news, since the last comparison that had some."""
        since = None if self.frozen or self.stalled or self.reconciled_at is None else self.reconciled_at
        return max(0, int((now - since) / RESYNC)) if since else 0

    def settle_resyncs(self, now: datetime) -> None:
        """Those until now are over, and were written down."""
        many = self.resyncs(now)
        self.generation += many
        self.reconciled_at = self.reconciled_at and self.reconciled_at + many * RESYNC

    def resource(self, name: str) -> ResourceState:
        """Raises KeyError for one it does not have."""
        for one in self.resources:
            if one.name == name:
                return one
        raise KeyError(f"{self.name} has no resource {name}")


def revisions_of(entry: Mapping[str, Any]) -> list[str]:
    return list(entry.get("revisions") or ([entry["revision"]] if entry.get("revision") else []))


@dataclass
class CommitState:
    sha: str
    author: str
    message: str
    date: datetime
    references: list[JSON] = field(default_factory=list)  # commits that its trailers name


@dataclass
class Failure:
    status: int
    left: int
    path: str
    headers: Mapping[str, str]
    body: str | None


HOUR = timedelta(hours=1)
