"""The fake's answers, shaped as Argo CD shapes them, secrets included, so that readers must drop them.

Shapes: https://argo-cd.readthedocs.io/en/stable/user-guide/application-specification/ and the server's own Swagger.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from app.demo.fakes import argocd_secrets as secrets
from app.demo.fakes.argocd_objects import states
from app.demo.fakes.argocd_types import (
    JSON,
    RESYNC,
    AnnouncementState,
    ApplicationState,
    CommitState,
    OperationState,
    ResourceState,
    stamp,
)

PLANTED = ("planted-local-manifest", "planted-helm-value", "planted-last-applied", "planted-secret-data", "planted-password")
OLD_FIELDS = frozenset(
    {
        *("metadata.name", "metadata.namespace", "metadata.annotations", "metadata.labels"),
        *(
            "metadata.creationTimestamp",
            "metadata.deletionTimestamp",
            "spec",
            "status.sync.status",
            "status.health",
            "status.summary",
        ),
        *("status.operationState.startedAt", "status.operationState.finishedAt", "status.operationState.phase"),
        *("status.operationState.operation.sync", "status.resources", "operation.sync"),
    }
)
HYDRATOR_FIELDS = frozenset({"status.sourceHydrator"})  # from 3.2 on
NEW_FIELDS = frozenset(
    {*("spec.destination", "spec.project", "spec.source", "spec.sources", "spec.syncPolicy"), "status.sync.revision"}
)


def timed(value: Any) -> Any:
    """Times in Kubernetes' own form."""
    if isinstance(value, datetime):
        return stamp(value)
    if isinstance(value, Mapping):
        return {key: timed(item) for key, item in value.items()}
    return [timed(item) for item in value] if isinstance(value, list) else value


def application(app: ApplicationState, now: datetime) -> JSON:
    out: JSON = {"metadata": _metadata(app, now), "spec": _spec(app), "status": _status(app, now)}
    if app.requested is not None:
        out["operation"] = app.requested
    return _merged(timed(out), app.extra)


def _merged(body: JSON, extra: Mapping[str, Any]) -> JSON:
    for key, value in extra.items():
        body[key] = (
            _merged(dict(body.get(key) or {}), value) if isinstance(value, Mapping) and isinstance(body.get(key), dict) else value
        )
    return body


def _metadata(app: ApplicationState, now: datetime) -> JSON:
    out: JSON = {
        "name": app.name,
        "namespace": app.namespace,
        "uid": app.uid,
        "resourceVersion": str(app.version),
        "generation": app.generation + app.resyncs(now),
        "creationTimestamp": app.created_at,
        "annotations": {"kubectl.kubernetes.io/last-applied-configuration": '{"note":"planted-last-applied"}'},
        "managedFields": [{"manager": "argocd-server", "operation": "Update", "fieldsV1": {"f:spec": {}}}],
    }
    if app.owner:
        name, uid = app.owner
        out["ownerReferences"] = [
            {"apiVersion": "argoproj.io/v1alpha1", "kind": "ApplicationSet", "name": name, "uid": uid, "controller": True}
        ]
    if app.frozen:
        out["annotations"]["argocd.argoproj.io/skip-reconcile"] = "true"
    return out | ({"deletionTimestamp": app.deleting_at} if app.deleting_at else {})


def _spec(app: ApplicationState) -> JSON:
    sources = [one.json() for one in app.sources]
    place = {"name": app.cluster} if app.cluster else {"server": app.server}
    out: JSON = {"destination": {**place, "namespace": app.target_namespace}, "project": app.project}
    out |= (
        {"sourceHydrator": app.hydrator.spec()} if app.hydrator else {"sources": sources} if app.several else {"source": sources[0]}
    )
    if app.auto_sync:
        automated = {"prune": app.prune, "selfHeal": app.self_heal}
        out["syncPolicy"] = {"automated": {key: True for key, on in automated.items() if on}}
    if app.revision_history_limit is not None:
        out["revisionHistoryLimit"] = app.revision_history_limit
    return out


def _status(app: ApplicationState, now: datetime) -> JSON:
    compared: JSON = {"sources" if app.several else "source": app.compared_sources if app.several else app.compared_sources[0]}
    sync: JSON = {"status": app.sync, "comparedTo": {**compared, "destination": _spec(app)["destination"]}}
    sync |= {"revisions": app.compared} if app.several else {"revision": app.compared[0]}
    out: JSON = {
        "sync": sync,
        "health": {"status": app.health, "lastTransitionTime": app.health_at},
        "reconciledAt": app.reconciled_at and app.reconciled_at + app.resyncs(now) * RESYNC,
        "resources": [_resource(one) for one in app.resources],
        "resourceHealthSource": "appTree",
        "sourceType": "Directory",
        "summary": {"images": app.images} if app.images else {},
        "controllerNamespace": "argocd",
        "sourceHydrator": app.hydrator.status((3, 5)) if app.hydrator else {},
    }
    if app.history:
        out["history"] = [{"source": {"repoURL": ""}, **one} if app.several else one for one in app.history]
    if app.operation:
        out["operationState"] = _operation_state(app.operation)
    if app.conditions:
        out["conditions"] = app.conditions
    return out


def _resource(one: ResourceState) -> JSON:
    named = {key: value for key, value in one.named().items() if value}
    more = ({"syncWave": one.wave} if one.wave else {}) | ({"requiresPruning": True} if one.undeclared else {})
    return {**named, "version": "v1", "status": one.status, "health": {"status": one.health}, **more}


def _operation_state(one: OperationState) -> JSON:
    operation: JSON = {"sync": one.sync, "initiatedBy": one.initiated_by, "retry": {}}
    operation |= {"info": one.info} if one.info else {}
    out: JSON = {"operation": operation, "phase": one.phase, "startedAt": one.started_at}
    more = {"message": one.message, "finishedAt": one.finished_at, "retryCount": one.retry_count, "syncResult": one.result}
    return out | {key: value for key, value in more.items() if value}


def without_health(app: JSON) -> JSON:
    """Lists tell no health of single resources: it is in the tree."""
    status = app.get("status")
    listed = status.get("resources") if isinstance(status, dict) else None
    if not isinstance(status, dict) or not isinstance(listed, list):
        return app
    bare = [{key: value for key, value in one.items() if key != "health"} if isinstance(one, dict) else one for one in listed]
    return {**app, "status": {**status, "resources": bare}}


def cut(apps: Sequence[JSON], fields: str, version: tuple[int, int]) -> list[JSON]:
    """What the list lets out when `fields` is given: its own fixed paths, anything else dropped without a word."""
    allowed = OLD_FIELDS | (HYDRATOR_FIELDS if version >= (3, 2) else frozenset())
    allowed |= NEW_FIELDS if version >= (3, 5) else frozenset()
    wanted = [
        one.removeprefix("items.")
        for one in fields.split(",")
        if one.startswith("items.") and one.removeprefix("items.") in allowed
    ]
    return [_cut_one(app, wanted) for app in apps]


def _cut_one(app: JSON, wanted: Sequence[str]) -> JSON:
    out: JSON = {}
    for path in wanted:
        parts = path.split(".")
        found: Any = app
        for part in ["status", "operationState", "syncResult"] if path == "status.operationState.operation.sync" else parts:
            found = found.get(part) if isinstance(found, dict) else None
        if path == "status.sync.revision" and found is None:
            found = ""
        if found is None and path not in {"metadata.deletionTimestamp", "status.operationState.finishedAt"}:
            continue
        if found is None and path.startswith("status.operationState") and not (app.get("status") or {}).get("operationState"):
            continue
        at = out
        for part in parts[:-1]:
            at = at.setdefault(part, {})
        at[parts[-1]] = found
    return out


def announcement(one: AnnouncementState, app: ApplicationState) -> JSON:
    """A Kubernetes core/v1 Event."""
    notes = {"dest-server": app.server or app.cluster or "", "dest-namespace": app.target_namespace}
    server = one.user is not None
    return {
        "metadata": {
            "name": one.name,
            "namespace": app.namespace,
            "uid": one.uid,
            "resourceVersion": str(one.version),
            "creationTimestamp": stamp(one.at),
            "annotations": notes | ({"user": one.user} if one.user else {}),
            "managedFields": [{"manager": "argocd", "operation": "Update"}],
        },
        "involvedObject": {"kind": "Application", "namespace": app.namespace, "name": app.name, "uid": one.application},
        "reason": one.reason,
        "message": one.message,
        "source": {"component": "argocd-server" if server else "argocd-application-controller"},
        "firstTimestamp": stamp(one.at),
        "lastTimestamp": stamp(one.at),
        "count": 1,
        "type": "Normal" if one.normal else "Warning",
        "eventTime": None,
    }


def revision(one: CommitState) -> JSON:
    out: JSON = {"author": one.author, "date": stamp(one.date), "message": one.message}
    return out | ({"references": [{"commit": said} for said in one.references]} if one.references else {})


def managed(one: ResourceState, app: ApplicationState, now: datetime) -> JSON:
    """Four states, each a JSON document written as a string."""
    return states(one, app, secrets.status(one, now))


def chosen(item: JSON, fields: str | None) -> JSON:
    """What `fields=items.a,items.b` leaves of an item of a list that filters generically."""
    wanted = {one.removeprefix("items.") for one in (fields or "").split(",") if one}
    return {key: value for key, value in item.items() if key in wanted} if wanted else item
