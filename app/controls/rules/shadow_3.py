"""SHADOW-3: no sync is missing from an application's history."""

from app.controls.acts import synced
from app.controls.contract import Control, Ruling, heaviest, indeterminate, not_applicable, passed
from app.domain.change import Change, Operation
from app.domain.finding import Verdict


def decide(change: Change) -> Ruling:
    hole = change.history_gap
    if hole:
        numbers = f"{hole.from_id} to {hole.to_id}" if hole.from_id is not None else "of unknown numbers"
        return indeterminate(f"history entries {numbers} of {hole.application} ({hole.size}) were gone before they were read")
    return heaviest((_recorded(operation) for operation in synced(change)), "nothing was synced")


def _recorded(operation: Operation) -> Ruling:
    if operation.history_id is None:
        return not_applicable(f"the sync of {operation.application} leaves no history entry ({operation.kind}, {operation.phase})")
    return passed(f"history entry {operation.history_id} of {operation.application} is held")


CONTROL = Control(
    id="SHADOW-3",
    title="No sync is missing",
    rule="The history numbers of an application are seen without a hole. What a missing entry did cannot be known, so a "
    "hole is "
    "indeterminate, never a pass.",
    verdicts=frozenset({Verdict.PASS, Verdict.NOT_APPLICABLE, Verdict.INDETERMINATE}),
    decide=decide,
)
