"""CSV (RFC 4180): UTF-8, CRLF, one header row, ISO 8601 UTC times, stable columns; never capped, never truncated.

A cell that a spreadsheet would run is neutralised with a leading `'`; `neutralised_cells` says how many were. The JSONL
beside it is lossless.
"""

from collections.abc import Iterator

from app.changes.export import store
from app.db.session import Connection
from app.search.period import Period
from app.search.tree import Query

MEDIA_TYPE = "text/csv; charset=utf-8; header=present"
CHUNK = 65_536  # bytes handed on at once, at least


def changes_csv(connection: Connection, query: Query, period: Period | None = None) -> Iterator[bytes]:
    """The matching changes in the order of the list, in chunks."""
    return _chunks(store.change_rows(connection, query, period))


def events_csv(connection: Connection, query: Query, period: Period | None = None) -> Iterator[bytes]:
    """The matching events in the order of the list, in chunks."""
    return _chunks(store.event_rows(connection, query, period))


def neutralised_cells(connection: Connection, what: str, query: Query, period: Period | None = None) -> int:
    """How many cells of the CSV of `what` (`changes` or `events`) carry the guard."""
    count = store.neutralised_events if what == "events" else store.neutralised_changes
    return count(connection, query, period)


def _chunks(rows: Iterator[bytes]) -> Iterator[bytes]:
    """Rows come one by one with their LF; line ends inside of quoted cells stay what they are."""
    held: list[bytes] = []
    size = 0
    for row in rows:
        held.append(row[:-1])
        size += len(row)
        if size >= CHUNK:
            yield b"\r\n".join(held) + b"\r\n"
            held, size = [], 0
    if held:
        yield b"\r\n".join(held) + b"\r\n"
