"""SOD-1: who approved had no part in the work."""

from app.controls.acts import proposal
from app.controls.contract import Control, Ruling, failed, indeterminate, not_applicable, passed
from app.controls.who import called, weighed
from app.domain.change import Change
from app.domain.finding import Verdict


def decide(change: Change) -> Ruling:
    pr = proposal(change)
    held = weighed(change, pr) if pr else ()
    if pr is None or not held:
        return not_applicable("no approval was in force")
    independent = [approval for approval in held if approval.independent]
    if independent:
        names = ", ".join(dict.fromkeys(called(approval.review.reviewer) for approval in independent))
        return passed(f"{names} approved #{pr.number} and neither opened it nor contributed to it")
    unsure = [approval.because for approval in held if approval.independent is None]
    if unsure:
        return indeterminate("; ".join(dict.fromkeys(unsure)))
    return failed("; ".join(dict.fromkeys(approval.because for approval in held)))


CONTROL = Control(
    id="SOD-1",
    title="The approver is not a contributor",
    rule="At least one approver is none of: the author of the pull request, an author, committer or co-author of a "
    "commit, who pushed.",
    verdicts=frozenset({Verdict.PASS, Verdict.FAIL, Verdict.NOT_APPLICABLE, Verdict.INDETERMINATE}),
    decide=decide,
)
