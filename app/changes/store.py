"""Reads of changes. Each function is one question and a small, constant number of statements; none opens a transaction."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import (
    CTE,
    ColumnElement,
    Connection,
    Row,
    Select,
    Text,
    and_,
    case,
    column,
    func,
    or_,
    select,
    true,
    tuple_,
    values,
)
from sqlalchemy.dialects.postgresql import array

from app.changes.cursor import Cursor, change_cursor, event_cursor
from app.changes.event_item import event_item
from app.changes.rows import EVENT_COLUMNS, Bin, ChangeOf, ChangeRow, EventRow, Facet, FacetValue, Page, WholeChange, spelling
from app.db.tables.ledger import events, leaves
from app.db.tables.projection import AT, change_events, change_terms, changes
from app.search.fields import VERDICTS
from app.search.period import Period, narrowed
from app.search.sql import TIMES, Filter, changes_filter, events_filter, spellings, within
from app.search.tree import Query

_LISTED = (
    *("id", "number", "title", "environment", "class", "state", "verdict", "opened_at", "finished_at", "at", "authors", "people"),
    *("repositories", "workspaces", "applications", "because", "gaps", "sources", "passed", "failed", "chain"),
)
_COLUMNS = [changes.c[name].label("cls" if name == "class" else name) for name in _LISTED]


MANY = 10_000  # matches among which the next few are found soonest by looking at one change after the other


def changes_matching(
    connection: Connection, query: Query, period: Period | None = None, cursor: str | None = None, limit: int = 50, total: int = 0
) -> Page[ChangeRow]:
    """A page of the list, newest first (time, then id). One statement. Raises UsageError for a cursor that is none.

    `total` is how many match, where that is known; it makes no difference but to the time that it takes.
    """
    found = changes_filter(query, period, paged=True, many=total >= MANY)
    rows, page = _page(connection, _COLUMNS, found, change_cursor(cursor), limit)
    return Page(tuple(_change_row(row) for row in rows), page.older, page.newer)


def items_matching(
    connection: Connection, query: Query, period: Period | None = None, cursor: str | None = None, limit: int = 50, total: int = 0
) -> Page[dict[str, Any]]:
    """The same page as the JSON items that the API answers with."""
    columns = [changes.c.item, changes.c.at, changes.c.id]
    found = changes_filter(query, period, paged=True, many=total >= MANY)
    rows, page = _page(connection, columns, found, change_cursor(cursor), limit)
    return Page(tuple(row.item for row in rows), page.older, page.newer)


def _page(
    connection: Connection, columns: Sequence[ColumnElement[Any]], found: Filter, cursor: Cursor | None, limit: int
) -> tuple[list[Row[Any]], Page[None]]:
    statement = select(*columns).select_from(found.whole).where(*found.where)
    return read_page(connection, statement, found, cursor, limit, "at", "id")


def read_page(
    connection: Connection, statement: Select[Any], found: Filter, cursor: Cursor | None, limit: int, at: str, id_: str
) -> tuple[list[Row[Any]], Page[None]]:
    """The rows of one page of `statement`, newest first, and the cursors beside it. `at`, `id_` name the row's own place."""
    newer = cursor is not None and cursor.newer
    if cursor:
        here, there = tuple_(found.at, found.id), tuple_(cursor.at, cursor.id)
        statement = statement.where(here > there if newer else here < there)
    order = (found.at.asc(), found.id.asc()) if newer else found.order()
    rows = list(connection.execute(statement.order_by(*order).limit(limit + 1)))
    more, rows = len(rows) > limit, rows[:limit]
    if newer:
        rows.reverse()
    if not rows:
        return [], Page(())
    first, last = rows[0]._mapping, rows[-1]._mapping
    has_newer, has_older = (more if newer else cursor is not None), (True if newer else more)
    return rows, Page(
        (),
        str(Cursor(last[at], last[id_])) if has_older else None,
        str(Cursor(first[at], first[id_], newer=True)) if has_newer else None,
    )


def _change_row(row: Any) -> ChangeRow:
    """By place, not by name: _LISTED has the order of ChangeRow, and a page reads fifty of them."""
    return ChangeRow(*row[: len(_LISTED)])


def count_matching(connection: Connection, query: Query, period: Period | None = None) -> int:
    """How many changes match: exact, from an index alone where one term, or none, is asked for."""
    found = changes_filter(query, period)
    return connection.execute(select(func.count()).select_from(found.rows).where(*found.where)).scalar_one()


def newer_than(connection: Connection, query: Query, period: Period | None, cursor: str) -> int:
    """How many changes stand before the place `cursor` means: the number on the pill of newer changes."""
    found, place = changes_filter(query, period), change_cursor(cursor)
    where = (tuple_(found.at, found.id) > tuple_(place.at, place.id),) if place else ()
    return connection.execute(select(func.count()).select_from(found.rows).where(*found.where, *where)).scalar_one()


def change_by_id(connection: Connection, change: UUID) -> WholeChange | None:
    """Everything of one change; None when there is none of this id."""
    return _whole(connection, changes.c.id == change)


def change_by_number(connection: Connection, number: int) -> WholeChange | None:
    """As `change_by_id`, by its number."""
    return _whole(connection, changes.c.number == number) if 0 <= number < 2**63 else None


def _whole(connection: Connection, where: ColumnElement[bool]) -> WholeChange | None:
    more = (changes.c.root, changes.c.item, changes.c.story, changes.c.digest)
    row = connection.execute(select(*_COLUMNS, *more).where(where)).first()
    return row and WholeChange(_change_row(row), row.root, row.item, row.story, row.digest)


def changes_of_events(connection: Connection, seqs: Sequence[int]) -> Mapping[int, ChangeOf]:
    """The change each event belongs to, by the event's seq; one without a change is not in it."""
    statement = (
        select(change_events.c.seq, changes.c.id, changes.c.number, changes.c.title)
        .join(changes, changes.c.id == change_events.c.change)
        .where(change_events.c.seq.in_(list(seqs)))
        .order_by(change_events.c.seq, change_events.c.place.desc(), changes.c.id.desc())
    )
    return {row.seq: ChangeOf(row.id, row.number, row.title) for row in connection.execute(statement)}


def extent(
    connection: Connection, query: Query, period: Period | None = None, newest: int | None = None, total: int = 0
) -> tuple[datetime, datetime] | None:
    """The times of the oldest and the newest match, of all or of the `newest` so many of `total`; None when nothing matches."""
    found = changes_filter(query, period, paged=newest is not None, many=newest is not None and total >= max(MANY, 20 * newest))
    statement = select(func.min(found.at), func.max(found.at)).select_from(found.rows).where(*found.where)
    if newest is not None:
        matches = select(found.at.label("at")).select_from(found.rows).where(*found.where)
        last = matches.order_by(*found.order()).limit(newest).subquery()
        statement = select(func.min(last.c.at), func.max(last.c.at))
    row = connection.execute(statement).one()
    return (row[0], row[1]) if row[0] is not None else None


def density(connection: Connection, query: Query, period: Period | None, edges: Sequence[datetime]) -> list[Bin]:
    """How many changes of each verdict lie between one edge and the next: a bin for each pair, empty ones too. One statement.

    `edges` ascend, at least two; `even_edges` makes equal ones. What lies outside of them is not counted.
    """
    judged = change_terms.alias("judged")
    place = func.width_bucket(judged.c.at, array(list(edges), type_=AT)).label("place")
    statement = select(place, judged.c.value, func.count().label("n")).where(
        judged.c.key == "verdict", judged.c.value.in_(VERDICTS)
    )
    here = _clipped(period, edges[0], edges[-1])
    statement = statement.where(*within(judged.c.at, narrowed(query, here)))  # a term has its change's time
    if any(term.key not in TIMES for term in query.terms):
        statement = statement.where(judged.c.change.in_(select(_matching(query, here).c.id)))
    bins = [Bin(start, end, {}) for start, end in pairwise(edges)]
    for row in connection.execute(statement.group_by(place, judged.c.value)):
        bins[row.place - 1].counts[row.value.replace("-", "_")] = row.n
    return bins


def _clipped(period: Period | None, start: datetime, end: datetime) -> Period:
    here = period or Period()
    return Period(max(here.start or start, start), min(here.end or end, end))


def _matching(query: Query, period: Period | None) -> CTE:
    """The ids of the matches, found before anything is asked of them."""
    found = changes_filter(query, period)
    matches = select(found.id.label("id")).select_from(found.rows).where(*found.where)
    return matches.cte("matching").prefix_with("MATERIALIZED")


FACETS: Mapping[str, tuple[str, ...]] = {
    "verdict": ("verdict",),
    "gap": ("gap", "is"),  # of `is` only `complete`: nothing is missing
    "environment": ("env",),
    "class": ("class",),
    "where": ("workspace", "app"),
    "author": ("author",),
    "policy": ("policy",),
    "source": ("source",),
}


def facets(connection: Connection, query: Query, period: Period | None = None, top: int = 8) -> list[Facet]:
    """For each of FACETS the values found most among the matches, the largest first. Two statements."""
    ranked = _ranked(query, period).subquery()
    rows = list(connection.execute(select(ranked).where(ranked.c.place <= top).order_by(ranked.c.facet, ranked.c.place)))
    labels = _labels(connection, [(row.key, row.value) for row in rows])
    found: dict[str, list[FacetValue]] = {name: [] for name in FACETS}
    total: dict[str, int] = {}
    for row in rows:
        found[row.facet].append(FacetValue(row.key, row.value, labels[row.key, row.value], row.n))
        total[row.facet] = row.total
    return [Facet(name, tuple(values), total.get(name, 0) - len(values)) for name, values in found.items()]


def _ranked(query: Query, period: Period | None) -> Select[Any]:
    names = {key: name for name, keys in FACETS.items() for key in keys}
    terms = change_terms.alias("terms")
    wanted = or_(terms.c.key.in_([key for key in names if key != "is"]), and_(terms.c.key == "is", terms.c.value == "complete"))
    if query.terms or period:  # each match is asked for its terms: OFFSET 0 keeps the database from reading those of all changes
        matching = _matching(query, period)
        one = select(terms.c.key, terms.c.value).where(terms.c.change == matching.c.id, wanted).offset(0).lateral("one")
        found = select(one.c.key, one.c.value, func.count().label("n")).select_from(matching.join(one, true()))
        counted = found.group_by(one.c.key, one.c.value)
    else:
        counted = select(terms.c.key, terms.c.value, func.count().label("n")).where(wanted).group_by(terms.c.key, terms.c.value)
    each = counted.subquery()
    facet = case(names, value=each.c.key).label("facet")
    place = func.row_number().over(partition_by=facet, order_by=(each.c.n.desc(), each.c.key, each.c.value)).label("place")
    return select(facet, each.c.key, each.c.value, each.c.n, place, func.count().over(partition_by=facet).label("total"))


def _labels(connection: Connection, pairs: Sequence[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """How the newest change with each term spells its value."""
    if not pairs:
        return {}
    asked = values(column("key", Text), column("value", Text), name="asked").data(list(pairs))
    newest = select(change_terms.c.change).where(change_terms.c.key == asked.c.key, change_terms.c.value == asked.c.value)
    one = newest.order_by(change_terms.c.at.desc(), change_terms.c.change.desc()).limit(1).lateral("one")
    statement = select(asked.c.key, asked.c.value, changes.c.item, changes.c.sources, changes.c.applications)
    statement = statement.select_from(asked.join(one, true()).join(changes, changes.c.id == one.c.change))
    rows = connection.execute(statement)
    return {(row.key, row.value): spelling(row.key, row.value, row.item, row.applications, row.sources) for row in rows}


EVENT_SELECT = select(*(events.c[name] for name in EVENT_COLUMNS), leaves.c.hash).join_from(
    events, leaves, leaves.c.seq == events.c.seq, isouter=True
)


def own_change() -> ColumnElement[UUID]:
    """The id of the change that the event of the row belongs to."""
    of_it = select(change_events.c.change).where(change_events.c.seq == events.c.seq)
    return (
        of_it.order_by(change_events.c.place, change_events.c.change)
        .limit(1)
        .correlate(events)
        .scalar_subquery()
        .label("own_change")
    )


def events_matching(
    connection: Connection, query: Query, period: Period | None = None, cursor: str | None = None, limit: int = 50
) -> Page[EventRow]:
    """A page of the raw stream, newest first (occurred_at, then seq). One statement, two when it names sources or places."""
    found = matching_events(connection, query, period)
    statement = EVENT_SELECT.where(*found.where)
    rows, page = read_page(connection, statement, found, event_cursor(cursor), limit, "occurred_at", "seq")
    return Page(tuple(event_row(row) for row in rows), page.older, page.newer)


def event_items_matching(
    connection: Connection, query: Query, period: Period | None = None, cursor: str | None = None, limit: int = 50
) -> Page[dict[str, Any]]:
    """The same page as the JSON items that the API answers with."""
    found = matching_events(connection, query, period)
    statement = EVENT_SELECT.add_columns(leaves.c.leaf, own_change()).where(*found.where)
    rows, page = read_page(connection, statement, found, event_cursor(cursor), limit, "occurred_at", "seq")
    return Page(tuple(event_item(event_row(row), row.own_change, row.leaf) for row in rows), page.older, page.newer)


def matching_events(connection: Connection, query: Query, period: Period | None) -> Filter:
    """The filter of `query`, its names spelled as the ledger spells them."""
    spelled: dict[tuple[str, str], list[str]] = {}
    asked = spellings(query)
    for row in connection.execute(asked) if asked is not None else ():
        spelled.setdefault((row.key, row.typed), []).append(row.found)
    return events_filter(query, period, spelled)


def event_row(row: Any) -> EventRow:
    """A row of EVENT_SELECT."""
    *plain, commits, observation, hashed = row[: len(EVENT_COLUMNS) + 1]
    told = (tuple(commits or ()), hashed.hex() if hashed else None, observation and "sha256:" + observation.hex())
    return EventRow(*(*plain, *told))


def count_events(connection: Connection, query: Query, period: Period | None = None) -> int:
    """How many events match, exactly."""
    found = matching_events(connection, query, period)
    return connection.execute(select(func.count()).select_from(events).where(*found.where)).scalar_one()


def events_of_change(connection: Connection, change: UUID) -> list[EventRow]:
    """Every event that tells of a change, in the ledger's order. One statement."""
    statement = EVENT_SELECT.join(change_events, change_events.c.seq == events.c.seq).where(change_events.c.change == change)
    return [event_row(row) for row in connection.execute(statement.order_by(events.c.seq))]


def event_facts(connection: Connection, seqs: Sequence[int]) -> dict[int, dict[str, Any]]:
    """The leaf of each event as a JSON value, by seq: facts, keys and all. One statement."""
    rows = connection.execute(select(leaves.c.seq, leaves.c.leaf).where(leaves.c.seq.in_(list(seqs))))
    return {row.seq: orjson.loads(row.leaf) for row in rows}
