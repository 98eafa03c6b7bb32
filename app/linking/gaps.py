"""What is missing from a change's chain, and whether it did not happen, cannot be known, or is still to come."""

from collections.abc import Iterator

from app.domain.actor import ActorKind
from app.domain.approval import approvals
from app.domain.change import AlteredRecord, Drift, Entity, Gap, HistoryGap, Missing, Operation, PullRequest, Push, Run
from app.linking.rules.self_heal import puts_back


def gaps(root: Entity, runs: tuple[Run, ...], operations: tuple[Operation, ...], known: tuple[Gap, ...]) -> tuple[Gap, ...]:
    """`known` are the gaps that linking met on the way (`Standing.gaps`); each gap once, in the order of the chain."""
    found = [*_root(root, known), *known]
    if isinstance(root, PullRequest):
        found += _approval(root)
        found += _execution(root, runs, operations)
    for run in runs:
        found += _run(run)
    for operation in operations:
        found += _operation(operation)
    return tuple(dict.fromkeys(found))


def _root(root: Entity, known: tuple[Gap, ...]) -> Iterator[Gap]:
    what = "no pull request"
    if isinstance(root, HistoryGap):
        what, size = ("possible gap", root.at_most) if root.possible else ("history gap", root.size)
        yield Gap(what, _lost(root), Missing.UNOBSERVED, root.after, root.before or root.at, size)
    elif isinstance(root, AlteredRecord):
        because = f"the record of {root.application}: {root.actor.because if root.actor else 'nobody is named'}"
        yield Gap("initiator unknown", because, Missing.UNOBSERVED, to=root.at)
    elif isinstance(root, Drift):
        yield Gap(what, f"the live state of {root.place} left the declared one; nothing proposed that", to=root.onset_before)
    elif isinstance(root, Push):
        yield _pushed(root)
    elif any(gap.what == what for gap in known):
        return
    elif isinstance(root, Run):
        yield _run_alone(root)
    elif isinstance(root, Operation) and root.kind != "dry-run":
        yield _operation_alone(root)


def _lost(gap: HistoryGap) -> str:
    if gap.possible:
        return f"{gap.lost} of {gap.application} may have come and gone unseen: {gap.because}"
    if gap.counted:
        them = "it" if gap.size == 1 else "them"
        return f"{gap.lost} of {gap.application} came and went unseen; only Argo CD's own counter tells of {them}"
    if gap.heals:
        return f"{gap.lost} of {gap.application} came and went unseen; what {gap.they} repaired is not known"
    entries = f"{gap.size} history {'entry' if gap.size == 1 else 'entries'} of {gap.application}"
    return f"{entries} {gap.were} gone before {gap.they} {gap.were} read; what {gap.they} did is not known"


def _pushed(push: Push) -> Gap:
    where = f"{push.branch} of {push.repository}"
    if push.direct is None:
        because = push.because or "the Git host does not tell what brought its commits"
        return Gap("no pull request", f"{where} was moved to {push.after[:12]}: {because}", Missing.UNOBSERVED, to=push.at)
    many = len(push.unproposed)
    if not many:
        because = f"history of {where} was rewritten, and nothing proposed that"
    else:
        because = f"{many} commit{'s' if many != 1 else ''} came straight to {where}; no merged pull request brought them"
    return Gap("no pull request", because, Missing.ABSENT, to=push.at, size=many or None)


def _run_alone(run: Run) -> Gap:
    if not run.commit or not run.repository:
        return Gap("no pull request", f"{run.id} was started from {run.run_source or 'an unnamed place'} and carries no commit")
    because = f"no collected pull request has commit {run.commit[:12]}, which {run.id} used"
    return Gap("no pull request", because, Missing.UNOBSERVED)


def _operation_alone(operation: Operation) -> Gap:
    if operation.kind == "local":
        return Gap("no pull request", f"{operation.application} was synced from manifests that are in no commit")
    if puts_back(operation):
        return Gap(
            "no pull request", f"{operation.application} was synced to the revision deployed already; nothing new was proposed"
        )
    revision = (operation.revision or "")[:12] or "without a revision"
    return Gap("no pull request", f"no collected pull request has the deployed revision {revision}", Missing.UNOBSERVED)


def _approval(pr: PullRequest) -> Iterator[Gap]:
    found = approvals(pr)
    if pr.state == "closed" or any(approval.valid for approval in found):
        return
    name = f"{pr.repository}#{pr.number}"
    because = "; ".join(approval.because for approval in found if approval.because) or "no approving review was in force"
    if pr.state == "merged":
        unsure = any(approval.independent is None and approval.human for approval in found)
        yield Gap("no approval", f"{name} was merged: {because}", Missing.UNOBSERVED if unsure else Missing.ABSENT, to=pr.merged_at)
    else:
        yield Gap("no approval", f"{name} is open: {because}", Missing.PENDING)


def _execution(pr: PullRequest, runs: tuple[Run, ...], operations: tuple[Operation, ...]) -> Iterator[Gap]:
    if pr.state != "merged" or operations or any(not run.proposes_only for run in runs):
        return
    yield Gap(
        "no run or sync", f"nothing that ran or synced {pr.repository}#{pr.number} has been seen", Missing.PENDING, pr.merged_at
    )


def _run(run: Run) -> Iterator[Gap]:
    if run.status == "unavailable":
        yield Gap(
            "outcome",
            f"{run.id} can no longer be read; how it ended is not known",
            Missing.UNOBSERVED,
            run.created_at,
            run.ended_at,
        )
    elif not run.proposes_only and run.policy_status is None:
        if run.acted_at or run.confirmed_at:
            if run.policy_told:
                yield Gap("no policy", f"no policy was evaluated in {run.id}", Missing.ABSENT, run.planned_at, run.applied_at)
            else:
                because = f"the server does not tell whether a policy was checked in {run.id}"
                yield Gap("policy not observed", because, Missing.UNOBSERVED, run.planned_at, run.applied_at)
        elif run.ended_at is None:
            yield Gap("no policy", f"{run.id} has not come to its policies", Missing.PENDING)
    if run.confirmer and run.confirmer.kind is ActorKind.UNKNOWN:
        yield Gap("confirmer unknown", f"{run.id}: {run.confirmer.because}", Missing.UNOBSERVED, to=run.confirmed_at)


def _operation(operation: Operation) -> Iterator[Gap]:
    name = f"{operation.application}, operation {operation.id}"
    if operation.initiator and operation.initiator.kind is ActorKind.UNKNOWN:
        yield Gap("initiator unknown", f"{name}: {operation.initiator.because}", Missing.UNOBSERVED, to=operation.started_at)
    if operation.how != "observed":
        yield Gap("not observed", f"{name} is known from the history only; it was not seen while it ran", Missing.UNOBSERVED)
    if operation.phase not in ("Running", "Terminating", "Succeeded", "Failed", "Error"):
        yield Gap("outcome", f"{name}: how it ended was not read ({operation.phase})", Missing.UNOBSERVED, operation.started_at)
    if operation.phase == "Succeeded" and operation.health is None and operation.kind != "dry-run":
        yield Gap("health", f"{name}: no health was seen after it", Missing.UNOBSERVED, operation.finished_at)
