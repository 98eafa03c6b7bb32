"""Where a member stands: the roots it belongs to, what it refers to, and what could not be known in finding out."""

from collections.abc import Iterable
from dataclasses import dataclass

from app.domain.change import CommitPulls, CommitRange, Drift, Entity, Gap, Link, Missing, Operation, Run, Strength
from app.linking.near import Near, near
from app.linking.rules.commit_pulls import commit_pulls
from app.linking.rules.deployed_range import deployed_range, went_back
from app.linking.rules.merge_commit import merge_commit
from app.linking.rules.message import message_number
from app.linking.rules.rollback import AGAIN, BACK, revision_of
from app.linking.rules.self_heal import ended_drift, puts_back
from app.linking.rules.speculative_run import ingress_pull_request


@dataclass(frozen=True, slots=True)
class Standing:
    """`homes` lead to the roots the member stands in (none: it is its own root); `references` only point at another change."""

    homes: tuple[Link, ...] = ()
    references: tuple[Link, ...] = ()
    gaps: tuple[Gap, ...] = ()


def is_root(entity: Entity, standing: Standing) -> bool:
    """Whether this entity carries a change of its own. Ranges and associations never do: they only join others."""
    return not isinstance(entity, CommitRange | CommitPulls) and not standing.homes


def home(member: Entity, neighbours: Iterable[Entity]) -> list[Link]:
    """The links from `member` to the roots it belongs to, sorted by root; empty when it is a root itself.

    Pure, and independent of the order of `neighbours`, which must hold what `tokens.neighbourhood` finds.
    """
    return list(stand(member, neighbours).homes)


def stand(member: Entity, neighbours: Iterable[Entity]) -> Standing:
    """As `home`, with references and gaps. The most exact rule that finds anything decides; a heuristic comes last."""
    around = near(neighbours)
    if isinstance(member, Run):
        return _run(member, around)
    if isinstance(member, Operation):
        return _operation(member, around)
    if isinstance(member, Drift) and member.ended_by:
        ended = f"operation:{member.source}:{member.ended_by}"
        because = f"the drift of {member.application} names {member.ended_by} as what ended it"
        return Standing(references=(Link(member.key, ended, "ended by", Strength.EXACT, because),))
    return Standing()


def _run(run: Run, around: Near) -> Standing:
    links = (
        ingress_pull_request(run, around)
        or merge_commit(run, run.repository, run.commit, around)
        or commit_pulls(run, run.repository, run.commit, around)
        or message_number(run, around)
    )
    return Standing(tuple(links), gaps=() if links else tuple(_named_elsewhere(run, run.repository, run.commit, around)))


def _operation(operation: Operation, around: Near) -> Standing:
    """A dry run and a local sync stand alone: the one changed nothing, the other brought manifests that no commit holds."""
    if operation.kind in ("dry-run", "local"):
        return Standing()
    if operation.kind == "rollback" or went_back(operation, around):
        back = f"{operation.application} was brought back to an earlier revision; nobody proposed that"
        return Standing(references=tuple(revision_of(operation, around, BACK)), gaps=(Gap("no pull request", back),))
    if puts_back(operation):
        drift = ended_drift(operation, around)
        return Standing(tuple(drift), () if drift else tuple(revision_of(operation, around, AGAIN)))
    links, gaps = deployed_range(operation, around)
    if not links:
        for source in operation.sources:
            gaps += _named_elsewhere(operation, source.repository, source.revision, around)
        drift = ended_drift(operation, around)
        return Standing(tuple(drift), gaps=tuple(gaps))
    return Standing(tuple(links), tuple(ended_drift(operation, around)), tuple(gaps))


def _named_elsewhere(member: Run | Operation, repository: str | None, sha: str | None, around: Near) -> list[Gap]:
    """Why no pull request was found: one that was never collected (it exists, we cannot show it), or a direct push."""
    named = [f"{pull.repository}#{pull.number}" for pull in around.associated(repository, sha)]
    if isinstance(member, Run) and member.pull_request and member.repository:
        named.append(f"{member.repository}#{member.pull_request}")
    if named:
        because = f"{member.id} belongs to {' and '.join(sorted(set(named)))}, which was not read"
        return [Gap("no pull request", because, Missing.UNOBSERVED)]
    if around.pushed_directly(repository, sha):
        because = f"{member.id} used commit {str(sha)[:12]}, of which the Git host knows no merged pull request"
        return [Gap("no pull request", because, Missing.ABSENT)]
    return []
