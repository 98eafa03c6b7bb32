"""The stored ledger as a Witness: plain ranges of rows, so that memory stays flat however long the ledger is."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
from sqlalchemy import Connection, func, select

from app.db.tables.collection import bodies
from app.db.tables.ledger import checkpoints, events, leaves, tile_hashes
from app.ledger.fault import Body, Claim
from app.ledger.row import COLUMNS
from app.ledger.verify import Progress, Report, quiet, verify

_LEAVES = "SELECT seq, hash, leaf FROM leaves WHERE seq >= %b AND seq < %b ORDER BY seq"
_ROWS = """
    SELECT leaves.seq, leaves.leaf, events.seq, {}
    FROM leaves LEFT JOIN events ON events.seq = leaves.seq
    WHERE leaves.seq >= %b AND leaves.seq < %b ORDER BY leaves.seq
"""
_TYPED = _ROWS.format(", ".join(f"events.{name}" for name in COLUMNS))
_TIMES_AS_TEXT = _ROWS.format(", ".join(f"events.{name}" + "::text" * name.endswith("_at") for name in COLUMNS))
_PAGE = 500
_BODIES = 16  # payloads may be large


def verify_database(
    connection: Connection, vkey: str, progress: Progress = quiet, anchors: Iterable[tuple[str, str]] = ()
) -> Report:
    """Check the whole ledger; best inside `db.session.read_only`, so that all of it is read as of one moment."""
    return verify(Stored(connection), vkey, anchors, progress)


class Stored:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._driver: Any = connection.connection.driver_connection

    def size(self) -> int:
        return int(self._connection.execute(select(func.coalesce(func.max(leaves.c.seq), -1))).scalar_one()) + 1

    def strays(self) -> Sequence[tuple[str, int]]:
        found: list[tuple[str, int]] = []
        for table in (leaves, events):
            low, high = self._connection.execute(select(func.min(table.c.seq), func.max(table.c.seq))).one()
            found += [(table.name, seq) for seq in (low, high) if seq is not None and not 0 <= seq < self.size()]
        return found

    def leaves(self, start: int, stop: int) -> Sequence[tuple[int, bytes, bytes]]:
        found: list[tuple[int, bytes, bytes]] = self._driver.execute(_LEAVES, (start, stop), binary=True).fetchall()
        return found

    def rows(self, start: int, stop: int) -> Sequence[tuple[int, bytes, tuple[Any, ...] | None]]:
        try:
            found = self._driver.execute(_TYPED, (start, stop), binary=True).fetchall()
        except psycopg.DataError:  # a time that no event can have, such as infinity
            found = [tuple(map(_time, row)) for row in self._driver.execute(_TIMES_AS_TEXT, (start, stop), binary=True)]
        return [(row[0], row[1], row[3:] if row[2] is not None else None) for row in found]

    def seq_of(self, event: UUID) -> int | None:
        return self._connection.execute(select(events.c.seq).where(events.c.id == event)).scalar_one_or_none()

    def tiles(self, level: int, start: int, stop: int) -> Mapping[int, bytes]:
        at = tile_hashes.c.index
        query = select(at, tile_hashes.c.hash).where(tile_hashes.c.level == level, at >= start, at < stop)
        return {index: bytes(h) for index, h in self._connection.execute(query)}

    def tile_counts(self) -> Mapping[int, int]:
        query = select(tile_hashes.c.level, func.count()).group_by(tile_hashes.c.level)
        return {row[0]: row[1] for row in self._connection.execute(query)}

    def checkpoints(self) -> Iterator[Claim]:
        last: Any = None
        order = (checkpoints.c.size, checkpoints.c.made_at)
        while True:
            query = select(checkpoints).order_by(*order).limit(_PAGE)
            found = self._connection.execute(query if last is None else query.where(func.row(*order) > func.row(*last))).all()
            for row in found:
                yield Claim(f"the checkpoint of {row.made_at:%Y-%m-%d %H:%M:%S}", row.note, row.size, bytes(row.root))
            if len(found) < _PAGE:
                return
            last = (found[-1].size, found[-1].made_at)

    def bodies(self) -> Iterator[Body]:
        query, last = select(bodies).order_by(bodies.c.digest).limit(_BODIES), None
        while True:
            found = self._connection.execute(query if last is None else query.where(bodies.c.digest > last)).all()
            for row in found:
                yield Body(bytes(row.digest), row.codec, row.size, row.body)
            if len(found) < _BODIES:
                return
            last = found[-1].digest

    def first_with(self, observation: bytes) -> int | None:
        query = select(func.min(events.c.seq)).where(events.c.observation == observation)
        first: int | None = self._connection.execute(query).scalar_one()
        return first

    def first_without_body(self) -> tuple[int, bytes] | None:
        kept = select(bodies.c.digest).where(bodies.c.digest == events.c.observation).exists()
        query = select(events.c.seq, events.c.observation).where(events.c.observation.is_not(None), ~kept)
        row = self._connection.execute(query.order_by(events.c.seq).limit(1)).one_or_none()
        return (row.seq, bytes(row.observation)) if row else None


def _time(value: Any) -> Any:
    """A time that was read as text, where it is one."""
    try:
        return datetime.fromisoformat(value) if type(value) is str and value[4:5] == "-" else value
    except ValueError:
        return value
