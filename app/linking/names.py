"""A repository under the name it bears now, whatever it was called when an event named it.

A host's own id never changes; names move between ids. A name means whoever bore it when the event was observed: an old name that
was given to another repository since is that other one's from then on.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from app.domain.commits import Tenure, Tenures
from app.domain.event import Entry, Event

_KEY = re.compile(r"(?P<head>(?:pr|push):[^:]*:|(?:commit|range):)(?P<name>[^#@:]+)(?P<rest>[#@:].*)", re.S)
_PULL = re.compile(r"(?P<name>[^#]+)#(?P<rest>\d+)")


@dataclass(frozen=True, slots=True)
class Names:
    """`moved`: tenures of the names that ever moved, in the order in which they began; empty where nothing was renamed."""

    moved: tuple[Tenure, ...] = ()

    def __str__(self) -> str:
        """The same text for the same names: other names, another projection."""
        return " ".join(f"{one.source}/{one.id}={one.name}@{one.since.isoformat() if one.since else ''}" for one in self.moved)

    def now(self, name: str, source: str, at: datetime) -> str:
        """What the repository that bore this name then is called now. `source`: who named it."""
        bearers = [one for one in self._of(source) if one.name.lower() == name.lower()]
        then = [one for one in bearers if one.since is None or one.since <= at] or bearers[:1]
        if not then:
            return name
        bearer = max(then, key=lambda one: (one.since is not None, one.since or at, one.id))
        return [one.name for one in self._of(source) if (one.source, one.id) == (bearer.source, bearer.id)][-1]

    def ever(self, name: str) -> list[str]:
        """This name first, then every other that its bearers were ever called by."""
        ids = {(one.source, one.id) for one in self.moved if one.name.lower() == name.lower()}
        return list(dict.fromkeys([name, *(one.name for one in self.moved if (one.source, one.id) in ids)]))

    def keys(self, key: str) -> list[str]:
        """Every key under which events of this entity may stand in the ledger; itself first."""
        found = _KEY.fullmatch(key) if self.moved else None
        return [found["head"] + name + found["rest"] for name in self.ever(found["name"])] if found else [key]

    def _of(self, source: str) -> list[Tenure]:
        """Its own, where the source is a Git host that names repositories; else every host's."""
        own = [one for one in self.moved if one.source == source]
        return own or list(self.moved)


def names_of(tenures: Tenures | None) -> Names:
    """Of all tenures those that matter: of repositories that had several names, and of whoever bore one of these names."""
    held = tenures.held if tenures else ()
    several = {one for one in _ids(held) if len({t.name.lower() for t in held if (t.source, t.id) == one}) > 1}
    touched = {(one.source, one.name.lower()) for one in held if (one.source, one.id) in several}
    return Names(tuple(one for one in held if (one.source, one.name.lower()) in touched))


def _ids(held: tuple[Tenure, ...]) -> set[tuple[str, str]]:
    return {(one.source, one.id) for one in held}


def as_named_now(entry: Entry, names: Names) -> Entry:
    """The entry with each repository under its present name."""
    event = entry.event
    if not names.moved or event.type == "repository":
        return entry
    keys = replace(event.keys, repository=_now(event.keys.repository, event, names))
    return replace(entry, event=replace(event, keys=keys, facts=_facts(event, names)))


def _now(name: Any, event: Event, names: Names) -> Any:
    return names.now(name, event.source, event.observed_at) if isinstance(name, str) and name else name


def _facts(event: Event, names: Names) -> dict[str, Any]:
    """Facts that name repositories: `repository`, that of `sources` and of `pulls`, and the pull requests of `reverts`."""
    facts = dict(event.facts)
    if "repository" in facts:
        facts["repository"] = _now(facts["repository"], event, names)
    for name in ("sources", "pulls"):
        listed = facts.get(name)
        if isinstance(listed, list | tuple):
            facts[name] = [_item(one, event, names) for one in listed]
    listed = facts.get("reverts")
    if isinstance(listed, list | tuple):
        facts["reverts"] = [_pull(one, event, names) for one in listed]
    return facts


def _item(one: Any, event: Event, names: Names) -> Any:
    return {**one, "repository": _now(one["repository"], event, names)} if isinstance(one, Mapping) and "repository" in one else one


def _pull(one: Any, event: Event, names: Names) -> Any:
    found = _PULL.fullmatch(one) if isinstance(one, str) else None
    return f"{_now(found['name'], event, names)}#{found['rest']}" if found else one
