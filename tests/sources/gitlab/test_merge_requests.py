"""Merge requests from a real server: all of them, again and again, through failures, and what of them is told."""

from datetime import timedelta

import pytest
from app.canonical import digest
from app.domain.actor import ActorKind
from app.domain.event import How
from app.errors import (
    Forbidden,
    Missing,
    NotUnderstood,
    ServerFailed,
    SourceError,
    Throttled,
    TooLarge,
    Unauthorized,
    Unreachable,
)
from app.sources.contract import Page, Task

from tests.sources.gitlab.conftest import LATER, REPO, START, TOKEN, World, after, of
from tests.sources.harness import events_of, observations_of, run_pass, run_until_error

ONE = "/merge_requests/1"


def test_a_merge_request_is_told_in_the_words_of_a_pull_request(world: World) -> None:
    n = world.request(2)
    world.state.approve(REPO, n, "bob", after(hours=2))
    merged = world.merge(n, after(hours=3))
    events = world.events()
    (opened,) = of(events, "pull-request", "open")
    assert (opened.kind, opened.keys.repository, opened.keys.pull_request) == ("gitlab", REPO, 1)
    assert opened.actor
    assert (opened.actor.name, opened.actor.kind) == ("ada", ActorKind.HUMAN)
    assert opened.actor.id == str(world.state.users["ada"].id)
    (done,) = of(events, "pull-request", "merged")
    assert (done.facts["merge_method"], done.facts["merge_commit"], done.occurred_at) == ("merge", merged, after(hours=3))
    assert done.actor
    assert done.actor.name == "carol"
    (approved,) = of(events, "review", "APPROVED")
    assert (approved.occurred_at, approved.facts["dated_by"]) == (after(hours=2), "approved_at")
    assert approved.facts["commit"] == opened.facts["head_oid"]
    assert approved.facts["commit_derived"] is True
    assert len(of(events, "commit")) == 2
    assert all(event.actor and event.actor.because == "self-declared" for event in of(events, "commit"))
    assert done.facts["commits_complete"] is True
    (seen,) = of(events, "repository")
    assert (seen.status, seen.facts["name"], seen.ref.id) == ("seen", REPO, str(world.project))


@pytest.mark.parametrize(
    ("project", "how", "method", "landed"),
    [
        ("merge", {}, "merge", "tip"),
        ("rebase_merge", {}, "merge", "tip"),
        ("merge", {"squash": True}, "squash", "tip"),
        ("ff", {}, "fast-forward", "tip"),
        ("ff", {"squash": True}, "squash", "tip"),
        ("merge", {"train": True}, "train", "tip"),
        ("ff", {"train": True}, "train", None),
    ],
)
def test_which_commit_landed_by_merge_method(
    world: World, project: str, how: dict[str, bool], method: str, landed: str | None
) -> None:
    world.state.projects[REPO].settings["merge_method"] = project
    n = world.request(2)
    tip = world.merge(n, after(hours=2), **how)
    (done,) = of(world.events(), "pull-request", "merged")
    assert done.facts["merge_method"] == method
    assert done.facts["merge_commit"] == (tip if landed else None)
    assert bool(done.facts["landed_because"]) is (landed is None)
    assert (tip in done.keys.commits) is bool(landed)


def test_neither_commit_where_the_project_does_not_fast_forward_is_not_guessed(world: World) -> None:
    n = world.request()
    world.state.projects[REPO].settings["merge_method"] = "ff"
    world.merge(n, after(hours=2))
    world.state.projects[REPO].settings["merge_method"] = "merge"
    (done,) = of(world.events(), "pull-request", "merged")
    assert (done.facts["merge_commit"], done.facts["merge_method"]) == (None, None)
    assert "no merge commit" in done.facts["landed_because"]


def test_closed_and_reopened(world: World) -> None:
    n = world.request()
    world.state.close(REPO, n, "bob", after(hours=2))
    world.state.reopen(REPO, n, "ada", after(hours=3))
    world.state.close(REPO, n, "bob", after(hours=4))
    told = [e for e in of(world.events(), "pull-request") if e.status in ("closed", "reopened")]
    assert [(e.status, e.occurred_at, e.actor and e.actor.name) for e in told] == [
        ("closed", after(hours=2), "bob"),
        ("reopened", after(hours=3), "ada"),
        ("closed", after(hours=4), "bob"),
    ]
    assert [e.how for e in told] == [How.RECONSTRUCTED, How.RECONSTRUCTED, How.OBSERVED]


def test_every_page_is_read_and_nothing_twice(world: World) -> None:
    for i in range(23):
        world.request(at=after(hours=i + 1))
    world.state.page_size = 5
    assert len({e.keys.pull_request for e in of(world.events(), "pull-request", "open")}) == 23
    world.state.asked.clear()
    assert events_of(world.pages(at=LATER + timedelta(seconds=60))) == []
    assert not [line for line in world.state.asked if "/versions" in line]


def test_a_whole_page_updated_at_one_time_is_passed(world: World) -> None:
    for _ in range(12):
        world.request(at=after(hours=1))
    world.request(at=after(hours=2))
    world.state.page_size = 5
    assert len({e.keys.pull_request for e in of(world.events(), "pull-request", "open")}) == 13


def test_what_is_updated_while_pages_are_read_is_not_skipped(world: World) -> None:
    for i in range(12):
        world.request(at=after(hours=i + 1))
    world.state.page_size = 4
    source = world.source()
    pages: list[Page] = []
    for page in source.fetch(Task(stream="pull-requests", now=LATER)):
        pages.append(page)
        if len(pages) == 2:
            world.state.label(REPO, 1, ["urgent"], after(hours=20))  # an offset would now skip the fifth
            world.state.label(REPO, 2, ["urgent"], after(hours=21))
    opened = of(events_of(pages), "pull-request", "open")
    assert {e.keys.pull_request for e in opened} == set(range(1, 13))
    assert [e.facts["labels"] for e in opened if e.keys.pull_request == 1][-1] == ["urgent"]


def test_a_pass_that_is_stopped_goes_on_where_it_was(world: World) -> None:
    for i in range(25):
        world.request(at=after(hours=i + 1))
    first = run_pass(world.source(), "pull-requests", world.memory, LATER, pages=2)
    world.state.asked.clear()
    rest = world.pages()
    numbers = [e.keys.pull_request for page in (first, rest) for e in of(events_of(page), "pull-request", "open")]
    assert sorted(set(numbers)) == list(range(1, 26))
    assert not [line for line in world.state.asked if "/merge_requests/1/versions" in line]


def test_ids_are_the_same_whenever_and_however_often_it_is_seen(world: World) -> None:
    n = world.request()
    world.state.approve(REPO, n, "bob", after(hours=2))
    early = world.events(at=after(hours=2, minutes=30))
    world.state.push(REPO, n, "ada", "More", ["a"], after(hours=4))
    world.merge(n, after(hours=5))
    late = {e.id for e in world.events()}
    passing = ("check", "repository")  # of a head that is no more; told once
    assert {e.id for e in early if e.type not in passing} < late
    first = {e.id for e in events_of(run_pass(world.source(), "pull-requests", {}, LATER))}
    assert first == {e.id for e in events_of(run_pass(world.source(), "pull-requests", {}, LATER + timedelta(days=1)))}


def test_the_daily_reading_tells_everything_again_a_part_at_a_time(world: World) -> None:
    for i in range(30):
        world.request(at=after(hours=i + 1))
    everything = {e.id for e in world.events() if e.type != "repository"}
    told = {e.id for e in events_of(run_pass(world.source(), "pull-requests", world.memory, LATER, everything=True))}
    assert f"sweep:{world.project}" in world.memory
    assert not told >= everything
    told |= {e.id for e in world.events()}
    assert f"sweep:{world.project}" not in world.memory
    assert told >= everything


def test_only_what_changed_is_read_again(world: World) -> None:
    for i in range(6):
        world.request(at=after(hours=i + 1))
    world.events()
    world.state.comment(REPO, 1, "bob", "Why?", after(hours=9))
    assert {e.keys.pull_request for e in world.events(at=LATER + timedelta(minutes=1))} == {1}


def test_an_update_that_comes_late_within_the_overlap_is_read(world: World) -> None:
    world.request(at=after(hours=1))
    world.request(at=after(hours=2))
    world.events()
    world.state.label(REPO, 1, ["urgent"], after(hours=2) - timedelta(minutes=9))
    assert {e.keys.pull_request for e in world.events(at=LATER + timedelta(minutes=1))} == {1}


def test_open_ones_are_read_again_for_what_does_not_touch_updated_at(world: World) -> None:
    n = world.request()
    world.events(at=after(hours=2))
    world.state.pipeline(REPO, n, "success", after(hours=2), after(hours=2, minutes=4))
    assert of(world.events(at=after(hours=2, minutes=5)), "check") == []
    (check,) = of(world.events(at=after(hours=2, minutes=11)), "check")
    assert (check.status, check.facts["required"], check.facts["word"]) == ("success", True, "success")
    assert check.facts["completed_at"] == "2025-03-03T10:04:00Z"


def test_merged_ones_are_read_again_an_hour_and_a_day_after_and_then_left_alone(world: World) -> None:
    n = world.request()
    world.merge(n, after(hours=2))
    world.events(at=after(hours=2, minutes=1))
    key = f"again:{world.project}:{n}"
    assert world.memory[key]["at"] == "2025-03-03T11:00:00Z"
    world.events(at=after(hours=3, minutes=1))
    assert world.memory[key]["at"] == "2025-03-04T10:00:00Z"
    world.events(at=after(hours=27))
    assert key not in world.memory


def test_unchanged_answers_are_kept_once(world: World) -> None:
    world.request()
    assert len(observations_of(world.pages(at=after(hours=2)))) == 1
    again = world.pages(at=after(hours=3))
    assert events_of(again)
    assert observations_of(again) == []


def test_long_lists_are_read_to_their_end(world: World) -> None:
    n = world.request(130)
    for i in range(60):
        world.state.comment(REPO, n, "bob", "Hm", after(hours=2, seconds=i))
        world.state.request_changes(REPO, n, "bob", after(hours=3, seconds=i))
    world.state.page_size = 20
    events = world.events()
    assert len(of(events, "commit")) == 130
    assert len(of(events, "review", "CHANGES_REQUESTED")) == 60
    assert of(events, "pull-request", "open")[0].facts["commits_complete"] is True


def test_a_deleted_merge_request_is_said_to_be_gone(world: World) -> None:
    n = world.request()
    world.events(at=after(hours=2))
    del world.state.projects[REPO].merge_requests[n]
    events = world.events(at=after(hours=3))
    (gone,) = of(events, "pull-request")
    assert (gone.status, gone.keys.pull_request) == ("unavailable", n)
    assert "404" in gone.facts["because"]
    assert world.events(at=after(hours=4)) == []


# failures


@pytest.mark.parametrize("part", ["", "/commits", "/versions", "/notes"])
@pytest.mark.parametrize(("status", "body", "error"), [
    (403, b'{"message":"403 Forbidden"}', Forbidden), (500, b"<html>", ServerFailed), (200, b"<!DOCTYPE html>", NotUnderstood),
    (200, b'"text"', NotUnderstood), (200, b'{"iid": ', NotUnderstood), (200, b"[" * 200_000, NotUnderstood),
])  # fmt: skip
def test_one_that_cannot_be_read_stops_no_other_and_is_tried_again(
    world: World, part: str, status: int, body: bytes, error: type[SourceError]
) -> None:
    world.request(at=after(hours=1))
    world.request(at=after(hours=2))
    world.state.fail_next(4 if status == 500 else 1, status, body, path=f"{ONE}{part}" if part else ONE)
    pages, raised = run_until_error(world.source(), "pull-requests", world.memory, LATER)
    assert isinstance(raised, error)
    assert {e.keys.pull_request for e in of(events_of(pages), "pull-request")} == {2}
    assert {e.keys.pull_request for e in of(world.events(at=LATER + timedelta(minutes=1)), "pull-request")} == {1}


@pytest.mark.parametrize("part", ["/approvals", "/resource_state_events", "/status_checks"])
@pytest.mark.parametrize("status", [403, 404])
def test_what_an_edition_does_not_have_is_done_without(world: World, part: str, status: int) -> None:
    n = world.request()
    world.state.approve(REPO, n, "bob", after(hours=2))
    world.merge(n, after(hours=3))
    world.state.fail_next(1, status, path=f"{ONE}{part}")
    events = world.events()
    assert of(events, "pull-request", "merged")
    (approved,) = of(events, "review")
    assert approved.status == "APPROVED"


def test_a_server_that_stays_down_is_said_to_be_down(world: World) -> None:
    for i in range(5):
        world.request(at=after(hours=i + 1))
    world.state.fail_next(100, 503, path="/merge_requests/")
    pages, error = run_until_error(world.source(), "pull-requests", world.memory, LATER)
    assert isinstance(error, ServerFailed)
    assert of(events_of(pages), "pull-request") == []
    world.state.planned.clear()
    assert len(of(world.events(at=LATER + timedelta(minutes=1)), "pull-request", "open")) == 5


@pytest.mark.parametrize("reset", [False, True])
def test_a_short_limit_is_waited_for_and_a_long_one_is_said(world: World, reset: bool) -> None:
    world.request()
    world.state.throttle(1, reset=reset)
    assert world.events()
    world.state.throttle(120, reset=reset)
    _, error = run_until_error(world.source(), "pull-requests", world.memory, LATER)
    assert isinstance(error, Throttled)
    assert 100 < error.retry_after <= 121


def test_503_is_tried_again_and_401_is_not(world: World) -> None:
    world.request()
    world.state.fail_next(1, 503)
    assert world.events()
    world.state.asked.clear()
    _, error = run_until_error(world.source(token="wrong"), "pull-requests", {}, LATER)
    assert isinstance(error, Unauthorized)
    assert len(world.state.asked) == 1


def test_nobody_there(world: World) -> None:
    _, error = run_until_error(world.source(url="http://127.0.0.1:9", timeout=1.0), "pull-requests", {}, LATER)
    assert isinstance(error, Unreachable)


@pytest.mark.parametrize("body", [b"<!DOCTYPE html><html>sign in</html>", b'[{"iid": 1', b"{}", b"null", b'[{"iid": "x"}]', b"[3]"])
def test_a_list_that_is_none_changes_nothing(world: World, body: bytes) -> None:
    world.request()
    world.pages(at=after(hours=2))
    held = dict(world.memory)
    world.state.fail_next(1, 200, body, {"link": ""}, path=f"/projects/{world.project}/merge_requests")
    pages, error = run_until_error(world.source(), "pull-requests", world.memory, after(hours=2, minutes=1))
    assert isinstance(error, NotUnderstood)
    assert events_of(pages) == []
    assert world.memory == held


def test_an_oversized_answer_is_refused(world: World) -> None:
    world.request(20)
    _, error = run_until_error(world.source(max_bytes=4000), "pull-requests", world.memory, LATER)
    assert isinstance(error, TooLarge)


def test_a_list_that_repeats_itself_ends(world: World) -> None:
    world.request()
    body = b'[{"id": 7, "name": "again"}]'
    world.state.fail_next(10, 200, body, {"link": '<x>; rel="next"'}, path=f"{ONE}/versions")
    _, error = run_until_error(world.source(), "pull-requests", world.memory, LATER)
    assert isinstance(error, NotUnderstood)
    assert "repeats" in str(error)


def test_an_unseen_project_is_missing_and_the_others_are_read(world: World) -> None:
    world.request()
    pages, error = run_until_error(world.source(repositories=("bank/hidden", REPO)), "pull-requests", world.memory, LATER)
    assert isinstance(error, Missing)
    assert "bank/hidden" in str(error)
    assert of(events_of(pages), "pull-request")


# names


@pytest.mark.parametrize(("new", "status"), [("bank/platform/infrastructure", "renamed"), ("bank/core/infra", "transferred")])
def test_a_moved_project_is_followed_and_told(world: World, new: str, status: str) -> None:
    world.request()
    world.events()
    world.state.move(REPO, new)
    other = world.state.add_project(REPO, START)  # the old name is given to another
    (moved,) = world.events(at=LATER + timedelta(minutes=1), repositories=(REPO,))
    assert (moved.type, moved.status, moved.facts["name"], moved.facts["former"]) == ("repository", status, new, REPO)
    assert moved.ref.id != str(other.id)
    world.state.label(new, 1, ["x"], LATER + timedelta(minutes=2))
    told = world.events(at=LATER + timedelta(minutes=3), repositories=(REPO,))
    assert {event.keys.repository for event in told} == {new}


def test_a_project_that_had_moved_before_we_came_is_found_by_its_redirect(world: World) -> None:
    world.request()
    world.state.move(REPO, "bank/core/infra")
    events = world.events(repositories=(REPO,))
    assert [e.status for e in of(events, "repository")] == ["transferred"]
    assert {e.keys.repository for e in events} == {"bank/core/infra"}


def test_a_redirect_to_another_host_is_not_followed(world: World) -> None:
    world.state.fail_next(1, 301, b"{}", {"location": "https://elsewhere.example/api/v4/projects/1"})
    _, error = run_until_error(world.source(), "pull-requests", {}, LATER)
    assert isinstance(error, SourceError)
    assert error.state == "refused"


def test_a_project_that_is_gone_is_said_to_be_unavailable(world: World) -> None:
    world.events()
    world.state.projects[REPO].hidden = True
    pages, error = run_until_error(world.source(), "pull-requests", world.memory, LATER)
    assert isinstance(error, Missing)
    assert [(e.type, e.status) for e in events_of(pages)] == [("repository", "unavailable")]
    pages, _ = run_until_error(world.source(), "pull-requests", world.memory, LATER + timedelta(days=1))
    assert events_of(pages) == []
    world.state.projects[REPO].hidden = False
    (back,) = world.events(at=LATER + timedelta(days=2))
    assert (back.status, back.occurred_at) == ("seen", LATER + timedelta(days=2))
    assert "seen again" in back.facts["because"]
    assert world.events(at=LATER + timedelta(days=3)) == []


def test_secrets_are_in_no_observation_and_no_event(world: World) -> None:
    commits = [(None, "ada", f"clone\n{TOKEN} https://x:hunter2@host/r", ["a"])]
    n = world.state.open(REPO, f"Use {TOKEN}", "ada", after(hours=1), "leak", commits=commits, description=f"token:\n{TOKEN}")
    world.state.comment(REPO, n, "bob", f"the password is swordfish, {TOKEN}", after(hours=2))
    pages = world.pages()
    kept = b"".join(o.body for o in observations_of(pages)) + repr(events_of(pages)).encode()
    assert observations_of(pages)
    for secret in (TOKEN, "hunter2", "swordfish", "planted-runner-token"):
        assert secret.encode() not in kept
    assert all(o.digest == digest(o.body) for o in observations_of(pages))
    assert TOKEN not in repr(world.source().connection)
