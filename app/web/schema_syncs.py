"""The shape of an operation of Argo CD within a change, for /api/v1/openapi.json."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from app.web.schema_git import Shape


class SyncedResource(Shape):
    group: str | None
    kind: str
    namespace: str | None
    name: str
    phase: str | None = Field(description="PreSync, Sync, PostSync or SyncFail")
    wave: int | None = Field(description="null: not told, which is wave 0 unless it is a hook that is gone")
    hook: str | None
    hook_phase: str | None = Field(description="how a hook ended; null of what is no hook")
    status: str | None = Field(description="Synced, SyncFailed, Pruned or PruneSkipped; null while it is not known")
    message: str | None = Field(description="Argo CD's own")
    images: list[str]


class Named(Shape):
    group: str | None
    kind: str
    namespace: str | None
    name: str


class FailureOf(Shape):
    cause: str = Field(description="for example namespace-missing, kind-missing, forbidden, terminated; unknown where no form fits")
    words: str
    kind: str | None = Field(description="of what was missing or refused")
    group: str | None
    name: str | None
    of: Named | None = Field(description="the resource that failed")


class AttemptOf(Shape):
    number: int
    unseen: int = Field(description="attempts that failed between the one before and this, and were not seen")
    at: datetime | None
    message: str | None
    failures: list[FailureOf]
    resources: list[SyncedResource]
    resources_left: int


class HydratedFrom(Shape):
    """The dry commit that rendered manifests came from; `revision` null: not known, `because`."""

    repository: str | None
    path: str | None
    revision: str | None
    previous_revision: str | None
    known_by: str | None = Field(description="`pair`: the hydrator's own record; `reference`: the hydrated commit names it")
    because: str | None
    promoted_from: str | None = Field(description="the branch it was pushed to, where a pull request promotes it from there")


class RollingSyncOf(Shape):
    """The ApplicationSet whose rolling sync began it; `set` or `step` null: not known, `because`."""

    set: str | None
    step: str | None
    steps: int | None
    because: str | None


class ArtifactOf(Shape):
    """What a registry says of a chart or an OCI artifact; nothing of it is vouched for."""

    description: str | None
    home: str | None
    people: list[str] = Field(description="maintainers or authors, as it names them")
    created_at: str | None
    version: str | None
    repository: str | None = Field(description="that it says it was made from")
    commit: str | None
    because: str | None = Field(description="why nothing is told of it")


class SourceOf(Shape):
    repository: str | None
    path: str | None
    chart: str | None
    target_revision: str | None
    revision: str | None
    previous_revision: str | None = Field(description="what was deployed of it before; null: not known, or nothing")
    registry: str | None = Field(description="where a chart or an OCI artifact comes from")
    ref: str | None = Field(description="by which other sources name its files: it deploys nothing itself")
    artifact: ArtifactOf | None
    hydrated_from: HydratedFrom | None


class Sync(Shape):
    id: str
    application: str | None
    instance: str | None
    destination: str | None
    kind: str | None = Field(
        description="automated, manual, selective, prune, rollback, self-heal, dry-run, local, applicationset or injected"
    )
    kind_by: Literal["announcement", "record", "history", "silence"] | None = Field(
        description="how its kind is known; silence: nothing announced it"
    )
    perhaps: list[str] = Field(description="kinds that what is known of it fits as well")
    also: list[str] = Field(description="retry, force, replace, pruning")
    options: list[str] = Field(description="Argo CD's sync options, as they were given")
    partial: bool = Field(description="named resources only")
    phase: str | None
    message: str | None = Field(description="Argo CD's own")
    how: Literal["observed", "reconstructed", "inferred"]
    revision: str | None
    revisions: list[str]
    sources: list[SourceOf]
    started_at: datetime | None
    finished_at: datetime | None
    history_id: int | None
    back_to: int | None = Field(description="of a rollback: the history entry that it went back to")
    heal_attempt: int | None
    rolling_sync: RollingSyncOf | None
    initiator: str | None
    initiator_kind: str | None
    initiator_because: str | None = Field(description="why it is not known who began it")
    automated: bool | None
    retry_count: int
    waits_for: str | None
    waited_for: list[str] = Field(description="everything that it was seen to wait for while it ran")
    terminated: bool = Field(description="ended early")
    terminated_by: str | None
    terminated_because: str | None = Field(description="why it is not known who ended it, or on what ground Argo CD did")
    failures: list[FailureOf]
    attempts: list[AttemptOf] = Field(description="those that failed while it went on")
    resources: list[SyncedResource] = Field(description="in the order of execution")
    resources_left: int = Field(description="resources that a missing part of the record would have named")
    health: str | None = Field(description="within 10 minutes of its end")
    health_at: datetime | None
    url: str | None
