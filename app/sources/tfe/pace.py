"""How many run lists may be asked for: thirty a minute for all that read one server, shared by live reading and backfill.

https://developer.hashicorp.com/terraform/enterprise/api-docs/run. Within one process the minute is counted together. Across
processes each of the two keeps to its part while there is something to backfill, so that their sum fits wherever they run.
"""

from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta

from app.errors import Throttled

PER_MINUTE = 30
MINUTE = timedelta(minutes=1)
LIVE, BACKFILL, WHOLE = "live", "backfill", "whole"


class Spent(Throttled):
    """Our own count says that this minute is used up: nothing was asked."""


class Lists:
    """`share` (0 to 1) is a backfill's, while one is `backfilling`; else the whole minute is for what happens now."""

    def __init__(self, clock: Callable[[], datetime], share: float = 0.0) -> None:
        self._clock = clock
        self.part = max(1, min(PER_MINUTE - 1, int(PER_MINUTE * share))) if share else 0
        self.backfilling = False
        self._taken: deque[tuple[datetime, str]] = deque()

    def take(self, who: str) -> None:
        """One list for LIVE or BACKFILL, each within its part; WHOLE where nobody else asks. Raises Spent with the seconds left."""
        now = self._clock()
        while self._taken and now - self._taken[0][0] >= MINUTE:
            self._taken.popleft()
        most = {LIVE: PER_MINUTE - (self.part if self.backfilling else 0), BACKFILL: self.part}.get(who, PER_MINUTE)
        mine = [at for at, one in self._taken if who in (one, WHOLE)]
        over = [times[-most] for times, most in ((mine, most), ([at for at, _ in self._taken], PER_MINUTE)) if len(times) >= most]
        if over:
            wait = (MINUTE - (now - max(over))).total_seconds()
            raise Spent(f"this minute's {most} run lists are used up", do=f"going on in {wait:.0f} s", retry_after=wait)
        self._taken.append((now, who))
