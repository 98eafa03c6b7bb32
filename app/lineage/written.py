"""What a run wrote: the paths of secret stores that its plan named and its apply changed, and those that it left alone. Pure."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from app.domain.change import Run
from app.domain.event import Event
from app.domain.lineage import System, Write
from app.domain.resource import NamedObject, ResourceChange

SYSTEMS = {str(system): system for system in System if system not in (System.OTHER, System.UNKNOWN)}
# Attributes of which a change is a change of the value; AWS's provider plans a new `version` where, and only where, it is one.
VALUES = frozenset(
    {
        *("value", "insecure_value", "value_wo", "value_wo_version", "version"),  # aws_ssm_parameter, azurerm_key_vault_secret
        *("secret_string", "secret_binary", "secret_string_wo", "secret_string_wo_version"),  # aws_secretsmanager_secret_version
        *("data_json", "data_json_wo", "data_json_wo_version"),  # vault_…
        *("secret_data", "secret_data_wo", "secret_data_wo_version"),  # google_secret_manager_secret_version
    }
)
CONTAINERS = frozenset({"aws_secretsmanager_secret", "google_secret_manager_secret"})  # a name; its value is another resource
TYPES = frozenset(
    {
        *("aws_ssm_parameter", "aws_secretsmanager_secret", "aws_secretsmanager_secret_version", "azurerm_key_vault_secret"),
        *("vault_generic_secret", "vault_kv_secret", "vault_kv_secret_v2"),
        *("google_secret_manager_secret", "google_secret_manager_secret_version"),
    }
)  # of the resources that write to a store, as sources tell their objects
GONE = frozenset({"delete", "forget"})


def writes(run: Run) -> tuple[Write, ...]:
    """Every path that it changed or took away; none while it has not acted."""
    at = run.acted_at
    if at is None or run.proposes_only:
        return ()
    return tuple(one for change in run.resources or () for one in _written(run, change, at))


def holds(event: Event) -> tuple[Write, ...]:
    """Every path that a part of a plan (`plan-resources`) leaves as it is: its workspace has it, since before."""
    run, workspace = event.keys.run, event.keys.workspace
    if event.type != "plan-resources" or not run or not workspace:
        return ()
    left = [row for row in _rows(event.facts.get("resources")) if row.get("actions") == ["no-op"]]
    return tuple(one for row in (*_rows(event.facts.get("holds")), *left) if (one := _held(event, run, workspace, row)))


def _held(event: Event, run: str, workspace: str, row: Mapping[str, Any]) -> Write | None:
    told = row.get("object")
    parts = {name: told.get(name) for name in ("system", "namespace", "name")} if isinstance(told, Mapping) else {}
    named = path_of(**{name: text for name, text in parts.items() if isinstance(text, str)})
    address, type_ = row.get("address"), row.get("type")
    if named is None or not isinstance(address, str) or not address:
        return None
    return Write(
        source=event.source,
        workspace=workspace,
        run=run,
        address=address,
        type=type_ if isinstance(type_, str) else "",
        system=named[0],
        path=named[1],
        at=event.occurred_at,
        action="no-op",
        value_changed=False,
        held=True,
    )


def _rows(value: Any) -> list[Mapping[str, Any]]:
    return [row for row in value if isinstance(row, Mapping)] if isinstance(value, list | tuple) else []


def path_of(system: str = "", namespace: str = "", name: str = "") -> tuple[System, str] | None:
    """Where an object stands among secret stores; None for what is none, or is not told."""
    found = SYSTEMS.get(system)
    if found is None or not name:
        return None
    return found, f"{namespace.strip('/')}/{name.lstrip('/')}" if namespace else name


def named_path(one: NamedObject | None) -> tuple[System, str] | None:
    return path_of(one.system, one.namespace or "", one.name or "") if one else None


def _written(run: Run, change: ResourceChange, at: datetime) -> Iterator[Write]:
    action, done = change.action, _done(run, change.address)
    if change.mode != "managed" or change.deposed or done is False or action in ("read", "no-op", "move", "import"):
        return
    now, was = named_path(change.object), named_path(change.object_before)
    if was and was != now:
        yield _write(run, change, *was, at, value_changed=None, gone=True)
    if now and action in GONE and done:
        yield _write(run, change, *now, at, value_changed=None, gone=True)
    elif now and action not in GONE:
        changed = _changed(change, action) if done else _perhaps(_changed(change, action))
        yield _write(run, change, *now, at, value_changed=changed)


def _write(
    run: Run, change: ResourceChange, system: System, path: str, at: datetime, *, value_changed: bool | None, gone: bool = False
) -> Write:
    return Write(
        source=run.source, workspace=run.workspace, run=run.id, address=change.address, type=change.type, system=system, path=path,
        at=at, began_at=run.applying_at or run.confirmed_at, action=change.action, value_changed=value_changed, gone=gone,
    )  # fmt: skip


def _done(run: Run, address: str) -> bool | None:
    """Whether the apply did it; None where that is not told of the single resource and the apply did not end well."""
    told = {one.result for one in run.apply_resources or () if one.address == address}
    if told:
        return True if told == {"complete"} else None
    if run.applied_at is not None:
        return True
    return None if run.apply_resources is None or run.apply_because else False


def _changed(change: ResourceChange, action: str) -> bool | None:
    if change.type in CONTAINERS:
        return False
    if action != "update":
        return True
    if VALUES.intersection(change.attributes):
        return True
    return None if VALUES.intersection(change.redacted) else False


def _perhaps(changed: bool | None) -> bool | None:
    return None if changed else changed
