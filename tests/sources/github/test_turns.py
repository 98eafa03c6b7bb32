"""Further turns of a pull request's life, and how it was merged."""

import json
from typing import Any

import pytest
from app.demo.fakes import github_branches as branches
from app.domain.actor import ActorKind
from app.domain.event import Event
from app.errors import NotUnderstood

from tests.sources.github.conftest import LATER, REPO, World, after
from tests.sources.harness import run_pass, run_until_error


def told(events: list[Event], status: str) -> Event:
    (found,) = [event for event in events if event.status == status and event.type in ("pull-request", "head-push")]
    return found


def name(event: Event) -> str:
    assert event.actor
    return event.actor.name


def test_the_merge_queue(world: World) -> None:
    n = world.pull(2)
    branches.enqueue(world.state, REPO, n, "carol", after(hours=2))
    branches.dequeue(world.state, REPO, n, "github-merge-queue[bot]", after(hours=3), "failed checks")
    branches.enqueue(world.state, REPO, n, "erin", after(hours=4))
    (landed,) = branches.merge_queue(world.state, REPO, [n], after(hours=5))
    events = world.events()
    added = [event for event in events if event.status == "added_to_merge_queue"]
    assert [name(event) for event in added] == ["carol", "erin"]
    assert told(events, "removed_from_merge_queue").facts["reason"] == "failed checks"
    merged = told(events, "merged")
    assert (merged.facts["merge_method"], merged.keys.commits) == ("queue", (landed,))
    assert merged.actor
    assert merged.actor.kind is ActorKind.BOT


@pytest.mark.parametrize(("reason", "method"), [("MERGE", "queue"), ("merge conflict", "merge"), ("CI_FAILURE", "merge")])
def test_who_left_the_queue_for_another_reason_was_not_merged_by_it(world: World, reason: str, method: str) -> None:
    n = world.pull(2)
    branches.enqueue(world.state, REPO, n, "carol", after(hours=2))
    branches.dequeue(world.state, REPO, n, "github-merge-queue[bot]", after(hours=3), reason)
    world.state.merge(REPO, n, "carol", after(hours=4))
    assert told(world.events(), "merged").facts["merge_method"] == method


@pytest.mark.parametrize("method", ["squash", "rebase"])
def test_auto_merge_says_who_asked_for_it_after_the_field_is_empty(world: World, method: str) -> None:
    n = world.pull(1)
    world.state.enable_auto_merge(REPO, n, "erin", method, after(hours=2))
    world.state.merge(REPO, n, "erin", after(hours=3), method)
    events = world.events()
    merged = told(events, "merged")
    assert merged.facts["auto_merge"] is None
    assert merged.facts["auto_merge_by"]["name"] == "erin"
    assert merged.facts["merge_method"] == method, "of one commit only what auto-merge was set to tells"
    assert (name(told(events, "auto_merge_enabled")), told(events, "auto_merge_enabled").facts["method"]) == ("erin", method)


def test_auto_merge_that_was_taken_back_is_nobodys(world: World) -> None:
    n = world.pull(1)
    world.state.enable_auto_merge(REPO, n, "erin", "merge", after(hours=2))
    pull = world.state.repositories[REPO].pull_requests[n]
    pull.auto_merge = None
    world.state.note(pull, "AutoMergeDisabledEvent", after(hours=3), "dave", message="new commits")
    events = world.events()
    assert told(events, "open").facts["auto_merge_by"] is None
    assert told(events, "auto_merge_disabled").facts["reason"] == "new commits"


def test_base_draft_and_head(world: World) -> None:
    branches.add_branch(world.state, REPO, "release", "dave", after(minutes=5))
    n = world.pull(1)
    head = world.state.repositories[REPO].pull_requests[n].head
    branches.turn_draft(world.state, REPO, n, "ada", after(hours=2), draft=True)
    branches.turn_draft(world.state, REPO, n, "ada", after(hours=3), draft=False)
    branches.retarget(world.state, REPO, n, "mallory", "release", after(hours=4))
    oid = world.state.push(REPO, n, "eve", "Again", ["x"], after(hours=5), force=True)
    events = world.events()
    assert told(events, "convert_to_draft").occurred_at == after(hours=2)
    assert told(events, "ready_for_review").occurred_at == after(hours=3)
    moved = told(events, "base_changed")
    assert (name(moved), moved.facts["before"], moved.facts["after"]) == ("mallory", "main", "release")
    pushed = told(events, "force_push")
    assert (pushed.type, name(pushed), pushed.facts["before"], pushed.facts["after"]) == ("head-push", "eve", head, oid)
    assert pushed.keys.pull_request == n


def test_landed_by_a_push(world: World) -> None:
    n = world.pull(2)
    branches.push_merged(world.state, REPO, n, "mallory", after(hours=2))
    merged = told(world.events(), "merged")
    assert (merged.facts["merge_method"], name(merged)) == ("push", "mallory")


def test_more_labels_than_a_page_holds(world: World) -> None:
    n = world.pull()
    world.state.label(REPO, n, [f"label {i}" for i in range(130)], after(hours=2))
    assert len(told(world.events(), "open").facts["labels"]) == 130


def test_a_server_without_a_merge_queue_is_asked_without_it_and_that_is_remembered(world: World) -> None:
    world.state.enterprise = "3.11.0"
    world.state.lacking = frozenset({"isInMergeQueue", "ADDED_TO_MERGE_QUEUE_EVENT", "REMOVED_FROM_MERGE_QUEUE_EVENT"})
    n = world.pull(2)
    world.state.merge(REPO, n, "carol", after(hours=2))
    assert told(world.events(), "merged").facts["merge_method"] == "merge"
    assert set(world.memory["lacking"]) == world.state.lacking
    assert "REMOVED_FROM_MERGE_QUEUE_EVENT" in world.memory["server"]["left out"]
    world.state.asked.clear()
    run_pass(world.source(), "pull-requests", world.memory, LATER)
    assert world.state.asked == ["POST /graphql PullRequests"], "another process need not find it out again"
    world.state.asked.clear()
    world.state.lacking = frozenset()
    run_pass(world.source(), "pull-requests", world.memory, LATER, everything=True)
    assert world.state.asked == ["POST /graphql PullRequests"]
    assert "lacking" not in world.memory, "servers are upgraded: once a day it is found out anew"


def test_another_repository_under_the_old_name_is_not_mixed_in(world: World) -> None:
    world.pull()
    world.events(repositories=(REPO,))
    world.state.rename(REPO, "bank/infrastructure")
    world.state.renamed.clear()
    world.state.add_repository(REPO, after(hours=1))
    world.state.repositories[REPO].git.seed = "another"
    world.state.add_pull_request(REPO, "Not ours", "eve", after(hours=5), "x", commits=[(None, "eve", "m", ["a"])])
    world.state.add_pull_request("bank/infrastructure", "Ours", "ada", after(hours=5), "x", commits=[(None, "ada", "m", ["a"])])
    events = world.events(repositories=(REPO,))
    assert {event.keys.repository for event in events} == {"bank/infrastructure"}
    assert {event.facts["title"] for event in events if event.type == "pull-request"} == {"Ours"}


def test_errors_of_single_fields_make_the_whole_page_unknown(world: World) -> None:
    world.pull()
    data: dict[str, Any] = {"repository": {"id": "R", "pullRequests": {"nodes": [], "pageInfo": {"hasNextPage": False}}}}
    partial = {"data": data, "errors": [{"path": ["repository", "pullRequests", "nodes", 0], "message": "x"}]}
    world.state.fail_next(1, 200, json.dumps(partial).encode())
    _, error = run_until_error(world.source(), "pull-requests", world.memory, LATER)
    assert isinstance(error, NotUnderstood)
    assert told(world.events(), "open")
