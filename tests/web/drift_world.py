"""The drift ledger for the pages' tests: one of each kind of episode, some of them hostile, and what a source showed of them."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import orjson
from app.canonical import digest, stable_id
from app.changes.drift.rows import EpisodeRow
from app.db.session import transaction
from app.db.tables.collection import streams
from app.db.tables.drift import blind_spots, drift_state, episode_terms, episodes
from app.domain.actor import Actor, unknown
from app.domain.drift import Blindness, Cause, Ended, Episode, FieldChange, Layer, RuledOut, State, Writer
from app.drift.kept import kept
from app.ingest import store as observations
from app.sources.contract import Observation
from sqlalchemy import Engine, insert

from tests.linking import build
from tests.web import world

NOW = world.NOW
REVISION = build.sha("declared")
SCRIPT = world.SCRIPT


def ago(hours: float) -> datetime:
    return NOW - timedelta(hours=hours)


MANIFEST = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "payments-api", "namespace": "banking-prod", "uid": "7", "annotations": {"note": SCRIPT}},
    "spec": {
        "replicas": 3,
        "template": {"spec": {"containers": [{"name": "payments-api", "image": "registry.bank.example/payments-api:2.5.1",
                                              "resources": {"limits": {"memory": "1Gi", "cpu": "2"}},
                                              "env": [{"name": "SETTLEMENTS_ENDPOINT", "value": "https://settlements"}]}]}},
    },
    "status": {"readyReplicas": 3},
}  # fmt: skip


def _live() -> dict[str, Any]:
    live: dict[str, Any] = orjson.loads(orjson.dumps(MANIFEST))
    container = live["spec"]["template"]["spec"]["containers"][0]
    container["resources"]["limits"]["memory"] = "4Gi"
    container["env"].insert(0, {"name": "SETTLEMENTS_RETRY", "value": "0"})
    live["metadata"]["uid"], live["status"]["readyReplicas"] = "8", 2
    return live


LONG = {"spec": {"items": [{"name": f"item {n}", "size": n} for n in range(5000)]}}
LONG_LIVE = {"spec": {"items": [{"name": f"item {n}", "size": n + 1} for n in range(5000)]}}
ITEMS = [
    {"group": "apps", "kind": "Deployment", "namespace": "banking-prod", "name": "payments-api",
     "predictedLiveState": MANIFEST, "normalizedLiveState": _live()},
    {"group": "", "kind": "Secret", "namespace": "banking-prod", "name": "clearing",
     "predictedLiveState": {"kind": "Secret", "data": {"password": "++++++++"}},
     "normalizedLiveState": {"kind": "Secret", "data": {"password": "++++++++++++"}}},
    {"group": "", "kind": "ConfigMap", "namespace": "banking-prod", "name": "long",
     "predictedLiveState": LONG, "normalizedLiveState": LONG_LIVE},
]  # fmt: skip
BODY = orjson.dumps({"items": ITEMS})
DIGEST = digest(BODY)

EDITED = Episode(
    key="argocd:uid-1/apps/Deployment/banking-prod/payments-api/1",
    number=0,
    layer=Layer.KUBERNETES,
    source="argocd-eu",
    application="payments-api",
    project="banking",
    destination="prod-eu-1/banking-prod",
    group="apps",
    kind="Deployment",
    name="payments-api",
    namespace="banking-prod",
    onset_after=ago(7.5),
    onset_before=ago(7.48),
    changes=(
        FieldChange("spec.template.spec.containers[payments-api].resources.limits.memory", '"4Gi"', '"1Gi"', ("kubectl-edit",)),
        FieldChange("spec.template.spec.containers[payments-api].env[SETTLEMENTS_RETRY]", '{"value":"0"}', None, ("kubectl-edit",)),
    ),
    writers=(Writer("kubectl-edit", "Update", None, ago(7.49)),),
    looked_at=ago(7.4),
    revisions=(REVISION,),
    manifests=DIGEST,
    cause=Cause.LIVE_EDIT,
    because="kubectl-edit wrote both fields, in no sync",
    ruled_out=(
        RuledOut(Cause.MERGED_NOT_APPLIED, "it was compared with what is deployed"),
        RuledOut(Cause.CONTROLLER, "neither field is one that an autoscaler writes"),
    ),
    possible=(RuledOut(Cause.MUTATING_WEBHOOK, "no sync came after it"),),
    person=unknown("Kubernetes names programs and never people; the cluster's audit log does"),
    auto_sync=True,
    self_heal=False,
    seqs=(0, 1),
)


def _one(name: str, **more: Any) -> Episode:
    group = more.pop("group", "")
    key = f"argocd:uid-{name}/{group}/{more.get('kind', 'ConfigMap')}/banking-prod/{name}/{more.get('onset_before', ago(1))}"
    shared: dict[str, Any] = {
        "kind": "ConfigMap",
        "onset_before": ago(1),
        "onset_after": ago(1.01),
        "ruled_out": (),
        "possible": (),
    }
    shared |= {"changes": None, "manifests": None, "writers": (), "person": None, "because": "", "cause": Cause.UNKNOWN}
    return replace(EDITED, key=key, name=name, group=group, **(shared | more))


def cast() -> list[tuple[Episode, float | None]]:
    """Each with its limit in hours."""
    terraform: dict[str, Any] = {
        "layer": Layer.TERRAFORM,
        "source": "tfe",
        "application": "",
        "workspace": "net-prod",
        "namespace": "",
    }
    terraform |= {"destination": None, "revisions": (), "auto_sync": None, "self_heal": None}
    healed = {"state": State.CLOSED, "ended_by": Ended.SELF_HEAL, "ended_because": "the operation synced it"}
    return [
        (EDITED, 4),
        (_one("within", cause=Cause.CONTROLLER, because="the autoscaler writes it", kind="HorizontalPodAutoscaler",
              changes=(FieldChange("spec.maxReplicas", "9", "5", ("argocd",)),), writers=(Writer("argocd"),),
              person=Actor("chen")), 4),
        (_one("clearing", kind="Secret", cause=Cause.SELECTIVE_SYNC, because="the sync left it out", manifests=DIGEST,
              changes=(FieldChange("data.password", "[removed]", "[removed]"),)), None),
        (_one("long", manifests=DIGEST, changes=()), 24),
        (_one("purged", manifests="sha256:" + "0" * 64, changes=(FieldChange("data.x", "1", "2"),)), 4),
        (_one("gone", cause=Cause.MISSING, because="it was live, and is gone", changes=(), kind="Service"), 4),
        (_one("frozen", state=State.UNKNOWN, unknown_since=ago(30), unknown_because="the comparison failed", onset_before=ago(31),
              onset_after=None), 4),
        (_one("pending", cause=Cause.PENDING_COMMIT, because="a commit is not deployed yet"), None),
        (_one("unread", source="argocd", onset_before=ago(21), onset_after=ago(22)), 4),
        (_one("prunable", cause=Cause.PRUNING_NEEDED, because="it is declared no more"), None),
        (_one("healed", onset_before=ago(50), onset_after=ago(50.1), ended_after=ago(49.9), ended_at=ago(49.8), **healed), 4),
        (_one("healed", onset_before=ago(100), onset_after=ago(100.1), ended_after=ago(90), ended_at=ago(89), **healed), 4),
        (_one("counted", onset_before=ago(70), ended_after=ago(70), ended_at=ago(60), size=7, counted=True, kind="", **healed), 4),
        (_one(SCRIPT, kind="<b>Kind</b>", because=SCRIPT, changes=(FieldChange(SCRIPT, SCRIPT, world.TURNED, (SCRIPT,)),),
              writers=(Writer(SCRIPT),), person=Actor(world.TURNED)), 4),
        (_one("aws_security_group.clearing", kind="aws_security_group", cause=Cause.MERGED_NOT_APPLIED, because="change 3 merged",
              changes=(FieldChange("ingress", None, None, told=False),), **terraform), 24),
        (_one("aws_security_group.old", kind="aws_security_group", onset_before=ago(200), ended_after=ago(150), ended_at=ago(149),
              state=State.CLOSED, ended_by=Ended.RUN, ended_operation="run:tfe:run-3",
              **terraform), 24),
    ]  # fmt: skip


def as_row(one: Episode, limit: float | None) -> EpisodeRow:
    """As the store reads it."""
    hours = None if limit is None or not one.is_drift else timedelta(hours=limit)
    return EpisodeRow(stable_id("episode", one.key), one, "production", "prod", hours, None, None)


def fill(engine: Engine) -> None:
    """Beside `world.fill`."""
    seen = Observation("managed-resources/payments-api", "https://argocd.bank.example/x", BODY, DIGEST, NOW)
    with transaction(engine) as connection:
        observations.save_observations(connection, "argocd", "applications", [seen])
        for number, (one, limit) in enumerate(cast()):
            connection.execute(insert(episodes).values(_row(replace(one, number=number), limit)))
            for key, value in _terms(one):
                connection.execute(
                    insert(episode_terms).values(key=key, value=value.casefold(), episode=stable_id("episode", one.key))
                )
        connection.execute(insert(streams), _streams())
        connection.execute(insert(blind_spots), [_blind("failing", None), _blind("stale", ago(20)), _blind(SCRIPT, None)])
        states = {"payments-api": "differs", "ledger-api": "as declared", "fx-rates": "as declared", "cards": "never compared"}
        connection.execute(insert(drift_state), [_state(name, standing) for name, standing in states.items()])
        connection.execute(insert(drift_state).values(_state("vault", "as declared") | {"source": "argocd"}))


def _streams() -> list[dict[str, object]]:
    """`world`'s own Argo CD was not read for hours; this one was."""
    shared = {**world._streams()[0], "failures": 0, "forgets_after": timedelta(hours=1), "succeeded_at": ago(0.01)}
    return [
        {**shared, "source": "argocd-eu", "stream": "applications", "kind": "argocd"},
        {**shared, "source": "tfe", "stream": "workspaces", "kind": "tfe"},
    ]


def _place(one: Episode) -> dict[str, Any]:
    names = ("source", "application", "workspace")
    return {name: getattr(one, name) for name in names} | {
        "layer": str(one.layer),
        "project": one.project or "",
        "destination": one.destination or "",
        "environment": "production",
        "class": "prod",
    }


def _row(one: Episode, limit: float | None) -> dict[str, Any]:
    return _place(one) | {
        "id": stable_id("episode", one.key),
        "key": one.key,
        "number": one.number,
        "subject": f"{one.source}:{one.application or one.workspace}",
        "object": f"{one.group}/{one.kind}/{one.namespace}/{one.name}",
        **{name: getattr(one, name) for name in ("kind", "name", "namespace", "size", "counted", "ended_at", "unknown_since")},
        "state": str(one.state),
        "cause": str(one.cause),
        "drift": one.is_drift,
        "at": one.onset_before,
        "limit_seconds": None if limit is None or not one.is_drift else int(limit * 3600),
        "told_by": one.told_by,
        "ended_told_by": one.ended_told_by,
        "told": kept(one),
    }


def _terms(one: Episode) -> list[tuple[str, str]]:
    named = {"env": "production", "app": one.application, "workspace": one.workspace, "cause": str(one.cause), "source": one.source}
    named |= {"resource": one.name, "layer": str(one.layer)}
    return [(key, value) for key, value in named.items() if value]


def _blind(name: str, ended: datetime | None) -> dict[str, Any]:
    because = f"the comparison failed: {name}"
    return _place(replace(EDITED, application=name)) | {
        "id": stable_id("blind", name),
        "key": f"argocd:{name}",
        "number": 3,
        "subject": f"argocd-eu:{name}",
        "why": str(Blindness.UNKNOWN),
        "because": because,
        "since_after": ago(31),
        "at": ago(30),
        "ended_at": ended,
    }


def _state(name: str, standing: str) -> dict[str, Any]:
    place = _place(replace(EDITED, application=name))
    return place | {"subject": f"argocd-eu:{name}", "standing": standing, "looked_at": ago(0.1), "state": {}}
