"""The stream of pushes: direct ones found by two witnesses, nothing told twice, what is not known said to be unknown."""

from datetime import timedelta
from typing import Any

import pytest
from app.demo.fakes import github_branches as branches
from app.demo.fakes.github_branch_routes import since
from app.demo.fakes.github_things import Protection
from app.domain.actor import ActorKind
from app.domain.event import Event, How
from app.errors import NotUnderstood, ServerFailed, SourceError, Throttled, TooLarge, Unauthorized
from app.sources.github.client import next_after

from tests.sources.github.conftest import LATER, REPO, TOKEN, World, after
from tests.sources.harness import events_of, observations_of, remember, run_pass, run_until_error


def pushes(world: World, *, at: Any = LATER, **settings: Any) -> list[Event]:
    return events_of(run_pass(world.source(**settings), "pushes", world.memory, at))


def of(events: list[Event], *statuses: str, direct: Any = ...) -> list[Event]:
    found = [event for event in events if event.type == "push" and (not statuses or event.status in statuses)]
    return [event for event in found if direct is ... or event.facts["direct"] is direct]


def heads(events: list[Event]) -> list[Event]:
    return [event for event in events if event.type == "head-push"]


def tip(world: World) -> str:
    return world.state.repositories[REPO].tip


def test_a_direct_push_has_its_pusher_and_its_commit(world: World) -> None:
    before = tip(world)
    oid = world.state.direct_push(REPO, "dave", after(hours=1), ["a.tf"], "Open the port\n\nnow", by="erin")
    (push,) = of(pushes(world), direct=True)
    assert (push.status, push.how, push.known, push.occurred_at) == ("push", How.OBSERVED, True, after(hours=1))
    assert push.actor
    assert (push.actor.name, push.actor.kind) == ("erin", ActorKind.HUMAN), "who pushed, not who wrote the commit"
    facts = push.facts
    assert (facts["ref"], facts["before"], facts["after"]) == ("refs/heads/main", before, oid)
    assert (facts["commits"], facts["unproposed"], facts["undone"], facts["pulls"]) == ([oid], [oid], [], [])
    assert (facts["title"], [who["login"] for who in facts["authors"]]) == ("Open the port", ["dave"])
    assert "no pull request merged into main brought 1 of its 1" in facts["because"]
    assert (push.keys.repository, push.keys.commits) == (REPO, (oid,))


@pytest.mark.parametrize("method", ["merge", "squash", "rebase"])
def test_a_merge_is_no_direct_push(world: World, method: str) -> None:
    n = world.pull(3)
    before = tip(world)
    landed = world.state.merge(REPO, n, "carol", after(hours=2), method)
    (push,) = of(pushes(world), "pr_merge")
    assert (push.facts["direct"], push.facts["pulls"], push.facts["unproposed"]) == (False, [n], [])
    assert (push.facts["before"], push.facts["after"]) == (before, landed)
    assert len(push.facts["commits"]) == (3 if method == "rebase" else 1)
    assert push.actor
    assert push.actor.name == "carol"


def test_the_queue_lands_several_at_once(world: World) -> None:
    numbers = [world.pull(2), world.pull(1)]
    for n in numbers:
        branches.enqueue(world.state, REPO, n, "carol", after(hours=2))
    landed = branches.merge_queue(world.state, REPO, numbers, after(hours=3))
    (push,) = of(pushes(world), "merge_queue_merge")
    assert (push.facts["direct"], push.facts["pulls"]) == (False, numbers)
    assert set(landed) <= set(push.facts["commits"])
    assert push.actor
    assert push.actor.kind is ActorKind.BOT


@pytest.mark.parametrize("locally", [True, False])
def test_a_push_that_marks_a_pull_request_merged_says_so(world: World, locally: bool) -> None:
    n = world.pull(2)
    oid = branches.push_merged(world.state, REPO, n, "mallory", after(hours=2), locally=locally)
    (push,) = of(pushes(world), "push")
    assert (push.facts["direct"], push.facts["pulls"], push.facts["indirect"]) == (False, [n], [n])
    assert oid in push.facts["commits"]
    assert push.actor
    assert push.actor.name == "mallory"


def test_part_of_a_push_may_be_proposed(world: World) -> None:
    """A local merge of somebody's reviewed branch, and one more commit on top."""
    n = world.pull(1)
    repository = world.state.repositories[REPO]
    before = tip(world)
    merged = branches.push_merged(world.state, REPO, n, "mallory", after(hours=2), locally=True)
    extra = world.state.direct_push(REPO, "mallory", after(hours=2), ["evil.tf"])
    first, second = [one for one in repository.activity if one.type == "push" and one.ref == "refs/heads/main"]
    assert (first.before, second.after) == (before, extra)
    direct, proposed = of(pushes(world), "push", direct=True), of(pushes(world, at=LATER), direct=False)
    assert [event.facts["unproposed"] for event in direct] == [[extra]]
    assert proposed == [], "nothing is told twice"
    assert merged not in direct[0].facts["unproposed"]


def test_a_force_push_says_what_it_undid(world: World) -> None:
    base = tip(world)
    lost = world.state.direct_push(REPO, "dave", after(hours=1), ["a.tf"])
    new = branches.force_push(world.state, REPO, "mallory", after(hours=2), base, ["b.tf"])
    (push,) = of(pushes(world), "force_push")
    assert (push.facts["direct"], push.facts["undone"], push.facts["commits"]) == (True, [lost], [new])
    assert "history of main was rewritten" in push.facts["because"]
    back = branches.force_push(world.state, REPO, "mallory", after(hours=3), base)
    (push,) = of(pushes(world), "force_push")
    assert (push.facts["after"], push.facts["commits"], push.facts["undone"]) == (back, [], [new])


def test_there_and_back_between_two_passes_is_told(world: World) -> None:
    """The tip is what it was, and something was deployed from in between."""
    pushes(world)
    base = tip(world)
    evil = world.state.direct_push(REPO, "mallory", after(hours=1), ["evil.tf"])
    branches.force_push(world.state, REPO, "mallory", after(hours=1, minutes=1), base)
    found = of(pushes(world))
    assert [(event.status, event.facts["after"]) for event in found] == [("push", evil), ("force_push", base)]


def test_without_activity_the_line_tells(world: World) -> None:
    """A GitHub Enterprise Server without the endpoint: direct pushes are found, and who pushed is unknown."""
    world.state.absent = frozenset({"/activity"})
    n = world.pull(2)
    world.state.merge(REPO, n, "carol", after(hours=2), "squash")
    first = [world.state.direct_push(REPO, "dave", after(hours=3, minutes=i), ["a"]) for i in range(2)]
    (told,) = of(pushes(world))
    assert (told.facts["commits"], told.facts["direct"], told.how) == (first, True, How.RECONSTRUCTED)
    assert told.actor
    assert (told.actor.kind, told.actor.name) == (ActorKind.UNKNOWN, "")
    assert told.facts["dated_by"] == "commit"
    assert world.memory[f"activity:{REPO}"]["because"]
    m = world.pull(1)
    world.state.merge(REPO, m, "carol", after(hours=5), "rebase")
    later = world.state.direct_push(REPO, "dave", after(hours=6), ["b"])
    world.state.asked.clear()
    (told,) = of(pushes(world, at=LATER + timedelta(minutes=1)))
    assert (told.facts["commits"], told.facts["before"]) == ([later], tip_before(world, later))
    assert not [line for line in world.state.asked if "/activity" in line], "it is tried again once a day"


def tip_before(world: World, oid: str) -> str:
    return world.state.repositories[REPO].git.commits[oid].parents[0]


def test_what_the_activity_no_longer_keeps_is_told_by_the_line(world: World) -> None:
    old = world.state.direct_push(REPO, "dave", after(hours=1), ["a"])
    for i in range(5):
        world.state.merge(REPO, world.pull(1, at=after(hours=2 + i)), "carol", after(hours=2 + i, minutes=5), "squash")
    since(world.state.repositories[REPO], after(hours=4))
    new = world.state.direct_push(REPO, "dave", after(hours=9), ["b"])
    direct = {event.facts["after"]: event for event in of(pushes(world), direct=True)}
    assert set(direct) == {old, new}
    assert direct[old].actor
    assert direct[old].actor.kind is ActorKind.UNKNOWN
    assert direct[new].actor
    assert direct[new].actor.name == "dave"


def test_a_long_history_is_walked_over_several_passes(world: World) -> None:
    world.state.absent = frozenset({"/activity"})
    world.state.page_size = 5
    direct = set()
    for i in range(130):
        if i % 10 == 3:
            direct.add(world.state.direct_push(REPO, "dave", after(hours=i), [f"{i}"]))
        else:
            world.state.merge(REPO, world.pull(1, at=after(hours=i)), "carol", after(hours=i, minutes=5), "squash")
    found: list[Event] = []
    for _ in range(3):
        found += of(pushes(world))
    assert {event.facts["after"] for event in found} == direct
    assert "back" not in world.memory[f"line:{REPO}@main"]


def test_a_gap_in_the_activity_is_walked(world: World) -> None:
    pushes(world)
    lost = world.state.direct_push(REPO, "dave", after(hours=1), ["a"])
    world.state.repositories[REPO].activity.pop()
    kept = world.state.direct_push(REPO, "dave", after(hours=2), ["b"])
    found = of(pushes(world))
    assert [event.facts["after"] for event in found] == [lost, kept]
    assert [bool(event.actor and event.actor.name) for event in found] == [False, True]


def test_a_tip_that_the_activity_does_not_tell_is_waited_for_and_then_walked(world: World) -> None:
    pushes(world)
    oid = world.state.direct_push(REPO, "dave", after(hours=1), ["a"])
    world.state.repositories[REPO].activity.pop()
    assert of(pushes(world)) == []
    assert of(pushes(world, at=LATER + timedelta(minutes=1))) == []
    (found,) = of(pushes(world, at=LATER + timedelta(minutes=6)))
    assert found.facts["after"] == oid


def test_history_that_was_rewritten_unseen_is_a_force_push(world: World) -> None:
    world.state.absent = frozenset({"/activity"})
    base = tip(world)
    lost = world.state.direct_push(REPO, "dave", after(hours=1), ["a"])
    pushes(world)
    new = branches.force_push(world.state, REPO, "mallory", after(hours=2), base, ["b"])
    (found,) = of(pushes(world))
    assert (found.status, found.facts["undone"], found.facts["commits"]) == ("force_push", [lost], [new])
    assert found.how is How.RECONSTRUCTED


def test_what_github_no_longer_knows_is_a_gap_of_unknown_content(world: World) -> None:
    world.state.absent = frozenset({"/activity"})
    pushes(world)
    repository = world.state.repositories[REPO]
    world.memory[f"line:{REPO}@main"]["at"] = "e" * 40
    (found,) = of(pushes(world))
    assert (found.how, found.facts["direct"], found.facts["after"]) == (How.INFERRED, None, repository.tip)
    assert "is not known" in found.facts["because"]
    assert of(pushes(world)) == []


def test_protected_branches_are_watched_too_and_others_are_not(world: World) -> None:
    for name in ("release/1", "scratch"):
        branches.add_branch(world.state, REPO, name, "dave", after(minutes=10))
    branches.protect(world.state, REPO, "release/1", Protection(approvals=1))
    hit = world.state.direct_push(REPO, "dave", after(hours=1), ["a"], branch="release/1")
    world.state.direct_push(REPO, "dave", after(hours=1), ["a"], branch="scratch")
    found = of(pushes(world))
    assert [event.facts["after"] for event in found if event.facts["direct"]] == [hit]
    assert {event.facts["ref"] for event in found} == {"refs/heads/main", "refs/heads/release/1"}
    assert {event.status for event in found} == {"branch_creation", "push"}
    made = [event for event in found if event.status == "branch_creation"]
    assert all(event.facts["direct"] is None and event.facts["because"] for event in made)
    branches.delete_branch(world.state, REPO, "release/1", "dave", after(hours=2))
    assert [event.status for event in of(pushes(world))] == ["branch_deletion"]
    branches.add_branch(world.state, REPO, "release/1", "dave", after(hours=3))
    assert [event.status for event in of(pushes(world))] == ["branch_creation"]


def test_a_merge_into_another_branch_does_not_bring_it_here(world: World) -> None:
    branches.add_branch(world.state, REPO, "dev", "dave", after(minutes=10))
    n = world.state.add_pull_request(
        REPO, "T", "ada", after(hours=1), "t", commits=[(None, "ada", "m", ["a"])], base="dev"
    )  # fmt: skip
    oid = world.state.merge(REPO, n, "carol", after(hours=2), "squash")
    repository = world.state.repositories[REPO]
    before, repository.git.branches["main"] = repository.tip, oid
    world.state.record(repository, "push", "main", before, oid, after(hours=3), "mallory")
    (found,) = of(pushes(world), direct=True)
    assert found.facts["unproposed"] == [oid]


def test_nothing_happened_costs_a_request_for_each_branch(world: World) -> None:
    branches.add_branch(world.state, REPO, "release", "dave", after(minutes=10))
    branches.protect(world.state, REPO, "release", Protection())
    world.state.direct_push(REPO, "dave", after(hours=1), ["a"])
    pushes(world)
    pushes(world, at=LATER + timedelta(minutes=20))
    world.state.asked.clear()
    assert pushes(world, at=LATER + timedelta(minutes=21)) == []
    assert world.state.asked == ["POST /graphql Tips", *[f"GET /repos/{REPO}/activity"] * 3]


def test_every_page_is_read_resumed_after_any_and_nothing_told_twice(world: World) -> None:
    expected = [world.state.direct_push(REPO, "dave", after(hours=i), [f"{i}"]) for i in range(1, 13)]
    world.state.page_size = 5
    whole: dict[str, Any] = {}
    told = [event.id for event in events_of(run_pass(world.source(), "pushes", whole, LATER))]
    count = len(run_pass(world.source(), "pushes", {}, LATER))
    for stop in range(1, count):
        memory: dict[str, Any] = {}
        events = events_of(run_pass(world.source(), "pushes", memory, LATER, pages=stop))
        events += events_of(run_pass(world.source(), "pushes", memory, LATER))
        ids = [event.id for event in events]
        assert sorted(set(ids)) == sorted(told)
        assert len(ids) == len(set(ids)), f"told twice after {stop} pages"
        assert [event.facts["after"] for event in of(events, direct=True)] == expected
    assert events_of(run_pass(world.source(), "pushes", whole, LATER + timedelta(hours=1))) == []


def test_the_ids_do_not_depend_on_when_it_is_read(world: World) -> None:
    world.state.direct_push(REPO, "dave", after(hours=1), ["a"])
    one = pushes(world)
    world.memory.clear()
    other = pushes(world, at=LATER + timedelta(days=3))
    assert [event.id for event in one] == [event.id for event in other]


def test_a_pull_request_that_turns_up_late_corrects(world: World) -> None:
    """GitHub associates a commit with its pull request a little after the push."""
    n = world.pull(1)
    oid = branches.push_merged(world.state, REPO, n, "mallory", after(hours=2))
    repository = world.state.repositories[REPO]
    numbers = repository.landed.pop(oid)
    (found,) = of(pushes(world, at=after(hours=2, minutes=1)), "push")
    assert found.facts["direct"] is True
    repository.landed[oid] = numbers
    assert of(pushes(world, at=after(hours=2, minutes=5))) == []
    (corrected,) = of(pushes(world, at=after(hours=2, minutes=12)))
    assert (corrected.facts["direct"], corrected.facts["pulls"]) == (False, [n])
    assert corrected.id != found.id
    assert corrected.ref.id == found.ref.id
    assert of(pushes(world, at=after(hours=2, minutes=30))) == []


def test_a_huge_push_is_told_in_parts(world: World) -> None:
    repository = world.state.repositories[REPO]
    before = oid = tip(world)
    for i in range(450):
        oid = repository.git.add((oid,), world.state.person("dave"), f"c{i}", [f"{i}"], after(hours=1, seconds=i))
    repository.git.branches["main"] = oid
    world.state.record(repository, "push", "main", before, oid, after(hours=2), "dave")
    parts = of(pushes(world), "push")
    told = [(event.facts["part"], event.facts["parts"], len(event.facts["commits"])) for event in parts]
    assert told == [(1, 2, 400), (2, 2, 50)]
    assert len({event.id for event in parts}) == 2


def test_who_pushed_the_head_of_a_pull_request(world: World) -> None:
    n = world.pull(1)
    oid = world.state.push(REPO, n, "eve", "Sneak", ["x"], after(hours=2))
    first, second = heads(pushes(world))
    assert [(event.status, event.keys.pull_request) for event in (first, second)] == [("push", n), ("push", n)]
    assert first.actor
    assert second.actor
    assert (first.actor.name, second.actor.name) == ("ada", "eve")
    assert (second.facts["after"], second.occurred_at) == (oid, after(hours=2))
    forced = world.state.push(REPO, n, "eve", "Again", ["x"], after(hours=3), force=True)
    (third,) = heads(pushes(world))
    assert (third.status, third.facts["after"]) == ("force_push", forced)


def test_a_branch_that_is_pushed_before_its_pull_request_is_placed_later(world: World) -> None:
    repository = world.state.repositories[REPO]
    oid = repository.git.add((tip(world),), world.state.person("ada"), "m", ["a"], after(hours=1))
    repository.git.branches["early"] = oid
    world.state.record(repository, "branch_creation", "early", "0" * 40, oid, after(hours=1), "ada")
    assert heads(pushes(world, at=after(hours=1, minutes=1))) == []
    n = world.state.add_pull_request(REPO, "T", "ada", after(hours=2), "early")
    pull = repository.pull_requests[n]
    pull.head, pull.commits = oid, [oid]
    repository.landed[oid] = {n}
    assert heads(pushes(world, at=after(hours=1, minutes=2))) == [], "not asked at each pass"
    (found,) = heads(pushes(world, at=after(hours=2, minutes=10)))
    assert (found.keys.pull_request, found.facts["before"]) == (n, None)
    assert f"unplaced:{REPO}" not in world.memory or world.memory[f"unplaced:{REPO}"] == {}


def test_the_head_of_a_fork_is_not_ours_to_know(world: World) -> None:
    n = world.state.add_pull_request(
        REPO, "T", "stranger", after(hours=1), "main", commits=[(None, "stranger", "m", ["a"])], fork="stranger/infra"
    )
    assert heads(pushes(world)) == []
    world.state.merge(REPO, n, "carol", after(hours=2), "merge")
    assert of(pushes(world), direct=True) == []


def test_a_kind_that_is_new_to_us_is_kept_and_counted(world: World) -> None:
    repository = world.state.repositories[REPO]
    oid = world.state.direct_push(REPO, "dave", after(hours=1), ["a"])
    last = repository.activity.pop()
    world.state.record(repository, "sync_fork", "main", last.before, oid, last.at, "dave")
    found = of(pushes(world), "sync_fork")
    assert [(event.known, event.facts["direct"]) for event in found] == [(False, None)]


def test_a_renamed_repository_is_asked_under_its_new_name(world: World) -> None:
    world.state.rename(REPO, "bank/infrastructure")
    world.state.direct_push("bank/infrastructure", "dave", after(hours=1), ["a"])
    (found,) = of(pushes(world, repositories=(REPO,)), direct=True)
    assert found.keys.repository == "bank/infrastructure"


def test_another_repository_under_the_old_name_is_not_mixed_in(world: World) -> None:
    pushes(world, repositories=(REPO,))
    world.state.rename(REPO, "bank/infrastructure")
    world.state.renamed.clear()
    world.state.add_repository(REPO, after(hours=1))
    world.state.repositories[REPO].git.seed = "another"
    world.state.direct_push(REPO, "stranger", after(hours=2), ["z"])
    ours = world.state.direct_push("bank/infrastructure", "dave", after(hours=2), ["a"])
    found = of(pushes(world, repositories=(REPO,)), direct=True)
    assert [(event.facts["after"], event.keys.repository) for event in found] == [(ours, "bank/infrastructure")]
    world.state.repositories.pop("bank/infrastructure")
    _, error = run_until_error(world.source(repositories=(REPO,)), "pushes", world.memory, LATER)
    assert "is the name of another repository now" in str(error)


FAULTS: list[tuple[int, bytes, type[SourceError]]] = [
    (401, b"{}", Unauthorized), (429, b"{}", Throttled), (500, b"", ServerFailed), (200, b"<html>no</html>", NotUnderstood),
    (200, b'[{"id": 1', NotUnderstood), (200, b'{"message": "odd"}', NotUnderstood), (200, b"[7]", NotUnderstood),
    (200, b"[" + b" " * 3_000_000 + b"]", TooLarge),
]  # fmt: skip


@pytest.mark.parametrize(("status", "body", "kind"), FAULTS)
def test_a_failure_has_its_name_and_loses_nothing(world: World, status: int, body: bytes, kind: type[SourceError]) -> None:
    oid = world.state.direct_push(REPO, "dave", after(hours=1), ["a"])
    world.state.fail_next(8, status, body, path="/activity")
    pages, error = run_until_error(world.source(max_bytes=2_000_000), "pushes", world.memory, LATER)
    assert isinstance(error, kind)
    assert of(events_of(pages)) == []
    world.state.planned.clear()
    assert [event.facts["after"] for event in of(pushes(world), direct=True)] == [oid]


@pytest.mark.parametrize("entry", [
    b'{}', b'{"id": "x"}',
    b'{"id": 1, "ref": 7, "timestamp": []}', b'{"id": 1, "ref": "refs/heads/main", "timestamp": "yesterday"}',
    b'{"id": 1, "ref": "refs/tags/v1", "timestamp": "2025-03-03T09:00:00Z"}', b'{"id": null, "ref": "refs/heads/main"}',
    b'{"id": 9, "ref": "refs/heads/main", "timestamp": "2025-03-03T09:00:00Z", "before": "x", "after": "<b>", "actor": 3}',
])  # fmt: skip
def test_an_odd_entry_is_passed_over_and_the_rest_is_told(world: World, entry: bytes) -> None:
    world.state.fail_next(1, 200, b"[" + entry + b"]", path="/activity")
    found = of(pushes(world))
    assert all(event.facts["direct"] is None for event in found)


def test_a_cursor_that_is_no_longer_good_is_forgotten_and_nothing_is_told_wrongly(world: World) -> None:
    shas = [world.state.direct_push(REPO, "dave", after(hours=i), [f"{i}"]) for i in range(1, 9)]
    world.state.page_size = 3
    told = {event.id for event in pushes(world)}
    world.memory[f"line:{REPO}@main"]["place"] = {"after": "gone", "seen": []}
    _, error = run_until_error(world.source(), "pushes", world.memory, LATER)
    assert isinstance(error, NotUnderstood)
    again = pushes(world)
    assert {event.id for event in of(again)} <= told, "the same once more, and no force push that never was"
    new = world.state.direct_push(REPO, "dave", after(hours=20), ["z"])
    assert [event.facts["after"] for event in of(pushes(world), direct=True)] == [new]
    assert new not in shas


def test_secrets_are_in_no_observation_and_no_event(world: World) -> None:
    world.state.direct_push(REPO, "dave", after(hours=1), ["a"], f"Use {TOKEN}\n\nhttps://x:hunter2@host/r")
    pages = run_pass(world.source(), "pushes", world.memory, LATER)
    kept = b"".join(o.body for o in observations_of(pages)) + repr(events_of(pages)).encode() + repr(world.memory).encode()
    assert observations_of(pages)
    assert TOKEN.encode() not in kept
    assert b"hunter2" not in kept


def test_memory_can_be_kept_as_json(world: World) -> None:
    world.state.direct_push(REPO, "dave", LATER, ["a"])
    memory: dict[str, Any] = {}
    for page in run_pass(world.source(), "pushes", {}, LATER):
        remember(memory, page)
    assert memory[f"line:{REPO}@main"]["again"]


@pytest.mark.parametrize(("link", "expected"), [
    ("", None), ("nonsense", None), ('<https://h/x?after=Y%3D%3D&per_page=100>; rel="next"', "Y=="),
    ('<https://h/x?before=A>; rel="prev", <https://h/x?after=B>; rel="next"', "B"), ('<https://h/x>; rel="next"', None),
    ('<https://h/x?after=B>; rel="first"', None),
])  # fmt: skip
def test_the_next_page_is_what_link_names(link: str, expected: str | None) -> None:
    assert next_after(link) == expected
