"""What an application's objects say of secrets: the names that ExternalSecrets ask for, the Secrets they make, who uses those.

Read from `managed-resources` by an allow-list: nothing else of an object is looked at, so that no value can come along. Pure and
total.
Shapes: https://external-secrets.io/latest/api/externalsecret/, https://external-secrets.io/latest/api/secretstore/,
https://kubernetes.io/docs/concepts/configuration/secret/#using-secrets.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from app.canonical import plain
from app.domain.lineage import System
from app.domain.secret import without_secrets

JSON = dict[str, Any]
GROUP = "external-secrets.io"
EXTERNALS = frozenset({"ExternalSecret", "ClusterExternalSecret"})
STORES = frozenset({"SecretStore", "ClusterSecretStore"})
KINDS = EXTERNALS | STORES
NAME, KEY = 300, 2100  # characters of a name; of a key, which Parameter Store lets be 2,048 long
LISTS = ("stores", "externals", "refs", "workloads", "uses")
RESTARTED = "kubectl.kubernetes.io/restartedAt"
RELOADERS = ("reloader.stakater.com/", "secret.reloader.stakater.com/", "wave.pusher.com/")
PROVIDERS = {"vault": System.VAULT, "gcpsm": System.GOOGLE, "azurekv": System.AZURE}
SERVICES = {"ParameterStore": System.SSM, "SecretsManager": System.SECRETS_MANAGER}
_DURATION = re.compile(r"(?:\d+(?:\.\d+)?(?:h|ms|m|s|us|µs|ns))+|0", re.ASCII)
_PART = re.compile(r"(\d+(?:\.\d+)?)(h|ms|m|s|us|µs|ns)")
_SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001, "us": 0.0, "µs": 0.0, "ns": 0.0}
_LONGEST = 2**40


def names(items: Sequence[Mapping[str, Any]]) -> dict[str, list[JSON]]:
    """The facts of `secret-refs`: `stores`, `externals`, `refs`, `workloads` (those that use a Secret), `uses`; each sorted."""
    out: dict[str, list[JSON]] = {name: [] for name in LISTS}
    for item in items:
        kind, name = item.get("kind"), item.get("name")
        if not isinstance(kind, str) or not isinstance(name, str):
            continue
        live, target = _state(item.get("liveState")), _state(item.get("targetState"))
        state = live if live is not None else target
        if state is None:
            continue
        told = {"kind": _text(kind), "namespace": _text(item.get("namespace")), "name": _text(name)}
        if item.get("group") == GROUP and kind in STORES:
            out["stores"].append(told | _store(_at(state, "spec", "provider")))
        elif item.get("group") == GROUP and kind in EXTERNALS:
            spec = _dict(state.get("spec"))
            out["externals"].append(told | _external(name, kind, spec, _dict(state.get("status")), live is not None))
            out["refs"] += [told | ref for ref in _refs(_dict(spec.get("externalSecretSpec")) or spec)]
        elif uses := sorted(set(_uses(kind, state))):
            out["workloads"].append({"group": _text(item.get("group")), **told, **_rolled(state)})
            out["uses"] += [told | {"secret": secret, "by": by} for secret, by in uses]
    return {key: sorted(rows, key=lambda row: json.dumps(row, sort_keys=True)) for key, rows in out.items()}


def seconds(text: Any) -> int | None:
    """A Go duration (`1h30m0s`) in whole seconds; None for what is none."""
    if not isinstance(text, str) or len(text) > 100 or not _DURATION.fullmatch(text):
        return None
    total = sum(float(number) * _SECONDS[unit] for number, unit in _PART.findall(text))
    return int(total) if total < _LONGEST else None


def _text(value: Any, limit: int = NAME) -> str:
    return plain(without_secrets(value), limit) if isinstance(value, str) else ""


def _dict(value: Any) -> JSON:
    return value if isinstance(value, dict) else {}


def _dicts(value: Any) -> list[JSON]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _at(value: Any, *path: str) -> JSON:
    for key in path:
        value = _dict(value).get(key)
    return _dict(value)


def _state(text: Any) -> JSON | None:
    if not isinstance(text, str):
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _store(provider: JSON) -> JSON:
    """Which provider, and what of it takes part in a path; never how it authenticates."""
    name = next((key for key in sorted(provider) if isinstance(provider[key], dict)), "")
    of = _dict(provider.get(name))
    system = SERVICES.get(str(of.get("service")), System.OTHER) if name == "aws" else PROVIDERS.get(name, System.OTHER)
    return {
        "system": str(system) if name else str(System.UNKNOWN),
        "provider": _text(name),
        "mount": _text(of.get("path")).strip("/") if name == "vault" else "",
        "prefix": _text(of.get("prefix")) if name == "aws" else "",
        "region": _text(of.get("region")) if name == "aws" else "",
        "place": _text(of.get("projectID")) if name == "gcpsm" else _vault(of.get("vaultUrl")) if name == "azurekv" else "",
    }


def _vault(url: Any) -> str:
    """`bank` of https://bank.vault.azure.net."""
    found = re.match(r"https://([\w-]{1,100})\.", url, re.ASCII) if isinstance(url, str) else None
    return found[1] if found else ""


def _external(name: str, kind: str, spec: JSON, status: JSON, live: bool) -> JSON:
    inner = _dict(spec.get("externalSecretSpec")) or spec
    made = _text(spec.get("externalSecretName")) if kind == "ClusterExternalSecret" else ""
    ready = next((one for one in _dicts(status.get("conditions")) if one.get("type") == "Ready"), {})
    alone = inner.get("refreshPolicy") in {"CreatedOnce", "OnChange"}
    return {
        "target": _text(_at(inner, "target").get("name")) or _text(_at(status, "binding").get("name")) or made or _text(name),
        "interval": 0 if alone else seconds(inner.get("refreshInterval")),
        "refreshed_at": _text(status.get("refreshTime"), 64) or None,
        "synced_version": _text(status.get("syncedResourceVersion"), 100) or None,
        "ready": {"True": True, "False": False}.get(str(ready.get("status"))),
        "reason": _text(ready.get("reason"), 100) or None,
        "live": live,
    }


def _refs(spec: JSON) -> Iterator[JSON]:
    store = _at(spec, "secretStoreRef")
    for one in _dicts(spec.get("data")):
        if isinstance(one.get("remoteRef"), dict):
            yield _ref("data", one["remoteRef"], store, one)
    for one in _dicts(spec.get("dataFrom")):
        if isinstance(one.get("extract"), dict):
            yield _ref("extract", one["extract"], store, one)
        if isinstance(one.get("find"), dict):
            find = one["find"]
            pattern = _text(_at(find, "name").get("regexp"), KEY)
            yield _ref("find", {"key": find.get("path")}, store, one) | {"pattern": pattern, "tags": bool(_dict(find.get("tags")))}


def _ref(how: str, remote: JSON, store: JSON, one: JSON) -> JSON:
    own = _at(one, "sourceRef", "storeRef") or store
    return {
        "how": how,
        "key": _text(remote.get("key"), KEY),
        "property": _text(remote.get("property")),
        "version": _text(remote.get("version")),
        "store_kind": _text(own.get("kind")) or "SecretStore",
        "store": _text(own.get("name")),
    }


def _pods(kind: str, state: JSON) -> JSON:
    """The specification of its pods: of a Pod, a CronJob, and of everything that has a template."""
    if kind == "Pod":
        return _dict(state.get("spec"))
    template = _at(state, "spec", "jobTemplate", "spec", "template") if kind == "CronJob" else _at(state, "spec", "template")
    return _dict(template.get("spec"))


def _uses(kind: str, state: JSON) -> Iterator[tuple[str, str]]:
    """(name of a Secret, env · volume · pull · tls)."""
    if kind == "Ingress":
        for one in _dicts(_dict(state.get("spec")).get("tls")):
            yield from _named(one.get("secretName"), "tls")
        return
    pods = _pods(kind, state)
    for group in ("containers", "initContainers", "ephemeralContainers"):
        for container in _dicts(pods.get(group)):
            for one in _dicts(container.get("env")):
                yield from _named(_at(one, "valueFrom", "secretKeyRef").get("name"), "env")
            for one in _dicts(container.get("envFrom")):
                yield from _named(_at(one, "secretRef").get("name"), "env")
    for volume in _dicts(pods.get("volumes")):
        yield from _named(_at(volume, "secret").get("secretName"), "volume")
        for one in _dicts(_at(volume, "projected").get("sources")):
            yield from _named(_at(one, "secret").get("name"), "volume")
    for one in _dicts(pods.get("imagePullSecrets")):
        yield from _named(one.get("name"), "pull")


def _named(name: Any, by: str) -> Iterator[tuple[str, str]]:
    if text := _text(name):
        yield text, by


def _rolled(state: JSON) -> JSON:
    """When its pods were last asked to restart, and its last rollout ended; nothing of the first while a rollout goes on."""
    spec, status = _dict(state.get("spec")), _dict(state.get("status"))
    done = status.get("observedGeneration") == _dict(state.get("metadata")).get("generation") and all(
        status.get(name) == spec.get("replicas", 1) for name in ("replicas", "updatedReplicas", "readyReplicas")
    )
    progress = next((one for one in _dicts(status.get("conditions")) if one.get("type") == "Progressing"), {})
    notes = [*_at(state, "metadata", "annotations"), *_at(spec, "template", "metadata", "annotations")]
    restarted = _at(spec, "template", "metadata", "annotations").get(RESTARTED)
    ended = progress.get("reason") == "NewReplicaSetAvailable"
    return {
        "restarted_at": (_text(restarted, 64) or None) if done else None,
        "rolled_at": (_text(progress.get("lastUpdateTime"), 64) or None) if ended else None,
        "reloader": any(str(note).startswith(RELOADERS) for note in notes),
    }
