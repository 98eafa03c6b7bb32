"""The drift ledger as CSV (RFC 4180), JSON Lines and JSON: an episode each, in the order of the list, none left out.

Lengths are as of `now`, which every row says (`as_of`). A cell that a spreadsheet would run is guarded, as in every CSV here.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from app.changes.drift import store
from app.changes.drift.item import episode_item
from app.db.session import Connection
from app.evidence.jsonl import document, lines
from app.evidence.table import table_csv
from app.search.period import Period
from app.search.tree import Query

COLUMNS = (
    *("id", "number", "layer", "source", "application", "workspace", "project", "destination", "environment", "class", "group"),
    *("kind", "name", "namespace", "state", "drift", "size", "counted", "cause", "because", "ruled_out", "possible"),
    *("onset_after", "onset_before", "ended_after", "ended_at", "ended_by", "ended_because", "ended_operation", "unknown_since"),
    *("unknown_because", "as_of", "exposure_seconds", "exposure_least_seconds", "exposure_most_seconds", "limit_seconds"),
    *("over_limit", "manager", "managers", "person", "person_because", "fields", "looked_at", "revisions", "auto_sync"),
    *("self_heal", "blind_spots", "change", "change_number", "ended_change", "ended_change_number"),
)
AT_ONCE = 500  # episodes read, and handed on, at once


def items(connection: Connection, query: Query, period: Period | None, now: datetime) -> Iterator[dict[str, Any]]:
    """Every matching episode as its JSON item, read page by page."""
    cursor: str | None = None
    while True:
        page = store.episodes_matching(connection, query, period, now, cursor, AT_ONCE)
        blind = store.blind_during(connection, page.items)
        for row in page.items:
            yield episode_item(row, now, blind.get(row.id, ()))
        cursor = page.older
        if cursor is None:
            return


def drift_csv(connection: Connection, query: Query, period: Period | None, now: datetime) -> Iterator[bytes]:
    """UTF-8, CRLF, a header row; lists have `; ` between."""
    return table_csv(COLUMNS, map(_flat, items(connection, query, period, now)))


def drift_jsonl(connection: Connection, query: Query, period: Period | None, now: datetime) -> Iterator[bytes]:
    return lines(items(connection, query, period, now))


def drift_json(connection: Connection, query: Query, period: Period | None, now: datetime, sentence: str) -> Iterator[bytes]:
    """`{"sentence": …, "items": […], "next": null}` with every matching episode."""
    return document(items(connection, query, period, now), sentence)


def _flat(item: Mapping[str, Any]) -> dict[str, Any]:
    """What a row has room for: the values of the fields are in the JSON."""
    flat = {**item, **item["subject"]}
    for name in ("ruled_out", "possible"):
        flat[name] = [f"{one['cause']}: {one['because']}" for one in item[name]]
    flat["managers"] = [" ".join(filter(None, (one["manager"], one["subresource"], one["at"]))) for one in item["managers"]]
    flat["fields"] = None if item["changes"] is None else [one["path"] for one in item["changes"]]
    flat["blind_spots"] = [f"{one['why']} {one['since_before']} to {one['ended_at'] or 'now'}" for one in item["blind_spots"]]
    return flat
