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

_LEAVES = "SELECT seq, hash, leaf FROM leaves WHERE seq >= %(start)b AND seq < %(stop)b ORDER BY seq"
# the range stands on both sides: Postgres does not carry it across, and would read events from the beginning
_BOTH = """
    FROM leaves LEFT JOIN events ON events.seq = leaves.seq AND events.seq >= %(start)b AND events.seq < %(stop)b
    WHERE leaves.seq >= %(start)b AND leaves.seq < %(stop)b ORDER BY leaves.seq
"""
_ROWS = "SELECT leaves.seq, leaves.leaf, events.seq, {} " + _BOTH
_TYPED = _ROWS.format(", ".join(f"events.{name}" for name in COLUMNS))
_TIMES_AS_TEXT = _ROWS.format(", ".join(f"events.{name}" + "::text" * name.endswith("_at") for name in COLUMNS))
_TILES = "SELECT index, hash FROM tile_hashes WHERE level = %b AND index >= %b AND index < %b"
_PAGE = 500
_BODIES = "SELECT digest, codec, size, body FROM bodies {} ORDER BY digest LIMIT 16"  # payloads may be large
_CHUNK = 64  # rows handed over at once


def _cell(name: str) -> str:
    """A column as `line.line_of` writes it."""
    if name in NULLABLE:
        return f"coalesce('=' || {name}, '')"
    if name.endswith("_at"):
        return f"({name} AT TIME ZONE 'UTC')"
    if name in ("pull_request", "commits"):
        return f"coalesce({name}::text, '')"
    return "coalesce(encode(observation, 'hex'), '')" if name == "observation" else name


_LINE = f"concat_ws('{SEPARATOR}', events.seq, {', '.join(_cell(name) for name in COLUMNS)})"
_LINES = f"SELECT leaves.seq, leaves.leaf, CASE WHEN events.seq IS NOT NULL THEN {_LINE} END {_BOTH}"


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

    def leaves(self, start: int, stop: int) -> Iterable[tuple[int, bytes, bytes]]:
        return self._stream(_LEAVES, start, stop)

    def _stream(self, query: str, start: int, stop: int) -> Iterator[Any]:
        """Rows as the server makes them: it goes on with the next while these are looked at."""
        with self._driver.cursor() as cursor:
            yield from cursor.stream(query, {"start": start, "stop": stop}, binary=True, size=_CHUNK)

    def rows(self, start: int, stop: int) -> Sequence[tuple[int, bytes, tuple[Any, ...] | None]]:
        try:
            found = self._driver.execute(_TYPED, {"start": start, "stop": stop}, binary=True).fetchall()
        except psycopg.DataError:  # a time that no event can have, such as infinity
            told = self._driver.execute(_TIMES_AS_TEXT, {"start": start, "stop": stop}, binary=True)
            found = [tuple(map(_time, row)) for row in told]
        return [(row[0], row[1], row[3:] if row[2] is not None else None) for row in found]

    def lines(self, start: int, stop: int) -> Iterable[tuple[int, bytes, str | None]]:
        return self._stream(_LINES, start, stop)

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
        found = self._driver.execute(_BODIES.format(""), binary=True).fetchall()
        while found:
            yield from (Body(*row) for row in found)
            found = self._driver.execute(_BODIES.format("WHERE digest > %b"), (found[-1][0],), binary=True).fetchall()

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
