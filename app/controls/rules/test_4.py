"""TEST-4: at least one policy was evaluated."""

from app.controls.acts import applied
from app.controls.contract import Control, Ruling, failed, heaviest, indeterminate, passed
from app.controls.rules.test_3 import evaluated
from app.domain.change import Change, Run
from app.domain.finding import Verdict


def decide(change: Change) -> Ruling:
    return heaviest((_evaluated(run) for run in applied(change)), "nothing was applied")


def _evaluated(run: Run) -> Ruling:
    if run.policy_status is None and not run.policy_told:
        return indeterminate(f"{run.id} was applied, and its server does not tell whether a policy was checked")
    if run.policy_status is None:
        return failed(f"{run.id} was applied, and no policy check or evaluation of it is recorded")
    if evaluated(run):
        return passed(f"{evaluated(run)} policies were evaluated in {run.id}")
    if run.policy_counts is None:
        return indeterminate(f"the policy check of {run.id} ended {run.policy_status}, and its result could not be read")
    return failed(f"the policy check of {run.id} ended {run.policy_status} without a single policy")


CONTROL = Control(
    id="TEST-4",
    title="A policy was evaluated",
    rule="At least one policy was evaluated in every run that was applied: zero policies are not a pass.",
    verdicts=frozenset({Verdict.PASS, Verdict.FAIL, Verdict.NOT_APPLICABLE, Verdict.INDETERMINATE}),
    decide=decide,
)
