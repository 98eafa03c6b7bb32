"""What is not as declared, one thing at a time: an episode; and the times in which nobody could tell: a blind spot.

An episode is a stretch of time in which one object of a cluster, or one resource of a Terraform workspace, differed from what is
declared for it. Both its ends lie between two looks, so each end is two times. Not every difference is drift: a commit that is not
yet deployed, and an object that waits to be pruned, are kept beside it and never counted as drift.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from app.domain.actor import Actor


class Layer(StrEnum):
    KUBERNETES = "kubernetes"  # through Argo CD
    TERRAFORM = "terraform"


class Cause(StrEnum):
    LIVE_EDIT = "live-edit"  # a program wrote to the live object, outside of any sync
    MISSING = "missing"  # it was live, and is gone
    EXTRA = "extra"  # it carries the application's mark, and was never declared
    PENDING_COMMIT = "pending-commit"  # what is declared changed, and is not deployed yet: no drift
    PRUNING_NEEDED = "pruning-needed"  # it is declared no more, and not pruned yet: no drift
    MERGED_NOT_APPLIED = "merged-not-applied"  # a merged change that no run, or no sync, has brought
    SELECTIVE_SYNC = "selective-sync"  # a sync of some resources left it behind
    FAILED_SYNC = "failed-sync"  # a sync failed before it, or on it
    CONTROLLER = "controller"  # an autoscaler or an operator writes these fields
    MUTATING_WEBHOOK = "mutating-webhook"  # what was applied is changed on admission, again after each sync
    UNKNOWN = "unknown"


NOT_DRIFT = frozenset((Cause.PENDING_COMMIT, Cause.PRUNING_NEEDED))


class State(StrEnum):
    OPEN = "open"
    CLOSED = "closed"
    UNKNOWN = "unknown"  # nobody can tell whether it still stands


class Ended(StrEnum):
    SELF_HEAL = "self-heal"
    AUTOMATED_SYNC = "automated sync"  # for a newer commit: it put the object back as a by-product
    MANUAL_SYNC = "manual sync"
    ROLLBACK = "rollback"
    OTHER_SYNC = "sync"  # of another kind, or of one that is not known
    GIT_CHANGE = "git change"  # what is declared was made equal to what is live
    BY_HAND = "reverted by hand"  # it is equal again, and no operation was there to make it so
    RUN = "terraform run"
    REMOVED = "application removed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One place in which live and declared differ. Values are JSON text without secrets, None where the field is absent."""

    path: str
    live: str | None
    declared: str | None
    by: tuple[str, ...] = ()  # managers that own the field
    told: bool = True  # False: only that it differs is known, no value is (Terraform's are never kept)


@dataclass(frozen=True, slots=True)
class Writer:
    """A program that wrote to the object: `manager` is Kubernetes' word, never a person's name."""

    manager: str
    operation: str = ""
    subresource: str | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class RuledOut:
    cause: Cause
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """`key` is `<source>:<uid>/<object>/<onset>`; `number` the ledger index of the event that told it first.

    `onset_after`: when it was last seen as declared (None: never, or not known), `onset_before`: when it was seen to differ.
    `ended_after`: when it was last seen to differ, `ended_at`: when it was seen, or told, to be as declared again.
    `size`: how many there were (`counted`: self-heals that nobody saw), or how many resources of a workspace an assessment counts.
    `changes` is None where the content was never seen; () where it was, and no field differs (a missing or an extra object).
    """

    key: str
    number: int
    layer: Layer
    source: str
    onset_before: datetime
    application: str = ""
    workspace: str = ""
    project: str | None = None
    destination: str | None = None  # cluster/namespace
    group: str = ""
    kind: str = ""
    name: str = ""  # a Terraform resource's address, where kind is its type
    namespace: str = ""
    state: State = State.OPEN
    onset_after: datetime | None = None
    ended_after: datetime | None = None
    ended_at: datetime | None = None
    ended_by: Ended | None = None
    ended_operation: str | None = None  # `operation:…` or `run:…`, an entity's key
    ended_because: str = ""
    unknown_since: datetime | None = None
    unknown_because: str = ""
    size: int = 1
    counted: bool = False  # only their number is known: neither what differed, nor for how long
    changes: tuple[FieldChange, ...] | None = None
    writers: tuple[Writer, ...] = ()
    looked_at: datetime | None = None  # when `changes` were read
    revisions: tuple[str, ...] = ()  # what it was compared with
    manifests: str | None = None  # the raw payload that holds both states, by digest
    cause: Cause = Cause.UNKNOWN
    because: str = ""
    ruled_out: tuple[RuledOut, ...] = ()
    possible: tuple[RuledOut, ...] = ()  # causes that hold beside it, or that what is known does not rule out
    person: Actor | None = None  # who did it, where that is known; else with the reason why not
    auto_sync: bool | None = None  # as they were set when it was last seen; None: not known
    self_heal: bool | None = None
    seqs: tuple[int, ...] = field(default=())  # ledger indexes of the events that tell it, the first and the latest ones
    told_by: int | None = None  # ledger index of the event that opened the drift of the whole application, or workspace
    ended_told_by: int | None = None  # ledger index of an event of the operation, or run, that ended it

    @property
    def is_drift(self) -> bool:
        return self.cause not in NOT_DRIFT


class Blindness(StrEnum):
    """Why a comparison says nothing: never "no drift"."""

    UNKNOWN = "unknown"  # the comparison failed
    STALE = "stale"  # it is older than it should be
    FROZEN = "frozen"  # reconciliation is switched off for the application
    SKIPPED = "skipped"  # assessments are off, paused or were never made
    UNREAD = "unread"  # it was not read for so long that what happened is lost


@dataclass(frozen=True, slots=True, kw_only=True)
class BlindSpot:
    """A time in which it is not known whether an application or a workspace is as declared. `ended_at` None: it still is."""

    key: str
    number: int
    layer: Layer
    source: str
    why: Blindness
    because: str
    since_before: datetime  # when it was noticed
    since_after: datetime | None = None  # when it was last known to be compared
    ended_at: datetime | None = None
    application: str = ""
    workspace: str = ""
    project: str | None = None
    destination: str | None = None
