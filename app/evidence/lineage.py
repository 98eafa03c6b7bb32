"""Lineage as CSV (RFC 4180): a row for each writer, reader and workload that hang together; guarded as every CSV here."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from app.changes.lineage.item import chains
from app.evidence.resources import guarded

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
CHUNK = 500  # rows handed on at once


def lineage_csv(items: Iterable[Mapping[str, Any]]) -> Iterator[bytes]:
    """`items` as the JSON has them."""
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\r\n")
    writer.writeheader()
    for number, row in enumerate((row for item in items for row in chains(item)), 1):
        writer.writerow({name: guarded(row.get(name)) for name in COLUMNS})
        if number % CHUNK == 0:
            yield out.getvalue().encode()
            out.seek(0)
            out.truncate()
    yield out.getvalue().encode()
