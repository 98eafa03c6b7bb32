"""An entity's story from its events, whatever order they came in."""

from collections.abc import Callable, Sequence

from app.domain.change import Entity
from app.domain.event import Entry, Event, Step
from app.linking.fold_application import application
from app.linking.fold_branch import branch_rules, tenures
from app.linking.fold_commits import commit_pulls, commit_range
from app.linking.fold_operation import operation
from app.linking.fold_pull_request import pull_request
from app.linking.fold_push import push
from app.linking.fold_run import run
from app.linking.fold_state import altered_record, drift, history_gap
from app.linking.fold_workspace import workspace_act

_STEPS = {step: rank for rank, step in enumerate(Step)}
_FOLDS: dict[str, Callable[[str, list[Event]], Entity | None]] = {
    "pr": pull_request,
    "run": run,
    "operation": operation,
    "drift": drift,
    "gap": history_gap,
    "integrity": altered_record,
    "setting": workspace_act,
    "state": workspace_act,
    "range": commit_range,
    "commit": commit_pulls,
    "rules": branch_rules,
    "repositories": tenures,
    "push": push,
    "app": application,
}


def fold(entity_key: str, entries: Sequence[Entry]) -> Entity | None:
    """The entity that `app.domain.event.entity_of` names `entity_key`, or None while the event that makes it is not there.

    Entries may come in any order and more than once. Ties of time are broken by the order of the steps, then by id.
    """
    making = _FOLDS.get(entity_key.partition(":")[0])
    return making(entity_key, ordered(entries)) if making else None


def ordered(entries: Sequence[Entry]) -> list[Event]:
    """Each event once, by (occurred_at, step, id)."""
    events = {entry.event.id: entry.event for entry in entries}
    return sorted(events.values(), key=lambda event: (event.occurred_at, step_rank(event), event.id))


def step_rank(event: Event) -> int:
    """Where its step stands in the chain: what breaks a tie of two events in the same second."""
    return _STEPS[event.step]
