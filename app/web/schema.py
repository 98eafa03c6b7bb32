"""The shapes that the API answers with, for /api/v1/openapi.json. A field that is not known is null and never left out."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from app.web.schema_git import BranchRulesOf, DeployedOf, PullRequest, PushOf, Shape
from app.web.schema_plans import AwaitOf, HeldOf, LateOf, NeedOf, Plan, ResourceOf, ReviewedOf
from app.web.schema_sources import SourceList as SourceList
from app.web.schema_syncs import Sync

VerdictWord = Literal["pass", "fail", "exception", "not_applicable", "indeterminate"]
Role = Literal[
    "author", "contributor", "reviewer", "approver", "merger", "creator", "confirmer", "overrider", "initiator", "pusher"
]


class Person(Shape):
    name: str | None = Field(description="as the source names them")
    person: str | None = Field(description="who that is, where the identities file or an exact e-mail says so")
    role: Role
    source: str | None
    declared: bool = Field(description="only a commit says so; the source does not vouch for it")
    kind: str = Field(description="human, bot, service or unknown")
    account: str | None = Field(description="the most exact account it is, `<system>:<account>`, as /people names it")
    known_by: str | None = Field(description="which row of the list, or which decision, says who that is")


class Run(Shape):
    id: str
    workspace: str | None
    kind: str | None
    status: str | None = Field(description="Terraform Enterprise's own word")
    source: str | None
    created_at: datetime | None
    url: str | None


class PolicyResult(Shape):
    run: str | None
    set: str | None
    policy: str | None
    level: str | None
    verdict: str | None
    overridden_by: str | None
    overridden_at: datetime | None
    comment: str | None  # what the overrider gave as the reason
    description: str | None
    system: str | None  # sentinel, policy-evaluation or terraform-policy
    engine: str | None  # opa or sentinel, where a policy evaluation tells it
    check: str | None  # the id of the policy check or evaluation


class Apply(Shape):
    run: str | None
    at: datetime | None
    added: int | None
    changed: int | None
    destroyed: int | None


class ControlVerdict(Shape):
    control: str
    verdict: VerdictWord
    because: str


class Summary(Shape):
    passed: int = Field(alias="pass")
    fail: int
    exception: int
    not_applicable: int
    indeterminate: int


class Link(Shape):
    from_: str = Field(alias="from")
    to: str
    rule: str
    strength: Literal["exact", "derived", "assumed"]
    because: str


class Gap(Shape):
    what: str
    from_: datetime | None = Field(alias="from")
    to: datetime | None
    size: int | None
    because: str
    missing: Literal["absent", "unobserved", "pending"] | None


class SettingOf(Shape):
    name: str
    before: str | None
    after: str | None


class WorkspaceChange(Shape):
    workspace: str
    what: str = Field(description="changed, locked, unlocked, created, unavailable, deleted, returned, or state: made by no run")
    after: datetime | None = Field(description="it happened after this, where that is known")
    before: datetime | None
    settings: list[SettingOf]
    by: str | None
    because: str | None = Field(description="why it is not known who did it, or what else is told")
    serial: int | None = Field(description="of a state")
    url: str | None


class EnvironmentOf(Shape):
    name: str
    cls: str = Field(alias="class")


class Change(Shape):
    id: UUID
    number: int
    title: str
    environment: str
    cls: str = Field(alias="class")
    environments: list[EnvironmentOf]
    state: Literal["proposed", "in progress", "finished", "stopped"]
    verdict: VerdictWord
    opened_at: datetime
    finished_at: datetime | None
    at: datetime = Field(description="where it stands in the list")
    repository: str | None
    pull_requests: list[PullRequest]
    commits: list[str]
    people: list[Person]
    runs: list[Run]
    policy: list[PolicyResult]
    applies: list[Apply]
    syncs: list[Sync]
    drift: list[str]
    verdicts: list[ControlVerdict]
    summary: Summary
    links: list[Link]
    gaps: list[Gap]
    deployed: list[DeployedOf] = Field(description="what its runs and syncs brought, commit by commit")
    push: PushOf | None = Field(description="the push without a pull request that it is")
    branch_rules: BranchRulesOf | None = Field(description="the change of rules that it is, or those in force at the merge")
    plans: list[Plan]
    resources: list[ResourceOf]
    resource_drift: list[ResourceOf]
    held: list[HeldOf] = Field(description="resources that a plan leaves as they are and that stand for an object we know")
    needs: list[NeedOf] = Field(description="the order across Terraform and Argo CD")
    late: list[LateOf] = Field(description="hints on the order within its syncs")
    reviewed: list[ReviewedOf]
    workspace_change: WorkspaceChange | None = Field(description="what was done to a workspace outside of its runs")


class WholeChange(Change):
    awaits: list[AwaitOf] = Field(description="paths of secret stores that its syncs wait for or its runs write; as it stands")


class Changes(Shape):
    items: list[Change]
    next: str | None = Field(description="`cursor` of the next page; null at the end")
    sentence: str


class Count(Shape):
    count: int
    sentence: str


class Subject(Shape):
    type: str
    id: str
    name: str | None
    url: str | None


class ActorOf(Shape):
    name: str | None
    person: str | None
    source: str | None
    id: str | None


class Event(Shape):
    id: UUID
    seq: int = Field(description="index of its leaf in the ledger")
    source: str
    kind: str
    step: str
    status: str = Field(description="the source's own word")
    known: bool = Field(description="false when that word is new to us")
    subject: Subject
    actor: ActorOf | None
    occurred_at: datetime
    observed_at: datetime
    recorded_at: datetime
    change: UUID | None
    facts: dict[str, Any] | None
    leaf_hash: str | None = Field(description="RFC 6962 leaf hash, hex")


class Events(Shape):
    items: list[Event]
    next: str | None
    sentence: str


class DecisionOf(Shape):
    decided_as: Literal["joined", "separated", "bot"]
    decided_by: str | None
    decided_at: datetime
    because: str
    entry: int = Field(description="index of its leaf in the ledger")


class AccountOf(Shape):
    account: str = Field(description="`<system>:<account>`; the account is `id:<number>`, a user name, or an address")
    system: str = Field(description="a source, or email; of an account that no change has, and the list names, the kind of source")
    name: str | None = Field(description="what the source calls it")
    stands: Literal["unresolved", "person", "bot", "service"]
    person: str | None
    known_by: str | None = Field(description="which row of the list, or which decision, says so")
    decision: DecisionOf | None
    declared: bool = Field(description="only commits say so")
    roles: list[str] = Field(description="in its newest change")
    changes: int
    newest_at: datetime | None
    newest_change: UUID | None
    newest_number: int | None


class People(Shape):
    items: list[AccountOf]
    next: str | None
    sentence: str


class CheckpointOf(Shape):
    size: int
    root: str = Field(description="hex")
    note: str = Field(description="C2SP signed note")
    sealed_at: datetime


class LedgerOf(Shape):
    origin: str
    vkey: str
    size: int
    checkpoint: CheckpointOf | None


class Proof(Shape):
    seq: int
    leaf: str = Field(description="RFC 8785 canonical JSON, the bytes that are hashed")
    leaf_hash: str
    checkpoint: CheckpointOf | None
    path: list[str] | None = Field(description="RFC 6962 audit path, hex; null when no checkpoint holds the entry yet")


class Problem(Shape):
    """RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    parameter: str | None = None
    position: int | None = Field(None, description="0-based character of `q` at which it stops making sense")
    nearest: str | None = Field(None, description="a key or value to try instead")


class WebhookAnswer(Shape):
    about: str = Field(description="what it was about, in the sender's words")
    due: list[str] = Field(description="the streams that are read now")
    replay: bool = Field(description="this very delivery was heard before, and nothing is done about it")


class Readiness(Shape):
    ready: bool
    checks: dict[str, str]


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """`responses=` of an operation: each error as application/problem+json."""
    said = {
        400: "a parameter or the body cannot be understood",
        401: "no signature or secret, or not the right one",
        404: "there is no such thing",
        413: "the body is too large",
        503: "the database does not answer",
    }
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"description": said[status], "content": content} for status in statuses}
