"""The shapes of what Git tells: pull requests, what was deployed by range, pushes, what a branch asks for."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Shape(BaseModel):
    model_config = ConfigDict(populate_by_name=True)


class CheckOf(Shape):
    name: str
    status: str = Field(description="the host's own conclusion, or its state while there is none")
    required: bool | None = Field(description="null when the host does not tell")
    head: str | None
    started_at: datetime | None
    completed_at: datetime | None
    counts: bool = Field(description="the last of its name that had ended at the merge")


class HeadPushOf(Shape):
    at: datetime
    by: str | None = Field(description="who pushed, as the host authenticated it; null when it does not tell")
    before: str | None
    after: str | None
    forced: bool


class PullRequest(Shape):
    repository: str | None
    number: int | None
    url: str | None
    title: str | None
    state: str | None
    base: str | None
    head: str | None
    head_commit: str | None
    merge_commit: str | None
    merged_at: datetime | None
    merged_by: str | None
    merge_method: str | None = Field(description="merge, squash, rebase, fast-forward, queue, train or push; null when not known")
    auto_merge_by: str | None = Field(description="who let the host merge it by itself")
    queued_at: datetime | None = Field(description="when it was last added to the merge queue")
    reverts: list[str] = Field(description="commits and pull requests that it says it reverts")
    cherry_picked_from: list[str]
    checks: list[CheckOf]
    pushes: list[HeadPushOf] = Field(description="of its head, as far as the host tells them")


class CarriedOf(Shape):
    sha: str
    brought_by: list[str] = Field(description="keys as in `links`; empty when nothing known brought it")
    direct: bool = Field(description="a push without a pull request brought it")
    undone: bool = Field(description="it was there before, and is left out now")


class DeployedOf(Shape):
    by: str = Field(description="the run or sync, a key as in `links`")
    place: str = Field(description="its workspace or application")
    repository: str | None
    base: str | None = Field(description="what was there before")
    head: str | None
    status: Literal["range", "tip", "first", "behind", "same"] = Field(
        description="range: every commit is told; tip: what lies before is not known; first: nothing was applied there before; "
        "behind: it went back; same: it was there already"
    )
    paths: list[str] = Field(description="what of the repository is watched: directories, or patterns of files")
    because: str | None
    commits: list[CarriedOf]


class PushOf(Shape):
    repository: str
    branch: str
    branches: list[str]
    before: str | None
    after: str
    at: datetime
    by: str | None = Field(description="who pushed, as the host authenticated it; null when it does not tell")
    forced: bool
    direct: bool | None = Field(description="null when the host cannot say whether a pull request brought it")
    commits: list[str] = Field(description="those that no merged pull request brought")
    undone: list[str] = Field(description="those that left the branch")
    merged: list[int] = Field(description="pull requests that this push marked merged")
    title: str | None
    because: str | None
    url: str | None


class BranchRule(Shape):
    name: str
    value: str


class BranchRuleChange(Shape):
    name: str
    before: str | None
    after: str | None


class BranchRulesOf(Shape):
    repository: str
    branch: str
    what: str = Field(description="seen, changed or unavailable")
    seen_at: datetime
    protected: bool | None
    required_approvals: int | None
    required_checks: list[str] | None
    rules: list[BranchRule]
    changed: list[BranchRuleChange]
    weaker: list[str] = Field(description="names of the rules that let more through than before")
    by: str | None
    because: str | None
