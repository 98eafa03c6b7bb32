"""DEPL-2: the apply did what the plan said."""

from app.controls.acts import applied
from app.controls.contract import Control, Ruling, failed, heaviest, indeterminate, passed
from app.domain.change import Change, Run
from app.domain.finding import Verdict


def decide(change: Change) -> Ruling:
    return heaviest((_as_planned(run) for run in applied(change)), "nothing was applied")


def _as_planned(run: Run) -> Ruling:
    if run.applied_at is None:
        return failed(
            f"the apply of {run.id} ended {run.apply_status} after it had begun: a partial apply is a change that happened"
        )
    if run.plan is None or run.apply is None:
        return indeterminate(f"the numbers of the {'plan' if run.plan is None else 'apply'} of {run.id} are not known")
    if run.plan != run.apply:
        return failed(f"{run.id} planned {_numbers(run.plan)} and applied {_numbers(run.apply)}")
    return passed(f"{run.id} applied what it planned: {_numbers(run.apply)}")


def _numbers(counts: tuple[int, int, int]) -> str:
    return f"+{counts[0]} ~{counts[1]} −{counts[2]}"


CONTROL = Control(
    id="DEPL-2",
    title="The apply did what the plan said",
    rule="Every apply ended well, and its numbers of added, changed and destroyed resources are those of its plan.",
    verdicts=frozenset({Verdict.PASS, Verdict.FAIL, Verdict.NOT_APPLICABLE, Verdict.INDETERMINATE}),
    decide=decide,
)
