"""What the fake GitLab keeps: users, projects, merge requests with their versions, notes, approvals and pipelines, events."""

import re
import zlib
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from app.demo.fakes.github_git import Git

MAINTAINER = 40  # https://docs.gitlab.com/api/access_requests/#valid-access-levels


@dataclass(frozen=True, slots=True)
class User:
    username: str
    name: str = ""

    @property
    def id(self) -> int:
        return zlib.crc32(self.username.encode())

    @property
    def email(self) -> str:
        return f"{self.username}@bank.example"


@dataclass(frozen=True, slots=True)
class Version:
    id: int
    head: str
    base: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Note:
    id: int
    body: str
    author: str
    at: datetime
    system: bool = True


@dataclass(frozen=True, slots=True)
class Turn:
    """A resource state event."""

    id: int
    state: str
    by: str
    at: datetime


@dataclass
class Pipeline:
    id: int
    sha: str
    status: str
    at: datetime
    finished_at: datetime | None = None
    source: str = "merge_request_event"


@dataclass
class MergeRequest:
    id: int
    iid: int
    title: str
    description: str
    author: str
    created_at: datetime
    updated_at: datetime
    source: str
    target: str
    base: str
    head: str
    labels: tuple[str, ...] = ()
    commits: list[str] = field(default_factory=list)
    versions: list[Version] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    turns: list[Turn] = field(default_factory=list)
    approved_by: dict[str, datetime] = field(default_factory=dict)
    reviewers: list[str] = field(default_factory=list)
    pipelines: list[Pipeline] = field(default_factory=list)
    external: list[dict[str, Any]] = field(default_factory=list)
    state: str = "opened"
    draft: bool = False
    squash: bool = False
    auto_merge: str | None = None  # who asked to merge when the pipeline succeeds
    merged_at: datetime | None = None
    merged_by: str | None = None
    closed_at: datetime | None = None
    closed_by: str | None = None
    merge_commit: str | None = None
    squash_commit: str | None = None
    landed: list[str] = field(default_factory=list)  # what the merge put on the target, as the database knows it


@dataclass
class Project:
    id: int
    path: str
    git: Git
    created_at: datetime
    default_branch: str = "main"
    settings: dict[str, Any] = field(default_factory=dict)
    merge_requests: dict[int, MergeRequest] = field(default_factory=dict)
    protected: dict[str, dict[str, Any]] = field(default_factory=dict)
    approvals: dict[str, Any] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)  # oldest first
    hidden: bool = False  # the token's account is no member

    @property
    def tip(self) -> str:
        return self.git.branches[self.default_branch]


@dataclass(frozen=True, slots=True)
class Planned:
    """An answer given instead of the true one, to a path that holds `path`, or in which the pattern is found."""

    status: int
    body: bytes
    headers: dict[str, str]
    path: str | re.Pattern[str] = ""

    def fits(self, path: str) -> bool:
        return self.path in path if isinstance(self.path, str) else bool(self.path.search(path))


def settings(merge_method: str) -> dict[str, Any]:
    """https://docs.gitlab.com/api/projects/#retrieve-a-project"""
    return {
        "merge_method": merge_method,  # merge, rebase_merge, ff
        "squash_option": "default_off",
        "only_allow_merge_if_pipeline_succeeds": True,
        "allow_merge_on_skipped_pipeline": False,
        "only_allow_merge_if_all_discussions_are_resolved": False,
        "merge_trains_enabled": False,
        "merge_pipelines_enabled": False,
        "archived": False,
        "visibility": "private",
        "runners_token": "GR1348941planted-runner-token-7f3a",
    }


def approval_settings() -> dict[str, Any]:
    """https://docs.gitlab.com/api/merge_request_approvals/#retrieve-approval-configuration-for-a-project"""
    return {
        "approvals_before_merge": 1,
        "reset_approvals_on_push": False,
        "selective_code_owner_removals": False,
        "disable_overriding_approvers_per_merge_request": True,
        "merge_requests_author_approval": False,
        "merge_requests_disable_committers_approval": True,
        "require_password_to_approve": False,
    }


def protection(name: str) -> dict[str, Any]:
    """https://docs.gitlab.com/api/protected_branches/"""
    level = {"access_level": MAINTAINER, "access_level_description": "Maintainers", "user_id": None, "group_id": None}
    return {
        "id": zlib.crc32(name.encode()),
        "name": name,
        "push_access_levels": [{"id": 1, **level, "deploy_key_id": None}],
        "merge_access_levels": [{"id": 2, **level}],
        "unprotect_access_levels": [{"id": 3, **level}],
        "allow_force_push": False,
        "code_owner_approval_required": False,
        "inherited": False,
    }
