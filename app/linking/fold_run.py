"""A run from its `run`, `run-actor`, `run-event`, `plan`, `apply`, `policy-check` and resource events."""

from datetime import datetime
from typing import Any

from app.domain.actor import Actor, automation, unknown
from app.domain.change import Run
from app.domain.event import Event, Step
from app.linking import facts
from app.linking.fold_policy import policy
from app.linking.fold_resources import resources

STOPPED = frozenset(("discarded", "errored", "canceled", "force_canceled", "policy_soft_failed"))
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
        creator=_creator(told),
        confirmer=_confirmer(told, events),
        stopper=_stopper(ended, events),
        auto_apply=facts.flag(told, "auto_apply"),
        speculative=facts.flag(told, "speculative"),
        policy_told=facts.told(told, "policy_told") is not False,
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
    )


def _times(told: list[Event]) -> dict[str, datetime]:
    return {event.status: event.occurred_at for event in told}


def _first(told: list[Event], step: Step) -> datetime | None:
    return next((event.occurred_at for event in told if event.step is step), None)


def _counts(events: list[Event]) -> tuple[int, int, int] | None:
    found: list[Any] = [facts.integer(events, name) for name in ("added", "changed", "destroyed")]
    return None if any(count is None for count in found) else (found[0], found[1], found[2])


def _creator(told: list[Event]) -> Actor | None:
    first = next((event.actor for event in told if event.status == "pending" and event.actor), None)
    return first or next((event.actor for event in told if event.step is Step.REQUESTED and event.actor), None)


def _role(events: list[Event], role: str) -> Actor | None:
    return next((e.actor for e in events if e.type == "run-event" and e.facts.get("role") == role and facts.known(e.actor)), None)


def _related(events: list[Event], status: str) -> Actor | None:
    """A relationship of the run; its account may be known by id only."""
    return next((e.actor for e in events if e.type == "run-actor" and e.status == status and e.actor), None)


def _confirmer(told: list[Event], events: list[Event]) -> Actor | None:
    """Who let it go on: the run's own relationship, else a run event, else nobody but the auto-apply setting, else unknown."""
    confirmed = [event for event in told if event.step is Step.CONFIRMED or event.status in ("confirmed", "applying", "applied")]
    named = _related(events, "confirmed-by") or _role(events, "confirmer")
    named = named or next((event.actor for event in confirmed if event.status == "confirmed" and facts.known(event.actor)), None)
    if named or not confirmed:
        return named
    if facts.flag(told, "auto_apply"):
        return automation("auto-apply")
    return unknown("neither the run nor its events name who confirmed it")


def _stopper(ended: Event | None, events: list[Event]) -> Actor | None:
    if ended is None or ended.status not in STOPPED - {"errored", "policy_soft_failed"}:
        return None
    named = _related(events, "canceled-by") or (ended.actor if facts.known(ended.actor) else None)
    return named or unknown(f"neither the run nor its events name who made it {ended.status}")
