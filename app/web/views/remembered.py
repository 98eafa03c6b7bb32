"""What streams remember to be shown: what their server can, how far a reading of years has come, what is forgotten next."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from app.web.times import Zone, shown, took


@dataclass(frozen=True, slots=True)
class Remembered:
    """`words` of all streams of one source; `progress` and the evidence-at-risk clock (`risk`) by stream."""

    words: Mapping[str, Any] = field(default_factory=dict)
    progress: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    risk: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def remembered(rows: Sequence[Any], source: str) -> Remembered:
    """`rows` are `store.able`; where two streams say the same word, the later stream by name is believed."""
    words: dict[str, Any] = {}
    progress: dict[str, Mapping[str, Any]] = {}
    risk: dict[str, Mapping[str, Any]] = {}
    for row in rows:
        if row.source != source or not isinstance(row.value, Mapping):
            continue
        if row.key == "server":
            words |= row.value
        else:
            (risk if row.key == "at-risk" else progress)[row.stream] = row.value
    return Remembered(words, progress, risk)


def progressed(said: Mapping[str, Any], zone: Zone) -> str:
    """`3 of 6 years read, now 2023; 1,204 runs, about 900 an hour, since 3 Mar 2026 12:00`."""
    done, first, last = said.get("done"), said.get("from"), said.get("to")
    if isinstance(said.get("because"), str) and said["because"]:
        return str(said["because"])
    if not isinstance(first, int) or not isinstance(last, int) or not isinstance(done, list):
        return "it has not begun"
    years, runs = max(0, last - first + 1), said.get("runs")
    if not years:
        return "no earlier year to read"
    count = f"{runs:,} runs" if isinstance(runs, int) else "runs"
    since, at, ended = (time_of(said.get(name)) for name in ("since", "at", "done_at"))
    begun = f", since {shown(since, zone).full}" if since else ""
    if ended:
        return f"all {years} year{'s' if years != 1 else ''} from {first} to {last} read, {count}, ended {shown(ended, zone).full}"
    now = f", now {said['year']}" if isinstance(said.get("year"), int) else ""
    return f"{len(done)} of {years} years read{now}; {count}{_pace(said, since, at)}{begun}"


def _pace(said: Mapping[str, Any], since: datetime | None, at: datetime | None) -> str:
    begun, runs = said.get("runs_before"), said.get("runs")
    if not since or not at or at <= since or not isinstance(runs, int):
        return ""
    new = runs - (begun if isinstance(begun, int) else 0)
    return f", about {new / ((at - since).total_seconds() / 3600):,.0f} an hour in {took(at - since)}"


def time_of(value: Any) -> datetime | None:
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return at.astimezone(UTC) if at and at.tzinfo else None
