"""ApplicationSets: what they make and take away, the steps of a rolling sync, and servers and tokens that do not tell of them."""

from typing import Any

import pytest
from app.demo.fakes.argocd_sets import SetState
from app.demo.fakes.argocd_types import ApplicationState
from app.domain.event import Event

from tests.sources.argocd.conftest import REPO, Stage, sha
from tests.sources.argocd.test_hydrator import standing
from tests.sources.harness import observations_of

LIST, ONE = "/api/v1/applicationsets", "/api/v1/applicationsets/tenants"
OFTEN = 180  # seconds between two looks


def tenants(stage: Stage, *names: str, steps: tuple[str, ...] = ("staging", "prod")) -> tuple[SetState, list[ApplicationState]]:
    one = stage.state.add_set("tenants", project="payments-production", repository=REPO, at=stage.to(0), steps=steps)
    apps = []
    for n, name in enumerate(names, 1):
        apps.append(stage.app(name, by=None))
        stage.state.owned(one, apps[-1], stage.to(1), step=min(n, 2) if steps else 0)
    return one, apps


def of(events: list[Event], *kinds: str) -> list[tuple[str, str, Any]]:
    return [(e.type, e.status, e.facts.get("application")) for e in events if e.type in kinds]


def lists(stage: Stage) -> int:
    out = sum(path == LIST for path, _ in stage.state.requests)
    stage.state.requests.clear()
    return out


def test_an_operation_of_a_rolling_sync_names_its_set_and_its_step(stage: Stage) -> None:
    one, (first, second) = tenants(stage, "api-staging", "api-prod")
    stage.read(30)
    one.turn("api-prod", "Progressing", 2, stage.to(40), revisions=[sha(1)])
    stage.state.rolling_sync(second, stage.to(41))
    (told,) = [e for e in stage.read(60) if e.type == "rolling-sync"]
    assert (told.status, told.facts["set"], told.facts["step"], told.facts["steps"]) == ("known", "tenants", "2", 2)
    assert told.actor
    assert (str(told.actor.kind), told.actor.name) == ("automation", "ApplicationSet tenants")
    operation, _ = standing(stage.events, [])[-1]
    assert (operation.kind, operation.application) == ("applicationset", "api-prod")
    assert operation.rolling
    assert (operation.rolling.set, operation.rolling.step, operation.rolling.steps) == ("tenants", "2", 2)
    assert first.operation is None


def test_applications_that_a_set_makes_and_takes_away_say_so(stage: Stage) -> None:
    one, _ = tenants(stage, "api-staging")
    first = stage.read(30)
    (made,) = [e for e in first if e.type == "application"]
    assert (made.facts["set"], made.actor and made.actor.name) == ("tenants", "ApplicationSet tenants")
    new = stage.app("api-prod", by=None)
    stage.state.owned(one, new, stage.to(60), step=2)
    later = stage.read(30 + OFTEN)
    assert ("set-application", "added", "api-prod") in of(later, "set-application")
    assert next(e.facts["observed_after"] for e in later if e.status == "added") == "2026-03-02T09:00:30Z"
    stage.state.disowned(one, new, stage.to(300))
    last = stage.read(30 + 2 * OFTEN)
    assert ("set-application", "removed", "api-prod") in of(last, "set-application")
    (gone,) = [e for e in last if e.type == "application"]
    assert (gone.status, gone.facts["set"]) == ("deleted", "tenants")
    assert gone.actor
    assert "its ApplicationSet tenants may have" in gone.actor.because
    said = [e.facts["message"] for e in last if e.type == "set-announcement"]
    assert said == ['Deleted Application "api-prod"']
    assert {e.keys.application for e in last if e.type == "set-application"} == {"api-prod"}


def test_steps_and_conditions_are_told_when_they_turn(stage: Stage) -> None:
    one, _ = tenants(stage, "api-staging", "api-prod")
    stage.read(30)
    one.turn("api-staging", "Pending", 1, stage.to(60))
    one.condition("RolloutProgressing", "True", "ApplicationSetModified", stage.to(60))
    told = stage.read(30 + OFTEN)
    assert of(told, "set-application") == [("set-application", "Pending", "api-staging")]
    assert [(e.status, e.facts["condition"], e.facts["reason"]) for e in told if e.type == "set-condition"] == [
        ("True", "RolloutProgressing", "ApplicationSetModified")
    ]
    assert {e.occurred_at for e in told if e.type.startswith("set-")} == {stage.now.replace(second=0, minute=1)}
    assert stage.read(30 + 2 * OFTEN) == []
    one.turn("api-staging", "Bewildered", 1, stage.to(400))
    (odd,) = [e for e in stage.read(30 + 3 * OFTEN) if e.type == "set-application"]
    assert (odd.status, odd.known) == ("Bewildered", False)
    assert ("applicationStatus.status", "Bewildered") in stage.pages[-1].unknown


def test_a_set_is_created_changed_and_deleted_with_the_repository_behind_it(stage: Stage) -> None:
    one, _ = tenants(stage, "api-staging")
    (made,) = [e for e in stage.read(30) if e.type == "applicationset"]
    assert (made.status, made.facts["applications"], made.facts["strategy"]) == ("created", 1, "RollingSync")
    assert made.facts["generators"] == [{"kind": "git", "repository": "bank/application-manifests", "revision": "main"}]
    assert made.facts["steps"][0]["matches"] == ["env In staging"]
    one.steps, one.generation = ("staging",), 2
    (changed,) = [e for e in stage.read(30 + OFTEN) if e.type == "applicationset"]
    assert (changed.status, changed.facts["changed"], str(changed.actor and changed.actor.kind)) == (
        "changed",
        ["steps"],
        "unknown",
    )
    del stage.state.sets["tenants"]
    (gone,) = [e for e in stage.read(30 + 2 * OFTEN) if e.type == "applicationset"]
    assert gone.status == "deleted"
    assert "set/argocd/tenants" not in stage.memory
    assert stage.read(30 + 3 * OFTEN) == []


def test_a_set_that_is_only_hidden_is_not_called_deleted(stage: Stage) -> None:
    tenants(stage)
    stage.read(30)
    stage.state.hidden.add("payments-production")
    told = stage.read(30 + OFTEN)
    assert of(told, "applicationset") == [("applicationset", "unlisted", None)]
    assert stage.read(30 + 2 * OFTEN) == []


def test_values_of_generators_are_neither_kept_nor_told(stage: Stage) -> None:
    one, _ = tenants(stage, "api-staging")
    one.elements = [{"cluster": "prod", "password": "planted-element"}, {"dsn": "planted-dsn"}]
    stage.read(30)
    before = [e.facts["spec"] for e in stage.events if e.type == "applicationset"]
    kept = b"".join(o.body for o in observations_of(stage.pages)) + repr(stage.events).encode() + repr(stage.memory).encode()
    assert b"planted-element" not in kept
    assert b"planted-dsn" not in kept
    one.elements.append({"cluster": "dr"})
    told = [e for e in stage.read(30 + OFTEN) if e.type == "applicationset"]
    assert [(e.facts["changed"], e.facts["spec"] != before[0]) for e in told] == [(["specification"], True)]


@pytest.mark.parametrize(("status", "words"), [(403, "grant it `applicationsets, get`"), (404, "does not have them")])
def test_a_server_that_does_not_tell_them_stops_nothing_and_is_asked_again_an_hour_later(
    stage: Stage, status: int, words: str
) -> None:
    _, (app,) = tenants(stage, "api-prod")
    stage.state.fail_next(status, 3, path=LIST)
    stage.read(30)
    assert words in stage.memory["server"]["ApplicationSets"]
    stage.state.rolling_sync(app, stage.to(60))
    (told,) = [e for e in stage.read(90) if e.type == "rolling-sync"]
    assert (told.status, told.facts["set"]) == ("unknown", None)
    assert words in told.facts["because"]
    assert lists(stage) == 1
    stage.state.failures.clear()
    stage.read(3700)
    assert stage.memory["server"]["ApplicationSets"] is True


def test_a_quiet_fleet_costs_one_list_of_sets_every_few_minutes(stage: Stage) -> None:
    tenants(stage, "api-staging", "api-prod")
    stage.read(30)
    assert lists(stage) == 1
    for n in range(1, 13):
        stage.read(30 + 30 * n)
    assert lists(stage) == 2


@pytest.mark.parametrize(("version", "asked"), [("v3.3.1", 1), ("v3.5.1+unknown", 3)])
def test_announcements_of_sets_are_read_where_the_server_has_them(stage: Stage, version: str, asked: int) -> None:
    stage.state.version = version
    one, _ = tenants(stage, "api-staging")
    stage.read(30)
    for n in (1, 2):
        one.turn("api-staging", "Pending" if n == 1 else "Healthy", 1, stage.to(60 * n))
        stage.read(30 + n * OFTEN)
    assert sum(path == f"{ONE}/events" for path, _ in stage.state.requests) == asked
    assert stage.memory["server"]["announcements of ApplicationSets"] is (asked > 1)


def test_hostile_sets_are_told_as_unknown(stage: Stage) -> None:
    stage.state.fail_next(
        200, 1, path=LIST, body='{"metadata":{},"items":[{"metadata":{}},7,{"metadata":{"name":"a/b","uid":"x"}}]}'
    )
    stage.read(30)
    assert len([field for field, _ in stage.pages[-1].unknown if field == "applicationset"]) == 3
