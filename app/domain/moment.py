"""Times as sources write them: RFC 3339, with any offset."""

import re
from datetime import UTC, datetime, timedelta

_RFC_3339 = re.compile(r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:)(\d\d)(?:\.(\d{1,6})\d*)?(?:([Zz])|([+-]\d\d:\d\d))", re.ASCII)


def moment_of(value: object) -> datetime | None:
    """Aware UTC, to the microsecond; None for what is no RFC 3339 time. A time without an offset is none: whose would it be?

    A leap second is the second after it. https://www.rfc-editor.org/rfc/rfc3339#section-5.6
    """
    if not isinstance(value, str) or len(value) > 64 or (found := _RFC_3339.fullmatch(value)) is None:
        return None
    day, time, second, fraction, zulu, offset = found.groups()
    leap = second == "60"
    try:
        at = datetime.fromisoformat(f"{day}T{time}{'59' if leap else second}.{fraction or '0':0<6}{'+00:00' if zulu else offset}")
        return at.astimezone(UTC) + timedelta(seconds=leap)
    except (ValueError, OverflowError):
        return None
