"""What live objects differ in from what is declared, and which programs wrote it: from `managed-resources`. Pure.

Each object comes as four JSON documents written as strings: target, live, normalized live and predicted live; the difference
that Argo CD means is normalized live against predicted live. Core Secrets come masked, with longer masks where they differ.
Shapes: https://argo-cd.readthedocs.io/en/stable/developer-guide/api-docs/, ResourceDiff; managedFields: Kubernetes
https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.canonical import digest, plain
from app.domain.secret import without_secrets
from app.sources.argocd.redact import REMOVED, TEMPLATE, VALUED, WHOLE, redacted

JSON = dict[str, Any]
Path = tuple[Any, ...]  # keys, and for an item of a list its (number, item)
STATES = ("targetState", "liveState", "normalizedLiveState", "predictedLiveState")
LONGEST = 300  # characters of a value; of a longer one its digest and its length stand beside what is left
SPELLED = 2000  # characters of a path
# What the API server and controllers write by themselves; it is no difference that anybody declared.
NOISE = frozenset({"managedFields", "resourceVersion", "generation", "uid", "creationTimestamp", "selfLink"})
LAST_APPLIED = re.compile(r"last-applied-configuration$")
CALLED = r"pass(?:word|wd|phrase)|secret|token|credential|api[_-]?key|private[_-]?key|\bdsn\b|connection[_-]?string"
SECRET = re.compile(rf"(?i){CALLED}")
SETTING = re.compile(rf"(?im)^(\s*[\"']?[\w.-]*(?:{CALLED})[\w.-]*[\"']?\s*[:=]\s*)\S.*$")
COMPARE_OPTIONS = "argocd.argoproj.io/compare-options"
ABSENT: Any = object()


@dataclass(frozen=True, slots=True)
class Change:
    """`path` as people write it; a value is JSON text, None where the field is absent. `writers`: entries that own the field."""

    path: str
    live: str | None
    declared: str | None
    writers: list[JSON]

    def told(self) -> JSON:
        by = sorted({one["manager"] for one in self.writers})
        values = _value("live", self.live) | _value("declared", self.declared)
        return {"path": self.path, **values, "by": by, "writers": self.writers}


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def decoded(item: Mapping[str, Any]) -> JSON | None:
    """One object of the answer: what it is, how it differs, who wrote it, and its states without secrets. None when it is none.

    `difference`: `missing` (not live), `extra` (declared no more), `modified`, or `none`; of the last no states are given.
    """
    if not isinstance(item.get("kind"), str) or not isinstance(item.get("name"), str):
        return None
    states = {name: _state(item.get(name)) for name in STATES}
    target, live = states["targetState"], states["liveState"]
    normal, predicted = states["normalizedLiveState"], states["predictedLiveState"]
    shown = {name: masked(states[name]) for name in ("targetState", "liveState")}
    kind = "missing" if live is None else "extra" if target is None else "modified" if item.get("modified") is True else "none"
    meta = _dict((live or {}).get("metadata"))
    written = [one for one in meta.get("managedFields") or [] if isinstance(one, dict)]
    secret = item["kind"] == "Secret"
    out: JSON = {key: plain(_text(item.get(key)), 300) for key in ("group", "kind", "namespace", "name")}
    out |= {
        "difference": kind,
        "target": _print(shown["targetState"]),
        "live": _print(shown["liveState"]),
        "version": plain(_text(item.get("resourceVersion")), 100) or plain(_text(meta.get("resourceVersion")), 100) or None,
        "created": plain(_text(meta.get("creationTimestamp")), 64) or None,
        "owner": next((f"{plain(_text(o.get('kind')), 100)}/{plain(_text(o.get('name')), 300)}" for o in _owners(meta)), None),
        "managers": [_manager(one) for one in written],
        "changes": [one.told() for one in _changes(normal, predicted, written, secret)] if kind == "modified" else [],
    }
    if "IgnoreExtraneous" in str(_dict(meta.get("annotations")).get(COMPARE_OPTIONS)):
        out["ignore_extraneous"] = True
    if kind != "none":
        out |= {**shown, **{name: masked(states[name]) for name in ("normalizedLiveState", "predictedLiveState")}}
        out["noise"] = sorted({_spelled(path) for state in (normal, predicted, target, live) for path in _noisy(state or {})})
    return out


def masked(value: Any) -> Any:
    """Without secrets: what `redacted` takes out, what is called like a secret, and lines that set something called like one."""
    return _masked(redacted(value))


def _masked(value: Any, key: str = "") -> Any:
    if isinstance(value, dict):
        return {name: _masked(item, name) for name, item in value.items()}
    if isinstance(value, list):
        return [_masked(item, key) for item in value]
    if value is not None and key and SECRET.search(key) and not isinstance(value, bool):
        return REMOVED
    return SETTING.sub(rf"\1{REMOVED}", without_secrets(value)) if isinstance(value, str) else value


def _state(text: Any) -> JSON | None:
    """A document written as a string; None for `null`, for nothing, and for what is no object."""
    if not isinstance(text, str):
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _print(state: JSON | None) -> str | None:
    """A digest of a state without secrets; what the API server writes by itself is left out of it."""
    if state is None:
        return None
    bare = {key: value for key, value in state.items() if key != "status"}
    bare["metadata"] = {k: v for k, v in _dict(bare.get("metadata")).items() if k not in NOISE}
    return digest(json.dumps(bare, sort_keys=True, ensure_ascii=True).encode())[7:23]


def _dict(value: Any) -> JSON:
    return value if isinstance(value, dict) else {}


def _owners(meta: JSON) -> list[JSON]:
    return [one for one in meta.get("ownerReferences") or [] if isinstance(one, dict)]


def _manager(one: JSON) -> JSON:
    return {
        "manager": plain(_text(one.get("manager")), 200),
        "operation": plain(_text(one.get("operation")), 50),
        "subresource": plain(_text(one.get("subresource")), 50) or None,
        "at": plain(_text(one.get("time")), 64) or None,
    }


def _changes(live: JSON | None, declared: JSON | None, written: Sequence[JSON], secret: bool) -> Iterator[Change]:
    for path, one, other in _walk((), live or {}, declared or {}):
        hidden = _hidden(path, secret)
        owners = [_manager(entry) for entry in written if _owns(entry.get("fieldsV1"), path)]
        yield Change(_spelled(path), _shown(one, hidden), _shown(other, hidden), owners)


def _walk(path: Path, one: Any, other: Any) -> Iterator[tuple[Path, Any, Any]]:
    """(path, live, declared) of each place where they differ, as deep as both go."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in sorted(set(one) | set(other)):
            if not _noise((*path, key)):
                yield from _walk((*path, key), one.get(key, ABSENT), other.get(key, ABSENT))
    elif isinstance(one, list) and isinstance(other, list) and (pairs := _paired(one, other)):
        for i, (mine, theirs) in enumerate(pairs):
            yield from _walk((*path, (i, mine if mine is not ABSENT else theirs)), mine, theirs)
    elif one is not other and one != other:
        yield path, one, other


def _paired(one: list[Any], other: list[Any]) -> list[tuple[Any, Any]]:
    """Items of two lists that belong together: by name where all have one, else by place where there are as many."""
    if one and other and all(isinstance(item, dict) and isinstance(item.get("name"), str) for item in [*one, *other]):
        names = list(dict.fromkeys(item["name"] for item in [*one, *other]))
        mine, theirs = ({item["name"]: item for item in items} for items in (one, other))
        return [(mine.get(name, ABSENT), theirs.get(name, ABSENT)) for name in names]
    return list(zip(one, other, strict=True)) if len(one) == len(other) else []


def _noise(path: Path) -> bool:
    if path[0] == "status":
        return True
    last = isinstance(path[-1], str) and LAST_APPLIED.search(path[-1]) is not None
    return path[0] == "metadata" and ((len(path) == 2 and path[1] in NOISE) or last)


def _noisy(state: JSON) -> Iterator[Path]:
    """The places of a document that are noise: what the API server and controllers write by themselves."""
    if "status" in state:
        yield ("status",)
    meta = _dict(state.get("metadata"))
    yield from (("metadata", key) for key in meta if key in NOISE - {"managedFields"})
    yield from (("metadata", "annotations", key) for key in _dict(meta.get("annotations")) if LAST_APPLIED.search(key))


def _hidden(path: Path, secret: bool) -> bool:
    """May its value be a secret? The data of a Secret, what the list of secret keys names, what is called like one."""
    keys = [key for key in path if isinstance(key, str)]
    inside = any(key in WHOLE for key in keys) or any(key in VALUED for key in keys)
    data = secret and bool(keys) and keys[0] in {"data", "stringData"}
    made = TEMPLATE in keys and "data" in keys[keys.index(TEMPLATE) :]  # by an ExternalSecret
    return inside or data or made or (bool(keys) and SECRET.search(keys[-1]) is not None)


def _shown(value: Any, hidden: bool) -> str | None:
    if value is ABSENT:
        return None
    return REMOVED if hidden else json.dumps(masked(value), sort_keys=True, ensure_ascii=False)


def _value(name: str, text: str | None) -> JSON:
    """The value as it is told; of one that is too long what is left, its digest (of the whole text, secrets out) and length."""
    if text is None or len(text) <= LONGEST:
        return {name: None if text is None else plain(text, LONGEST)}
    whole = digest(text.encode("utf-8", "replace"))
    return {name: plain(text, LONGEST), f"{name}_digest": whole, f"{name}_length": len(text)}


def _spelled(path: Path) -> str:
    """`spec.template.spec.containers[app].image`; a key that holds a dot stands in brackets too."""
    out = ""
    for key in path:
        if isinstance(key, tuple):
            name = key[1].get("name") if isinstance(key[1], dict) else None
            out += f"[{name if isinstance(name, str) else key[0]}]"
        elif re.search(r"[.\[\]]", key):
            out += f"[{key}]"
        else:
            out += f".{key}" if out else key
    return plain(out, SPELLED)


def _owns(fields: Any, path: Path) -> bool:
    """Does a set of fields hold this path, or a part of it that it ends above?"""
    at = fields
    for key in path:
        if not isinstance(at, dict):
            return False
        found = _item_of(at, key) if isinstance(key, tuple) else at.get(f"f:{key}")
        if found is None:
            return False
        if found == {}:
            return True
        at = found
    return isinstance(at, dict)


def _item_of(fields: JSON, key: tuple[int, Any]) -> Any:
    number, item = key
    for name, inner in fields.items():
        if name.startswith("k:"):
            try:
                wanted = json.loads(name[2:])
            except ValueError:
                continue
            if isinstance(item, dict) and isinstance(wanted, dict) and all(item.get(k) == v for k, v in wanted.items()):
                return inner
        elif name == f"i:{number}" or (name.startswith("v:") and name[2:] == json.dumps(item)):
            return inner
    return None
