"""Whether two actors are one person. Equal user names in two systems are not: only a resolved identity joins them."""

from app.domain.actor import Actor, ActorKind
from app.domain.approval import Approval, approvals, same_account
from app.domain.change import Change, PullRequest

Placed = tuple[str, Actor]  # source and actor


def resolved(change: Change, source: str, actor: Actor) -> str | None:
    """The person behind an actor, as the identities resolved it; None while it is not."""
    for person in change.people:
        same = person.id == actor.id if person.id and actor.id else person.name == actor.name
        if person.source == source and same and person.person:
            return person.person
    return None


def same_person(change: Change, one: Placed, other: Placed) -> bool | None:
    """None when the record cannot tell."""
    known = resolved(change, *one), resolved(change, *other)
    if known[0] and known[1]:
        return known[0] == known[1]
    return same_account(one[1], other[1]) if one[0] == other[0] else None


def weighed(change: Change, pull_request: PullRequest, **when: object) -> tuple[Approval, ...]:
    """`approvals` with the resolved identities of the change. `at=` as there."""

    def same(one: Actor, other: Actor) -> bool | None:
        return same_person(change, (pull_request.source, one), (pull_request.source, other))

    return approvals(pull_request, same=same, **when)  # type: ignore[arg-type]


def contributors(pull_request: PullRequest) -> list[Placed]:
    """The author and everyone whose work is in it, but for bots: a bot is nobody's second person."""
    actors = [pull_request.author] if pull_request.author else []
    return [(pull_request.source, actor) for actor in (*actors, *pull_request.contributors) if actor.kind is not ActorKind.BOT]


def worked(change: Change) -> list[Placed]:
    """Everyone whose work this is: of its pull request, else of the push that brought it. Empty where neither is there."""
    if change.pull_requests:
        return contributors(change.pull_requests[0])
    push = change.push
    if push is None:
        return []
    pusher = [push.pusher] if push.pusher and push.pusher.kind is not ActorKind.UNKNOWN else []
    return [(push.source, actor) for actor in (*pusher, *push.authors) if actor.kind is not ActorKind.BOT]


def called(actor: Actor) -> str:
    return actor.name or actor.id or "somebody unnamed"
