"""Who did a deed on a run: the source's own words first, then the audit trail; a word nobody knows, only where it stands alone.

A deed is a moment of the run: confirmed, overridden, discarded, cancelled. Its doer is looked for in this order: a run event whose
word names the deed; the audit trail; one run event with a word that is new to us, when it is the only act of that moment and the
deed is the only one of it. Anything else is unknown. https://developer.hashicorp.com/terraform/cloud-docs/api-docs/audit-trails
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from app.domain.actor import Actor
from app.domain.event import Event, Step
from app.linking import facts

SAME = timedelta(seconds=60)  # a deed and the line about it: one request, two clocks of one server
AT_ONCE = timedelta(seconds=5)

WORDS = {
    "confirmed": ("confirmed",),
    "overridden": ("overridden",),
    "discarded": ("discard", "discarded"),
    "canceled": ("cancel", "canceled", "cancelled"),
    "force_canceled": ("force_cancel", "force_canceled", "force_cancelled"),
}
# (type, action) of the audit trail's resource
AUDITED = {
    "confirmed": {("run", "apply"), ("run", "confirm")},
    "overridden": {
        *(("policy_check", "override"), ("policy_check", "overridden"), ("policy_evaluation", "override")),
        *(("policy_evaluation", "overridden"), ("task_stage", "override"), ("tf_policy_evaluation", "override")),
    },
    "discarded": {("run", "discard")},
    "canceled": {("run", "cancel")},
    "force_canceled": {("run", "force_cancel")},
    "created": {("run", "create")},
}
ROLES = {"confirmed": "confirmer", "overridden": "overrider"}
Done = tuple[Actor, str]  # who, and what they said


def doer(deed: str, at: datetime | None, events: Sequence[Event]) -> Done | None:
    """Who did it, with the comment given; None when the record names nobody, or more than one."""
    return _by_word(deed, at, events) or audited(deed, at, events) or _by_time(deed, at, events)


def named(deed: str, at: datetime | None, events: Sequence[Event]) -> Done | None:
    """As `doer`, without the words nobody knows."""
    return _by_word(deed, at, events) or audited(deed, at, events)


def _by_word(deed: str, at: datetime | None, events: Sequence[Event]) -> Done | None:
    told = [event for event in events if event.type == "run-event" and _says(event, deed)]
    found = _at(told, at, events, deed)
    return (found.actor, facts.string(found.facts, "comment")) if found and found.actor and facts.known(found.actor) else None


def audited(deed: str, at: datetime | None, events: Sequence[Event]) -> Done | None:
    """As the audit trail names them; it may tell one deed twice, the request and what became of it."""
    told = [event for event in events if event.type == "audit" and _kind(event) in AUDITED.get(deed, ())]
    told = [event for event in told if facts.known(event.actor)]
    close = [event for event in told if at is None or abs(event.occurred_at - at) <= SAME]
    if not close or len({_who(event) for event in close}) > 1:
        return None
    first, meta = close[0], [event.facts.get("meta") for event in close]
    comment = next((facts.string(one, "comment") for one in meta if isinstance(one, Mapping) and one.get("comment")), "")
    return (replace(first.actor, because="named by the audit trail"), comment) if first.actor else None


def _by_time(deed: str, at: datetime | None, events: Sequence[Event]) -> Done | None:
    if at is None or len([other for other in _deeds(events) if abs(other - at) <= AT_ONCE]) != 1:
        return None
    near = [event for event in events if event.type == "run-event" and abs(event.occurred_at - at) <= AT_ONCE]
    odd = [event for event in near if not event.known and event.step is Step.NOTED and not event.facts.get("role")]
    if len(odd) != 1 or not odd[0].actor or not facts.known(odd[0].actor):
        return None
    because = f"the run event says “{odd[0].status}”, a word that is new to us; it is the only act at the moment it was {deed}"
    return replace(odd[0].actor, because=because), facts.string(odd[0].facts, "comment")


def _deeds(events: Sequence[Event]) -> set[datetime]:
    """The moments at which something was done to the run."""
    return _overrides(events) | {event.occurred_at for event in events if event.type == "run" and event.status in WORDS}


def _at(told: Sequence[Event], at: datetime | None, events: Sequence[Event], deed: str) -> Event | None:
    """The line about this deed: the nearest of its minute; further off only where there is one line and one deed."""
    if at is None:
        return told[0] if len(told) == 1 else None
    close = sorted((event for event in told if abs(event.occurred_at - at) <= SAME), key=lambda event: abs(event.occurred_at - at))
    if close:
        tied = [event for event in close if abs(event.occurred_at - at) == abs(close[0].occurred_at - at)]
        return close[0] if len({_who(event) for event in tied}) == 1 else None
    alone = len(told) == 1 and (deed != "overridden" or len(_overrides(events)) == 1)
    return told[0] if alone else None


def _overrides(events: Iterable[Event]) -> set[datetime]:
    return {event.occurred_at for event in events if event.type in ("policy-check", "task-stage") and event.status == "overridden"}


def _says(event: Event, deed: str) -> bool:
    if deed in ROLES:
        return event.facts.get("role") == ROLES[deed] or (event.step is _STEPS[deed] and event.type == "run-event")
    word = event.status.lower().replace("-", "_").replace(" ", "_")
    return event.step is Step.STOPPED and (word in WORDS[deed] or not event.known)


_STEPS = {"confirmed": Step.CONFIRMED, "overridden": Step.OVERRIDDEN}


def _kind(event: Event) -> tuple[str, str]:
    resource = event.facts.get("resource")
    return (facts.string(resource, "type") if isinstance(resource, Mapping) else "", event.status)


def _who(event: Event) -> str:
    return (event.actor.id or event.actor.name) if event.actor else ""
