"""Sentences about an operation of Argo CD: what it was, how it ended and why, attempt by attempt."""

from app.domain.event import Event
from app.linking import facts

ALSO = {"force": "forced", "replace": "replacing", "pruning": "pruning"}
NAMED = 3


def operation(event: Event) -> str:
    """`application payments-api: rollback sync to 4f1c2d9abcde, back to history entry 3, Failed: …; ended by bob`."""
    if event.status == "attributed":
        return f"announced: {(event.actor.name if event.actor else '') or 'nobody named'} started it"
    revision, back = _fact(event, "revision")[:12], facts.integer([event], "back_to")
    said = f"application {event.keys.application}: {_fact(event, 'operation_kind')} sync" + (f" to {revision}" if revision else "")
    said += f", back to history entry {back}," if back is not None else ""
    also = [ALSO[name] for name in facts.words(event.facts.get("also")) if name in ALSO]
    said += f" ({', '.join(also)})" if also else ""
    said += f" {event.status}"
    if event.status in ("Failed", "Error"):
        message, words = _fact(event, "message"), _words(event)
        said += (f": {message}" if message else "") + (f" ({words})" if words and words not in message else "")
    waits = _fact(event, "waits_for")
    return said + (f"; it waits for {waits}" if waits else "") + _ended(event)


def attempt(event: Event) -> str:
    number, unseen = (facts.integer([event], name) for name in ("number", "unseen"))
    before = f", after {unseen} that {'was' if unseen == 1 else 'were'} not seen" if unseen else ""
    said = f"attempt {number if number is not None else 'of unknown number'} failed{before}"
    why = _words(event) or _fact(event, "message")
    return f"{said}: {why}" if why else said


def waiting(event: Event) -> str:
    return f"it waits for {_fact(event, 'waits_for') or 'what is not told'}"


def _ended(event: Event) -> str:
    if "terminated_by" not in event.facts:
        return ""
    by, because = _fact(event, "terminated_by"), _fact(event, "terminated_because")
    if not by:
        return f"; who ended it is not known: {because}" if because else "; who ended it is not known"
    return f"; ended by {by}" + (f": {because}" if because else "")


def _words(event: Event) -> str:
    """Why it failed, in plain words; what only repeats Argo CD's own is left out."""
    listed = facts.mappings(event.facts.get("failures"))
    told = list(dict.fromkeys(facts.string(one, "words") for one in listed if one.get("cause") not in ("unknown", "terminated")))
    more = f" and {len(told) - NAMED} more" if len(told) > NAMED else ""
    return "; ".join(words for words in told[:NAMED] if words) + more


def _fact(event: Event, name: str) -> str:
    return facts.string(event.facts, name)
