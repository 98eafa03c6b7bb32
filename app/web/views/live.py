"""A source's live stream in words: held since when, or why not; what it told last."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from app.web.times import Zone, iso, shown, took
from app.web.views.marks import Badge

HELD = Badge("pass", "o-read", "connected")
NOT = Badge("exception", "o-slow", "not connected")
OFF = Badge("na", "o-never", "off")


@dataclass(frozen=True, slots=True)
class Live:
    standing: Badge
    says: str


def live_of(rows: Sequence[Any], source: str, now: datetime, zone: Zone) -> Live | None:
    """`rows` are `watches.overview`; None for a source that has no stream to hold."""
    row = next((row for row in rows if row.source == source), None)
    if row is None:
        return None
    last = f"{row.told:,} so far" if row.told else "none so far"
    if row.told and row.last_at:
        last = f"the last at {shown(row.last_at, zone).full}, {row.last_about}; {last}"
    news = f"News: {last}."
    if row.state == "off":
        return Live(OFF, "It is switched off in the settings; the polls alone tell what changes.")
    if is_held(row, now):
        return Live(HELD, f"Since {shown(row.since, zone).full} what changes is read at once. {news}")
    return Live(NOT, f"{_why(row, now, zone)} The polls go on at their own pace. {news}")


def is_held(row: Any, now: datetime) -> bool:
    return row.state == "connected" and row.lease_until is not None and row.lease_until >= now


def _why(row: Any, now: datetime, zone: Zone) -> str:
    if row.state == "connected":
        return "The worker that held it has stopped without a word."
    since = f"Not since {shown(row.since, zone).full}"
    if not row.error:
        return f"{since}; a worker takes it up."
    left = row.retry_at - now
    again = f"It is tried again in {took(left)}." if left > timedelta(0) else "It is tried again now."
    return f"{since}: {row.error}. {again}"


def as_items(rows: Sequence[Any], now: datetime) -> list[dict[str, Any]]:
    """For the JSON door."""
    return [
        {
            "source": row.source,
            "state": "off" if row.state == "off" else "connected" if is_held(row, now) else "not connected",
            "since": iso(row.since),
            "error": row.error,
            "retry_at": None if row.state == "off" or is_held(row, now) else iso(row.retry_at),
            "told": row.told,
            "last_at": iso(row.last_at) if row.last_at else None,
            "last_about": row.last_about,
        }
        for row in rows
    ]
