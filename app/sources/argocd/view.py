"""Where and when an application is read."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from math import ceil

from app.sources.argocd.pulse import Pulse

SOON = timedelta(hours=3)  # what is dated later is no time of a clock that runs


@dataclass(frozen=True, slots=True)
class View:
    """`last_pass` is when the list was last seen whole; `pulse`: are comparisons too old? All times are by the server's clock,
    which is so much `ahead` of ours."""

    source: str
    base: str
    now: datetime
    last_pass: datetime | None = None
    pulse: Pulse | None = None
    ahead: timedelta = timedelta()
    clusters: Mapping[str, str] = field(default_factory=dict)  # address, or Argo CD's own name → the name people know

    def not_before(self, times: Iterable[datetime | None]) -> "View":
        """Where the clocks differ, `ahead` is known to some seconds only: no sooner than the latest of what is shown now."""
        latest = max((at for at in times if at and at - self.now < SOON), default=self.now)
        if not self.ahead or latest <= self.now:
            return self
        more = timedelta(seconds=ceil((latest - self.now).total_seconds()))
        return replace(self, now=self.now + more, ahead=self.ahead + more)
