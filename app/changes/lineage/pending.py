"""What runs that are not applied are to write to secret stores, from the stored items of their changes. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any

from app.changes.lineage.awaited import Pending
from app.domain.lineage import CALLED, System, Write
from app.domain.moment import moment_of
from app.domain.order import Stands
from app.lineage.written import GONE, path_of

STORES = frozenset(str(system) for system in CALLED)
# Terraform Enterprise's words: https://developer.hashicorp.com/terraform/enterprise/api-docs/run#run-states
CONFIRMED = frozenset({"confirmed", "queuing_apply", "apply_queued", "pre_apply_running", "pre_apply_completed"})
ENDED = frozenset({"applied", "errored", "discarded", "canceled", "force_canceled", "planned_and_finished"})


def stored_by(item: Mapping[str, Any]) -> frozenset[tuple[str, str]]:
    """(source, id) of its runs whose plans name an object of a secret store."""
    named = {row.get("run") for row in _rows(item, "resources") if any(_system(row.get(k)) for k in ("object", "object_before"))}
    return frozenset((str(run.get("source")), str(run.get("id"))) for run in _rows(item, "runs") if run.get("id") in named)


def pending_of(item: Mapping[str, Any]) -> Iterator[Pending]:
    """Of an item's `runs`, `plans` and `resources`: each path that a run of it may yet write."""
    only = {plan.get("run") for plan in _rows(item, "plans") if plan.get("proposed") or plan.get("acted")}
    runs = {run.get("id"): run for run in _rows(item, "runs") if run.get("status") not in ENDED and run.get("id") not in only}
    for row in _rows(item, "resources"):
        run, object_ = runs.get(row.get("run")), row.get("object")
        action = row.get("action")
        if run is None or row.get("mode") != "managed" or action in GONE or action in ("read", "no-op", "move", "import"):
            continue
        at = moment_of(run.get("created_at"))
        named = [object_.get(name) for name in ("system", "namespace", "name")] if isinstance(object_, Mapping) else []
        path = path_of(*(one if isinstance(one, str) else "" for one in named))
        if path and at:
            yield Pending(_write(run, row, path, at), _stands(str(run.get("status"))))


def _write(run: Mapping[str, Any], row: Mapping[str, Any], path: tuple[System, str], at: Any) -> Write:
    names = (run.get("source"), run.get("workspace"), run.get("id"), row.get("address"), row.get("type"))
    source, workspace, id_, address, type_ = (str(one or "") for one in names)
    return Write(
        source=source, workspace=workspace, run=id_, address=address, type=type_, system=path[0], path=path[1], at=at,
        action=str(row.get("action") or ""),
    )  # fmt: skip


def _stands(status: str) -> Stands:
    return Stands.APPLYING if status == "applying" else Stands.CONFIRMED if status in CONFIRMED else Stands.PLANNED


def _system(object_: object) -> bool:
    return isinstance(object_, Mapping) and object_.get("system") in STORES


def _rows(item: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    value = item.get(key)
    return [v for v in value if isinstance(v, Mapping)] if isinstance(value, list) else []
