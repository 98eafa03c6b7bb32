"""The ledger in Postgres: append, read, prove, seal. Nothing here opens or ends a transaction.

One transaction appends at a time (an advisory lock held to its end), so that `seq` is gapless from 0 and stays so when
transactions roll back: the next one starts from what was really committed. The isolation must be READ COMMITTED, the default.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import takewhile
from typing import Any
from uuid import UUID

import psycopg
from sqlalchemy import ARRAY, BigInteger, ColumnElement, Connection, Select, Text, Uuid, func, literal, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.types import TypeEngine

from app.db.tables.ledger import checkpoints as checkpoint_table
from app.db.tables.ledger import events as rows
from app.db.tables.ledger import leaves, tile_hashes
from app.domain.event import Entry, Event
from app.errors import LedgerError, Tampered
from app.ledger import merkle
from app.ledger.checkpoint import Checkpoint, Key, make
from app.ledger.leaf import event_from_leaf, leaf_encoder
from app.ledger.row import COLUMNS, column_text, row_of

LOCK = 0x7468726F7567
_TYPES = {
    "id": "uuid",
    "known": "bool",
    "occurred_at": "timestamptz",
    "observed_at": "timestamptz",
    "recorded_at": "timestamptz",
    "pull_request": "int8",
    "commits": "text[]",
    "observation": "bytea",
}
_LEAF = select(leaves.c.seq, leaves.c.hash, leaves.c.leaf)


def append(connection: Connection, events: Sequence[Event], recorded_at: datetime) -> list[Entry]:
    """Add what is new, in the order given; events whose id the ledger holds are skipped and cost no seq.

    Raises LedgerError, before anything is written, for an event that makes no leaf.
    """
    wanted: dict[UUID, Event] = {}
    for event in events:
        wanted.setdefault(event.id, event)
    before = size(connection)
    held = _held(connection, wanted) if wanted else set()
    encode = leaf_encoder(recorded_at)
    fresh = [(event, encode(event)) for event in wanted.values() if event.id not in held]
    if not fresh:
        return []
    connection.execute(select(func.pg_advisory_xact_lock(LOCK)))
    start = size(connection)
    if start > before:  # somebody appended between our look and our turn
        held = _held(connection, wanted, before)
        fresh = [(event, leaf) for event, leaf in fresh if event.id not in held]
    return _write(connection, start, fresh, recorded_at) if fresh else []


def _held(connection: Connection, ids: Iterable[UUID], since: int = 0) -> set[UUID]:
    query = select(rows.c.id).where(rows.c.id == func.any(array(ids, Uuid)), rows.c.seq >= since)
    return set(connection.execute(query).scalars())


def _write(connection: Connection, start: int, fresh: Sequence[tuple[Event, bytes]], recorded_at: datetime) -> list[Entry]:
    entries = [Entry(start + i, event, recorded_at, merkle.leaf_hash(leaf)) for i, (event, leaf) in enumerate(fresh)]
    hashes = [entry.leaf_hash for entry in entries]
    tiles = merkle.completed(reader(connection), start, hashes)
    held = ((entry.seq, entry.leaf_hash, leaf) for entry, (_, leaf) in zip(entries, fresh, strict=True))
    _copy(connection, "leaves", ("seq", "hash", "leaf"), ("int8", "bytea", "bytea"), held)
    types = ("int8", *(_TYPES.get(name, "text") for name in COLUMNS))
    _copy(connection, "events", ("seq", *COLUMNS), types, ((e.seq, *row_of(e.event, recorded_at)) for e in entries))
    if tiles:
        _copy(connection, "tile_hashes", ("level", "index", "hash"), ("int2", "int8", "bytea"), tiles)
    return entries


def _copy(connection: Connection, table: str, columns: Sequence[str], types: Sequence[str], lines: Iterable[Sequence[Any]]) -> None:
    statement = f"COPY {table} ({', '.join(columns)}) FROM STDIN (FORMAT BINARY)"
    driver: Any = connection.connection.driver_connection
    try:
        with driver.cursor() as cursor, cursor.copy(statement) as copy:
            copy.set_types(types)
            for line in lines:
                copy.write_row(line)
    except psycopg.Error as error:  # as every other statement's, so that the shell can say it in the house's words
        raise DBAPIError.instance(statement, None, error, psycopg.Error) from error


def size(connection: Connection) -> int:
    """How many leaves the ledger holds."""
    return int(connection.execute(select(func.coalesce(func.max(leaves.c.seq), -1))).scalar_one()) + 1


def entries(connection: Connection, after_seq: int, limit: int) -> list[Entry]:
    """At most `limit` entries with seq > `after_seq`, in order; begin with after_seq = -1."""
    return _entries(connection, _LEAF.where(leaves.c.seq > after_seq).order_by(leaves.c.seq).limit(limit))


def entries_of(connection: Connection, seqs: Iterable[int]) -> list[Entry]:
    """The entries with these seqs, in order of seq; those that do not exist are left out."""
    return _entries(connection, _LEAF.where(leaves.c.seq == func.any(array(seqs, BigInteger))).order_by(leaves.c.seq))


def entries_of_entities(connection: Connection, keys: Iterable[str]) -> list[Entry]:
    """Every entry that tells the story of one of these entities (`domain.event.entity_of`), in order of seq."""
    wanted = array((column_text(key) for key in keys), Text)
    query = _LEAF.join(rows, rows.c.seq == leaves.c.seq).where(rows.c.entity == func.any(wanted), rows.c.entity.is_not(None))
    return _entries(connection, query.order_by(leaves.c.seq))


def array(values: Iterable[Any], kind: type[TypeEngine[Any]]) -> ColumnElement[Any]:
    """One bound array, however many values."""
    return literal(list(values), ARRAY(kind))


def _entries(connection: Connection, query: Select[Any]) -> list[Entry]:
    return [Entry(seq, *event_from_leaf(leaf), bytes(h)) for seq, h, leaf in connection.execute(query)]


def tile_hashes_of(connection: Connection, level: int, index: int) -> list[bytes]:
    """The hashes that tile (level, index) holds now: 256 when it is full, fewer at the edge, none beyond it."""
    start = index * merkle.WIDTH
    if level == 0:
        query = select(leaves.c.seq, leaves.c.hash).where(leaves.c.seq >= start, leaves.c.seq < start + merkle.WIDTH)
    else:
        place = tile_hashes.c.index
        query = select(place, tile_hashes.c.hash).where(tile_hashes.c.level == level, place >= start, place < start + merkle.WIDTH)
    found = {at: bytes(h) for at, h in connection.execute(query)}
    return list(takewhile(bool, (found.get(start + i, b"") for i in range(merkle.WIDTH))))


def reader(connection: Connection) -> merkle.Read:
    """Stored hashes as the tree asks for them; each tile is read once."""
    tiles: dict[tuple[int, int], list[bytes]] = {}

    def read(level: int, start: int, stop: int) -> Sequence[bytes]:
        which = (level, start // merkle.WIDTH)
        if which not in tiles:
            tiles[which] = tile_hashes_of(connection, *which)
        return tiles[which][start % merkle.WIDTH : start % merkle.WIDTH + stop - start]

    return read


def tile(connection: Connection, level: int, index: int, width: int = merkle.WIDTH) -> bytes:
    """Tile (level, index) of C2SP tlog-tiles: 32·width bytes. LedgerError when the ledger does not reach that far."""
    hashes = tile_hashes_of(connection, level, index)
    if not 1 <= width <= len(hashes):
        raise LedgerError(f"tile {level}/{index} holds {len(hashes)} hashes", f"1 to {len(hashes)}, not {width}")
    return b"".join(hashes[:width])


def tile_entries(connection: Connection, index: int, width: int = merkle.WIDTH) -> bytes:
    """Entry bundle `index` of C2SP tlog-tiles: each leaf after its length (uint16, big-endian). LedgerError as `tile`."""
    start = index * merkle.WIDTH
    query = select(leaves.c.leaf).where(leaves.c.seq >= start, leaves.c.seq < start + width).order_by(leaves.c.seq)
    found = [bytes(leaf) for leaf in connection.execute(query).scalars()]
    if not 1 <= width <= merkle.WIDTH or len(found) != width:
        raise LedgerError(f"entry bundle {index} holds {len(found)} leaves", str(width))
    return b"".join(len(leaf).to_bytes(2, "big") + leaf for leaf in found)


def root(connection: Connection, size: int) -> bytes:
    """The root over the first `size` leaves. LedgerError when there are not that many."""
    with _within(size):
        return merkle.root(reader(connection), size)


def inclusion_proof(connection: Connection, index: int, size: int) -> list[bytes]:
    """RFC 6962 audit path of leaf `index` in the tree of `size`. LedgerError when there is no such leaf or tree."""
    with _within(size):
        return merkle.inclusion_proof(reader(connection), index, size)


def consistency_proof(connection: Connection, first: int, second: int) -> list[bytes]:
    """RFC 6962 proof that the tree of `second` extends that of `first`. LedgerError when there is no such tree."""
    with _within(second):
        return merkle.consistency_proof(reader(connection), first, second)


@contextmanager
def _within(size: int) -> Iterator[None]:
    try:
        yield
    except (LookupError, ValueError) as error:
        raise LedgerError(f"the ledger has no tree of {size} leaves that proves this: {error}") from error


def seal(connection: Connection, key: Key, origin: str, now: datetime) -> Checkpoint | None:
    """Sign and keep a checkpoint over everything committed; None when nothing was added since the last one.

    Seal in a transaction of its own: a checkpoint over leaves that are then rolled back must never leave the house.
    Raises Tampered, and signs nothing, when the ledger no longer extends the last checkpoint.
    """
    held, last = size(connection), next(iter(checkpoints(connection, 1)), None)
    if last:
        _check_extends(connection, held, last)
    if held == (last.size if last else 0):
        return None
    made = make(key, origin, held, root(connection, held), now)
    values = {"size": held, "made_at": now, "root": made.root, "note": made.note}
    connection.execute(insert(checkpoint_table).values(values).on_conflict_do_nothing())
    return made


def _check_extends(connection: Connection, held: int, last: Checkpoint) -> None:
    todo = "run `throughline verify --database`"
    if held < last.size:
        raise Tampered(f"the ledger holds {held} leaves", f"at least {last.size}, as the last checkpoint says", todo, index=held)
    if root(connection, last.size) != last.root:
        raise Tampered(f"the first {last.size} leaves no longer give the root of the last checkpoint", last.root.hex(), todo)


def checkpoints(connection: Connection, limit: int | None = None) -> list[Checkpoint]:
    """The newest checkpoints, newest first; all of them without a limit. LedgerError for one that cannot be read."""
    query = select(checkpoint_table).order_by(checkpoint_table.c.size.desc(), checkpoint_table.c.made_at.desc()).limit(limit)
    return [
        Checkpoint(row.note.partition("\n")[0], row.size, bytes(row.root), row.note, row.made_at.astimezone(UTC))
        for row in connection.execute(query)
    ]
