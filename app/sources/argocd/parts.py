"""Lists that are longer than an event may be, cut into parts: nothing of them is left out. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any

from app.canonical import canonical_json

PART = 36_000  # bytes of one event's lists


def in_parts(lists: Mapping[str, list[Any]], room: int) -> Iterator[dict[str, list[Any]]]:
    """The lists in their order, cut into parts of at most `room` bytes of JSON, one item at least; each part has every list."""
    part: dict[str, list[Any]] = {name: [] for name in lists}
    left = room
    for name, items in lists.items():
        for item in items:
            size = len(canonical_json(item)) + 1
            if size > left and left < room:
                yield part
                part, left = {key: [] for key in lists}, room
            part[name].append(item)
            left -= size
    yield part
