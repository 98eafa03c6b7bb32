"""What the fake GitHub keeps: users, repositories, pull requests, reviews, timeline items, checks, activity, protection."""

import zlib
from dataclasses import dataclass, field
from datetime import datetime

from app.demo.fakes.github_git import Git


@dataclass(frozen=True, slots=True)
class User:
    login: str
    typename: str = "User"  # User, Bot, Mannequin
    name: str = ""

    @property
    def database_id(self) -> int:
        return zlib.crc32(self.login.encode()) & 0x7FFFFFFF  # GraphQL's Int has 32 bits, one for the sign


@dataclass
class Review:
    id: str
    author: str | None
    state: str
    submitted_at: datetime | None
    updated_at: datetime
    commit: str
    body: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    """A timeline item. `review`, `before`, `after`, `commit` are set where the kind has them."""

    typename: str
    id: str
    at: datetime
    actor: str | None
    review: str | None = None
    previous_state: str | None = None
    message: str | None = None
    before: str | None = None
    after: str | None = None
    stale_by: str | None = None
    enqueuer: str | None = None


NO_COMMIT = "0" * 40  # before a branch was there, and after


@dataclass(frozen=True, slots=True)
class Check:
    """A check run of `app`, or without one a commit status. `conclusion` None: not completed. `pusher`: whose push began it."""

    id: int
    name: str
    status: str
    conclusion: str | None
    started_at: datetime
    completed_at: datetime | None
    app: str | None
    pusher: str | None = None

    @property
    def node_id(self) -> str:
        return f"{'CR' if self.app else 'SC'}_{self.id}"


@dataclass(frozen=True, slots=True)
class Activity:
    """One entry of https://docs.github.com/en/rest/repos/repos#list-repository-activities."""

    id: int
    type: str  # push, force_push, branch_creation, branch_deletion, pr_merge, merge_queue_merge
    ref: str
    before: str
    after: str
    at: datetime
    actor: str | None


@dataclass(frozen=True, slots=True)
class Protection:
    """What a branch's protection asks for; `ruleset`: as a ruleset that every reader sees, else as a classic rule."""

    checks: tuple[str, ...] = ()
    approvals: int | None = None
    dismiss_stale: bool = False
    last_push: bool = False
    code_owners: bool = False
    admins: bool = True
    force_pushes: bool = False
    deletions: bool = False
    queue: bool = False
    ruleset: bool = False


@dataclass
class PullRequest:
    repository: str
    number: int
    title: str
    body: str
    author: str | None
    created_at: datetime
    updated_at: datetime
    branch: str
    base: str
    base_oid: str
    head: str
    labels: tuple[str, ...] = ()
    commits: list[str] = field(default_factory=list)
    reviews: list[Review] = field(default_factory=list)
    timeline: list[Item] = field(default_factory=list)
    state: str = "OPEN"
    merged_at: datetime | None = None
    closed_at: datetime | None = None
    merged_by: str | None = None
    merge_commit: str | None = None
    auto_merge: tuple[str, str, datetime] | None = None  # login, method, time
    draft: bool = False
    fork: str | None = None  # the repository of the head, where it is another one
    queued: datetime | None = None

    @property
    def id(self) -> str:
        return f"PR_{zlib.crc32(self.repository.encode()):08x}_{self.number}"


@dataclass
class Repository:
    name: str
    git: Git
    created_at: datetime
    default_branch: str = "main"
    permission: str = "READ"
    pull_requests: dict[int, PullRequest] = field(default_factory=dict)
    landed: dict[str, set[int]] = field(default_factory=dict)  # commit → pull requests it is associated with
    checks: dict[str, list[Check]] = field(default_factory=dict)  # by commit
    check_count: int = 0
    activity: list[Activity] = field(default_factory=list)
    protected: dict[str, Protection] = field(default_factory=dict)
    rules_updated: datetime | None = None

    @property
    def database_id(self) -> int:
        return zlib.crc32(f"{self.git.name}/{self.git.seed}".encode()) & 0x7FFFFFFF

    @property
    def id(self) -> str:
        return f"R_{self.database_id:08x}"

    @property
    def tip(self) -> str:
        return self.git.branches[self.default_branch]


@dataclass(frozen=True, slots=True)
class Planned:
    """An answer given instead of the true one."""

    status: int
    body: bytes
    headers: dict[str, str]
    path: str = ""
    operation: str = ""
