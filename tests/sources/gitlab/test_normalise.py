"""normalise is pure and total: every surprising value becomes an event, an unknown word or NotUnderstood, never a crash."""

import copy
import json
import random
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from app.demo.fakes.gitlab import gitlab_app
from app.demo.fakes.gitlab_merge import merge
from app.demo.fakes.gitlab_state import GitlabState
from app.domain.actor import ActorKind
from app.domain.event import Event, Step
from app.errors import NotUnderstood
from app.ledger.leaf import leaf_bytes
from app.sources.gitlab.normalise import normalise
from app.sources.gitlab.people import authors, declared
from app.sources.gitlab.telling import Origin
from app.sources.gitlab.wire import Commit, Project, User, read

from tests.sources.gitlab.conftest import LATER, REPO, START, TOKEN, World, after, of
from tests.sources.harness import observations_of, served

ORIGIN = Origin("gitlab", REPO, LATER, "sha256:" + "0" * 64)
HOSTILE: list[Any] = [
    None, "", 0, -1, 2**70, 1.5, True, [], {}, [[]], [None], "\x00\ud800", "<script>alert(1)</script>", "é" * 5000, "x" * 1_000_000,
    "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00", "2025-13-45", "2025-03-03T09:00:00.123456789+05:45",
    [None, 3, "x", {}], {"id": "x", "username": 7}, {"id": 2**60, "username": "\u202etxt"},
    [{"id": 1, "body": "approved this merge request"}],
]  # fmt: skip


@pytest.fixture(scope="module")
def kept() -> dict[str, Any]:
    """What is kept of one merge request with something of everything."""
    state = GitlabState(token=TOKEN)
    state.add_project(REPO, START).approvals["reset_approvals_on_push"] = True
    commits = [(None, "ada", f"Change {i}\n\nCo-authored-by: Bob B <bob@bank.example>", [f"a/{i}"]) for i in range(3)]
    n = state.open(REPO, "Add the queue", "ada", after(hours=1), "queue", ["infra"], commits, "This reverts merge request !3")
    state.approve(REPO, n, "bob", after(hours=2))
    state.close(REPO, n, "ada", after(hours=3))
    state.reopen(REPO, n, "ada", after(hours=4))
    state.push(REPO, n, "ada", "Again", ["a/9"], after(hours=5), force=True)
    state.request_changes(REPO, n, "eve", after(hours=6))
    state.approve(REPO, n, "bob", after(hours=6))
    state.pipeline(REPO, n, "success", after(hours=6), after(hours=6, minutes=3))
    state.external_check(REPO, n, "scan", "passed")
    state.auto_merge(REPO, n, "carol", after(hours=7))
    merge(state, REPO, n, "carol", after(hours=8), squash=True)
    with ExitStack() as opened:
        world = World(state, opened.enter_context(served(gitlab_app(state))), opened)
        (seen,) = observations_of(world.pages())
    return dict(json.loads(seen.body))


def changed(kept: dict[str, Any], **values: Any) -> list[Event]:
    return list(normalise({**kept, "merge_request": {**kept["merge_request"], **values}}, ORIGIN).events)


def test_the_observation_is_all_that_the_events_follow_from(kept: dict[str, Any]) -> None:
    before = copy.deepcopy(kept)
    told = normalise(kept, ORIGIN)
    assert told == normalise(kept, ORIGIN)
    assert kept == before
    assert told.unknown == ()
    assert {event.type for event in told.events} == {"pull-request", "head-push", "review", "commit", "check"}
    assert of(list(told.events), "pull-request", "open")[0].facts["reverts"] == [f"{REPO}#3"]


def test_the_order_in_which_gitlab_lists_does_not_matter(kept: dict[str, Any]) -> None:
    mixed = copy.deepcopy(kept)
    for name in ("commits", "versions", "notes", "state_events", "status_checks"):
        mixed[name].reverse()
    assert normalise(mixed, ORIGIN).events == normalise(kept, ORIGIN).events


def test_ids_depend_on_the_source(kept: dict[str, Any]) -> None:
    ours = {event.id for event in normalise(kept, ORIGIN).events}
    assert not ours & {event.id for event in normalise(kept, Origin("gitlab-2", REPO, LATER)).events}
    assert len(ours) == len(normalise(kept, ORIGIN).events)


def test_words_that_are_new_to_us_are_kept_and_counted(kept: dict[str, Any]) -> None:
    odd = copy.deepcopy(kept)
    odd["merge_request"]["state"] = "limbo"
    odd["merge_request"]["head_pipeline"]["status"] = "dreaming"
    odd["state_events"][0]["state"] = "frozen"
    odd["status_checks"][0]["status"] = "sleeping"
    found = normalise(odd, ORIGIN)
    assert set(found.unknown) == {
        ("merge-request.state", "limbo"),
        ("pipeline.status", "dreaming"),
        ("state-event.state", "frozen"),
        ("status-check.status", "sleeping"),
    }
    assert {event.status for event in found.events if not event.known} == {"limbo", "dreaming", "sleeping"}
    (limbo,) = of(list(found.events), "pull-request", "limbo")
    assert limbo.step is Step.NOTED


@pytest.mark.parametrize("lost", ["id", "iid", "created_at"])
def test_without_a_natural_key_or_time_it_is_not_understood(kept: dict[str, Any], lost: str) -> None:
    with pytest.raises(NotUnderstood):
        changed(kept, **{lost: None})


def test_a_time_of_merging_may_stand_in_the_state_events_alone(kept: dict[str, Any]) -> None:
    (merged,) = of(changed(kept, merged_at=None, merge_user=None), "pull-request", "merged")
    assert (merged.occurred_at, merged.actor and merged.actor.name) == (after(hours=8), "carol")
    bare = {**kept, "state_events": None, "merge_request": {**kept["merge_request"], "merged_at": None}}
    with pytest.raises(NotUnderstood):
        normalise(bare, ORIGIN)


def test_before_14_7_the_merger_stands_elsewhere(kept: dict[str, Any]) -> None:
    (merged,) = of(changed(kept, merge_user=None, merged_by={"id": 5, "username": "old-hand"}), "pull-request", "merged")
    assert merged.actor
    assert merged.actor.name == "old-hand"


def test_a_fork_is_not_named_after_the_target(kept: dict[str, Any]) -> None:
    (opened,) = of(changed(kept, source_project_id=77), "pull-request", "open")
    assert (opened.facts["cross_repository"], opened.facts["head_repository"]) == (True, None)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from places(item, (*path, key))


def put(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    out = copy.copy(value)
    out[path[0]] = put(out[path[0]], path[1:], new)
    return out


def test_any_value_anywhere_is_survived(kept: dict[str, Any]) -> None:
    spots = [path for path in places(kept) if path]
    chosen = random.Random(7)
    for spot in spots:
        for value in chosen.sample(HOSTILE, 6):
            try:
                found = normalise(put(kept, spot, value), ORIGIN)
            except NotUnderstood:
                continue
            for event in found.events:
                assert len(leaf_bytes(event, LATER)) < 64 * 1024, spot


def test_every_hostile_value_in_the_places_that_matter(kept: dict[str, Any]) -> None:
    spots = [("merge_request", key) for key in kept["merge_request"]]
    spots += [(name, 0, key) for name in ("commits", "versions", "notes", "state_events") for key in kept[name][0]]
    spots += [("approvals", "approved_by"), ("approvals", "approved_by", 0), ("project", "merge_method"), ("pushers",), ("forced",)]
    for spot in spots:
        for value in HOSTILE:
            try:
                found = normalise(put(kept, spot, value), ORIGIN)
            except NotUnderstood:
                continue
            for event in found.events:
                leaf_bytes(event, LATER)


# people


@pytest.mark.parametrize(
    ("email", "login"),
    [
        ("1234-ada@users.noreply.gitlab.bank.example", "ada"),
        ("1234-ada.ng_2@users.noreply.gitlab.com", "ada.ng_2"),
        ("ada@users.noreply.gitlab.com", None),
        ("ada@bank.example", None),
        ("", None),
    ],
)
def test_a_private_commit_address_tells_the_account(email: str, login: str | None) -> None:
    assert declared("Ada", email)["login"] == login


def test_co_authors_once_each() -> None:
    message = "Change\n\nCo-authored-by: Bob <bob@x>\nco-authored-by: Bob B <BOB@x>\nCo-Authored-By: Ada <ada@x>"
    people = authors(Commit(message=message, author_name="Ada", author_email="ada@x"))
    assert [who["email"] for who in people] == ["ada@x", "bob@x"]


def test_one_wrong_field_costs_that_field() -> None:
    assert read(User, {"id": "7", "username": "ada"}) == User(username="ada")
    assert read(Project, {"id": 3, "path_with_namespace": None, "merge_method": "ff"}).merge_method == "ff"
    assert read(User, "text") == User()
    assert ActorKind.HUMAN
