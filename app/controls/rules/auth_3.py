"""AUTH-3: the approval came before the first act."""

from datetime import timedelta

from app.controls.acts import NOTHING_DONE, Act, acts, clock, emergency, proposal, unproposed
from app.controls.contract import Control, Ruling, excepted, failed, heaviest, indeterminate, not_applicable, passed
from app.controls.rules.auth_2 import retrospective
from app.controls.who import called, weighed
from app.domain.change import Change, PullRequest
from app.domain.finding import Verdict

TOLERANCE = timedelta(seconds=10)  # two systems, two clocks, each shown to be in step when it is read


def decide(change: Change) -> Ruling:
    pr, push = proposal(change), change.push
    if push:
        return heaviest((unproposed(push, f", and {act.name} began without an approval") for act in acts(change)), NOTHING_DONE)
    if pr is None:
        return not_applicable("there is no pull request to approve")
    return heaviest((_in_time(change, pr, act) for act in acts(change)), NOTHING_DONE)


def _in_time(change: Change, pr: PullRequest, act: Act) -> Ruling:
    before = weighed(change, pr, at=act.started - TOLERANCE)
    valid = [approval for approval in before if approval.valid]
    if valid:
        first = valid[0].review
        return passed(f"{called(first.reviewer)} approved at {clock(first.at)}, {act.name} began at {clock(act.started)}")
    close = [a for a in weighed(change, pr, at=act.started + TOLERANCE) if a.valid]
    if close:
        return indeterminate(
            f"the approval at {clock(close[0].review.at)} is too near to the start of {act.name} to order two clocks"
        )
    if any(a.independent is None and a.human for a in before):
        return indeterminate("; ".join(a.because for a in before if a.because))
    later = retrospective(change, pr)
    if later and emergency(pr):
        return excepted(f"{act.name} began before the approval, of an emergency change that was approved within 48 hours (EMER-2)")
    return failed(f"{act.name} began at {clock(act.started)}, and no valid approval had been given")


CONTROL = Control(
    id="AUTH-3",
    title="Approved before it was done",
    rule="A valid approval was in force when each apply or sync began; within 10 seconds of each other the two clocks "
    "decide nothing.",
    verdicts=frozenset(Verdict),
    decide=decide,
)
