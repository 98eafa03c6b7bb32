"""normalise is pure and total: every surprising value becomes an event, an unknown word or NotUnderstood, never a crash."""

import copy
import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from app.demo.fakes.github_graphql import read
from app.demo.fakes.github_state import GithubState
from app.demo.fakes.github_types import schema
from app.domain.actor import ActorKind
from app.domain.event import Event, How, Step
from app.errors import NotUnderstood
from app.ledger.leaf import leaf_bytes
from app.sources.github.normalise import normalise
from app.sources.github.people import authors
from app.sources.github.query import PULL_REQUESTS
from app.sources.github.telling import Origin

from tests.sources.github.conftest import LATER, REPO, START, after

ORIGIN = Origin("github", REPO, LATER, "sha256:" + "0" * 64)
HOSTILE: list[Any] = [
    None, "", 0, -1, 2**70, 1.5, True, [], {}, [[]], [None], "\x00\ud800", "<script>alert(1)</script>", "é" * 5000, "x" * 1_000_000,
    "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00", "2025-13-45", "2025-03-03T09:00:00.123456789+05:45", {"nodes": 7},
    {"nodes": [None, 3, "x", {}]}, {"__typename": "Alien", "login": "x"}, {"oid": "not a commit"},
]  # fmt: skip


@pytest.fixture(scope="module")
def told() -> dict[str, Any]:
    """One pull request with something of everything, as the query answers it."""
    state = GithubState()
    state.add_repository(REPO, START)
    commits = [(None, "ada", f"Change {i}\n\nCo-authored-by: Bob B <bob@bank.example>", [f"a/{i}"]) for i in range(3)]
    n = state.add_pull_request(REPO, "Add the queue", "ada", after(hours=1), "queue", ["infra"], commits, "CHG0012345")
    review = state.review(REPO, n, "bob", "APPROVED", after(hours=2))
    state.close(REPO, n, "ada", after(hours=3))
    state.reopen(REPO, n, "ada", after(hours=4))
    state.push(REPO, n, "ada", "Again", ["a/9"], after(hours=5), force=True)
    state.dismiss(REPO, n, review, "carol", after(hours=5))
    state.review(REPO, n, "bob", "CHANGES_REQUESTED", after(hours=6))
    state.merge(REPO, n, "carol", after(hours=7), "squash")
    state.enable_auto_merge(REPO, n, "carol", "squash", after(hours=7))
    data = schema(state).answer(read(PULL_REQUESTS), state, {"owner": "bank", "name": "infra", "n": 1, "after": None})
    return json.loads(json.dumps(data["repository"]["pullRequests"]["nodes"][0]))


def changed(node: dict[str, Any], **values: Any) -> list[Event]:
    return list(normalise({**node, **values}, ORIGIN).events)


def test_twice_is_the_same_and_the_input_is_left_alone(told: dict[str, Any]) -> None:
    before = copy.deepcopy(told)
    assert normalise(told, ORIGIN) == normalise(told, ORIGIN)
    assert told == before
    assert normalise(told, ORIGIN).unknown == ()


def test_the_order_in_which_github_lists_does_not_matter(told: dict[str, Any]) -> None:
    mixed = copy.deepcopy(told)
    for name in ("reviews", "commits"):
        mixed[name]["nodes"].reverse()
    assert normalise(mixed, ORIGIN).events == normalise(told, ORIGIN).events


def test_ids_depend_on_the_source(told: dict[str, Any]) -> None:
    ours = {event.id for event in normalise(told, ORIGIN).events}
    theirs = {event.id for event in normalise(told, Origin("github-2", REPO, LATER)).events}
    assert not ours & theirs
    assert len(ours) == len(normalise(told, ORIGIN).events)


def test_words_that_are_new_to_us_are_kept_and_counted(told: dict[str, Any]) -> None:
    node = copy.deepcopy(told)
    node["state"] = "LIMBO"
    node["reviews"]["nodes"][1]["state"] = "ENDORSED"
    node["author"] = {"__typename": "Agent", "login": "robo"}
    found = normalise(node, ORIGIN)
    assert set(found.unknown) == {("pull-request.state", "LIMBO"), ("review.state", "ENDORSED"), ("actor.__typename", "Agent")}
    odd = {event.status: event for event in found.events if not event.known}
    assert set(odd) == {"LIMBO", "ENDORSED"}
    assert odd["LIMBO"].step is Step.NOTED
    (opened,) = [event for event in found.events if event.status == "open"]
    assert opened.actor
    assert opened.actor.kind is ActorKind.UNKNOWN
    assert "robo" in opened.actor.because


@pytest.mark.parametrize("lost", ["id", "number", "createdAt", "mergedAt"])
def test_without_a_natural_key_or_time_it_is_not_understood(told: dict[str, Any], lost: str) -> None:
    with pytest.raises(NotUnderstood):
        changed(told, **{lost: None})


def test_a_merge_by_nobody_names_nobody(told: dict[str, Any]) -> None:
    node = copy.deepcopy(told)
    node["mergedBy"] = None
    for item in node["timelineItems"]["nodes"]:
        item["actor"] = None
    (merged,) = [event for event in normalise(node, ORIGIN).events if event.status == "merged"]
    assert merged.actor
    assert (merged.actor.name, merged.actor.because) == ("", "the account was deleted")


def test_a_dismissal_the_timeline_does_not_tell(told: dict[str, Any]) -> None:
    node = copy.deepcopy(told)
    node["timelineItems"]["nodes"] = []
    (dismissed,) = [event for event in normalise(node, ORIGIN).events if event.status == "DISMISSED"]
    assert dismissed.facts["previous_state"] is None
    assert dismissed.facts["dismissed_by"]["because"] == "GitHub does not say who dismissed it"
    assert dismissed.occurred_at == after(hours=5)


def test_landed_by_a_push(told: dict[str, Any]) -> None:
    node = copy.deepcopy(told)
    node["mergeCommit"]["oid"] = node["headRefOid"]
    (merged,) = [event for event in normalise(node, ORIGIN).events if event.status == "merged"]
    assert merged.facts["merge_method"] == "push"


def test_a_head_is_never_dated_outside_the_life_of_its_pull_request(told: dict[str, Any]) -> None:
    for claimed, expected in (
        ("1999-01-01T00:00:00Z", after(hours=1)),
        ("2099-01-01T00:00:00Z", after(hours=7)),
        ("x", after(hours=1)),
    ):
        node = copy.deepcopy(told)
        node["timelineItems"]["nodes"] = []
        node["commits"]["nodes"][-1]["commit"]["committedDate"] = claimed
        (head,) = [event for event in normalise(node, ORIGIN).events if event.status == "head"]
        assert head.occurred_at == expected
        assert head.how is How.OBSERVED


def test_truncated_commits_are_said_to_be_incomplete(told: dict[str, Any]) -> None:
    node = copy.deepcopy(told)
    node["commits"]["totalCount"] = 300
    assert {e.facts["commits_complete"] for e in normalise(node, ORIGIN).events if e.type == "pull-request"} == {False}


def test_co_authors_are_read_from_trailers_only() -> None:
    message = (
        "Headline <not@a.trailer>\n\nCo-Authored-By: Bob B <bob@bank.example>\r\nco-authored-by:Eve<eve@bank.example>\n"
        "Co-authored-by: Ada <ADA@bank.example>\nCo-authored-by: broken\n text Co-authored-by: No <no@bank.example>"
    )
    commit = {
        "author": {"name": "Ada", "email": "ada@bank.example", "user": {"login": "ada"}},
        "message": message.replace("\r", ""),
    }
    assert [person["email"] for person in authors(commit)] == ["ada@bank.example", "bob@bank.example", "eve@bank.example"]
    assert authors({"author": None, "message": 3}) == []
    assert authors({"message": "co-authored-by:" + " " * 500_000 + "\n" + "co-authored-by: " * 50_000}) == []


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from _places(item, (*path, key))


def _put(node: Any, path: tuple[Any, ...], value: Any) -> Any:
    for key in path[:-1]:
        node = node[key]
    node[path[-1]] = value
    return node


def test_any_value_in_any_place_is_survived(told: dict[str, Any]) -> None:
    chance = random.Random(7)
    places = [path for path in _places(told) if path]
    survived = 0
    for path in places:
        for value in chance.sample(HOSTILE, 6):
            node = copy.deepcopy(told)
            _put(node, path, value)
            try:
                found = normalise(node, ORIGIN)
            except NotUnderstood:
                continue
            survived += 1
            for event in found.events:
                assert len(leaf_bytes(event, LATER)) < 65_536
                assert event.occurred_at.utcoffset() == datetime.now(UTC).utcoffset()
            assert all(isinstance(field, str) and isinstance(word, str) for field, word in found.unknown)
    assert survived > len(places)


def test_many_labels_and_co_authors_still_fit_a_leaf(told: dict[str, Any]) -> None:
    node = copy.deepcopy(told)
    node["labels"] = {"nodes": [{"name": "é" * 500} for _ in range(100)]}
    trailers = "\n".join(f"Co-authored-by: {'n' * 180} <p{i}@bank.example>" for i in range(2000))
    node["commits"]["nodes"][0]["commit"]["message"] = f"Much\n\n{trailers}"
    events = normalise(node, ORIGIN).events
    assert max(len(leaf_bytes(event, LATER)) for event in events) < 65_536
    assert any(event.facts.get("authors_total", 0) > 2000 for event in events)
