"""The operations of the fake Argo CD: how each begins, what it wipes, what it leaves in the history and in announcements."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import datetime, timedelta

from app.demo.fakes.argocd_objects import applied, differs
from app.demo.fakes.argocd_results import Outcome, result
from app.demo.fakes.argocd_types import JSON, MESSAGE, ApplicationState, OperationState, revisions_of

SECONDS = timedelta(seconds=1)
AUTOMATED = {"automated": True}


class Operations(ABC):
    """One half of `ArgocdState`; the other announces and compares."""

    @abstractmethod
    def announce(
        self, app: ApplicationState, at: datetime, reason: str, message: str, user: str | None = None, *, normal: bool = True
    ) -> None: ...

    @abstractmethod
    def turn_health(self, app: ApplicationState, health: str, at: datetime) -> None: ...

    @abstractmethod
    def touch(self, app: ApplicationState) -> None: ...

    @abstractmethod
    def count(self, app: ApplicationState, phase: str, dry: bool) -> None: ...

    @abstractmethod
    def compare(self, app: ApplicationState, at: datetime, sync: str) -> None: ...

    def begin(
        self,
        app: ApplicationState,
        at: datetime,
        user: str | None = None,
        *,
        revision: str | None = None,
        resources: Sequence[str] = (),
        dry_run: bool = False,
        local: bool = False,
        strategy: str = "hook",
        options: Sequence[str] = (),
        force: bool = False,
        prune: bool = False,
        says: str | None = None,
        heals: int = 0,
        queued: bool = False,
    ) -> OperationState:
        """An operation starts, announced. `user` None is automation; `queued`: it is only asked for, until `start`.

        Raises ValueError while another runs, and where a sync window forbids it.
        """
        self._free(app)
        app.heals = heals
        revisions = [revision, *app.revisions[1:]] if revision else list(app.revisions)
        sync: JSON = {"syncStrategy": {strategy: {"force": True} if force else {}}} if user else {}
        sync |= ({"prune": True} if prune else {}) | ({"syncOptions": list(options)} if options else {})
        if not local:
            sync |= {"revisions": revisions} if app.several else {"revision": revisions[0]}
        sources = [one.json() for one in app.sources]
        sync |= {"sources": sources} if app.several else {"source": sources[0]}
        if resources:
            chosen = [app.resource(name) for name in resources]
            sync["resources"] = [{k: v for k, v in one.named().items() if v and (user or k != "namespace")} for one in chosen]
        sync |= {"dryRun": True} if dry_run else {}
        sync |= {"manifests": ['{"kind":"Secret","data":{"planted":"planted-local-manifest"}}']} if local else {}
        sync |= {"autoHealAttemptsCount": heals} if heals else {}
        by: JSON = {"username": user} if user else dict(AUTOMATED)
        partial = "partial " if resources else ""
        shown = (
            "locally"
            if local
            else "to " + ",".join(f"{s.target_revision} ({r})" for s, r in zip(app.sources, revisions, strict=True))
        )
        said = says or (
            f"{user} initiated {partial}sync {shown}" if user else f"Initiated automated sync to '{', '.join(revisions)}'"
        )
        self.announce(app, at, "OperationStarted", said, user)
        return self._set(app, OperationState(sync, by, by, at), queued=queued)

    def start(self, app: ApplicationState, at: datetime) -> None:
        """The controller takes up what was asked for."""
        if app.queued is None:
            raise ValueError(f"nothing is asked of {app.name}")
        app.operation, app.queued = app.queued, None
        app.operation.started_at = at
        self.touch(app)

    def progress(self, app: ApplicationState, message: str) -> None:
        """What the running operation says of itself: what it waits for, or what does not let it go on."""
        self._running(app).message = message
        self.touch(app)

    def finish(
        self, app: ApplicationState, at: datetime, phase: str = "Succeeded", message: str = MESSAGE, *, pruned: Sequence[str] = (),
        failed: Sequence[str] | None = None,
    ) -> None:  # fmt: skip
        """The running operation ends. Only a full success enters the history. `failed`: which resources (None: all, and
        nothing was applied)."""
        one = self._running(app)
        partial, dry = bool(one.sync.get("resources")), bool(one.sync.get("dryRun"))
        one.phase, one.finished_at, one.result = phase, at, result(app, one, Outcome(phase, message, pruned, failed))
        # a later attempt's message replaces those of the attempts before
        one.message = message + (f" (retried {one.retry_count} times)." if one.retry_count and phase != "Succeeded" else "")
        if phase == "Succeeded" and not partial and not dry:
            self._remember(app, one, at)
        app.requested = None
        self.count(app, phase, dry)
        self.touch(app)
        shown = ", ".join(revisions_of(one.result)) if not app.several else ""
        how = "succeeded" if phase == "Succeeded" else f"failed: {one.message}"
        self.announce(
            app,
            at,
            "OperationCompleted",
            f"{'Partial sync' if partial else 'Sync'} operation to {shown} {how}",
            normal=phase == "Succeeded",
        )
        if (phase == "Succeeded" or failed is not None) and not dry:
            self._deployed(app, one, at, pruned)
        else:
            self.compare(app, at, app.sync)

    def sync(
        self,
        app: ApplicationState,
        at: datetime,
        user: str | None = None,
        *,
        revision: str | None = None,
        phase: str = "Succeeded",
        message: str = MESSAGE,
        duration: timedelta = 2 * SECONDS,
        dry_run: bool = False,
        pruned: Sequence[str] = (),
        prune: bool = False,
        failed: Sequence[str] | None = None,
    ) -> None:
        """A whole sync, from start to end; `user` None is automation. `prune` takes away what is declared no more."""
        self.begin(app, at, user, revision=revision, dry_run=dry_run, prune=prune)
        self.finish(app, at + duration, phase, message, pruned=pruned, failed=failed)

    def selective(
        self, app: ApplicationState, at: datetime, user: str, resources: Sequence[str], *, duration: timedelta = SECONDS,
        pruned: Sequence[str] = (),
    ) -> None:  # fmt: skip
        self.begin(app, at, user, resources=resources)
        self.finish(app, at + duration, pruned=pruned)

    def heal(self, app: ApplicationState, at: datetime, *, duration: timedelta = SECONDS) -> None:
        """Self-heal: a partial, automated sync of what differs, to the revision that is deployed. No history entry."""
        wrong = [one.name for one in app.resources if one.status != "Synced" and (app.prune or not one.undeclared)]
        self.begin(app, at, resources=wrong or [app.resources[0].name], heals=app.heals + 1, prune=app.prune)
        self.finish(app, at + duration)

    def rollback(
        self, app: ApplicationState, at: datetime, user: str, history_id: int, *, duration: timedelta = 2 * SECONDS
    ) -> None:
        """To an older entry. Raises ValueError for an entry that is gone, or while auto-sync is on."""
        if app.auto_sync:
            raise ValueError("rollback cannot be initiated when auto-sync is enabled")
        entry = next((one for one in app.history if one["id"] == history_id), None)
        if entry is None:
            raise ValueError(f"application {app.name} does not have deployment with id {history_id}")
        said = f"{user} initiated rollback to {history_id}"
        self.begin(app, at, user, revision=revisions_of(entry)[0], strategy="apply", says=said)
        self.finish(app, at + duration)

    def local(self, app: ApplicationState, at: datetime, user: str, *, duration: timedelta = SECONDS) -> None:
        """Manifests from somebody's machine."""
        self.begin(app, at, user, local=True)
        self.finish(app, at + duration)

    def inject(self, app: ApplicationState, at: datetime, *, initiated_by: JSON | None = None) -> OperationState:
        """`kubectl edit` puts an operation in: nobody announces it, and its record wears what the one before left."""
        self._free(app)
        asked = initiated_by or {}
        sync: JSON = {"syncStrategy": {"apply": {}}}
        stale = app.operation
        kept = {k: v for k, v in (stale.sync if stale else {}).items() if k not in {"resources", "dryRun", "manifests"}}
        worn = {**(stale.initiated_by if stale else {}), **asked}
        requested: JSON = {"sync": sync, "initiatedBy": asked, "retry": {}}
        return self._set(app, OperationState({**kept, **sync}, worn, asked, at), requested, wipes=False)

    def rolling_sync(self, app: ApplicationState, at: datetime, *, duration: timedelta = 2 * SECONDS) -> None:
        """An ApplicationSet's progressive sync: written straight into the application, and not announced as begun."""
        self._free(app)
        by = {"username": "applicationset-controller", "automated": True}
        reason = {"name": "Reason", "value": "ApplicationSet RollingSync triggered a sync of this Application resource"}
        self._set(app, OperationState({"revision": app.revisions[0]}, by, by, at, info=[reason]), wipes=False)
        self.finish(app, at + duration)

    def retrying(self, app: ApplicationState, at: datetime, message: str, next_at: datetime) -> None:
        """An attempt failed and another will follow: the phase stays Running although `finishedAt` is set."""
        one = self._running(app)
        one.retry_count += 1
        one.finished_at = at
        one.message = f"{message}. Retrying attempt #{one.retry_count} at {next_at:%I:%M%p}."
        self.touch(app)

    def attempt(self, app: ApplicationState) -> None:
        """The next attempt starts: `finishedAt` goes, `startedAt` stays."""
        one = self._running(app)
        one.finished_at, one.message = None, f"Retrying operation. Attempt #{one.retry_count}"
        self.touch(app)

    def terminate(self, app: ApplicationState, at: datetime, user: str, *, ends: timedelta = SECONDS) -> None:
        """Ended by somebody; only the announcement says who."""
        self._running(app).phase = "Terminating"
        self.announce(app, at, "ResourceUpdated", f"{user} terminated running operation", user)
        self.finish(app, at + ends, "Failed", "Operation terminated")

    # ---- what an operation leaves

    def _free(self, app: ApplicationState) -> None:
        if app.requested is not None:
            raise ValueError("another operation is already in progress")
        if app.window_closed:
            raise ValueError("cannot sync: blocked by sync window")

    def _running(self, app: ApplicationState) -> OperationState:
        if app.operation is None or app.operation.over:
            raise ValueError(f"{app.name} has no operation in progress")
        return app.operation

    def _set(
        self,
        app: ApplicationState,
        one: OperationState,
        requested: JSON | None = None,
        *,
        queued: bool = False,
        wipes: bool = True,
    ) -> OperationState:
        """Whoever asks for an operation through Argo CD's API empties the one slot (`wipes`); the controller fills it when it takes
        the operation up."""
        app.requested = requested or {"sync": one.sync, "initiatedBy": one.asked, "retry": {}}
        app.operation = None if wipes else app.operation
        self.touch(app)
        app.operation, app.queued = (None, one) if queued else (one, None)
        if not queued:
            self.touch(app)
        return one

    def _remember(self, app: ApplicationState, one: OperationState, at: datetime) -> None:
        number = app.history[-1]["id"] + 1 if app.history else 0  # begins anew wherever the history is empty
        entry: JSON = {"id": number, "deployedAt": at, "deployStartedAt": one.started_at, "initiatedBy": one.initiated_by}
        entry |= {key: value for key, value in (one.result or {}).items() if key in {"revision", "revisions", "source", "sources"}}
        self.touch(app)
        limit = 10 if app.revision_history_limit is None else app.revision_history_limit
        app.history = [*app.history, entry][-limit:] if limit else []

    def _deployed(self, app: ApplicationState, one: OperationState, at: datetime, pruned: Sequence[str]) -> None:
        """What it applied is as declared, what it pruned is gone, and the application is compared anew."""
        names = {item["name"] for item in one.sync.get("resources") or []}
        if one.phase != "Succeeded":
            names = {item["name"] for item in (one.result or {}).get("resources", []) if item["status"] in {"Synced", "Pruned"}}
        current = revisions_of(one.result or {}) == app.revisions or "manifests" in one.sync
        for item in list(app.resources):
            if item.name not in names and (names or one.phase != "Succeeded"):
                continue
            if not item.undeclared:
                applied(item, at)
                item.status = "Synced" if current and not differs(item) else "OutOfSync"
                item.health = "Healthy" if item.health == "Missing" else item.health
            elif one.sync.get("prune") or item.name in pruned:
                app.resources.remove(item)
        whole = all(item.status == "Synced" for item in app.resources)
        self.compare(app, at, "Synced" if whole else "OutOfSync")
        if one.phase == "Succeeded":
            self.turn_health(app, "Healthy", at + SECONDS)
