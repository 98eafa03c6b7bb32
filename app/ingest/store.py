"""What a pass reads and saves. Every function runs inside the caller's transaction."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import zstandard
from sqlalchemy import Connection, and_, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from app.canonical import plain, stable_id
from app.db.tables.collection import bodies, observations, stream_memory, unknown_values, wants
from app.sources.contract import Observation, Want


def memory_of(connection: Connection, source: str, stream: str) -> dict[str, Any]:
    """Everything the stream remembered."""
    rows = connection.execute(
        select(stream_memory.c.key, stream_memory.c.value).where(stream_memory.c.source == source, stream_memory.c.stream == stream)
    )
    return {row.key: row.value for row in rows}


def remember(connection: Connection, source: str, stream: str, changes: Mapping[str, Any]) -> None:
    """Upsert each key; None forgets it."""
    gone = [key for key, value in changes.items() if value is None]
    kept = [{"source": source, "stream": stream, "key": k, "value": v} for k, v in changes.items() if v is not None]
    if gone:
        mine = and_(stream_memory.c.source == source, stream_memory.c.stream == stream)
        connection.execute(delete(stream_memory).where(mine, stream_memory.c.key.in_(gone)))
    if kept:
        statement = insert(stream_memory)
        connection.execute(
            statement.on_conflict_do_update(index_elements=["source", "stream", "key"], set_={"value": statement.excluded.value}),
            kept,
        )


def save_observations(connection: Connection, source: str, stream: str, seen: Sequence[Observation]) -> None:
    """Bodies once by digest, and a row for each sighting. Seeing the same twice in one pass is one sighting."""
    if not seen:
        return
    raw = {o.digest: o.body for o in seen}
    codec = zstandard.ZstdCompressor(level=3)  # never shared between threads: it would write over itself
    connection.execute(
        insert(bodies).on_conflict_do_nothing(),
        [{"digest": digest_bytes(d), "codec": "zstd", "body": codec.compress(b), "size": len(b)} for d, b in raw.items()],
    )
    connection.execute(
        insert(observations).on_conflict_do_nothing(),
        [
            {
                "id": stable_id("observation", source, o.subject, o.digest, o.observed_at.isoformat()),
                "source": source,
                "stream": stream,
                "subject": plain(o.subject),
                "url": plain(o.url, 4000),
                "observed_at": o.observed_at,
                "digest": digest_bytes(o.digest),
            }
            for o in seen
        ],
    )


def digest_bytes(digest: str) -> bytes:
    """The 32 bytes of `sha256:<hex>`."""
    return bytes.fromhex(digest.removeprefix("sha256:"))


def open_wants(connection: Connection, repositories: Iterable[str]) -> list[Want]:
    """Questions not yet answered about these repositories, oldest first."""
    names = [name.lower() for name in repositories]
    rows = connection.execute(
        select(wants)
        .where(wants.c.settled_at.is_(None), func.lower(wants.c.repository).in_(names))
        .order_by(wants.c.wanted_at, wants.c.head, wants.c.path)
    )
    return [Want(row.repository, row.head, row.base or None, row.path) for row in rows]


def add_wants(connection: Connection, asked: Sequence[Want], now: datetime) -> int:
    """How many of them are new."""
    if not asked:
        return 0
    rows = [{**_want_key(want), "wanted_at": now} for want in dict.fromkeys(asked)]
    return connection.execute(insert(wants).on_conflict_do_nothing(), rows).rowcount


def settle_wants(connection: Connection, answered: Sequence[Want], now: datetime) -> None:
    for want in answered:
        key = _want_key(want)
        connection.execute(update(wants).where(*(wants.c[name] == value for name, value in key.items())).values(settled_at=now))


def _want_key(want: Want) -> dict[str, str]:
    return {"repository": want.repository, "base": want.base or "", "head": want.head, "path": want.path}


def note_unknown(connection: Connection, source: str, pairs: Sequence[tuple[str, str]], now: datetime) -> None:
    """Count values that are new to us; they stand on the sources page."""
    counted: dict[tuple[str, str], int] = {}
    for field, value in pairs:
        key = (plain(field, 200), plain(value, 200))
        counted[key] = counted.get(key, 0) + 1
    if not counted:
        return
    statement = insert(unknown_values)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["source", "field", "value"],
            set_={"last_at": statement.excluded.last_at, "times": unknown_values.c.times + statement.excluded.times},
        ),
        [
            {"source": source, "field": field, "value": value, "first_at": now, "last_at": now, "times": times}
            for (field, value), times in sorted(counted.items())
        ],
    )
