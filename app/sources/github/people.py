"""Who GitHub says it was. Accounts are GitHub's own word; names in commits are only what the commit declares."""

from collections.abc import Sequence
from typing import Any

from app.canonical import plain
from app.domain.actor import Actor, ActorKind, unknown
from app.sources.github.terms import ACTOR_KINDS, DELETED, NOBODY
from app.sources.github.wire import Node, at, number, text
from app.sources.people import CO_AUTHOR, Declared, each_once
from app.sources.telling import Unknown


def account(value: Any, new: Unknown, nobody: str = DELETED) -> Actor:
    """The account in an `Actor`; null is an unknown actor because of `nobody`. Kinds new to us are added to `new`."""
    if not isinstance(value, dict):
        return unknown(nobody)
    kind, login = text(value, "__typename", limit=100), text(value, "login", limit=200)
    if kind in NOBODY:
        return unknown(NOBODY[kind].format(login=login))
    if kind not in ACTOR_KINDS:
        new.append(("actor.__typename", kind))
        return unknown(f"GitHub names {login or 'nobody'} as {kind or 'nothing'}, a kind of account that is new to us")
    identity = number(value, "databaseId")
    return Actor(name=login, kind=ACTOR_KINDS[kind], id=login if identity is None else str(identity))


def declared(value: Any) -> Declared:
    """What a commit says of its author or committer: name, e-mail, and the login that GitHub finds for that e-mail."""
    return {
        "name": text(value, "name", limit=200) or None,
        "email": text(value, "email", limit=320) or None,
        "login": text(value, "user", "login", limit=200) or None,
    }


def authors(commit: Node) -> list[Declared]:
    """The author, then everybody a `Co-authored-by` trailer names, each once.

    https://docs.github.com/en/pull-requests/committing-changes-to-your-project/creating-and-editing-commits/creating-a-commit-with-multiple-authors
    """
    found = [declared(at(commit, "author"))]
    message = at(commit, "message")
    for name, email in CO_AUTHOR.findall(message if isinstance(message, str) else ""):
        found.append({"name": plain(name.strip(), 200) or None, "email": plain(email), "login": None})
    return each_once(found)


def author_of(people: Sequence[Declared]) -> Actor:
    """The first of `authors` as an actor: self-declared, hence no proof of who it was."""
    first = people[0] if people else {}
    name = first.get("login") or first.get("name") or first.get("email")
    if not name:
        return unknown("the commit names no author")
    bot = any((first.get(key) or "").endswith("[bot]") for key in ("login", "name")) or "[bot]@" in (first.get("email") or "")
    return Actor(
        name=name,
        kind=ActorKind.BOT if bot else ActorKind.HUMAN,
        id=first.get("login") or first.get("email"),
        because="self-declared",
    )
