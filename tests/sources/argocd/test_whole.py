"""Lists that are longer than an event may be: their further items stand in events of their own, and none is left out."""

import json
from typing import Any

from app.canonical import canonical_json
from app.domain.change import Drift, Operation
from app.domain.event import Entry, Event, entity_of
from app.linking.fold import fold
from app.sources.argocd.parts import ROOM, cut
from hypothesis import given
from hypothesis import strategies as st

from tests.sources.argocd.conftest import Stage

MANY = 600
NAMES = [f"{'long-' * 30}{n:04}" for n in range(MANY)]


def entries(events: list[Event]) -> list[Entry]:
    return [Entry(n, event, event.observed_at) for n, event in enumerate(events)]


def whole(events: list[Event], event: Event, name: str) -> list[Any]:
    """A list of the event and of what continues it."""
    rest = [e for e in events if e.type == "continued" and e.facts["event"] == str(event.id)]
    assert [e.facts["part"] for e in rest] == list(range(2, len(rest) + 2))
    assert {entity_of(e) for e in rest} <= {entity_of(event)}
    return [item for e in (event, *rest) for item in e.facts.get(name, [])]


def test_a_drift_of_thousands_of_objects_is_whole_in_its_change(stage: Stage) -> None:
    app = stage.app(resources=[("ConfigMap", name) for name in NAMES])
    stage.state.sync(app, stage.to(10), "alice")
    stage.read(30)
    for one in app.resources:
        one.live = {"data": {"changed": "by hand"}}
    stage.state.noticed(app, stage.to(40))
    told = stage.read(60)
    opened = next(e for e in told if e.type == "drift")
    status = next(e for e in told if e.type == "sync-status")
    assert [one["name"] for one in whole(told, opened, "resources")] == NAMES
    assert [one["name"] for one in whole(told, status, "resources")] == NAMES
    assert opened.facts["resources_total"] == MANY
    entity = fold(entity_of(opened) or "", entries([e for e in told if entity_of(e) == entity_of(opened)]))
    assert isinstance(entity, Drift)
    assert [one.name for one in entity.resources] == NAMES
    assert max(len(canonical_json(dict(e.facts))) for e in told) < 48_000


def test_thousands_of_objects_that_fail_each_for_a_reason_of_its_own_are_told_with_every_reason(stage: Stage) -> None:
    app = stage.app(resources=[("ConfigMap", name) for name in NAMES])
    stage.state.sync(app, stage.to(10), "alice", phase="Failed", message="boom")
    result = app.operation.result if app.operation else None
    assert result
    for n, one in enumerate(result["resources"]):
        one["message"] = f'configmaps "{n:05}" not found'
    conditions = [{"type": "RepeatedResourceWarning", "message": f"{name} appeared 2 times"} for name in NAMES]
    options = [f"PrunePropagationPolicy=background-{n:05}" for n in range(1500)]
    app.extra = {"status": {"conditions": conditions, "operationState": {"operation": {"sync": {"syncOptions": options}}}}}
    told = stage.read(60)
    ended = next(e for e in told if e.type == "operation" and e.status == "Failed")
    assert [one["name"] for one in whole(told, ended, "failures")] == [f"{n:05}" for n in range(MANY)]
    assert whole(told, ended, "options") == options
    status = next(e for e in told if e.type == "sync-status")
    assert [one["message"] for one in whole(told, status, "conditions")] == [one["message"] for one in conditions]
    entity = fold(entity_of(ended) or "", entries([e for e in told if entity_of(e) == entity_of(ended)]))
    assert isinstance(entity, Operation)
    assert [one.name for one in entity.failures] == [f"{n:05}" for n in range(MANY)]
    assert [one.name for one in entity.resources] == NAMES
    assert max(len(canonical_json(dict(e.facts))) for e in told) < 48_000


ITEMS = st.lists(st.text(max_size=400), max_size=120)


@given(st.dictionaries(st.sampled_from(["resources", "failures", "options", "conditions"]), ITEMS), st.integers(600, 3000))
def test_what_is_cut_and_what_is_left_is_all_of_it(lists: dict[str, list[str]], room: int) -> None:
    facts = {"message": "x" * 200, **lists}
    kept, rest = cut(facts, room)
    assert len(canonical_json({k: v for k, v in kept.items() if not k.endswith("_total")})) <= room
    for name, items in lists.items():
        assert [*kept[name], *rest.get(name, [])] == items
        assert kept.get(f"{name}_total", len(items)) == len(items)
    assert (rest == {}) is (len(canonical_json(facts)) <= room)
    assert ROOM < 48_000
    assert json.dumps(kept)
