"""The order across Terraform and Argo CD, as the JSON of a change tells it."""

from typing import Any

from app.changes.told import iso
from app.domain.change import Change
from app.domain.order import Late, Need


def order_of(change: Change) -> dict[str, Any]:
    """The item's `needs` (what syncs missed and runs make) and `late` (what a sync applies after what needs it)."""
    return {"needs": [_need(one) for one in change.needs], "late": [_late(one) for one in change.late]}


def _need(one: Need) -> dict[str, Any]:
    return {
        "object": {
            "kind": one.object.kind,
            "namespace": one.object.namespace or None,
            "name": one.object.name,
            "is": one.object.says,
        },
        "wants": str(one.wants),
        "application": one.application,
        "wanted_by": one.wanted_by,
        "at": iso(one.at),
        "run": one.run,
        "workspace": one.workspace,
        "address": one.address,
        "does": str(one.does),
        "stands": str(one.stands),
        "applied_at": iso(one.run_at),
        "came": str(one.came),
        "seconds": one.seconds,
        "strength": one.strength,
        "says": one.says,
        "because": one.because,
    }


def _late(one: Late) -> dict[str, Any]:
    return {
        "operation": one.operation,
        "application": one.application,
        "object": one.object,
        "namespace": one.namespace or None,
        "place": one.place,
        "before": list(one.before),
        "because": one.because,
    }
