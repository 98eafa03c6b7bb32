"""What a change did to systems: the applies and syncs that a control judges."""

from dataclasses import dataclass
from datetime import datetime

from app.controls.contract import Ruling, failed, indeterminate
from app.domain.change import BranchRules, Change, Gap, Operation, PullRequest, Push, Run

# What begins a run that no commit and no person asked for, by the run's source.
BY_ITSELF = {
    "tfe-run-trigger": "after a run trigger",
    "tfe-infrastructure-lifecycle": "by the workspace’s own schedule of destruction",
}
NOTHING_DONE = "nothing was applied or synced"


@dataclass(frozen=True, slots=True)
class Act:
    """`started`: the moment it began to change the system, by the source's clock."""

    name: str
    key: str
    started: datetime
    member: Run | Operation


def applied(change: Change) -> list[Run]:
    """Runs that changed something, those that failed on the way among them."""
    return [run for run in change.runs if run.acted_at and not run.proposes_only]


def synced(change: Change) -> list[Operation]:
    return [operation for operation in change.operations if operation.acted_at]


def acts(change: Change) -> list[Act]:
    runs = [Act(run.id, run.key, run.applying_at or run.confirmed_at or _time(run.acted_at), run) for run in applied(change)]
    syncs = [Act(f"the sync of {o.application} at {clock(o.started_at)}", o.key, o.started_at, o) for o in synced(change)]
    return runs + syncs


def _time(moment: datetime | None) -> datetime:
    if moment is None:
        raise ValueError("an act has a time")
    return moment


def clock(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S UTC")


def automatically(run: Run) -> str:
    """How a run was applied that nobody confirmed."""
    return " ".join(filter(None, ("automatically", BY_ITSELF.get(run.run_source))))


def proposal(change: Change) -> PullRequest | None:
    return change.pull_requests[0] if change.pull_requests else None


def pushed(push: Push) -> str:
    """What was pushed without a pull request, in a few words."""
    many = len(push.unproposed)
    what = f"{many} commit{'s' if many != 1 else ''}" if many else f"{push.after[:12]}"
    how = "were" if many > 1 else "was"
    who = push.pusher.name if push.pusher and push.pusher.name else "somebody unknown"
    act = "force-pushed" if push.forced else "pushed straight" if push.direct else "pushed"
    return f"{what} {how} {act} to {push.branch} of {push.repository} by {who}"


def unproposed(push: Push, missing: str) -> Ruling:
    """Fail where it is known that no pull request brought it, with what is `missing` therefore; else indeterminate."""
    if push.direct:
        return failed(f"{pushed(push)} without a pull request{missing}")
    because = f": {push.because}" if push.because else ""
    return indeterminate(f"{pushed(push)}, and whether a pull request brought it is not known{because}")


def rules_changed(change: Change) -> BranchRules | None:
    """The change of what a branch asks for that this change is."""
    return change.rules if change.rules and change.root == change.rules.key else None


def gaps(change: Change, *whats: str) -> list[Gap]:
    return [gap for gap in change.gaps if gap.what in whats]


def emergency(pull_request: PullRequest) -> str | None:
    """The label or branch prefix that makes it an emergency change."""
    words = ("emergency", "hotfix", "break-glass", "breakglass")
    label = next((label for label in pull_request.labels if label.casefold() in words), None)
    branch = (pull_request.head or "").casefold()
    return label or next((word for word in words if branch.startswith((f"{word}/", f"{word}-"))), None)
