"""DEPL-5: it was seen to work afterwards."""

from datetime import timedelta

from app.controls.acts import NOTHING_DONE, Act, acts, clock
from app.controls.contract import Control, Ruling, failed, heaviest, indeterminate, not_applicable, passed
from app.domain.change import Change, Operation, Run
from app.domain.finding import Verdict

WITHIN = timedelta(minutes=10)
BAD = ("Degraded", "Missing")


def decide(change: Change) -> Ruling:
    return heaviest((_verified(act) for act in acts(change)), NOTHING_DONE)


def _verified(act: Act) -> Ruling:
    if isinstance(act.member, Run):
        return _run(act.member)
    operation = act.member
    if operation.phase in ("Failed", "Error"):
        return failed(f"{act.name} ended {operation.phase}: {operation.message or 'no message'}")
    if operation.phase in ("Running", "Terminating"):
        return not_applicable(f"{act.name} is not over")
    return _health(operation, act.name)


def _run(run: Run) -> Ruling:
    if run.applied_at:
        return passed(f"{run.id} ended applied at {clock(run.applied_at)}")
    return failed(f"{run.id} ended {run.status} after its apply had begun")


def _health(operation: Operation, name: str) -> Ruling:
    if operation.phase != "Succeeded":
        return indeterminate(f"how {name} ended was not read")
    if operation.health is None or operation.health_at is None:
        return indeterminate(f"no health was seen after {name}")
    if operation.health in BAD:
        return failed(f"{operation.application} was {operation.health} at {clock(operation.health_at)}, after {name}")
    if operation.health != "Healthy":
        return indeterminate(f"{operation.application} was {operation.health} when last seen after {name}")
    ended = operation.finished_at or operation.started_at
    if operation.health_at - ended > WITHIN:
        return indeterminate(
            f"{operation.application} was first seen Healthy at {clock(operation.health_at)}, more than 10 minutes after {name}"
        )
    return passed(f"{operation.application} was Healthy at {clock(operation.health_at)}, after {name}")


CONTROL = Control(
    id="DEPL-5",
    title="Verified afterwards",
    rule="Every apply ended applied; every sync succeeded, and the application was seen Healthy within 10 minutes.",
    verdicts=frozenset({Verdict.PASS, Verdict.FAIL, Verdict.NOT_APPLICABLE, Verdict.INDETERMINATE}),
    decide=decide,
)
