"""The fake keeps Argo CD's silences: what a reader meets here, it meets at the real one."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from app.demo.fakes.argocd_state import TOKEN
from app.demo.fakes.argocd_types import ApplicationState, HookState
from app.sources.argocd.terms import LIST_FIELDS

from tests.sources.argocd.conftest import REPO, Stage, sha


def ask(stage: Stage, path: str, token: str = TOKEN, **params: str) -> tuple[int, Any]:
    answer = httpx.get(f"{stage.url}{path}", params=params, headers={"authorization": f"Bearer {token}"})
    return answer.status_code, answer.json()


def test_without_a_project_a_missing_application_is_forbidden_with_one_it_is_not_found(stage: Stage) -> None:
    stage.app()
    one = "/api/v1/applications"
    assert ask(stage, f"{one}/nothing")[0] == 403
    assert ask(stage, f"{one}/nothing", project="payments-production")[0] == 404
    assert ask(stage, f"{one}/payments-api", project="platform")[0] == 404
    assert ask(stage, f"{one}/payments-api", project="payments-production")[0] == 200
    stage.state.hidden.add("payments-production")
    assert ask(stage, f"{one}/payments-api", project="payments-production")[0] == 403
    assert ask(stage, one) == (200, {"metadata": {"resourceVersion": str(stage.state.serial)}, "items": None})


def test_a_wrong_token_is_401_but_the_user_is_only_empty(stage: Stage) -> None:
    assert ask(stage, "/api/v1/applications", "wrong")[0] == 401
    assert ask(stage, "/api/v1/session/userinfo", "wrong") == (200, {})
    assert ask(stage, "/api/version", "wrong") == (200, {"Version": "v3.5.1+fake"})


@pytest.mark.parametrize(("version", "revision"), [("v3.5.1", True), ("v3.4.7", False)])
def test_the_list_drops_what_is_not_allowed_out(stage: Stage, version: str, revision: bool) -> None:
    app = stage.app()
    stage.state.version = version
    stage.state.sync(app, stage.to(10), "alice")
    fields = LIST_FIELDS + ",items.metadata.uid,items.status.history,items.status.operationState.operation.initiatedBy"
    (item,) = ask(stage, "/api/v1/applications", fields=fields)[1]["items"]
    assert set(item["metadata"]) == {"name", "namespace", "creationTimestamp", "deletionTimestamp"}
    assert item["metadata"]["deletionTimestamp"] is None
    assert set(item["status"]) == {"sync", "health", "operationState", "summary", "sourceHydrator"}
    assert set(item["status"]["operationState"]) == {"startedAt", "finishedAt", "phase"}
    assert ("revision" in item["status"]["sync"]) is revision
    assert ("spec" in item) is revision


def test_the_exclusion_form_fails(stage: Stage) -> None:
    stage.app()
    assert ask(stage, "/api/v1/applications", fields="-items.spec")[0] == 500


def test_announcements_are_forgotten_after_an_hour(stage: Stage) -> None:
    app = stage.app()
    stage.state.sync(app, stage.to(10), "alice")
    path = "/api/v1/applications/payments-api/events"
    assert len(ask(stage, path, project="payments-production")[1]["items"]) > 3
    stage.to(3700)
    assert ask(stage, path, project="payments-production")[1]["items"] is None
    stage.state.event_ttl = timedelta(days=20)
    assert len(ask(stage, path, project="payments-production")[1]["items"]) > 3


def test_a_heal_leaves_no_entry_and_a_full_history_forgets_its_oldest(stage: Stage) -> None:
    app = stage.app(revision_history_limit=2)
    for n in range(4):
        stage.state.sync(app, stage.to(10 * (n + 1)))
    stage.state.edit(app, "payments-api", stage.to(60))
    stage.state.heal(app, stage.to(61))
    assert [one["id"] for one in app.history] == [2, 3]
    assert app.sync == "Synced"


def test_what_argo_cd_refuses_is_refused(stage: Stage) -> None:
    app = stage.app(auto_sync=True)
    stage.state.begin(app, stage.to(10))
    with pytest.raises(ValueError, match="already in progress"):
        stage.state.begin(app, stage.to(11), "bob")
    stage.state.finish(app, stage.to(12))
    with pytest.raises(ValueError, match="auto-sync"):
        stage.state.rollback(app, stage.to(20), "bob", 0)
    with pytest.raises(ValueError, match="no operation"):
        stage.state.terminate(app, stage.to(20), "bob")


def test_secrets_are_masked_so_that_a_difference_still_shows(stage: Stage) -> None:
    app = stage.app(resources=[("Secret", "dsn")])
    stage.state.sync(app, stage.to(10), "alice")
    path = "/api/v1/applications/payments-api/managed-resources"
    (same,) = ask(stage, path, project="payments-production")[1]["items"]
    assert same["targetState"].count("++++") == same["liveState"].count("++++")
    stage.state.edit(app, "dsn", stage.to(20))
    (differs,) = ask(stage, path, project="payments-production")[1]["items"]
    assert differs["modified"] is True
    assert differs["liveState"].count("++++") > differs["targetState"].count("++++")


def test_acts_can_be_laid_ahead_and_come_due(stage: Stage) -> None:
    app = stage.app()
    stage.state.schedule(stage.to(30), lambda: stage.state.sync(app, stage.now, "alice"))
    stage.state.schedule(stage.to(20), lambda: stage.state.push(REPO, sha(2), stage.now))
    assert stage.state.tick(stage.to(10)) == 0
    assert stage.state.tick(stage.to(40)) == 2
    assert app.deployed == [sha(2)]


def test_the_page_that_events_link_to_is_there_and_escapes(stage: Stage) -> None:
    app = stage.app()
    stage.state.begin(app, stage.to(10), "<script>")
    stage.read(60)
    url = next(e.ref.url for e in stage.events if e.type == "operation")
    answer = httpx.get(url or "")
    assert answer.status_code == 200
    assert "<script>" not in answer.text


def names(app: ApplicationState) -> list[str]:
    result = (app.operation.result if app.operation else None) or {}
    return [one["name"] for one in result.get("resources", [])]


def test_results_stand_in_the_order_of_execution_and_a_failure_stops_what_follows(stage: Stage) -> None:
    app = stage.app(resources=[("Deployment", "api"), ("Secret", "dsn"), ("ConfigMap", "late")])
    app.resource("late").wave = 2
    app.hooks = [HookState("seed", "PostSync"), HookState("migrate", "PreSync"), HookState("tell", "SyncFail")]
    stage.state.sync(app, stage.to(10), "alice")
    assert names(app) == ["migrate", "dsn", "api", "late", "seed"]
    stage.state.sync(app, stage.to(20), "alice", phase="Failed", message="boom", failed=["dsn"])
    assert names(app) == ["migrate", "dsn", "api", "tell"]
    stage.state.sync(app, stage.to(30), "alice", phase="Failed", message="boom", failed=["migrate"])
    assert names(app) == ["migrate", "tell"]
    stage.state.selective(app, stage.to(40), "alice", ["late", "dsn"])
    assert names(app) == ["dsn", "late"]
    stage.state.rollback(app, stage.to(50), "bob", 0)
    assert names(app) == ["dsn", "api", "late"], "a rollback applies, and runs no hooks"
    stage.state.sync(app, stage.to(60), "alice", phase="Error", message="ComparisonError: Failed to load target state: x")
    assert names(app) == []


def test_whoever_asks_for_an_operation_empties_the_one_slot(stage: Stage) -> None:
    app = stage.app()
    stage.state.sync(app, stage.to(10), "alice")
    stage.state.begin(app, stage.to(20), "bob", queued=True)
    one = ask(stage, "/api/v1/applications/payments-api", project="payments-production")[1]
    assert "operationState" not in one["status"]
    assert one["operation"]["initiatedBy"] == {"username": "bob"}
    stage.state.start(app, stage.to(22))
    stage.state.finish(app, stage.to(24))
    assert [entry["id"] for entry in app.history] == [0, 1]


def test_without_a_history_numbers_begin_anew(stage: Stage) -> None:
    app = stage.app(revision_history_limit=0)
    stage.state.sync(app, stage.to(10), "alice")
    app.revision_history_limit = None
    stage.state.sync(app, stage.to(20), "alice")
    assert [entry["id"] for entry in app.history] == [0]


def test_a_sync_window_refuses_people_and_leaves_nothing(stage: Stage) -> None:
    app = stage.app()
    app.window_closed = True
    before = (app.generation, len(app.announcements))
    with pytest.raises(ValueError, match="blocked by sync window"):
        stage.state.sync(app, stage.to(10), "alice")
    assert (app.generation, len(app.announcements), app.operation) == (*before, None)


def test_lists_tell_no_health_of_single_resources(stage: Stage) -> None:
    stage.state.sync(stage.app(), stage.to(10), "alice")
    (listed,) = ask(stage, "/api/v1/applications")[1]["items"]
    whole = ask(stage, "/api/v1/applications/payments-api", project="payments-production")[1]
    assert [one.get("health") for one in listed["status"]["resources"]] == [None, None]
    assert [one["health"]["status"] for one in whole["status"]["resources"]] == ["Healthy", "Healthy"]
