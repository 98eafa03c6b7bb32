"""Who did it, as the source names them. Who that is as a person is decided later, and never guessed."""

from dataclasses import dataclass
from enum import StrEnum


class ActorKind(StrEnum):
    HUMAN = "human"  # the source says it is a user account
    BOT = "bot"  # the source says it is a bot or an app
    SERVICE = "service"  # a service account, a project token
    AUTOMATION = "automation"  # the system itself: auto-apply, automated sync
    UNKNOWN = "unknown"


class Role(StrEnum):
    AUTHOR = "author"
    CONTRIBUTOR = "contributor"
    REVIEWER = "reviewer"
    APPROVER = "approver"
    MERGER = "merger"
    CREATOR = "creator"
    CONFIRMER = "confirmer"
    OVERRIDER = "overrider"
    INITIATOR = "initiator"
    PUSHER = "pusher"  # moved a branch without a pull request


@dataclass(frozen=True, slots=True)
class Actor:
    """`name` and `id` are the source's own. An unknown actor has no name and says in `because` why it is not known.

    `person` is who that is, where the bank's list of identities or a decision says so, `known_by` which row or decision that was,
    `account` the most exact account it is (`<system>:<account>`), `email` the address a commit declares beside a login. None of
    these is part of an event.
    """

    name: str
    kind: ActorKind = ActorKind.HUMAN
    id: str | None = None
    because: str = ""
    person: str | None = None
    known_by: str = ""
    account: str = ""
    email: str = ""


def unknown(because: str) -> Actor:
    """Nobody can be named, for this reason."""
    return Actor(name="", kind=ActorKind.UNKNOWN, because=because)


def automation(name: str) -> Actor:
    """The system did it by itself; it is never a person's approval."""
    return Actor(name=name, kind=ActorKind.AUTOMATION)


@dataclass(frozen=True, slots=True)
class Person:
    """An actor in a role on one change. `person` is the resolved identity, None while unresolved; the rest as an Actor's."""

    name: str
    role: Role
    source: str
    person: str | None = None
    kind: ActorKind = ActorKind.HUMAN
    id: str | None = None
    declared: bool = False  # a commit says so; the source does not vouch for it
    known_by: str = ""
    account: str = ""
