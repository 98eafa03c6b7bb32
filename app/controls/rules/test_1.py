"""TEST-1: the required checks of the merged head had passed when it was merged."""

from app.controls.acts import clock, proposal
from app.controls.contract import Control, Ruling, failed, indeterminate, not_applicable, passed
from app.domain.change import BranchRules, Change, Check, PullRequest
from app.domain.checks import ABOUT_ALL, PASSING, at_merge, done, later
from app.domain.finding import Verdict


def decide(change: Change) -> Ruling:
    pr = proposal(change)
    if pr is None or pr.merged_at is None:
        return not_applicable("nothing was merged")
    asked = _asked(change.rules)
    counted = at_merge(pr)
    required = [check for check in counted if check.required or (asked and check.name in asked)]
    wrong = [_wrong(pr, check) for check in required if not (done(pr, check) and check.status in PASSING)]
    silent = sorted(set(asked or ()) - {check.name for check in counted})
    if wrong:
        return failed("; ".join(wrong))
    if silent:
        return _silent(pr, silent)
    if required:
        names = ", ".join(f"{check.name} {check.status}" for check in required)
        return passed(f"at the merge of #{pr.number} at {clock(pr.merged_at)} its required checks had ended: {names}")
    return _none_required(pr, counted, asked)


def _asked(rules: BranchRules | None) -> tuple[str, ...] | None:
    """The checks that the base asked for at the merge, as it was seen last before; None where that is not known."""
    return rules.required_checks if rules else None


def _wrong(pr: PullRequest, check: Check) -> str:
    head = (check.head or pr.head_oid or "")[:12]
    if done(pr, check):
        when = f" at {clock(check.completed_at)}" if check.completed_at else ""
        return (
            f"the required check {check.name} of {head} ended {check.status.replace('_', ' ')}{when}, and #{pr.number} was merged"
        )
    return f"the required check {check.name} of {head} had not ended when #{pr.number} was merged"


def _silent(pr: PullRequest, names: list[str]) -> Ruling:
    """Required, and not told of this head: it never reported, it was only run again later, or nothing of it could be read."""
    told = ", ".join(names)
    again = [name for name in names if name in later(pr)]
    if again:
        return indeterminate(f"{', '.join(again)} ran again after the merge of #{pr.number}; how it stood then is not told")
    if _about_head(pr, "unavailable") or not pr.checks:
        return indeterminate(f"{told} was required of #{pr.number}, and its checks could not be read{_why(pr)}")
    return failed(f"the required check {told} had not reported on the head when #{pr.number} was merged")


def _none_required(pr: PullRequest, counted: tuple[Check, ...], asked: tuple[str, ...] | None) -> Ruling:
    if asked == ():
        return not_applicable(f"{pr.base} required no check")
    if _about_head(pr, "unavailable") or not pr.checks:
        return indeterminate(f"the checks of #{pr.number} are not known{_why(pr)}")
    unsure = [check for check in counted if check.required is None]
    if unsure:
        names = ", ".join(f"{check.name} {check.status}" for check in unsure)
        because = next((f": {check.because}" for check in unsure if check.because), "")
        return indeterminate(f"which checks {pr.base} required is not known{because}; there were {names}")
    if counted:
        return not_applicable(f"none of the {len(counted)} checks of #{pr.number} was required")
    return indeterminate(f"#{pr.number} had no check when it was merged, and which {pr.base} required is not known")


def _about_head(pr: PullRequest, status: str) -> bool:
    return any(not check.name and check.status == status for check in pr.checks)


def _why(pr: PullRequest) -> str:
    return next((f": {check.because}" for check in pr.checks if check.status in ABOUT_ALL and check.because), "")


CONTROL = Control(
    id="TEST-1",
    title="The required checks had passed",
    rule="Each check that the base branch required of the merged head had ended well by the merge; skipped and neutral count as "
    "passed, as on the Git host. A check that ended or ran again later decides nothing; which checks were required must be known.",
    verdicts=frozenset({Verdict.PASS, Verdict.FAIL, Verdict.NOT_APPLICABLE, Verdict.INDETERMINATE}),
    decide=decide,
)
