"""Knobs of the fake Argo CD with which an application comes to differ: one for each cause of `app.domain.drift.Cause`, and more.

Each is done at a time that it is told, as something in the cluster or in Git would; Argo CD notices by itself, unless it is frozen
or stalled. `path` is written as `spec.template.spec.containers[app].image`.

    cause             knob
    live-edit         set_field, remove_field (by hand; `manager` kubectl-edit, kubectl-patch, kubectl-scale, helm, …)
    missing           delete_object
    extra             add_extra
    pending-commit    commit (with auto-sync off) · `state.change` of the specification
    pruning-needed    commit(removed=…) and a sync without `prune`
    selective-sync    commit, then `state.selective` of some of what it changed
    failed-sync       commit, then `state.sync(phase="Failed", failed=[…])`
    controller        autoscale (kube-controller-manager, subresource scale) · operate (any operator's name)
    mutating-webhook  mutate (on admission, after each sync, under the applier's name)
    unknown           `state.incomparable` and `state.comparable`

What ends it: `state.heal`, `state.sync`, `state.rollback`, `revert` (by hand), `adopt` (Git is made equal to what lives), or as a
by-product `commit` of another object and a full sync. Blind: `state.incomparable`, `freeze`/`thaw`, `stall`/`resume` (one or all).
"""

import copy
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from app.demo.fakes.argocd_objects import GONE, Path, differs, leaves, path_of, put, value_at, write
from app.demo.fakes.argocd_state import ArgocdState, group_of
from app.demo.fakes.argocd_types import ApplicationState, ResourceState


def declare(app: ApplicationState, name: str, fields: Mapping[str, Any]) -> None:
    """What Git declares of an object, said before its first sync: no commit, and nobody notices."""
    one = app.resource(name)
    for path, value in fields.items():
        one.declared = put(one.declared, path_of(path), value)


def set_field(
    state: ArgocdState, app: ApplicationState, name: str, path: str, value: Any, at: datetime, *, manager: str = "kubectl-edit",
    subresource: str | None = None,
) -> None:  # fmt: skip
    """A program writes one field of a live object."""
    with state.lock:
        one, where = app.resource(name), path_of(path)
        one.live = put(one.live, where, value)
        write(one, _under(value, where), manager, at, subresource=subresource)
        state.noticed(app, at)


def remove_field(
    state: ArgocdState, app: ApplicationState, name: str, path: str, at: datetime, *, manager: str = "kubectl-edit"
) -> None:
    """A program takes a field away: what is not there has no owner, so no entry tells who did it."""
    with state.lock:
        one = app.resource(name)
        one.live = put(one.live, path_of(path), GONE)
        write(one, (), manager, at)
        state.noticed(app, at)


def autoscale(state: ArgocdState, app: ApplicationState, name: str, replicas: int, at: datetime) -> None:
    """The HorizontalPodAutoscaler sets replicas, through the subresource."""
    set_field(state, app, name, "spec.replicas", replicas, at, manager="kube-controller-manager", subresource="scale")


def operate(
    state: ArgocdState,
    app: ApplicationState,
    name: str,
    path: str,
    value: Any,
    at: datetime,
    *,
    operator: str = "prometheus-operator",
) -> None:
    """An operator writes a field of an object that it cares for."""
    set_field(state, app, name, path, value, at, manager=operator)


def mutate(app: ApplicationState, name: str, path: str, value: Any) -> None:
    """From now on a mutating webhook changes this field whenever the object is applied. Nothing happens until the next sync."""
    app.resource(name).mutates[path] = value


def delete_object(state: ArgocdState, app: ApplicationState, name: str, at: datetime) -> None:
    """Somebody deletes a live object; deletions leave no trace of who."""
    with state.lock:
        one = app.resource(name)
        one.exists, one.live, one.writes, one.health = False, {}, [], "Missing"
        state.noticed(app, at)


def add_extra(
    state: ArgocdState, app: ApplicationState, kind: str, name: str, at: datetime, *, live: Mapping[str, Any] | None = None,
    manager: str = "kubectl-create",
) -> ResourceState:  # fmt: skip
    """Somebody makes an object that carries the application's tracking id and that Git never declared."""
    with state.lock:
        one = ResourceState(kind, name, group_of(kind), app.target_namespace, exists=True, undeclared=True, created_at=at)
        one.live = dict(live or {"data": {"made": "by hand"}})
        write(one, leaves(one.live), manager, at)
        app.resources.append(one)
        state.noticed(app, at)
        return one


def commit(
    state: ArgocdState, app: ApplicationState, revision: str, at: datetime,
    changes: Mapping[str, Mapping[str, Any]] | None = None, *, removed: Sequence[str] = (), added: Sequence[tuple[str, str]] = (),
) -> None:  # fmt: skip
    """The application's branch moves to `revision`: fields of objects are declared anew ({name: {path: value}}), objects are
    declared no more, others are new. Nothing is synced by it."""
    with state.lock:
        app.sources[0].revision = revision
        for name, fields in (changes or {}).items():
            declare(app, name, fields)
        for name in removed:
            app.resource(name).undeclared = True
        for kind, name in added:
            app.resources.append(ResourceState(kind, name, group_of(kind), app.target_namespace, health="Missing"))
        state.noticed(app, at, fetched=True)


def adopt(state: ArgocdState, app: ApplicationState, name: str, revision: str, at: datetime) -> None:
    """A commit makes what is declared of an object equal to what lives."""
    with state.lock:
        one = app.resource(name)
        app.sources[0].revision, one.declared, one.undeclared = revision, dict(one.live), False
        state.noticed(app, at, fetched=True)


def revert(state: ArgocdState, app: ApplicationState, name: str, at: datetime, *, manager: str = "kubectl-edit") -> None:
    """Somebody puts a live object back by hand; an extra one is deleted."""
    with state.lock:
        one = app.resource(name)
        if one.undeclared:
            app.resources.remove(one)
        else:
            wrong = [path for path in leaves(one.declared) if value_at(one.live, path) != value_at(one.declared, path)]
            one.created_at = one.created_at if one.exists else at
            one.exists, one.live, one.health = True, copy.deepcopy(one.declared), "Healthy"
            write(one, wrong, manager, at)
        state.noticed(app, at)


def freeze(app: ApplicationState) -> None:
    """`argocd.argoproj.io/skip-reconcile`: what it shows stands still from now on."""
    app.frozen = True


def thaw(state: ArgocdState, app: ApplicationState, at: datetime) -> None:
    with state.lock:
        app.frozen = False
        state.noticed(app, at, fetched=True)


def stall(state: ArgocdState, at: datetime, apps: Sequence[ApplicationState] = ()) -> None:
    """The controller stands still, for these applications or for all: nothing is compared any more."""
    with state.lock:
        for app in apps or state.applications.values():
            app.settle_resyncs(at)
            app.stalled = True


def resume(state: ArgocdState, at: datetime, apps: Sequence[ApplicationState] = ()) -> None:
    with state.lock:
        for app in apps or list(state.applications.values()):
            app.stalled = False
            state.noticed(app, at, fetched=True)


def really_differs(app: ApplicationState) -> list[str]:
    """The names of what differs in truth, whatever Argo CD shows."""
    return [one.name for one in app.resources if differs(one)]


def _under(value: Any, path: Path) -> list[Path]:
    return list(leaves(value, path)) or [path]
