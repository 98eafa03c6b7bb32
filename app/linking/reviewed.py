"""What was reviewed beside what was applied: the speculative plan on the pull request's head, and the plan of the run.

Terraform Enterprise has no link between the two. They are brought together by the pull request's head commit and the workspace.
"""

from collections.abc import Sequence

from app.domain.change import PullRequest, Run
from app.domain.resource import Compared, Difference, ResourceChange, Reviewed


def reviewed(pull_requests: Sequence[PullRequest], runs: Sequence[Run]) -> tuple[Reviewed, ...]:
    """One for each run that changed something, or is about to, in the order of the runs."""
    acting = [run for run in runs if not run.proposes_only and (run.acted_at or (run.planned_at and run.ended_at is None))]
    return tuple(_reviewed(pull_requests, run, [r for r in runs if r.proposes_only and _same_place(r, run)]) for run in acting)


def _same_place(one: Run, other: Run) -> bool:
    return (one.source, one.workspace) == (other.source, other.workspace)


def _reviewed(pull_requests: Sequence[PullRequest], run: Run, plans: Sequence[Run]) -> Reviewed:
    if not pull_requests:
        return _told(run, None, Compared.NEVER_PLANNED, "it came from no pull request, so no plan of it was there to review")
    heads = {pr.head_oid for pr in pull_requests if pr.head_oid}
    if plans and not heads:
        return _told(run, None, Compared.UNKNOWN, "which commit was the pull request’s head is not known")
    at_head = [one for one in plans if one.commit in heads and one.planned_at and one.created_at <= run.created_at]
    if not at_head:
        return _told(run, None, Compared.NEVER_PLANNED, _why_never(run, plans, heads))
    return _compared(max(at_head, key=lambda one: (one.created_at, one.key)), run)


def _why_never(run: Run, plans: Sequence[Run], heads: set[str]) -> str:
    head = ", ".join(sorted(sha[:12] for sha in heads)) or "the pull request’s head"
    if not plans:
        return f"no run planned the pull request in {run.workspace}"
    last = max(plans, key=lambda one: (one.created_at, one.key))
    of = (last.commit or "no commit")[:12]
    return f"{head} was never planned in {run.workspace} before; the last plan there, {last.id}, is of {of}"


def _compared(plan: Run, run: Run) -> Reviewed:
    for one, which in ((plan, "reviewed"), (run, "applied")):
        if one.resources is None:
            why = one.resources_because or "its resources were not read"
            return _told(run, plan, Compared.UNKNOWN, f"the {which} plan’s resources are not known: {why}")
    before, after = _by_key(plan.resources or ()), _by_key(run.resources or ())
    differences = tuple(
        Difference(key[0], before.get(key), after.get(key))
        for key in sorted(before.keys() | after.keys())
        if before.get(key) != after.get(key)
    )
    many = len(before.keys() | after.keys())
    if not differences:
        same = f"both plans name the same {many:,} resource{'s' if many != 1 else ''} with the same actions"
        return _told(run, plan, Compared.SAME, same if many else "both plans change nothing")
    said = f"{len(differences):,} of {many:,} resource{'s' if many != 1 else ''} differ{'s' if len(differences) == 1 else ''}"
    return _told(run, plan, Compared.DIFFERENT, said, differences)


def _by_key(changes: Sequence[ResourceChange]) -> dict[tuple[str, str], str]:
    """What is said of each object. Reading data changes nothing, so it is no part of the comparison."""
    return {(change.address, change.deposed): _says(change) for change in changes if change.mode != "data"}


def _says(change: ResourceChange) -> str:
    said = change.action + (f" ({', '.join(change.attributes)})" if change.attributes else "")
    said += f", moved from {change.previous_address}" if change.previous_address else ""
    return said + (", imported" if change.importing and change.action != "import" else "")


def _told(run: Run, plan: Run | None, outcome: Compared, because: str, differences: tuple[Difference, ...] = ()) -> Reviewed:
    return Reviewed(run.id, run.workspace, plan.id if plan else None, outcome, because, differences)
