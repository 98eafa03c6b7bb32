"""The list of people: every account that was met, listed or decided on, and who that is. Pure."""

import base64
import binascii
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.changes.people.store import Seen
from app.domain.account import DECLARED, Account
from app.domain.actor import Actor, ActorKind
from app.domain.identity import BOT, JOINED, Decision, Identities, Identity
from app.errors import UsageError
from app.search.rows import matches
from app.search.tree import Query

STANDS = ("unresolved", "person", "bot", "service")  # in the order of the list: what needs somebody comes first
Place = tuple[int, str, str, str, str]


@dataclass(frozen=True, slots=True)
class Row:
    """One account. `at` and `change` are its newest change's, None where it was met in none."""

    stands: str
    person: str
    system: str
    account: str
    name: str
    known_by: str
    decision: Decision | None
    roles: str
    declared: bool
    at: datetime | None = None
    change: UUID | None = None

    def __str__(self) -> str:
        return f"{self.system}:{self.account}"

    @property
    def place(self) -> Place:
        """Where it stands in the list: no two rows have the same."""
        return (STANDS.index(self.stands), self.person.casefold(), self.person, self.system, self.account)

    def matches(self, query: Query) -> bool:
        is_ = [self.stands, *(["decided"] if self.decision else []), "seen" if self.at else "unseen"]
        values = {"person": [self.person], "account": [str(self)], "system": [self.system], "is": is_}
        values |= {"name": [self.name], "role": self.roles.split(", ")}
        return matches(query, values, [self.person, str(self), self.name, self.known_by])


def rows(seen: Iterable[Seen], identities: Identities, *, whole: bool = True) -> list[Row]:
    """In order. `whole`: with the accounts of the list and of decisions that were met in no change."""
    met = [(one, _of(one, identities)) for one in seen]
    found = [row for _, row in met]
    if whole:
        every = {account for one, _ in met for account in one.accounts}
        found += [*_listed(identities, every), *_decided(identities, every)]
    return sorted(found, key=lambda row: row.place)


def _of(one: Seen, identities: Identities) -> Row:
    actor = Actor(one.name, ActorKind(one.actor_kind), because=DECLARED if one.declared else "")
    known = identities.of(one.accounts, actor)
    kind, by = (actor.kind, known.by if known else "") if not known or known.kind is ActorKind.HUMAN else (known.kind, known.by)
    person = known.person or "" if known else ""
    stands = str(kind) if kind in (ActorKind.BOT, ActorKind.SERVICE) else "person" if person else "unresolved"
    if not known and stands != "unresolved":
        by = f"{one.system} says so itself"
    decision = known.decision if known else None
    return Row(stands, person, one.system, one.account, one.name, by, decision, one.roles, one.declared, one.at, one.change)


def _listed(identities: Identities, met: set[Account]) -> Iterable[Row]:
    """Accounts of the list that no change has; in the system that is their kind, for the list may mean several sources."""
    held = {(account.kind, account.name) for account in met} | {(f"={account.system}", account.name) for account in met}
    for row in identities.rows:
        for kind, account in row.accounts():
            if (kind, account) not in held:
                held.add((kind, account))
                yield Row(_stands(row), row.person, kind.removeprefix("="), account, "", row.where, None, "", declared=False)


def _stands(row: Identity) -> str:
    return "person" if row.kind is ActorKind.HUMAN else str(row.kind)


def _decided(identities: Identities, met: set[Account]) -> Iterable[Row]:
    held = {(account.system, account.name) for account in met}
    last = {(decision.system, decision.account): decision for decision in identities.decisions}
    kinds = identities.persons()
    for (system, account), decision in last.items():
        if (system, account) not in held:
            kind = kinds.get(decision.person, ActorKind.HUMAN)
            stands = "bot" if decision.status == BOT else "unresolved"
            if decision.status == JOINED:
                stands = str(kind) if kind in (ActorKind.BOT, ActorKind.SERVICE) else "person"
            yield Row(stands, decision.person, system, account, decision.login, decision.says, decision, "", declared=False)


def page(found: Sequence[Row], cursor: str | None, limit: int) -> tuple[list[Row], str | None]:
    """The rows behind the cursor, and the cursor behind them. Raises UsageError for a cursor that is none."""
    place = _place(cursor) if cursor else None
    ahead = [row for row in found if place is None or row.place > place]
    shown = ahead[:limit]
    return shown, _cursor(shown[-1].place) if len(ahead) > limit else None


def _cursor(place: Place) -> str:
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")


def _place(text: str) -> Place:
    try:
        stands, *names = json.loads(base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True))
        if type(stands) is int and len(names) == 4 and all(isinstance(name, str) for name in names):
            return (stands, names[0], names[1], names[2], names[3])
    except (binascii.Error, ValueError, TypeError, RecursionError):
        pass
    raise UsageError("this cursor was not made by this list", "the `next` of the page before", "begin again without a cursor")
