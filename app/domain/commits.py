"""What the Git host says of commits: what lies between two of them, which pull requests one came from, what moved a branch.

And what a run or a sync carried of it to a system.
"""

import re
from dataclasses import dataclass
from datetime import datetime

from app.domain.actor import Actor
from app.domain.workspace import Setting

COMMIT_ID = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")  # a full one: SHA-1, or SHA-256
MERGES = ("pr_merge", "merge_queue_merge")  # the host itself moved the branch, to land pull requests


@dataclass(frozen=True, slots=True)
class CommitRange:
    """What the Git host says lies between two revisions. `paths` holds, per path asked for, the commits that touch it."""

    key: str
    repository: str
    base: str
    head: str
    status: str
    commits: tuple[str, ...]
    paths: tuple[tuple[str, tuple[str, ...]], ...]
    complete: bool
    undone: tuple[str, ...] = ()  # in `base` and not in `head`: what was there before and is left out now


@dataclass(frozen=True, slots=True)
class PullOf:
    """A pull request that the Git host associates with a commit."""

    repository: str
    number: int
    merged: bool
    base: str | None = None
    merge_commit: str | None = None


@dataclass(frozen=True, slots=True)
class CommitPulls:
    key: str
    repository: str
    sha: str
    pulls: tuple[PullOf, ...]


@dataclass(frozen=True, slots=True)
class Landing:
    """The host moved a branch over these commits to land these pull requests."""

    branch: str
    pulls: tuple[int, ...]
    commits: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Push:
    """A branch that was moved. `direct`: some of its commits (`unproposed`) no pull request brought, or history was rewritten.

    `pusher` is who the Git host authenticated, never a commit's author; those are `authors`, as the commits declare them.
    """

    key: str
    source: str
    repository: str
    branches: tuple[str, ...]  # where it is watched; nearly always one
    before: str | None
    after: str
    status: str
    at: datetime
    pusher: Actor | None
    direct: bool | None
    forced: bool
    commits: tuple[str, ...] = ()
    unproposed: tuple[str, ...] = ()
    undone: tuple[str, ...] = ()  # commits that left the branch
    pulls: tuple[int, ...] = ()
    title: str = ""
    authors: tuple[Actor, ...] = ()
    because: str = ""
    url: str | None = None
    landed: tuple[Landing, ...] = ()  # what the host itself landed with this tip, by branch
    indirect: tuple[int, ...] = ()  # pull requests that this very push marked merged, whatever the branch asked for

    @property
    def root(self) -> bool:
        """It is a change of its own: made without a pull request, or nobody can say that it was not."""
        return self.direct is True or (self.direct is None and self.status not in MERGES)

    @property
    def branch(self) -> str:
        return self.branches[0] if self.branches else "a branch that is not named"


@dataclass(frozen=True, slots=True)
class HeadPush:
    """The head of a pull request was moved. `pusher` is unknown where the host does not tell."""

    at: datetime
    pusher: Actor | None
    before: str | None
    after: str | None
    forced: bool


@dataclass(frozen=True, slots=True)
class Check:
    """A check of one head. `status` is its conclusion, or its state while there is none; `required` None: not told, `because`.

    A nameless one stands for the whole head: `none` (the host has no check of it), `unavailable` (it could not be asked).
    """

    name: str
    status: str
    head: str | None
    required: bool | None
    at: datetime
    started_at: datetime | None = None
    completed_at: datetime | None = None
    app: str = ""
    because: str = ""


@dataclass(frozen=True, slots=True)
class BranchRules:
    """What a branch asked for, as seen at `at`; None where that is not told. `changed`: what became of each rule since before.

    `kind` is the event's status: seen, changed, unavailable. `weaker` are the names of rules that let more through than before.
    """

    key: str
    source: str
    repository: str
    branch: str
    kind: str
    at: datetime
    protected: bool | None = None
    required_approvals: int | None = None
    required_checks: tuple[str, ...] | None = None
    force_pushes: bool | None = None
    admins_included: bool | None = None
    told: tuple[tuple[str, str], ...] = ()  # every rule that is told, as text
    changed: tuple[Setting, ...] = ()
    weaker: tuple[str, ...] = ()
    stronger: tuple[str, ...] = ()
    actor: Actor | None = None
    because: str = ""
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Carried:
    """One commit of a deployed range. `by` are the roots that brought it: pull requests, or the direct push; none: not known."""

    sha: str
    by: tuple[str, ...]
    direct: bool = False
    undone: bool = False  # it was there before, and is left out now


@dataclass(frozen=True, slots=True)
class DeployedRange:
    """What a run or a sync brought to a system from one repository.

    `status`: range (every commit is known) · tip (what lies before it is not known, `because`) · first (nothing was applied there
    before) · behind (it went back) · same (the commit that was there already).
    """

    member: str  # its entity key
    place: str  # workspace or application
    repository: str | None
    base: str | None
    head: str | None
    status: str
    paths: tuple[str, ...] = ()
    commits: tuple[Carried, ...] = ()
    because: str = ""


@dataclass(frozen=True, slots=True)
class Tenure:
    """A repository bore this name from then on (None: from before we looked). `id` is the host's own, which no rename changes."""

    source: str
    id: str
    name: str
    since: datetime | None


@dataclass(frozen=True, slots=True)
class Tenures:
    """Who bore which name when, of every repository of every Git host."""

    key: str
    held: tuple[Tenure, ...] = ()
