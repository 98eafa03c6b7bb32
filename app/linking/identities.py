"""Who the actors of an entity are, as the bank's list resolves them. What the list does not say stays unresolved."""

from dataclasses import replace

from app.domain.actor import Actor, ActorKind
from app.domain.change import Entity, Operation, PullRequest, Run, WorkspaceAct
from app.domain.identity import Identities


def resolve(entity: Entity, identities: Identities, kind: str) -> Entity:
    """The entity with its actors resolved; `kind` is that of its source. Actors learn who they are, and whether bot or service."""
    who = Resolver(identities, kind)
    if isinstance(entity, PullRequest):
        return replace(
            entity,
            author=who.maybe(entity.author),
            merger=who.maybe(entity.merger),
            contributors=tuple(who.known(actor) for actor in entity.contributors),
            reviews=tuple(replace(review, reviewer=who.known(review.reviewer)) for review in entity.reviews),
        )
    if isinstance(entity, Run):
        policy = tuple(replace(result, overridden_by=who.maybe(result.overridden_by)) for result in entity.policy)
        return replace(
            entity,
            creator=who.maybe(entity.creator),
            confirmer=who.maybe(entity.confirmer),
            stopper=who.maybe(entity.stopper),
            policy=policy,
        )
    if isinstance(entity, Operation):
        return replace(entity, initiator=who.maybe(entity.initiator))
    if isinstance(entity, WorkspaceAct):
        return replace(entity, actor=who.maybe(entity.actor))
    return entity


class Resolver:
    """The bank's list, asked for one kind of source."""

    def __init__(self, identities: Identities, kind: str) -> None:
        self.identities, self.kind = identities, kind

    def known(self, actor: Actor) -> Actor:
        row = self.identities.of(self.kind, actor)
        if row is None:
            return actor
        return replace(actor, person=row.person, kind=actor.kind if row.kind is ActorKind.HUMAN else row.kind)

    def maybe(self, actor: Actor | None) -> Actor | None:
        return self.known(actor) if actor else None
