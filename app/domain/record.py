"""The record of what an application did, found to be another than it was when it was read."""

from dataclasses import dataclass
from datetime import datetime

from app.domain.actor import Actor

ALTERED = ("rewritten", "shortened", "altered")


@dataclass(frozen=True, slots=True)
class AlteredRecord:
    """Somebody wrote past the system that keeps the record, or the record began again.

    `kind` is the event's status: rewritten, shortened, restarted (the history) or altered (the record of an operation that was
    over). `entries` are the history ids it is about; `at` is when it was noticed. `actor` is unknown where nobody can be named.
    `otherwise`: what else than somebody's hand may have done it; empty where nothing else can.
    """

    key: str
    source: str
    id: str
    application: str
    project: str | None
    destination: str | None
    kind: str
    at: datetime
    entries: tuple[int, ...] = ()
    actor: Actor | None = None
    otherwise: str = ""

    @property
    def certain(self) -> bool:
        """Somebody wrote it: the system that keeps the record never does that."""
        return self.kind in ALTERED and not self.otherwise
