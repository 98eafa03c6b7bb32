"""Cursors: where a page ended. Opaque text for an address, which says a time, an id and a direction, and nothing else."""

import base64
import binascii
import struct
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from app.errors import UsageError

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SHAPES = {"c": struct.Struct(">ccq16s"), "e": struct.Struct(">ccqq")}


@dataclass(frozen=True, slots=True)
class Cursor:
    """Everything after (`at`, `id`) in the list's order; with `newer`, everything before it."""

    at: datetime
    id: UUID | int
    newer: bool = False

    def __str__(self) -> str:
        micros = (self.at - _EPOCH) // timedelta(microseconds=1)
        side = b"n" if self.newer else b"o"
        if isinstance(self.id, UUID):
            packed = _SHAPES["c"].pack(b"c", side, micros, self.id.bytes)
        else:
            packed = _SHAPES["e"].pack(b"e", side, micros, self.id)
        return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def change_cursor(text: str | None) -> Cursor | None:
    """The cursor of a list of changes; None for empty text. Raises UsageError for anything we did not write."""
    return _read(text, "c") if text else None


def event_cursor(text: str | None) -> Cursor | None:
    """The cursor of a list of events, as `change_cursor`."""
    return _read(text, "e") if text else None


def _read(text: str, kind: str) -> Cursor:
    try:
        packed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True) if len(text) < 64 else b""
        first, side, micros, raw = _SHAPES[kind].unpack(packed)
        at = _EPOCH + timedelta(microseconds=micros)
    except (binascii.Error, struct.error, ValueError, OverflowError):
        raise _garbage() from None
    if first != kind.encode() or side not in (b"n", b"o"):
        raise _garbage()
    return Cursor(at, UUID(bytes=raw) if kind == "c" else int(raw), side == b"n")


def _garbage() -> UsageError:
    return UsageError("this cursor was not made by this list", "the `next` of the page before", "begin again without a cursor")
