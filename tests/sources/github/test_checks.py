"""The stream of checks: what became of each head, which were required, and what is not known said to be unknown."""

from datetime import timedelta
from typing import Any

import pytest
from app.demo.fakes import github_branches as branches
from app.demo.fakes.github_things import Protection
from app.domain.actor import ActorKind
from app.domain.event import Event
from app.errors import Forbidden, NotUnderstood, ServerFailed, SourceError, Throttled, Unauthorized
from app.sources.github.check_events import check_events
from app.sources.github.telling import Origin

from tests.sources.github.conftest import LATER, REPO, TOKEN, World, after
from tests.sources.harness import events_of, observations_of, run_pass, run_until_error


def checks(world: World, *, at: Any = LATER) -> list[Event]:
    return events_of(run_pass(world.source(), "checks", world.memory, at))


def of(events: list[Event], name: str | None = None) -> list[Event]:
    return [event for event in events if event.type == "check" and event.facts["name"] == name]


def protect(world: World) -> None:
    branches.protect(world.state, REPO, "main", Protection(checks=("build",)))


def test_a_check_on_the_head(world: World) -> None:
    protect(world)
    n = world.pull()
    head = world.state.repositories[REPO].pull_requests[n].head
    ident = branches.check(world.state, REPO, n, "build", "FAILURE", after(hours=2))
    branches.check(world.state, REPO, n, "lint", "SUCCESS", after(hours=2))
    branches.check(world.state, REPO, n, "scan", "SUCCESS", after(hours=2), app=None)
    branches.check(world.state, REPO, n, "slow", None, after(hours=2))
    events = checks(world)
    (build,) = of(events, "build")
    assert (build.status, build.known, build.ref.id, build.occurred_at) == ("failure", True, ident, after(hours=2))
    assert (build.keys.pull_request, build.keys.commits) == (n, (head,))
    assert build.facts == {
        "number": n, "name": "build", "head_oid": head, "required": True, "because": None, "app": "github-actions",
        "started_at": "2025-03-03T09:58:00Z", "completed_at": "2025-03-03T10:00:00Z",
    }  # fmt: skip
    assert build.actor
    assert (build.actor.name, build.actor.kind) == ("github-actions", ActorKind.BOT)
    assert [of(events, name)[0].facts["required"] for name in ("lint", "scan", "slow")] == [False, False, False]
    assert [of(events, name)[0].status for name in ("lint", "scan", "slow")] == ["success", "success", "in_progress"]
    (scan,) = of(events, "scan")
    assert scan.actor
    assert scan.actor.name == "ada"
    assert scan.facts["completed_at"] == "2025-03-03T10:00:00Z"
    (pushed,) = [event for event in events if event.type == "head-push"]
    assert pushed.actor
    assert (pushed.actor.name, pushed.facts["after"], pushed.facts["dated_by"]) == ("ada", head, "check suite")


def test_no_check_is_said_once_and_is_not_unknown(world: World) -> None:
    n = world.pull()
    (none,) = of(checks(world))
    assert (none.status, none.keys.pull_request, none.facts["required"]) == ("none", n, None)
    assert checks(world, at=LATER + timedelta(minutes=5)) == []


def test_a_check_that_ends_later_is_found_although_the_pull_request_was_not_touched(world: World) -> None:
    n = world.pull()
    branches.check(world.state, REPO, n, "build", None, after(hours=2))
    checks(world)
    branches.check(world.state, REPO, n, "build", "SUCCESS", after(hours=3))
    (build,) = of(checks(world, at=LATER + timedelta(minutes=5)), "build")
    assert build.status == "success"


def test_merged_heads_are_read_again_after_an_hour_and_a_day(world: World) -> None:
    protect(world)
    n = world.pull()
    branches.check(world.state, REPO, n, "build", None, after(hours=2))
    merged = after(hours=3)
    world.state.merge(REPO, n, "carol", merged)
    assert [event.status for event in of(checks(world, at=merged + timedelta(minutes=5)), "build")] == ["in_progress"]
    branches.check(world.state, REPO, n, "build", "FAILURE", merged + timedelta(minutes=20))
    assert of(checks(world, at=merged + timedelta(minutes=30)), "build") == [], "nothing touched it"
    (late,) = of(checks(world, at=merged + timedelta(minutes=61)), "build")
    assert (late.status, late.facts["required"]) == ("failure", True)
    branches.check(world.state, REPO, n, "build", "SUCCESS", merged + timedelta(hours=20))
    assert of(checks(world, at=merged + timedelta(hours=21)), "build") == []
    (latest,) = of(checks(world, at=merged + timedelta(hours=25)), "build")
    assert latest.status == "success"
    world.state.asked.clear()
    checks(world, at=merged + timedelta(hours=26))
    assert world.state.asked == ["POST /graphql Heads"] * 2
    assert world.memory[f"late:{REPO}"] == {}


def test_where_required_is_not_told_the_checks_are(world: World) -> None:
    protect(world)
    n = world.pull()
    branches.check(world.state, REPO, n, "build", "SUCCESS", after(hours=2))
    world.state.required_told = False
    (build,) = of(checks(world), "build")
    assert (build.status, build.facts["required"]) == ("success", None)
    assert "Resource not accessible" in build.facts["because"]
    assert world.memory["server"] == {"checks": True, "required checks": False}


def test_where_checks_may_not_be_read_it_is_unavailable_and_not_none(world: World) -> None:
    n = world.pull()
    branches.check(world.state, REPO, n, "build", "SUCCESS", after(hours=2))
    world.state.checks_permitted = False
    (told,) = of(checks(world))
    assert (told.status, told.keys.pull_request) == ("unavailable", n)
    assert "Resource not accessible" in told.facts["because"]


def test_what_github_no_longer_keeps_is_unavailable(world: World) -> None:
    n = world.pull()
    world.state.merge(REPO, n, "carol", after(hours=2))
    (told,) = of(checks(world, at=LATER + timedelta(days=500)))
    assert told.status == "unavailable"
    assert "longer than GitHub keeps checks" in told.facts["because"]


def test_more_checks_than_a_page_holds_are_read_to_the_end(world: World) -> None:
    protect(world)
    n = world.pull()
    for i in range(45):
        branches.check(world.state, REPO, n, f"unit {i}", "SUCCESS", after(hours=2))
    branches.check(world.state, REPO, n, "build", "FAILURE", after(hours=2))
    world.state.nested_page_size = 10
    events = checks(world)
    assert len([event for event in events if event.type == "check"]) == 46
    assert [event.facts["required"] for event in of(events, "build")] == [True]


def test_every_page_is_read_resumed_after_any_and_the_same_is_told(world: World) -> None:
    for i in range(12):
        n = world.pull(at=after(hours=i + 1))
        branches.check(world.state, REPO, n, "build", "SUCCESS", after(hours=i + 1, minutes=9))
        if i % 3:
            world.state.merge(REPO, n, "carol", after(hours=i + 1, minutes=20))
    world.state.page_size = 3
    told = {event.id for event in events_of(run_pass(world.source(), "checks", {}, LATER))}
    count = len(run_pass(world.source(), "checks", {}, LATER))
    assert len([1 for event in checks(world) if event.type == "check"]) == 12
    for stop in range(1, count, 2):
        memory: dict[str, Any] = {}
        events = events_of(run_pass(world.source(), "checks", memory, LATER, pages=stop))
        events += events_of(run_pass(world.source(), "checks", memory, LATER))
        assert {event.id for event in events} == told
    assert checks(world, at=LATER + timedelta(minutes=5)) == []
    again = events_of(run_pass(world.source(), "checks", world.memory, LATER + timedelta(days=1), everything=True))
    assert {event.id for event in again} == told


def test_asked_for_less_when_github_gives_up(world: World) -> None:
    for i in range(6):
        world.pull(at=after(hours=i + 1))
    world.state.fail_next(4, 502, operation="Checks")
    assert len(of(checks(world))) == 6


FAULTS: list[tuple[int, bytes, type[SourceError]]] = [
    (401, b"{}", Unauthorized), (403, b"{}", Forbidden), (429, b"{}", Throttled), (500, b"", ServerFailed),
    (200, b"<html>", NotUnderstood), (200, b'{"data": {"repository": {', NotUnderstood), (200, b'{"data": []}', NotUnderstood),
    (200, b'{"errors": [{"type": "RATE_LIMITED", "message": "limit", "path": ["repository", "p0"]}], "data": {}}', Throttled),
    (200, b'{"errors": [{"message": "odd"}], "data": null}', NotUnderstood),
]  # fmt: skip


@pytest.mark.parametrize("operation", ["Heads", "Checks"])
@pytest.mark.parametrize(("status", "body", "kind"), FAULTS)
def test_a_failure_has_its_name_and_loses_nothing(
    world: World, operation: str, status: int, body: bytes, kind: type[SourceError]
) -> None:
    n = world.pull()
    branches.check(world.state, REPO, n, "build", "SUCCESS", after(hours=2))
    world.state.merge(REPO, n, "carol", after(hours=3))
    world.state.fail_next(12, status, body, operation=operation)
    pages, error = run_until_error(world.source(), "checks", world.memory, LATER)
    assert isinstance(error, kind)
    assert events_of(pages) == []
    world.state.planned.clear()
    assert len(of(checks(world), "build")) == 1


HOSTILE: list[Any] = [None, 7, "x", [], {}, [None], True, "\x00", "<b>" * 9, {"nodes": 3}, {"__typename": "Alien"}]


def test_any_value_in_any_place_is_survived(world: World) -> None:
    def node(value: Any, place: str) -> dict[str, Any]:
        run = {
            "__typename": "CheckRun", "id": "CR_5", "name": "build", "status": "COMPLETED", "conclusion": "SUCCESS",
            "startedAt": "2025-03-03T09:58:00Z", "completedAt": "2025-03-03T10:00:00Z", "isRequired": True,
            "checkSuite": {"app": {"slug": "ci"}, "createdAt": "2025-03-03T09:58:00Z", "push": {"id": "P", "nextSha": "a" * 40}},
        }  # fmt: skip
        run[place] = value
        rollup = {"contexts": {"totalCount": 2, "nodes": [run, value]}}
        commits = {"nodes": [{"commit": {"oid": "a" * 40, "statusCheckRollup": rollup}}]}
        return {"id": "PR_1", "number": 1, "headRefOid": "a" * 40, "commits": commits}

    origin = Origin("github", REPO, LATER)
    for place in (
        "__typename",
        "id",
        "name",
        "status",
        "conclusion",
        "startedAt",
        "completedAt",
        "isRequired",
        "checkSuite",
    ):
        for value in HOSTILE:
            found = check_events(node(value, place), origin)
            assert found == check_events(node(value, place), origin)
            assert [event for event in found.events if event.status == "unavailable"], "one of two is not told"


def test_words_that_are_new_to_us_are_kept_and_counted(world: World) -> None:
    n = world.pull()
    branches.check(world.state, REPO, n, "build", "SHRUG", after(hours=2))
    pages = run_pass(world.source(), "checks", world.memory, LATER)
    (build,) = of(events_of(pages), "build")
    assert (build.status, build.known) == ("shrug", False)
    assert ("check.conclusion", "SHRUG") in [pair for page in pages for pair in page.unknown]


def test_secrets_are_in_no_observation_and_no_event(world: World) -> None:
    n = world.pull()
    branches.check(world.state, REPO, n, f"build {TOKEN}", "SUCCESS", after(hours=2))
    pages = run_pass(world.source(), "checks", world.memory, LATER)
    kept = b"".join(o.body for o in observations_of(pages)) + repr(events_of(pages)).encode()
    assert observations_of(pages)
    assert TOKEN.encode() not in kept
