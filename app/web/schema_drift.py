"""The shapes of /api/v1/drift and /api/v1/blind-spots."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import Field

from app.web.schema_git import Shape

LayerWord = Literal["kubernetes", "terraform"]


class DriftSubject(Shape):
    application: str | None
    workspace: str | None
    group: str | None
    kind: str | None = Field(description="null where only the application, or the workspace, is known to differ")
    name: str | None = Field(description="of a Terraform resource its address")
    namespace: str | None


class CauseOf(Shape):
    cause: str
    because: str


class ProgramOf(Shape):
    manager: str = Field(description="a program, as Kubernetes' managedFields names it; never a person")
    operation: str | None
    subresource: str | None
    at: datetime | None = Field(description="its last write")


class FieldOf(Shape):
    path: str
    live: str | None = Field(description="JSON text without secrets; null: absent, or never kept (see values_told)")
    declared: str | None
    values_told: bool = Field(description="false: only that it differs is known; Terraform's values are never kept")
    managers: list[str] = Field(description="that own the field")


class BlindSpotOf(Shape):
    id: UUID
    number: int
    layer: LayerWord
    source: str
    application: str | None
    workspace: str | None
    environment: str
    cls: str = Field(alias="class")
    why: Literal["unknown", "stale", "frozen", "skipped", "unread"]
    because: str
    since_after: datetime | None = Field(description="when it was last known to be compared")
    since_before: datetime = Field(description="when it was noticed")
    ended_at: datetime | None = Field(description="null: it still is")


class EpisodeOf(Shape):
    id: UUID
    number: int = Field(description="ledger index of the event that told it first")
    layer: LayerWord
    source: str
    subject: DriftSubject
    project: str | None
    destination: str | None = Field(description="cluster/namespace")
    environment: str
    cls: str = Field(alias="class")
    state: Literal["open", "closed", "unknown"] = Field(description="unknown: nobody can tell whether it still stands")
    drift: bool = Field(description="false: a commit that is not deployed yet, or an object that waits to be pruned")
    size: int = Field(description="how many resources an assessment counts, or how many self-heals were lost; else 1")
    counted: bool = Field(description="only their number is known: neither what differed, nor for how long")
    onset_after: datetime | None = Field(description="when it was last seen as declared; null: never, or not known")
    onset_before: datetime = Field(description="when it was seen to differ")
    ended_after: datetime | None = Field(description="when it was last seen to differ")
    ended_at: datetime | None = Field(description="when it was seen, or told, to be as declared again")
    ended_by: str | None
    ended_operation: str | None
    ended_because: str | None
    unknown_since: datetime | None
    unknown_because: str | None
    as_of: datetime = Field(description="the now that lengths are told for")
    exposure_seconds: float | None = Field(
        description="from onset_before to ended_at, or to as_of while it is open; null where it cannot be known"
    )
    exposure_least_seconds: float = Field(description="between the first and the last look that saw it differ")
    exposure_most_seconds: float | None = Field(description="between the looks around it that saw it as declared; null: no bound")
    limit_seconds: float | None = Field(description="null: no limit is set for its environment, or it is no drift")
    over_limit: bool | None = Field(description="null: no limit applies, or it cannot be known")
    cause: str
    because: str | None
    ruled_out: list[CauseOf]
    possible: list[CauseOf] = Field(description="causes that hold beside it, or that what is known does not rule out")
    manager: str | None = Field(description="the program that wrote it, as far as that is known")
    managers: list[ProgramOf]
    person: str | None
    person_because: str | None = Field(description="how the person is known, or why nobody is")
    changes: list[FieldOf] | None = Field(description="null: what differs was never seen; empty: no field does (missing, extra)")
    looked_at: datetime | None
    revisions: list[str] = Field(description="what it was compared with")
    manifests: str | None = Field(description="digest of the raw payload that holds both states")
    auto_sync: bool | None
    self_heal: bool | None
    blind_spots: list[BlindSpotOf] = Field(description="times while it stood, or may have stood, in which nobody could tell")
    change: UUID | None = Field(description="the change that stands on this drift")
    change_number: int | None
    ended_change: UUID | None = Field(description="the change whose operation or run ended it")
    ended_change_number: int | None
    events: list[int] = Field(description="ledger indexes of events that tell it")


class ComparedOf(Shape):
    as_declared: int
    differ: int
    unknown: int = Field(description="their comparison says nothing now")
    never_compared: int
    oldest_look: datetime | None = Field(
        description="the oldest of the last comparisons, of those as declared, that told something; later ones found the same"
    )


class Drifts(Shape):
    items: list[EpisodeOf]
    next: str | None = Field(description="`cursor` of the next page; null at the end")
    sentence: str
    compared: ComparedOf = Field(description="how many applications and workspaces there are, by how each stands now")


class BlindSpots(Shape):
    items: list[BlindSpotOf]
    next: str | None
    sentence: str
