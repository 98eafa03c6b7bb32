"""A neighbourhood, asked by name."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from app.domain.change import (
    Application,
    BranchRules,
    CommitPulls,
    CommitRange,
    Drift,
    Entity,
    Operation,
    PullOf,
    PullRequest,
    Push,
    Run,
)

Member = Run | Operation | PullRequest | Push  # what a link may come from


@dataclass(frozen=True, slots=True)
class Near:
    pull_requests: tuple[PullRequest, ...]
    ranges: tuple[CommitRange, ...]
    associations: tuple[CommitPulls, ...]
    drifts: tuple[Drift, ...]
    pushes: tuple[Push, ...] = ()
    rules: tuple[BranchRules, ...] = ()
    runs: tuple[Run, ...] = ()  # that make or destroy what the member needs, or the same as it
    operations: tuple[Operation, ...] = ()  # that need what the member makes
    applications: tuple[Application, ...] = ()  # that deploy into what it makes

    def numbered(self, repository: str | None, number: int | None) -> list[PullRequest]:
        return [pr for pr in self.pull_requests if number and pr.number == number and same_repository(pr.repository, repository)]

    def merged_as(self, repository: str | None, sha: str | None) -> list[PullRequest]:
        """Merged pull requests whose merge made this very commit."""
        found = [pr for pr in self.pull_requests if sha and pr.merge_commit == sha and same_repository(pr.repository, repository)]
        return [pr for pr in found if pr.state == "merged"]

    def containing(self, repository: str | None, sha: str | None) -> list[PullRequest]:
        """Pull requests of which this is the head or another commit."""
        found = [pr for pr in self.pull_requests if sha and (pr.head_oid == sha or sha in pr.commits)]
        return [pr for pr in found if same_repository(pr.repository, repository)]

    def associated(self, repository: str | None, sha: str | None) -> list[PullOf]:
        """What the Git host says of this commit: the merged pull requests, the one whose merge commit it is before all others."""
        told = [told for told in self.associations if sha and told.sha == sha and same_repository(told.repository, repository)]
        pulls = [pull for one in told for pull in one.pulls if pull.merged] or self._landed(repository, sha)
        return [pull for pull in pulls if pull.merge_commit == sha] or pulls

    def _landed(self, repository: str | None, sha: str | None) -> list[PullOf]:
        """The pull requests whose merge moved the branch over this commit: each commit of a rebase merge is its one's.

        A merge queue may land several in one; which of them brought a commit of theirs it does not say.
        """
        mine = [
            (push.repository, one) for push in self.pushes for one in push.landed if same_repository(push.repository, repository)
        ]
        found = {(where, number, one.branch) for where, one in mine if sha in one.commits for number in one.pulls}
        return [PullOf(where, number, True, into) for where, number, into in sorted(found)]

    def undone(self, repository: str | None, sha: str | None) -> list[Push]:
        """Pushes that took this commit off a branch, in the order of time."""
        found = [push for push in self.pushes if sha and sha in push.undone and same_repository(push.repository, repository)]
        return sorted(found, key=lambda push: (push.at, push.key))

    def in_force(self, repository: str, branch: str | None, at: datetime | None) -> BranchRules | None:
        """What the branch asked for at that time, as it was seen last before; None where nobody had looked."""
        seen = [one for one in self.rules if same_repository(one.repository, repository) and one.branch == branch]
        before = [one for one in seen if at is None or one.at <= at]
        return max(before, key=lambda one: (one.at, one.kind != "seen", one.key), default=None)

    def pushed(self, repository: str | None, sha: str | None, branch: str | None = None) -> list[Push]:
        """Direct pushes that brought this commit; where a branch is followed and one of them went there, only those."""
        found = [
            push
            for push in self.pushes
            if sha and push.direct and sha in push.unproposed and same_repository(push.repository, repository)
        ]
        found = [push for push in found if branch in push.branches] or found
        first = min((push.at for push in found), default=None)
        return [push for push in found if push.at == first]

    def perhaps_pushed(self, repository: str | None, sha: str | None) -> list[Push]:
        """Pushes that moved a branch over this commit, of which nobody can say whether a pull request brought it."""
        mine = [push for push in self.pushes if push.root and push.direct is None and same_repository(push.repository, repository)]
        return [push for push in mine if sha and (sha in push.commits or sha == push.after)]

    def forced(self, repository: str | None, sha: str | None) -> list[Push]:
        """Force pushes that made this commit the tip."""
        return [
            push
            for push in self.pushes
            if sha and push.forced and push.after == sha and same_repository(push.repository, repository)
        ]

    def pushed_directly(self, repository: str | None, sha: str | None) -> bool:
        """The Git host was asked about this commit and knows no merged pull request of it."""
        told = [told for told in self.associations if sha and told.sha == sha and same_repository(told.repository, repository)]
        return (bool(told) or bool(self.pushed(repository, sha))) and not self.associated(repository, sha)


def same_repository(one: str | None, other: str | None) -> bool:
    return bool(one and other) and str(one).lower() == str(other).lower()


def near(neighbours: Iterable[Entity]) -> Near:
    """Sorted by key, so that no rule can depend on the order in which neighbours came."""
    known = sorted({entity.key: entity for entity in neighbours}.values(), key=lambda entity: entity.key)
    return Near(
        tuple(entity for entity in known if isinstance(entity, PullRequest)),
        tuple(entity for entity in known if isinstance(entity, CommitRange)),
        tuple(entity for entity in known if isinstance(entity, CommitPulls)),
        tuple(entity for entity in known if isinstance(entity, Drift)),
        tuple(entity for entity in known if isinstance(entity, Push)),
        tuple(entity for entity in known if isinstance(entity, BranchRules)),
        tuple(entity for entity in known if isinstance(entity, Run)),
        tuple(entity for entity in known if isinstance(entity, Operation)),
        tuple(entity for entity in known if isinstance(entity, Application)),
    )
