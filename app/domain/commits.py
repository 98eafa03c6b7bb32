"""What the Git host says of commits: what lies between two of them, which pull requests one came from, what moved a branch."""

from dataclasses import dataclass
from datetime import datetime

from app.domain.actor import Actor


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

    @property
    def branch(self) -> str:
        return self.branches[0] if self.branches else "a branch that is not named"
