"""Two states of one object as the lines of one manifest: what they have alike once, what differs from each side."""

import json
import re
from collections.abc import Iterable, Sequence, Set
from typing import Any, NamedTuple

from app.drift.align import aligned
from app.drift.manifest import Written, block, inline, is_block, is_branch, key_text, ordered, place, scalar, step, under

BOTH, DECLARED, LIVE = " ", "-", "+"
MASK = re.compile(r"\+{8,}|\[removed\]")  # how a value is written that is not shown: by Argo CD, and by us
MASKED = re.compile(rf'"(?:{MASK.pattern})"$')  # a line whose value is nothing else
# What tells items of a list apart, as Kubernetes merges them: x-kubernetes-list-map-keys, patchMergeKey.
IDENTITY = ("name", "key", "containerPort", "port", "mountPath", "devicePath", "topologyKey", "ip", "type", "uid", "id")


class Line(NamedTuple):
    """`sign` is ` ` (both), `-` (declared only) or `+` (live only); the numbers count each side's own lines, from 1.

    `other`: the line of the other side that stands in its place, where there is one. `hidden`: they differ in what is not shown.
    """

    sign: str
    text: str
    declared: int | None
    live: int | None
    path: str
    other: str | None = None
    hidden: bool = False


class Merge:
    """Writes the lines; numbering goes on where the lines before ended. `differing`: paths told to differ, whatever is shown."""

    def __init__(self, differing: Set[str] = frozenset()) -> None:
        self.lines: list[Line] = []
        self._declared = self._live = 0
        self._differing = differing

    def documents(self, declared: dict[str, Any] | None, live: dict[str, Any] | None) -> "Merge":
        """Each a JSON object, or None where there is none."""
        if declared and live:
            self._fields(declared, live, "", "", ordered({*declared, *live}))
        elif declared is not None and declared == live:
            self._both(scalar(declared), "")
        else:
            for sign, document in ((DECLARED, declared), (LIVE, live)):
                if document is not None:
                    self._all(sign, inline(document, "", ""))
        return self

    def _under(self, declared: Any, live: Any, lead: str, indent: int, path: str) -> None:
        if _alike(declared, live, indent):
            self._both(lead, path)
            self._inline(declared, live, " " * (indent + 2), path)
        else:
            self._leaves(declared, live, lead + " ", indent + 2, path, (lead, indent))

    def _inline(self, declared: Any, live: Any, lead: str, path: str) -> None:
        if not _alike(declared, live, len(lead)) or (lead.strip() and not _belong(declared, live)):
            self._leaves(declared, live, lead, len(lead), path, None)
        elif isinstance(declared, dict):
            keys = ordered({*declared, *live})
            if lead.strip():  # both begin on the dash's line, so with a key that both have
                first = next(key for key in keys if key in declared and key in live)
                keys = [first, *(key for key in keys if key != first)]
            self._fields(declared, live, lead, path, keys)
        else:
            self._items(declared, live, lead, path)

    def _fields(self, declared: dict[str, Any], live: dict[str, Any], lead: str, path: str, keys: Sequence[str]) -> None:
        rest = " " * len(lead)
        for n, key in enumerate(keys):
            head, here = f"{rest if n else lead}{key_text(key)}:", step(path, key)
            if key in declared and key in live:
                self._under(declared[key], live[key], head, len(lead), here)
            elif key in declared:
                self._all(DECLARED, under(declared[key], head, len(lead), here))
            else:
                self._all(LIVE, under(live[key], head, len(lead), here))

    def _items(self, declared: list[Any], live: list[Any], lead: str, path: str) -> None:
        """Items that belong together by what tells them apart, else by being equal; what is left between two such, by place."""
        identity = _identity(declared, live)
        tokens = [[_token(item, identity) for item in items] for items in (declared, live)]
        dash, at, there = " " * (len(lead)) + "- ", 0, 0
        for i, k in [*aligned(*tokens), (len(declared), len(live))]:
            while not identity and at < i and there < k and _belong(declared[at], live[there]):
                self._inline(declared[at], live[there], dash, place(path, there, live[there]))
                at, there = at + 1, there + 1
            for n in range(at, i):
                self._all(DECLARED, inline(declared[n], dash, place(path, n, declared[n])))
            for n in range(there, k):
                self._all(LIVE, inline(live[n], dash, place(path, n, live[n])))
            if i < len(declared):
                self._inline(declared[i], live[k], dash, place(path, k, live[k]))
            at, there = i + 1, k + 1

    def _leaves(self, declared: Any, live: Any, lead: str, indent: int, path: str, key: tuple[str, int] | None) -> None:
        """Two values of which at least one has no fields or items: scalars, texts, or things of two kinds."""
        if is_block(declared) and is_block(live):
            self._texts(declared, live, lead, indent, path)
        elif any(is_branch(value, indent) or is_block(value) for value in (declared, live)):
            for sign, value in ((DECLARED, declared), (LIVE, live)):
                self._all(sign, under(value, *key, path) if key else inline(value, lead, path))
        else:
            self._pair(lead + scalar(declared), lead + scalar(live), path, path in self._differing)

    def _texts(self, declared: str, live: str, lead: str, indent: int, path: str) -> None:
        (mark, mine), (other, theirs) = block(declared), block(live)
        told = declared == live and path in self._differing
        self._pair(lead + mark, lead + other, path)
        pad, at, there = " " * indent, 0, 0
        for i, k in [*aligned(mine, theirs), (len(mine), len(theirs))]:
            removed, added = [_padded(pad, line) for line in mine[at:i]], [_padded(pad, line) for line in theirs[there:k]]
            for n, line in enumerate(removed):
                self._one(DECLARED, line, path, added[n] if n < len(added) else None)
            for n, line in enumerate(added):
                self._one(LIVE, line, path, removed[n] if n < len(removed) else None)
            if i < len(mine):
                self._pair(_padded(pad, mine[i]), _padded(pad, mine[i]), path, told)
            at, there = i + 1, k + 1

    def _pair(self, declared: str, live: str, path: str, told: bool = False) -> None:
        """One line of each; the same once, unless it is `told` that they differ and something in them is hidden."""
        if declared == live and not (told and MASK.search(declared)):
            self._both(declared, path)
        else:
            self._one(DECLARED, declared, path, live)
            self._one(LIVE, live, path, declared)

    def _both(self, text: str, path: str) -> None:
        self._declared, self._live = self._declared + 1, self._live + 1
        self.lines.append(Line(BOTH, text, self._declared, self._live, path))

    def _one(self, sign: str, text: str, path: str, other: str | None = None) -> None:
        hidden = other is not None and (text == other or (MASKED.search(text) is not None and MASKED.search(other) is not None))
        if sign == DECLARED:
            self._declared += 1
            self.lines.append(Line(sign, text, self._declared, None, path, other, hidden))
        else:
            self._live += 1
            self.lines.append(Line(sign, text, None, self._live, path, other, hidden))

    def _all(self, sign: str, written: Iterable[Written]) -> None:
        for text, path in written:
            self._one(sign, text, path)


def _padded(pad: str, line: str) -> str:
    return pad + line if line else ""


def _alike(declared: Any, live: Any, indent: int) -> bool:
    """Can one be read along the other?"""
    return is_branch(declared, indent) and is_branch(live, indent) and type(declared) is type(live)


def _belong(declared: Any, live: Any) -> bool:
    """Two items that stand at one place: may one be told as a change of the other?"""
    if isinstance(declared, dict) and isinstance(live, dict):
        return not declared.keys().isdisjoint(live)
    return isinstance(declared, list) is isinstance(live, list) and not isinstance(declared, dict) and not isinstance(live, dict)


def _identity(declared: Sequence[Any], live: Sequence[Any]) -> str:
    """The field that tells every item of both lists apart; nothing where there is none."""
    items = [*declared, *live]
    if not all(isinstance(item, dict) for item in items):
        return ""
    sides = (declared, live)
    for field in IDENTITY:
        named = all(isinstance(item.get(field), str | int) for item in items)
        if named and all(len({_token(item, field) for item in side}) == len(side) for side in sides):
            return field
    return ""


def _token(item: Any, identity: str) -> str:
    return json.dumps(item[identity] if identity else item, sort_keys=True)
