"""What a change does to single resources, as its JSON tells it: the plans of its runs, what became of each, what was reviewed."""

from typing import Any

from app.domain.change import Change, Run
from app.domain.resource import AppliedResource, NamedObject, ResourceChange, Reviewed

_WORST = ("errored", "started", "complete")


def resources_of(change: Change) -> dict[str, Any]:
    """The item's `plans`, `resources`, `resource_drift`, `held` (unchanged ones that stand for an object) and `reviewed`.

    What is not known is null.
    """
    return {
        "plans": [_plan(run) for run in change.runs],
        "resources": [told for run in change.runs for told in _listed(run, run.resources)],
        "resource_drift": [told for run in change.runs for told in _listed(run, run.resource_drift, drift=True)],
        "held": [
            {"run": run.id, "address": one.address, "type": one.type or None, "object": object_of(one.object)}
            for run in change.runs
            for one in run.holds or ()
        ],
        "reviewed": [_reviewed(one) for one in change.reviewed],
    }


def _plan(run: Run) -> dict[str, Any]:
    """`resources` and `drift` are how many there are, null while that is not known; `because` says why."""
    return {
        "run": run.id,
        "proposed": run.proposes_only,
        "acted": run.acted_at is not None,
        "resources": None if run.resources is None else len(run.resources),
        "drift": None if run.resource_drift is None else len(run.resource_drift),
        "because": run.resources_because or None,
        "unchanged": run.unchanged,
        "modules": None
        if run.modules is None
        else [{"address": m.address, "source": m.source or None, "version": m.version or None} for m in run.modules],
        "providers": None
        if run.providers is None
        else [{"name": p.name, "version": p.version or None, "module": p.module or None} for p in run.providers],
        "applied": None if run.apply_resources is None else len(run.apply_resources),
        "applied_because": run.apply_because or None,
    }


def _listed(run: Run, changes: tuple[ResourceChange, ...] | None, *, drift: bool = False) -> list[dict[str, Any]]:
    results = {} if drift else _results(run.apply_resources or ())
    return [_resource(run, one, results) for one in changes or ()]


def _results(applied: tuple[AppliedResource, ...]) -> dict[str, str]:
    """The worst that is told of each address: a replacement is two acts."""
    worst: dict[str, str] = {}
    for one in applied:
        results = [one.result, *([worst[one.address]] if one.address in worst else [])]
        worst[one.address] = min(results, key=lambda result: _WORST.index(result) if result in _WORST else 0)
    return worst


def _resource(run: Run, one: ResourceChange, results: dict[str, str]) -> dict[str, Any]:
    return {
        "run": run.id,
        "address": one.address,
        "previous_address": one.previous_address,
        "module": one.module or None,
        "mode": one.mode,
        "type": one.type or None,
        "name": one.name or None,
        "provider": one.provider or None,
        "action": one.action,
        "actions": list(one.actions),
        "reason": one.reason or None,
        "importing": one.importing,
        "deposed": one.deposed or None,
        "attributes": list(one.attributes),
        "redacted": list(one.redacted),
        "result": results.get(one.address),
        "object": object_of(one.object) if one.object else None,
        "object_before": object_of(one.object_before) if one.object_before else None,
    }


def object_of(one: NamedObject) -> dict[str, Any]:
    return {
        "system": one.system,
        "group": one.group,
        "kind": one.kind,
        "namespace": one.namespace,
        "name": one.name,
        "untold": dict(one.untold),
        "perhaps": list(one.perhaps),
    }


def _reviewed(one: Reviewed) -> dict[str, Any]:
    return {
        "run": one.run,
        "workspace": one.workspace,
        "plan": one.plan,
        "outcome": str(one.outcome),
        "because": one.because,
        "differences": [{"address": d.address, "reviewed": d.reviewed, "applied": d.applied} for d in one.differences],
    }
