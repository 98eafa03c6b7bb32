"""Who holds each live stream, and how it stands. Every function runs inside the caller's transaction."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, or_, update
from sqlalchemy import select as selected
from sqlalchemy.dialects.postgresql import insert

from app.canonical import plain
from app.db.tables.collection import watches

LEASE = timedelta(seconds=30)
OFF, WAITING, CONNECTED = "off", "waiting", "connected"


def declare(connection: Connection, source: str, on: bool, now: datetime) -> None:
    """The source's row; one that its settings switched off, or on again, says so from now on."""
    state = WAITING if on else OFF
    statement = insert(watches).values(source=source, state=state, since=now, retry_at=now)
    turned = (watches.c.state == OFF) if on else (watches.c.state != OFF)
    values: dict[str, Any] = {"state": state, "since": now, "retry_at": now, "error": None, "failures": 0, "owner": None}
    connection.execute(
        statement.on_conflict_do_update(index_elements=["source"], set_={**values, "lease_until": None}, where=turned)
    )


def claim(connection: Connection, source: str, owner: UUID, now: datetime) -> bool:
    """Take the stream for 30 seconds. False while another holds it, or while it is too early to try again."""
    free = or_(watches.c.lease_until.is_(None), watches.c.lease_until < now)
    taken = (
        update(watches)
        .where(watches.c.source == source, watches.c.state != OFF, free, watches.c.retry_at <= now)
        .values(owner=owner, lease_until=now + LEASE)
        .returning(watches.c.source)
    )
    return connection.execute(taken).first() is not None


def keep(connection: Connection, source: str, owner: UUID, now: datetime) -> bool:
    """Lengthen our lease. False when it is another's by now, or the stream was switched off."""
    mine = update(watches).where(watches.c.source == source, watches.c.owner == owner, watches.c.state != OFF)
    return connection.execute(mine.values(lease_until=now + LEASE).returning(watches.c.source)).first() is not None


def connected(connection: Connection, source: str, now: datetime) -> None:
    connection.execute(_row(source).values(state=CONNECTED, since=now, error=None))


def told(connection: Connection, source: str, count: int, about: str, now: datetime) -> None:
    """So much more news; the last was `about` this."""
    connection.execute(_row(source).values(told=watches.c.told + count, last_at=now, last_about=plain(about, 300)))


def ended(
    connection: Connection, source: str, owner: UUID, now: datetime, *, error: str, retry_at: datetime, failures: int
) -> None:
    """Not connected any more, and why; it is free for whoever comes first after `retry_at`. Since when not, stays."""
    row = connection.execute(selected(watches.c.state, watches.c.since).where(watches.c.source == source)).first()
    stood = row is not None and row.state == CONNECTED
    values: dict[str, Any] = {"state": WAITING, "error": plain(error, 2000) or None, "retry_at": retry_at, "failures": failures}
    values |= {"owner": None, "lease_until": None} | ({"since": now} if stood else {})
    connection.execute(_row(source).where(watches.c.owner == owner).values(**values))


def _row(source: str) -> Any:
    return update(watches).where(watches.c.source == source, watches.c.state != OFF)


def row_of(connection: Connection, source: str) -> Any:
    """Its row, or None."""
    return connection.execute(selected(watches).where(watches.c.source == source)).first()


def overview(connection: Connection) -> Sequence[Any]:
    """A row for each source that can be watched."""
    return connection.execute(selected(watches).order_by(watches.c.source)).all()
