"""The fake keeps Argo CD's silences: what a reader meets here, it meets at the real one."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from app.demo.fakes.argocd_state import TOKEN
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
