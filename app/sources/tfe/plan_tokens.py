"""The tokens of a plan's JSON as it streams by, and how to walk them. Nothing is built, so that its size does not matter."""

from collections.abc import Iterable, Iterator
from hashlib import sha256
from typing import Any

import ijson  # type: ignore[import-untyped]  # it brings no types

from app.canonical import plain
from app.domain.secret import without_secrets
from app.errors import NotUnderstood

Events = Iterator[tuple[str, Any]]

ADDRESS, NAME = 1000, 300  # characters of an address, and of any other text
LONGEST_VALUE = 64 * 1024 * 1024  # bytes that may pass without one token ending
OPENS, CLOSES = ("start_map", "start_array"), ("end_map", "end_array")


def named(text: str, limit: int) -> str:
    """A name from outside, fit to be kept: without secrets; one that is too long stays told apart by its digest."""
    if len(text) <= limit:
        return plain(without_secrets(text), limit)
    told = sha256(text.encode(errors="replace")).hexdigest()[:16]
    return f"{plain(without_secrets(text[: limit - 60]), limit)}… [{len(text):,} characters, sha256 {told}]"


def tokens(chunks: Iterable[bytes]) -> Events:
    """The tokens, as they come."""
    sink: Any = ijson.sendable_list()
    parser, waiting = ijson.basic_parse_coro(sink), 0
    try:
        for chunk in chunks:
            parser.send(chunk)
            waiting = 0 if sink else waiting + len(chunk)
            if waiting > LONGEST_VALUE:
                raise NotUnderstood(f"one value of the plan's JSON is over {LONGEST_VALUE:,} bytes long", "a plan's JSON")
            yield from sink
            del sink[:]
        parser.close()
        yield from sink
    except ijson.IncompleteJSONError as error:
        raise NotUnderstood(f"the plan's JSON cannot be read to its end ({_short(error)})", "a plan's JSON") from None
    except (ijson.JSONError, ValueError, ArithmeticError) as error:
        raise NotUnderstood(f"the plan's JSON is none ({_short(error)})", "a plan's JSON") from None


def _short(error: Exception) -> str:
    """The first line of the parser's complaint; what follows it may quote the document."""
    return plain(str(error).split("\n", 1)[0].split(":")[0].strip(), 80) or type(error).__name__


def members(events: Events) -> Iterator[tuple[str, str, Any]]:
    """(key, kind, value) of each member of the object just opened. Who takes one must read it to its end."""
    for kind, key in events:
        if kind == "end_map":
            return
        first, value = next(events)
        yield key, first, value


def items(events: Events) -> Iterator[tuple[str, Any]]:
    """The same of the array just opened."""
    for kind, value in events:
        if kind == "end_array":
            return
        yield kind, value


def skip(events: Events, kind: str) -> int:
    """Pass over the value that begins with `kind`. 1, so that what is passed can be counted."""
    if kind in OPENS:
        depth = 1
        for one, _ in events:
            if one in OPENS:
                depth += 1
            elif one in CLOSES:
                depth -= 1
                if not depth:
                    break
    return 1


def text_of(events: Events, kind: str, value: Any, limit: int) -> str:
    skip(events, kind)
    return named(value, limit) if kind == "string" else ""
