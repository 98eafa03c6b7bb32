"""A sync operation of Argo CD: its kind, who began and who ended it, what it brought, and what became of each resource."""

from dataclasses import dataclass
from datetime import datetime

from app.domain.actor import Actor
from app.domain.deployed import Deployed
from app.domain.order import Lack
from app.domain.ref import Resource


@dataclass(frozen=True, slots=True)
class Failure:
    """Why it failed. `words` are ours, `cause` is the name of the cause, `of` the resource that failed, `name` what was missing."""

    cause: str
    words: str
    kind: str = ""
    group: str = ""
    version: str = ""
    name: str = ""
    of: Resource | None = None


@dataclass(frozen=True, slots=True)
class Attempt:
    """A failed attempt of an operation that went on. `unseen`: attempts that failed since the one before, and were not seen."""

    number: int
    unseen: int
    at: datetime | None
    message: str
    failures: tuple[Failure, ...] = ()
    resources: tuple[Resource, ...] = ()
    left: int = 0  # resources of it that are not in `resources`


@dataclass(frozen=True, slots=True)
class RollingSync:
    """Which ApplicationSet's rolling sync began an operation, and in which of its steps; `because`: why that is not known."""

    set: str | None
    step: str | None
    steps: int | None
    because: str = ""


@dataclass(frozen=True, slots=True)
class Operation:
    """`kind`: automated · self-heal · manual · selective · prune · rollback · local · dry-run · applicationset · injected.

    `kind_by` says how that is known: announcement, record, history, or silence (nothing announced it); empty: not told.
    """

    key: str
    source: str  # the Argo CD instance
    id: str
    url: str | None
    application: str
    project: str | None
    destination: str | None
    kind: str
    phase: str
    started_at: datetime
    finished_at: datetime | None
    revision: str | None
    revisions: tuple[str, ...]
    previous_revision: str | None
    repository: str | None
    path: str | None
    history_id: int | None
    initiator: Actor | None
    automated: bool
    message: str = ""
    how: str = "observed"
    retry_count: int = 0
    health: str | None = None
    health_at: datetime | None = None
    resources: tuple[Resource, ...] = ()  # in the order of execution
    target_revision: str | None = None
    sources: tuple[Deployed, ...] = ()  # one per source of the application, at least one
    kind_by: str = ""
    also: tuple[str, ...] = ()  # retry · force · replace · pruning
    options: tuple[str, ...] = ()  # Argo CD's sync options, as they were given
    partial: bool = False  # named resources only
    back_to: int | None = None  # of a rollback: the history entry that it went back to
    failures: tuple[Failure, ...] = ()
    attempts: tuple[Attempt, ...] = ()  # those that failed, in order
    lacks: tuple[Lack, ...] = ()  # objects that it, or an attempt of it, found missing
    waits_for: str = ""  # while it runs
    waited_for: tuple[str, ...] = ()  # everything that it was seen to wait for
    terminated: bool = False  # ended early
    terminated_by: str | None = None
    terminated_because: str = ""  # why it is not known who ended it, or on what ground it was ended
    heal_attempt: int | None = None
    perhaps: tuple[str, ...] = ()  # kinds that what is known of it fits as well
    rolling: RollingSync | None = None  # of one that an ApplicationSet began
    left: int = 0  # resources of it that are not in `resources`, because a part of the record is missing

    @property
    def unchanged(self) -> bool:
        """Every source stayed at the revision that was deployed before."""
        return bool(self.sources) and all(
            one.revision is not None and one.revision == one.previous_revision for one in self.sources
        )

    @property
    def acted_at(self) -> datetime | None:
        """When it last changed a cluster. None for a dry run and for a failure in which no listed resource was written.

        A failure that lists no resource, or not all, may have written some: it stays an act. So does one whose attempts wrote.
        """
        if self.kind == "dry-run":
            return None
        touched = (self.resources, *(attempt.resources for attempt in self.attempts))
        written = any(resource.status in ("Synced", "Pruned") for some in touched for resource in some)
        if self.phase in ("Failed", "Error") and self.resources and not written and not self.left:
            return None
        return self.finished_at or self.started_at

    @property
    def pruned(self) -> tuple[Resource, ...]:
        return tuple(resource for resource in self.resources if resource.status == "Pruned")
