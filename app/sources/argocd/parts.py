"""Lists that are longer than an event may be, cut into parts: nothing of them is left out. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any

from app.canonical import canonical_json

PART = 36_000  # bytes of one event's lists
ROOM = 44_000  # bytes of an event's facts that its further pieces begin after


def cut(facts: Mapping[str, Any], room: int = ROOM) -> tuple[dict[str, Any], dict[str, list[Any]]]:
    """(the facts with as much of their lists as there is room for, and `<name>_total` of those that are not whole; the rest)."""
    if len(canonical_json(dict(facts))) <= room:
        return dict(facts), {}
    lists = {name: items for name, items in facts.items() if isinstance(items, list) and items}
    sizes = {name: len(canonical_json(items)) for name, items in lists.items()}
    left = max(0, room - len(canonical_json({name: [] if name in lists else value for name, value in facts.items()})))
    kept, rest = dict(facts), dict[str, list[Any]]()
    for n, name in enumerate(sorted(lists, key=lambda name: (sizes[name], name))):
        share = left // (len(lists) - n)
        first = next(in_parts({name: lists[name]}, share))[name] if share > 1 else []
        used = len(canonical_json(first))
        if len(first) < len(lists[name]) or used > share:
            first = first if used <= share else []
            kept[name], rest[name] = first, lists[name][len(first) :]
            kept.setdefault(f"{name}_total", len(lists[name]))
        left -= len(canonical_json(first))
    return kept, rest


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
