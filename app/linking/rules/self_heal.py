"""A drift episode names the operation that ended it. A self-heal, and a sync that only put back what was deployed, belong to it."""

from app.domain.change import Link, Operation, Strength
from app.linking.near import Near


def ended_drift(operation: Operation, near: Near) -> list[Link]:
    return [
        Link(
            operation.key,
            drift.key,
            "ended drift",
            Strength.EXACT,
            f"the drift of {drift.application} names {operation.id} as what ended it",
        )
        for drift in near.drifts
        if drift.ended_by == operation.id and drift.source == operation.source
    ]


def puts_back(operation: Operation) -> bool:
    """It brought nothing new: the same revision again, or a self-heal (unless it moved the revision, a fault of some versions)."""
    if operation.kind == "self-heal":
        return all(one.previous_revision in (None, one.revision) for one in operation.sources)
    return operation.unchanged
