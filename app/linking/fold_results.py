"""What became of each resource of an operation, of its failed attempts too, and why it failed."""

from collections.abc import Mapping, Sequence
from typing import Any

from app.domain.change import Attempt, Failure
from app.domain.event import Event
from app.domain.ref import Resource
from app.linking import facts

RESULTS = "operation-results"
Listed = tuple[tuple[Resource, ...], int]  # resources, and how many of it are not among them


def results(told: Sequence[Event], events: Sequence[Event]) -> Listed:
    """Of the operation itself. `told`: the events that tell it whole, the best last; `events`: all of it."""
    total = facts.integer(told, "resources_total") or 0
    return _listed(facts.resources(told), total, _parts(events).get(None))


def attempts(events: Sequence[Event]) -> tuple[Attempt, ...]:
    """Those that failed while it went on, by their number."""
    parts, found = _parts(events), {}
    for event in events:
        number = facts.integer([event], "number")
        if event.type == "attempt" and number is not None:
            total = facts.integer([event], "resources_total") or 0
            resources, left = _listed(facts.resources([event]), total, parts.get(number))
            found[number] = Attempt(
                number=number,
                unseen=facts.integer([event], "unseen") or 0,
                at=facts.time([event], "finished_at") or event.occurred_at,
                message=facts.text([event], "message") or "",
                failures=failures(event, events),
                resources=resources,
                left=left,
            )
    return tuple(found[number] for number in sorted(found))


def failures(event: Event, events: Sequence[Event]) -> tuple[Failure, ...]:
    """Of its end, or of an attempt. `events`: all of the operation."""
    return tuple(_failure(item) for item in facts.further(events, event, "failures"))


def _failure(item: Mapping[str, Any]) -> Failure:
    texts = {name: facts.string(item, name) for name in ("kind", "group", "version", "name")}
    of = item.get("of")
    where = facts.resource(of) if isinstance(of, Mapping) else None
    return Failure(facts.string(item, "cause") or "unknown", facts.string(item, "words"), of=where, **texts)


def _parts(events: Sequence[Event]) -> dict[int | None, list[Event]]:
    """The parts of each list by the attempt they are of, in their order; only lists of which none is missing."""
    found: dict[int | None, dict[int, Event]] = {}
    for event in events:
        part, of = event.facts.get("part"), event.facts.get("attempt")
        if event.type == RESULTS and type(part) is int and (of is None or type(of) is int):
            found.setdefault(of, {})[part] = event
    return {of: [held[part] for part in sorted(held)] for of, held in found.items() if set(held) == set(range(1, _many(held) + 1))}


def _many(held: Mapping[int, Event]) -> int:
    return max(facts.integer([event], "parts") or 0 for event in held.values())


def _listed(first: tuple[Resource, ...], total: int, parts: list[Event] | None) -> Listed:
    if parts:
        return tuple(facts.resource(item) for part in parts for item in facts.mappings(part.facts.get("resources"))), 0
    return first, max(0, total - len(first))
