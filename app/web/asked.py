"""What a request asks for: query, period, page. Every list reads the same five parameters, from one place."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated
from urllib.parse import urlencode

from fastapi import Depends, Query

from app.web.times import Zone, iso

PAGE = 50
MOST = 500


class Unclear(Exception):
    """A parameter that cannot be understood; `parameter` names it."""

    def __init__(self, parameter: str, text: str) -> None:
        super().__init__(text)
        self.parameter, self.text = parameter, text


@dataclass(frozen=True, slots=True)
class Asked:
    """The parameters of a list, as they came. Periods are half-open: `from` is in, `to` is not."""

    q: str = ""
    from_: str = ""
    to: str = ""
    cursor: str = ""
    limit: str = ""

    def count(self) -> int:
        """Rows of a page. Raises Unclear unless it is 1 to 500."""
        if not self.limit:
            return PAGE
        if not (self.limit.isascii() and self.limit.isdigit() and 1 <= int(self.limit[:6]) <= MOST):
            raise Unclear("limit", f"limit is {self.limit[:20]!r}; a number from 1 to {MOST} was expected")
        return int(self.limit)

    def address(self, path: str, **changed: str | None) -> str:
        """`path` with these parameters, some changed (None drops one); a new question always starts at its first page."""
        now = {"q": self.q, "from": self.from_, "to": self.to, "limit": self.limit}
        now.update({"from" if key == "from_" else key: value or "" for key, value in changed.items()})
        query = urlencode({key: value for key, value in now.items() if value})
        return f"{path}?{query}" if query else path


def asked(
    q: Annotated[str, Query(description="What to look for: `key:value` pairs and free text, as /help/search says.")] = "",
    from_: Annotated[str, Query(alias="from", description="First moment of the period, ISO 8601; included.")] = "",
    to: Annotated[str, Query(description="End of the period, ISO 8601; not included.")] = "",
    cursor: Annotated[str, Query(description="`next` of the page before.")] = "",
    limit: Annotated[str, Query(description=f"Rows of a page, 1 to {MOST}; {PAGE} when not given.")] = "",
) -> Asked:
    return Asked(*(text.replace("\x00", "\ufffd") for text in (q.strip(), from_, to, cursor, limit)))


AskedFor = Annotated[Asked, Depends(asked)]


def since(now: datetime, days: int, zone: Zone) -> str:
    """The first moment of the day `days - 1` days ago, so that a period of whole days ends with today."""
    day = (now.astimezone(zone.tz) - timedelta(days=days - 1)).replace(hour=0, minute=0, second=0, microsecond=0)
    return iso(day)
