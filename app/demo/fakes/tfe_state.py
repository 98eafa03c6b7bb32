"""The state of the fake Terraform Enterprise: workspaces, and runs whose stages are reached at the times they are told.

Everything has an id drawn from the seed, so the same story gives the same ids. Acts raise ValueError when the run cannot take them.
"""

import hashlib
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from app import clock
from app.demo.fakes import tfe_policies, tfe_settings
from app.demo.fakes.tfe_audit import AuditTrail
from app.demo.fakes.tfe_plans import Plans

TOKEN = "tfe-demo-token"
ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
FINAL = {"planned_and_finished", "policy_soft_failed", "applied", "discarded", "errored", "canceled", "force_canceled"}


def identifier(prefix: str, *parts: object) -> str:
    """`run-` and 16 characters, the same for the same parts."""
    number = int.from_bytes(hashlib.sha256("/".join(map(str, (prefix, *parts))).encode()).digest(), "big")
    letters = []
    for _ in range(16):
        number, rest = divmod(number, len(ALPHABET))
        letters.append(ALPHABET[rest])
    return f"{prefix}-{''.join(letters)}"


@dataclass
class UserState:
    id: str
    username: str
    service: bool = False


@dataclass
class WorkspaceState:
    id: str
    name: str
    repository: str | None
    branch: str
    working_directory: str
    auto_apply: bool
    created_at: datetime
    updated_at: datetime
    terraform_version: str = "1.9.8"
    settings: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class PullRequestState:
    number: int
    title: str
    url: str = ""


@dataclass(frozen=True)
class PolicyState:
    """One policy's verdict. `level` is what the policy set says; the API tells it only in part."""

    set: str
    name: str
    passed: bool = True
    level: str = "hard-mandatory"
    description: str = ""


@dataclass
class CheckState:
    id: str
    policies: tuple[PolicyState, ...]
    status: str
    stamps: dict[str, datetime]
    scope: str = "organization"


@dataclass
class WorkState:
    """A plan or an apply."""

    id: str
    status: str = "pending"
    stamps: dict[str, datetime] = field(default_factory=dict)
    counts: tuple[int, int, int, int] | None = None  # added, changed, destroyed, imported

    def finish(self, status: str, started: datetime, at: datetime, counts: tuple[int, int, int, int] | None) -> None:
        key = {"finished": "finished-at", "errored": "errored-at", "canceled": "canceled-at"}[status]
        self.status, self.counts = status, counts
        self.stamps |= {"queued-at": started, "started-at": started, key: at}


@dataclass
class RunEventState:
    id: str
    action: str
    at: datetime
    actor: UserState | None
    comment: str | None = None


@dataclass(kw_only=True)
class RunState:
    id: str
    workspace: WorkspaceState
    message: str
    created_at: datetime
    creator: UserState | None
    commit: str | None = None
    branch: str = "main"
    pull_request: PullRequestState | None = None
    sender: str | None = None
    operation: str = "plan_and_apply"
    source: str = "tfe-configuration-version"
    trigger_reason: str = "matched"
    auto_apply: bool = False
    status: str = "pending"
    stamps: dict[str, datetime] = field(default_factory=dict)
    checks: list[CheckState] = field(default_factory=list)
    stages: list[tfe_policies.StageState] = field(default_factory=list)
    terraform_policy: list[tfe_policies.Judgement] = field(default_factory=list)
    cost: dict[str, Any] | None = None
    events: list[RunEventState] = field(default_factory=list)
    confirmed_by: UserState | None = None
    canceled_by: UserState | None = None

    def __post_init__(self) -> None:
        bare = self.id.removeprefix("run-")
        self.planned, self.applied = WorkState(f"plan-{bare}"), WorkState(f"apply-{bare}")
        self.configuration, self.ingress = f"cv-{bare}", f"ia-{bare}" if self.commit else None
        self.note("created", self.created_at, self.creator)

    @property
    def plan_only(self) -> bool:
        return self.operation == "plan_only"

    @property
    def evaluations(self) -> list[tfe_policies.Judgement]:
        return [one for stage in self.stages for one in stage.evaluations]

    @property
    def final(self) -> bool:
        return self.status in FINAL

    def note(self, action: str, at: datetime, actor: UserState | None, comment: str | None = None) -> None:
        """A line of the run's timeline."""
        self.events.append(RunEventState(identifier("re", self.id, len(self.events)), action, at, actor, comment))

    def comment(self, at: datetime, by: UserState, text: str) -> None:
        self.note("commented", at, by, text)

    def plan(
        self,
        at: datetime,
        added: int = 0,
        changed: int = 0,
        destroyed: int = 0,
        imported: int = 0,
        *,
        seconds: int = 20,
        awaits_policy: bool = False,
    ) -> None:
        """The plan finished at `at`. Without changes, or with nothing to wait for, the run is over."""
        started = max(self.created_at, at - timedelta(seconds=seconds))
        self.reach("plan_queued", started)
        self.reach("planning", started)
        self.reach("planned", at)
        counts = (added, changed, destroyed, imported)
        self.planned.finish("finished", started, at, counts)
        if not any(counts) or (self.plan_only and not awaits_policy):
            self.reach("planned_and_finished", at)

    def policy(self, at: datetime, policies: Sequence[PolicyState]) -> None:
        """The policy check's verdict at `at`, and what it makes of the run."""
        hard = any(not p.passed and p.level == "hard-mandatory" for p in policies)
        soft = any(not p.passed and p.level == "soft-mandatory" for p in policies)
        status = "hard_failed" if hard else "soft_failed" if soft else "passed"
        stamps = {"queued-at": at - timedelta(seconds=2), f"{status.replace('_', '-')}-at": at}
        self.checks.append(CheckState(identifier("polchk", self.id, len(self.checks)), tuple(policies), status, stamps))
        if hard:
            self.reach("errored", at)
        elif soft and self.plan_only:
            self.reach("policy_soft_failed", at)
        elif soft:
            self.status = "policy_override"  # it has no timestamp of its own
        else:
            self.reach("policy_checked", at)
            if self.plan_only:
                self.reach("planned_and_finished", at)

    def evaluate(self, at: datetime, policies: Sequence[PolicyState], *, kind: str = "opa") -> None:
        """A policy evaluation in the stage after the plan; what else can happen there is in `tfe_policies`."""
        tfe_policies.evaluate(self, at, policies, kind=kind)

    def override(self, at: datetime, by: UserState, comment: str | None = None) -> None:
        """Someone with the permission lets a soft-mandatory failure pass."""
        check = self.checks[-1] if self.checks else None
        if check is None or check.status != "soft_failed":
            raise ValueError(f"{self.id} has no policy check that waits for an override")
        check.status, check.stamps["overridden-at"] = "overridden", at
        self.note("overridden", at, by, comment)
        self.reach("policy_checked", at)

    def confirm(self, at: datetime, by: UserState | None, comment: str | None = None) -> None:
        """Confirmed by a person, or by auto-apply when `by` is None."""
        if by is None and not self.auto_apply:
            raise ValueError(f"{self.id} is not applied by itself; who confirmed it?")
        self.confirmed_by = by
        if by:
            self.note("confirmed", at, by, comment)
        self.reach("confirmed", at)

    def apply(self, at: datetime, counts: tuple[int, int, int, int] | None = None, *, seconds: int = 60) -> None:
        """Applied at `at`, by default what was planned."""
        self._applying(at, seconds)
        self.applied.finish("finished", self.stamps["applying-at"], at, counts or self.planned.counts)
        self.reach("applied", at)

    def error(
        self, at: datetime, stage: str = "plan", counts: tuple[int, int, int, int] | None = None, *, seconds: int = 30
    ) -> None:
        """It failed, in the plan or in the apply; `counts` are what a failed apply did change."""
        if stage == "apply":
            self._applying(at, seconds)
            self.applied.finish("errored", self.stamps["applying-at"], at, counts or (0, 0, 0, 0))
        else:
            started = max(self.created_at, at - timedelta(seconds=seconds))
            self.reach("plan_queued", started)
            self.reach("planning", started)
            self.planned.finish("errored", started, at, None)
        self.reach("errored", at)

    def discard(self, at: datetime, by: UserState, comment: str | None = None) -> None:
        self.note("discarded", at, by, comment)
        self.reach("discarded", at)

    def cancel(self, at: datetime, by: UserState, comment: str | None = None) -> None:
        self.canceled_by = by
        self.note("canceled", at, by, comment)
        self.reach("canceled", at)

    def _applying(self, at: datetime, seconds: int) -> None:
        before = max(self.stamps.get("confirmed-at", self.created_at), at - timedelta(seconds=seconds))
        self.reach("apply_queued", before)
        self.reach("applying", before)

    def reach(self, status: str, at: datetime) -> None:
        if self.final:
            raise ValueError(f"{self.id} is {self.status} and cannot become {status}")
        self.status = status
        self.stamps[f"{status.replace('_', '-')}-at"] = at


@dataclass
class Failure:
    status: int
    left: int
    body: str | None
    headers: Mapping[str, str]
    path: str  # only requests whose path holds this


class TfeState:
    """What the fake serves, and its knobs: `page_size`, `missing`, `includes`, `throttle()`, `fail_next()`, `tick()`.

    `missing` names endpoints that answer 404 (organization-runs, policy-checks, run-events, task-stages, users).
    """

    def __init__(
        self,
        organization: str = "bank-platform",
        token: str = TOKEN,
        seed: int = 1,
        now: Callable[[], datetime] = clock.now,
        created_at: datetime | None = None,
    ) -> None:
        self.organization, self.token, self.seed, self.now = organization, token, seed, now
        self.created_at = created_at or now()
        self.version = "1.1.0"
        self.workspaces: list[WorkspaceState] = []
        self.runs: list[RunState] = []
        self.users: dict[str, UserState] = {}
        self.page_size = 100
        self.lists_per_minute = 30
        self.plan_only_by_default = False
        self.missing: set[str] = set()
        self.includes = {
            *("plan", "apply", "created_by", "cost_estimate", "workspace", "task_stages"),
            *("configuration_version", "configuration_version.ingress_attributes"),
        }
        self.requests: list[tuple[str, str]] = []  # path and query of each
        self.lists: deque[datetime] = deque()
        self.failures: list[Failure] = []
        self.scheduled: list[tuple[datetime, Callable[[], None]]] = []
        self.lock = threading.RLock()
        self.plans = Plans()  # what plans hold and applies logged
        self.policies = tfe_policies.Policies()
        self.audit = AuditTrail()
        self.estate = tfe_settings.Estate()
        self.by_id: dict[str, RunState] = {}

    def user(self, username: str, *, service: bool = False) -> UserState:
        """The account of that name, made when it is new."""
        with self.lock:
            if username not in self.users:
                self.users[username] = UserState(identifier("user", self.seed, username), username, service)
            return self.users[username]

    def add_workspace(
        self,
        name: str,
        repository: str | None = None,
        working_directory: str = "",
        auto_apply: bool = False,
        branch: str = "main",
        created_at: datetime | None = None,
    ) -> WorkspaceState:
        at = created_at or self.created_at
        key = identifier("ws", self.seed, name)
        one = WorkspaceState(key, name, repository, branch, working_directory, auto_apply, at, at)
        with self.lock:
            self.workspaces.append(one)
        return one

    def add_run(
        self,
        workspace: WorkspaceState | str,
        message: str,
        at: datetime,
        creator: str | UserState | None,
        commit: str | None = None,
        pr: PullRequestState | None = None,
        *,
        speculative: bool = False,
        operation: str = "plan_and_apply",
        source: str | None = None,
        sender: str | None = None,
        branch: str | None = None,
        auto_apply: bool | None = None,
        id: str | None = None,
    ) -> RunState:
        """A pending run, created at `at`; its stages are reached by its own methods. Newest runs are listed first."""
        with self.lock:
            place = self.workspace_named(workspace) if isinstance(workspace, str) else workspace
            run = RunState(
                id=id or identifier("run", self.seed, place.name, len(self.runs)),
                workspace=place,
                message=message,
                created_at=at,
                creator=self.user(creator) if isinstance(creator, str) else creator,
                commit=commit,
                branch=branch or place.branch,
                pull_request=pr,
                sender=sender,
                operation="plan_only" if speculative else operation,
                source=source or ("tfe-configuration-version" if commit else "tfe-api"),
                trigger_reason="matched" if commit else "manual",
                auto_apply=place.auto_apply if auto_apply is None else auto_apply,
            )
            run.stamps["plan-queueable-at"] = at
            self.runs.append(run)
            self.by_id[run.id] = run
            return run

    def run_by(self, key: str) -> RunState | None:
        """The run of this id while it is there."""
        found = self.by_id.get(key)
        return found if found is None or len(self.runs) == len(self.by_id) or any(run is found for run in self.runs) else None

    def workspace_named(self, name: str) -> WorkspaceState:
        return next(one for one in self.workspaces if one.name == name)

    def throttle(self, n: int = 1, reset: float = 0.2, path: str = "") -> None:
        """The next `n` requests get 429, to be tried again in `reset` seconds."""
        headers = {"x-ratelimit-limit": "30", "x-ratelimit-remaining": "0", "x-ratelimit-reset": f"{reset:.3f}"}
        self.fail_next(429, n, headers=headers, path=path)

    def fail_next(
        self, status: int, n: int = 1, body: str | None = None, *, headers: Mapping[str, str] | None = None, path: str = ""
    ) -> None:
        """The next `n` requests whose path holds `path` answer `status` with `body` (an error document when None)."""
        self.failures.append(Failure(status, n, body, headers or {}, path))

    def schedule(self, at: datetime, act: Callable[[], None]) -> None:
        """`act` is done by the first `tick` at or after `at`."""
        self.scheduled.append((at, act))

    def tick(self, now: datetime | None = None) -> int:
        """Do what has come due, in order of time; how many acts that was."""
        at = now or self.now()
        due = sorted((one for one in self.scheduled if one[0] <= at), key=lambda one: one[0])
        self.scheduled = [one for one in self.scheduled if one[0] > at]
        for _, act in due:
            with self.lock:
                act()
        return len(due)
