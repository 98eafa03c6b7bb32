"""Objects of a cluster that a sync found missing, from what its failures and those of its attempts name."""

from app.domain.event import Event
from app.domain.order import Lack
from app.linking import facts
from app.linking.wanted import wanted_of


def lacks(events: list[Event]) -> tuple[Lack, ...]:
    """Each object once, with the first and the last time it was missed; sorted."""
    found: dict[tuple[str, str, str, str], Lack] = {}
    for event in events:
        if event.type not in ("operation", "attempt") or event.status in ("Succeeded", "attributed"):
            continue
        at = facts.when(event.facts.get("finished_at")) or event.occurred_at
        for failure in facts.mappings(event.facts.get("failures")):
            wanted = wanted_of(failure, event.keys.destination)
            if wanted is None:
                continue
            key = (wanted.kind, wanted.namespace, wanted.name, wanted.defines)
            known = found.get(key)
            cause, words = (facts.string(failure, name) for name in ("cause", "words"))
            first, last = (min(known.first_at, at), max(known.last_at, at)) if known else (at, at)
            found[key] = Lack(wanted, known.cause if known else cause, known.words if known else words, first, last)
    return tuple(found[key] for key in sorted(found))
