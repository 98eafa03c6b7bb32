"""Head scan, open set, cool-down, reconciliation; and what is done when a server lacks something."""

import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from app.demo.fakes.tfe_state import PolicyState
from app.errors import Throttled
from app.sources.contract import Page, Task
from app.sources.tfe.memory import Known, Reading

from tests.sources.harness import events_of, observations_of, remember, run_until_error
from tests.sources.tfe.conftest import Bench, told


def test_a_new_run_is_seen_and_an_old_one_is_not_asked_again(bench: Bench) -> None:
    for n in range(3):
        old = bench.run(f"Old {n}", hours=24 * 10 + n)
        old.plan(bench.now, 1)
        old.discard(bench.now, bench.state.user("bob"))
        old.stamps = dict.fromkeys(old.stamps, old.created_at)
        old.events.clear()
    bench.look()
    before = len(bench.state.requests)
    new = bench.run("New", hours=0)
    pages = bench.look()
    assert {e.keys.run for e in events_of(pages)} == {new.id}
    asked = [path for path, _ in bench.state.requests[before:]]
    assert not [path for path in asked if "/runs/run-" in path and new.id not in path]


def test_an_open_run_beyond_the_head_is_followed_to_its_end(bench: Bench) -> None:
    bench.state.page_size = 2
    waiting = bench.run("Waits for weeks", hours=24 * 20)
    waiting.plan(waiting.created_at, 1)
    for n in range(8):
        one = bench.run(f"Later {n}", hours=24 * 5 + n)
        one.plan(one.created_at, 0)
    bench.look()
    bench.look()
    waiting.confirm(bench.now, bench.state.user("bob"))
    waiting.apply(bench.now, seconds=1)
    pages = bench.look()
    assert told(pages, "run", "applied", waiting.id)
    assert told(pages, "run-actor", "confirmed-by", waiting.id)[0].actor.name == "bob"


def test_a_late_comment_is_read_during_the_cool_down(bench: Bench) -> None:
    run, *_ = bench.story()
    bench.look()
    run.comment(bench.later(hours=3), bench.state.user("dave"), "Seen in the morning")
    (event,) = told(bench.look(), "run-event", "commented", run.id)
    assert (event.actor.name, event.facts["comment"], event.facts["role"]) == ("dave", "Seen in the morning", None)


def test_details_of_an_unchanged_final_run_are_left_alone_after_the_cool_down(bench: Bench) -> None:
    run, *_ = bench.story()
    bench.look()
    for hours in (1, 4, 12, 60):
        bench.later(hours=hours)
        assert not [o for o in observations_of(bench.look()) if run.id in o.subject]
    assert bench.memory[f"run:{run.id}"]["closed"] is True
    before = bench.asked(run.id)
    for _ in range(5):
        bench.look()
    assert bench.asked(run.id) == before


def test_a_run_that_disappears_is_told_once_and_never_forgotten(bench: Bench) -> None:
    run, _, waiting = bench.story()
    bench.look()
    bench.state.runs.remove(waiting)
    (gone,) = told(bench.look(), "run", "unavailable")
    assert (gone.keys.run, gone.keys.workspace, gone.known) == (waiting.id, "payments-production", True)
    assert gone.facts["workspace_visible"] is True
    assert f"run:{waiting.id}" in bench.memory
    bench.later(hours=60)
    assert events_of(bench.look()) == []
    bench.state.runs.remove(run)  # final and past its cool-down: nobody asks for it until the lists are reconciled
    assert events_of(bench.look()) == []
    (gone,) = told(bench.look(everything=True), "run", "unavailable")
    assert gone.keys.run == run.id
    bench.state.runs.append(run)
    assert told(bench.look(), "run", "applied", run.id)


def test_a_full_reading_that_is_asked_for_begins_anew_each_time(bench: Bench) -> None:
    bench.story()
    bench.look()
    number = bench.memory["reconciled"]["number"]
    bench.look(everything=True)
    assert bench.memory["reconciled"]["number"] == number + 1
    assert not [key for key in bench.memory if key.startswith("full:")]
    bench.look()
    assert bench.memory["reconciled"]["number"] == number + 1


def test_a_reconciliation_that_takes_several_passes_is_one(bench: Bench) -> None:
    bench.state.missing.add("organization-runs")
    for n in range(20):
        bench.state.add_run(bench.state.add_workspace(f"team-{n:02}"), f"Run {n}", bench.now, "alice")
    passes = 0
    while "reconciled" not in bench.memory and passes < 20:
        passes += 1
        bench.later(seconds=61)
        for page in _pages(bench):
            remember(bench.memory, page)
    assert passes > 1
    assert bench.memory["reconciled"]["number"] == 1


def _pages(bench: Bench) -> Iterator[Page]:
    """A pass that is asked for everything, as ingest does until one succeeds."""
    with contextlib.suppress(Throttled):
        yield from bench.source.fetch(Task("runs", bench.now, dict(bench.memory), everything=True))


def test_runs_of_years_ago_are_read(bench: Bench) -> None:
    bench.workspace.created_at -= timedelta(days=900)
    old, older = bench.run("Last year", hours=24 * 400), bench.run("The year before", hours=24 * 700)
    assert {e.keys.run for e in events_of(bench.look("backfill"))} == {old.id, older.id}


def test_the_operations_filter_is_not_trusted_because_it_answered_200(bench: Bench) -> None:
    """The default leaves plan-only runs out of the plain list: the named one tells more, and that is remembered."""
    bench.story()
    bench.look()
    assert (bench.memory["abilities"]["named_missed"], bench.memory["abilities"]["plain_missed"]) == (False, True)
    before = bench.asked("/organizations/bank-platform/runs")
    bench.look()
    assert bench.asked("/organizations/bank-platform/runs") - before == 1


def test_both_forms_are_read_while_neither_was_caught(bench: Bench) -> None:
    bench.state.plan_only_by_default = True
    bench.story()
    bench.look()
    bench.look()
    before = bench.asked("/organizations/bank-platform/runs")
    bench.look()
    assert bench.asked("/organizations/bank-platform/runs") - before == 2


def test_without_the_organization_list_each_workspace_is_read(bench: Bench) -> None:
    bench.state.missing.add("organization-runs")
    run, speculative, waiting = bench.story()
    other = bench.state.add_workspace("network-production")
    elsewhere = bench.state.add_run(other, "Elsewhere", bench.now, "alice")
    pages = bench.look()
    assert {e.keys.run for e in events_of(pages)} == {run.id, speculative.id, waiting.id, elsewhere.id}
    assert told(pages, "run", "pending", elsewhere.id)[0].keys.workspace == "network-production"
    assert bench.memory["abilities"]["organization_runs"] is False
    new = bench.state.add_run(other, "Newer", bench.now, "alice")
    assert {e.keys.run for e in events_of(bench.look())} == {new.id}


def test_more_workspaces_than_lists_a_minute_are_read_over_several_passes(bench: Bench) -> None:
    bench.state.missing.add("organization-runs")
    runs = []
    for n in range(40):
        place = bench.state.add_workspace(f"team-{n:02}")
        runs.append(bench.state.add_run(place, f"Run {n}", bench.now, "alice"))
    met, throttled = set(), 0
    for _ in range(20):
        pages, error = run_until_error(bench.source, "runs", bench.memory, bench.later(seconds=61))
        met |= {e.keys.run for e in events_of(pages)}
        throttled += isinstance(error, Throttled)
        if error is None:
            break
        assert 0 < error.retry_after <= 60
    assert met == {run.id for run in runs}
    assert throttled
    assert "reconciled" in bench.memory
    assert not [path for path, _ in bench.state.requests if "429" in path]


def test_an_older_server_that_refuses_includes_is_asked_for_less(bench: Bench) -> None:
    bench.state.includes = {"plan", "apply", "created_by"}
    run, *_ = bench.story()
    pages = bench.look()
    assert told(pages, "apply", "finished", run.id)[0].facts["added"] == 1
    assert told(pages, "run", "pending", run.id)[0].keys.commits == ("a" * 40,)
    assert bench.memory["abilities"]["include"] == 4
    before = len(bench.state.requests)
    bench.run("New", hours=0)
    bench.look()
    assert not [query for path, query in bench.state.requests[before:] if path.endswith("/runs") and "task_stages" in query]


@pytest.mark.parametrize("endpoint", ["policy-checks", "run-events", "task-stages", "entitlement-set"])
def test_an_endpoint_that_is_not_there_is_an_ability_not_an_error(bench: Bench, endpoint: str) -> None:
    bench.state.missing.add(endpoint)
    for n in range(4):
        run = bench.run(f"Run {n}", hours=n)
        run.plan(bench.now, 1)
    bench.story()
    pages = bench.look()
    assert len(told(pages, "run", "pending")) == 7
    assert [u for page in pages for u in page.unknown] == []


def test_policy_evaluations_are_told_with_their_policies(bench: Bench) -> None:
    run = bench.run()
    run.plan(bench.now, 1)
    policies = [PolicyState("opa", "no-public", False, "soft-mandatory", "No public address"), PolicyState("opa", "tags")]
    run.evaluate(bench.now, policies)
    pages = bench.look()
    (failed,) = told(pages, "policy-check", "failed", run.id)
    assert failed.facts["counts"] == {"passed": 1, "mandatory_failed": 1, "advisory_failed": 0, "errored": 0}
    assert [(p["policy"], p["level"], p["verdict"]) for p in failed.facts["policies"]] == [
        ("no-public", "mandatory", "failed"),
        ("tags", "mandatory", "passed"),
    ]
    assert failed.observation in {o.digest for o in observations_of(pages)}
    assert "planted" not in "".join(o.body.decode() for o in observations_of(pages))


def test_outcomes_that_cannot_be_read_are_told_later(bench: Bench) -> None:
    bench.state.missing.add("policy-set-outcomes")
    run = bench.run()
    run.plan(bench.now, 1)
    run.evaluate(bench.now, [PolicyState("opa", "no-public")])
    (unread,) = told(bench.look(), "policy-check", "passed", run.id)
    assert (unread.facts["parsed"], unread.facts["policies"]) == (False, [])
    bench.state.missing.clear()
    (readable,) = told(bench.look(), "policy-check", "passed", run.id)
    assert readable.facts["parsed"] is True
    assert readable.id != unread.id


def test_a_user_the_server_does_not_show_is_not_named(bench: Bench) -> None:
    bench.state.missing |= {"users", "run-events"}
    bench.state.includes = set()
    run = bench.run(creator="alice")
    (pending,) = told(bench.look(), "run", "pending", run.id)
    assert (pending.actor.name, pending.actor.kind.value, pending.actor.id) == ("", "unknown", bench.state.user("alice").id)
    assert "names only the id" in pending.actor.because


def test_nobody_is_told_as_nobody(bench: Bench) -> None:
    run = bench.run(creator=None)
    (pending,) = told(bench.look(), "run", "pending", run.id)
    assert (pending.actor.name, pending.actor.because) == ("", "the run names no creator")


def test_auto_apply_is_automation_and_never_a_person(bench: Bench) -> None:
    bench.workspace.auto_apply = True
    run = bench.run(creator=bench.state.user("ci", service=True))
    run.plan(bench.now, 1)
    run.confirm(bench.now, None)
    run.apply(bench.now)
    pages = bench.look()
    (confirmed,) = told(pages, "run", "confirmed", run.id)
    assert (confirmed.actor.name, confirmed.actor.kind.value) == ("auto-apply", "automation")
    assert not told(pages, "run-actor")
    assert told(pages, "run", "pending", run.id)[0].actor.kind.value == "service"


def test_a_partial_apply_keeps_what_it_did_change(bench: Bench) -> None:
    run = bench.run()
    run.plan(bench.now, 4)
    run.confirm(bench.now, bench.state.user("bob"))
    run.error(bench.now, "apply", (2, 0, 0, 0))
    pages = bench.look()
    (apply,) = told(pages, "apply", "errored", run.id)
    assert (apply.facts["added"], apply.step.value) == (2, "applied")
    assert told(pages, "run", "errored", run.id)[0].step.value == "stopped"


def test_workspace_settings_are_told_when_they_change(bench: Bench) -> None:
    (created,) = events_of(bench.look("workspaces"))
    assert (created.type, created.status, created.keys.repository) == ("workspace", "created", "bank/infra")
    assert events_of(bench.look("workspaces")) == []
    bench.workspace.auto_apply, bench.workspace.updated_at = True, bench.now
    (changed,) = events_of(bench.look("workspaces"))
    assert (changed.status, changed.facts["changed"], changed.facts["settings"]["auto_apply"]) == (
        "changed",
        {"auto_apply": [False, True]},
        True,
    )
    assert changed.actor.name == ""
    other = bench.state.add_workspace("other")
    bench.look("workspaces")
    bench.state.workspaces.remove(bench.workspace)
    (gone,) = events_of(bench.look("workspaces"))
    assert (gone.status, gone.keys.workspace) == ("unavailable", "payments-production")
    assert f"workspace:{other.id}" in bench.memory


def test_runs_made_while_a_list_is_paged_are_not_lost(bench: Bench) -> None:
    bench.state.page_size = 2
    first = [bench.run(f"Run {n}", hours=n + 1) for n in range(6)]
    bench.look(pages=2)
    second = [bench.run(f"New {n}", hours=0) for n in range(3)]
    for _ in range(3):
        bench.look()
    known = {key.removeprefix("run:") for key in bench.memory if key.startswith("run:")}
    assert known == {run.id for run in first + second}


def test_looking_again_grows_rarer() -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    known = Known(digest="x", changed=start.isoformat(), checked=(start + timedelta(hours=2)).isoformat(), status="planned")
    assert not known.due(start + timedelta(hours=2, minutes=59))
    assert known.due(start + timedelta(hours=3))


def test_a_list_out_of_order_is_read_to_its_end() -> None:
    start = datetime(2026, 1, 10, tzinfo=UTC)
    reading = Reading(mark=start.isoformat())
    reading.saw(start - timedelta(days=3))
    assert reading.enough(True)
    assert not reading.enough(False)
    reading.saw(start - timedelta(days=2))
    assert not reading.enough(True)


def test_the_fake_answers_like_the_real_one(bench: Bench) -> None:
    bench.story()
    with httpx.Client(base_url=bench.url, headers={"authorization": f"Bearer {bench.state.token}"}) as client:
        body = client.get("/api/v2/organizations/bank-platform/runs").json()
        assert "total-count" not in body["meta"]["pagination"]
        assert len(body["data"]) == 2  # plan-only runs are left out unless asked for
        assert client.get("/api/v2/runs/run-none").status_code == 404
        assert client.post("/api/v2/runs").status_code in (404, 405)
        answers = [client.get(f"/api/v2/workspaces/{bench.workspace.id}/runs") for _ in range(31)]
        assert answers[-1].status_code == 429
        assert float(answers[-1].headers["x-ratelimit-reset"]) > 0
        refused = client.get(f"/api/v2/runs/{bench.state.runs[0].id}", params={"include": "policy_checks"})
        assert refused.status_code == 400
