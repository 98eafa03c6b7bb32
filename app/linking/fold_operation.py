"""A sync operation from what was seen of it, what its announcement says, and what the history kept."""

from datetime import datetime, timedelta
from typing import Any

from app.domain.actor import Actor, unknown
from app.domain.change import Operation, RollingSync
from app.domain.event import Event
from app.linking import facts
from app.linking.fold_lacks import lacks
from app.linking.fold_results import attempts, failures, results
from app.linking.fold_source import deployed

SETTLED = timedelta(minutes=10)
OVER = ("Succeeded", "Failed", "Error")


def operation(key: str, events: list[Event]) -> Operation | None:
    """What was seen live outweighs its announcement, and that outweighs the history; health is what was seen of it last."""
    told = sorted((e for e in events if _weight(e) >= 0), key=_weight)  # stable: within a weight the order of time stays
    if not told:
        return None
    identity = key.split(":", 2)[2]
    phase = _phase(told)
    revision, finished = facts.text(told, "revision"), _finished(phase, told)
    health = _health([event for event in events if event.type == "health"], finished)
    listed, left = results(told, events)
    revisions = facts.words(facts.told(told, "revisions")) or ((revision,) if revision else ())
    return Operation(
        key=key,
        source=told[-1].source,
        id=identity,
        url=next((event.ref.url for event in reversed(told) if event.ref.url), None),
        application=str(facts.key(told, "application") or told[-1].ref.name),
        project=facts.key(told, "project"),
        destination=facts.key(told, "destination"),
        kind=_kind(told),
        phase=phase,
        started_at=_started(identity, told),
        finished_at=finished,
        revision=revision or (revisions[0] if revisions else None),
        revisions=revisions,
        previous_revision=facts.text(told, "previous_revision"),
        target_revision=facts.text(told, "target_revision"),
        repository=facts.key(told, "repository"),
        path=facts.text(told, "path"),
        history_id=facts.integer(told, "history_id"),
        initiator=_initiator(told),
        automated=any(event.facts.get("automated") is True for event in told),
        message=facts.text(told, "message") or "",
        how=min((str(event.how) for event in told), key=("observed", "reconstructed", "inferred").index),
        retry_count=facts.integer(told, "retry_count") or 0,
        health=health.status if health else None,
        health_at=health.occurred_at if health else None,
        resources=listed,
        left=left,
        sources=deployed(events, told, revisions),
        attempts=attempts(events),
        lacks=lacks(events),
        **_nature(told),
        waits_for=_waits_for(events) if phase == "Running" else "",
        waited_for=_waited_for(events),
        **_ended(told, events, phase),
        rolling=_rolling(events),
    )


def _nature(told: list[Event]) -> dict[str, Any]:
    """What it was beside its kind."""
    flags = ("dry-run", "perhaps_dry_run"), ("applicationset", "perhaps_applicationset")
    return {
        "kind_by": facts.text(_attributed(told), "kind_by") or facts.text(told, "kind_by") or "",
        "also": facts.words(facts.told(told, "also")),
        "options": facts.words(facts.told(told, "options")),
        "partial": facts.flag(told, "partial"),
        "back_to": facts.integer(told, "back_to"),
        "heal_attempt": facts.integer(told, "heal_attempt"),
        "perhaps": tuple(name for name, fact in flags if facts.flag(told, fact)),
    }


def _waits_for(events: list[Event]) -> str:
    """What it was seen to wait for last, unless an attempt failed since."""
    said = [event for event in events if event.type in ("operation", "waiting", "attempt")]
    return facts.text(said[-1:], "waits_for") or ""


def _waited_for(events: list[Event]) -> tuple[str, ...]:
    """Everything of that kind, each once, in the order of its first telling."""
    said = [event for event in events if event.type in ("operation", "waiting", "attempt")]
    return tuple(dict.fromkeys(what for event in said if (what := facts.text([event], "waits_for"))))


def _ended(told: list[Event], events: list[Event], phase: str) -> dict[str, Any]:
    """Why it failed, and who ended it early: only what told its end says so."""
    end = next((event for event in reversed(told) if event.status == phase or event.status == "attributed"), told[-1])
    terminated = "terminated_by" in end.facts or "terminated_because" in end.facts
    return {
        "failures": failures(end, events) if phase in ("Failed", "Error") else (),
        "terminated": terminated and phase in ("Failed", "Error"),
        "terminated_by": facts.text([end], "terminated_by") if terminated else None,
        "terminated_because": (facts.text([end], "terminated_because") or "") if terminated else "",
    }


def _rolling(events: list[Event]) -> RollingSync | None:
    """The set is known, or it is not: an answer outweighs none."""
    told = sorted((event for event in events if event.type == "rolling-sync"), key=lambda event: event.status == "known")
    if not told:
        return None
    step, steps = facts.text(told[-1:], "step"), facts.integer(told[-1:], "steps")
    return RollingSync(facts.text(told[-1:], "set"), step, steps, facts.text(told[-1:], "because") or "")


def _weight(event: Event) -> int:
    if event.type not in ("operation", "history", "announcement"):
        return -1
    if event.type == "announcement" or event.status == "attributed":
        return 1
    return 0 if event.type == "history" else 2


def _phase(told: list[Event]) -> str:
    """The phase seen last; a phase that ends an operation is never taken back. The history keeps successes only."""
    seen = [event.status for event in told if event.type == "operation" and event.status != "attributed"]
    over = [phase for phase in seen if phase in OVER]
    if over or any(event.type == "history" for event in told):
        return over[-1] if over else "Succeeded"
    return seen[-1] if seen else "unknown"


def _started(identity: str, told: list[Event]) -> datetime:
    named = facts.time(told, "started_at") or facts.when(identity.partition("/")[2])
    return named or min(event.occurred_at for event in told)


def _finished(phase: str, told: list[Event]) -> datetime | None:
    """Between two attempts an operation has a finish time and still runs: only an ending phase makes it the end."""
    if phase not in OVER:
        return None
    seen = [event.occurred_at for event in told if event.type != "announcement"]
    return facts.time(told, "finished_at") or max(seen, default=None)


def _kind(told: list[Event]) -> str:
    """What the evidence of who began it says, where that came later, is more exact than what was seen."""
    return facts.text(_attributed(told), "operation_kind") or facts.text(told, "operation_kind") or "unknown"


def _attributed(told: list[Event]) -> list[Event]:
    return [event for event in told if event.status == "attributed"]


def _health(seen: list[Event], finished: datetime | None) -> Event | None:
    """How it stood ten minutes after the end: the last health seen by then, else the first one after."""
    soon = [event for event in seen if finished is None or event.occurred_at <= finished + SETTLED]
    return soon[-1] if soon else next(iter(seen), None)


def _initiator(told: list[Event]) -> Actor | None:
    """Who the announcement names, else who was named while it was seen, else who the history names.

    An unknown initiator stays unknown, with its reason; so does that of an operation proven to be put in past the API.
    """
    attributed = [event.actor for event in told if _weight(event) == 1 and event.actor and facts.known(event.actor)]
    if attributed:
        return attributed[0]
    seen = [event for event in told if event.actor and _weight(event) == 2] or [event for event in told if event.actor]
    named = [event.actor for event in seen if event.actor]
    sure = [actor for actor in named if facts.known(actor)]
    if sure and seen[-1].facts.get("operation_kind") != "injected":
        return sure[-1]
    return named[-1] if named else unknown("the operation names no initiator and was not announced")
