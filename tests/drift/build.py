"""What an application and a workspace tell, as events of a ledger; times are in minutes after a fixed start."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from app.canonical import stable_id
from app.domain.actor import Actor
from app.domain.drift import BlindSpot, Episode
from app.domain.event import Entry, Event, How, Keys, Step
from app.domain.ref import Ref
from app.drift.step import Stepped, step, subject_of

T0 = datetime(2026, 10, 1, 9, 0, tzinfo=UTC)
UID, APP = "uid-1", "payments-api"
DEPLOYMENT = {"group": "apps", "kind": "Deployment", "namespace": "payments", "name": "payments-api"}
CONFIG = {"group": "", "kind": "ConfigMap", "namespace": "payments", "name": "payments-api-config"}
OLD, NEW = "a" * 40, "b" * 40
ARGO = {"manager": "argocd-controller", "operation": "Update", "subresource": None, "at": None}


def at(minutes: float) -> datetime:
    return T0 + timedelta(minutes=minutes)


def iso(minutes: float | None) -> str | None:
    return None if minutes is None else at(minutes).isoformat()


def ledger(events: Iterable[Event], start: int = 0) -> list[Entry]:
    return [Entry(start + n, one, one.observed_at) for n, one in enumerate(events)]


def told(events: Iterable[Event]) -> tuple[dict[str, Episode], dict[str, BlindSpot], Stepped]:
    """Episodes and blind spots by key as they stand at the end, one step for each event; the state goes through JSON each time."""
    episodes: dict[str, Episode] = {}
    spots: dict[str, BlindSpot] = {}
    states: dict[str | None, Any] = {}
    last = Stepped(None)
    for entry in ledger(events):
        name = subject_of(entry)
        last = step(states.get(name), entry)
        states[name] = last.state
        episodes |= {one.key: one for one in last.episodes}
        spots |= {one.key: one for one in last.spots}
    return episodes, spots, last


def only(events: Iterable[Event]) -> Episode:
    (one,) = told(events)[0].values()
    return one


def event(
    source: str, type_: str, id_: str, status: str, occurred: float, seen: float, keys: Keys, facts: dict[str, Any], *,
    who: Actor | None = None, how: How = How.OBSERVED,
) -> Event:  # fmt: skip
    return Event(
        id=stable_id(source, type_, id_, status, repr((occurred, seen, facts))), source=source, kind=source.partition("-")[0],
        type=type_, step=Step.ASSESSED, status=status, ref=Ref(type_, id_, id_), occurred_at=at(occurred), observed_at=at(seen),
        actor=who, how=how, keys=keys, facts=facts, observation="sha256:" + "0" * 64,
    )  # fmt: skip


ARGO_KEYS = Keys(application=APP, project="payments", destination="prod-eu/payments")


def of_app(type_: str, status: str, occurred: float, seen: float | None = None, id_: str = UID, **facts: Any) -> Event:
    operation = id_ if type_ == "operation" else None
    keys = Keys(application=APP, project="payments", destination="prod-eu/payments", operation=operation)
    how, who = How(facts.pop("how", "observed")), facts.pop("who", None)
    whole = {"uid": UID, **facts}
    return event("argocd-prod", type_, id_, status, occurred, occurred if seen is None else seen, keys, whole, who=who, how=how)


def differing(
    minute: float, *objects: dict[str, Any], after: float | None = None, turned: float | None = None, compared: str = OLD,
    deployed: str | None = OLD, same: bool | None = True, operation: str | None = None, part: int = 0, parts: int = 1,
    pruning: bool = False, health: str = "Healthy", until: bool = False,
) -> Event:  # fmt: skip
    """A look at everything: no objects means that nothing differs."""
    listed = [{**one, "status": "OutOfSync", "health": health, "requires_pruning": pruning} for one in objects]
    return of_app(
        "differing", "OutOfSync" if objects else "Synced", turned if turned is not None else minute, minute, seen_after=iso(after),
        turned_at=iso(turned), compared_at=iso(minute), revisions=[compared], deployed=[deployed] if deployed else None,
        same_source=same, auto_sync=True, self_heal=False, resources=listed, gone=[], operation=operation, part=part, parts=parts,
        how="reconstructed" if until else "observed",
    )  # fmt: skip


def change(
    path: str = "spec.replicas", live: str | None = "5", declared: str | None = "2", by: Sequence[str] = ()
) -> dict[str, Any]:
    return {"path": path, "live": live, "declared": declared, "by": list(by)}


def manager(name: str, minute: float | None = None, subresource: str | None = None) -> dict[str, Any]:
    return {"manager": name, "operation": "Update", "subresource": subresource, "at": iso(minute)}


def comparison(
    minute: float, one: dict[str, Any], *changes: dict[str, Any], difference: str = "modified",
    managers: Sequence[dict[str, Any]] = (),
    target: bool | None = None, live: bool | None = None, compared: str = OLD,
) -> Event:  # fmt: skip
    seen = {**one, "difference": difference, "changes": list(changes), "managers": [ARGO, *managers]}
    seen |= {"target_changed": target, "live_changed": live}
    return of_app("comparison", "compared", minute, revisions=[compared], part=0, parts=1, resources=[seen])


def operation(
    start: float, end: float, kind: str = "manual", *objects: dict[str, Any], phase: str = "Succeeded", revision: str = OLD,
    seen: float | None = None, failed: Sequence[dict[str, Any]] = (), message: str = "",
) -> Event:  # fmt: skip
    ident = f"{UID}/{iso(start)}"
    listed = [{**one, "status": "SyncFailed" if one in failed else "Synced"} for one in (*objects, *failed)]
    partial = kind in ("self-heal", "selective")
    return of_app(
        "operation", phase, end, seen if seen is not None else end, ident, operation_kind=kind, started_at=iso(start),
        finished_at=iso(end), revisions=[revision], resources=listed, partial=partial, message=message,
    )  # fmt: skip


def announced(minute: float, user: str, did: str, reason: str = "ResourceUpdated") -> Event:
    return of_app("announcement", reason, minute, id_=f"k8s-{minute}", message=f"{user} {did}", user=user, who=Actor(user, id=user))


def gap(minute: float, why: str = "unknown", until: float | None = None, after: float | None = None) -> Event:
    status, occurred = ("open", minute) if until is None else ("closed", until)
    facts = {
        "why": why,
        "because": f"because it is {why}",
        "since_after": iso(after),
        "since_before": iso(minute),
        "until": iso(until),
    }
    return of_app("comparison-gap", status, occurred, id_=f"{UID}/{iso(minute)}", conditions=[], **facts)


WS = "banking-db-production"


def of_workspace(type_: str, status: str, occurred: float, id_: str, run: str | None = None, **facts: Any) -> Event:
    keys = Keys(workspace=facts.pop("workspace", WS), project="banking", run=run)
    return event("tfe-prod", type_, id_, status, occurred, occurred + 1, keys, facts)


def plan(minute: float, run: str, *drift: tuple[str, str, tuple[str, ...]], part: int = 0, parts: int = 1) -> Event:
    """`drift`: (address, action, attributes)."""
    listed = [
        {"address": address, "type": address.split(".")[0], "actions": [action], "attributes": list(names), "redacted": []}
        for address, action, names in drift
    ]
    return of_workspace(
        "plan-resources", "listed", minute, f"plan-{run}/{part}", run, part=part, parts=parts, resources=[], drift=listed
    )


def run(minute: float, ident: str, status: str = "applied", kind: str = "plan_and_apply") -> Event:
    return of_workspace("run", status, minute, ident, ident, run_kind=kind, on_default_branch=True, speculative=False)


def assessment(minute: float, status: str, drifted: int = 0, episode: str | None = None, **facts: Any) -> Event:
    return of_workspace("assessment", status, minute, f"asmtres-{minute}", drifted=drifted, episode=episode, **facts)
