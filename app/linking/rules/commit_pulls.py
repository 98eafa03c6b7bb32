"""The Git host associates the commit with a merged pull request (a rebase merge, a merged branch), or it is one of its commits.

The association with the very merge commit goes first, then the one that merged into the tracked branch. Where several are
left, each is assumed: the host does not say which of them brought the commit.
"""

from app.domain.change import Link, PullRequest, Strength
from app.linking.near import Member, Near


def commit_pulls(
    member: Member,
    repository: str | None,
    sha: str | None,
    near: Near,
    branch: str | None = None,
    *,
    strict: bool = False,
) -> list[Link]:
    """`strict`: only those that the host says were merged into `branch`."""
    told = near.associated(repository, sha)
    tracked = [pull for pull in told if branch and pull.base == branch]
    chosen = tracked if strict else tracked or told
    found = {pr.key: pr for pull in chosen for pr in near.numbered(pull.repository, pull.number)}
    if not told and not strict:
        found = {pr.key: pr for pr in near.containing(repository, sha)}
    strength = Strength.DERIVED if len(found) == 1 else Strength.ASSUMED
    return [
        Link(member.key, pr.key, "commit of a pull request", strength, _because(str(sha), pr, bool(told), len(found)))
        for pr in found.values()
    ]


def _because(sha: str, pr: PullRequest, told: bool, count: int) -> str:
    name = f"{pr.repository}#{pr.number}"
    if count > 1:
        return f"commit {sha[:12]} is associated with {count} pull requests, {name} among them; which one brought it is not known"
    return f"the Git host associates commit {sha[:12]} with {name}" if told else f"commit {sha[:12]} is a commit of {name}"
