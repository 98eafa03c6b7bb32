"""Everything that differs: told when the set, what it was compared with or the status changes, and whole."""

from typing import Any

import pytest
from app.sources.argocd.parts import in_parts

from tests.sources.argocd.conftest import REPO, Stage, sha


def told(stage: Stage) -> list[tuple[str, list[str], list[str]]]:
    """Status, what differs, what does no more."""
    return [
        (e.status, sorted(one["name"] for one in e.facts["resources"]), sorted(one["name"] for one in e.facts["gone"]))
        for e in stage.events
        if e.type == "differing"
    ]


def last(stage: Stage) -> dict[str, Any]:
    return dict([e for e in stage.events if e.type == "differing"][-1].facts)


def test_it_is_told_when_the_set_changes_and_once_when_nothing_differs_any_more(stage: Stage) -> None:
    app = stage.app()
    stage.state.sync(app, stage.to(10), "alice")
    stage.read(30)
    assert told(stage) == [("Synced", [], [])]
    stage.read(60)
    stage.state.edit(app, "payments-api", stage.to(70))
    stage.read(90)
    assert told(stage)[1:] == [("OutOfSync", ["payments-api"], [])]
    facts = last(stage)
    assert (facts["seen_after"], facts["turned_at"]) == ("2026-03-02T09:01:00Z", "2026-03-02T09:01:10Z")
    assert (facts["revisions"], facts["deployed"], facts["same_source"]) == ([sha(1)], [sha(1)], True)
    assert (facts["operation"], facts["auto_sync"], facts["self_heal"]) == (f"{app.uid}/2026-03-02T09:00:10Z", False, False)
    stage.read(120, everything=True)
    stage.state.edit(app, "payments-api-config", stage.to(130))
    stage.read(150, everything=True)
    assert told(stage)[2:] == [("OutOfSync", ["payments-api", "payments-api-config"], [])]
    assert last(stage)["seen_after"] == "2026-03-02T09:02:00Z"  # the last whole reading: the list cannot show a set that grows
    stage.state.restore(app, "payments-api", stage.to(160))
    stage.state.restore(app, "payments-api-config", stage.to(170))
    stage.read(180)
    assert told(stage)[3:] == [("Synced", [], ["payments-api", "payments-api-config"])]
    assert (last(stage)["seen_after"], last(stage)["turned_at"]) == ("2026-03-02T09:02:30Z", "2026-03-02T09:02:50Z")
    stage.read(210, everything=True)
    assert len(told(stage)) == 4


def test_a_set_that_changes_while_it_stays_out_of_sync_is_seen_within_minutes_and_what_was_quiet_is_not_kept(stage: Stage) -> None:
    app = stage.app()
    stage.state.sync(app, stage.to(10), "alice")
    stage.state.edit(app, "payments-api", stage.to(20))
    stage.read(30)
    assert [len(page.observations) for page in stage.pages] == [4, 0]
    stage.pages.clear()
    for n in range(1, 12):
        stage.read(30 + 30 * n)
    assert [page.observations for page in stage.pages if page.observations] == []
    stage.state.edit(app, "payments-api-config", stage.to(400))
    for n in range(1, 12):
        stage.read(400 + 30 * n)
    assert told(stage) == [("OutOfSync", ["payments-api", "payments-api-config"], [])]


def test_what_waits_for_its_commit_is_told_with_what_is_deployed(stage: Stage) -> None:
    app = stage.app()
    stage.state.sync(app, stage.to(10), "alice")
    stage.read(30)
    stage.state.push(REPO, sha(2), stage.to(40))
    stage.read(60)
    assert (last(stage)["revisions"], last(stage)["deployed"]) == ([sha(2)], [sha(1)])


def test_nothing_is_told_while_an_operation_runs_and_a_set_that_outlasts_one_is_told_again(stage: Stage) -> None:
    app = stage.app()
    stage.state.sync(app, stage.to(10), "alice")
    stage.state.edit(app, "payments-api", stage.to(20))
    stage.read(30)
    stage.state.begin(app, stage.to(40), "bob", resources=["payments-api-config"])
    stage.read(60)
    assert len(told(stage)) == 1
    stage.state.finish(app, stage.to(70))
    stage.read(90)
    assert told(stage)[1:] == [("OutOfSync", ["payments-api"], [])]
    assert last(stage)["operation"] == f"{app.uid}/2026-03-02T09:00:40Z"


def test_equal_for_a_while_between_two_looks_is_told_as_it_was_announced(stage: Stage) -> None:
    app = stage.app()
    stage.state.sync(app, stage.to(10), "alice")
    stage.state.edit(app, "payments-api", stage.to(20))
    stage.read(30)
    stage.state.restore(app, "payments-api", stage.to(40))
    stage.state.edit(app, "payments-api", stage.to(50))
    stage.read(60, everything=True)
    assert told(stage) == [
        ("OutOfSync", ["payments-api"], []), ("Synced", [], ["payments-api"]), ("OutOfSync", ["payments-api"], []),
    ]  # fmt: skip
    assert last(stage)["seen_after"] == "2026-03-02T09:00:40Z"
    assert [str(e.how) for e in stage.events if e.type == "differing"] == ["observed", "reconstructed", "observed"]


def test_hooks_do_not_count_and_a_namespace_alone_is_told_with_its_reason(stage: Stage) -> None:
    app = stage.app()
    stage.state.sync(app, stage.to(10), "alice")
    hook = {"kind": "Job", "name": "migrate", "status": "OutOfSync", "hook": True}
    app.extra = {"status": {"sync": {"status": "OutOfSync"}, "resources": [hook]}}
    stage.read(30)
    stage.read(60)
    assert told(stage) == [("OutOfSync", [], [])]
    assert "namespace" in last(stage)["because"]


def test_what_its_owner_ignores_is_told_apart(stage: Stage) -> None:
    app = stage.app()
    stage.state.sync(app, stage.to(10), "alice")
    extra = {"kind": "ConfigMap", "name": "cache", "status": "OutOfSync", "requiresPruning": True, "health": None}
    app.extra = {"status": {"resources": [extra]}}
    stage.read(30)
    assert told(stage) == [("Synced", [], [])]
    assert [(one["name"], one["requires_pruning"], one["health"]) for one in last(stage)["ignored"]] == [("cache", True, None)]


def test_five_thousand_objects_are_told_whole(stage: Stage) -> None:
    names = [f"{'long-' * 30}{n:04}" for n in range(5000)]
    app = stage.app(resources=[("ConfigMap", name) for name in names])
    stage.state.sync(app, stage.to(10), "alice")
    stage.state.push(REPO, sha(2), stage.to(20))
    stage.read(30)
    events = [e for e in stage.events if e.type == "differing"]
    assert len({e.id for e in events}) == len(events) == events[0].facts["parts"] > 20
    assert [one["name"] for e in events for one in e.facts["resources"]] == names
    stage.state.sync(app, stage.to(40), "alice")
    stage.read(60)
    gone = [e for e in stage.events if e.type == "differing" and e.status == "Synced"]
    assert [one["name"] for e in gone for one in e.facts["gone"]] == names
    assert not [key for e in [*events, *gone] for key in e.facts if key.endswith("_total")]


@pytest.mark.parametrize("count", [0, 1, 7, 200])
def test_parts_hold_every_item_once_in_order(count: int) -> None:
    items = [{"name": "x" * (n % 50)} for n in range(count)]
    parts = list(in_parts({"resources": items, "gone": items[::-1]}, 300))
    assert [one for part in parts for one in part["resources"]] == items
    assert [one for part in parts for one in part["gone"]] == items[::-1]
    assert all(set(part) == {"resources", "gone"} for part in parts)
