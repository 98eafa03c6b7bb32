"""A run from its `run`, `run-actor`, `run-event`, `plan`, `apply`, `policy-check` and resource events."""

from datetime import datetime
from typing import Any

from app.domain.actor import Actor, ActorKind, automation, unknown
from app.domain.change import Run
from app.domain.event import Event, Step
from app.linking import facts
from app.linking.attribution import audited, doer, named
from app.linking.fold_policy import policy
from app.linking.fold_resources import resources

STOPPED = frozenset(("discarded", "errored", "canceled", "force_canceled", "policy_soft_failed"))
BASE = {"base": "previous_commit", "base_run": "previous_run", "branch": "branch"}
UNATTENDED = "tfe-infrastructure-lifecycle"  # the run that destroys a workspace by its own schedule, and asks nobody
FINAL = STOPPED | {"planned_and_finished", "applied", "assessed", "post_apply_completed"}


def run(key: str, events: list[Event]) -> Run | None:
    told = [event for event in events if event.type == "run"]
    if not told:
        return None
    at = _times(told)
    last, applies = told[-1], [event for event in events if event.type == "apply"]
    ended = next((event for event in reversed(told) if event.status in FINAL), None)
    ended = ended or next((event for event in told if event.status == "unavailable"), None)
    commits = facts.key(events, "commits")
    return Run(
        key=key,
        source=last.source,
        id=str(last.keys.run or last.ref.id),
        url=next((event.ref.url for event in reversed(told) if event.ref.url), None),
        workspace=str(facts.key(events, "workspace") or ""),
        kind=facts.text(told, "run_kind") or "unknown",
        run_source=facts.text(told, "run_source") or "",
        status=(ended or last).status,
        title=facts.text(told, "title") or "",
        created_at=facts.time(told, "created_at") or told[0].occurred_at,
        planned_at=_first(told, Step.PLANNED),
        confirmed_at=at.get("confirmed") or _first(told, Step.CONFIRMED),
        applying_at=at.get("applying"),
        applied_at=at.get("applied"),
        ended_at=ended.occurred_at if ended else None,
        creator=_creator(told, events),
        confirmer=_confirmer(told, events),
        stopper=_stopper(ended, events),
        auto_apply=facts.flag(told, "auto_apply"),
        speculative=facts.flag(told, "speculative"),
        policy_told=_policy_told(told),
        repository=facts.key(events, "repository"),
        project=facts.key(events, "project"),
        pull_request=facts.key(events, "pull_request"),
        commit=commits[0] if commits else None,
        vcs_sender=facts.text(told, "vcs_sender"),
        plan=_counts([event for event in events if event.type == "plan"]),
        apply=_counts(applies),
        apply_status=applies[-1].status if applies else None,
        apply_ended_at=applies[-1].occurred_at if applies and applies[-1].status not in ("pending", "queued", "running") else None,
        **policy(last.keys.run or last.ref.id, events),
        **resources(events),
        **_base(events),
    )


def _base(events: list[Event]) -> dict[str, Any]:
    """What its workspace was at before, as it was told last: a run that is found late comes between two others."""
    told = [event for event in events if event.type == "run-base"]
    if not told:
        return {}
    last = max(told, key=lambda event: (event.observed_at, event.id))
    base = {name: facts.string(last.facts, fact) or None for name, fact in BASE.items()}
    listed = last.facts.get("paths")
    paths = tuple(dict.fromkeys(one for one in listed if isinstance(one, str))) if isinstance(listed, list | tuple) else ()
    return {**base, "base_status": last.status, "base_because": facts.string(last.facts, "because"), "paths": paths}


def _policy_told(told: list[Event]) -> bool:
    """Of its last status: what the server once said is not taken back by a later reading that failed."""
    said = [event.facts.get("policy_told") for event in told if event.status == told[-1].status]
    return True in said or False not in said


def _times(told: list[Event]) -> dict[str, datetime]:
    return {event.status: event.occurred_at for event in told}


def _first(told: list[Event], step: Step) -> datetime | None:
    return next((event.occurred_at for event in told if event.step is step), None)


def _counts(events: list[Event]) -> tuple[int, int, int] | None:
    found: list[Any] = [facts.integer(events, name) for name in ("added", "changed", "destroyed")]
    return None if any(count is None for count in found) else (found[0], found[1], found[2])


def _creator(told: list[Event], events: list[Event]) -> Actor | None:
    first = next((event.actor for event in told if event.status == "pending" and event.actor), None)
    first = first or next((event.actor for event in told if event.step is Step.REQUESTED and event.actor), None)
    if first is None or (first.kind is ActorKind.UNKNOWN and not first.id):
        done = audited("created", None, events)
        return done[0] if done else first
    return first


def _related(events: list[Event], status: str) -> Actor | None:
    """A relationship of the run; its account may be known by id only."""
    return next((e.actor for e in events if e.type == "run-actor" and e.status == status and e.actor), None)


def _confirmer(told: list[Event], events: list[Event]) -> Actor | None:
    """Who let it go on: the run's relationship, else a run event, else the audit trail, else nobody but a setting, else unknown."""
    confirmed = [event for event in told if event.step is Step.CONFIRMED or event.status in ("confirmed", "applying", "applied")]
    at = confirmed[0].occurred_at if confirmed else None
    done = named("confirmed", at, events)
    found = _related(events, "confirmed-by") or (done[0] if done else None)
    found = found or next((event.actor for event in confirmed if event.status == "confirmed" and facts.known(event.actor)), None)
    if found or not confirmed:
        return found
    if facts.text(told, "run_source") == UNATTENDED:
        return automation("auto-destroy")
    if facts.flag(told, "auto_apply"):
        return automation("auto-apply")
    done = doer("confirmed", at, events)
    return done[0] if done else unknown("neither the run nor its events name who confirmed it")


def _stopper(ended: Event | None, events: list[Event]) -> Actor | None:
    if ended is None or ended.status not in STOPPED - {"errored", "policy_soft_failed"}:
        return None
    found = _related(events, "canceled-by") if ended.status != "discarded" else None
    found = found or (ended.actor if facts.known(ended.actor) else None)
    done = None if found else doer(ended.status, ended.occurred_at, events)
    return found or (done[0] if done else unknown(f"neither the run nor its events name who made it {ended.status}"))
