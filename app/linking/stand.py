"""Where a member stands: the roots it belongs to, what it refers to, and what could not be known in finding out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from app.domain.change import (
    Application,
    BranchRules,
    CommitPulls,
    CommitRange,
    DeployedRange,
    Drift,
    Entity,
    EnvironmentRule,
    Gap,
    Link,
    Missing,
    Operation,
    PullRequest,
    Push,
    Run,
    Strength,
    Tenures,
)
from app.domain.order import Need
from app.linking.near import Near, near
from app.linking.paths import shown
from app.linking.rules.brought import brought
from app.linking.rules.deployed_range import Deployment, deployed_range, gone_back, stretches, went_back
from app.linking.rules.direct_push import forced_back
from app.linking.rules.message import message_number
from app.linking.rules.needed_object import links_of, needs_met, needs_of
from app.linking.rules.reverts import of_others, took_off
from app.linking.rules.rollback import AGAIN, BACK, revision_of
from app.linking.rules.self_heal import ended_drift, puts_back
from app.linking.rules.speculative_run import ingress_pull_request


@dataclass(frozen=True, slots=True)
class Standing:
    """`homes` lead to the roots the member stands in (none: it is its own root); `references` only point at another change.

    `deployed` tells what it brought to a system, commit by commit; `rules` what the base of a pull request asked for at its merge;
    `needs` what a sync missed and which run makes it, on both sides.
    """

    homes: tuple[Link, ...] = ()
    references: tuple[Link, ...] = ()
    gaps: tuple[Gap, ...] = ()
    deployed: tuple[DeployedRange, ...] = ()
    rules: BranchRules | None = None
    needs: tuple[Need, ...] = ()


def is_root(entity: Entity, standing: Standing) -> bool:
    """Whether this entity carries a change of its own. What only joins others never does, nor a branch that was only looked at."""
    if isinstance(entity, Push):
        return entity.root
    if isinstance(entity, BranchRules):
        return entity.kind == "changed"
    return not isinstance(entity, CommitRange | CommitPulls | Tenures | Application) and not standing.homes


def home(member: Entity, neighbours: Iterable[Entity]) -> list[Link]:
    """The links from `member` to the roots it belongs to, sorted by root; empty when it is a root itself.

    Pure, and independent of the order of `neighbours`, which must hold what `tokens.neighbourhood` finds.
    """
    return list(stand(member, neighbours).homes)


def stand(member: Entity, neighbours: Iterable[Entity], environments: Sequence[EnvironmentRule] = ()) -> Standing:
    """As `home`, with references and gaps. The most exact rule that finds anything decides; a heuristic comes last."""
    if isinstance(member, Run | Operation):
        around = near((*neighbours, member))
        return _needing(member, around, environments)
    if isinstance(member, PullRequest):
        return _pull_request(member, near((*neighbours, member)))
    if isinstance(member, Push):
        return Standing(references=tuple(took_off(member, near(neighbours))))
    if isinstance(member, Drift) and member.ended_by:
        ended = f"operation:{member.source}:{member.ended_by}"
        because = f"the drift of {member.application} names {member.ended_by} as what ended it"
        return Standing(references=(Link(member.key, ended, "ended by", Strength.EXACT, because),))
    return Standing()


def _needing(member: Run | Operation, around: Near, environments: Sequence[EnvironmentRule]) -> Standing:
    standing = _run(member, around) if isinstance(member, Run) else _operation(member, around)
    needs = needs_met(member, around, environments) if isinstance(member, Run) else needs_of(member, around, environments)
    return replace(standing, references=(*standing.references, *links_of(needs)), needs=tuple(needs))


def _pull_request(pr: PullRequest, around: Near) -> Standing:
    rules = around.in_force(pr.repository, pr.base, pr.merged_at)
    return Standing(references=tuple(of_others(pr, around)), rules=rules)


def _run(run: Run, around: Near) -> Standing:
    proposed = ingress_pull_request(run, around)
    if proposed or run.proposes_only:
        found = brought(run, run.repository, run.commit, around, run.branch)
        return _alone(run, Deployment(tuple(proposed) or found.links, () if proposed else found.related), around)
    if went_back(run, around):
        return _back(run, around, f"{run.workspace} was brought back to an earlier commit; nobody proposed that")
    return _alone(run, deployed_range(run, around), around)


def _alone(run: Run, found: Deployment, around: Near) -> Standing:
    """Where nothing exact is known a number in the message is taken; else it stands alone, and says why."""
    links = list(found.links) or message_number(run, around)
    gaps = list(found.gaps)
    if not links:
        gaps += _nothing(run, found) or _named_elsewhere(run, run.repository, run.commit, around)
    return Standing(tuple(links), found.related, tuple(gaps), found.ranges)


def _back(member: Run | Operation, around: Near, because: str) -> Standing:
    """Back because the branch went back: it belongs to the force push. Else a rollback, which stands alone."""
    pushed = [
        link
        for one in stretches(member)
        if member.kind != "rollback"
        for link in forced_back(member, one.repository, one.head, one.base, around)
    ]
    if pushed:
        return Standing(tuple(pushed), deployed=gone_back(member))
    gaps = (Gap("no pull request", because),)
    return Standing(references=tuple(revision_of(member, around, BACK)), gaps=gaps, deployed=gone_back(member))


def _operation(operation: Operation, around: Near) -> Standing:
    """A dry run and a local sync stand alone: the one changed nothing, the other brought manifests that no commit holds."""
    if operation.kind in ("dry-run", "local"):
        return Standing()
    if operation.kind == "rollback" or went_back(operation, around):
        return _back(operation, around, f"{operation.application} was brought back to an earlier revision; nobody proposed that")
    if puts_back(operation):
        drift = ended_drift(operation, around)
        return Standing(tuple(drift), () if drift else tuple(revision_of(operation, around, AGAIN)))
    found = deployed_range(operation, around)
    drift = ended_drift(operation, around)
    if found.links:
        return Standing(found.links, (*drift, *found.related), found.gaps, found.ranges)
    gaps = [*found.gaps, *_nothing(operation, found)]
    for stretch in stretches(operation) if len(gaps) == len(found.gaps) else ():
        if not any(source.dry and not source.dry.revision for source in operation.sources):
            gaps += _named_elsewhere(operation, stretch.repository, stretch.head, around)
    return Standing(tuple(drift), found.related, tuple(gaps), found.ranges)


def _nothing(member: Run | Operation, found: Deployment) -> list[Gap]:
    """Its ranges are known, and nothing in them touches what it watches."""
    if not found.ranges or any(one.status != "range" or one.commits for one in found.ranges):
        return []
    paths = shown([path for one in found.ranges for path in one.paths])
    because = f"of what {member.id} was brought to, no commit touches {paths}; what else began it is not known"
    return [Gap("no pull request", because, Missing.UNOBSERVED)]


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
