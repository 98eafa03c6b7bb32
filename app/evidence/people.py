"""The list of people as CSV (RFC 4180): a row for each account, none left out; guarded as every CSV here."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from app.evidence.resources import guarded

COLUMNS = (
    *("account", "system", "name", "stands", "person", "known_by", "decided_as", "decided_by", "decided_at", "because", "entry"),
    *("declared", "roles", "changes", "newest_at", "newest_change", "newest_number"),
)
CHUNK = 500  # rows handed on at once


def people_csv(items: Iterable[Mapping[str, Any]]) -> Iterator[bytes]:
    """`items` as the JSON has them."""
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\r\n")
    writer.writeheader()
    for number, item in enumerate(items, 1):
        flat = {**item, **(item["decision"] or {})}
        writer.writerow({name: guarded(flat.get(name)) for name in COLUMNS})
        if number % CHUNK == 0:
            yield out.getvalue().encode()
            out.seek(0)
            out.truncate()
    yield out.getvalue().encode()
