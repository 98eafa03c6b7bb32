"""A small lineage: a stale reader, a fresh one, paths that nobody writes or reads, names as hostile as names can be."""

from dataclasses import replace
from typing import Any

from app.canonical import stable_id
from app.domain.event import Event, Step

from tests.linking import build

DAY = 24 * 60
APPLIED = 7 * DAY * 0.9 + 45  # run-7
PATH = "/settlements/production/database-url"
STORE = {"kind": "SecretStore", "name": "parameters", "namespace": "payments", "system": "aws-ssm", "provider": "aws"}


def planned(run: str, minutes: float, names: list[str], *, workspace: str = "net-prod", held: tuple[str, ...] = ()) -> Event:
    def one(name: str) -> dict[str, Any]:
        object_ = {"system": "aws-ssm", "group": "", "kind": "Parameter", "namespace": None, "name": name}
        address = f'module.db.aws_ssm_parameter.all["{name}"]'
        return {"address": address, "mode": "managed", "type": "aws_ssm_parameter", "object": object_}

    resources = [one(name) | {"actions": ["create"]} for name in names]
    keys = build.Keys(repository=build.REPO, workspace=workspace, run=run)
    facts = {"resources": resources, "holds": [one(name) for name in held], "drift": [], "parts": 1}
    made = build.event("tfe", "plan-resources", f"plan-{run}/1", "listed", Step.PLANNED, minutes, keys, **facts)
    return replace(made, facts={**made.facts, "part": 1})


def asked(
    app: str, minutes: float, keys: list[str], *, read: float, every: int = 3600, name: str = "database", store: bool = True
) -> Event:
    """A look at an application in the namespace payments, one ExternalSecret, one Deployment that uses its Secret."""
    owner = {"kind": "ExternalSecret", "namespace": "payments", "name": name}
    external = {
        **owner,
        "target": name,
        "interval": every,
        "refreshed_at": build.at(read).isoformat(),
        "synced_version": "1-abc",
        "ready": True,
        "reason": "SecretSynced",
        "live": True,
    }
    refs = [{**owner, "how": "data", "key": key, "store_kind": "SecretStore", "store": "parameters"} for key in keys]
    workload = {"group": "apps", "kind": "Deployment", "namespace": "payments", "name": app}
    facts = {
        "look": f"look-{app}-{minutes}",
        "parts": 1,
        "compared_at": build.at(minutes).isoformat(),
        "stores": [STORE] if store else [],
        "externals": [external],
        "refs": refs,
        "workloads": [workload],
        "uses": [{"kind": "Deployment", "namespace": "payments", "name": app, "secret": name, "by": "env"}],
    }
    at = build.Keys(application=app, project="payments-production", destination="prod-eu-1/payments")
    made = build.event("argocd", "secret-refs", f"uid-of-{app}", "listed", Step.NOTED, minutes, at, **facts)
    unique = stable_id("argocd", "secret-refs", app, str(minutes))
    return replace(made, id=unique, facts={**made.facts, "part": 0})


def lineage(hostile: list[str]) -> list[Event]:
    names = [PATH, "/settlements/production/signing-key", "/nobody/reads/this", *hostile]
    later = APPLIED + 2 * DAY
    return [
        planned("run-7", APPLIED - 5, names, held=("/left/alone",)),
        asked("settlements-api", later, [PATH], read=APPLIED - 60, every=0, name="database"),
        asked("payments-api", later, [PATH[1:], "/nobody/writes/this"], read=later - 30, name="settlements"),
        asked("signing", later, ["/settlements/production/signing-key"], read=APPLIED + 60, name="signing", store=False),
        asked("odd", later, hostile, read=APPLIED - 60, name=hostile[0]),
    ]
