"""The `change` of one resource in a plan: its actions, the names of what changes in it, and which object it makes.

Values pass as digests that live as long as the resource is being read; only at the paths of `objects` are texts looked at.
"""

from collections.abc import Iterator
from hashlib import blake2b
from typing import Any

from app.canonical import JSON
from app.sources.tfe.objects import HEADS, PATHS, object_of
from app.sources.tfe.plan_tokens import CLOSES, NAME, OPENS, Events, items, members, named, skip, text_of

DEEPEST, LONGEST = 4, 1000  # of a path, and of a text, that may name an object
NO_NAME = " "  # instead of a longer text
_ALL = "\x00"  # the whole resource is marked


class Change:
    """What it does to the resource: its actions, which of its attributes are not the same before and after, its object."""

    def __init__(self) -> None:
        self.actions: list[str] = []
        self.importing = False
        self.values: dict[str, dict[str, bytes] | None] = {"before": None, "after": None}
        self.names: dict[str, dict[str, str]] = {"before": {}, "after": {}}
        self.marked: dict[str, set[str]] = {"after_unknown": set(), "before_sensitive": set(), "after_sensitive": set()}
        self.paths: dict[str, set[str]] = {name: set() for name in self.marked}  # the same, as paths

    def read(self, events: Events) -> None:
        for key, kind, value in members(events):
            if key in self.values:
                self.values[key] = _attributes(events, kind, self.names[key])
            elif key in self.marked:
                self.marked[key] = _marked(events, kind, value, self.paths[key])
            elif key == "actions" and kind == "start_array":
                self.actions = [text_of(events, one, said, NAME) for one, said in items(events)]
            else:
                self.importing = self.importing or (key == "importing" and kind == "start_map")
                skip(events, kind)

    def told(self, type_: str, mode: str) -> dict[str, JSON]:
        out: dict[str, JSON] = {"actions": [action for action in self.actions if action]}
        out |= {"importing": True} if self.importing else {}
        out |= self._objects(type_) if mode in ("", "managed") else {}
        before, after = self.values["before"], self.values["after"]
        if before is None or after is None or self.actions == ["no-op"]:
            return out
        hidden = self.marked["before_sensitive"] | self.marked["after_sensitive"]
        changed, redacted = [], []
        for name in sorted(before.keys() | after.keys() | self.marked["after_unknown"]):
            if before.get(name, _NULL) != after.get(name, _NULL) or name in self.marked["after_unknown"]:
                changed.append(named(name, NAME))
            elif name in hidden or _ALL in hidden:
                redacted.append(named(name, NAME))
        return out | ({"attributes": changed} if changed else {}) | ({"redacted": redacted} if redacted else {})

    def _objects(self, type_: str) -> dict[str, JSON]:
        """`object` as it will be, of what is destroyed as it was; `object_before` where it was another one."""
        was = object_of(type_, self.names["before"], set(), self.paths["before_sensitive"])
        if self.values["after"] is None and not self.paths["after_unknown"]:
            return {} if was is None or self.values["before"] is None else {"object": was}
        now = object_of(type_, self.names["after"], self.paths["after_unknown"], self.paths["after_sensitive"])
        if now is None:
            return {}
        other = self.values["before"] is not None and was != now
        return {"object": now} | ({"object_before": was} if other else {})


def _attributes(events: Events, kind: str, names: dict[str, str]) -> dict[str, bytes] | None:
    """A digest of each attribute's value; None when it is no object. What names an object is put into `names`."""
    if kind != "start_map":
        skip(events, kind)
        return None
    found = {}
    for key, one, value in members(events):
        if key in HEADS:
            path = _Path(key, names)
            path.see(one, value)
            found[key] = _digest(_watched(events, path), one, value)
        else:
            found[key] = _digest(events, one, value)
    return found


class _Path:
    """Where in an attribute the tokens are, lists aside; texts and true flags at `PATHS` are kept, the first at each."""

    def __init__(self, head: str, into: dict[str, str]) -> None:
        self.parts, self.into = [head], into

    def see(self, kind: str, value: Any) -> None:
        if kind == "map_key":
            self.parts[-1] = value
        elif kind == "start_map":
            self.parts.append("")
        elif kind == "end_map":
            self.parts.pop()
        elif kind in ("string", "boolean") and len(self.parts) <= DEEPEST and (path := ".".join(self.parts)) in PATHS:
            text = value if kind == "string" else "true" if value else ""
            self.into.setdefault(path, text if len(text) <= LONGEST else NO_NAME)


def _watched(events: Events, path: _Path) -> Iterator[tuple[str, Any]]:
    """The tokens of what is in the attribute, seen as they pass."""
    for one, said in events:
        path.see(one, said)
        yield one, said


def _digest(events: Events, kind: str, value: Any) -> bytes:
    """Of one value, whatever its size and depth."""
    hashed, depth = blake2b(digest_size=16), 0
    while True:
        hashed.update(f"{kind}\x00{value}\x00".encode(errors="replace"))
        depth += (kind in OPENS) - (kind in CLOSES)
        if depth <= 0:
            return hashed.digest()
        kind, value = next(events)


_NULL = _digest(iter(()), "null", None)


def _marked(events: Events, kind: str, value: Any, paths: set[str]) -> set[str]:
    """The attributes of which anything is marked true; `_ALL` when all of it is. Where in them goes into `paths`."""
    if kind == "start_map":
        return {key for key, one, said in members(events) if _any_true(events, one, said, key, paths)}
    skip(events, kind)
    paths |= {""} if value is True else set()
    return {_ALL} if value is True else set()


def _any_true(events: Events, kind: str, value: Any, head: str, paths: set[str]) -> bool:
    found, depth, parts = value is True, int(kind in OPENS), [head]
    if kind == "start_map":
        parts.append("")
    while True:
        if value is True and head in HEADS and len(parts) <= DEEPEST:
            paths.add(".".join(parts))
        if depth <= 0:
            return found
        kind, value = next(events)
        depth += (kind in OPENS) - (kind in CLOSES)
        found = found or value is True
        if kind == "map_key":
            parts[-1], value = value, None
        elif kind == "start_map":
            parts.append("")
        elif kind == "end_map":
            parts.pop()
