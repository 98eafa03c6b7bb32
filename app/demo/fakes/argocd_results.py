"""What an operation of the fake Argo CD says it did to each resource, in the order in which it did it.

Phase, then wave, then kind, then name; a failure stops what comes after its step. Hooks run in full syncs with the hook
strategy only: https://argo-cd.readthedocs.io/en/stable/user-guide/sync-waves/.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from app.demo.fakes.argocd_objects import done
from app.demo.fakes.argocd_types import JSON, ApplicationState, HookState, OperationState, ResourceState

PHASES = ("PreSync", "Sync", "PostSync", "SyncFail")
KINDS = ("Namespace", "ServiceAccount", "Secret", "ConfigMap", "CustomResourceDefinition", "Service", "Deployment", "StatefulSet")
TERMINATED = "Operation terminated"
INVALID = "one or more synchronization tasks are not valid"
WORKLOADS = ("Deployment", "StatefulSet")


@dataclass(frozen=True)
class Outcome:
    """`failed`: names of what failed; None: where the phase is a failure, everything did."""

    phase: str
    message: str
    pruned: Sequence[str] = ()
    failed: Sequence[str] | None = None

    @property
    def own(self) -> str:
        """What a resource says of it."""
        return self.message.partition("reason: ")[2] or self.message.partition(f"{INVALID}: ")[2] or self.message

    def hit(self, name: str) -> bool:
        return self.phase != "Succeeded" and self.message != TERMINATED and (self.failed is None or name in self.failed)


def result(app: ApplicationState, one: OperationState, outcome: Outcome) -> JSON:
    out: JSON = {"resources": list(_told(app, one, outcome))} if outcome.phase != "Error" else {}
    for key in ("revision", "revisions", "source", "sources"):
        if key in one.sync:
            out[key] = one.sync[key]
    if "manifests" in one.sync:
        out.pop("revision", None)
    return out


def _told(app: ApplicationState, one: OperationState, outcome: Outcome) -> Iterator[JSON]:
    tasks = _tasks(app, one, outcome)
    if outcome.message.startswith(INVALID):
        tasks = [task for task in tasks if outcome.hit(task.name)]  # nothing is begun while one is not valid
    stopped: tuple[int, int] | None = None
    for task in tasks:
        phase = task.phase if isinstance(task, HookState) else "Sync"
        step = (PHASES.index(phase), task.wave or 0)
        if phase == "SyncFail" and outcome.phase != "Failed":
            continue
        if phase != "SyncFail" and stopped is not None and step > stopped:
            continue
        ended = outcome.message == TERMINATED and isinstance(task, HookState)
        bad = outcome.hit(task.name) and (outcome.failed is not None or not isinstance(task, HookState))
        if phase != "SyncFail" and (bad or ended):
            stopped = step
        yield _hook(app, task, outcome, bad or ended) if isinstance(task, HookState) else _plain(app, one, task, outcome, bad)


def _tasks(app: ApplicationState, one: OperationState, outcome: Outcome) -> list[ResourceState | HookState]:
    names = {item["name"] for item in one.sync.get("resources") or []}
    wanted = [item for item in app.resources if (not names or item.name in names)]
    plain: list[ResourceState | HookState] = [item for item in wanted if not outcome.pruned or item.name in outcome.pruned]
    hooked = not names and not one.sync.get("dryRun") and "apply" not in one.sync.get("syncStrategy", {})
    return sorted([*plain, *(app.hooks if hooked else [])], key=_place)


def _place(task: ResourceState | HookState) -> tuple[int, int, int, str]:
    phase = task.phase if isinstance(task, HookState) else "Sync"
    return (PHASES.index(phase), task.wave or 0, KINDS.index(task.kind) if task.kind in KINDS else len(KINDS), task.name)


def _hook(app: ApplicationState, hook: HookState, outcome: Outcome, bad: bool) -> JSON:
    said = "Job has reached the specified backoff limit" if bad else "Reached expected number of succeeded pods"
    return {
        "group": "batch",
        "version": "v1",
        "kind": hook.kind,
        "namespace": app.target_namespace,
        "name": hook.name,
        "status": "Synced",
        "message": outcome.own if bad else said,
        "hookType": hook.phase,
        "hookPhase": "Failed" if bad else "Succeeded",
        "syncPhase": hook.phase,
    }


def _plain(app: ApplicationState, one: OperationState, item: ResourceState, outcome: Outcome, bad: bool) -> JSON:
    """`hookPhase` is filled for what is no hook too: applied, its health not awaited, stands as Running."""
    pruned = item.name in outcome.pruned or (item.undeclared and bool(one.sync.get("prune")))
    skipped = item.undeclared and not pruned
    tried = " (dry run)" if one.sync.get("dryRun") else ""
    said = "pruned" if pruned else "ignored (requires pruning)" if skipped else done(item, one.sync.get("syncOptions", []))
    out: JSON = {
        **item.named(),
        "version": "v1",
        "status": "SyncFailed" if bad else "Pruned" if pruned else "PruneSkipped" if skipped else "Synced",
        "message": outcome.own if bad else f"{said}{tried}",
        "hookPhase": "Failed" if bad else "Running",
        "syncPhase": "Sync",
    }
    return out | ({"images": app.images} if app.images and item.kind in WORKLOADS else {})
