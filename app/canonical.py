"""Canonical JSON (RFC 8785), digests and stable ids.

orjson with sorted keys equals RFC 8785 over a restricted envelope: strings, integers below 2^53, booleans, null, and
ASCII keys (docs/adr/0003). `canonical_json` refuses everything else, so the two can never drift apart in silence.
"""

import hashlib
import re
import uuid
from collections.abc import Mapping
from typing import Any

import orjson

NAMESPACE = uuid.UUID("6f1f2d0e-6a0b-5c6e-9d5c-7468726f7567")
MAX_INTEGER = 2**53 - 1

_SURROGATES = re.compile("[\ud800-\udfff]")

JSON = Any  # a JSON value; msgspec, orjson and jsonb all speak it


def canonical_json(value: JSON) -> bytes:
    """The RFC 8785 bytes of `value`. Raises TypeError or ValueError for anything outside the restricted envelope."""
    _check(value)
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def _check(value: JSON) -> None:
    kind = type(value)
    if kind is str or value is None or kind is bool:
        return
    if kind is int:
        if not -MAX_INTEGER <= value <= MAX_INTEGER:
            raise ValueError(f"integer {value} is outside ±2^53 and has no canonical form")
    elif kind is dict:
        for key, item in value.items():
            if type(key) is not str or not key.isascii():
                raise ValueError(f"key {key!r} is not ASCII text")
            _check(item)
    elif kind is list or kind is tuple:
        for item in value:
            _check(item)
    else:
        raise TypeError(f"{kind.__name__} has no canonical form here; write it as text")


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def digest(data: bytes) -> str:
    """`sha256:<64 hex>`."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def stable_id(*parts: str) -> uuid.UUID:
    """uuid5 of the natural key: the same parts give the same id, on any machine, for ever."""
    return uuid.uuid5(NAMESPACE, "\x1f".join(parts))


def random_id() -> uuid.UUID:
    """For things without a natural key (a lease's owner, a portal decision)."""
    return uuid.uuid4()


def plain(text: str | None, limit: int = 1000) -> str:
    """Text from outside, fit to be stored: NUL and lone surrogates shown as U+FFFD, over `limit` cut with a mark.

    The raw payload keeps what really came; this is only what events, lists and pages carry.
    """
    if not text:
        return ""
    if "\x00" in text:
        text = text.replace("\x00", "\ufffd")
    if not text.isascii():
        text = _SURROGATES.sub("\ufffd", text)
    if len(text) > limit:
        return f"{text[:limit]}… [{len(text):,} characters]"
    return text


def fit(facts: Mapping[str, JSON], limit: int = 48_000) -> dict[str, JSON]:
    """Facts that fit a leaf (< 64 KiB): lists are shortened from the end, with `<name>_total` saying how many there were."""
    out = dict(facts)
    while len(orjson.dumps(out)) > limit:
        name, items = max(
            ((k, v) for k, v in out.items() if isinstance(v, list) and v), key=lambda kv: len(orjson.dumps(kv[1])), default=("", [])
        )
        if not name:
            raise ValueError("facts are over the size of a leaf and hold no list to shorten")
        out.setdefault(f"{name}_total", len(items))
        out[name] = items[: len(items) // 2]
    return out
