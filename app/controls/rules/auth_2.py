"""AUTH-2: at the merge an approval by an independent person was in force."""

from datetime import timedelta

from app.controls.acts import clock, emergency, proposal, unproposed
from app.controls.contract import Control, Ruling, excepted, failed, indeterminate, not_applicable, passed
from app.controls.who import called, weighed
from app.domain.approval import Approval
from app.domain.change import Change, PullRequest
from app.domain.finding import Verdict

AFTERWARDS = timedelta(hours=48)
STATES = ("APPROVED", "CHANGES_REQUESTED", "COMMENTED", "DISMISSED", "PENDING")


def decide(change: Change) -> Ruling:
    pr = proposal(change)
    if change.push:
        return unproposed(change.push, ", so nobody could approve it")
    if pr is None:
        return (
            indeterminate(f"{'whether anything was done' if change.history_gap.possible else 'what was done'} is not known")
            if change.history_gap
            else not_applicable("there is no pull request to approve")
        )
    if pr.merged_at is None:
        return not_applicable(f"#{pr.number} is {pr.state}, not merged")
    held = weighed(change, pr)
    valid = [approval for approval in held if approval.valid]
    if valid:
        names = ", ".join(f"{called(a.review.reviewer)} at {clock(a.review.at)}" for a in valid)
        return passed(f"#{pr.number} was approved by {names}, before the merge at {clock(pr.merged_at)}")
    later = retrospective(change, pr)
    if later and emergency(pr):
        return excepted(
            f"#{pr.number} is marked {emergency(pr)} and was approved by {called(later.review.reviewer)} "
            f"{_hours(later.review.at - pr.merged_at)} after the merge (EMER-2)"
        )
    return _without(pr, held)


def _without(pr: PullRequest, held: tuple[Approval, ...]) -> Ruling:
    unsure = [a.because for a in held if a.human and a.independent is None]
    new = sorted({review.state for review in pr.reviews if review.state.upper() not in STATES})
    if unsure or new:
        return indeterminate("; ".join(unsure) or f"a review of #{pr.number} says {', '.join(new)}, a state that is new to us")
    because = "; ".join(a.because for a in held if a.because) or "no approving review was in force"
    own = pr.author and pr.merger and pr.author == pr.merger
    return failed(f"#{pr.number} was merged {'by its author ' if own else ''}without a valid approval: {because}")


def retrospective(change: Change, pr: PullRequest) -> Approval | None:
    """The first valid approval that came within 48 hours after the merge."""
    if pr.merged_at is None:
        return None
    held = weighed(change, pr, at=pr.merged_at + AFTERWARDS)
    return next((a for a in held if a.valid and a.review.at > pr.merged_at), None)


def _hours(span: timedelta) -> str:
    minutes = int(span.total_seconds() // 60)
    return f"{minutes // 60} h {minutes % 60} min"


CONTROL = Control(
    id="AUTH-2",
    title="Approved by somebody else",
    rule="At the merge at least one approving review was in force: the reviewer's latest opinion, not dismissed, given "
    "before the merge "
    "by a person who neither opened the pull request nor contributed to it. An emergency change that was approved "
    "within 48 hours "
    "afterwards is an exception. What was pushed without a pull request was approved by nobody.",
    verdicts=frozenset(Verdict),
    decide=decide,
)
