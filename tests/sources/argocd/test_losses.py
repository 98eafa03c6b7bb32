"""What was lost is counted where it can be, bounded where it cannot; what was changed after it was read is told."""

from datetime import timedelta
from typing import Any

import pytest
from app.demo.fakes.argocd_types import ApplicationState
from app.domain.actor import ActorKind
from app.domain.event import Event, How, entity_of
from app.sources.argocd.source import STREAM

from tests.sources.argocd.conftest import REPO, Stage, sha
from tests.sources.harness import run_until_error

HOUR = 3600


def of_type(events: list[Event], *types: str) -> list[Event]:
    return [event for event in events if event.type in types]


def healed(stage: Stage, app: ApplicationState, *seconds: float) -> None:
    for at in seconds:
        stage.state.edit(app, "payments-api", stage.to(at - 1))
        stage.state.heal(app, stage.to(at))


def started(stage: Stage, **more: Any) -> ApplicationState:
    app = stage.app(auto_sync=True, self_heal=True, **more)
    stage.state.sync(app, stage.to(10))
    stage.read(30)
    return app


def integrity(events: list[Event]) -> list[tuple[str, list[int]]]:
    return [(e.status, e.facts["history_ids"]) for e in of_type(events, "integrity")]


def test_heals_that_nobody_announced_are_counted_by_the_next_one(stage: Stage) -> None:
    app = started(stage)
    stage.state.announces = False
    healed(stage, app, 60, 80, 100, 120)
    gaps = of_type(stage.read(130), "history-gap")
    assert [(e.facts["of"], e.facts["size"], e.how) for e in gaps] == [("self-heals", 3, How.INFERRED)]
    assert (gaps[0].facts["from_at"], gaps[0].facts["to_at"]) == ("2026-03-02T09:00:12Z", "2026-03-02T09:02:00Z")
    assert of_type(stage.read(160, everything=True), "history-gap") == []


def test_heals_that_were_announced_are_told_and_no_gap(stage: Stage) -> None:
    app = started(stage)
    healed(stage, app, 60, 80, 100, 120)
    assert of_type(stage.read(130), "history-gap") == []
    assert [s.facts["operation_kind"] for s in stage.operations] == ["automated", *["self-heal"] * 4]


def test_a_row_goes_on_from_the_heal_that_was_seen(stage: Stage) -> None:
    app = started(stage)
    healed(stage, app, 60)
    stage.read(70)
    stage.state.announces = False
    healed(stage, app, 80, 100)
    assert [e.facts["size"] for e in of_type(stage.read(130), "history-gap")] == [1]


def test_an_operation_between_begins_a_new_row(stage: Stage) -> None:
    app = started(stage)
    healed(stage, app, 60, 70)
    stage.read(80)
    stage.state.sync(app, stage.to(90), "alice")
    stage.read(100)
    healed(stage, app, 110)
    assert of_type(stage.read(130), "history-gap") == []


def test_the_counter_of_a_first_sight_counts_nothing(stage: Stage) -> None:
    app = stage.app(auto_sync=True, self_heal=True)
    stage.state.sync(app, stage.to(10))
    healed(stage, app, 60, 80, 100)
    stage.state.announces = False
    app.announcements.clear()
    assert of_type(stage.read(130), "history-gap", "unwitnessed") == []


def test_a_number_that_began_anew_is_no_gap(stage: Stage) -> None:
    """2.13 to 3.2 begin the row again once the application was Synced for a while."""
    app = started(stage)
    healed(stage, app, 60, 70)
    stage.read(80)
    stage.state.announces = False
    app.heals = 0
    healed(stage, app, 100)
    assert of_type(stage.read(130), "history-gap") == []


def test_away_longer_than_announcements_live_says_how_many_may_have_hidden(stage: Stage) -> None:
    app = started(stage)
    for n in range(3):
        stage.state.sync(app, stage.to(100 + 10 * n), "carol", phase="Failed", message="boom")
    stage.state.sync(app, stage.to(3 * HOUR - 20), "alice")
    (hidden,) = of_type(stage.read(3 * HOUR), "unwitnessed")
    assert hidden.how is How.INFERRED
    assert hidden.facts["at_most"] >= 3
    assert hidden.facts["from_at"] == "2026-03-02T09:00:30Z"
    assert hidden.facts["to_at"] == "2026-03-02T11:59:40Z"
    assert "hour" in hidden.facts["because"]
    assert entity_of(hidden) == f"gap:argocd-test:possible/{hidden.ref.id}", "it stands on the timeline"


def test_away_for_long_with_nothing_in_the_slot_but_what_stood_there_nothing_can_have_hidden(stage: Stage) -> None:
    started(stage)
    assert of_type(stage.read(5 * HOUR), "unwitnessed") == []


def test_no_writes_no_operations(stage: Stage) -> None:
    """As many writes as the operations that are known make: none can have hidden."""
    app = started(stage)
    app.frozen = True
    stage.state.sync(app, stage.to(3 * HOUR - 20), "alice")
    assert of_type(stage.read(3 * HOUR), "unwitnessed") == []


def test_a_window_that_announcements_cover_is_witnessed(stage: Stage) -> None:
    app = started(stage)
    stage.state.event_ttl = timedelta(days=1)
    stage.state.sync(app, stage.to(100), "carol", phase="Failed", message="boom")
    stage.state.sync(app, stage.to(3 * HOUR - 20), "alice")
    assert of_type(stage.read(3 * HOUR), "unwitnessed") == []
    assert [s.ended for s in stage.operations] == ["Succeeded", "Failed", "Succeeded"]


def test_an_entry_that_changes_after_it_was_read_is_told_with_what_it_was(stage: Stage) -> None:
    app = stage.app()
    for n in range(3):
        stage.state.sync(app, stage.to(10 + 10 * n), "alice")
    stage.read(100)
    app.history[0] = {**app.history[0], "revision": sha(39), "initiatedBy": {"username": "mallory"}}
    (told,) = of_type(stage.read(130, everything=True), "integrity")
    assert (told.status, told.facts["history_ids"]) == ("rewritten", [0])
    (change,) = told.facts["changes"]
    assert (change["before"]["revisions"], change["before"]["initiator"]) == ([sha(1)], "user:alice")
    assert (change["after"]["revisions"], change["after"]["initiator"]) == ([sha(39)], "user:mallory")
    assert entity_of(told) == f"integrity:{told.source}:{told.ref.id}/{told.id}", "it is no operation"
    assert told.actor
    assert told.actor.kind is ActorKind.UNKNOWN
    assert "otherwise" not in told.facts
    assert integrity(stage.read(160, everything=True)) == []


@pytest.mark.parametrize(
    ("keep", "gone"), [(slice(0, 0), [0, 1, 2]), (slice(0, 2), [2]), (slice(1, None), [0]), (slice(0, None, 2), [1])]
)
def test_entries_that_are_taken_out_are_told(stage: Stage, keep: slice, gone: list[int]) -> None:
    app = stage.app()
    for n in range(3):
        stage.state.sync(app, stage.to(10 + 10 * n), "alice")
    stage.read(100)
    app.history = app.history[keep]
    told = stage.read(130, everything=True)
    assert integrity(told) == [("shortened", gone)]
    (event,) = of_type(told, "integrity")
    assert [one["before"]["revisions"] for one in event.facts["changes"]] == [[sha(1)]] * len(gone), "what it was is not lost"
    assert "otherwise" not in event.facts
    assert integrity(stage.read(160, everything=True)) == []


@pytest.mark.parametrize("limit", [3, 1, 0, None])
def test_what_appending_pushes_out_was_not_taken_out(stage: Stage, limit: int | None) -> None:
    app = stage.app(revision_history_limit=limit)
    for n in range(14):
        stage.state.sync(app, stage.to(10 + 100 * n), "alice")
        stage.read(60 + 100 * n)
    app.revision_history_limit = 2
    stage.read(1500, everything=True)
    stage.state.sync(app, stage.to(1600), "alice")
    stage.read(1630)
    assert integrity(stage.events) == []
    assert len(stage.operations) == 15


def test_what_a_lower_limit_may_have_pushed_out_is_told_as_that(stage: Stage) -> None:
    app = stage.app()
    for n in range(5):
        stage.state.sync(app, stage.to(10 + 10 * n), "alice")
    stage.read(100)
    app.revision_history_limit = 2
    stage.state.sync(app, stage.to(110), "alice")
    app.revision_history_limit = None
    (event,) = of_type(stage.read(130), "integrity")
    assert (event.status, event.facts["history_ids"]) == ("shortened", [0, 1, 2, 3])
    assert "limit may have been lower" in event.facts["otherwise"]


def test_a_history_that_a_limit_of_nothing_may_have_emptied_is_told_as_that(stage: Stage) -> None:
    app = stage.app()
    stage.state.sync(app, stage.to(10), "alice")
    stage.read(60)
    app.revision_history_limit = 0
    stage.state.sync(app, stage.to(70), "alice")
    app.revision_history_limit = None
    (event,) = of_type(stage.read(130), "integrity")
    assert (event.status, event.facts["history_ids"]) == ("shortened", [0])
    assert "limit may have been lower" in event.facts["otherwise"]


def test_a_history_that_begins_again_is_told_and_its_entries_are_new(stage: Stage) -> None:
    app = stage.app()
    for n in range(3):
        stage.state.sync(app, stage.to(10 + 10 * n), "alice")
    stage.read(100)
    app.history = []
    stage.state.push(REPO, sha(9), stage.to(200))
    stage.state.sync(app, stage.to(202), "bob")
    told = stage.read(300)
    assert integrity(told) == [("restarted", [0, 1, 2])]
    (event,) = of_type(told, "integrity")
    assert "limit may have been 0" in event.facts["otherwise"]
    assert event.facts["changes"][2]["before"]["initiator"] == "user:alice"
    assert [e.facts["history_id"] for e in of_type(told, "history")] == [0]
    assert stage.operations[-1].actors[-1].name == "bob"


def test_the_record_of_an_operation_that_is_over_does_not_change_untold(stage: Stage) -> None:
    app = stage.app()
    stage.state.sync(app, stage.to(10), "alice", phase="Failed", message="boom")
    stage.read(60)
    assert app.operation
    app.operation.phase, app.operation.initiated_by = "Succeeded", {"username": "bob"}
    (told,) = of_type(stage.read(90), "integrity")
    (change,) = told.facts["changes"]
    assert told.status == "altered"
    assert (change["before"]["phase"], change["before"]["names"]) == ("Failed", "user:alice")
    assert (change["after"]["phase"], change["after"]["names"]) == ("Succeeded", "user:bob")
    assert of_type(stage.read(120, everything=True), "integrity") == []
    assert stage.operations[-1].ended == "Failed"


def test_the_clock_says_what_is_forgotten_first_were_nothing_read(stage: Stage) -> None:
    quick, still = stage.app("quick"), stage.app("still")
    for n in range(4):
        stage.state.sync(quick, stage.to(10 + 20 * n), "alice")
    stage.state.sync(still, stage.to(90), "alice")
    stage.read(100)
    told = stage.memory["at-risk"]
    assert told["captured"] == "2026-03-02T09:01:40Z"
    assert told["soonest"] == [
        {"application": "application/argocd/quick", "seconds": 200, "what": "history"},
        {"application": "application/argocd/still", "seconds": 3600, "what": "announcements"},
    ]
    assert (told["behind"], told["applications"]) == ([], 2)
    stage.read(130)
    assert stage.memory["at-risk"]["captured"] == "2026-03-02T09:02:10Z"


def test_an_application_that_cannot_be_read_says_since_when_and_when_it_forgets(stage: Stage) -> None:
    one, other = stage.app("one"), stage.app("other")
    stage.state.sync(one, stage.to(10), "alice")
    stage.read(30)
    stage.state.sync(one, stage.to(40), "bob")
    stage.state.sync(other, stage.to(40), "bob")
    for at in (60, 90):
        stage.state.fail_next(404, 1, path="/applications/one")
        run_until_error(stage.source, STREAM, stage.memory, stage.to(at))
        (late,) = stage.memory["at-risk"]["behind"]
        assert (late["application"], late["since"]) == ("application/argocd/one", "2026-03-02T09:00:30Z")
        assert late["because"]
        assert late["forgets"] == {"announcements": "2026-03-02T10:00:30Z"}
        told = stage.memory["at-risk"]
        assert ([one["application"] for one in told["soonest"]], told["applications"]) == (["application/argocd/other"], 1)
    stage.read(120)
    assert stage.memory["at-risk"]["behind"] == []


def test_a_history_that_keeps_nothing_has_no_clock(stage: Stage) -> None:
    app = stage.app(revision_history_limit=0)
    stage.state.sync(app, stage.to(10), "alice")
    stage.read(30)
    assert [one["what"] for one in stage.memory["at-risk"]["soonest"]] == ["announcements"]


def test_announcements_that_are_kept_longer_are_learned(stage: Stage) -> None:
    app = stage.app()
    stage.state.event_ttl = timedelta(hours=6)
    stage.state.sync(app, stage.to(10), "alice")
    stage.read(5 * HOUR)
    assert stage.memory["at-risk"]["soonest"][0]["seconds"] == 5 * HOUR


def test_announcements_that_fell_silent_are_noticed_though_the_next_operation_was_seen_while_it_ran(stage: Stage) -> None:
    app = stage.app()
    stage.state.sync(app, stage.to(10), "alice")
    stage.read(60)
    stage.state.announces = False
    stage.state.sync(app, stage.to(68), "bob", dry_run=True)
    stage.state.begin(app, stage.to(76), "carol")
    stage.read(77)
    stage.state.finish(app, stage.to(80), "Failed", "boom")
    stage.read(140)
    (hidden,) = [event for event in stage.events if event.type == "unwitnessed"]
    assert hidden.facts["at_most"] >= 1
    assert hidden.facts["from_at"] == "2026-03-02T09:01:00Z"
