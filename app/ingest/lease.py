"""Who may read a stream now: a lease that runs out, and a fence that grows with every claim."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

LEASE = timedelta(seconds=120)


@dataclass(frozen=True, slots=True)
class Claim:
    """A stream is ours until `fence` has grown past ours; a page is saved only while it has not."""

    source: str
    stream: str
    owner: UUID
    fence: int
