"""Objects that a sync applies in a later phase or wave than what needs them. A hint, and no verdict: what a workload really uses is
in its manifest, which is not read here.

Argo CD orders by phase, then wave, then kind, then name; the order of kinds within a wave is right by itself, so that only phases
and waves count. https://argo-cd.readthedocs.io/en/stable/user-guide/sync-waves/
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from app.domain.change import Operation
from app.domain.order import Late
from app.domain.ref import Resource

PHASES = ("PreSync", "Sync", "PostSync")
WORKLOADS = frozenset(("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "CronJob", "Pod", "Rollout"))
USED = frozenset(("ServiceAccount", "Role", "RoleBinding", "Secret", "ConfigMap", "ExternalSecret", "PersistentVolumeClaim"))
CLAIMS = frozenset(("PersistentVolumeClaim", "StatefulSet"))
APPLIED = ("Synced", "SyncFailed", "")
NAMED = 5


@dataclass(frozen=True, slots=True)
class _Placed:
    resource: Resource
    phase: int
    wave: int | None

    @property
    def name(self) -> str:
        return f"{self.resource.kind}/{self.resource.name}"

    @property
    def says(self) -> str:
        return f"{PHASES[self.phase]}, wave {'not known' if self.wave is None else self.wave}"


def late(operation: Operation) -> list[Late]:
    """In the order of the sync. Nothing where no wave and one phase is told: then there is no order to be wrong."""
    placed = [one for resource in operation.resources if (one := _placed(resource))]
    if operation.kind == "dry-run" or len({(one.phase, one.wave) for one in placed}) < 2:
        return []
    return [found for one in placed for found in _late(operation, one, placed)]


def _placed(resource: Resource) -> _Placed | None:
    """None for what is pruned (in reverse order) and for phases that only follow a failure."""
    phase = resource.phase or "Sync"
    if phase not in PHASES or resource.status not in APPLIED:
        return None
    sign, digits = resource.wave[:1] == "-", resource.wave.lstrip("-")
    wave = int(digits) * (-1 if sign else 1) if digits.isascii() and digits.isdigit() and len(digits) < 10 else None
    return _Placed(resource, PHASES.index(phase), wave)


def _before(one: _Placed, other: _Placed) -> bool | None:
    """Whether `one` is applied in an earlier phase or wave; None where a wave that would tell is not known."""
    if one.phase != other.phase:
        return one.phase < other.phase
    return None if one.wave is None or other.wave is None else one.wave < other.wave


def _late(operation: Operation, one: _Placed, placed: Sequence[_Placed]) -> Iterator[Late]:
    needing, surely = _needing(one, placed)
    if not needing:
        return
    order = [_before(other, one) for other in needing]
    earlier = [other for other, before in zip(needing, order, strict=True) if before]
    if (surely and earlier) or (earlier and all(order)):
        why = "is applied before it" if len(earlier) == 1 else "are applied before it"
        because = f"{_some(earlier)} {why}" + ("" if surely else "; whether it is used there its manifest says, which is not read")
        yield _told(operation, one, tuple(f"{each.name} ({each.says})" for each in earlier), because)
    elif one.wave is None and not one.resource.hook and None in order:
        yield _told(operation, one, (), "its wave is not known: Argo CD tells waves only of what is live")


def _needing(one: _Placed, placed: Sequence[_Placed]) -> tuple[list[_Placed], bool]:
    """What cannot be without it (True), or may use it (False): then all of them must come before it to be worth a word."""
    kind, name, space = one.resource.kind, one.resource.name, one.resource.namespace
    others = [other for other in placed if other is not one]
    if kind == "Namespace":
        return [other for other in others if other.resource.namespace == name], True
    if kind == "CustomResourceDefinition":
        plural, _, group = name.partition(".")
        return [o for o in others if o.resource.group == group and plural.startswith(o.resource.kind.lower()[:-1])], True
    if kind == "StorageClass":
        return [other for other in others if other.resource.kind in CLAIMS], False
    if kind in USED:
        return [other for other in others if other.resource.kind in WORKLOADS and other.resource.namespace == space], False
    return [], False


def _some(earlier: Sequence[_Placed]) -> str:
    more = f" and {len(earlier) - NAMED} more" if len(earlier) > NAMED else ""
    return ", ".join(each.name for each in earlier[:NAMED]) + more


def _told(operation: Operation, one: _Placed, before: tuple[str, ...], because: str) -> Late:
    return Late(
        operation=operation.key,
        application=operation.application,
        object=one.name,
        namespace=one.resource.namespace,
        place=one.says,
        before=before,
        because=because,
    )
