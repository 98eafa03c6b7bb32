"""Events as a busy estate makes them: typical sizes, typical keys, every id its own."""

from datetime import UTC, datetime, timedelta

from app.canonical import digest, stable_id
from app.domain.actor import Actor, ActorKind
from app.domain.event import Event, Keys, Step
from app.domain.ref import Ref

DAWN = datetime(2026, 1, 1, tzinfo=UTC)


def body(n: int) -> bytes:
    """The raw payload behind event n."""
    return b'{"payload":%d}' % n


def event(n: int, world: str = "w") -> Event:
    """Event n of a world: three in five from Argo CD, two from Terraform Enterprise."""
    return _run(n, world) if n % 5 < 2 else _operation(n, world)


def events(count: int, start: int = 0, world: str = "w") -> list[Event]:
    return [event(n, world) for n in range(start, start + count)]


def _run(n: int, world: str) -> Event:
    run, at = f"run-{n // 8:012d}", DAWN + timedelta(seconds=n)
    return Event(
        id=stable_id(world, "tfe", str(n)),
        source="tfe-prod",
        kind="tfe",
        type="run",
        step=Step.APPLIED,
        status="applied",
        ref=Ref(
            "run",
            run,
            "payments-production",
            f"https://tfe.bank.example/app/bank-platform/workspaces/payments-{n % 211}/runs/{run}",
        ),
        actor=Actor("j.okafor", id="user-8Vq2nK1", kind=ActorKind.HUMAN) if n % 2 else None,
        occurred_at=at,
        observed_at=at + timedelta(seconds=41, microseconds=n % 1000),
        keys=Keys(
            repository="bank/infra",
            pull_request=n % 4000,
            commits=(f"{n:040x}",),
            workspace=f"payments-{n % 211}-production",
            run=run,
        ),
        facts={
            "title": f"Raise the connection limit of payments ({n})",
            "run_kind": "plan_and_apply",
            "run_source": "tfe-configuration-version",
            "auto_apply": False,
            "vcs_sender": "j-okafor",
            "on_default_branch": True,
            "created_at": "2026-01-01T00:00:00.000000Z",
        },
        observation=digest(body(n // 3)),
    )


def _operation(n: int, world: str) -> Event:
    started, uid = DAWN + timedelta(seconds=n), f"0b6c5d3e-1f2a-4b3c-8d4e-{n % 997:012d}"
    return Event(
        id=stable_id(world, "argocd", str(n)),
        source="argocd-prod",
        kind="argocd",
        type="operation",
        step=Step.SYNCED,
        status="Succeeded",
        ref=Ref("application", uid, f"payments-api-{n % 997}", f"https://argocd.bank.example/applications/payments-api-{n % 997}"),
        actor=Actor("automated sync", ActorKind.AUTOMATION),
        occurred_at=started,
        observed_at=started + timedelta(seconds=12, microseconds=7),
        keys=Keys(
            repository="bank/application-manifests",
            commits=(f"{n:040x}",),
            application=f"payments-api-{n % 997}",
            project="payments-production",
            destination="prod-eu-1/payments",
            operation=f"{uid}/{started.isoformat()}",
        ),
        facts={
            "operation_kind": "automated",
            "revision": f"{n:040x}",
            "path": "apps/payments-api/production",
            "target_revision": "main",
            "started_at": started.isoformat(),
            "history_id": n,
            "retry_count": 0,
            "automated": True,
            "resources": [{"kind": "Deployment", "name": "payments-api", "namespace": "payments", "status": "Synced"}],
            "uid": uid,
        },
        observation=digest(body(n // 3)),
    )
