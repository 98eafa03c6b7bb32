"""What people decided here of accounts: the portal's own `identity` events."""

from collections.abc import Iterable

from app.domain.event import Entry
from app.domain.identity import STATUSES, Decision
from app.linking import facts

SOURCE, TYPE = "portal", "identity"


def decisions(entries: Iterable[Entry]) -> list[Decision]:
    """In the order in which they were recorded: of two at once the ledger's order says which came later."""
    found = {entry.seq: decision for entry in entries if (decision := _decision(entry))}
    return [found[seq] for seq in sorted(found)]


def _decision(entry: Entry) -> Decision | None:
    """None for what is none, or names no account."""
    event = entry.event
    if (event.source, event.type) != (SOURCE, TYPE) or event.status not in STATUSES:
        return None
    told = {name: facts.string(event.facts, name) for name in ("system", "account", "person", "because", "login", "number")}
    if not told["system"] or not told["account"]:
        return None
    by = event.actor.name if event.actor else ""
    return Decision(**told, status=event.status, by=by, at=event.occurred_at, seq=entry.seq)
