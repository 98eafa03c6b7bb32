"""How long a server asked us to wait."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

LONGEST_WAIT = 86_400.0  # seconds; a server that asks for more is asked again after a day


def retry_after(headers: Mapping[str, str], now: datetime) -> float:
    """Seconds to wait, at most a day: `Retry-After` (seconds or a date), else `x-ratelimit-reset` or `ratelimit-reset` (relative
    seconds, or an epoch), else 60."""
    value = headers.get("retry-after", "")
    asked = _number(value)
    if asked is None:
        try:
            at = parsedate_to_datetime(value)
            asked = ((at if at.tzinfo else at.replace(tzinfo=UTC)) - now).total_seconds()
        except (ValueError, TypeError, OverflowError):
            asked = _number(headers.get("x-ratelimit-reset") or headers.get("ratelimit-reset", ""))
            asked = asked - now.timestamp() if asked and asked > 1e8 else asked
    return 60.0 if asked is None else min(max(0.0, asked), LONGEST_WAIT)


def _number(text: str) -> float | None:
    try:
        found = float(text)
    except ValueError:
        return None
    return found if math.isfinite(found) else None
