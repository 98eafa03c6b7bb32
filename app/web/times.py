"""Times and durations as people read them. Formatted once, here; templates only place them."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

UNITS = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))


@dataclass(frozen=True, slots=True)
class Zone:
    """The zone that a page's times are written in. `asked` is what was asked for when that could not be had."""

    name: str
    tz: tzinfo
    asked: str = ""


UTC_ZONE = Zone("UTC", UTC)


def zone_named(name: str | None) -> Zone:
    """UTC for nothing or "utc"; the IANA zone of that name; UTC with `asked` set when there is no such zone."""
    if not name or name.upper() == "UTC":
        return UTC_ZONE
    try:
        return Zone(name, ZoneInfo(name))
    except (ZoneInfoNotFoundError, ValueError, OSError, TypeError):
        return Zone("UTC", UTC, asked=name[:60])


@dataclass(frozen=True, slots=True)
class Time:
    """One moment: `iso` for machines (always UTC), the rest for people, in the page's zone."""

    iso: str
    full: str  # 2026-10-03 21:49:30 UTC
    day: str  # Saturday 3 October 2026
    short: str  # 3 Oct 21:49:30
    clock: str  # 21:49:30
    timed: str  # 21:49:30 UTC
    minute: str  # 2026-10-03 21:49 UTC
    lead: str  # 3 October 2026 21:49 UTC


def shown(at: datetime, zone: Zone) -> Time:
    """`at` must be aware."""
    local = at.astimezone(zone.tz)
    name = "UTC" if zone.name == "UTC" else local.strftime("%Z")
    clock = local.strftime("%H:%M:%S")
    return Time(
        iso=iso(at),
        full=f"{local:%Y-%m-%d} {clock} {name}",
        day=f"{local:%A} {local.day} {local:%B %Y}",
        short=f"{local.day} {local:%b} {clock}",
        clock=clock,
        timed=f"{clock} {name}",
        minute=f"{local:%Y-%m-%d %H:%M} {name}",
        lead=f"{local.day} {local:%B %Y %H:%M} {name}",
    )


def shown_or_none(at: datetime | None, zone: Zone) -> Time | None:
    return None if at is None else shown(at, zone)


def iso(at: datetime) -> str:
    """ISO 8601 in UTC with Z; microseconds only where there are some."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def parse_iso(text: object) -> datetime | None:
    """What the projection stored; None for anything that is not an aware ISO 8601 time."""
    if not isinstance(text, str):
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo is not None else None


def took(span: timedelta | float | int | None) -> str:
    """`4 d 12 h 35 min`, `13 min 07 s`, `27 s`, `under 1 s`: three units with days, else two. Nothing for None."""
    if span is None:
        return ""
    seconds = span.total_seconds() if isinstance(span, timedelta) else float(span)
    if abs(seconds) < 1:
        return "under 1 s" if seconds else "0 s"
    sign, rest = ("−" if seconds < 0 else ""), int(abs(seconds))
    parts: list[str] = []
    for unit, size in UNITS:
        count, rest = divmod(rest, size)
        if count or parts:
            parts.append(f"{count:02d} {unit}" if parts and unit == "s" else f"{count} {unit}")
    wanted = 3 if parts[0].endswith(" d") else 2
    return sign + " ".join(part for part in parts[:wanted] if not part.startswith(("0 ", "00 ")))
