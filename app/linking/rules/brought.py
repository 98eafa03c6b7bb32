"""What brought one commit to where it was run or deployed from: the best answer there is, and what else names the commit.

In order: the pull request whose merge made this commit; those merged into the branch that is followed; the push that brought
it straight there; those the host associates with it otherwise (merged into another branch), or that list it; a push that may have
been direct.
"""

from dataclasses import dataclass

from app.domain.change import Link, Strength
from app.linking.near import Member, Near
from app.linking.rules.commit_pulls import commit_pulls
from app.linking.rules.direct_push import direct_push, perhaps
from app.linking.rules.merge_commit import merge_commit

ALSO = "also names the commit"


@dataclass(frozen=True, slots=True)
class Brought:
    """`links` lead home; `related` are pull requests that name the commit too, and did not bring it there."""

    links: tuple[Link, ...]
    related: tuple[Link, ...] = ()

    @property
    def roots(self) -> tuple[str, ...]:
        return tuple(sorted({link.to for link in self.links}))


def brought(member: Member, repository: str | None, sha: str | None, near: Near, branch: str | None = None) -> Brought:
    merged = merge_commit(member, repository, sha, near)
    pushed = [] if merged else direct_push(member, repository, sha, near, branch)
    target = branch or next((push.branch for push in near.pushed(repository, sha)), None)
    into = [] if merged else commit_pulls(member, repository, sha, near, target, strict=True)
    chosen = (
        merged or into or pushed or commit_pulls(member, repository, sha, near, branch) or perhaps(member, repository, sha, near)
    )
    others = [link for link in commit_pulls(member, repository, sha, near) if link.to not in {one.to for one in chosen}]
    return Brought(tuple(chosen), tuple(_also(link) for link in others))


def _also(link: Link) -> Link:
    return Link(link.from_, link.to, ALSO, Strength.ASSUMED, f"{link.because}, but did not bring it there")
