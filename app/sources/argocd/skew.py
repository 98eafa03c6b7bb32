"""How far the server's own times are from ours, measured where they cannot be alike by chance. Pure.

Everything that Argo CD shows is dated by the clocks of its cluster. Where they differ from ours by minutes, the age of a comparison
says nothing, and a story of times of theirs and of ours has ends before its beginnings. An operation that began, or ended, or
an application that was made, between two of our lists names the time of that: so their clock said it while ours stood between
the two. No header of an answer tells this; a proxy writes its own time there.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil, floor
from typing import Any

import msgspec

from app.sources.argocd.listing import Listed, glance
from app.sources.argocd.names import instant, stamp
from app.sources.argocd.view import SOON

LEAST = timedelta(minutes=2)  # less than this is taken for none: an answer may take its time
MADE, STARTED, FINISHED = 0, 3, 4  # places in what a list shows


class Measured(msgspec.Struct, omit_defaults=True):
    """What is remembered, in whole seconds: their clock is at least `low` and at most `high` ahead of ours (negative: behind).
    `newest`: the latest time of theirs that any list showed."""

    low: int | None = None
    high: int | None = None
    newest: str = ""


@dataclass(frozen=True, slots=True)
class Skew:
    low: timedelta | None = None
    high: timedelta | None = None
    newest: str = ""

    @property
    def ahead(self) -> timedelta:
        """Theirs minus ours, no more than is proven: what is seen is then dated no later than it was. Nothing while it may be below
        LEAST."""
        if self.low is None or self.high is None or (self.low < LEAST and self.high > -LEAST):
            return timedelta()
        return self.low

    @classmethod
    def of(cls, value: Any) -> "Skew":
        try:
            kept = msgspec.convert(value or {}, Measured)
            low, high = (None if one is None else timedelta(seconds=one) for one in (kept.low, kept.high))
        except (msgspec.ValidationError, OverflowError):
            return cls()
        return cls(low, high, kept.newest)

    def kept(self) -> dict[str, Any] | None:
        low, high = (None if one is None else int(one.total_seconds()) for one in (self.low, self.high))
        out: dict[str, Any] = msgspec.to_builtins(Measured(low, high, self.newest))
        return out or None

    def measured(self, memory: Mapping[str, Any], lines: Sequence[Listed], last: datetime | None, now: datetime) -> "Skew":
        """With what this list shows and the list of `last` did not. Both times are ours."""
        before = instant(self.newest)
        shown = [at for one in lines for at in _times(one.seen) if at and at - now < SOON]
        newest = max([*shown, *([before] if before else [])], default=None)
        kept = stamp(newest) if newest else ""
        latest = max(_new(memory, lines, before, now), default=None) if before and last else None
        if latest is None or last is None:
            return Skew(self.low, self.high, kept)
        low = timedelta(seconds=floor((latest - now).total_seconds()))
        high = timedelta(seconds=ceil((latest - last).total_seconds()) + 1)  # a time is a whole second, cut off
        if self.low is not None and self.high is not None and low <= self.high and self.low <= high:
            return Skew(max(low, self.low), min(high, self.high), kept)
        return Skew(low, high, kept)


def _times(seen: Sequence[str]) -> list[datetime | None]:
    return [instant(seen[place]) for place in (MADE, STARTED, FINISHED)]


def _new(memory: Mapping[str, Any], lines: Sequence[Listed], newest: datetime, now: datetime) -> Iterator[datetime]:
    """Times that came since the last list: later than what stood in their place, and than all that was ever shown.

    An application that may be read since a moment ago, or was put back from a copy, shows times that are old; but no newer ones
    than those of its server. Of several new ones the latest lies nearest to this list.
    """
    for one in lines:
        known = glance(memory.get(one.key))
        before = _times(known.seen) if known and len(known.seen) == len(one.seen) else [None] * 3
        for at, was in zip(_times(one.seen), before, strict=True):
            if at and newest < at < now + SOON and (was is None or at > was):
                yield at
