"""The list of people as CSV (RFC 4180): a row for each account, none left out; guarded as every CSV here."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from app.evidence.table import table_csv

COLUMNS = (
    *("account", "system", "name", "stands", "person", "known_by", "decided_as", "decided_by", "decided_at", "because", "entry"),
    *("declared", "roles", "changes", "newest_at", "newest_change", "newest_number"),
)


def people_csv(items: Iterable[Mapping[str, Any]]) -> Iterator[bytes]:
    """`items` as the JSON has them."""
    return table_csv(COLUMNS, ({**item, **(item["decision"] or {})} for item in items))
