"""The people of a change, as the bank's list resolves them. What the list does not say stays unresolved."""

from collections.abc import Mapping
from dataclasses import replace

from app.domain.actor import Actor, ActorKind, Person
from app.domain.change import Change, Operation, PullRequest, Run
from app.domain.identity import Identities


def resolve(change: Change, identities: Identities, kinds: Mapping[str, str]) -> Change:
    """`kinds`: source name → kind of source. Actors learn whether they are bots or services, people who they are."""
    if not identities.rows and not identities.same_username:
        return change

    def known(source: str, actor: Actor) -> Actor:
        row = identities.of(kinds.get(source, ""), actor)
        return replace(actor, kind=row.kind) if row and row.kind is not ActorKind.HUMAN else actor

    def maybe(source: str, actor: Actor | None) -> Actor | None:
        return known(source, actor) if actor else None

    def person(one: Person) -> Person:
        row = identities.of(kinds.get(one.source, ""), Actor(one.name, one.kind, one.id))
        return replace(one, person=row.person, kind=row.kind if row.kind is not ActorKind.HUMAN else one.kind) if row else one

    def pull_request(pr: PullRequest) -> PullRequest:
        return replace(
            pr,
            author=maybe(pr.source, pr.author),
            merger=maybe(pr.source, pr.merger),
            contributors=tuple(known(pr.source, actor) for actor in pr.contributors),
            reviews=tuple(replace(review, reviewer=known(pr.source, review.reviewer)) for review in pr.reviews),
        )

    def run(one: Run) -> Run:
        policy = tuple(replace(result, overridden_by=maybe(one.source, result.overridden_by)) for result in one.policy)
        return replace(one, creator=maybe(one.source, one.creator), confirmer=maybe(one.source, one.confirmer), policy=policy)

    def operation(one: Operation) -> Operation:
        return replace(one, initiator=maybe(one.source, one.initiator))

    return replace(
        change,
        pull_requests=tuple(map(pull_request, change.pull_requests)),
        runs=tuple(map(run, change.runs)),
        operations=tuple(map(operation, change.operations)),
        people=tuple(map(person, change.people)),
    )
