"""Rows of the drift ledger. Every function runs inside the caller's transaction."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Table, Text, cast, delete, select, update
from sqlalchemy.dialects.postgresql import insert

from app.db.tables.drift import blind_spots, drift_state, episode_terms, episodes

JSON = dict[str, Any]
Rows = Sequence[Mapping[str, Any]]
TABLES = (episode_terms, episodes, blind_spots, drift_state)
_DIGESTED: Mapping[Table, tuple[str, ...]] = {
    episodes: ("key", "number", "subject", "environment", "class", "limit_seconds", "told"),
    blind_spots: ("key", "number", "subject", "environment", "class", "why", "because", "since_after", "at", "ended_at"),
    drift_state: ("subject", "environment", "class", "standing", "state"),
}


def empty(connection: Connection) -> None:
    """Drop everything of it."""
    for table in TABLES:
        connection.execute(delete(table))


def states(connection: Connection, subjects: Sequence[str]) -> dict[str, JSON]:
    """What is carried of each subject; one of which nothing was told is not in it."""
    rows = connection.execute(select(drift_state.c.subject, drift_state.c.state).where(drift_state.c.subject.in_(subjects)))
    return {row.subject: row.state for row in rows}


def rename(connection: Connection, before: str, after: str) -> None:
    """What was told of one subject is told of it by another name."""
    connection.execute(delete(drift_state).where(drift_state.c.subject == before))
    for table in (episodes, blind_spots):
        connection.execute(update(table).where(table.c.subject == before).values(subject=after))


def save(connection: Connection, states_: Rows, episodes_: Rows, terms: Rows, spots: Rows) -> None:
    """Put whole rows over what stood there before."""
    _put(connection, drift_state, "subject", states_)
    _put(connection, episodes, "id", episodes_)
    if episodes_:
        connection.execute(delete(episode_terms).where(episode_terms.c.episode.in_([row["id"] for row in episodes_])))
    if terms:
        connection.execute(insert(episode_terms).on_conflict_do_nothing(), list(terms))
    _put(connection, blind_spots, "id", spots)


def _put(connection: Connection, table: Table, key: str, rows: Rows) -> None:
    if rows:
        statement = insert(table)
        values = {column: statement.excluded[column] for column in rows[0] if column != key}
        connection.execute(statement.on_conflict_do_update(index_elements=[key], set_=values), list(rows))


def digest_into(hashed: "hashlib._Hash", connection: Connection) -> None:
    """Every row of it, in order: two rebuilds give the same."""
    streamed = connection.execution_options(yield_per=5000)
    for table, names in _DIGESTED.items():
        columns = [cast(table.c[name], Text).label(name) for name in names]
        for row in streamed.execute(select(*columns).order_by(table.c[names[0]].collate("C"))):
            hashed.update("\x1f".join("\x00" if value is None else value for value in row).encode() + b"\n")
