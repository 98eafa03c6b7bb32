"""Maintenance windows: when, every week, an environment is expected to be changed. Pure.

A window is written `Sat 22:00-Sun 04:00 Europe/London`: from a day and a time of the clock on the wall to another, in an IANA zone.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
FORM = "DAY HH:MM-DAY HH:MM ZONE, such as Sat 22:00-Sun 04:00 Europe/London"
_EDGE = r"([A-Z][a-z]{2}) (\d\d):(\d\d)"
_WINDOW = re.compile(rf"{_EDGE}-{_EDGE} ([A-Za-z][A-Za-z0-9_+/-]*)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Window:
    """`begins` and `ends` are minutes since Monday 00:00 on the clocks of `zone`; it may run over the end of the week."""

    begins: int
    ends: int
    zone: str

    @property
    def text(self) -> str:
        return f"{_edge(self.begins)}-{_edge(self.ends)} {self.zone}"

    def around(self, moment: datetime) -> tuple[datetime, datetime] | None:
        """When the window that holds `moment` began and ends, in UTC; None where `moment` (aware) lies in none of them.

        A wall time that clocks show twice counts from its first to its last; one that they skip is the moment they skip it.
        """
        zone = ZoneInfo(self.zone)
        local = moment.astimezone(zone)
        monday = datetime(local.year, local.month, local.day) - timedelta(days=local.weekday())  # noqa: DTZ001 -- the wall's own time
        lasts = (self.ends - self.begins) % (7 * 24 * 60)
        for week in (-1, 0, 1):
            begins = monday + timedelta(weeks=week, minutes=self.begins)
            span = _instant(begins, zone, late=False), _instant(begins + timedelta(minutes=lasts), zone, late=True)
            if span[0] <= moment < span[1]:
                return span
        return None


@dataclass(frozen=True, slots=True)
class Expected:
    """When one act was expected. `windows` None: its environment is not classified, so that it is not known."""

    act: str
    environment: str
    windows: tuple[Window, ...] | None


def window(text: str) -> Window:
    """Raises ValueError with what is wrong, in words for the one who wrote it."""
    found = _WINDOW.fullmatch(text)
    if not found:
        raise ValueError(f"{text!r} is no maintenance window; expected {FORM}")
    first, last, zone = found.groups()[:3], found.groups()[3:6], found.group(7)
    begins, ends = (_minutes(text, *edge) for edge in (first, last))
    if begins == ends:
        raise ValueError(f"{text!r} begins when it ends; expected {FORM}")
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(
            f"{text!r} names the zone {zone!r}, which is not known; expected an IANA zone such as Europe/London"
        ) from None
    return Window(begins, ends, zone)


def _minutes(text: str, day: str, hour: str, minute: str) -> int:
    if day not in DAYS:
        raise ValueError(f"{text!r} names the day {day!r}; expected one of {', '.join(DAYS)}")
    if int(hour) > 23 or int(minute) > 59:
        raise ValueError(f"{text!r} names the time {hour}:{minute}; expected 00:00 to 23:59")
    return (DAYS.index(day) * 24 + int(hour)) * 60 + int(minute)


def _edge(minutes: int) -> str:
    return f"{DAYS[minutes // 1440]} {minutes // 60 % 24:02}:{minutes % 60:02}"


def _instant(wall: datetime, zone: ZoneInfo, *, late: bool) -> datetime:
    """`wall` has no zone of its own."""
    first, second = (wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if first <= second:  # once, or twice
        return second if late else first
    low, high = second, first  # skipped: the offset changes between the two
    before = low.astimezone(zone).utcoffset()
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) / 2
        low, high = (middle, high) if middle.astimezone(zone).utcoffset() == before else (low, middle)
    return high.replace(microsecond=0)
