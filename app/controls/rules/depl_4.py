"""DEPL-4: who or what started each sync is recorded."""

from app.controls.acts import synced
from app.controls.contract import Control, Ruling, failed, heaviest, indeterminate, passed
from app.controls.who import called
from app.domain.actor import ActorKind
from app.domain.change import Change, Operation
from app.domain.finding import Verdict


def decide(change: Change) -> Ruling:
    return heaviest((_started(operation) for operation in synced(change)), "nothing was synced")


def _started(operation: Operation) -> Ruling:
    who = operation.initiator
    if operation.kind == "injected":
        return failed(f"the operation on {operation.application} was put in past Argo CD's API; nobody answers for it")
    if who is None or who.kind is ActorKind.UNKNOWN:
        return indeterminate(f"{operation.application}: {who.because if who else 'no initiator is recorded'}")
    if who.kind is ActorKind.AUTOMATION:
        return passed(f"{called(who)} synced {operation.application} automatically")
    return passed(f"{called(who)} started the sync of {operation.application}")


CONTROL = Control(
    id="DEPL-4",
    title="Who synced is recorded",
    rule="Every sync names its initiator or was automatic. A name in the record counts only with proof; an operation "
    "that was put in "
    "past the API fails.",
    verdicts=frozenset({Verdict.PASS, Verdict.FAIL, Verdict.NOT_APPLICABLE, Verdict.INDETERMINATE}),
    decide=decide,
)
