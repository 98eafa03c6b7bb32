"""The commit came with a push straight to a branch: no pull request that the Git host knows, merged there, brought it."""

from app.domain.actor import Actor
from app.domain.change import Link, Operation, Push, Run, Strength
from app.linking import facts
from app.linking.near import Member, Near

RULE, BACK = "direct push", "forced back"


def direct_push(member: Member, repository: str | None, sha: str | None, near: Near, branch: str | None = None) -> list[Link]:
    found = near.pushed(repository, sha, branch)
    strength = Strength.EXACT if len(found) == 1 else Strength.ASSUMED
    return [Link(member.key, push.key, RULE, strength, f"commit {str(sha)[:12]} came with {told(push)}") for push in found]


def perhaps(member: Member, repository: str | None, sha: str | None, near: Near) -> list[Link]:
    """A push that may have been direct: it is assumed, and why nobody can say is said."""
    return [
        Link(
            member.key,
            push.key,
            RULE,
            Strength.ASSUMED,
            f"commit {str(sha)[:12]} came with {told(push, '')}, and whether a pull request brought it there is not known",
        )
        for push in near.perhaps_pushed(repository, sha)
    ]


def forced_back(member: Run | Operation, repository: str | None, sha: str | None, before: str | None, near: Near) -> list[Link]:
    """History was rewritten and the branch followed: the member went back because the branch did."""
    found = [push for push in near.forced(repository, sha) if before in (push.before, *push.undone)]
    because = f"{member.id} went back to {str(sha)[:12]}, which {{}} had made the tip again"
    return [Link(member.key, push.key, BACK, Strength.EXACT, because.format(told(push))) for push in found]


def told(push: Push, straight: str = "straight ") -> str:
    """The act in a few words: who moved which branch from where to where."""
    how = "the force push" if push.forced else "the push"
    span = f"{push.before[:12]}..{push.after[:12]}" if push.before else f"of {push.after[:12]}"
    return f"{how} {span} {straight}to {push.branch} of {push.repository} by {pusher(push.pusher)}"


def pusher(who: Actor | None) -> str:
    return (who.name or str(who.id)) if who and facts.known(who) else "somebody unknown"
