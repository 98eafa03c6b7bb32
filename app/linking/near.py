"""A neighbourhood, asked by name."""

from collections.abc import Iterable
from dataclasses import dataclass

from app.domain.change import CommitPulls, CommitRange, Drift, Entity, PullOf, PullRequest, Push

MERGES = ("pr_merge", "merge_queue_merge")


@dataclass(frozen=True, slots=True)
class Near:
    pull_requests: tuple[PullRequest, ...]
    ranges: tuple[CommitRange, ...]
    associations: tuple[CommitPulls, ...]
    drifts: tuple[Drift, ...]
    pushes: tuple[Push, ...] = ()

    def numbered(self, repository: str | None, number: int | None) -> list[PullRequest]:
        return [pr for pr in self.pull_requests if number and pr.number == number and _same(pr.repository, repository)]

    def merged_as(self, repository: str | None, sha: str | None) -> list[PullRequest]:
        """Merged pull requests whose merge made this very commit."""
        found = [pr for pr in self.pull_requests if sha and pr.merge_commit == sha and _same(pr.repository, repository)]
        return [pr for pr in found if pr.state == "merged"]

    def containing(self, repository: str | None, sha: str | None) -> list[PullRequest]:
        """Pull requests of which this is the head or another commit."""
        found = [pr for pr in self.pull_requests if sha and (pr.head_oid == sha or sha in pr.commits)]
        return [pr for pr in found if _same(pr.repository, repository)]

    def associated(self, repository: str | None, sha: str | None) -> list[PullOf]:
        """What the Git host says of this commit: the merged pull requests, the one whose merge commit it is before all others."""
        told = [told for told in self.associations if sha and told.sha == sha and _same(told.repository, repository)]
        pulls = [pull for one in told for pull in one.pulls if pull.merged] or self._landed(repository, sha)
        return [pull for pull in pulls if pull.merge_commit == sha] or pulls

    def _landed(self, repository: str | None, sha: str | None) -> list[PullOf]:
        """The one pull request whose merge moved the branch over this commit: each commit of a rebase merge is its."""
        merges = [p for p in self.pushes if p.status in MERGES and len(p.pulls) == 1 and sha in p.commits]
        found = {(push.repository, push.pulls[0], push.branch) for push in merges if _same(push.repository, repository)}
        return [PullOf(where, number, True, into) for where, number, into in sorted(found)]

    def pushed(self, repository: str | None, sha: str | None, branch: str | None = None) -> list[Push]:
        """Direct pushes that brought this commit; where a branch is followed and one of them went there, only those."""
        found = [
            push for push in self.pushes if sha and push.direct and sha in push.unproposed and _same(push.repository, repository)
        ]
        found = [push for push in found if branch in push.branches] or found
        first = min((push.at for push in found), default=None)
        return [push for push in found if push.at == first]

    def forced(self, repository: str | None, sha: str | None) -> list[Push]:
        """Force pushes that made this commit the tip."""
        return [push for push in self.pushes if sha and push.forced and push.after == sha and _same(push.repository, repository)]

    def pushed_directly(self, repository: str | None, sha: str | None) -> bool:
        """The Git host was asked about this commit and knows no merged pull request of it."""
        told = [told for told in self.associations if sha and told.sha == sha and _same(told.repository, repository)]
        return (bool(told) or bool(self.pushed(repository, sha))) and not self.associated(repository, sha)


def _same(one: str | None, other: str | None) -> bool:
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
    )
