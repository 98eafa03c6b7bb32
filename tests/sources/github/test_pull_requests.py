"""The stream of pull requests, over HTTP: pages, resuming, overlap, failures, secrets."""

import json
from datetime import timedelta

import pytest
from app.canonical import digest
from app.domain.actor import ActorKind
from app.domain.event import Event, How, Step
from app.errors import Missing, NotUnderstood, ServerFailed, Throttled, TooLarge, Unauthorized

from tests.sources.github.conftest import LATER, REPO, TOKEN, World, after
from tests.sources.harness import events_of, observations_of, run_pass, run_until_error


def of(events: list[Event], type_: str, status: str | None = None) -> list[Event]:
    return [event for event in events if event.type == type_ and status in (None, event.status)]


def test_the_story_of_a_pull_request(world: World) -> None:
    n = world.pull(2)
    first = world.state.review(REPO, n, "bob", "APPROVED", after(hours=2))
    pushed = world.state.push(REPO, n, "ada", "Third", ["apps/pay/third.tf"], after(hours=3), force=True)
    world.state.dismiss(REPO, n, first, "github-actions[bot]", after(hours=3), stale=True)
    world.state.review(REPO, n, "bob", "APPROVED", after(hours=4))
    merged = world.state.merge(REPO, n, "carol", after(hours=5))
    events = world.events()

    (opened,) = of(events, "pull-request", "open")
    assert (opened.step, opened.occurred_at) == (Step.PROPOSED, after(hours=1))
    assert opened.actor
    assert (opened.actor.name, opened.actor.kind) == ("ada", ActorKind.HUMAN)
    assert opened.ref.name == "bank/infra#1"
    (head,) = of(events, "pull-request", "head")
    assert head.keys.commits == (pushed,)
    assert head.actor
    assert head.actor.name == "ada"
    approved, again = of(events, "review", "APPROVED")
    (dismissed,) = of(events, "review", "DISMISSED")
    assert approved.how is How.RECONSTRUCTED
    assert approved.ref.id == dismissed.ref.id == first
    assert approved.occurred_at == after(hours=2)
    assert dismissed.occurred_at == after(hours=3)
    assert dismissed.facts["dismissed_by"]["kind"] == "bot"
    assert dismissed.facts["stale_by"] == pushed
    assert again.facts["commit"] == pushed
    (done,) = of(events, "pull-request", "merged")
    assert done.keys.commits == (merged,)
    assert done.facts["merge_method"] == "merge"
    assert done.actor
    assert done.actor.name == "carol"
    assert not of(events, "pull-request", "closed")
    (commit,) = of(events, "commit")
    assert commit.actor
    assert commit.actor.because == "self-declared"
    assert commit.facts["authors"] == [{"name": "Ada", "email": "ada@bank.example", "login": "ada"}]


@pytest.mark.parametrize(("method", "commits", "told"), [
    ("merge", 1, "merge"), ("squash", 3, "squash"), ("rebase", 3, "rebase"), ("squash", 1, None), ("rebase", 1, None),
])  # fmt: skip
def test_how_it_was_merged_is_told_only_as_far_as_it_can_be(world: World, method: str, commits: int, told: str | None) -> None:
    n = world.pull(commits)
    world.state.merge(REPO, n, "carol", after(hours=2), method)
    (merged,) = of(world.events(), "pull-request", "merged")
    assert merged.facts["merge_method"] == told


def test_closed_and_reopened(world: World) -> None:
    n = world.pull()
    world.state.close(REPO, n, "bob", after(hours=2))
    world.state.reopen(REPO, n, "ada", after(hours=3))
    world.state.close(REPO, n, "bob", after(hours=4))
    told = of(world.events(), "pull-request")
    assert [(e.status, e.occurred_at) for e in told if e.status in ("closed", "reopened")] == [
        ("closed", after(hours=2)),
        ("reopened", after(hours=3)),
        ("closed", after(hours=4)),
    ]


def test_every_page_is_read_and_nothing_twice(world: World) -> None:
    for i in range(23):
        world.pull(at=after(hours=i + 1))
    world.state.page_size = 5
    pages = world.pages()
    assert len(pages) == 5
    assert len({e.keys.pull_request for e in events_of(pages)}) == 23
    again = world.pages()
    assert [page.seen for page in again] == [5]
    assert events_of(again) == []


def test_a_pass_that_is_stopped_goes_on_where_it_was(world: World) -> None:
    for i in range(12):
        world.pull(at=after(hours=i + 1))
    world.state.page_size = 4
    source = world.source()
    first = run_pass(source, "pull-requests", world.memory, LATER, pages=1)
    assert f"watermark:{REPO}" not in world.memory
    world.state.label(REPO, 2, ["urgent"], after(hours=40))  # moves up while we were away
    rest = run_pass(source, "pull-requests", world.memory, LATER)
    after_it = run_pass(source, "pull-requests", world.memory, LATER)
    numbers = [e.keys.pull_request for page in (first, rest, after_it) for e in of(events_of(page), "pull-request", "open")]
    assert sorted(set(numbers)) == list(range(1, 13))
    assert any(e.facts["labels"] == ["urgent"] for e in of(events_of(after_it), "pull-request"))


def test_ids_are_the_same_whenever_and_however_often_it_is_seen(world: World) -> None:
    n = world.pull()
    world.state.review(REPO, n, "bob", "APPROVED", after(hours=2))
    early = {e.id for e in world.events()}
    world.state.merge(REPO, n, "carol", after(hours=3))
    late = {e.id for e in world.events()}
    assert early < late
    everything = events_of(run_pass(world.source(), "pull-requests", world.memory, LATER, everything=True))
    assert {e.id for e in everything} == late


def test_only_what_changed_is_read_again(world: World) -> None:
    for i in range(6):
        world.pull(at=after(hours=i + 1))
    world.events()
    world.state.review(REPO, 1, "bob", "COMMENTED", after(hours=9))
    assert {e.keys.pull_request for e in world.events()} == {1}


def test_an_update_that_comes_late_within_the_overlap_is_read(world: World) -> None:
    world.pull(at=after(hours=1))
    world.pull(at=after(hours=2))
    world.events()
    world.state.review(REPO, 1, "bob", "APPROVED", after(hours=2) - timedelta(minutes=9))
    assert {e.keys.pull_request for e in world.events()} == {1}


def test_long_connections_are_read_to_their_end(world: World) -> None:
    n = world.pull(130)
    for i in range(120):
        world.state.review(REPO, n, "bob", "COMMENTED", after(hours=2, seconds=i))
    for i in range(30):
        world.state.close(REPO, n, "bob", after(hours=3, seconds=2 * i))
        world.state.reopen(REPO, n, "bob", after(hours=3, seconds=2 * i + 1))
    events = world.events()
    assert len(of(events, "commit")) == 130
    assert len(of(events, "review")) == 120
    assert len(of(events, "pull-request", "closed")) == 30
    assert of(events, "pull-request", "open")[0].facts["commits_complete"] is True


def test_the_query_asks_for_less_when_github_gives_up(world: World) -> None:
    for i in range(8):
        world.pull(at=after(hours=i + 1))
    world.state.fail_next(4, 502, path="/graphql")
    assert len(of(world.events(), "pull-request", "open")) == 8
    assert world.memory[f"size:{REPO}"] < 25
    limited = json.dumps({"data": None, "errors": [{"type": "RESOURCE_LIMITS_EXCEEDED", "message": "too much"}]}).encode()
    world.state.fail_next(1, 200, limited)
    world.memory.clear()
    assert len(of(world.events(), "pull-request", "open")) == 8


def test_partial_data_is_unknown_and_other_repositories_are_read(world: World) -> None:
    world.state.add_repository("bank/apps", after(hours=0))
    world.state.add_pull_request("bank/apps", "Other", "ada", after(hours=1), "other", commits=[(None, "ada", "x", ["y"])])
    world.pull()
    partial = {"data": {"repository": {"pullRequests": {"nodes": []}}}, "errors": [{"message": "checks are not permitted"}]}
    world.state.fail_next(1, 200, json.dumps(partial).encode())
    pages, error = run_until_error(world.source(), "pull-requests", world.memory, LATER)
    assert isinstance(error, NotUnderstood)
    assert "bank/infra: " in str(error)
    assert {e.keys.repository for e in events_of(pages)} == {"bank/apps"}
    assert f"watermark:{REPO}" not in world.memory
    assert len(of(world.events(), "pull-request", "open")) == 1


def test_an_unseen_repository_is_missing_and_the_others_are_read(world: World) -> None:
    world.pull()
    source = world.source(repositories=("bank/hidden", REPO))
    pages, error = run_until_error(source, "pull-requests", world.memory, LATER)
    assert isinstance(error, Missing)
    assert "bank/hidden" in str(error)
    assert events_of(pages)


@pytest.mark.parametrize("status", [429, 403])
def test_a_short_limit_is_waited_for_and_a_long_one_is_said(world: World, status: int) -> None:
    world.pull()
    world.state.throttle(1, status=status)
    assert world.events()
    world.state.throttle(120, status=status)
    _, error = run_until_error(world.source(), "pull-requests", world.memory, LATER)
    assert isinstance(error, Throttled)
    assert 100 < error.retry_after <= 120


def test_a_limit_told_with_200(world: World) -> None:
    world.pull()
    body = b'{"errors":[{"type":"RATE_LIMITED","message":"API rate limit exceeded"}]}'
    world.state.fail_next(1, 200, body, {"x-ratelimit-remaining": "0", "retry-after": "77"})
    _, error = run_until_error(world.source(), "pull-requests", world.memory, LATER)
    assert isinstance(error, Throttled)
    assert error.retry_after == 77


def test_503_is_tried_again_and_401_is_not(world: World) -> None:
    world.pull()
    world.state.fail_next(1, 503)
    assert world.events()
    world.state.asked.clear()
    _, error = run_until_error(world.source(token="wrong"), "pull-requests", {}, LATER)
    assert isinstance(error, Unauthorized)
    assert len(world.state.asked) == 1


def test_a_server_that_stays_down_is_said_to_be_down(world: World) -> None:
    world.state.fail_next(100, 503)
    _, error = run_until_error(world.source(), "pull-requests", {}, LATER)
    assert isinstance(error, ServerFailed)


@pytest.mark.parametrize("body", [
    b"<!DOCTYPE html><html>sign in</html>", b'{"data": {"repository": {"pullReq', b"[]", b'{"data": []}', b"[" * 200_000,
    b'{"data": {"repository": {"nameWithOwner": 7, "pullRequests": {"nodes": [3], "pageInfo": {}}}}}',
    b'{"data": {"repository": {"pullRequests": {"nodes": [], "pageInfo": {"hasNextPage": true, "endCursor": null}}}}}',
])  # fmt: skip
def test_an_answer_that_is_none_changes_nothing(world: World, body: bytes) -> None:
    world.pull()
    world.state.fail_next(1, 200, body)
    pages, error = run_until_error(world.source(), "pull-requests", world.memory, LATER)
    assert isinstance(error, NotUnderstood)
    assert events_of(pages) == []
    assert world.memory == {}


def test_an_oversized_answer_is_refused(world: World) -> None:
    world.pull(20)
    _, error = run_until_error(world.source(max_bytes=2000), "pull-requests", world.memory, LATER)
    assert isinstance(error, TooLarge)


def test_a_cursor_that_is_no_longer_good_is_forgotten(world: World) -> None:
    world.pull()
    world.memory[f"unfinished:{REPO}"] = {"after": "not a cursor", "top": None, "floor": None, "flawed": False}
    _, error = run_until_error(world.source(), "pull-requests", world.memory, LATER)
    assert isinstance(error, NotUnderstood)
    assert world.memory == {}
    assert world.events()


def test_secrets_are_in_no_observation_and_no_event(world: World) -> None:
    world.state.add_pull_request(
        REPO, f"Use {TOKEN}", "ada", after(hours=1), "leak",
        commits=[(None, "ada", f"clone\n{TOKEN} https://x:hunter2@host/r", ["a"])], body=f"token:\n{TOKEN}",
    )  # fmt: skip
    pages = world.pages()
    kept = b"".join(o.body for o in observations_of(pages)) + repr(events_of(pages)).encode()
    assert observations_of(pages)
    assert TOKEN.encode() not in kept
    assert b"hunter2" not in kept
    assert all(o.digest == digest(o.body) for o in observations_of(pages))
    assert {e.observation for e in events_of(pages)} == {o.digest for o in observations_of(pages)}
    assert TOKEN not in repr(world.source().connection)


def test_an_older_enterprise_server_is_asked_without_the_newest_fields(world: World) -> None:
    world.state.enterprise = "3.12.4"
    world.state.lacking = frozenset({"fullDatabaseId", "isInMergeQueue"})
    world.pull()
    source = world.source()
    assert events_of(run_pass(source, "pull-requests", world.memory, LATER))
    assert [line for line in world.state.asked if "Fields" in line]
    world.state.asked.clear()
    run_pass(source, "pull-requests", {}, LATER)
    assert world.state.asked == ["POST /graphql PullRequests"]


def test_a_renamed_repository_is_still_read(world: World) -> None:
    world.pull()
    world.state.rename(REPO, "bank/infrastructure")
    events = world.events(repositories=(REPO,))
    assert {e.keys.repository for e in events} == {"bank/infrastructure"}


def test_deleted_accounts_bots_and_mannequins(world: World) -> None:
    n = world.state.add_pull_request(
        REPO, "Bump", "renovate[bot]", after(hours=1), "bump", commits=[(None, "renovate[bot]", "Bump", ["a"])]
    )
    world.state.review(REPO, n, "gone", "APPROVED", after(hours=2))
    world.state.delete_user("gone")
    world.state.review(REPO, n, "old-hand", "APPROVED", after(hours=2))
    world.state.add_user("old-hand", typename="Mannequin")
    events = world.events()
    (opened,) = of(events, "pull-request", "open")
    assert opened.actor
    assert (opened.actor.name, opened.actor.kind) == ("renovate", ActorKind.BOT)
    for review in of(events, "review"):
        assert review.actor
        assert (review.actor.name, review.actor.kind) == ("", ActorKind.UNKNOWN)
        assert "deleted" in review.actor.because
    (commit,) = of(events, "commit")
    assert commit.actor
    assert commit.actor.kind is ActorKind.BOT
