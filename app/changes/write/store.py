"""Rows of the projection. Every function runs inside the caller's transaction."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, bindparam, delete, func, select, text
from sqlalchemy.dialects.postgresql import insert

from app.changes.drift.write import store as drift
from app.changes.lineage import store as lineage
from app.changes.ownership import store as ownership
from app.db.tables.projection import change_accounts, change_events, change_terms, changes, entity_tokens, memberships, projection

NAME = "changes"
LOCK = 7_240_115  # one projector at a time


def alone(connection: Connection) -> bool:
    """True when nobody else is projecting; holds until the transaction ends."""
    return bool(connection.execute(select(func.pg_try_advisory_xact_lock(LOCK))).scalar_one())


def wait_alone(connection: Connection) -> None:
    """As `alone`, but waits for its turn."""
    connection.execute(select(func.pg_advisory_xact_lock(LOCK)))


def position(connection: Connection) -> tuple[int, str]:
    """The next leaf to read, and the version of the rules that made what is there."""
    row = connection.execute(select(projection.c.seq, projection.c.version).where(projection.c.name == NAME)).first()
    return (row.seq, row.version) if row else (0, "")


def move(connection: Connection, seq: int, version: str) -> None:
    statement = insert(projection).values(name=NAME, seq=seq, version=version)
    new = {"seq": statement.excluded.seq, "version": statement.excluded.version}
    connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_=new))


def empty(connection: Connection) -> None:
    """Drop everything that was projected."""
    tables = (change_accounts, change_events, change_terms, changes, memberships, entity_tokens, projection)
    for table in (*tables, *lineage.TABLES, *ownership.TABLES):
        connection.execute(delete(table))
    drift.empty(connection)


def tokens_of(connection: Connection, entities: Iterable[str]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    rows = connection.execute(select(entity_tokens).where(entity_tokens.c.entity.in_(list(entities))))
    for row in rows:
        found.setdefault(row.entity, set()).add(row.token)
    return found


def entities_with(connection: Connection, tokens: Iterable[str]) -> list[tuple[str, str]]:
    """(token, entity) pairs."""
    rows = connection.execute(select(entity_tokens.c.token, entity_tokens.c.entity).where(entity_tokens.c.token.in_(list(tokens))))
    return [(row.token, row.entity) for row in rows]


def set_tokens(connection: Connection, gone: Sequence[tuple[str, str]], new: Sequence[tuple[str, str]]) -> None:
    """(token, entity) pairs to take away and to add."""
    if gone:
        where = (entity_tokens.c.token == bindparam("t"), entity_tokens.c.entity == bindparam("e"))
        connection.execute(delete(entity_tokens).where(*where), [{"t": t, "e": e} for t, e in gone])
    if new:
        connection.execute(insert(entity_tokens).on_conflict_do_nothing(), [{"token": t, "entity": e} for t, e in new])


def roots_of(connection: Connection, members: Iterable[str]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for row in connection.execute(select(memberships).where(memberships.c.member.in_(list(members)))):
        found.setdefault(row.member, set()).add(row.root)
    return found


def members_of(connection: Connection, roots: Iterable[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    statement = select(memberships).where(memberships.c.root.in_(list(roots))).order_by(memberships.c.root, memberships.c.member)
    for row in connection.execute(statement):
        found.setdefault(row.root, []).append(row.member)
    return found


def set_roots(connection: Connection, member: str, roots: Iterable[str]) -> None:
    connection.execute(delete(memberships).where(memberships.c.member == member))
    rows = [{"member": member, "root": root} for root in sorted(set(roots))]
    if rows:
        connection.execute(insert(memberships), rows)


def drop_changes(connection: Connection, roots: Sequence[str]) -> None:
    ids = [row.id for row in connection.execute(select(changes.c.id).where(changes.c.root.in_(roots)))]
    _drop_lists(connection, ids)
    connection.execute(delete(changes).where(changes.c.id.in_(ids)))


def _drop_lists(connection: Connection, ids: Sequence[UUID]) -> None:
    connection.execute(delete(change_terms).where(change_terms.c.change.in_(ids)))
    connection.execute(delete(change_events).where(change_events.c.change.in_(ids)))
    connection.execute(delete(change_accounts).where(change_accounts.c.change.in_(ids)))


def digests_of(connection: Connection, roots: Sequence[str]) -> dict[str, str]:
    rows = connection.execute(select(changes.c.root, changes.c.digest).where(changes.c.root.in_(roots)))
    return {row.root: row.digest for row in rows}


def save_changes(
    connection: Connection,
    rows: Sequence[Mapping[str, Any]],
    terms: Sequence[Mapping[str, Any]],
    events: Sequence[Mapping[str, Any]],
    accounts: Sequence[Mapping[str, Any]],
) -> None:
    """Put whole changes: their row, the terms that find them, their events and accounts. What stood there before goes."""
    if not rows:
        return
    _drop_lists(connection, [row["id"] for row in rows])
    statement = insert(changes)
    values = {column: statement.excluded[column] for column in rows[0] if column != "id"}
    connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_=values), list(rows))
    if terms:
        connection.execute(insert(change_terms).on_conflict_do_nothing(), list(terms))
    if events:
        connection.execute(insert(change_events).on_conflict_do_nothing(), list(events))
    if accounts:
        connection.execute(insert(change_accounts), list(accounts))


def digest_of_all(connection: Connection) -> str:
    """`sha256:…` over every change's root and digest, every membership, all of lineage, ownership and the drift ledger, in order.

    Two rebuilds give the same.
    """
    hashed = hashlib.sha256()
    streamed = connection.execution_options(yield_per=5000)
    for row in streamed.execute(select(changes.c.root, changes.c.digest).order_by(text('root COLLATE "C"'))):
        hashed.update(f"{row.root}\x1f{row.digest}\n".encode())
    for row in streamed.execute(
        select(memberships.c.member, memberships.c.root).order_by(text('member COLLATE "C", root COLLATE "C"'))
    ):
        hashed.update(f"{row.member}\x1f{row.root}\n".encode())
    for line in chain(lineage.lines_of_all(connection), ownership.lines_of_all(connection)):
        hashed.update(f"{line}\n".encode())
    drift.digest_into(hashed, connection)
    return f"sha256:{hashed.hexdigest()}"
