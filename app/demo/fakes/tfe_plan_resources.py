"""What plans are made of: single resources, and a believable list of them for a run of which nobody said more than its counts."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.demo.fakes.tfe_plan_objects import PRINTED as PRINTED
from app.demo.fakes.tfe_plan_objects import attributes

JSON = dict[str, Any]
Counts = tuple[int, int, int, int]  # added, changed, destroyed, imported


@dataclass(frozen=True, kw_only=True)
class PlannedResource:
    """`before` and `after` are attributes; None where there is no such object. `sensitive` names are removed from both."""

    address: str
    actions: tuple[str, ...]
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None
    unknown: tuple[str, ...] = ()
    sensitive: tuple[str, ...] = ()
    previous_address: str | None = None
    reason: str | None = None
    importing: str | None = None
    deposed: str | None = None


@dataclass(frozen=True, kw_only=True)
class PlanContents:
    """`configuration` is given by servers that tell it; the redacted document usually has none."""

    resources: Sequence[PlannedResource] = ()
    drift: Sequence[PlannedResource] = ()
    configuration: JSON | None = None
    more: JSON = field(default_factory=dict)


def made(address: str, name: str | None = None, namespace: str | None = None, **more: Any) -> PlannedResource:
    """As `created`, with the names of the object it makes."""
    unknown = ("id", "arn") if address.startswith("aws_") else ("id",)
    after = attributes(address, name, namespace) or {"name": PRINTED}
    return PlannedResource(
        address=address, actions=("create",), after={**after, "tags": {"owner": PRINTED}}, unknown=unknown, **more
    )


def kept(address: str, name: str | None = None, namespace: str | None = None) -> PlannedResource:
    """Of which the plan only says that it stays as it is."""
    same = attributes(address, name, namespace) or {"name": PRINTED}
    return PlannedResource(address=address, actions=("no-op",), before=same, after=same)


def created(address: str, **more: Any) -> PlannedResource:
    after = {**_own(address), "tags": {"owner": PRINTED}}
    return PlannedResource(address=address, actions=("create",), after=after, **more)


def updated(address: str, *attributes: str, **more: Any) -> PlannedResource:
    same = {**_own(address), "password": None}
    before, after = ({**same, **{name: [value] for name in attributes}} for value in ("before", "after"))
    return PlannedResource(address=address, actions=("update",), before=before, after=after, sensitive=("password",), **more)


def destroyed(address: str, **more: Any) -> PlannedResource:
    return PlannedResource(address=address, actions=("delete",), before=_own(address), **more)


def _own(address: str) -> Mapping[str, Any]:
    return attributes(address) or {"name": PRINTED}


def replaced(address: str, *attributes: str) -> PlannedResource:
    one = updated(address, *attributes)
    reason = "replace_because_cannot_update"
    return PlannedResource(address=address, actions=("delete", "create"), before=one.before, after=one.after, reason=reason)


# What a message speaks of, and then by workspace: what would be updated first, what created, what destroyed.
_KNOWN: tuple[tuple[str, str], ...] = (
    ("node group", "module.eks.aws_eks_node_group.workers:scaling_config"),
    ("replication lag", "aws_cloudwatch_metric_alarm.replication_lag"),
    (
        "VPC",
        "aws_route_table.private:route aws_vpc_peering_connection.statements aws_route.statements aws_security_group.statements",
    ),
    ("log bucket", "aws_s3_bucket_server_side_encryption_configuration.logs:rule aws_kms_key.logs[1] aws_kms_key.logs[0]"),
    ("payments role", "aws_iam_role_policy.payments_parameters"),
    (
        "namespace",
        "kubernetes_namespace.settlements kubernetes_role_binding.settlements kubernetes_resource_quota.settlements:spec",
    ),
    (
        "database endpoint",
        "module.database.aws_db_instance.main:engine_version aws_ssm_parameter.database_endpoint aws_db_parameter_group.tuned",
    ),
    ("month end", "module.eks.aws_eks_node_group.workers:scaling_config module.eks.aws_eks_node_group.batch:scaling_config"),
)
_PLACES: tuple[tuple[str, str], ...] = (
    ("eks", "module.eks.aws_eks_node_group.pool"),
    ("network", "module.network.aws_subnet.private"),
    ("db", "module.database.aws_db_parameter_group.settings"),
    ("", "aws_ssm_parameter.setting"),
)


def believable(workspace: str, message: str, counts: Counts | None) -> PlanContents:
    """As many resources of each kind as the counts say, the same for the same words: a squash merge adds only its number."""
    if counts is None:
        return PlanContents()
    words = re.sub(r"\s*\(#\d+\)$", "", message)
    named = next((names.split() for word, names in _KNOWN if word.lower() in words.lower()), [])
    place = next(address for part, address in _PLACES if part in workspace)
    added, changed, removed, imported = counts
    updates = [name for name in named if ":" in name]
    others = [name for name in named if ":" not in name]
    out = [_update(_nth(updates, place, i, "kept")) for i in range(changed)]
    out += [created(_nth(others, place, i, "added")) for i in range(added)]
    out += [
        destroyed(_nth(others[added:], place, i, "removed"), reason="delete_because_no_resource_config") for i in range(removed)
    ]
    for i in range(imported):
        address = f'{place}["imported-{i}"]'
        same = _own(address)
        out.append(PlannedResource(address=address, actions=("no-op",), before=same, after=same, importing=f"id-{PRINTED}"))
    return PlanContents(resources=out)


def _nth(named: Sequence[str], place: str, number: int, key: str) -> str:
    return named[number] if number < len(named) else f'{place}["{key}-{number}"]'


def _update(name: str) -> PlannedResource:
    address, _, attribute = name.partition(":")
    return updated(address, attribute or "tags")


def shaped(one: PlannedResource) -> JSON:
    """https://developer.hashicorp.com/terraform/internals/json-format#change-representation"""
    *module, local = re.split(r"\.(?=[^.\[]+\.[^.\[]+(?:\[[^\[]*\])?$)", one.address, maxsplit=1)
    mode = "data" if one.address.startswith("data.") or ".data." in one.address else "managed"
    kind, _, rest = local.removeprefix("data.").partition(".")
    name, _, index = rest.partition("[")
    change: JSON = {
        "actions": list(one.actions),
        "before": _redacted(one.before, one.sensitive),
        "after": _redacted(one.after, one.sensitive),
        "after_unknown": dict.fromkeys(one.unknown, True),
        "before_sensitive": dict.fromkeys(one.sensitive, True),
        "after_sensitive": dict.fromkeys(one.sensitive, True),
    }
    if one.importing:
        change["importing"] = {"id": one.importing}
    out: JSON = {"address": one.address, "mode": mode, "type": kind, "name": name}
    out |= {"module_address": module[0].removesuffix(".data")} if module and module[0] != "data" else {}
    out |= {"index": index.rstrip("]").strip('"')} if index else {}
    out |= {"provider_name": f"registry.terraform.io/hashicorp/{kind.partition('_')[0]}", "change": change}
    told = {"previous_address": one.previous_address, "action_reason": one.reason, "deposed": one.deposed}
    return out | {key: value for key, value in told.items() if value}


def _redacted(attributes: Mapping[str, Any] | None, sensitive: Sequence[str]) -> JSON | None:
    return None if attributes is None else {key: None if key in sensitive else value for key, value in attributes.items()}
