"""Rows of lineage. Every function runs inside the caller's transaction."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson
from sqlalchemy import Connection, Row, Select, and_, cast, delete, func, literal, or_, select, text, tuple_
from sqlalchemy.dialects.postgresql import JSONPATH, distinct_on, insert

from app.canonical import stable_id
from app.changes.document import storable
from app.db.tables.ledger import events
from app.db.tables.lineage import lineage_holds, lineage_looks, lineage_writes
from app.db.tables.projection import change_terms, changes
from app.domain.lineage import Look, Path, System, Write
from app.lineage.chains import paths
from app.lineage.told import externals, stores, workloads
from app.lineage.written import TYPES

TABLES = (lineage_writes, lineage_holds, lineage_looks)
WRITE = ("source", "run", "address", "path", "gone", "workspace", "type", "action", "value_changed", "began_at", "at")
HOLD = ("source", "workspace", "address", "path", "type", "run", "at")
OPEN = ("proposed", "in-progress")
STORED = "$.resources[*] ? (exists(@.object.system))"


def set_writes(connection: Connection, runs: Sequence[tuple[str, str]], writes: Sequence[Write]) -> None:
    """What these runs wrote, in place of what stood there of them."""
    if runs:
        connection.execute(delete(lineage_writes).where(tuple_(lineage_writes.c.source, lineage_writes.c.run).in_(list(runs))))
    if writes:
        rows = [_row(one, WRITE, one.source, one.run, one.address, one.path, str(one.gone)) for one in writes]
        connection.execute(insert(lineage_writes).on_conflict_do_nothing(), rows)


def _row(one: Write, names: Sequence[str], *natural: str) -> dict[str, Any]:
    """`natural` is the key, as one id: names from outside may be longer than an index holds."""
    row: dict[str, Any] = storable({name: getattr(one, name) for name in names})
    return {"id": stable_id("lineage", *natural), **row, "system": str(one.system)}


def keep_holds(connection: Connection, holds: Iterable[Write]) -> None:
    """The newest of each resource and path stays."""
    newest: dict[tuple[str, str, str, str], Write] = {}
    for one in holds:
        key = (one.source, one.workspace, one.address, one.path)
        if key not in newest or (one.at, one.run) > (newest[key].at, newest[key].run):
            newest[key] = one
    if not newest:
        return
    rows = [_row(one, HOLD, *key) for key, one in newest.items()]
    statement = insert(lineage_holds)
    new, table = statement.excluded, lineage_holds.c
    later = or_(new.at > table.at, and_(new.at == table.at, new.run.collate("C") > table.run.collate("C")))
    values = {name: new[name] for name in ("type", "system", "run", "at")}
    connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_=values, where=later), rows)


def keep_looks(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        connection.execute(insert(lineage_looks).on_conflict_do_nothing(), [storable(dict(row)) for row in rows])


def prune_looks(connection: Connection, applications: Collection[tuple[str, str]]) -> None:
    """Of each application (source, uid) the newest whole look stays, and what is newer than it."""
    beaten: list[tuple[str, str, str]] = []
    for (source, uid), looks in _told(connection, applications).items():
        begun = {look: min(row.seq for row in rows) for look, rows in looks.items()}
        whole = [begun[look] for look, rows in looks.items() if rows[0].status == "listed" and len(rows) == rows[0].parts]
        beaten += [(source, uid, look) for look, seq in begun.items() if whole and seq < max(whole)]
    if beaten:
        named = tuple_(lineage_looks.c.source, lineage_looks.c.uid, lineage_looks.c.look)
        connection.execute(delete(lineage_looks).where(named.in_(beaten)))


def _told(connection: Connection, applications: Collection[tuple[str, str]]) -> dict[tuple[str, str], dict[str, list[Row[Any]]]]:
    """The parts of looks, without what they tell, by application and look."""
    one: Any = lineage_looks.c
    out: dict[tuple[str, str], dict[str, list[Row[Any]]]] = {}
    columns: Select[Any] = select(one.source, one.uid, one.look, one.parts, one.status, one.seq)
    for row in connection.execute(columns.where(tuple_(one.source, one.uid).in_(sorted(applications)))):
        out.setdefault((row.source, row.uid), {}).setdefault(row.look, []).append(row)
    return out


def drop_looks(connection: Connection, applications: Collection[tuple[str, str]]) -> None:
    if applications:
        named = tuple_(lineage_looks.c.source, lineage_looks.c.uid)
        connection.execute(delete(lineage_looks).where(named.in_(sorted(applications))))


def every(connection: Connection) -> tuple[Path, ...]:
    """Every path that is written or asked for, as it stands."""
    return paths(writes(connection), looks(connection))


def open_plans(connection: Connection) -> list[dict[str, Any]]:
    """Of each change that is not over and whose plans name a resource of a secret store: `runs`, `plans` and those `resources`."""
    is_, named = change_terms.alias(), change_terms.alias()
    item = changes.c.item
    stored = func.jsonb_path_query_array(item, cast(STORED, JSONPATH)).label("resources")
    opened = select(literal(1)).where(is_.c.change == changes.c.id, is_.c.key == "is", is_.c.value.in_(OPEN)).exists()
    writing = select(named.c.change).where(named.c.key == "resource", named.c.value.in_(sorted(TYPES)))
    query = select(item["runs"].label("runs"), item["plans"].label("plans"), stored)
    query = query.where(changes.c.id.in_(writing), opened).order_by(changes.c.id)
    return [dict(row) for row in connection.execute(query).mappings()]


def writes(connection: Connection) -> list[Write]:
    """Everything that was written, and what was left as it was."""
    return [*_writes(connection, select(lineage_writes)), *_writes(connection, select(lineage_holds), held=True)]


def _writes(connection: Connection, query: Select[Any], *, held: bool = False) -> list[Write]:
    more = {"action": "no-op", "value_changed": False, "held": True} if held else {}
    out = []
    for row in connection.execute(query).mappings():
        values = {name: row[name] for name in (HOLD if held else WRITE)} | more
        out.append(Write(**values | {"system": System(row["system"]), "at": row["at"].astimezone(UTC)}))
    return out


def looks(connection: Connection) -> list[Look]:
    """The newest whole look at each application, and why there is no newer one where that was told."""
    parts: dict[tuple[str, str], dict[str, list[Row[Any]]]] = {}
    for row in connection.execute(select(lineage_looks).order_by(lineage_looks.c.seq)):
        parts.setdefault((row.source, row.uid), {}).setdefault(row.look, []).append(row)
    return [look for told in parts.values() if (look := _look(list(told.values())))]


def _look(told: Sequence[Sequence[Row[Any]]]) -> Look | None:
    """None where nothing is known of it but that it could not be read."""
    whole = [rows for rows in told if rows[0].status == "listed" and len(rows) == rows[0].parts]
    if not whole:
        return None
    rows = whole[-1]
    since = [one[0] for one in told if one[0].status != "listed" and one[0].seq > rows[0].seq]
    facts = [row.told for row in rows]
    return Look(
        source=rows[0].source,
        uid=rows[0].uid,
        application=rows[0].application,
        at=rows[0].compared_at.astimezone(UTC),
        project=rows[0].project or None,
        destination=rows[0].destination or None,
        stores=stores(facts),
        externals=externals(facts),
        workloads=workloads(facts),
        seq=rows[0].seq,
        unread_because=since[-1].because if since else "",
        unread_since=since[0].observed_at.astimezone(UTC) if since else None,
    )


def unread(connection: Connection) -> list[tuple[str, str, str]]:
    """(source, application, because) of those that could not be looked at, and nothing newer is told of them."""
    newest = select(lineage_looks).ext(distinct_on(lineage_looks.c.source, lineage_looks.c.uid))
    newest = newest.order_by(lineage_looks.c.source, lineage_looks.c.uid, lineage_looks.c.seq.desc())
    found = connection.execute(newest).mappings()
    return sorted((row["source"], row["application"], row["because"]) for row in found if row["status"] != "listed")


def known_at(connection: Connection) -> datetime | None:
    """When the ledger recorded the last entry: what is shown is as known then."""
    found = connection.execute(select(events.c.recorded_at).order_by(events.c.seq.desc()).limit(1)).scalar_one_or_none()
    return found.astimezone(UTC) if found else None


def lines_of_all(connection: Connection) -> Iterator[str]:
    """Every row in order, for the projection's digest."""
    for table in TABLES:
        streamed = connection.execution_options(yield_per=5000)
        names = [column.name for column in table.columns]
        order = [text(f'"{column.name}"::text COLLATE "C"') for column in table.primary_key]
        for row in streamed.execute(select(table).order_by(*order)).mappings():
            yield "\x1f".join((table.name, *(orjson.dumps(row[name], option=orjson.OPT_SORT_KEYS).decode() for name in names)))
