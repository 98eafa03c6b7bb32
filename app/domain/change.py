"""A change: everything that one proposal, or one act without a proposal, did to the bank's systems.

The root is a pull request where one is known; otherwise the run, the operation or the drift that stands alone and says so.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from app.canonical import stable_id
from app.domain.account import Met
from app.domain.actor import Actor, Person
from app.domain.application import Application as Application
from app.domain.commits import BranchRules as BranchRules
from app.domain.commits import Check as Check
from app.domain.commits import CommitPulls as CommitPulls
from app.domain.commits import CommitRange as CommitRange
from app.domain.commits import DeployedRange as DeployedRange
from app.domain.commits import HeadPush as HeadPush
from app.domain.commits import PullOf as PullOf
from app.domain.commits import Push as Push
from app.domain.commits import Tenures as Tenures
from app.domain.deployed import Artifact as Artifact
from app.domain.deployed import Deployed as Deployed
from app.domain.deployed import Dry as Dry
from app.domain.finding import Finding, Verdict
from app.domain.operation import Attempt as Attempt
from app.domain.operation import Failure as Failure
from app.domain.operation import Operation as Operation
from app.domain.operation import RollingSync as RollingSync
from app.domain.order import Late, Need
from app.domain.policy import PolicyResult
from app.domain.record import AlteredRecord as AlteredRecord
from app.domain.ref import Resource
from app.domain.resource import AppliedResource, Held, ModuleCall, ProviderUse, ResourceChange, Reviewed
from app.domain.windows import Expected, Window
from app.domain.workspace import Setting as Setting
from app.domain.workspace import WorkspaceAct as WorkspaceAct


class Strength(StrEnum):
    EXACT = "exact"  # both sides carry the same id
    DERIVED = "derived"  # follows from the record by a rule that has no other reading
    ASSUMED = "assumed"  # a heuristic, labelled as such


class Missing(StrEnum):
    """Why a step of the chain is not there."""

    ABSENT = "absent"  # it did not happen, and we would have seen it
    UNOBSERVED = "unobserved"  # it cannot be known
    PENDING = "pending"  # still to come


@dataclass(frozen=True, slots=True)
class Link:
    """`from_` and `to` are entity keys; `because` is one sentence with the shared key in it."""

    from_: str
    to: str
    rule: str
    strength: Strength
    because: str


@dataclass(frozen=True, slots=True)
class Gap:
    """A step that is missing: `what` in the field's words, between two times where known, with its size where it has one."""

    what: str
    because: str
    missing: Missing = Missing.ABSENT
    from_: datetime | None = None
    to: datetime | None = None
    size: int | None = None


@dataclass(frozen=True, slots=True)
class Review:
    reviewer: Actor
    state: str
    at: datetime
    commit: str | None = None
    id: str = ""  # the review's own id: a dismissal is a second state of the same review


@dataclass(frozen=True, slots=True)
class PullRequest:
    key: str
    source: str
    repository: str
    number: int
    title: str
    url: str | None
    state: str  # open · merged · closed
    opened_at: datetime | None
    merged_at: datetime | None
    closed_at: datetime | None
    author: Actor | None
    merger: Actor | None
    head: str | None
    base: str | None
    merge_commit: str | None
    commits: tuple[str, ...] = ()
    contributors: tuple[Actor, ...] = ()
    reviews: tuple[Review, ...] = ()
    labels: tuple[str, ...] = ()
    base_merges: tuple[str, ...] = ()  # of `commits`, those with two parents that say they merge the base branch
    head_oid: str | None = None  # the head as last seen; of a merged pull request the head that was merged
    reverts: tuple[str, ...] = ()  # commits (full ids) and pull requests (`owner/name#n`) that it says it reverts
    picks: tuple[str, ...] = ()  # commits that its commits say they were cherry-picked from
    merge_method: str | None = None  # merge · squash · rebase · fast-forward · queue · train · push; None: not known
    auto_merge_by: Actor | None = None  # who let the host merge it by itself once it could
    queued_at: datetime | None = None  # last added to the merge queue
    pushes: tuple[HeadPush, ...] = ()
    checks: tuple[Check, ...] = ()


@dataclass(frozen=True, slots=True)
class Run:
    key: str
    source: str
    id: str
    url: str | None
    workspace: str
    kind: str
    run_source: str
    status: str
    title: str
    created_at: datetime
    planned_at: datetime | None = None
    confirmed_at: datetime | None = None
    applied_at: datetime | None = None
    ended_at: datetime | None = None
    creator: Actor | None = None
    confirmer: Actor | None = None
    stopper: Actor | None = None
    auto_apply: bool = False
    repository: str | None = None
    pull_request: int | None = None
    commit: str | None = None
    vcs_sender: str | None = None
    plan: tuple[int, int, int] | None = None  # added, changed, destroyed
    apply: tuple[int, int, int] | None = None
    apply_status: str | None = None
    policy: tuple[PolicyResult, ...] = ()
    policy_status: str | None = None  # the source's word for all of its checks; None when none was evaluated
    policy_at: datetime | None = None
    policy_told: bool = True  # False: the source would not say whether any policy was checked
    policy_counts: tuple[int, int, int, int] | None = None  # passed, hard or mandatory failed or errored, soft, advisory failed
    speculative: bool = False
    applying_at: datetime | None = None
    apply_ended_at: datetime | None = None
    project: str | None = None
    resources: tuple[ResourceChange, ...] | None = None  # what the plan would do; None when that is not known
    resource_drift: tuple[ResourceChange, ...] | None = None  # what the plan found changed outside of Terraform
    resources_because: str = ""  # why `resources` is None, where that is told
    unchanged: int | None = None  # resources of which the plan says that nothing happens to them
    holds: tuple[Held, ...] | None = None  # of them those that stand for an object we know; None: never looked for
    modules: tuple[ModuleCall, ...] | None = None  # None: not told
    providers: tuple[ProviderUse, ...] | None = None
    apply_resources: tuple[AppliedResource, ...] | None = None  # None: not told by resource, only `apply` counts
    apply_because: str = ""  # why `apply_resources` is None, or what its log leaves open
    base: str | None = None  # the commit that was applied in its workspace before
    base_run: str | None = None
    base_status: str | None = None  # after · first · unknown; None when that was never told
    base_because: str = ""
    branch: str | None = None  # that its workspace follows
    paths: tuple[str, ...] = ()  # what its workspace watches: directories, or globs of files; '' is the whole repository

    @property
    def proposes_only(self) -> bool:
        """A plan that can never be applied."""
        return self.speculative or self.kind == "plan_only"

    @property
    def acted_at(self) -> datetime | None:
        """When it last changed a system: applied, or an apply that started and then failed. None: it changed nothing."""
        if self.applied_at:
            return self.applied_at
        if self.applying_at and self.apply_status in ("errored", "canceled", "finished"):
            return self.apply_ended_at or self.ended_at or self.applying_at
        return self.apply_ended_at if self.apply_status in ("errored", "finished") else None


@dataclass(frozen=True, slots=True)
class Drift:
    key: str
    source: str
    id: str
    application: str
    project: str | None
    destination: str | None
    onset_after: datetime | None
    onset_before: datetime
    ended_at: datetime | None
    ended_by: str | None
    resources: tuple[Resource, ...] = ()
    url: str | None = None
    managers: tuple[str, ...] = ()  # the field managers that wrote what differs, where the source names them
    workspace: str | None = None  # a Terraform workspace's: then there is no application, and `resources` are only counted
    count: int | None = None  # resources that differ, where only their number is told
    unknown_since: datetime | None = None  # nobody has looked since: it may have ended, or not
    unknown_because: str = ""

    @property
    def place(self) -> str:
        return self.application or self.workspace or ""


@dataclass(frozen=True, slots=True)
class HistoryGap:
    """Operations that were gone before they were read: how many is known, what they did is not.

    Full syncs by the numbers of the history entries that held them; self-heals (`heals`) have none, and are counted, as are
    operations of any kind that only Argo CD's own counter tells of (`counted`). `possible`:
    nobody saw whether there were any in that time, for the reason `because`: at most `at_most` (None: nothing bounds it).
    """

    key: str
    source: str
    id: str
    application: str
    project: str | None
    destination: str | None
    from_id: int | None
    to_id: int | None
    size: int
    at: datetime  # noticed
    after: datetime | None = None
    before: datetime | None = None
    heals: bool = False
    counted: bool = False
    possible: bool = False
    at_most: int | None = None
    because: str = ""

    @property
    def lost(self) -> str:
        """`4 syncs`, `1 self-heal`; `up to 3 operations`, `an unknown number of operations`."""
        if self.possible:
            bound = "an unknown number of" if self.at_most is None else f"up to {self.at_most:,}"
            return f"{bound} operation{'s' if self.at_most != 1 else ''}"
        noun = "self-heal" if self.heals else "operation" if self.counted else "sync"
        return f"{self.size} {noun}{'s' if self.size != 1 else ''}"

    @property
    def were(self) -> str:
        """Before `never seen`."""
        if self.possible:
            return "may have come and gone, and"
        return "was" if self.size == 1 else "were"

    @property
    def they(self) -> str:
        return "it" if (self.at_most if self.possible else self.size) == 1 else "they"


Entity = (
    PullRequest
    | Run
    | Operation
    | Drift
    | HistoryGap
    | AlteredRecord
    | CommitRange
    | CommitPulls
    | Push
    | WorkspaceAct
    | BranchRules
    | Tenures
    | Application
)


@dataclass(frozen=True, slots=True)
class Moment:
    """One line of a change's story: an event, in the source's own words."""

    event: UUID
    at: datetime
    step: str
    status: str
    source: str
    type: str
    says: str
    actor: Actor | None
    how: str
    seq: int
    known: bool = True


@dataclass(frozen=True, slots=True)
class Environment:
    name: str
    cls: str


UNCLASSIFIED = Environment("unclassified", "unclassified")


@dataclass(frozen=True, slots=True)
class EnvironmentRule:
    """Which workspaces, destinations (`cluster/namespace`) and projects are this environment; shell patterns, first rule wins.

    `windows`: when it is expected to be changed; none where no maintenance window is set for it.
    """

    name: str
    cls: str
    workspaces: tuple[str, ...] = ()
    destinations: tuple[str, ...] = ()
    projects: tuple[str, ...] = ()
    windows: tuple[Window, ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    id: UUID
    number: int
    root: str
    title: str
    environment: Environment
    opened_at: datetime
    finished_at: datetime | None
    at: datetime  # where it stands in the list: its last act on a system, else its opening
    state: str  # proposed · in progress · finished · stopped
    pull_requests: tuple[PullRequest, ...] = ()
    runs: tuple[Run, ...] = ()
    operations: tuple[Operation, ...] = ()
    drifts: tuple[Drift, ...] = ()
    people: tuple[Person, ...] = ()
    links: tuple[Link, ...] = ()
    gaps: tuple[Gap, ...] = ()
    story: tuple[Moment, ...] = ()
    findings: tuple[Finding, ...] = field(default=())
    verdict: Verdict = Verdict.INDETERMINATE
    environments: tuple[Environment, ...] = ()  # every one it touches, the most critical first; `environment` is the first
    history_gap: HistoryGap | None = None
    altered_record: AlteredRecord | None = None  # the root, where what was read is not what stands there now
    push: Push | None = None  # the root, where a branch was moved without a pull request
    rules: BranchRules | None = None  # the root, where what a branch asks for was changed; else what it asked for at the merge
    deployed: tuple[DeployedRange, ...] = ()  # what its runs and syncs brought, commit by commit
    workspace_act: WorkspaceAct | None = None  # the root, where a workspace was changed outside of its runs
    reviewed: tuple[Reviewed, ...] = ()  # each run that changes something, beside the plan that was reviewed
    accounts: tuple[Met, ...] = ()  # every account that took part, in any role
    needs: tuple[Need, ...] = ()  # what its syncs missed and its runs make: the order across layers
    late: tuple[Late, ...] = ()  # what its syncs apply after what needs it
    expected: tuple[Expected, ...] = ()  # when its acts were expected, where maintenance windows are set


def change_id(root: str) -> UUID:
    """The id of the change that stands on this entity key: the same on every rebuild."""
    return stable_id("change", root)
