"""What the reads of the drift ledger answer with: episodes, blind spots, exposure, and how many were compared."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from app.changes.rows import ChangeOf
from app.domain.drift import Blindness, Episode, Layer, State


@dataclass(frozen=True, slots=True)
class Stood:
    """How long an episode stood, for a given now, in seconds. `seconds` counts from when it was seen to differ to when it was
    seen, or told, to be as declared again; None where that cannot be known. Both ends lie between two looks, so the truth lies
    between `least` and `most`; `most` is None where it was never seen as declared before.

    `over`: it stood longer than its limit; None where no limit is set or none applies, or where it cannot be known.
    """

    seconds: float | None
    least: float
    most: float | None
    over: bool | None


@dataclass(frozen=True, slots=True)
class EpisodeRow:
    """One episode, whole. `of` holds everything that is known (app/domain/drift.py); the rest is where it stands here.

    `limit`: how long a drift may stand in its environment, None where none is set, or it is no drift. `change`: the change that
    stands on this drift; `ended_change`: the one whose operation or run ended it; None where there is none.
    """

    id: UUID
    of: Episode
    environment: str
    cls: str
    limit: timedelta | None
    change: ChangeOf | None
    ended_change: ChangeOf | None

    @property
    def subject(self) -> str:
        """The application, or the workspace."""
        return self.of.application or self.of.workspace

    @property
    def object(self) -> str:
        """`Deployment/api`, or a Terraform address; empty where only the application or the workspace is known."""
        of = self.of
        if of.layer is Layer.TERRAFORM or not of.kind:
            return of.name
        return f"{of.kind}/{of.name}"

    def stood(self, now: datetime) -> Stood:
        """As of `now`, which is not before its onset."""
        of = self.of
        seen = (of.ended_after or of.onset_before) if of.ended_at else of.unknown_since or now
        end = of.ended_at or now
        least = max(0.0, (seen - of.onset_before).total_seconds())
        most = max(least, (end - of.onset_after).total_seconds()) if of.onset_after else None
        known = not of.counted and of.state is not State.UNKNOWN
        seconds = max(0.0, (end - of.onset_before).total_seconds()) if known else None
        return Stood(seconds, 0.0 if of.counted else least, most, self._over(seconds, least))

    def _over(self, seconds: float | None, least: float) -> bool | None:
        if self.limit is None:
            return None
        if seconds is None:  # nobody can tell how long; but it stood at least that long
            return True if least > self.limit.total_seconds() else None
        return seconds > self.limit.total_seconds()


@dataclass(frozen=True, slots=True)
class BlindRow:
    """A time in which nobody could tell. `ended_at` None: it still is. `since_after`: when it was last known to be compared."""

    id: UUID
    number: int
    layer: Layer
    source: str
    application: str
    workspace: str
    project: str
    destination: str
    environment: str
    cls: str
    why: Blindness
    because: str
    since_after: datetime | None
    since_before: datetime
    ended_at: datetime | None

    @property
    def subject(self) -> str:
        return self.application or self.workspace


@dataclass(frozen=True, slots=True)
class Exposed:
    """One object over a period: its drift's intervals clipped to it, what overlaps counted once. Seconds of times in which
    nobody could tell are in none of them: `unknown` counts them apart.

    `beyond`: seconds after the limit, None where no limit is set. `newest` is its newest episode.
    """

    source: str
    application: str
    workspace: str
    environment: str
    cls: str
    kind: str
    name: str
    namespace: str
    episodes: int
    standing: int  # of them, those that still stand, or of which it is not known
    intervals: tuple[tuple[datetime, datetime], ...]
    seconds: float
    unknown: float
    beyond: float | None
    newest: UUID
    destination: str = ""
    late: tuple[tuple[datetime, datetime], ...] = ()  # of `intervals`, what lies after the limit
    unsure: tuple[tuple[datetime, datetime], ...] = ()  # when nobody could tell
    ends: Mapping[str, int] = field(default_factory=dict)  # what ended its episodes, and how many each

    @property
    def subject(self) -> str:
        return self.application or self.workspace


@dataclass(frozen=True, slots=True)
class ExposedInAll:
    """The sums of `Exposed` over every object."""

    objects: int
    episodes: int
    seconds: float
    beyond: float
    unknown: float


@dataclass(frozen=True, slots=True)
class Counted:
    """How many applications and workspaces there are, by how each stands now.

    `looked`: the oldest of the last comparisons that told of those as declared. A look that found nothing new is not in the
    ledger: that a source was read since is told by its streams.
    """

    standing: Mapping[str, int]  # as declared · differs · unknown · never compared · not read
    looked: datetime | None

    @property
    def as_declared(self) -> int:
        return self.standing.get("as declared", 0)

    @property
    def differing(self) -> int:
        return self.standing.get("differs", 0)

    @property
    def unknown(self) -> int:
        """Of them it is not known: the comparison says nothing, or there never was one."""
        return self.standing.get("unknown", 0) + self.standing.get("never compared", 0)
