"""What no page of the reference settles and no two versions promise: survived either way, and said which way it was met."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
from app.demo.fakes.tfe_state import PolicyState
from app.linking.fold import fold
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.linking.build import entries
from tests.sources.harness import events_of
from tests.sources.tfe.conftest import Bench, Serve, told

Edit = Callable[[str, Any], None]


def edited(bench: Bench, serve: Serve, edit: Edit, headers: dict[str, str] | None = None) -> None:
    """The source reads the same server, but for what `edit` does to its answers, and for `headers`."""
    behind = bench.url

    def answer(request: Request) -> Response:
        url = f"{behind}{request.url.path}?{request.url.query}"
        got = httpx.get(url, headers={"authorization": request.headers.get("authorization", "")})
        body = got.json() if got.content else None
        if body is not None:
            edit(request.url.path, body)
        return Response(json.dumps(body) if body is not None else b"", got.status_code, headers or {})

    bench.url = serve(Starlette(routes=[Route("/{rest:path}", answer)]))
    bench.source = bench.connect(plan_json=False)


def runs_of(body: Any) -> list[Any]:
    data = body.get("data")
    return [one for one in (data if isinstance(data, list) else [data]) if isinstance(one, dict) and one.get("type") == "runs"]


def without(kind: str, *names: str) -> Edit:
    def edit(path: str, body: Any) -> None:
        for run in runs_of(body):
            for name in names:
                run[kind].pop(name, None)

    return edit


def test_1_a_list_that_is_not_newest_first_is_read_to_its_end(bench: Bench, serve: Serve) -> None:
    runs = [bench.run(f"Run {n}", hours=n + 1) for n in range(6)]
    bench.state.page_size = 2

    def edit(path: str, body: Any) -> None:
        if path.endswith("/runs"):
            body["data"].reverse()

    edited(bench, serve, edit)
    bench.look()
    assert bench.memory["server"]["newest first"] is False
    new = bench.run("New", hours=0)
    assert {e.keys.run for e in events_of(bench.look())} >= {new.id}
    assert len(runs) == sum(key.startswith("run:") for key in bench.memory) - 1


def test_2_lists_without_ids_of_details_are_asked_for_each_detail(bench: Bench, serve: Serve) -> None:
    run, *_ = bench.story()
    edited(bench, serve, without("relationships", "run-events", "policy-checks", "comments", "task-stages"))
    pages = bench.look()
    assert told(pages, "policy-check", "overridden", run.id)
    assert told(pages, "run-event", "overridden", run.id)
    words = bench.memory["server"]
    assert (words["ids of run events in lists"], words["ids of policy checks in lists"]) == (False, False)


def test_3_a_word_of_the_timeline_that_is_new_names_nobody_by_itself(bench: Bench) -> None:
    run, *_ = bench.story()
    run.note("frobnicated_the_run", bench.now, bench.state.user("mallory"))
    (event,) = told(bench.look(), "run-event", "frobnicated_the_run")
    assert (event.known, event.facts["role"], event.actor.name) == (False, None, "mallory")


def test_4_without_confirmed_by_the_timeline_names_who_confirmed(bench: Bench, serve: Serve) -> None:
    run, *_ = bench.story()
    edited(bench, serve, without("relationships", "confirmed-by", "canceled-by"))
    events = [event for event in events_of(bench.look()) if event.keys.run == run.id]
    assert not [event for event in events if event.type == "run-actor"]
    folded: Any = fold(f"run:tfe-prod:{run.id}", entries(events))
    assert folded.confirmer.name == "bob"
    assert (bench.memory["server"]["confirmed-by"], bench.memory["server"]["canceled-by"]) == (False, False)


def test_5_who_pushed_and_who_terraform_says_created_it_are_both_kept(bench: Bench) -> None:
    run = bench.run("Pushed", 1, creator="vcs-owner", sender="alice-gh")
    (event,) = told(bench.look(), "run", "pending", run.id)
    assert (event.actor.name, event.facts["vcs_sender"]) == ("vcs-owner", "alice-gh")


@pytest.mark.parametrize("shows", [True, False])
def test_6_plan_only_runs_are_read_whether_an_unfiltered_list_shows_them_or_not(bench: Bench, shows: bool) -> None:
    bench.state.plan_only_by_default = shows
    _, speculative, _ = bench.story()
    assert told(bench.look(), "run", run=speculative.id)
    assert bench.memory["server"]["unfiltered list"] == ("tells the same" if shows else "leaves runs out")


def test_6_a_saved_plan_stays_open_until_it_is_over(bench: Bench) -> None:
    run = bench.run("Saved", 1, operation="save_plan")
    run.plan(bench.now - timedelta(minutes=50), 1)
    run.reach("planned_and_saved", bench.now - timedelta(minutes=49))
    bench.look()
    bench.later(days=5)
    run.confirm(bench.now, bench.state.user("bob"))
    run.apply(bench.now)
    assert told(bench.look(), "run", "applied", run.id)


@pytest.mark.parametrize("headers", [{}, {"x-ratelimit-limit": "30", "x-ratelimit-remaining": "29", "x-ratelimit-reset": "0.257"}])
def test_7_limits_may_be_told_or_not(bench: Bench, serve: Serve, headers: dict[str, str]) -> None:
    run = bench.run()
    edited(bench, serve, lambda path, body: None, headers)
    assert told(bench.look(), "run", "pending", run.id)
    assert bench.memory["server"].get("limit told") == ("30 requests" if headers else None)


def test_8_without_updated_at_a_late_comment_is_found(bench: Bench, serve: Serve) -> None:
    run, *_ = bench.story()
    edited(bench, serve, without("attributes", "updated-at"))
    bench.look()
    assert bench.memory["server"]["updated-at"] is False
    run.comment(bench.now, bench.state.user("dara"), "Seen")
    (event,) = told(bench.look(), "run-event", "commented")
    assert event.facts["comment"] == "Seen"


def test_9_results_of_assessments_come_with_the_list_or_one_by_one(bench: Bench) -> None:
    bench.state.estate.includes.discard("current_assessment_result")
    bench.state.estate.assess(bench.workspace, bench.now, drifted=2)
    assert told(bench.look("workspaces"), "assessment", "drifted")
    assert "current_assessment_result" not in bench.memory["server"]["sideloads of workspaces"]


@pytest.mark.parametrize("order", [("post-apply-completed-at", "applied-at"), ("applied-at", "post-apply-completed-at")])
def test_10_what_runs_after_the_apply_may_be_stamped_before_or_after_it(bench: Bench, order: tuple[str, str]) -> None:
    run, *_ = bench.story()
    at = run.stamps["applied-at"]
    run.stamps |= {order[0]: at, order[1]: at + timedelta(minutes=3)}
    events = [event for event in events_of(bench.look()) if event.keys.run == run.id]
    folded: Any = fold(f"run:tfe-prod:{run.id}", entries(events))
    assert (folded.applied_at, folded.acted_at is not None) == (run.stamps["applied-at"], True)


def test_11_sentinel_in_an_evaluation_without_a_query_and_with_any_output(bench: Bench, serve: Serve) -> None:
    run = bench.run()
    run.plan(bench.now - timedelta(hours=2), 1)
    run.evaluate(bench.now - timedelta(hours=1), [PolicyState("a", "x", False, "advisory")], kind="sentinel")

    def edit(path: str, body: Any) -> None:
        if path.endswith("/policy-set-outcomes"):
            for one in body["data"][0]["attributes"]["outcomes"]:
                one |= {"query": None, "output": "planted-plan-value"}

    edited(bench, serve, edit)
    pages = bench.look()
    checks = [event for event in told(pages, "policy-check", run=run.id) if event.facts.get("policies")]
    assert {one["verdict"] for event in checks for one in event.facts["policies"]} == {"failed"}
    assert "planted-plan-value" not in repr(pages)


@pytest.mark.parametrize("headers", [{}, {"etag": 'W/"abc"'}])
def test_12_etags_are_recorded_and_never_relied_on(bench: Bench, serve: Serve, headers: dict[str, str]) -> None:
    run = bench.run()
    edited(bench, serve, lambda path, body: None, headers)
    assert told(bench.look(), "run", "pending", run.id)
    assert bench.memory["server"].get("ETag", False) is bool(headers)


@pytest.mark.parametrize("what", ["run-events", "json-output-redacted"])
@pytest.mark.parametrize("status", [403, 404])
def test_14_what_more_than_reading_runs_may_be_needed_for_is_said_and_stops_nothing(bench: Bench, what: str, status: int) -> None:
    run, *_ = bench.story()
    bench.state.fail_next(status, 99, path=f"/{what}")
    pages = bench.look()
    assert told(pages, "run", "applied", run.id)
    if (what, status) == ("run-events", 404):
        assert bench.memory["server"]["run events"] is False
