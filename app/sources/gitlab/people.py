"""Who GitLab says it was. Accounts are GitLab's own word; names in commits are only what the commit declares.

The REST API names no account for a commit: only a private commit address (`ID-username@users.noreply.HOST`) tells one.
"""

from collections.abc import Sequence

from app.canonical import plain
from app.domain.actor import Actor, ActorKind, unknown
from app.sources.gitlab.terms import DELETED, GHOST, NOREPLY, TOKEN_BOT
from app.sources.gitlab.wire import Commit, User, whole
from app.sources.people import CO_AUTHOR, Declared, each_once


def account(user: User | None, nobody: str = DELETED) -> Actor:
    """The account; none, or the ghost user's, is an unknown actor because of `nobody`.

    The bot of a project's or group's token, and a service account by its default name, are no persons.
    """
    if user is None or not user.username:
        return unknown(nobody)
    if user.username == GHOST:
        return unknown(DELETED)
    name, number = plain(user.username, 200), whole(user.id)
    kind = ActorKind.SERVICE if TOKEN_BOT.fullmatch(user.username) else ActorKind.HUMAN
    return Actor(name=name, kind=kind, id=name if number is None else str(number))


def declared(name: str, email: str) -> Declared:
    address = plain(email.strip(), 320)
    found = NOREPLY.fullmatch(address)
    return {"name": plain(name.strip(), 200) or None, "email": address or None, "login": found[1] if found else None}


def author(commit: Commit) -> Declared:
    return declared(commit.author_name, commit.author_email)


def committer(commit: Commit) -> Declared:
    return declared(commit.committer_name, commit.committer_email)


def authors(commit: Commit) -> list[Declared]:
    """The author, then everybody a `Co-authored-by` trailer names, each once."""
    return each_once([author(commit), *(declared(name, email) for name, email in CO_AUTHOR.findall(commit.message))])


def author_of(people: Sequence[Declared]) -> Actor:
    """The first of `authors` as an actor: self-declared, hence no proof of who it was."""
    first = people[0] if people else {}
    name = first.get("login") or first.get("name") or first.get("email")
    if not name:
        return unknown("the commit names no author")
    bot = "[bot]" in name or "[bot]@" in (first.get("email") or "")
    kind = ActorKind.SERVICE if TOKEN_BOT.fullmatch(first.get("login") or "") else ActorKind.BOT if bot else ActorKind.HUMAN
    return Actor(name=name, kind=kind, id=first.get("login") or first.get("email"), because="self-declared")
