"""Writes and looks for tests: one workspace, one application, one path, unless told otherwise. Minute 0 is noon."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from app.domain.lineage import Asked, External, Look, Store, System, Workload, Write

NOON = datetime(2026, 10, 1, 12, tzinfo=UTC)
PATH = "/payments/production/database-url"
STORE = Store(kind="SecretStore", name="parameters", system=System.SSM, provider="aws", region="eu-west-1")
HOUR = 3600


def at(minute: float) -> datetime:
    return NOON + timedelta(minutes=minute)


def wrote(minute: float = 0, path: str = PATH, **more: Any) -> Write:
    made = Write(
        source="tfe", workspace="payments-db", run=f"run-{minute:g}", address="aws_ssm_parameter.url", type="aws_ssm_parameter",
        system=System.SSM, path=path, at=at(minute), began_at=at(minute - 2), action="update",
    )  # fmt: skip
    return replace(made, **more)


def external(*keys: str, read: float | None = 30, every: int | None = HOUR, **more: Any) -> External:
    asks = tuple(Asked(key=key, store_kind="SecretStore", store="parameters") for key in keys or (PATH,))
    made = External(
        kind="ExternalSecret", name="database", namespace="payments", target="database", interval=every,
        refreshed_at=None if read is None else at(read), ready=True, asks=asks,
    )  # fmt: skip
    return replace(made, **more)


def look(*externals: External, minute: float = 90, **more: Any) -> Look:
    uses = Workload(kind="Deployment", name="payments-api", namespace="payments", group="apps", uses=(("database", "env"),))
    made = Look(
        source="argocd", uid="uid-1", application="payments-api", at=at(minute), project="payments",
        destination="prod-eu-1/payments", stores=(STORE,), externals=externals or (external(),), seq=7,
        workloads=(uses,),
    )  # fmt: skip
    return replace(made, **more)
