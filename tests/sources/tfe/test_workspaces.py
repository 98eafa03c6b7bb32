"""Workspaces over time: settings, locks, projects, health; what is not told is not made up."""

import json
from datetime import timedelta

import pytest
from app.domain.event import Event, entity_of
from app.errors import Throttled
from app.sources.contract import Page

from tests.sources.harness import events_of, observations_of, run_until_error
from tests.sources.tfe.conftest import Bench, told


def look(bench: Bench, **options: object) -> list[Event]:
    return events_of(bench.look("workspaces", **options))


def test_what_changed_between_two_looks_is_one_event_with_both_values(bench: Bench) -> None:
    (first,) = look(bench)
    assert (first.status, first.facts["observed_after"], entity_of(first)) == ("created", None, None)
    before = bench.now
    at = bench.later(minutes=1)
    bench.state.estate.change(bench.workspace, at, auto_apply=True, execution_mode="local", trigger_patterns=["b", "a"])
    (event,) = look(bench)
    assert event.facts["changed"] == {
        "auto_apply": [False, True],
        "execution_mode": ["remote", "local"],
    }  # patterns were not shown before
    assert (event.facts["observed_after"], event.facts["observed_before"]) == (before.isoformat(), bench.now.isoformat())
    assert event.occurred_at == at
    assert (event.actor.name, event.actor.because) == ("", "Terraform Enterprise does not tell who changed settings")
    assert entity_of(event) == f"setting:tfe-prod:{bench.workspace.id}/{event.id}"
    bench.state.estate.change(bench.workspace, bench.now, trigger_patterns=["c"])
    (event,) = look(bench)
    assert event.facts["changed"] == {"trigger_patterns": [["a", "b"], ["c"]]}
    assert look(bench) == []


def test_the_repository_the_branch_and_being_switched_to_no_repository(bench: Bench) -> None:
    look(bench)
    bench.workspace.repository = "bank/elsewhere"
    (event,) = look(bench)
    assert event.facts["changed"] == {"repository": ["bank/infra", "bank/elsewhere"]}
    bench.workspace.repository = None
    (event,) = look(bench)
    assert event.facts["changed"]["repository"] == ["bank/elsewhere", None]


def test_what_a_server_no_longer_shows_is_not_a_change(bench: Bench) -> None:
    bench.state.estate.change(bench.workspace, bench.now, global_remote_state=False)
    look(bench)
    del bench.workspace.settings["global-remote-state"]
    assert look(bench) == []
    bench.state.estate.change(bench.workspace, bench.now, global_remote_state=True)
    (event,) = look(bench)
    assert event.facts["changed"] == {"global_remote_state": [False, True]}
    bench.state.estate.includes = set()  # and a server that takes no includes has not moved the workspace to another project
    assert look(bench, everything=True) == []
    assert bench.memory["abilities"]["includes"] == ""


def test_a_project_is_the_same_whatever_it_is_called(bench: Bench) -> None:
    bench.state.estate.put_in(bench.workspace, "payments")
    (first,) = look(bench)
    assert (first.keys.project, first.facts["settings"]["project"]) == ("payments", "payments")
    bench.state.estate.put_in(bench.workspace, "shared")
    (event,) = look(bench)
    assert event.facts["changed"] == {"project": ["payments", "shared"]}


def test_a_lock_names_its_holder_and_an_unlock_nobody(bench: Bench) -> None:
    look(bench)
    bench.state.estate.lock(bench.workspace, bench.state.user("dara"), "Freeze for the audit")
    (event,) = look(bench)
    assert (event.status, event.actor.name, event.facts["reason"]) == ("locked", "dara", "Freeze for the audit")
    assert look(bench) == []
    bench.state.estate.unlock(bench.workspace)
    (event,) = look(bench)
    assert (event.status, event.actor.name) == ("unlocked", "")
    assert "does not tell who unlocked" in event.actor.because


def test_a_run_that_locks_its_own_workspace_is_no_lock_of_anybody(bench: Bench) -> None:
    look(bench)
    bench.state.estate.lock(bench.workspace, "run-1", kind="runs")
    assert look(bench) == []
    bench.state.estate.lock(bench.workspace, "team-1", "Frozen", kind="teams")
    (event,) = look(bench)
    assert (event.status, event.actor.name, event.actor.id) == ("locked", "", "team-1")
    assert "not a person" in event.actor.because


def test_a_workspace_that_is_gone_and_comes_back(bench: Bench) -> None:
    other = bench.state.add_workspace("other")
    look(bench)
    bench.state.workspaces.remove(other)
    (gone,) = look(bench)
    assert (gone.status, gone.keys.workspace, entity_of(gone) is not None) == ("unavailable", "other", True)
    assert "answers 404" in gone.facts["because"]
    assert look(bench) == []
    bench.state.workspaces.append(other)
    (back,) = look(bench)
    assert back.status == "returned"


def test_a_row_that_a_list_skipped_is_not_gone(bench: Bench) -> None:
    bench.state.add_workspace("other")
    look(bench)
    listed = [{"id": bench.workspace.id, "type": "workspaces", "attributes": {"name": "payments-production"}}]
    bench.state.fail_next(200, 1, json.dumps({"data": listed}), path="/organizations/bank-platform/workspaces")
    assert not [e for e in look(bench) if e.status == "unavailable"]


def test_a_workspace_made_since_the_last_look_is_somebodys_act(bench: Bench) -> None:
    look(bench)
    bench.state.add_workspace("new", created_at=bench.later(minutes=1))
    (made,) = look(bench)
    assert (made.status, entity_of(made) is None) == ("created", False)


def assessed(bench: Bench) -> list[tuple[str, str | None]]:
    return [(e.status, e.facts["episode"]) for e in look(bench) if e.type == "assessment"]


def test_drift_opens_is_told_again_and_closes(bench: Bench) -> None:
    estate = bench.state.estate
    estate.assess(bench.workspace, bench.now)
    assert assessed(bench) == [("undrifted", None)]
    fine = bench.now - timedelta(minutes=2)
    first = estate.assess(bench.workspace, bench.later(hours=24), drifted=3)
    (event,) = [e for e in look(bench) if e.type == "assessment"]
    assert (event.status, event.step.value, event.facts["drifted"], event.facts["episode"]) == ("drifted", "drifted", 3, first)
    assert event.facts["onset_after"] == fine.isoformat()
    assert entity_of(event) == f"drift:tfe-prod:{first}"
    estate.assess(bench.workspace, bench.later(hours=24), drifted=4)
    assert assessed(bench) == [("drifted", first)]
    estate.assess(bench.workspace, bench.later(hours=24))
    (event,) = [e for e in look(bench) if e.type == "assessment"]
    assert (event.status, event.step.value, event.facts["episode"]) == ("undrifted", "healed", first)
    assert bench.memory["assessments"] == {"undrifted": 1}


def test_a_failed_assessment_is_unknown_and_not_green(bench: Bench) -> None:
    estate = bench.state.estate
    first = estate.assess(bench.workspace, bench.now, drifted=1)
    assert assessed(bench) == [("drifted", first)]
    estate.assess(bench.workspace, bench.later(hours=24), error="provider credentials expired")
    (event,) = [e for e in look(bench) if e.type == "assessment"]
    assert (event.status, event.facts["episode"], event.facts["because"]) == ("failed", first, "provider credentials expired")
    assert event.facts["drifted"] is None
    estate.assess(bench.workspace, bench.later(hours=24), drifted=1)
    assert assessed(bench) == [("drifted", first)]


def test_the_pause_after_an_errored_run_is_unknown_since_the_last_result(bench: Bench) -> None:
    at = bench.now
    first = bench.state.estate.assess(bench.workspace, at, drifted=2)
    look(bench)
    run = bench.run(hours=0)
    run.error(bench.later(hours=1))
    (event,) = look(bench)
    assert (event.status, event.facts["episode"], event.facts["unknown_since"]) == ("unknown", first, at.isoformat())
    assert f"{run.id} is errored" in event.facts["because"]
    assert look(bench) == []
    assert bench.memory["assessments"] == {"unknown": 1}


def test_a_pause_that_no_shown_run_explains_is_seen_by_its_age(bench: Bench) -> None:
    bench.state.estate.assess(bench.workspace, bench.now)
    look(bench)
    bench.later(hours=47)
    assert look(bench) == []
    bench.later(hours=2)
    (event,) = look(bench)
    assert (event.status, event.facts["episode"]) == ("unknown", None)
    assert "no assessment for 49 h" in event.facts["because"]


def test_switching_health_assessments_off_hides_drift_and_is_told(bench: Bench) -> None:
    first = bench.state.estate.assess(bench.workspace, bench.now, drifted=2)
    look(bench)
    bench.state.estate.change(bench.workspace, bench.now, assessments_enabled=False)
    changed, unknown = look(bench)
    assert changed.facts["changed"] == {"assessments_enabled": [True, False]}
    assert (unknown.status, unknown.facts["episode"]) == ("unknown", first)


def test_a_server_that_does_not_carry_results_in_its_list_is_asked_for_each_new_one(bench: Bench) -> None:
    bench.state.estate.includes = {"current_run", "locked_by", "project"}
    first = bench.state.estate.assess(bench.workspace, bench.now, drifted=2)
    assert assessed(bench) == [("drifted", first)]
    asked = bench.asked("current-assessment-result")
    look(bench)
    assert bench.asked("current-assessment-result") == asked == 1
    bench.state.missing.add("assessments")
    bench.state.estate.assess(bench.workspace, bench.now)
    assert assessed(bench) == []  # 404: there is none to be read
    look(bench)
    assert bench.asked("current-assessment-result") == 2


def test_a_killed_look_is_begun_again_and_tells_nothing_twice(bench: Bench) -> None:
    bench.state.page_size = 1
    other = bench.state.add_workspace("other")
    look(bench)
    for one in (bench.workspace, other):
        bench.state.estate.change(one, bench.now, auto_apply=True)
    pages = bench.look("workspaces", pages=1)
    assert len(events_of(pages)) == 1
    assert len(look(bench)) == 1
    assert look(bench) == []


@pytest.mark.parametrize("status", [429, 503])
def test_a_failure_halfway_keeps_what_was_read_and_marks_nothing_gone(bench: Bench, status: int) -> None:
    bench.state.add_workspace("other")
    bench.state.page_size = 1
    look(bench)
    bench.state.estate.change(bench.workspace, bench.now, auto_apply=True)
    bench.state.fail_next(status, 9, headers={"x-ratelimit-reset": "40"}, path="/organizations/bank-platform/workspaces")
    pages, error = run_until_error(bench.source, "workspaces", bench.memory, bench.later(minutes=5))
    assert error is not None
    assert isinstance(error, Throttled) == (status == 429)
    assert events_of(pages) == []
    bench.state.failures.clear()
    assert [e.status for e in look(bench)] == ["changed"]


def test_old_memory_is_understood(bench: Bench) -> None:
    bench.memory[f"workspace:{bench.workspace.id}"] = {"auto_apply": True, "name": "payments-production"}
    (event,) = look(bench)
    assert event.facts["changed"] == {"auto_apply": [True, False]}


@pytest.mark.parametrize("value", [7, [], {"a": 1}, "yes", 1e300, "x" * 100_000, "\x00", None])
def test_values_of_any_kind_are_survived(bench: Bench, value: object) -> None:
    look(bench)
    names = (
        "auto-apply",
        "vcs-repo",
        "trigger-patterns",
        "tag-names",
        "locked",
        "name",
        "setting-overwrites",
        "assessments-enabled",
    )
    names += ("last-assessment-result-at", "updated-at", "created-at", "locked-reason", "execution-mode")
    for name in names:
        bench.workspace.settings[name] = value
    pages: list[Page] = bench.look("workspaces")
    bench.look("workspaces")
    assert all(len(json.dumps(dict(e.facts))) < 48_100 for e in events_of(pages))
    assert bench.memory["looked"]["at"] == bench.now.isoformat()


def test_no_secret_of_a_workspace_is_kept(bench: Bench) -> None:
    bench.state.estate.assess(bench.workspace, bench.now, drifted=2)
    pages = bench.look("workspaces")
    text = repr(observations_of(pages)) + repr(events_of(pages)) + repr(bench.memory)
    assert not [word for word in ("planted-webhook", "ot-planted", "_archivist", "planted-capability") if word in text]
    assert told(pages, "assessment", "drifted")
