"""What lies between two commits: every way of merging, paths, rollbacks, long ranges, and wants without an answer."""

from datetime import timedelta
from itertools import pairwise

import pytest
from app.canonical import canonical_json
from app.domain.event import Event
from app.errors import NotUnderstood, Throttled
from app.sources.contract import Want

from tests.sources.github.conftest import LATER, REPO, World, after
from tests.sources.harness import events_of, observations_of, run_pass, run_until_error

NOWHERE = "0" * 40


def ranges_of(events: list[Event]) -> list[Event]:
    return [event for event in events if event.type == "range"]


def pulls_of(events: list[Event]) -> dict[str, list[int]]:
    return {e.facts["sha"]: [p["number"] for p in e.facts["pulls"]] for e in events if e.type == "commit-pulls"}


@pytest.mark.parametrize(("method", "landed"), [("merge", 4), ("squash", 1), ("rebase", 3)])
def test_a_range_over_one_pull_request(world: World, method: str, landed: int) -> None:
    base = world.state.repositories[REPO].tip
    n = world.pull(3)
    head = world.state.merge(REPO, n, "carol", after(hours=2), method)
    events = world.answers(Want(REPO, head, base, "apps/pay"))
    (found,) = ranges_of(events)
    assert found.status == found.facts["status"] == "ahead"
    assert found.ref.id == f"{base}..{head}"
    assert len(found.facts["commits"]) == landed
    assert found.facts["complete"] is True
    touching = found.facts["paths"]["apps/pay"]
    assert len(touching) == (3 if method == "merge" else landed)
    associated = pulls_of(events)
    assert set(associated) == {head, *touching}
    assert all(numbers == [n] for numbers in associated.values())
    pull = next(e for e in events if e.type == "commit-pulls").facts["pulls"][0]
    assert (pull["merged"], pull["base"], pull["merge_commit"], pull["repository"]) == (True, "main", head, REPO)


def test_only_what_touches_the_path(world: World) -> None:
    base = world.state.repositories[REPO].tip
    other = world.pull(2, at=after(hours=1), path="apps/payments")
    mine = world.pull(2, at=after(hours=2), path="apps/pay")
    world.state.merge(REPO, other, "carol", after(hours=3), "squash")
    head = world.state.merge(REPO, mine, "carol", after(hours=4), "squash")
    direct = world.state.direct_push(REPO, "dave", after(hours=5), ["apps/pay/hot.tf"])
    (found,) = ranges_of(events := world.answers(Want(REPO, direct, base, "./apps/pay/")))
    assert found.facts["paths"] == {"./apps/pay/": [head, direct]}
    assert len(found.facts["commits"]) == 3
    assert pulls_of(events) == {head: [mine], direct: []}
    (whole,) = ranges_of(world.answers(Want(REPO, direct, base)))
    assert whole.facts["paths"] == {"": whole.facts["commits"]}


def test_commits_older_than_the_range_begins_are_found(world: World) -> None:
    """A branch that was written long before it was merged: a walk that stops at the base's date would lose it."""
    n = world.pull(2, at=after(hours=1))
    base = ""
    for i in range(250):
        base = world.state.direct_push(REPO, "dave", after(days=1, minutes=i), [f"apps/pay/{i}.tf"])
    head = world.state.merge(REPO, n, "carol", after(days=3))
    (found,) = ranges_of(world.answers(Want(REPO, head, base, "apps/pay")))
    assert found.facts["paths"]["apps/pay"] == world.state.repositories[REPO].pull_requests[n].commits
    assert len([line for line in world.state.asked if line.endswith("/commits")]) == 3


def test_the_walk_along_a_path_ends_with_the_range(world: World) -> None:
    for i in range(350):
        base = world.state.direct_push(REPO, "dave", after(minutes=i), [f"apps/pay/{i}.tf"])
    head = world.state.direct_push(REPO, "dave", after(days=2), ["apps/other/x.tf"])
    (found,) = ranges_of(world.answers(Want(REPO, head, base, "apps/pay")))
    assert found.facts["paths"] == {"apps/pay": []}
    assert len([line for line in world.state.asked if line.endswith("/commits")]) == 1


def test_a_rollback_says_what_it_undoes(world: World) -> None:
    base = world.state.repositories[REPO].tip
    n = world.pull(2)
    head = world.state.merge(REPO, n, "carol", after(hours=2), "squash")
    (found,) = ranges_of(events := world.answers(Want(REPO, base, head, "apps/pay")))
    assert (found.status, found.facts["rollback"], found.facts["commits"]) == ("behind", True, [])
    assert found.facts["undone"] == [head]
    assert found.facts["paths"] == {"apps/pay": []}
    assert found.facts["undone_paths"] == {"apps/pay": [head]}
    assert pulls_of(events)[head] == [n]


def test_diverged_and_identical(world: World) -> None:
    n = world.pull(2)
    branch = world.state.repositories[REPO].pull_requests[n].head
    tip = world.state.direct_push(REPO, "dave", after(hours=2), ["apps/pay/x.tf"])
    (diverged,) = ranges_of(world.answers(Want(REPO, tip, branch)))
    assert (diverged.status, diverged.facts["commits"]) == ("diverged", [tip])
    assert len(diverged.facts["undone"]) == 2
    (same,) = ranges_of(world.answers(Want(REPO, tip, tip)))
    assert (same.status, same.facts["commits"], same.facts["undone"]) == ("identical", [], [])


def test_a_huge_range_is_told_in_parts_that_fit_a_leaf(world: World) -> None:
    base = world.state.repositories[REPO].tip
    path = "apps/" + "long-name/" * 20
    for i in range(905):
        head = world.state.direct_push(REPO, "dave", after(minutes=i), [f"{path}{i}.tf"])
    pages = run_pass(world.source(), "ranges", {}, LATER, [want := Want(REPO, head, base, path)])
    parts = ranges_of(events_of(pages))
    assert [(e.facts["part"], e.facts["parts"]) for e in parts] == [(1, 3), (2, 3), (3, 3)]
    assert len({e.id for e in parts}) == 3
    assert {e.ref.id for e in parts} == {f"{base}..{head}"}
    told = [oid for e in parts for oid in e.facts["commits"]]
    assert len(told) == len(set(told)) == 905
    assert [oid for e in parts for oid in e.facts["paths"][path]] == told
    assert all(len(canonical_json(dict(e.facts))) < 60_000 for e in parts)
    assert len(pulls_of(events_of(pages))) == 905
    assert [page.settled for page in pages if page.settled] == [[want]]
    assert pages[-1].settled
    assert b"password" not in b"".join(o.body for o in observations_of(pages))
    assert len(observations_of(pages)) == 10


def test_many_commits_at_once_and_the_same_twice(world: World) -> None:
    shas = [world.state.direct_push(REPO, "dave", after(minutes=i), ["a"]) for i in range(95)]
    wants = [Want(REPO, oid) for oid in shas]
    source = world.source()
    pages = run_pass(source, "ranges", {}, LATER, [*wants, *wants])
    assert sorted(pulls_of(events_of(pages))) == sorted(shas)
    assert [want for page in pages for want in page.settled] == wants
    assert world.state.asked.count("POST /graphql ShaToPulls") == 3
    again = run_pass(source, "ranges", {}, LATER + timedelta(hours=1), wants)
    assert {e.id for e in events_of(again)} == {e.id for e in events_of(pages)}


def test_an_answer_that_changed_is_another_event(world: World) -> None:
    n = world.pull()
    oid = world.state.repositories[REPO].pull_requests[n].head
    (before,) = world.answers(Want(REPO, oid))
    world.state.merge(REPO, n, "carol", after(hours=2))
    (later,) = world.answers(Want(REPO, oid))
    assert before.id != later.id
    assert before.facts["pulls"][0]["merged"] is False
    assert later.facts["pulls"][0]["merged"] is True


@pytest.mark.parametrize("wrong", [NOWHERE, "main", "../../../meta", "", "é\x00" * 500, "A" * 40])
def test_a_want_without_an_answer_is_told_and_settled(world: World, wrong: str) -> None:
    tip = world.state.repositories[REPO].tip
    wants = [Want(REPO, wrong, tip), Want(REPO, tip, wrong), Want(REPO, wrong)]
    pages = run_pass(world.source(), "ranges", {}, LATER, wants)
    assert sorted((w for page in pages for w in page.settled), key=repr) == sorted(wants, key=repr)
    told = ranges_of(events_of(pages))
    assert {e.status for e in told} == {"unavailable"}
    assert len(told) >= 3
    assert all(e.facts["complete"] is False and e.facts["because"] for e in told)
    assert wrong not in pulls_of(events_of(pages))


def test_a_repository_nobody_may_see_settles_its_wants(world: World) -> None:
    wants = [Want("bank/hidden", NOWHERE, "1" * 40), Want("bank/hidden", NOWHERE)]
    pages = run_pass(world.source(repositories=("bank/hidden",)), "ranges", {}, LATER, wants)
    assert {e.status for e in events_of(pages)} == {"unavailable"}
    assert list(pages[0].settled) == wants


def test_wants_for_other_repositories_are_left_alone(world: World) -> None:
    assert run_pass(world.source(), "ranges", {}, LATER, [Want("other/one", NOWHERE)]) == []
    assert world.state.asked == []


def test_a_renamed_repository_is_asked_under_its_new_name(world: World) -> None:
    base = world.state.repositories[REPO].tip
    head = world.state.direct_push(REPO, "dave", after(hours=1), ["a"])
    world.state.rename(REPO, "bank/infrastructure")
    (found,) = ranges_of(world.answers(Want(REPO, head, base, "a"), repositories=(REPO,)))
    assert found.keys.repository == REPO
    assert found.facts["commits"] == [head]


def test_one_range_that_fails_does_not_stop_the_next(world: World) -> None:
    base = world.state.repositories[REPO].tip
    tips = [world.state.direct_push(REPO, "dave", after(hours=i + 1), ["a"]) for i in range(3)]
    wants = [Want(REPO, head, old) for old, head in pairwise([base, *tips])]
    world.state.fail_next(1, 200, b"<html>", path="/compare/")
    pages, error = run_until_error(world.source(), "ranges", {}, LATER, wants)
    assert isinstance(error, NotUnderstood)
    assert [want for page in pages for want in page.settled] == wants[1:]
    world.state.throttle(90)
    _, error = run_until_error(world.source(), "ranges", {}, LATER, wants)
    assert isinstance(error, Throttled)


def test_a_batch_too_large_for_github_is_halved(world: World) -> None:
    shas = [world.state.direct_push(REPO, "dave", after(minutes=i), ["a"]) for i in range(10)]
    gave_up = b'{"errors":[{"message":"Something went wrong while executing your query. This may be the result of a timeout"}]}'
    world.state.fail_next(2, 200, gave_up, operation="ShaToPulls")
    assert len(pulls_of(world.answers(*(Want(REPO, oid) for oid in shas)))) == 10
    assert world.state.asked.count("POST /graphql ShaToPulls") == 2 + 5


def test_a_path_beyond_ascii(world: World) -> None:
    base = world.state.repositories[REPO].tip
    head = world.state.direct_push(REPO, "dave", after(hours=1), ["anwendungen/zürich/x.tf"])
    (found,) = ranges_of(world.answers(Want(REPO, head, base, "anwendungen/zürich")))
    assert found.facts["path"] == "anwendungen/zürich"
    assert found.facts["paths"] == {"anwendungen/z%C3%BCrich": [head]}
    canonical_json(dict(found.facts))
