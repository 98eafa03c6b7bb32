"""The shapes of how each stream stands, and what its source forgets next."""

from datetime import datetime

from pydantic import Field

from app.web.schema_git import Shape


class ForgottenOf(Shape):
    application: str
    what: str = Field(description="announcements, or history")
    forgets_at: datetime = Field(description="unless it is read before")


class BehindOf(Shape):
    application: str
    since: datetime
    because: str
    first: ForgottenOf | None


class AtRiskOf(Shape):
    captured_at: datetime = Field(description="by then everything was read but the news of those behind")
    applications: int = Field(description="that are not behind; `soonest` are the first of them")
    soonest: list[ForgottenOf]
    behind: list[BehindOf] = Field(description="applications with news that could not be read")


class StreamOf(Shape):
    source: str
    stream: str
    kind: str
    state: str
    error: str | None
    failures: int
    succeeded_at: datetime | None
    lag_seconds: float | None
    requests: int
    clock_offset_seconds: float | None
    forgets_after_seconds: float | None
    next_poll_at: datetime
    at_risk: AtRiskOf | None = Field(description="what its source forgets next, where that is known by application")


class GapOf(Shape):
    source: str
    stream: str
    from_: datetime = Field(alias="from")
    to: datetime


class LiveOf(Shape):
    source: str
    state: str = Field(description="connected, not connected, or off")
    since: datetime
    error: str | None
    retry_at: datetime | None
    told: int = Field(description="news so far; each makes a poll due")
    last_at: datetime | None
    last_about: str | None


class SourceList(Shape):
    items: list[StreamOf]
    next: None
    sentence: str
    gaps: list[GapOf] = Field(description="stretches of the last 14 days that nobody read")
    live: list[LiveOf] = Field(description="live streams that are held beside the polls")
