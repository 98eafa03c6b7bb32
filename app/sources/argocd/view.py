"""Where and when an application is read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from app.sources.argocd.pulse import Pulse


@dataclass(frozen=True, slots=True)
class View:
    """`last_pass` is when the list was last seen whole; `pulse`: are comparisons too old?"""

    source: str
    base: str
    now: datetime
    last_pass: datetime | None = None
    pulse: Pulse | None = None
    clusters: Mapping[str, str] = field(default_factory=dict)  # address, or Argo CD's own name → the name people know
