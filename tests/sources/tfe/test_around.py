"""Run triggers, sharing of state, and states that no run made: what is not in the list of workspaces."""

import json
from datetime import timedelta

import pytest
from app.domain.event import Event, entity_of
from app.linking.says import says

from tests.sources.harness import events_of, observations_of
from tests.sources.tfe.conftest import Bench


def look(bench: Bench) -> list[Event]:
    return events_of(bench.look("workspaces"))


def a_day_later(bench: Bench) -> list[Event]:
    bench.later(hours=24)
    return look(bench)


def test_a_run_trigger_that_was_added_is_told_with_before_and_after_within_a_day(bench: Bench) -> None:
    network = bench.state.add_workspace("network-production")
    look(bench)
    first = bench.now
    assert look(bench) == []
    bench.state.estate.trigger(network, bench.workspace, bench.now)
    assert look(bench) == []  # once a day
    (event,) = a_day_later(bench)
    assert event.facts["changed"] == {"run_triggers": [[], ["network-production"]]}
    assert (event.keys.workspace, event.facts["observed_after"]) == ("payments-production", first.isoformat())
    assert entity_of(event) == f"setting:tfe-prod:{bench.workspace.id}/{event.id}"
    assert "run triggers from none → network-production" in says(event)
    bench.state.estate.triggers.clear()
    (event,) = a_day_later(bench)
    assert event.facts["changed"] == {"run_triggers": [["network-production"], []]}


def test_who_may_read_the_state_of_a_workspace(bench: Bench) -> None:
    other = bench.state.add_workspace("reporting")
    look(bench)
    bench.state.estate.consumers[bench.workspace.id] = [other.id]
    (event,) = a_day_later(bench)
    assert event.facts["changed"] == {"remote_state_consumers": [[], ["reporting"]]}
    bench.state.estate.change(bench.workspace, bench.now, global_remote_state=True)
    asked = bench.asked("remote-state-consumers")
    a_day_later(bench)
    assert bench.asked("remote-state-consumers") == asked + 1  # of the other workspace: the organization's needs no list


def test_what_a_server_does_not_tell_or_tells_badly_changes_nothing(bench: Bench) -> None:
    network = bench.state.add_workspace("network-production")
    bench.state.estate.trigger(network, bench.workspace, bench.now)
    look(bench)
    bench.state.missing |= {"run-triggers", "consumers"}
    assert a_day_later(bench) == []
    bench.state.missing -= {"run-triggers", "consumers"}
    bench.state.fail_next(200, 1, "<html>", path=f"{bench.workspace.id}/run-triggers")
    bench.later(hours=24)
    pages = bench.look("workspaces")
    assert events_of(pages) == []
    assert "workspaces.run_triggers" in {what for page in pages for what, _ in page.unknown}


def test_a_thousand_workspaces_are_gone_round_in_a_day(bench: Bench) -> None:
    for n in range(25):
        bench.state.add_workspace(f"workspace-{n}")
    before = bench.asked("run-triggers")
    look(bench)
    assert bench.asked("run-triggers") - before == 10
    for _ in range(4):
        look(bench)
    assert bench.asked("run-triggers") - before == 26


def opted(bench: Bench) -> Bench:
    bench.state.estate.states_readable = True
    bench.source = bench.connect(state_metadata=True)
    return bench


def test_without_opting_in_no_state_is_asked_for(bench: Bench) -> None:
    bench.state.estate.states_readable = True
    bench.state.estate.state(bench.workspace, bench.now)
    assert [e.type for e in look(bench)] == ["workspace"]
    assert bench.asked("state-versions") == 0


def test_a_state_that_no_run_made_is_told_with_its_maker(bench: Bench) -> None:
    run, *_ = opted(bench).story()
    estate = bench.state.estate
    estate.state(bench.workspace, bench.now, run=run)
    at = bench.now
    key = estate.state(bench.workspace, at, by=bench.state.user("mallory"))
    pages = bench.look("workspaces")
    (event,) = [e for e in events_of(pages) if e.type == "state-version"]
    assert (event.ref.id, event.status, event.occurred_at, event.actor.name) == (key, "created", at, "mallory")
    assert (event.facts["serial"], event.facts["terraform_version"]) == (2, "1.9.8")
    assert entity_of(event) == f"state:tfe-prod:{key}"
    assert says(event) == "state 2 of workspace payments-production was made by no run, by mallory"
    assert event.observation in {one.digest for one in observations_of(pages)}
    text = repr(observations_of(pages)) + repr(events_of(pages)) + repr(bench.memory)
    assert not [word for word in ("download-url", "planted", "_archivist", "archivist") if word in text]


def test_only_a_workspace_whose_state_is_another_one_is_asked_again(bench: Bench) -> None:
    opted(bench)
    bench.state.estate.state(bench.workspace, bench.now)
    assert [e.facts["serial"] for e in look(bench) if e.type == "state-version"] == [1]
    asked = bench.asked("state-versions")
    assert look(bench) == []
    assert bench.asked("state-versions") == asked
    bench.state.page_size = 1
    for _ in range(3):
        bench.state.estate.state(bench.workspace, bench.now)
    assert [e.facts["serial"] for e in look(bench)] == [2, 3, 4]
    assert bench.asked("state-versions") == asked + 4  # until the newest that was known
    assert look(bench) == []


def test_a_state_of_which_it_is_not_told_whether_a_run_made_it_is_no_claim(bench: Bench) -> None:
    opted(bench)
    bench.state.estate.state(bench.workspace, bench.now)
    odd = bench.state.estate.states[bench.workspace.id][0]
    del odd["relationships"]["run"]
    pages = bench.look("workspaces")
    assert not [e for e in events_of(pages) if e.type == "state-version"]
    assert ("state-versions.run", f"{odd['id']}: does not tell whether a run made it") in pages[0].unknown


def test_where_the_token_may_not_read_it_that_is_said(bench: Bench) -> None:
    opted(bench).state.estate.states_readable = False
    bench.state.estate.state(bench.workspace, bench.now)
    assert [e.type for e in look(bench)] == ["workspace"]
    assert bench.memory["server"]["metadata of states"] is False


@pytest.mark.parametrize("value", [None, 7, "x", [], {}, 1e300, "\x00" * 10, -1])
def test_metadata_of_any_kind_is_survived(bench: Bench, value: object) -> None:
    opted(bench)
    bench.state.estate.state(bench.workspace, bench.now)
    state = bench.state.estate.states[bench.workspace.id][0]
    for name in ("serial", "created-at", "status", "terraform-version", "vcs-commit-sha"):
        state["attributes"][name] = value
    (event,) = [e for e in look(bench) if e.type == "state-version"]
    assert json.dumps(dict(event.facts))
    bench.later(hours=25)
    look(bench)
    assert bench.now - event.observed_at > timedelta(hours=24)
