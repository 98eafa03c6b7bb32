"""Which webhooks were heard. Every function runs inside the caller's transaction."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects.postgresql import insert

from app.canonical import plain
from app.db.tables.collection import deliveries, webhooks
from app.domain.hook import Heard
from app.ingest.streams import store as streams

KEPT = timedelta(days=30)  # a replay of an older one does what any may: it makes a poll due


def hear(connection: Connection, source: str, heard: Heard, now: datetime) -> list[str] | None:
    """Make the streams due; their names, or None when this very delivery was heard before: then nothing is due."""
    if heard.once is not None:
        row = {"source": source, "once": heard.once, "heard_at": now}
        taken = insert(deliveries).values(row).on_conflict_do_nothing().returning(deliveries.c.once)
        if connection.execute(taken).first() is None:
            _note(connection, source, heard, now, heard=0, replayed=1)
            return None
        connection.execute(delete(deliveries).where(deliveries.c.heard_at < now - KEPT))
    _note(connection, source, heard, now, heard=1, replayed=0)
    return streams.wake_source(connection, source, heard.streams, now) if heard.streams else []


def _note(connection: Connection, source: str, said: Heard, now: datetime, *, heard: int, replayed: int) -> None:
    statement = insert(webhooks).values(
        source=source, heard=heard, replayed=replayed, first_at=now, last_at=now, last_about=plain(said.about, 300)
    )
    changes: dict[str, Any] = {"heard": webhooks.c.heard + heard, "replayed": webhooks.c.replayed + replayed}
    if heard:
        changes |= {"last_at": statement.excluded.last_at, "last_about": statement.excluded.last_about}
    connection.execute(statement.on_conflict_do_update(index_elements=["source"], set_=changes))


def heard_of(connection: Connection) -> Sequence[Any]:
    """A row for each source that ever told something: source, heard, replayed, first_at, last_at, last_about."""
    return connection.execute(select(webhooks).order_by(webhooks.c.source)).all()
