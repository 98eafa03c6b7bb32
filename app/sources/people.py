"""People as Git hosts tell of them: accounts are the host's own word, names in commits only what the commit declares."""

import re
from collections.abc import Iterable
from typing import Any

from app.domain.actor import Actor

Declared = dict[str, str | None]  # name, email, login
CO_AUTHOR = re.compile(r"(?im)^co-authored-by:([^<>\n]*)<([^<>\s]{1,320})>[ \t\r]*$")


def as_facts(actor: Actor) -> dict[str, Any]:
    """An actor inside facts."""
    return {"name": actor.name or None, "id": actor.id, "kind": actor.kind.value, "because": actor.because or None}


def each_once(people: Iterable[Declared]) -> list[Declared]:
    """Those of whom anything is declared, told apart by e-mail, else by login or name."""
    once: dict[str, Declared] = {}
    for person in people:
        once.setdefault((person["email"] or person["login"] or person["name"] or "").lower(), person)
    return [person for person in once.values() if any(person.values())]
