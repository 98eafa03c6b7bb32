"""What a pass asks for, and what it does not: revisions that only moved, lists refused for their size, readings spread out."""

import pytest
from app.errors import Throttled, TooLarge
from app.sources.argocd.listing import changed, jitter
from app.sources.argocd.source import STREAM

from tests.sources.argocd.conftest import REPO, Stage, sha
from tests.sources.argocd.test_contract import other
from tests.sources.harness import events_of, run_pass, run_until_error


def fleet(stage: Stage, n: int, **more: object) -> None:
    for i in range(n):
        stage.state.sync(stage.app(f"app-{i}", **more), stage.to(10))
    stage.read(60)
    stage.state.requests.clear()


def asked(stage: Stage) -> list[str]:
    """The paths since the last time."""
    out = [path for path, _ in stage.state.requests]
    stage.state.requests.clear()
    return out


def test_a_commit_for_one_application_does_not_read_the_others_of_its_repository(stage: Stage) -> None:
    fleet(stage, 50)
    stage.state.push(REPO, sha(2), stage.to(70), paths=["app-7"])
    stage.state.sync(stage.state.applications["app-7"], stage.to(75))
    stage.read(90)
    one = "/api/v1/applications/app-7"
    assert asked(stage) == ["/api/v1/applications", one, f"{one}/events", f"{one}/revisions/{sha(2)}/metadata"]
    stage.read(120)
    assert asked(stage) == ["/api/v1/applications"]


def test_metadata_of_a_commit_is_asked_for_once_however_many_deploy_it(stage: Stage) -> None:
    fleet(stage, 5)
    stage.state.push(REPO, sha(2), stage.to(70))
    for app in stage.state.applications.values():
        stage.state.sync(app, stage.to(75))
    stage.read(90)
    assert len([path for path in asked(stage) if path.endswith("/metadata")]) == 1


def test_drift_at_a_revision_that_only_the_list_showed_is_drift(stage: Stage) -> None:
    """The commit did not touch it, and it was not read; yet live was equal at that commit before the edit."""
    fleet(stage, 2)
    stage.state.push(REPO, sha(2), stage.to(70), paths=["nowhere"])
    assert stage.read(90) == []
    stage.state.edit(stage.state.applications["app-1"], "app-1", stage.to(100))
    told = [e for e in stage.read(120) if e.type == "drift"]
    assert [(e.status, e.facts["revision"]) for e in told] == [("OutOfSync", sha(2))]


def test_a_waiting_application_is_read_again_when_its_revision_moves_but_a_few_in_a_pass(stage: Stage) -> None:
    fleet(stage, 12)
    stage.state.push(REPO, sha(2), stage.to(70))
    stage.read(90)
    assert len([path for path in asked(stage) if path.endswith("/events")]) == 12  # they turned OutOfSync
    stage.state.push(REPO, sha(3), stage.to(100))
    for n, expected in enumerate((5, 5, 2, 0)):
        stage.read(120 + 30 * n)
        assert len([path for path in asked(stage) if path.endswith("/events")]) == expected


def test_images_that_change_with_nothing_else_are_news(stage: Stage) -> None:
    fleet(stage, 2)
    stage.state.applications["app-0"].images = ["registry.bank.example/payments:2"]
    stage.read(90)
    assert asked(stage)[1:] == ["/api/v1/applications/app-0", "/api/v1/applications/app-0/events"]


@pytest.mark.parametrize("version", ["v2.8.0", "v3.1.0", "v3.4.7", "v3.5.1"])
def test_a_quiet_pass_is_one_request_on_every_version(stage: Stage, version: str) -> None:
    stage.state.version = version
    for i in range(3):
        app = stage.app(f"app-{i}")
        app.images = ["registry.bank.example/payments:1"]
        app.extra = {"status": {"sourceHydrator": {"lastSuccessfulOperation": {"drySHA": sha(8), "hydratedSHA": sha(1)}}}}
        stage.state.sync(app, stage.to(10))
    stage.read(60)
    asked(stage)
    stage.read(90)
    assert asked(stage) == ["/api/v1/applications"]


def test_what_a_list_does_not_tell_is_no_change() -> None:
    whole = ["2026", "", "", "a", "b", "Succeeded", "Synced", "Healthy", "images", "hydrated", sha(1)]
    assert changed(whole, [*whole[:8], "", "", ""]) == ""
    assert changed(whole, [*whole[:10], sha(2)]) == "revision"
    assert changed(whole, [*whole[:8], "others", *whole[9:]]) == "more"
    assert changed(whole, [*whole[:7], "", *whole[8:]]) == "more"
    assert changed(whole[:9], whole) == "more"


def test_hourly_readings_drift_apart() -> None:
    spread = {jitter(f"application/argocd/app-{n}") for n in range(500)}
    assert 0.75 <= min(spread) < 0.76
    assert 0.99 < max(spread) <= 1
    assert len(spread) > 480


def test_a_list_refused_for_its_size_is_asked_project_by_project_from_then_on(stage: Stage) -> None:
    stage.state.largest = 3
    for i in range(6):
        stage.state.sync(stage.app(f"app-{i}", project=f"team-{i % 2}"), stage.to(10))
    assert {e.keys.application for e in stage.read(30)} == {f"app-{i}" for i in range(6)}
    asked(stage)
    stage.app("new", project="team-2")
    assert {e.keys.application for e in stage.read(60)} == {"new"}
    assert asked(stage)[:4] == ["/api/v1/projects", *["/api/v1/applications"] * 3]
    stage.state.delete(stage.state.applications["app-1"], stage.to(70))
    assert [(e.keys.application, e.status) for e in stage.read(90) if e.type == "application"] == [("app-1", "deleted")]
    stage.state.largest = None
    stage.read(120, everything=True)
    assert "shards" not in stage.memory
    asked(stage)
    stage.read(150)
    assert asked(stage) == ["/api/v1/applications"]


def test_our_own_limit_shards_too_and_a_project_that_is_too_large_fails_the_pass_after_the_others_were_read(stage: Stage) -> None:
    for i in range(4):
        stage.app(f"small-{i}", project="small")
    for i in range(40):
        stage.app(f"large-{i}", project="large")
    source = other(stage, max_bytes=12_000)
    pages, error = run_until_error(source, STREAM, {}, stage.to(30))
    assert isinstance(error, TooLarge)
    assert {e.keys.application for e in events_of(pages)} == {f"small-{i}" for i in range(4)}
    assert not [e for e in events_of(pages) if e.status == "deleted"]


def test_too_many_requests_is_waited_for_and_not_taken_for_size(stage: Stage) -> None:
    fleet(stage, 2)
    stage.state.throttle(1, 600)
    _, error = run_until_error(stage.source, STREAM, stage.memory, stage.to(90))
    assert isinstance(error, Throttled)
    assert asked(stage) == ["/api/v1/applications"]


def test_without_the_list_of_projects_those_that_are_remembered_are_read_and_it_is_said(stage: Stage) -> None:
    for i in range(4):
        stage.app(f"app-{i}", project=f"team-{i % 2}")
    stage.read(30)
    stage.state.largest = 2
    stage.state.fail_next(403, 1, path="/api/v1/projects")
    stage.state.sync(stage.state.applications["app-3"], stage.to(40))
    assert {e.keys.application for e in stage.read(60)} == {"app-3"}
    assert any("cannot be listed" in value for _, value in stage.pages[-1].unknown)


def test_the_same_name_in_two_namespaces_is_two_applications(stage: Stage) -> None:
    stage.app("api", namespace="team-a")
    stage.app("api", namespace="team-b", revision=sha(2))
    told = [e for e in stage.read(30) if e.type == "application"]
    assert len({e.ref.id for e in told}) == 2
    assert {e.ref.url for e in told} == {f"{stage.url}/applications/{space}/api" for space in ("team-a", "team-b")}
    assert stage.read(60) == []


def test_only_the_configured_projects_are_sharded(stage: Stage) -> None:
    for i in range(6):
        stage.app(f"app-{i}", project=f"team-{i % 3}")
    stage.state.largest = 2
    source = other(stage, projects=("team-0", "team-2"))
    pages = run_pass(source, STREAM, {}, stage.to(30))
    assert {e.keys.project for e in events_of(pages)} == {"team-0", "team-2"}
    assert "/api/v1/projects" not in asked(stage)
