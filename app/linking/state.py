"""How far a change has come, from the record alone: a change nobody touches any more keeps its state for ever."""

from collections.abc import Iterable
from datetime import datetime

from app.domain.change import (
    AlteredRecord,
    BranchRules,
    Drift,
    Entity,
    HistoryGap,
    Operation,
    PullRequest,
    Push,
    Run,
    WorkspaceAct,
)

RUNNING = ("Running", "Terminating", "unknown")


def state_of(root: Entity, runs: Iterable[Run], operations: Iterable[Operation]) -> str:
    """`proposed` · `in progress` · `finished` (something was changed and nothing runs any more) · `stopped` (nothing will be)."""
    runs, operations = [run for run in runs if not run.proposes_only], list(operations)
    if isinstance(root, HistoryGap | AlteredRecord | WorkspaceAct | BranchRules):
        return "finished"
    if isinstance(root, Drift):
        return "finished" if root.ended_at else "in progress"
    if any(run.ended_at is None for run in runs) or any(operation.phase in RUNNING for operation in operations):
        return "in progress"
    done = any(run.acted_at for run in runs) or any(operation.phase == "Succeeded" for operation in operations)
    if isinstance(root, PullRequest):
        return _proposal(root, done, bool(runs or operations))
    if isinstance(root, Push):
        return "finished"  # the branch was moved: that is done, whatever comes of it
    return "finished" if done or _only_asked(root) else "stopped"


def _proposal(pr: PullRequest, done: bool, tried: bool) -> str:
    if pr.state == "open":
        return "in progress" if done else "proposed"
    if done:
        return "finished"
    return "stopped" if tried or pr.state == "closed" else "in progress"


def _only_asked(root: Entity) -> bool:
    """A plan-only run that ended well did all it was for; so did a run that found nothing to change."""
    return isinstance(root, Run) and root.status in ("planned_and_finished", "applied", "assessed")


def acts(runs: Iterable[Run], operations: Iterable[Operation], drifts: Iterable[Drift], root: Entity) -> list[datetime]:
    """When it touched a system: applies (failed ones too), syncs, the onset of drift; a lost or altered record once noticed."""
    found = [run.acted_at for run in runs] + [operation.acted_at for operation in operations]
    found += [drift.onset_before for drift in drifts]
    found += [root.before or root.at] if isinstance(root, HistoryGap) else []
    found += [root.at] if isinstance(root, AlteredRecord | WorkspaceAct | Push | BranchRules) else []
    return [moment for moment in found if moment]


def ended(root: Entity, runs: Iterable[Run], operations: Iterable[Operation]) -> datetime | None:
    """The last end of what ran; of a proposal that led to nothing, its closing."""
    found = [run.ended_at for run in runs] + [operation.finished_at for operation in operations]
    if isinstance(root, Drift):
        found.append(root.ended_at)
    if isinstance(root, HistoryGap | AlteredRecord | WorkspaceAct | Push | BranchRules):
        found.append(root.at)
    if isinstance(root, PullRequest) and root.state == "closed":
        found.append(root.closed_at)
    return max((moment for moment in found if moment), default=None)
