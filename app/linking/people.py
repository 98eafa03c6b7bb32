"""Who did what in a change, as the sources name them. Who they are as persons the identities say."""

from collections.abc import Iterator, Sequence

from app.domain.actor import Actor, ActorKind, Person, Role
from app.domain.approval import SELF_DECLARED
from app.domain.change import BranchRules, Entity, Operation, PullRequest, Push, Run, WorkspaceAct

Named = tuple[Actor | None, Role, str]


def people(
    pull_requests: Sequence[PullRequest], runs: Sequence[Run], operations: Sequence[Operation], root: Entity | None = None
) -> tuple[Person, ...]:
    """Each once per role and source. Somebody unknown is a gap, not a person, and is not here."""
    named = [who for pr in pull_requests for who in _of_pull_request(pr)]
    named += [who for run in runs for who in _of_run(run)]
    named += [(operation.initiator, Role.INITIATOR, operation.source) for operation in operations]
    named += [(root.actor, Role.INITIATOR, root.source)] if isinstance(root, WorkspaceAct | BranchRules) else []
    named += _of_push(root) if isinstance(root, Push) else []
    found: dict[tuple[Role, str, str], Person] = {}
    for actor, role, source in named:
        if actor and (actor.id or (actor.name and actor.kind is not ActorKind.UNKNOWN)):
            declared = actor.because == SELF_DECLARED
            who = (actor.person, actor.kind, actor.id, declared, actor.known_by, actor.account)
            found.setdefault((role, source, actor.id or actor.name), Person(actor.name, role, source, *who))
    return tuple(sorted(found.values(), key=lambda p: (list(Role).index(p.role), p.source, p.name, p.id or "")))


def _of_pull_request(pr: PullRequest) -> Iterator[Named]:
    yield pr.author, Role.AUTHOR, pr.source
    for contributor in pr.contributors:
        yield contributor, Role.CONTRIBUTOR, pr.source
    for review in pr.reviews:
        yield review.reviewer, Role.REVIEWER, pr.source
        if review.state.upper() == "APPROVED":
            yield review.reviewer, Role.APPROVER, pr.source
    yield pr.merger, Role.MERGER, pr.source


def _of_push(push: Push) -> list[Named]:
    """Who pushed is vouched for by the host; whose commits they are is what the commits say."""
    return [(push.pusher, Role.PUSHER, push.source), *((author, Role.CONTRIBUTOR, push.source) for author in push.authors)]


def _of_run(run: Run) -> Iterator[Named]:
    yield run.creator, Role.CREATOR, run.source
    yield run.confirmer, Role.CONFIRMER, run.source
    for result in run.policy:
        yield result.overridden_by, Role.OVERRIDER, run.source
