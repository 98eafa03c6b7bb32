"""The state of the fake Argo CD: what was done to it, at the times it is told, and what that leaves behind.

Argo CD's own rules are kept: a heal and a selective sync leave no history entry, an operation wipes the record of the one
before, history keeps `revision_history_limit` entries, announcements live an hour. Acts raise ValueError where Argo CD refuses.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from app import clock
from app.demo.fakes.argocd_objects import differs, leaves, write
from app.demo.fakes.argocd_operations import Operations
from app.demo.fakes.argocd_sets import SetState
from app.demo.fakes.argocd_types import (
    HOUR,
    JSON,
    NAMESPACE,
    AnnouncementState,
    ApplicationState,
    CommitState,
    Failure,
    ResourceState,
    SourceState,
    made_id,
)

TOKEN = "argocd-demo-token"
SERVER = "https://kubernetes.default.svc"


class ArgocdState(Operations):
    """What the fake serves, and its knobs: `throttle()`, `fail_next()`, `rights`, `hidden`, `version`, `tick()`.

    `now` is the fake's clock: announcements older than `event_ttl` before it are gone. `rights` are what the token may do;
    projects in `hidden` are not shown to it.
    """

    def __init__(
        self,
        now: Callable[[], datetime] = clock.now,
        *,
        token: str = TOKEN,
        version: str = "v3.5.1+fake",
        event_ttl: timedelta = HOUR,
        seed: int = 1,
    ) -> None:
        self.now, self.token, self.version, self.event_ttl, self.seed = now, token, version, event_ttl, seed
        self.applications: dict[str, ApplicationState] = {}
        self.commits: dict[str, CommitState] = {}
        self.charts: dict[str, JSON] = {}  # `chart version` → its details
        self.artifacts: dict[str, JSON] = {}  # digest → its metadata
        self.sets: dict[str, SetState] = {}
        self.clusters: dict[str, str] = {SERVER: "in-cluster"}  # address → name
        self.rights = {"get"}
        self.hidden: set[str] = set()
        self.announces = True
        self.refreshed: list[str] = []  # applications that a reader made Argo CD write to
        self.largest: int | None = None  # a list of more applications is over the server's message size
        self.requests: list[tuple[str, str]] = []  # path and query of each
        self.failures: list[Failure] = []
        self.scheduled: list[tuple[datetime, Callable[[], None]]] = []
        self.restart(now())
        self.listeners: list[Any] = []  # readers of the stream, each with `feed(type, application)`
        self.streams = 0  # how often the stream was asked for and given
        self.cuts = 0
        self.server_sent = True  # False: something between takes the wish for server-sent events out
        self.keep_alive: float | None = 15.0  # seconds; None: the stream falls silent
        self.stream_error: JSON | None = None  # ends the stream as gRPC gateway does
        self.lock = threading.RLock()
        self.serial = 700

    # ---- what Git and people do outside operations

    def add_application(
        self,
        name: str,
        *,
        project: str,
        repository: str,
        path: str,
        at: datetime,
        revision: str,
        destination: str = "prod-eu/default",
        by: str | None = "alice",
        auto_sync: bool = False,
        self_heal: bool = False,
        prune: bool = False,
        revision_history_limit: int | None = None,
        target_revision: str = "main",
        resources: Sequence[tuple[str, str]] = (),
        more_sources: Sequence[SourceState] = (),
        helm: JSON | None = None,
        namespace: str = NAMESPACE,
    ) -> ApplicationState:
        """`destination` is `cluster/namespace`; an empty cluster is Argo CD's own. `by` None: an ApplicationSet made it.

        It stands in `applications` under its name, outside of Argo CD's own namespace under `namespace/name`.
        """
        with self.lock:
            cluster, _, space = destination.partition("/")
            app = ApplicationState(
                name=name,
                project=project,
                sources=[SourceState(repository, path, target_revision, revision, helm=helm), *more_sources],
                several=bool(more_sources),
                server="" if cluster else SERVER,
                cluster=cluster or None,
                target_namespace=space,
                created_at=at,
                uid=made_id(self.seed, name if namespace == NAMESPACE else f"{namespace}/{name}", at),
                namespace=namespace,
                auto_sync=auto_sync,
                self_heal=self_heal,
                prune=prune,
                revision_history_limit=revision_history_limit,
                resources=[
                    ResourceState(kind, one, group_of(kind), space)
                    for kind, one in resources or [("ConfigMap", f"{name}-config"), ("Deployment", name)]
                ],
            )
            self.applications[app.key] = app
            if by:
                self.announce(app, at, "ResourceCreated", f"{by} created application", by)
            self.compare(app, at, "OutOfSync")
            self.turn_health(app, "Missing", at)
            return app

    def add_set(self, name: str, *, project: str, repository: str, at: datetime, steps: Sequence[str] = ()) -> SetState:
        """An ApplicationSet; what it makes is added with `owned`."""
        with self.lock:
            self.sets[name] = SetState(name, project, repository, made_id(self.seed, "set", name, at), at, steps=steps)
            return self.sets[name]

    def owned(self, owner: SetState, app: ApplicationState, at: datetime, *, step: int = 0) -> None:
        """`owner` made the application."""
        with self.lock:
            app.owner = (owner.name, owner.uid)
            owner.members.append(app.name)
            if step:
                owner.turn(app.name, "Waiting", step, at)
            self._of_set(owner, at, "created", f'created Application "{app.name}"')

    def disowned(self, owner: SetState, app: ApplicationState, at: datetime) -> None:
        """`owner` makes it no more, and takes it away."""
        with self.lock:
            owner.members.remove(app.name)
            owner.standing.pop(app.name, None)
            self.applications.pop(app.key, None)
            self._of_set(owner, at, "Deleted", f'Deleted Application "{app.name}"')

    def _of_set(self, owner: SetState, at: datetime, reason: str, message: str) -> None:
        self.serial += 1
        uid, name = made_id(self.seed, owner.uid, self.serial), f"{owner.name}.{self.serial:016x}"
        owner.announcements.append(AnnouncementState(uid, name, self.serial, at, reason, message, None, owner.uid))

    def commit(self, sha: str, *, at: datetime, author: str, message: str, references: Sequence[JSON] = ()) -> None:
        """A commit that Argo CD can tell about when it is asked. `references`: commits that its trailers name."""
        self.commits[sha] = CommitState(sha, author, message, at, list(references))

    def hydrate(self, app: ApplicationState, dry: str, hydrated: str, at: datetime, *, failure: str = "") -> None:
        """The hydrator renders `dry` into `hydrated`, in five seconds; where that is the branch that is synced, it moves."""
        with self.lock:
            app.hydrator.begin(dry, at)
            app.hydrator.end(hydrated, at + timedelta(seconds=5), failure)
            self.touch(app)
        if not failure and not app.hydrator.staged:
            self.push(app.sources[0].repository, hydrated, at + timedelta(seconds=6), paths=[app.sources[0].path])

    def push(self, repository: str, revision: str, at: datetime, *, paths: Sequence[str] | None = None) -> list[ApplicationState]:
        """A branch moved. Applications whose path is among `paths` (None: all) are now behind; the others only compare anew."""
        touched = []
        with self.lock:
            for app in self.applications.values():
                moved = [one for one in app.sources if one.repository == repository and not one.chart]
                for one in moved:
                    one.revision = revision
                if moved and (paths is None or any(one.path in paths for one in moved)):
                    for item in app.resources:
                        item.status = "OutOfSync"
                        item.declared = {**item.declared, "data": {**item.declared.get("data", {}), "revision": revision[:12]}}
                    touched.append(app)
                    self.compare(app, at, "OutOfSync")
                elif moved:
                    self.compare(app, at, app.sync)
        return touched

    def edit(
        self, app: ApplicationState, resource: str, at: datetime, *, manager: str = "kubectl-edit", live: JSON | None = None
    ) -> None:
        """Somebody changes a live object by hand. Argo CD notices; nobody is named. For single fields see `argocd_drift`."""
        with self.lock:
            one, written = app.resource(resource), live or {"data": {"changed": "by hand"}}
            one.exists, one.live = True, {**one.declared, **written}
            write(one, leaves(written), manager, at)
            self.noticed(app, at)

    def restore(self, app: ApplicationState, resource: str, at: datetime) -> None:
        """The hand edit is undone by hand."""
        with self.lock:
            one = app.resource(resource)
            one.live = dict(one.declared)
            write(one, (), "kubectl-edit", at)
            self.noticed(app, at)

    def noticed(self, app: ApplicationState, at: datetime, *, fetched: bool = False) -> None:
        """Argo CD compares what lives with what is declared, and if `fetched` with Git; not while it is frozen or stalled."""
        if app.frozen or app.stalled:
            return
        for one in app.resources:
            one.status = "OutOfSync" if differs(one) else "Synced"
        whole = all(one.status == "Synced" for one in app.resources)
        sync = app.sync if app.sync == "Unknown" else "Synced" if whole else "OutOfSync"
        if fetched:
            self.compare(app, at, sync)
        else:
            self._turn(app, sync, at)

    def incomparable(
        self, app: ApplicationState, at: datetime, why: str = "Failed to load target state: connection refused"
    ) -> None:
        """The comparison fails: the sync status is Unknown."""
        with self.lock:
            app.conditions = [{"type": "ComparisonError", "message": why}]
            self._turn(app, "Unknown", at)

    def comparable(self, app: ApplicationState, at: datetime) -> None:
        with self.lock:
            app.conditions = []
            self._turn(app, "Synced" if all(one.status == "Synced" for one in app.resources) else "OutOfSync", at)

    def change(
        self, app: ApplicationState, at: datetime, user: str | None, *, auto_sync: bool | None = None,
        self_heal: bool | None = None, target_revision: str | None = None, helm: JSON | None = None,
    ) -> None:  # fmt: skip
        """The specification is changed; `user` None: with kubectl, which announces nobody."""
        with self.lock:
            app.auto_sync = app.auto_sync if auto_sync is None else auto_sync
            app.self_heal = app.self_heal if self_heal is None else self_heal
            app.sources[0].target_revision = target_revision or app.sources[0].target_revision
            app.sources[0].helm = helm or app.sources[0].helm
            self.touch(app)
            if user:
                self.announce(app, at, "ResourceUpdated", f"{user} updated application spec", user)

    def delete(self, app: ApplicationState, at: datetime, user: str = "bob", *, finalizing: bool = False) -> None:
        """`finalizing`: it still stands for a while with a deletion time; `delete` it again to have it gone."""
        with self.lock:
            if app.deleting_at is None:
                app.deleting_at = at
                self.announce(app, at, "ResourceDeleted", f"{user} deleted application", user)
                self._feed("MODIFIED", app)
            if not finalizing and app.key in self.applications:
                del self.applications[app.key]
                self._feed("DELETED", app)

    def recreate(self, app: ApplicationState, at: datetime, by: str | None = "alice") -> ApplicationState:
        """The same name, a new object: a new uid, no history, no announcements."""
        with self.lock:
            if app.key in self.applications:
                del self.applications[app.key]
                self._feed("DELETED", app)
            first = app.sources[0]
            return self.add_application(
                app.name, project=app.project, repository=first.repository, path=first.path, at=at, revision=first.revision,
                destination=f"{app.cluster or ''}/{app.target_namespace}", by=by, auto_sync=app.auto_sync, self_heal=app.self_heal,
                resources=[(one.kind, one.name) for one in app.resources], more_sources=app.sources[1:],
                namespace=app.namespace,
            )  # fmt: skip

    def drop_history(self, app: ApplicationState, n: int) -> None:
        """The oldest `n` entries leave the history, as if as many syncs more had pushed them out."""
        with self.lock:
            app.history = app.history[n:]
            self.touch(app)

    # ---- how things stand

    def announce(
        self, app: ApplicationState, at: datetime, reason: str, message: str, user: str | None = None, *, normal: bool = True
    ) -> None:
        """A Kubernetes event about the application."""
        self.serial += 1
        if self.announces:
            nanoseconds = int(at.timestamp()) * 10**9 + self.serial % 10**9
            uid, name = made_id(self.seed, app.uid, self.serial), f"{app.name}.{nanoseconds:016x}"
            app.announcements.append(AnnouncementState(uid, name, self.serial, at, reason, message, user, app.uid, normal))

    def heard(self, app: ApplicationState) -> list[AnnouncementState]:
        """What is still kept of its announcements."""
        since = self.now() - self.event_ttl
        return [one for one in app.announcements if one.at >= since and one.application == app.uid]

    def touch(self, app: ApplicationState) -> None:
        """The object was written: its generation and version grow."""
        self.serial += 1
        app.generation += 1
        app.version = self.serial
        self._feed("MODIFIED", app)

    def _feed(self, type_: str, app: ApplicationState) -> None:
        for one in self.listeners:
            one.feed(type_, app)

    def restart(self, at: datetime) -> None:
        """The controller starts again: its counters begin at nothing."""
        self.counts: dict[tuple[str, str, str, bool], int] = {}
        self.started_at = at

    def count(self, app: ApplicationState, phase: str, dry: bool) -> None:
        key = (app.namespace, app.name, phase, dry)
        self.counts[key] = self.counts.get(key, 0) + 1

    def cut_streams(self) -> None:
        """Every stream ends, as behind a proxy that has had enough of it."""
        self.cuts += 1

    def turn_health(self, app: ApplicationState, health: str, at: datetime) -> None:
        if health != app.health or app.health_at is None:
            before = app.health if app.health_at else ""
            app.health, app.health_at = health, at
            self.touch(app)
            self.announce(app, at, "ResourceUpdated", f"Updated health status: {before} -> {health}")

    def compare(self, app: ApplicationState, at: datetime, sync: str) -> None:
        """A comparison with Git: the revisions it saw, and the verdict."""
        first = app.reconciled_at is None
        app.compared, app.compared_sources = list(app.revisions), [one.json() for one in app.sources]
        app.generation += app.resyncs(at)
        app.reconciled_at = at
        if first:
            app.sync = ""
        self._turn(app, sync, at)

    def _turn(self, app: ApplicationState, sync: str, at: datetime) -> None:
        self.touch(app)
        if sync != app.sync:
            before, app.sync = app.sync, sync
            self.announce(app, at, "ResourceUpdated", f"Updated sync status: {before} -> {sync}")

    # ---- knobs

    def throttle(self, n: int = 1, retry_after: float = 0.2, path: str = "") -> None:
        """The next `n` requests get 429, to be tried again in `retry_after` seconds."""
        self.fail_next(429, n, path=path, headers={"retry-after": f"{retry_after:g}"})

    def fail_next(
        self, status: int, n: int = 1, *, path: str = "", headers: Mapping[str, str] | None = None, body: str | None = None
    ) -> None:
        """The next `n` requests whose path holds `path` answer `status` with `body` (an error document when None)."""
        self.failures.append(Failure(status, n, path, headers or {}, body))

    def schedule(self, at: datetime, act: Callable[[], None]) -> None:
        """`act` is done by the first `tick` at or after `at`."""
        self.scheduled.append((at, act))

    def tick(self, now: datetime | None = None) -> int:
        """Does what is due, in order of time; says how many acts that were."""
        now = now or self.now()
        with self.lock:
            due = sorted((one for one in self.scheduled if one[0] <= now), key=lambda one: one[0])
            self.scheduled = [one for one in self.scheduled if one[0] > now]
        for _, act in due:
            act()
        return len(due)


def group_of(kind: str) -> str:
    return {
        "Deployment": "apps",
        "StatefulSet": "apps",
        "Ingress": "networking.k8s.io",
        "ExternalSecret": "external-secrets.io",
    }.get(kind, "")
