"""Reading GitHub's JSON without trusting it: a value of the wrong type is an absent value."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from app.canonical import MAX_INTEGER, plain
from app.domain.commits import COMMIT_ID
from app.domain.moment import moment_of
from app.errors import NotUnderstood
from app.sources.github.terms import SECRET

Node = Mapping[str, Any]


def at(value: Any, *path: str) -> Any:
    """What lies under `path`, None when any part of the way is absent or not an object."""
    for key in path:
        if not isinstance(value, Mapping):
            return None
        value = value.get(key)
    return value


def text(value: Any, *path: str, limit: int = 1000) -> str:
    """Text fit to be stored; "" when there is none."""
    found = at(value, *path)
    return plain(found, limit) if isinstance(found, str) else ""


def number(value: Any, *path: str) -> int | None:
    """An integer that has a canonical form; BigInt comes as text."""
    found = at(value, *path)
    if isinstance(found, str) and found.isascii() and found.isdigit() and len(found) < 17:
        found = int(found)
    return found if type(found) is int and abs(found) <= MAX_INTEGER else None


def flag(value: Any, *path: str) -> bool | None:
    found = at(value, *path)
    return found if isinstance(found, bool) else None


def sha(value: Any, *path: str) -> str | None:
    """A full commit id, None for anything else."""
    found = at(value, *path)
    return found if isinstance(found, str) and COMMIT_ID.fullmatch(found) else None


def moment(value: Any, *path: str) -> datetime | None:
    """An aware UTC time from RFC 3339 with any offset; None when it is none."""
    return moment_of(at(value, *path))


def stamp(when: datetime | None) -> str | None:
    """The form in which facts carry a time."""
    return when.isoformat().replace("+00:00", "Z") if when else None


def nodes(value: Any, *path: str) -> Iterator[Node]:
    """The objects of a connection (`{nodes: […]}`) or of a plain list; anything else in it is passed over."""
    found = at(value, *path)
    items = found.get("nodes") if isinstance(found, Mapping) else found
    for item in items if isinstance(items, list) else ():
        if isinstance(item, Mapping):
            yield item


def needed_object(value: Any, *path: str) -> Node:
    """Raises NotUnderstood when there is no object at `path`."""
    found = at(value, *path)
    if not isinstance(found, Mapping):
        raise NotUnderstood(
            f"GitHub's answer has {type(found).__name__} at {'.'.join(path) or 'its top'}",
            "an object",
            "check that url is GitHub's API and see its version with `throughline check`",
        )
    return found


def needed_list(value: Any, *path: str) -> list[Any]:
    """Raises NotUnderstood when there is no list at `path`: an absent list is not an empty one."""
    found = at(value, *path)
    if not isinstance(found, list):
        raise NotUnderstood(f"GitHub's answer has {type(found).__name__} at {'.'.join(path) or 'its top'}", "a list")
    return found


def needed_time(value: Any, what: str, *keys: str) -> datetime:
    """The first of `keys` that holds a time. Raises NotUnderstood when none does."""
    for key in keys:
        found = moment(value, key)
        if found:
            return found
    raise NotUnderstood(f"{what} has no time", f"{' or '.join(keys)} as RFC 3339")


def needed_id(value: Any, what: str, key: str = "id") -> str:
    found = at(value, key)
    if not isinstance(found, str) or not found:
        raise NotUnderstood(f"{what} has no {key}", "its own id")
    return plain(found, 200)


def cleaned(value: Any) -> tuple[Any, bytes]:
    """`value` with everything that looks like a secret taken out, and the bytes that are kept of it."""
    clean = _without_secrets(value)
    return clean, json.dumps(clean, ensure_ascii=True, separators=(",", ":"), sort_keys=True).encode()


def _without_secrets(value: Any) -> Any:
    if isinstance(value, str):
        return SECRET.sub("[removed]", value) if "_" in value or "@" in value else value
    if isinstance(value, dict):
        return {_without_secrets(key): _without_secrets(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_secrets(item) for item in value]
    return value
