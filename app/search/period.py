"""Times in queries and parameters. A period is half-open: its start belongs to it, its end does not."""

import re
from datetime import UTC, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from app.errors import SearchError
from app.search.tree import Query, Word

_MOMENT = re.compile(
    r"(?P<date>\d{4}-\d{2}-\d{2})"
    r"(?:[Tt ](?P<time>\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?)(?P<offset>[Zz]|[+-]\d{2}:?\d{2})?)?"
    r"(?: (?P<zone>UTC|[A-Za-z_]+(?:/[A-Za-z0-9_+-]+)+))?",
    re.ASCII,
)
_EXPECTED = "a date or a time like 2026-09-24, 2026-09-24T18:30Z or 2026-09-24 18:30 Europe/London"


class Period(NamedTuple):
    """From `start` up to `end`, aware UTC; None where that side is open."""

    start: datetime | None = None
    end: datetime | None = None


def moment(text: str, zone: str = "UTC", position: int = 0) -> datetime:
    """The time that `text` says, in UTC; a date is its first instant. Without a zone of its own it is read in `zone`.

    Raises SearchError with `position` for anything else, for a zone that nobody knows and for a time out of range.
    """
    found = _MOMENT.fullmatch(text.strip())
    if not found or (found["offset"] and found["zone"]):
        raise SearchError(f"{_short(text)} is not a time", position=position, expected=_EXPECTED)
    try:
        at = datetime.fromisoformat(f"{found['date']}T{found['time'] or '00:00'}{(found['offset'] or '').upper()}")
        if at.tzinfo is None:
            at = at.replace(tzinfo=ZoneInfo(found["zone"] or zone) if (found["zone"] or zone) != "UTC" else UTC)
        return at.astimezone(UTC)
    except (ValueError, OverflowError, ZoneInfoNotFoundError, OSError) as error:
        raise SearchError(f"{_short(text)} is not a time ({error})", position=position, expected=_EXPECTED) from error


def _short(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:60] + "…")


def period_of(start: str | None, end: str | None, zone: str = "UTC") -> Period | None:
    """The period that the parameters `from` and `to` say; None when both are empty.

    Raises SearchError for a time that is none, and when the end is not after the start.
    """
    period = Period(moment(start, zone) if start else None, moment(end, zone) if end else None)
    if period == (None, None):
        return None
    if period.start and period.end and period.end <= period.start:
        raise SearchError(f"the period ends {end}, which is not after its start {start}", position=0, do="swap them, or widen it")
    return period


def narrowed(query: Query, period: Period | None) -> Period:
    """The period after the query's own `after:` and `before:` have narrowed it. It may come out empty."""
    starts = [period.start] if period and period.start else []
    ends = [period.end] if period and period.end else []
    for term in query.terms:
        if term.key not in ("after", "before"):
            continue
        times = [moment(value.text) for value in term.values if isinstance(value, Word)]
        if term.key == "after":
            (ends if term.negated else starts).append(min(times))
        else:
            (starts if term.negated else ends).append(max(times))
    return Period(max(starts, default=None), min(ends, default=None))
