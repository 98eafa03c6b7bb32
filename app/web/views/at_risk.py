"""The evidence-at-risk clock of a stream: what its source forgets first of what was not yet captured."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from app.web.times import Zone, shown, took
from app.web.views.remembered import time_of

FIRST = 5  # applications that come first
LATE = 10  # applications with news that could not be read
WHAT = {"announcements": "announcements", "history": "oldest entry of its history"}


@dataclass(frozen=True, slots=True)
class Forgotten:
    """`what` of an application goes at `at`, unless it is read before; it keeps each for `kept`."""

    application: str
    what: str
    at: datetime
    kept: timedelta

    def left(self, now: datetime) -> timedelta:
        return self.at - now


@dataclass(frozen=True, slots=True)
class Late:
    """It has news that could not be read since then; `first` is what of it goes first, where that is known."""

    application: str
    since: datetime
    because: str
    first: Forgotten | None


@dataclass(frozen=True, slots=True)
class Clock:
    """All but what is `behind` was read by `captured`. `soonest` are the first of so many other `applications`."""

    captured: datetime
    applications: int
    soonest: tuple[Forgotten, ...]
    behind: tuple[Late, ...]

    @property
    def first(self) -> Forgotten | None:
        """What goes first of all."""
        known = [*self.soonest, *(late.first for late in self.behind if late.first)]
        return min(known, key=lambda one: (one.at, one.application), default=None)


@dataclass(frozen=True, slots=True)
class Row:
    application: str
    forgets: str
    pressing: bool
    what: str
    says: str


@dataclass(frozen=True, slots=True)
class AtRisk:
    lead: str
    rows: tuple[Row, ...]
    more: str


def clock_of(said: Any) -> Clock | None:
    """What a stream remembers (app/sources/argocd/risk.py); None without the time of its reading. Odd entries are left out."""
    captured = time_of(said.get("captured")) if isinstance(said, Mapping) else None
    if captured is None:
        return None
    behind = tuple(_late(one, since) for one in _mappings(said.get("behind")) if (since := time_of(one.get("since"))))
    told = [(one, kept) for one in _mappings(said.get("soonest")) if (kept := _span(one.get("seconds")))]
    soonest = tuple(Forgotten(_name(one), str(one.get("what") or ""), captured + kept, kept) for one, kept in told)
    many = said.get("applications")
    return Clock(captured, max(many if type(many) is int else 0, len(soonest)), soonest, behind)


def _late(one: Mapping[str, Any], since: datetime) -> Late:
    named = one.get("forgets")
    told = {str(what): at for what, value in named.items() if (at := time_of(value))} if isinstance(named, Mapping) else {}
    ordered = sorted((at, what) for what, at in told.items())
    first = Forgotten(_name(one), ordered[0][1], ordered[0][0], ordered[0][0] - since) if ordered else None
    return Late(_name(one), since, str(one.get("because") or "it is not told why"), first)


def _name(one: Mapping[str, Any]) -> str:
    return str(one.get("application") or "not named").removeprefix("application/")


def _span(value: Any) -> timedelta | None:
    return timedelta(seconds=value) if type(value) is int and 0 < value < 10**9 else None


def _mappings(value: Any) -> Iterator[Mapping[str, Any]]:
    return (one for one in (value if isinstance(value, list) else ()) if isinstance(one, Mapping))


def in_words(left: timedelta) -> str:
    return f"in {took(left)}" if left > timedelta(0) else "already forgetting"


def at_risk(clock: Clock, now: datetime, zone: Zone) -> AtRisk:
    """A sentence, the applications that are behind, then those that forget first; how many are not shown is said."""
    rows = [_behind(late, now, zone) for late in clock.behind[:LATE]]
    rows += [_row(one, now, f"all of it was read by {shown(clock.captured, zone).full}") for one in clock.soonest[:FIRST]]
    return AtRisk(_lead(clock, now, zone), tuple(rows), _more(clock))


def _row(one: Forgotten, now: datetime, says: str) -> Row:
    left = one.left(now)
    return Row(one.application, in_words(left), left < one.kept / 4, WHAT.get(one.what, one.what), says)


def _behind(late: Late, now: datetime, zone: Zone) -> Row:
    says = f"it has news that could not be read since {shown(late.since, zone).full}: {late.because}"
    return _row(late.first, now, says) if late.first else Row(late.application, "not known when", True, "not known", says)


def _lead(clock: Clock, now: datetime, zone: Zone) -> str:
    many = len(clock.behind)
    but = f" but the news of {many} application{'s' if many != 1 else ''}" if many else ""
    read = f"By {shown(clock.captured, zone).full} everything was read{but}."
    first = clock.first
    if first is None:
        return read
    left = first.left(now)
    if left <= timedelta(0):
        return f"{read} Something may be gone already: {first.application} keeps what it shows for {took(first.kept)}."
    return f"{read} Were nothing read from then on, {first.application} would be the first to forget, {in_words(left)}."


def _more(clock: Clock) -> str:
    late = len(clock.behind) - LATE
    rest = clock.applications - min(FIRST, len(clock.soonest))
    said = [f"{late:,} more application{'s are' if late != 1 else ' is'} behind."] if late > 0 else []
    said += [f"{rest:,} more application{'s forget' if rest != 1 else ' forgets'} no sooner."] if rest > 0 else []
    return " ".join(said)
