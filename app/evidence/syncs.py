"""The operations of one change as CSV, from its JSON item: a row for each result of each operation and attempt, none left out."""

from collections.abc import Iterator, Mapping
from typing import Any

from app.evidence.table import table_csv

OF_SYNC = (
    *("id", "application", "instance", "destination", "kind", "kind_by", "also", "options", "phase", "revisions", "started_at"),
    *("finished_at", "history_id", "back_to", "initiator", "initiator_because", "automated", "terminated_by"),
)
OF_RESOURCE = ("wave", "hook", "hook_phase", "group", "kind", "namespace", "name", "status", "message", "images")
COLUMNS = (*OF_SYNC, "attempt", "order", "sync_phase", *(f"resource_{name}" for name in OF_RESOURCE))


def syncs_csv(item: Mapping[str, Any]) -> Iterator[bytes]:
    """UTF-8, CRLF, a header row. `attempt` is empty for the operation itself; one without results is one row."""
    return table_csv(COLUMNS, _rows(item))


def _rows(item: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for sync in item.get("syncs", ()):
        told = {name: sync.get(name) for name in OF_SYNC}
        for attempt in sync.get("attempts", ()):
            at = {"attempt": attempt["number"], "phase": "Failed", "finished_at": attempt["at"]}
            yield from _results({**told, **at}, attempt)
        yield from _results(told, sync)


def _results(told: dict[str, Any], of: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for order, one in enumerate(of.get("resources", ()), 1):
        named = {f"resource_{name}": one.get(name) for name in OF_RESOURCE}
        yield {**told, "order": order, "sync_phase": one.get("phase"), **named}
    if not of.get("resources"):
        yield told
