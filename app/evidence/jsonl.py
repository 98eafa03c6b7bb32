"""JSON Lines, one canonical item a line, and the same as one JSON document: lossless, never capped."""

from collections.abc import Iterable, Iterator
from typing import Any

import orjson

from app.changes.export import store
from app.db.session import Connection
from app.search.period import Period
from app.search.tree import Query

LINES_TYPE = "application/jsonl; charset=utf-8"
JSON_TYPE = "application/json"
CHUNK = 65_536  # bytes handed on at once, at least


def changes_jsonl(connection: Connection, query: Query, period: Period | None = None) -> Iterator[bytes]:
    """The matching changes in the order of the list, a line each, in chunks."""
    return lines(store.change_items(connection, query, period))


def events_jsonl(connection: Connection, query: Query, period: Period | None = None) -> Iterator[bytes]:
    """The matching events in the order of the list, a line each, in chunks."""
    return lines(store.event_items(connection, query, period))


def changes_json(connection: Connection, query: Query, period: Period | None, sentence: str) -> Iterator[bytes]:
    """`{"sentence": …, "items": […], "next": null}` with every matching change."""
    return document(store.change_items(connection, query, period), sentence)


def events_json(connection: Connection, query: Query, period: Period | None, sentence: str) -> Iterator[bytes]:
    """As `changes_json`, with every matching event."""
    return document(store.event_items(connection, query, period), sentence)


def lines(items: Iterable[dict[str, Any]]) -> Iterator[bytes]:
    """A line for each item, in chunks."""
    return _chunks(_line(item) + b"\n" for item in items)


def document(items: Iterable[dict[str, Any]], sentence: str) -> Iterator[bytes]:
    """`{"sentence": …, "items": […], "next": null}`, in chunks."""
    return _chunks(_document(items, sentence))


def _line(item: dict[str, Any]) -> bytes:
    return orjson.dumps(item, option=orjson.OPT_SORT_KEYS)


def _document(items: Iterable[dict[str, Any]], sentence: str) -> Iterator[bytes]:
    yield b'{"sentence":' + orjson.dumps(sentence) + b',"items":['
    separator = b"\n"
    for item in items:
        yield separator + _line(item)
        separator = b",\n"
    yield b'\n],"next":null}\n'


def _chunks(pieces: Iterable[bytes]) -> Iterator[bytes]:
    held: list[bytes] = []
    size = 0
    for piece in pieces:
        held.append(piece)
        size += len(piece)
        if size >= CHUNK:
            yield b"".join(held)
            held, size = [], 0
    if held:
        yield b"".join(held)
