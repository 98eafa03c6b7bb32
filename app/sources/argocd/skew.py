"""How far the server's own times are from ours, measured where they cannot be alike by chance. Pure.

Everything that Argo CD shows is dated by the clocks of its cluster. Where they differ from ours by minutes, the age of a comparison
says nothing, and a story of times of theirs and of ours has ends before its beginnings. An operation that began, or ended, or
an application that was made, between two of our lists names the time of that: so their clock said it while ours stood between
the two. No header of an answer tells this; a proxy writes its own time there.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec

from app.sources.argocd.listing import Listed, glance
from app.sources.argocd.names import instant, stamp
from app.sources.argocd.view import SOON

LEAST = timedelta(minutes=2)  # less than this is taken for none: an answer may take its time
SECOND = timedelta(seconds=1)
MADE, STARTED, FINISHED = 0, 3, 4  # places in what a list shows


class Measured(msgspec.Struct, omit_defaults=True):
    """What is remembered. `ahead`: seconds that their clock is before ours, negative where it is behind; `newest`: the latest time
    of theirs that any list showed."""

    ahead: int = 0
    newest: str = ""


@dataclass(frozen=True, slots=True)
class Skew:
    """`ahead`: theirs minus ours, in whole seconds; nothing while it is below LEAST."""

    ahead: timedelta = timedelta()
    newest: str = ""

    @classmethod
    def of(cls, value: Any) -> "Skew":
        try:
            kept = msgspec.convert(value or {}, Measured)
        except msgspec.ValidationError:
            return cls()
        return cls(timedelta(seconds=kept.ahead), kept.newest)

    def kept(self) -> dict[str, Any] | None:
        out: dict[str, Any] = msgspec.to_builtins(Measured(int(self.ahead.total_seconds()), self.newest))
        return out or None

    def measured(self, memory: Mapping[str, Any], lines: Sequence[Listed], last: datetime | None, now: datetime) -> "Skew":
        """With what this list shows and the list of `last` did not. Both times are ours."""
        before = instant(self.newest)
        shown = [at for one in lines for at in _times(one.seen) if at and at - now < SOON]
        newest = max([*shown, *([before] if before else [])], default=None)
        kept = stamp(newest) if newest else ""
        latest = max(_new(memory, lines, before, now), default=None) if before and last else None
        if latest is None or last is None:
            return Skew(self.ahead, kept)
        low, high = latest - now - SECOND, latest + SECOND - last  # a time is a whole second, cut off
        if low <= self.ahead <= high:
            return Skew(self.ahead, kept)
        near = timedelta() if low <= timedelta() <= high else low + (high - low) / 2
        return Skew(timedelta(seconds=round(near.total_seconds())) if abs(near) >= LEAST else timedelta(), kept)


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
