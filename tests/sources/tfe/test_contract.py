"""What every source must do, done to this one over real HTTP."""

import json
import re

import pytest
from app.demo.fakes.tfe_shapes import PLANTED
from app.errors import Missing, NotUnderstood, Refused, ServerFailed, Throttled, TooLarge, Unauthorized
from app.sources.contract import Task
from app.sources.tfe.client import ALLOW, STATES
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.sources.harness import events_of, observations_of, run_pass, run_until_error
from tests.sources.tfe.conftest import Bench, Serve, told


def test_a_pass_tells_every_run_with_everything_about_it(bench: Bench) -> None:
    run, speculative, waiting = bench.story()
    pages = bench.look()
    assert {e.keys.run for e in events_of(pages)} == {run.id, speculative.id, waiting.id}
    statuses = [e.status for e in told(pages, "run", run=run.id)]
    told_in_order = "pending plan_queueable plan_queued planning planned policy_checked confirmed apply_queued applying applied"
    assert statuses == told_in_order.split()
    (pending,) = told(pages, "run", "pending", run.id)
    assert (pending.actor.name, pending.keys.repository, pending.keys.commits) == ("alice", "bank/infra", ("a" * 40,))
    assert pending.ref.url == f"{bench.url}/app/bank-platform/workspaces/payments-production/runs/{run.id}"
    assert pending.keys.workspace == "payments-production"
    assert pending.facts["vcs_sender"] == "alice-gh"
    (confirmer,) = told(pages, "run-actor", "confirmed-by", run.id)
    assert confirmer.actor.name == "bob"
    (overridden,) = told(pages, "run-event", "overridden", run.id)
    assert (overridden.actor.name, overridden.facts["role"], overridden.facts["comment"]) == (
        "carol",
        "overrider",
        "Agreed in CHG-1",
    )
    (check,) = told(pages, "policy-check", "overridden", run.id)
    assert check.actor.name == ""
    assert check.facts["counts"] == {"passed": 1, "hard_failed": 0, "soft_failed": 1, "advisory_failed": 0}
    (apply,) = told(pages, "apply", "finished", run.id)
    assert {k: apply.facts[k] for k in ("added", "changed", "destroyed", "imported")} == {
        "added": 1,
        "changed": 2,
        "destroyed": 0,
        "imported": 3,
    }
    (planned,) = told(pages, "run", "planned_and_finished", speculative.id)
    assert (planned.keys.pull_request, planned.facts["run_kind"], planned.facts["speculative"]) == (7, "plan_only", True)


def test_every_event_is_backed_by_an_observation(bench: Bench) -> None:
    bench.story()
    pages = bench.look()
    digests = {o.digest for o in observations_of(pages)}
    assert all(e.observation in digests for e in events_of(pages))


def test_secrets_are_in_no_observation_and_no_event(bench: Bench) -> None:
    bench.story()
    pages = bench.look() + bench.look("workspaces")
    text = json.dumps([o.body.decode() for o in observations_of(pages)]) + repr(events_of(pages)) + repr(bench.memory)
    for secret in (*PLANTED, bench.state.token):
        assert secret not in text
    assert '\\"key\\": \\"region\\"' in text or "region" in text  # a variable's name is kept, its value is not


def test_it_pages_to_the_end(bench: Bench) -> None:
    bench.state.page_size = 3
    runs = [bench.run(f"Run {n}", hours=n + 1) for n in range(10)]
    assert {e.keys.run for e in events_of(bench.look())} == {run.id for run in runs}


def test_it_resumes_after_any_page(bench: Bench) -> None:
    bench.state.page_size = 4
    runs = [bench.run(f"Run {n}", hours=n + 1) for n in range(30)]
    met: set[str] = set()
    for _ in range(60):
        met |= {e.keys.run for e in events_of(bench.look(pages=1)) if e.keys.run}
        if len(met) == len(runs):
            break
    assert met == {run.id for run in runs}
    bench.look()
    assert "reconciled" in bench.memory


def test_overlapping_passes_tell_nothing_twice(bench: Bench) -> None:
    bench.story()
    first = events_of(bench.look())
    assert len({e.id for e in first}) == len(first)
    assert events_of(bench.look()) == []


def test_429_waits_as_told_and_goes_on(bench: Bench) -> None:
    run = bench.run()
    bench.state.throttle(2, reset=0.05)
    assert told(bench.look(), "run", "pending", run.id)


def test_a_long_429_is_the_schedulers_to_wait(bench: Bench) -> None:
    first, second = bench.run("First", 2), bench.run("Second", 1)
    bench.state.throttle(1, reset=42.0, path=f"{first.id}/run-events")
    pages, error = run_until_error(bench.source, "runs", bench.memory, bench.later(minutes=1))
    assert isinstance(error, Throttled)
    assert error.retry_after == pytest.approx(42.0)
    assert {e.keys.run for e in events_of(pages)} == {second.id}
    assert {e.keys.run for e in events_of(bench.look())} == {first.id}


def test_503_is_asked_again(bench: Bench) -> None:
    run = bench.run()
    bench.state.fail_next(503, 2)
    assert told(bench.look(), "run", "pending", run.id)


def test_503_that_stays_is_said(bench: Bench) -> None:
    bench.state.fail_next(503, 50)
    _, error = run_until_error(bench.source, "runs", {}, bench.now)
    assert isinstance(error, ServerFailed)


def test_401_is_not_asked_again(bench: Bench) -> None:
    source = bench.connect(token="wrong")
    _, error = run_until_error(source, "runs", {}, bench.now)
    assert isinstance(error, Unauthorized)
    assert source.requests == 1


def test_an_oversized_list_is_refused(bench: Bench) -> None:
    bench.story()
    _, error = run_until_error(bench.connect(max_bytes=400), "runs", {}, bench.now)
    assert isinstance(error, TooLarge)


@pytest.mark.parametrize(
    "body", ["<!doctype html><h1>Sign in</h1>", '{"data": [{"id": "run-', "[1, 2]", '{"meta": {}}', "[" * 100_000]
)
def test_a_body_that_is_no_document_is_not_understood(bench: Bench, body: str) -> None:
    bench.state.fail_next(200, 1, body)
    _, error = run_until_error(bench.source, "runs", {}, bench.now)
    assert isinstance(error, NotUnderstood)


@pytest.mark.parametrize("body", ["<html>maintenance</html>", '{"data": [', "[" * 100_000])
def test_a_detail_that_is_not_understood_is_reported_and_the_rest_goes_on(bench: Bench, body: str) -> None:
    run, *_ = bench.story()
    bench.state.fail_next(200, 1, body, path=f"{run.id}/policy-checks")
    pages = bench.look()
    assert len({e.keys.run for e in events_of(pages)}) == 3
    assert "policy-checks" in {what for page in pages for what, _ in page.unknown}
    assert told(bench.look(), "policy-check", "soft_failed", run.id)  # read again, and told


def test_an_organization_that_is_not_there_is_missing_and_then_recovers(bench: Bench) -> None:
    source = bench.connect(organization="elsewhere")
    for stream in ("runs", "workspaces"):
        _, error = run_until_error(source, stream, {}, bench.now)
        assert isinstance(error, Missing)
        assert "elsewhere" in str(error)


def test_no_organization_is_said_before_anything_is_asked(bench: Bench) -> None:
    source = bench.connect(organization=None)
    with pytest.raises(Refused, match="names no organization"):
        run_pass(source, "runs", {}, bench.now)
    with pytest.raises(Refused, match="'states'"):
        list(bench.source.fetch(Task("states", bench.now)))
    assert source.requests == bench.source.requests == 0


FORBIDDEN = (
    # what holds state: tfe-api §11, whether it is opted in to the metadata of states or not
    "/api/v2/state-versions/sv-1",
    "/api/v2/state-versions/sv-1/download",
    "/api/v2/state-versions/sv-1/json-download",
    "/api/v2/state-versions/sv-1/outputs",
    "/api/v2/state-version-outputs/wsout-1",
    "/api/v2/workspaces/ws-1/current-state-version",
    "/api/v2/workspaces/ws-1/current-state-version-outputs",
    "/api/v2/workspaces/ws-1/state-versions",
    "/api/v2/applies/apply-1/errored-state",
    # variables
    "/api/v2/vars",
    "/api/v2/workspaces/ws-1/vars",
    "/api/v2/organizations/bank-platform/varsets",
    "/api/v2/varsets/varset-1/relationships/vars",
    # code
    "/api/v2/configuration-versions/cv-1/download",
    "/api/v2/runs/run-1/configuration-version/download",
    "/api/v2/runs/run-1/configuration-version",
    # plans with their values, and what else is for an administrator of the workspace
    "/api/v2/plans/plan-1/json-output",
    "/api/v2/runs/run-1/plan/json-output",
    "/api/v2/plans/plan-1/json-schema",
    "/api/v2/plan-exports",
    "/api/v2/assessment-results/asmtres-1/json-output",
    "/api/v2/assessment-results/asmtres-1/json-schema",
    "/api/v2/assessment-results/asmtres-1/log-output",
    "/api/v2/assessment-results/asmtres-1/sanitized-plan",
    # writes
    "/api/v2/runs/run-1/actions/apply",
    "/api/v2/runs/run-1/actions/discard",
    "/api/v2/policy-checks/polchk-1/actions/override",
    "/api/v2/task-stages/ts-1/actions/override",
    "/api/v2/task-results/taskrs-1/callback",
    "/api/v2/workspaces/ws-1/actions/lock",
    "/api/v2/runs/..%2Fvars",
    "/api/v2/admin/runs",
    "/api/v2/organizations/bank-platform/runs/../../../vars",
)
SECRETS = (
    "outputs",
    "vars",
    "current_state_version",
    "current_state_version.resources_processed",
    "readme",
    "run.created_by,outputs",
)
READ = ("/api/v2/organizations/bank-platform/workspaces", "/api/v2/workspaces/ws-1", "/api/v2/organizations/bank-platform/runs")


@pytest.mark.parametrize("states", [False, True])
@pytest.mark.parametrize("path", FORBIDDEN)
def test_state_variables_code_and_writes_are_never_asked_for(bench: Bench, path: str, states: bool) -> None:
    assert not any(re.fullmatch(pattern, path) for pattern in (*ALLOW, STATES))
    source = bench.connect(state_metadata=states, audit_token="x")
    assert source.trail is not None
    for one in (source.client, source.behind, source.trail):
        with pytest.raises(Refused):
            one.http.get(path)
        with pytest.raises(Refused), one.http.stream_elsewhere(path):
            pass
        with pytest.raises(Refused):
            one.http.post(path, {})
    assert source.requests == len(bench.state.requests) == 0


@pytest.mark.parametrize("path", READ)
def test_what_may_be_read_is_never_posted_to(bench: Bench, path: str) -> None:
    with pytest.raises(Refused, match="could write"):
        bench.source.client.http.post(path, {})
    assert len(bench.state.requests) == 0


@pytest.mark.parametrize("path", READ)
@pytest.mark.parametrize("include", SECRETS)
def test_what_would_sideload_state_or_variables_is_never_asked_for(bench: Bench, path: str, include: str) -> None:
    for wanted in (include, f"plan,{include}", f"{include},apply"):
        for params in ({"include": wanted}, [("include", "plan"), ("include", wanted)]):
            with pytest.raises(Refused, match="include"):
                bench.source.client.http.get(path, params)
    assert bench.source.requests == len(bench.state.requests) == 0


def test_the_metadata_of_states_is_asked_for_only_where_it_was_opted_in_to(bench: Bench) -> None:
    with pytest.raises(Refused):
        bench.source.client.state_versions("payments-production", 1)
    bench.state.estate.states_readable = True
    assert bench.connect(state_metadata=True).client.state_versions("payments-production", 1).data == []


def test_ids_that_are_paths_are_not_followed(bench: Bench, serve: Serve) -> None:
    run = {"id": "run-1", "type": "runs", "attributes": {"status": "applied", "created-at": "2026-03-01T00:00:00Z"}}
    run["relationships"] = {"plan": {"data": {"id": "../state-versions/sv-1/download", "type": "plans"}}}
    evil = {"data": [run, {"id": "../../admin", "type": "runs"}, 7], "meta": {}}

    def answer(request: Request) -> Response:
        paths.append(request.url.path)
        return Response(json.dumps(evil if request.url.path.endswith("/runs") else {"data": []}))

    paths: list[str] = []
    bench.url = serve(Starlette(routes=[Route("/{rest:path}", answer)]))
    pages = run_pass(bench.connect(), "runs", {}, bench.now)
    assert not [path for path in paths if "state" in path or "admin" in path]
    assert ("runs", "a member without an id") in [pair for page in pages for pair in page.unknown]
    assert told(pages, "run", "applied", "run-1")


def test_a_list_that_repeats_its_page_for_ever_is_stopped(bench: Bench, serve: Serve) -> None:
    def answer(request: Request) -> Response:
        number = int(request.query_params.get("page[number]", 1))
        run = {"id": "run-1", "type": "runs", "attributes": {"status": "applied", "created-at": "2026-03-01T00:00:00Z"}}
        return Response(json.dumps({"data": [run], "meta": {"pagination": {"next-page": number + 1}}}))

    bench.url = serve(Starlette(routes=[Route("/{rest:path}", answer)]))
    for stream in ("runs", "workspaces"):
        _, error = run_until_error(bench.connect(), stream, {}, bench.now)
        assert isinstance(error, NotUnderstood)
        assert "repeats" in str(error)
