"""SHADOW-3: no sync is missing from an application's history, and none was altered in it."""

from app.controls.acts import clock, synced
from app.controls.contract import Control, Ruling, failed, heaviest, indeterminate, not_applicable, passed
from app.domain.change import AlteredRecord, Change, HistoryGap, Operation
from app.domain.finding import Verdict


def decide(change: Change) -> Ruling:
    if change.history_gap:
        return indeterminate(_lost(change.history_gap))
    if change.altered_record:
        return _altered(change.title, change.altered_record)
    return heaviest((_recorded(operation) for operation in synced(change)), "nothing was synced")


def _lost(hole: HistoryGap) -> str:
    ends = (hole.after, hole.before)
    between = " between " + " and ".join(clock(end) for end in ends if end) if all(ends) else ""
    if hole.possible:
        return f"{hole.lost} of {hole.application} may have come and gone unseen{between}: {hole.because}"
    if hole.counted:
        return f"{hole.lost} of {hole.application} came and went unseen{between}; what {hole.they} did is not known"
    if hole.heals:
        return f"{hole.lost} of {hole.application} came and went unseen{between}; what {hole.they} repaired is not known"
    numbers = f"{hole.from_id} to {hole.to_id}" if hole.from_id is not None else "of unknown numbers"
    return f"history entries {numbers} of {hole.application} ({hole.size}) were gone before they were read"


def _altered(title: str, record: AlteredRecord) -> Ruling:
    if record.certain:
        return failed(f"{title}: noticed at {clock(record.at)}, after it had been read; Argo CD itself never does that")
    return indeterminate(f"{title}: whether somebody did that is not known; {record.otherwise or 'what did it is not told'}")


def _recorded(operation: Operation) -> Ruling:
    if operation.history_id is None:
        return not_applicable(f"the sync of {operation.application} leaves no history entry ({operation.kind}, {operation.phase})")
    return passed(f"history entry {operation.history_id} of {operation.application} is held")


CONTROL = Control(
    id="SHADOW-3",
    title="No sync is missing or altered",
    rule="The history numbers of an application are seen without a hole. What a missing entry did cannot be known, so a hole is "
    "indeterminate, never a pass. A history that was rewritten or shortened after it had been read fails, and so does the record "
    "of an operation that was altered after its end.",
    verdicts=frozenset({Verdict.PASS, Verdict.FAIL, Verdict.NOT_APPLICABLE, Verdict.INDETERMINATE}),
    decide=decide,
)
