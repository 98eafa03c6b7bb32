"""Whole lists, streamed in the order of the screen: COPY for CSV, a cursor on the server for JSON. Nothing is capped.

Call them inside `read_only`, so that rows and counts are of one moment.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import orjson
from psycopg import Connection as Driver
from sqlalchemy import Boolean, ColumnElement, Connection, DateTime, FromClause, Select, Text, and_, case, cast, func, select, text

from app.changes.event_item import event_item
from app.changes.store import EVENT_SELECT, event_row, matching_events, own_change
from app.db.tables.ledger import events, leaves
from app.db.tables.projection import changes
from app.search.period import Period
from app.search.sql import Filter, changes_filter
from app.search.tree import Query

CHANGE_COLUMNS = (
    *("id", "number", "title", "environment", "class", "opened_at", "finished_at", "at", "state", "verdict", "repositories"),
    *("pull_requests", "commits", "authors", "approvers", "people", "workspaces", "runs", "policy", "applies", "applications"),
    *("syncs", "gaps", "because", "sources", "passed", "failed"),
)
EVENT_COLUMNS = (
    *("seq", "id", "source", "kind", "type", "step", "status", "known", "how", "subject_type", "subject_id", "subject_name"),
    *("subject_url", "actor_name", "actor_id", "actor_kind", "occurred_at", "observed_at", "recorded_at", "repository"),
    *("pull_request", "workspace", "run", "application", "commits", "change", "leaf_hash"),
)
_FORMULA = (61, 43, 45, 64, 0xFF1D, 0xFF0B, 0xFF0D, 0xFF20, 9, 13, 10)  # = + - @, also full-width; tab CR LF
_SPACE = " \u00a0\u3000"  # before a formula, some spreadsheets drop it
_SUSPECT = (*_FORMULA, *map(ord, _SPACE))
_BATCH = 500  # rows fetched at once from the server's cursor
_SECONDS, _MICROS = 'YYYY-MM-DD"T"HH24:MI:SS"Z"', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'

Cells = Mapping[str, ColumnElement[Any]]


def change_rows(connection: Connection, query: Query, period: Period | None = None) -> Iterator[bytes]:
    """The CSV of the matching changes: the header, then a row each, every one with its LF as COPY writes it."""
    cells, rows, found = _changes(query, period)
    return _copied(connection, cells, rows, found)


def event_rows(connection: Connection, query: Query, period: Period | None = None) -> Iterator[bytes]:
    """As `change_rows`, of the matching events."""
    cells, rows, found = _events(connection, query, period)
    return _copied(connection, cells, rows, found)


def neutralised_changes(connection: Connection, query: Query, period: Period | None = None) -> int:
    """How many cells of `change_rows` carry the guard's leading `'`."""
    return _neutralised(connection, *_changes(query, period))


def neutralised_events(connection: Connection, query: Query, period: Period | None = None) -> int:
    """As `neutralised_changes`, of `event_rows`."""
    return _neutralised(connection, *_events(connection, query, period))


def _changes(query: Query, period: Period | None) -> tuple[Cells, FromClause, Filter]:
    found = changes_filter(query, period)
    return {name: changes.c[name] for name in CHANGE_COLUMNS}, found.whole, found


def _events(connection: Connection, query: Query, period: Period | None) -> tuple[Cells, FromClause, Filter]:
    made: dict[str, ColumnElement[Any]] = {
        "commits": func.array_to_string(events.c.commits, "; ", type_=Text),
        "change": own_change(),
        "leaf_hash": func.encode(leaves.c.hash, "hex"),
    }
    cells: Cells = {name: made[name] if name in made else events.c[name] for name in EVENT_COLUMNS}
    rows = events.outerjoin(leaves, leaves.c.seq == events.c.seq)
    return cells, rows, matching_events(connection, query, period)


def _written(name: str, cell: ColumnElement[Any]) -> ColumnElement[Any]:
    """A cell as the CSV has it: times in ISO 8601 UTC, text guarded."""
    if isinstance(cell.type, DateTime):
        whole = func.date_trunc("second", cell) == cell
        return func.to_char(func.timezone("UTC", cell), case((whole, _SECONDS), else_=_MICROS)).label(name)
    if isinstance(cell.type, Text):
        return case((_runs(cell), func.concat("'", cell)), else_=cell).label(name)
    return (cast(cell, Text) if isinstance(cell.type, Boolean) else cell).label(name)


def _runs(cell: ColumnElement[Any]) -> ColumnElement[bool]:
    """A spreadsheet would run it. The first character alone clears nearly every cell, at a quarter of the price."""
    return and_(func.ascii(cell).in_(_SUSPECT), func.ascii(func.ltrim(cell, _SPACE)).in_(_FORMULA))


def _neutralised(connection: Connection, cells: Cells, rows: FromClause, found: Filter) -> int:
    guarded = [cell for cell in cells.values() if isinstance(cell.type, Text)]
    counts = [func.count().filter(_runs(cell)) for cell in guarded]
    return sum(connection.execute(select(*counts).select_from(rows).where(*found.where)).one())


def _copied(connection: Connection, cells: Cells, rows: FromClause, found: Filter) -> Iterator[bytes]:
    """Rows leave while later ones are still read: sorting is discouraged where an index has the order."""
    written = [_written(name, cell) for name, cell in cells.items()]
    statement = select(*written).select_from(rows).where(*found.where).order_by(*found.order())
    connection.execute(text("SET LOCAL enable_sort = off"))
    yield from _copy(connection, statement)
    connection.execute(text("SET LOCAL enable_sort = on"))


def _copy(connection: Connection, statement: Select[Any]) -> Iterator[bytes]:
    asked = statement.compile(dialect=connection.dialect, compile_kwargs={"render_postcompile": True})
    driver: Driver[Any] = connection.connection.driver_connection  # type: ignore[assignment]
    with driver.cursor() as cursor, cursor.copy(f"COPY ({asked}) TO STDOUT (FORMAT csv, HEADER)", asked.params) as copy:
        for row in copy:
            yield bytes(row)


def change_items(connection: Connection, query: Query, period: Period | None = None) -> Iterator[dict[str, Any]]:
    """Every matching change as its JSON item, read as they are taken."""
    found = changes_filter(query, period)
    item = cast(changes.c.item, Text).label("item")  # as text: three times as fast as through the driver
    statement = select(item).select_from(found.whole).where(*found.where).order_by(*found.order())
    return (orjson.loads(row.item) for row in connection.execute(statement, execution_options={"yield_per": _BATCH}))


def event_items(connection: Connection, query: Query, period: Period | None = None) -> Iterator[dict[str, Any]]:
    """Every matching event as its JSON item, read as they are taken."""
    found = matching_events(connection, query, period)
    statement = EVENT_SELECT.add_columns(leaves.c.leaf, own_change()).where(*found.where).order_by(*found.order())
    rows = connection.execute(statement, execution_options={"yield_per": _BATCH})
    return (event_item(event_row(row), row.own_change, row.leaf) for row in rows)
