"""Who the actors of an entity are, as the bank's list and decisions resolve them. What nothing says stays unresolved."""

from collections.abc import Iterable
from dataclasses import replace

from app.domain.account import DECLARED, Account, Met, accounts_of
from app.domain.actor import Actor, ActorKind, Person
from app.domain.change import BranchRules, Entity, Operation, PullRequest, Push, Run, WorkspaceAct
from app.domain.identity import Identities


class Resolver:
    """The bank's list and decisions, asked about the actors of one source.

    `met` are the accounts that were asked about, resolved or not: by its most exact account, every account of an actor.
    """

    def __init__(self, identities: Identities, kind: str, source: str | None = None) -> None:
        self.identities, self.kind, self.source = identities, kind, source or kind
        self.met: dict[Account, tuple[Actor, tuple[Account, ...]]] = {}

    def known(self, actor: Actor) -> Actor:
        accounts = accounts_of(self.source, self.kind, actor, self.identities.hosts)
        if not accounts:
            return actor
        found = self.identities.of(accounts, actor)
        told = replace(actor, account=str(accounts[0]))
        if found:
            kind = actor.kind if found.kind is ActorKind.HUMAN else found.kind
            told = replace(told, person=found.person, known_by=found.by, kind=kind)
        held = self.met.get(accounts[0], (actor, ()))
        self.met[accounts[0]] = (held[0], tuple(dict.fromkeys([*held[1], *accounts])))
        return told

    def maybe(self, actor: Actor | None) -> Actor | None:
        return self.known(actor) if actor else None


def met(resolvers: Iterable[Resolver], people: Iterable[Person]) -> tuple[Met, ...]:
    """Every account that was asked about, each once, in order; with the roles that it has among `people`."""
    roles: dict[str, list[str]] = {}
    for person in people:
        roles.setdefault(person.account, []).append(str(person.role))
    found: dict[Account, Met] = {}
    for account, (actor, accounts) in (one for who in resolvers for one in who.met.items()):
        held = found.get(account)
        own = tuple(dict.fromkeys(roles.get(str(account), ())))
        every = tuple(dict.fromkeys([*(held.accounts if held else ()), *accounts]))
        first = Met(account, actor.name, actor.kind, actor.because == DECLARED, every, own)
        found[account] = replace(held, accounts=every, declared=held.declared and first.declared) if held else first
    return tuple(found[account] for account in sorted(found))


def resolve(entity: Entity, who: Resolver) -> Entity:
    """The entity with its actors resolved. Actors learn who they are, by what that is known, and whether bot or service."""
    if isinstance(entity, PullRequest):
        return replace(
            entity,
            author=who.maybe(entity.author),
            merger=who.maybe(entity.merger),
            auto_merge_by=who.maybe(entity.auto_merge_by),
            pushes=tuple(replace(push, pusher=who.maybe(push.pusher)) for push in entity.pushes),
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
    if isinstance(entity, Push):
        return replace(entity, pusher=who.maybe(entity.pusher), authors=tuple(who.known(author) for author in entity.authors))
    if isinstance(entity, WorkspaceAct | BranchRules):
        return replace(entity, actor=who.maybe(entity.actor))
    return entity
