"""A pull request says that it reverts another, or was cherry-picked from one; a force push takes commits off its branch.

The hosts keep no link between them: only the text of a pull request or a commit says so, in Git's own sentences. It is a link
between two changes, never a membership, and both show it.
"""

from collections.abc import Iterator

from app.domain.change import Link, PullRequest, Push, Strength
from app.linking.near import Near
from app.linking.rules.brought import brought
from app.linking.rules.direct_push import told
from app.linking.rules.strength import strongest, weaker
from app.linking.tokens import pull_named

REVERTS, PICKED, UNDID = "reverts", "cherry-picked from", "took off the branch"
SAYS = {REVERTS: "says that it reverts", PICKED: "says that it was cherry-picked from"}


def of_others(pr: PullRequest, near: Near) -> list[Link]:
    """From this pull request to those it names, and to it from what names it or took it off its branch.

    `near` holds the pull request itself too.
    """
    mine = [*strongest(_named(pr, near, REVERTS)), *strongest(_named(pr, near, PICKED))]
    for other in near.pull_requests:
        if other.key != pr.key:
            theirs = [*strongest(_named(other, near, REVERTS)), *strongest(_named(other, near, PICKED))]
            mine += [link for link in theirs if link.to == pr.key]
    return mine + [link for push in near.pushes for link in took_off(push, near) if link.to == pr.key]


def took_off(push: Push, near: Near) -> list[Link]:
    """To what had brought the commits that a force push took off its branch."""
    found = []
    for sha in push.undone:
        for link in brought(push, push.repository, sha, near).links:
            because = f"{told(push)} left out commit {sha[:12]}: {link.because}"
            found.append(Link(push.key, link.to, UNDID, weaker(link.strength), because))
    return strongest(link for link in found if link.to != push.key)


def _named(pr: PullRequest, near: Near, rule: str) -> Iterator[Link]:
    for said in pr.reverts if rule == REVERTS else pr.picks:
        pull = pull_named(said)
        meant = [(other.key, Strength.EXACT, "") for other in near.numbered(*pull)] if pull else _commit(pr, said, near)
        for to, strength, how in meant:
            if to != pr.key:
                what = said if pull else f"commit {said[:12]}"
                yield Link(pr.key, to, rule, strength, f"{pr.repository}#{pr.number} {SAYS[rule]} {what}{how}")


def _commit(pr: PullRequest, sha: str, near: Near) -> list[tuple[str, Strength, str]]:
    found = brought(pr, pr.repository, sha, near).links
    return [(one.to, one.strength if one.rule == "merge commit" else weaker(one.strength), f": {one.because}") for one in found]
