"""Lineage's part of a batch: what its runs wrote, what its plans left as it was, what was seen of its applications."""

from collections.abc import Callable, Sequence

from sqlalchemy import Connection

from app.changes.lineage import store
from app.domain.change import Entity, Run
from app.domain.event import Entry
from app.domain.moment import moment_of
from app.lineage.written import holds, writes


def take(connection: Connection, entries: Sequence[Entry], entity: Callable[[str], Entity | None]) -> None:
    """`entity` folds a key. Whatever the batches were, the tables come out the same."""
    events = [entry.event for entry in entries]
    runs = sorted({(event.source, event.keys.run) for event in events if event.keys.run})
    written = [one for source, run in runs if isinstance(found := entity(f"run:{source}:{run}"), Run) for one in writes(found)]
    store.set_writes(connection, runs, written)
    store.keep_holds(connection, [one for event in events for one in holds(event)])
    looked = {(event.source, event.ref.id) for event in events if event.type == "secret-refs"}
    store.keep_looks(connection, [_look(entry) for entry in entries if entry.event.type == "secret-refs"])
    store.prune_looks(connection, looked)
    gone = {(e.source, e.ref.id) for e in events if e.type == "application" and e.status == "deleted"}
    store.drop_looks(connection, gone)


def _look(entry: Entry) -> dict[str, object]:
    event = entry.event
    listed = event.status == "listed"
    look, part, parts = (event.facts.get(name) for name in ("look", "part", "parts"))
    return {
        "source": event.source,
        "uid": event.ref.id,
        "look": look[:100] if listed and isinstance(look, str) else f"unavailable {event.id}",
        "part": part if type(part) is int else 0,
        "parts": parts if type(parts) is int else 1,
        "status": event.status,
        "application": event.keys.application or event.ref.name,
        "project": event.keys.project or "",
        "destination": event.keys.destination or "",
        "seq": entry.seq,
        "observed_at": event.observed_at,
        "compared_at": moment_of(event.facts.get("compared_at")) or event.observed_at,
        "because": because if isinstance(because := event.facts.get("because"), str) else "",
        "told": dict(event.facts),
    }
