"""Accounts of changes, and decisions on them. Every function runs inside the caller's transaction."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Text, func, select, true, tuple_

from app.changes.document import storable
from app.db.tables.collection import streams
from app.db.tables.ledger import events
from app.db.tables.projection import change_accounts, change_terms, changes
from app.domain.account import Account
from app.domain.change import Change
from app.domain.identity import Decision
from app.ledger.store import array, entries_of
from app.linking import decisions as told
from app.search.fields import folded
from app.search.period import Period
from app.search.sql import within

LOCK = 7_240_116  # one decision at a time
_KEY = (change_accounts.c.system, change_accounts.c.account)
_NEWEST = (*_KEY, change_accounts.c.at.desc(), change_accounts.c.change.desc())


@dataclass(frozen=True, slots=True)
class Seen:
    """An account as the newest change with it tells it."""

    system: str
    account: str
    kind: str
    name: str
    actor_kind: str
    declared: bool
    accounts: tuple[Account, ...]
    roles: str
    at: datetime
    change: UUID


@dataclass(frozen=True, slots=True)
class Tally:
    """How many changes an account took part in, and the newest of them."""

    count: int
    number: int
    title: str


def rows(change: Change) -> list[dict[str, Any]]:
    """The rows of `change_accounts` of one change."""
    return [
        storable(
            {
                "system": met.account.system,
                "account": met.account.name,
                "change": change.id,
                "kind": met.account.kind,
                "name": met.name[:500],
                "actor_kind": str(met.kind),
                "declared": met.declared,
                "accounts": [[one.system, one.kind, one.name] for one in met.accounts],
                "roles": ", ".join(met.roles),
                "at": change.at,
            }
        )
        for met in change.accounts
    ]


def decisions(connection: Connection, upto: int = 2**63 - 1) -> list[Decision]:
    """Every decision that the ledger holds up to this leaf, in its order."""
    mine = (events.c.source == told.SOURCE, events.c.type == told.TYPE, events.c.seq <= upto)
    return told.decisions(entries_of(connection, connection.execute(select(events.c.seq).where(*mine)).scalars()))


def concerned(connection: Connection, made: Iterable[Decision]) -> list[str]:
    """The roots of the changes in which an account takes part that one of these decisions is about."""
    names = {f"{d.system}:{name}" for d in made for name in (d.account, d.login) if name}
    held = change_terms.c.value == func.any(array(sorted(folded(name) for name in names), Text))
    of_account = select(change_terms.c.change).where(change_terms.c.key == "account", held)
    statement = select(changes.c.root).where(changes.c.id.in_(of_account)).order_by(changes.c.root)
    return list(connection.execute(statement).scalars())


def seen(connection: Connection, period: Period | None = None) -> list[Seen]:
    """Every account of any change (of the period), with its newest change. One statement, a step in the index for each account."""
    times = within(change_accounts.c.at, period or Period())
    first = select(change_accounts).where(*times).order_by(*_NEWEST).limit(1).subquery()
    reached = select(first).cte("reached", recursive=True)
    beyond = tuple_(*_KEY) > tuple_(reached.c.system, reached.c.account)
    following = select(change_accounts).where(beyond, *times).order_by(*_NEWEST).limit(1).lateral("following")
    every = reached.union_all(select(following).select_from(reached.join(following, true())))
    return [_seen(row) for row in connection.execute(select(every))]


def _seen(row: Any) -> Seen:
    accounts = tuple(Account(*one) for one in row.accounts)
    return Seen(row.system, row.account, row.kind, row.name, row.actor_kind, row.declared, accounts, row.roles, row.at, row.change)


def tallies(connection: Connection, shown: Sequence[tuple[str, str, UUID]], period: Period | None = None) -> Mapping[Any, Tally]:
    """By (system, account), for each (system, account, its newest change). Two statements, however many."""
    if not shown:
        return {}
    wanted: ColumnElement[bool] = tuple_(*_KEY).in_([(system, account) for system, account, _ in shown])
    counted = select(*_KEY, func.count()).where(wanted, *within(change_accounts.c.at, period or Period())).group_by(*_KEY)
    counts = {(system, account): n for system, account, n in connection.execute(counted)}
    named = select(changes.c.id, changes.c.number, changes.c.title).where(changes.c.id.in_({change for *_, change in shown}))
    titles = {row.id: (row.number, row.title) for row in connection.execute(named)}
    return {(s, a): Tally(counts.get((s, a), 0), *titles[c]) for s, a, c in shown if c in titles}


def systems(connection: Connection) -> dict[str, str]:
    """Every source that was ever read, and its kind."""
    return {row.source: row.kind for row in connection.execute(select(streams.c.source, streams.c.kind).distinct())}


def met(connection: Connection, system: str, account: str) -> tuple[int, str]:
    """In how many changes exactly this account took part; and what goes with it: the user name that a number had in the newest
    of them, the number that a user name had in the newest change of any; nothing where none was told.
    """
    mine = (change_accounts.c.system == system, change_accounts.c.account == account)
    count = connection.execute(select(func.count()).select_from(change_accounts).where(*mine)).scalar_one()
    if account.startswith("id:"):
        newest = select(change_accounts.c.accounts).where(*mine).order_by(*_NEWEST).limit(1)
        found = connection.execute(newest).scalar_one_or_none() or []
        return count, next((name for place, _, name in found if place == system and not name.startswith("id:")), "")
    return count, _number(connection, system, account)


def _number(connection: Connection, system: str, login: str) -> str:
    named = (change_terms.c.key == "account", change_terms.c.value == folded(f"{system}:{login}"))
    numbered = (change_accounts.c.system == system, change_accounts.c.account.startswith("id:"))
    statement = (
        select(change_accounts.c.account, change_accounts.c.accounts)
        .join(change_terms, change_terms.c.change == change_accounts.c.change)
        .where(*named, *numbered)
        .order_by(change_accounts.c.at.desc(), change_accounts.c.account)
    )
    rows = connection.execute(statement)
    return next((row.account for row in rows if any((s, name) == (system, login) for s, _, name in row.accounts)), "")


def wait_alone(connection: Connection) -> None:
    """One decision at a time, until the transaction ends."""
    connection.execute(select(func.pg_advisory_xact_lock(LOCK)))
