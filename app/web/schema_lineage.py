"""The shapes of /api/v1/lineage."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from app.web.schema_git import Shape

Standing = Literal["stale", "due", "fresh", "pinned", "unknown"]


class WriterOf(Shape):
    source: str
    workspace: str
    address: str = Field(description="the Terraform resource")
    type: str | None
    changed_at: datetime | None = Field(description="when the last run that changed the value was applied; null: none was read")
    changed_by: str | None = Field(description="that run")
    changed: Literal["changed", "perhaps"] | None = Field(description="perhaps: the plan does not tell whether the value changes")
    last_told_at: datetime = Field(description="the last act, or plan that left it as it was")
    last_told_by: str
    gone_at: datetime | None = Field(description="since when it writes the path no more")
    gone_by: str | None


class WorkloadOf(Shape):
    application: str
    kind: str
    name: str
    namespace: str | None
    uses: list[str] = Field(description="env, volume, pull or tls")
    restarted_at: datetime | None
    rolled_at: datetime | None = Field(description="when its last rollout ended")
    state: Standing
    state_because: str
    stale_since: datetime | None
    due_at: datetime | None


class ReaderOf(Shape):
    source: str
    application: str
    project: str | None
    destination: str | None = Field(description="cluster/namespace")
    kind: str
    name: str = Field(description="the ExternalSecret")
    namespace: str | None
    store: str | None
    store_kind: str | None
    provider: str | None = Field(description="null: the store is not among what was read")
    region: str | None
    key: str
    how: str = Field(description="data, extract or find")
    pattern: str | None
    properties: list[str] = Field(description="the parts of the value that it takes; empty: the whole")
    version: str | None
    declared: bool | None = Field(description="both sides name the path; false: it is inferred; null: nobody we watch writes it")
    match: Literal["exact", "derived", "inferred"] | None
    because: str | None
    secret: str | None = Field(description="the Secret that it makes")
    interval_seconds: int | None = Field(description="0: it never refreshes by itself; null: not known")
    refreshed_at: datetime | None
    ready: bool | None
    looked_at: datetime = Field(description="the comparison that all this is of")
    entry: int | None = Field(description="index of the leaf that told it")
    unread_because: str | None = Field(description="why it could not be looked at since")
    state: Standing
    state_because: str
    stale_since: datetime | None
    due_at: datetime | None = Field(description="when its schedule reads the change, or should have")
    workloads: list[WorkloadOf]


class LineageGap(Shape):
    what: str
    because: str


class PathOf(Shape):
    id: str
    system: str
    store: str
    path: str
    states: list[Literal["stale", "due", "unknown", "unwritten", "unread", "pinned", "fresh"]]
    writers: list[WriterOf]
    readers: list[ReaderOf]
    gaps: list[LineageGap]


class Lineage(Shape):
    items: list[PathOf]
    next: str | None
    sentence: str
    known_at: datetime | None = Field(description="when the ledger recorded its last entry; null: it has none")
