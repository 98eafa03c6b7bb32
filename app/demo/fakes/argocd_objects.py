"""The objects of a cluster as the fake Argo CD compares them: what is declared, what lives, and which program wrote which field.

`ResourceState.declared` and `live` are without the object's name and what the API server writes; `writes` become `managedFields`.
Ownership: https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management; the four states: ResourceDiff of
https://argo-cd.readthedocs.io/en/stable/developer-guide/api-docs/.
"""

import copy
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from app.demo.fakes.argocd_types import JSON, ApplicationState, ResourceState, Write, made_id, stamp

ARGO = "argocd-controller"  # from 2.12 on, with client-side apply
GONE: Any = object()
TRACKING = "argocd.argoproj.io/tracking-id"
Path = tuple[str, ...]


def path_of(text: str) -> Path:
    """`spec.containers[app].image` → its keys; what stands in brackets is one key, of a mapping or the name of a list's item."""
    return tuple(one.strip("[]") for one in re.findall(r"\[[^\]]*\]|[^.\[\]]+", text))


def put(document: JSON, path: Path, value: Any) -> JSON:
    """A copy with the value there; `GONE` takes the field away."""
    out: Any = copy.deepcopy(document)
    at = out
    for key, following in zip(path, [*path[1:], None], strict=True):
        if isinstance(at, list):
            found = next((item for item in at if item.get("name") == key), None)
            if found is None:
                found = {"name": key}
                at.append(found)
            at = found
        elif following is None:
            if value is GONE:
                at.pop(key, None)
            else:
                at[key] = copy.deepcopy(value)
        else:
            at = at.setdefault(key, {})
    return dict(out)


def value_at(document: Any, path: Path) -> Any:
    """`GONE` where there is none."""
    for key in path:
        if isinstance(document, list):
            document = next((item for item in document if item.get("name") == key), GONE)
        else:
            document = document.get(key, GONE) if isinstance(document, dict) else GONE
    return document


def leaves(value: Any, path: Path = ()) -> Iterator[Path]:
    """Every field that has a value of its own; lists of named items are gone into, other lists are one field."""
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from leaves(item, (*path, key))
    elif isinstance(value, list) and value and all(isinstance(item, dict) and "name" in item for item in value):
        for item in value:
            yield from leaves(item, (*path, str(item["name"])))
    elif path:
        yield path


def write(one: ResourceState, paths: Iterable[Path], manager: str, at: datetime, *, subresource: str | None = None) -> None:
    """`manager` owns these fields from now on, and nobody else does; an entry that owns nothing any more is gone."""
    mine = set(paths)
    for other in one.writes:
        other.paths -= mine
    own = next((other for other in one.writes if (other.manager, other.subresource) == (manager, subresource)), None)
    if own is None:
        own = Write(manager, at, set(), subresource)
        one.writes.append(own)
    own.at, own.paths = at, own.paths | mine
    living = set(leaves(one.live))
    for other in one.writes:
        other.paths &= living
    one.writes = [other for other in one.writes if other.paths]
    one.version += 1


def applied(one: ResourceState, at: datetime) -> None:
    """A sync made it as declared; a mutating webhook then changes it on admission, under the applier's name."""
    if not one.exists:
        one.created_at, one.writes = at, []
    one.exists, one.live = True, copy.deepcopy(one.declared)
    for path, value in one.mutates.items():
        one.live = put(one.live, path_of(path), value)
    write(one, leaves(one.live), ARGO, at)


def differs(one: ResourceState) -> bool:
    return one.undeclared or not one.exists or one.live != one.declared


def done(one: ResourceState, options: Sequence[str] = ()) -> str:
    """What `kubectl apply` says of it; `kubectl replace` where the sync's options say so."""
    name = f"{one.kind.lower()}.{one.group}/{one.name}" if one.group else f"{one.kind.lower()}/{one.name}"
    if one.exists and "Replace=true" in options:
        return f"{name} replaced"
    return f"{name} {'created' if not one.exists else 'configured' if one.live != one.declared else 'unchanged'}"


def states(one: ResourceState, app: ApplicationState, status: JSON) -> JSON:
    """The item of `managed-resources`. An object that is not live has no normalized state, one that is declared no more no
    predicted one, and that is not `modified`. Core Secrets are masked, with two masks where they differ."""
    named: JSON = {"apiVersion": f"{one.group}/v1" if one.group else "v1", "kind": one.kind}
    mark = f"{app.name}:{one.group}/{one.kind}:{one.namespace}/{one.name}"
    meta: JSON = {"name": one.name, "namespace": one.namespace, "annotations": {TRACKING: mark}}
    declared = _whole(named, meta, one.declared)
    given: JSON = {
        "uid": made_id(app.uid, mark, one.created_at),
        "resourceVersion": str(one.version),
        "generation": one.version,
        "creationTimestamp": one.created_at and stamp(one.created_at),
    }
    live = _whole(named, {**meta, **given, "managedFields": [_entry(w, one.live) for w in one.writes]}, one.live) | status
    predicted = _whole(named, live["metadata"], one.declared) | status
    if one.kind == "Secret":
        other = "++++++++" if one.status == "Synced" else "++++++++++++"
        declared["data"] = predicted["data"] = {"password": "++++++++"}
        live["data"] = {"password": other}
    shown: JSON = {"targetState": declared, "liveState": live, "normalizedLiveState": live, "predictedLiveState": predicted}
    if not one.exists:
        shown |= {"liveState": None, "normalizedLiveState": None, "predictedLiveState": declared}
    if one.undeclared:
        shown |= {"targetState": None, "predictedLiveState": None}
    out: JSON = {**one.named(), **{key: json.dumps(value, sort_keys=True) for key, value in shown.items()}}
    out |= {"resourceVersion": str(one.version)} if one.exists else {}
    return out | ({"modified": True} if one.status == "OutOfSync" and not one.undeclared else {})


def _whole(named: JSON, meta: JSON, document: JSON) -> JSON:
    own = document.get("metadata") or {}
    notes = {**meta["annotations"], **(own.get("annotations") or {})}
    return {**named, **document, "metadata": {**meta, **own, "annotations": notes}}


def _entry(one: Write, document: JSON) -> JSON:
    fields: JSON = {}
    for path in sorted(one.paths):
        _own(fields, document, path)
    out = {"manager": one.manager, "operation": "Update", "time": stamp(one.at), "fieldsType": "FieldsV1", "fieldsV1": fields}
    return out | ({"subresource": one.subresource} if one.subresource else {})


def _own(fields: JSON, document: Any, path: Path) -> None:
    for key in path:
        if isinstance(document, list):
            document = next((item for item in document if item.get("name") == key), {})
            fields = fields.setdefault(f"k:{json.dumps({'name': key}, separators=(',', ':'))}", {".": {}})
        else:
            document = document.get(key) if isinstance(document, dict) else None
            fields = fields.setdefault(f"f:{key}", {})
