"""What every source promises: manners on the wire, nothing kept that is secret, nothing lost when it is stopped."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest
from app.canonical import canonical_json
from app.demo.fakes.argocd_shapes import PLANTED
from app.demo.fakes.argocd_state import TOKEN
from app.errors import NotUnderstood, Refused, ServerFailed, Throttled, TooLarge, Unauthorized
from app.sources.argocd.source import STREAM, Argocd
from app.sources.contract import Connection, Page, Task

from tests.sources.argocd.conftest import START, Stage, sha
from tests.sources.argocd.day import fold
from tests.sources.harness import events_of, observations_of, remember, run_pass, run_until_error


def fleet(stage: Stage, n: int = 4) -> None:
    for i in range(n):
        app = stage.app(
            f"app-{i}",
            helm={"values": "password: planted-helm-value", "parameters": [{"name": "token", "value": "planted-helm-value"}]},
        )
        stage.state.local(app, stage.to(10), "alice")
        stage.state.sync(app, stage.to(20), "bob")
    stage.to(60)


def other(stage: Stage, **more: Any) -> Argocd:
    connection = replace(Connection("argocd-test", "argocd", stage.url, token=TOKEN, per_second=10_000), **more)
    return Argocd(connection, lambda: stage.now)


def test_stopped_after_any_page_it_goes_on_without_loss_or_repetition(stage: Stage) -> None:
    fleet(stage)
    whole = {e.id for e in events_of(run_pass(other(stage), STREAM, {}, stage.now))}
    for stop in range(1, 5):
        memory: dict[str, Any] = {}
        told = [e.id for e in events_of(run_pass(stage.source, STREAM, memory, stage.now, pages=stop))]
        told += [e.id for e in events_of(run_pass(stage.source, STREAM, memory, stage.now))]
        assert set(told) == whole
        assert len(told) == len(whole)


def test_a_quiet_pass_is_one_request(stage: Stage) -> None:
    fleet(stage)
    stage.read()
    before = stage.source.requests
    pages = run_pass(stage.source, STREAM, stage.memory, stage.to(90))
    assert stage.source.requests - before == 1
    assert [page.seen for page in pages] == [4]


def test_each_application_is_read_whole_once_an_hour_a_few_at_a_time(stage: Stage) -> None:
    fleet(stage, 12)
    stage.read()
    stage.source.client.http.requests = 0
    pages = [page for i in range(4) for page in run_pass(stage.source, STREAM, stage.memory, stage.to(3700 + 30 * i))]
    assert sum(page.seen for page in pages if page.observations) == 12
    assert max(len([p for p in pages[i : i + 6] if p.observations]) for i in range(0, len(pages), 6)) <= 5


def test_a_change_of_specification_that_the_list_does_not_show_is_found_by_the_hourly_reading(stage: Stage) -> None:
    app = stage.app()
    stage.read(10)
    stage.state.change(app, stage.to(20), None, auto_sync=True)
    assert [e for e in stage.read(40) if e.type == "application"] == []
    told = [e for e in stage.read(3700) if e.type == "application"]
    assert [(e.status, e.facts["changed"]) for e in told] == [("changed", ["auto_sync"])]
    assert told[0].actor
    assert not told[0].actor.name


def test_throttled_it_waits_as_told(stage: Stage) -> None:
    fleet(stage, 1)
    stage.state.throttle(1, 0.1)
    assert stage.read()
    stage.state.throttle(1, 600)
    _, error = run_until_error(stage.source, STREAM, stage.memory, stage.to(90))
    assert isinstance(error, Throttled)
    assert error.retry_after == 600


def test_a_failing_server_is_asked_again_and_a_refusal_is_not(stage: Stage) -> None:
    fleet(stage, 1)
    stage.state.fail_next(503, 2)
    assert stage.read()
    stage.state.fail_next(401, 1)
    before = stage.source.requests
    _, error = run_until_error(stage.source, STREAM, {}, stage.now)
    assert isinstance(error, Unauthorized)
    assert stage.source.requests - before == 1


def test_a_wrong_token_is_said_so(stage: Stage) -> None:
    with pytest.raises(Unauthorized):
        list(other(stage, token="wrong").fetch(Task(STREAM, stage.now)))


def test_an_answer_too_large_is_refused(stage: Stage) -> None:
    fleet(stage)
    with pytest.raises(TooLarge):
        list(other(stage, max_bytes=300).fetch(Task(STREAM, stage.now)))


def test_html_in_the_way_is_said_so(stage: Stage) -> None:
    stage.state.fail_next(200, 1, body="<!doctype html><title>Sign in</title>")
    _, error = run_until_error(stage.source, STREAM, {}, stage.now)
    assert isinstance(error, NotUnderstood)
    assert "HTML" in str(error)


def test_one_application_that_fails_does_not_hold_up_the_others(stage: Stage) -> None:
    fleet(stage)
    stage.state.fail_next(500, 4, path="/applications/app-1")
    pages = run_pass(stage.source, STREAM, stage.memory, stage.now)
    assert {e.keys.application for e in events_of(pages)} == {"app-0", "app-2", "app-3"}
    assert any("app-1" in value for _, value in pages[-1].unknown)
    assert {e.keys.application for e in stage.read(90)} == {"app-1"}


def test_when_all_fail_the_pass_fails(stage: Stage) -> None:
    fleet(stage, 2)
    stage.state.fail_next(500, 8, path="/applications/app-")
    _, error = run_until_error(stage.source, STREAM, {}, stage.now)
    assert isinstance(error, ServerFailed)


def test_no_secret_is_kept_anywhere(stage: Stage) -> None:
    fleet(stage)
    stage.read()
    kept = b"".join(o.body for o in observations_of(stage.pages)) + repr([stage.events, stage.memory]).encode()
    for secret in (*PLANTED, TOKEN):
        assert secret.encode() not in kept
    assert b"managedFields" not in kept
    assert b'"name":"token"' in kept


def test_facts_and_memory_are_canonical(stage: Stage) -> None:
    fleet(stage)
    stage.read()
    for event in stage.events:
        canonical_json(dict(event.facts))
        assert event.occurred_at.tzinfo
        assert event.observation in {o.digest for o in observations_of(stage.pages)} | {None}
    assert canonical_json(stage.memory)


@pytest.mark.parametrize(
    "extra",
    [
        {"status": {"operationState": {"startedAt": 17}}},
        {"status": {"history": "none"}},
        {"status": {"history": [{"id": -1}]}},
        {"status": {"history": [{"id": 10**30}]}},
        {"metadata": {"uid": None}},
        {"metadata": {"uid": ["x"]}},
        {"spec": 5},
    ],
)
def test_an_application_that_cannot_be_understood_is_reported_and_the_rest_goes_on(stage: Stage, extra: dict[str, Any]) -> None:
    fleet(stage, 3)
    stage.state.applications["app-1"].extra = extra
    stage.read()
    assert {e.keys.application for e in stage.events} == {"app-0", "app-2"}
    assert [field for field, _ in stage.pages[-1].unknown] == ["application"]


NASTY = "<script>alert(1)</script>\x00" + "x" * 1_000_000


@pytest.mark.parametrize(
    "extra",
    [
        {"status": {"operationState": {"message": NASTY}}},
        {"status": {"operationState": {"phase": NASTY}}},
        {"status": {"operationState": {"startedAt": "soon"}}},
        {"status": {"operationState": {"startedAt": "2026-03-02T09:00:20+14:00"}}},
        {"status": {"operationState": {"operation": None, "syncResult": None}}},
        {"status": {"sync": {"status": NASTY}}},
        {"status": {"sync": None, "health": None, "history": None, "resources": None, "conditions": None}},
        {"status": {"health": {"status": "Radiant", "lastTransitionTime": "yesterday"}}},
        {"status": {"history": [{"id": 0}]}},
        {"status": {"resources": [{"kind": "X" * 1000, "name": "\x00", "status": "OutOfSync"}] * 3000}},
        {"spec": {"source": {"repoURL": NASTY, "path": NASTY}, "destination": {"server": NASTY}}},
        {"spec": {"source": None, "sources": [], "destination": None}},
        {"status": None},
        {"metadata": {"creationTimestamp": "0000-00-00T00:00:00Z"}},
        {"operation": {"sync": None, "initiatedBy": None}},
    ],
)
def test_surprising_values_survive(stage: Stage, extra: dict[str, Any]) -> None:
    fleet(stage, 1)
    stage.state.applications["app-0"].extra = extra
    stage.read()
    stage.read(3700, everything=True)
    assert {e.keys.application for e in stage.events} == {"app-0"}
    for event in stage.events:
        assert "\x00" not in repr(event.facts)
        assert len(canonical_json(dict(event.facts))) < 60_000


def test_refresh_can_never_be_sent(stage: Stage) -> None:
    client = stage.source.client
    for name in ("refresh", "Refresh", "resourceVersion"):
        with pytest.raises(Refused):
            client.get("/api/v1/applications", [(name, "hard")])
    assert stage.state.requests == []


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/applications/x/sync",
        "/api/v1/applications/x/resource-tree",
        "/api/v1/applications/x/server-side-diff",
        "/api/v1/applications/x/manifests",
        "/api/v1/applications/../clusters",
        "/api/v1/repositories",
        "/api/v1/session",
        "/api/v1/applications?refresh=hard",
    ],
)
def test_paths_outside_the_list_are_refused(stage: Stage, path: str) -> None:
    with pytest.raises(Refused):
        stage.source.client.get(path)
    assert stage.state.requests == []


def test_every_call_about_an_application_names_its_project_also_on_old_servers(stage: Stage) -> None:
    stage.state.version = "v2.14.9+fake"
    fleet(stage, 2)
    stage.read()
    stage.state.push(stage.state.applications["app-0"].sources[0].repository, sha(3), stage.to(70))
    stage.state.sync(stage.state.applications["app-0"], stage.to(72), "alice")
    stage.read(90)
    asked = [query for path, query in stage.state.requests if path.startswith("/api/v1/applications/")]
    assert asked
    assert all("project=payments-production" in query for query in asked)
    lists = [query for path, query in stage.state.requests if path == "/api/v1/applications"]
    assert len(lists) == 3  # one of them to learn the projects
    assert len(fold(stage.events)) == 5


def test_only_the_projects_that_are_configured_are_asked_for(stage: Stage) -> None:
    stage.app()
    stage.app("ledger-core", project="platform")
    source = other(stage, projects=("platform",))
    assert {e.keys.application for e in events_of(run_pass(source, STREAM, {}, stage.to(10)))} == {"ledger-core"}


def test_the_probe_says_who_what_and_whether_it_can_write(stage: Stage) -> None:
    stage.app()
    probe = stage.source.probe(stage.now)
    assert probe.version == "3.5.1"
    assert probe.read_only is True
    assert probe.capabilities["user"] == "auditor"
    assert probe.problems == []
    stage.state.rights |= {"sync", "override"}
    probe = stage.source.probe(stage.now)
    assert probe.read_only is False
    assert "sync, override" in probe.problems[0]
    with pytest.raises(Unauthorized):
        other(stage, token="wrong").probe(stage.now)


def test_the_streams_say_that_they_do_not_catch_up(stage: Stage) -> None:
    (stream,) = stage.source.streams()
    assert (stream.catches_up, stream.forgets_after, stream.every) == (False, timedelta(hours=1), timedelta(seconds=30))


def test_memory_of_another_version_is_met_anew(stage: Stage) -> None:
    fleet(stage, 1)
    stage.memory["application/argocd/app-0"] = {"who": "knows"}
    stage.memory["commits"] = [1, None]
    assert {s.application for s in stage.operations} == set()
    assert stage.read()


class Cut(httpx.BaseTransport):
    """Answers half a JSON document."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=b'{"items":[{"metadata":{"na')


def test_half_an_answer_is_not_understood() -> None:
    source = Argocd(Connection("a", "argocd", "http://argocd.bank.example", token="t"), lambda: START, Cut())
    with pytest.raises(NotUnderstood):
        list(source.fetch(Task(STREAM, START)))


class Deep(httpx.BaseTransport):
    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=b'{"items":' + b"[" * 50_000 + b"]" * 50_000 + b"}")


def test_absurd_nesting_is_not_understood() -> None:
    source = Argocd(Connection("a", "argocd", "http://argocd.bank.example", token="t"), lambda: START, Deep())
    with pytest.raises(NotUnderstood):
        list(source.fetch(Task(STREAM, START)))


def test_pages_are_saved_one_by_one(stage: Stage) -> None:
    fleet(stage, 3)
    pages: Iterator[Page] = stage.source.fetch(Task(STREAM, stage.now))
    memory: dict[str, Any] = {}
    first = next(pages)
    remember(memory, first)
    assert {e.keys.application for e in first.events} == {"app-0"}
    assert set(memory) == {"application/argocd/app-0", "commits"}
