"""The objects of a cluster that syncs want and runs make, found by each other as `object:<kind>/<namespace>/<name>`."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from app.domain.change import Operation, Run
from app.domain.order import CLUSTER_WIDE, Does, Wanted
from app.domain.resource import NamedObject, ResourceChange
from app.linking import facts

CRD, CHART, NAMESPACE = "customresourcedefinition", "chart", "namespace"
_CREATES = {"create", "replace", "create and forget"}
_KINDS = {"kind-missing": CRD, "namespace-missing": NAMESPACE, "secret-missing": "secret"}


@dataclass(frozen=True, slots=True)
class Made:
    """One object that one resource of a run makes or destroys."""

    object: Wanted
    address: str
    does: Does


def singular(kind: str) -> str:
    """`ClusterRoles`, `clusterrole` → `clusterrole`; `ingresses`, `networkpolicies` likewise."""
    low = kind.lower()
    if low.endswith("ies") and len(low) > 4:
        return low[:-3] + "y"
    if low.endswith(("sses", "xes", "ches", "shes")):
        return low[:-2]
    return low[:-1] if low.endswith("s") and not low.endswith("ss") else low


def token(one: Wanted) -> str:
    return f"object:{one.kind}/{one.namespace}/{one.name}"


def wanted_of(failure: Mapping[str, Any], destination: str | None) -> Wanted | None:
    """The object that one failure (facts of `failures`) says is missing; None where it names none."""
    cause, name, group = (facts.string(failure, key) for key in ("cause", "name", "group"))
    if cause == "kind-missing":
        kind = facts.string(failure, "kind")
        return Wanted(CRD, "", f"*.{group}", kind) if group and kind else None
    if cause not in ("namespace-missing", "secret-missing", "role-missing", "object-missing") or not name:
        return None
    kind = _KINDS.get(cause) or singular(facts.string(failure, "kind"))
    if not kind:
        return None
    of = failure.get("of")
    near = facts.string(of, "namespace") if isinstance(of, Mapping) else ""
    where = near or (destination or "").rpartition("/")[2]
    return Wanted(kind, "" if kind in CLUSTER_WIDE else where, name)


def made_by(run: Run) -> list[Made]:
    """What its plan makes and destroys, in the plan's order; nothing of a plan that can never be applied."""
    if run.proposes_only:
        return []
    return [made for one in run.resources or () for made in _made(one)]


def _made(one: ResourceChange) -> Iterator[Made]:
    if one.mode != "managed":
        return
    if one.action in _CREATES:
        yield from (Made(each, one.address, does) for each, does in _objects(one.object))
        gone = one.object_before if one.action == "replace" else None
    else:
        gone = one.object if one.action == "delete" else None
    yield from (Made(each, one.address, Does.DESTROYS) for each, does in _objects(gone) if does is Does.MAKES)


def _objects(named: NamedObject | None) -> Iterator[tuple[Wanted, Does]]:
    """Of a Helm release what it may bring: CRDs by the names of its chart, its namespace where it is to make it."""
    if named is None or named.name is None:
        return
    if named.system == "helm":
        if "Namespace" in named.perhaps and named.namespace:
            yield Wanted(NAMESPACE, "", named.namespace), Does.PERHAPS
        yield from ((Wanted(CHART, "", name), Does.PERHAPS) for name in sorted({named.name, named.group or named.name}))
    if named.system != "kubernetes" or named.kind is None:
        return
    kind = singular(named.kind)
    if kind == CRD:
        plural, _, group = named.name.partition(".")
        yield Wanted(CRD, "", f"*.{group}", plural), Does.MAKES
    else:
        yield Wanted(kind, "" if kind in CLUSTER_WIDE else named.namespace or "", named.name), Does.MAKES


def makes(made: Made, wanted: Wanted) -> Does | None:
    """Whether what a run makes is the object that is wanted."""
    if wanted.kind == CRD and made.object.kind == CHART:
        return Does.PERHAPS if made.object.name in _labels(wanted.name) else None
    same = (made.object.kind, made.object.namespace, made.object.name) == (wanted.kind, wanted.namespace, wanted.name)
    if not same or (wanted.kind == CRD and made.object.defines not in _plurals(wanted.defines)):
        return None
    return made.does


def _plurals(kind: str) -> set[str]:
    """How a CRD may be called that defines a kind: nothing but custom makes it one of these."""
    low = kind.lower()
    return {low, f"{low}s", f"{low}es", f"{low[:-1]}ies"}


def tokens_of(wanted: Iterable[Wanted]) -> frozenset[str]:
    """Under which what makes them is found."""
    found = set()
    for one in wanted:
        found.add(token(one))
        if one.kind == CRD:
            found |= {token(Wanted(CHART, "", label)) for label in _labels(one.name)}
    return frozenset(found)


def tokens_made(run: Run) -> frozenset[str]:
    return frozenset(token(one.object) for one in made_by(run))


def wants(operation: Operation) -> list[Wanted]:
    """What it missed; of one that has not succeeded the namespace it deploys into as well."""
    found = [lack.object for lack in operation.lacks]
    into = destination_of(operation.destination)
    open_ = operation.phase != "Succeeded" and operation.kind != "dry-run"
    return [*found, *([into] if open_ and into and into not in found else [])]


def destination_of(destination: str | None) -> Wanted | None:
    namespace = (destination or "").rpartition("/")[2]
    return Wanted(NAMESPACE, "", namespace) if namespace else None


def _labels(crd: str) -> list[str]:
    """`*.external-secrets.io` → external-secrets: what a chart that brings it may be called."""
    return crd.removeprefix("*.").split(".")[:-1]
