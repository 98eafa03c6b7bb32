"""Lineage as CSV (RFC 4180): a row for each writer, reader and workload that hang together; guarded as every CSV here."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from app.changes.lineage.item import chains
from app.evidence.table import table_csv

STATE = ("state", "state_because", "stale_since", "due_at")
WRITER = ("source", "workspace", "address", "type", "changed_at", "changed_by", "changed", "last_told_at", "last_told_by")
READER = (
    *("source", "application", "project", "destination", "kind", "name", "namespace", "store", "store_kind", "provider", "region"),
    *("key", "how", "pattern", "properties", "version", "declared", "match", "because", "secret", "interval_seconds"),
    *("refreshed_at", "ready", "looked_at", "entry", "unread_because", *STATE),
)
WORKLOAD = ("application", "kind", "name", "namespace", "uses", "restarted_at", "rolled_at", *STATE)
COLUMNS = (
    *("path", "system", "states", "gaps"),
    *(f"writer_{name}" for name in (*WRITER, "gone_at", "gone_by")),
    *(f"reader_{name}" for name in READER),
    *(f"workload_{name}" for name in WORKLOAD),
)


def lineage_csv(items: Iterable[Mapping[str, Any]]) -> Iterator[bytes]:
    """`items` as the JSON has them."""
    return table_csv(COLUMNS, (row for item in items for row in chains(item)))
