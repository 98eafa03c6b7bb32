"""External secrets on the fake Argo CD: stores, what asks them, what uses the Secrets, and refreshes, which the cluster does.

Shapes: https://external-secrets.io/latest/api/spec/. Values stand where a real cluster has them, so that readers must drop them.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from app.demo.fakes.argocd_types import JSON, ApplicationState, Refreshes, ResourceState

GROUP = "external-secrets.io"
PLANTED = "planted-secret-data"
AWS = {"service": "ParameterStore", "region": "eu-west-1", "role": "arn:aws:iam::000000000000:role/reader"}


def add_store(
    app: ApplicationState, name: str, provider: Mapping[str, Any] | None = None, *, kind: str = "SecretStore"
) -> ResourceState:
    """`provider` as the store's specification has it; Parameter Store when None."""
    auth = {"tokenSecretRef": {"name": "store-token", "key": "token"}, "token": PLANTED}
    spec = {"provider": {key: {**of, "auth": auth} for key, of in (provider or {"aws": AWS}).items()}}
    return _add(app, ResourceState(kind, name, GROUP, app.target_namespace, declared={"spec": spec}))


def add_external(
    app: ApplicationState,
    name: str,
    keys: Sequence[str | JSON],
    at: datetime,
    *,
    store: str = "parameters",
    store_kind: str = "SecretStore",
    every: str = "1h",
    target: str | None = None,
    more: Sequence[JSON] = (),
) -> ResourceState:
    """It was refreshed at `at` first, and then `every` so often; "0" never again by itself. `more` is its `dataFrom`."""
    refs = [{"key": one} if isinstance(one, str) else one for one in keys]
    data = [{"secretKey": f"KEY_{n}", "remoteRef": ref} for n, ref in enumerate(refs)]
    spec: JSON = {
        "refreshInterval": every,
        "secretStoreRef": {"name": store, "kind": store_kind},
        "target": {"name": target or name, "template": {"data": {"config": PLANTED}}},
        "data": data,
    }
    spec |= {"dataFrom": list(more)} if more else {}
    hours = {"0": None, "1h": timedelta(hours=1), "15m": timedelta(minutes=15), "24h": timedelta(hours=24)}[every]
    made = ResourceState("ExternalSecret", name, GROUP, app.target_namespace, declared={"spec": spec})
    made.refreshes = Refreshes(at, hours)
    return _add(app, made)


def add_workload(
    app: ApplicationState,
    name: str,
    *,
    env: Sequence[str] = (),
    keys: Sequence[str] = (),
    volumes: Sequence[str] = (),
    pull: Sequence[str] = (),
    kind: str = "Deployment",
    annotations: Mapping[str, str] | None = None,
) -> ResourceState:
    """It uses Secrets: `env` whole, single `keys` of them, as `volumes`, to `pull` images."""
    named: list[JSON] = [{"name": "LEVEL", "value": PLANTED}]
    named += [{"name": f"V{n}", "valueFrom": {"secretKeyRef": {"name": one, "key": "KEY_0"}}} for n, one in enumerate(keys)]
    whole = [{"secretRef": {"name": one}} for one in env]
    pods: JSON = {
        "containers": [{"name": name, "image": "bank/app:1", "envFrom": whole, "env": named}],
        "volumes": [{"name": f"v{n}", "secret": {"secretName": one}} for n, one in enumerate(volumes)],
        "imagePullSecrets": [{"name": one} for one in pull],
    }
    template: JSON = {"metadata": {"annotations": dict(annotations or {})}, "spec": pods}
    spec: JSON = {"replicas": 2, "template": template}
    found = next((one for one in app.resources if (one.kind, one.name) == (kind, name)), None)
    one = found or _add(app, ResourceState(kind, name, "apps", app.target_namespace))
    one.declared = {**one.declared, "spec": spec}
    if one.exists:
        one.live = dict(one.declared)
    return one


def restart(app: ApplicationState, name: str, at: datetime) -> None:
    """`kubectl rollout restart`; Argo CD takes the annotation for nobody's difference here."""
    one, asked = app.resource(name), {"kubectl.kubernetes.io/restartedAt": at.isoformat()}
    for of in (one.declared, one.live):
        template = of["spec"]["template"]
        notes = {**template["metadata"]["annotations"], **asked}
        of["spec"] = {**of["spec"], "template": {**template, "metadata": {"annotations": notes}}}
    ended = {"type": "Progressing", "reason": "NewReplicaSetAvailable", "lastUpdateTime": at.isoformat()}
    one.observed = {"status": {"replicas": 2, "updatedReplicas": 2, "readyReplicas": 2, "conditions": [ended]}}


def refresh(app: ApplicationState, name: str, at: datetime) -> None:
    """Somebody has it read again (the annotation `force-sync`)."""
    one = app.resource(name)
    assert one.refreshes is not None  # noqa: S101 -- only ExternalSecrets are refreshed
    one.refreshes.at, one.refreshes.fails_since = at, None


def fail(app: ApplicationState, name: str, at: datetime) -> None:
    """From now on its store refuses it."""
    one = app.resource(name)
    assert one.refreshes is not None  # noqa: S101 -- as above
    one.refreshes.fails_since = at


def status(one: ResourceState, now: datetime) -> JSON:
    """What controllers have written to a live object until now."""
    if one.refreshes is None:
        return one.observed
    return {"status": one.refreshes.status(now)}


def _add(app: ApplicationState, one: ResourceState) -> ResourceState:
    app.resources.append(one)
    return one
