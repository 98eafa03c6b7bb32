"""The stored ledger as a Witness: plain ranges of rows, so that memory stays flat however long the ledger is."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
from sqlalchemy import Connection, Text, cast, func, select, true, tuple_

from app.db.tables.collection import bodies
from app.db.tables.ledger import checkpoints, events, leaves, tile_hashes
from app.ledger.fault import Body, Claim
from app.ledger.line import NULLABLE, SEPARATOR
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
_TILES = "SELECT index, hash FROM tile_hashes WHERE level = %b AND index >= %b AND index < %b"
_PAGE = 500
_BODIES = 16  # payloads may be large


def _cell(name: str) -> str:
    """A column as `line.line_of` writes it."""
    if name in NULLABLE:
        return f"coalesce('=' || {name}, '')"
    if name.endswith("_at"):
        return f"({name} AT TIME ZONE 'UTC')"
    if name in ("pull_request", "commits"):
        return f"coalesce({name}::text, '')"
    return "coalesce(encode(observation, 'hex'), '')" if name == "observation" else name


_LINES = f"""
    SELECT concat_ws('{SEPARATOR}', seq, {", ".join(_cell(name) for name in COLUMNS)})
    FROM events WHERE seq >= %b AND seq < %b ORDER BY seq
"""


def verify_database(
    connection: Connection, vkey: str, progress: Progress = quiet, anchors: Iterable[tuple[str, str]] = ()
) -> Report:
    """Check the whole ledger, as far as it reached when this began; it may go on growing meanwhile.

    `anchors` are (where it was kept, the signed note) of checkpoints that were carried elsewhere.
    """
    return verify(Stored(connection), vkey, anchors, progress)


class Stored:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._driver: Any = connection.connection.driver_connection

    def size(self) -> int:
        return int(self._connection.execute(select(func.coalesce(func.max(leaves.c.seq), -1))).scalar_one()) + 1

    def strays(self) -> Sequence[tuple[str, int]]:
        ends: list[tuple[str, int]] = []
        for table in (leaves, events):
            bounds = self._connection.execute(select(func.min(table.c.seq), func.max(table.c.seq))).one()
            ends += [(table.name, seq) for seq in bounds if seq is not None]
        size = self.size()  # read last: the ledger may be growing
        return [(table, seq) for table, seq in ends if not 0 <= seq < size]

    def leaves(self, start: int, stop: int) -> Sequence[tuple[int, bytes, bytes]]:
        found: list[tuple[int, bytes, bytes]] = self._driver.execute(_LEAVES, (start, stop), binary=True).fetchall()
        return found

    def rows(self, start: int, stop: int) -> Sequence[tuple[int, bytes, tuple[Any, ...] | None]]:
        try:
            found = self._driver.execute(_TYPED, (start, stop), binary=True).fetchall()
        except psycopg.DataError:  # a time that no event can have, such as infinity
            found = [tuple(map(_time, row)) for row in self._driver.execute(_TIMES_AS_TEXT, (start, stop), binary=True)]
        return [(row[0], row[1], row[3:] if row[2] is not None else None) for row in found]

    def lines(self, start: int, stop: int) -> Sequence[str]:
        return [line for (line,) in self._driver.execute(_LINES, (start, stop)).fetchall()]

    def seq_of(self, event: UUID) -> int | None:
        return self._connection.execute(select(events.c.seq).where(events.c.id == event)).scalar_one_or_none()

    def tiles(self, level: int, start: int, stop: int) -> Mapping[int, bytes]:
        found: dict[int, bytes] = dict(self._driver.execute(_TILES, (level, start, stop), binary=True).fetchall())
        return found

    def tile_counts(self) -> Mapping[int, int]:
        query = select(tile_hashes.c.level, func.count()).group_by(tile_hashes.c.level)
        return {row[0]: row[1] for row in self._connection.execute(query)}

    def checkpoints(self) -> Iterator[Claim]:
        size, made_at = checkpoints.c.size, checkpoints.c.made_at
        at = cast(made_at, Text).label("at")  # as text: it may be no time that a datetime can hold
        query, last = select(size, checkpoints.c.root, checkpoints.c.note, at).order_by(size, made_at).limit(_PAGE), None
        while True:
            after = tuple_(size, made_at) > tuple_(last.size, cast(last.at, made_at.type)) if last else true()
            found = self._connection.execute(query.where(after)).all()
            for row in found:
                yield Claim(f"the checkpoint of {row.at}", row.note, row.size, bytes(row.root))
            if len(found) < _PAGE:
                return
            last = found[-1]

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
