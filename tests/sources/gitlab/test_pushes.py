"""What moved the watched branches: merges, direct pushes, rewritten history, and what no event tells of."""

from datetime import timedelta

import pytest
from app.demo.fakes.gitlab_merge import merged_by_push
from app.demo.fakes.gitlab_things import protection
from app.domain.actor import ActorKind
from app.domain.change import Push
from app.domain.event import Entry, Event, How, entity_of
from app.errors import Missing, NotUnderstood
from app.linking.fold import fold

from tests.sources.gitlab.conftest import LATER, REPO, World, after, of
from tests.sources.harness import events_of, run_until_error

SOON = timedelta(minutes=1)


@pytest.fixture
def seen(world: World) -> World:
    """A world that was looked at once."""
    world.events("pushes", at=after(minutes=1))
    return world


def entity(event: Event) -> Push:
    key = entity_of(event)
    assert key
    found = fold(key, [Entry(0, event, event.observed_at)])
    assert isinstance(found, Push)
    return found


@pytest.mark.parametrize(("method", "how"), [
    ("merge", {}), ("merge", {"squash": True}), ("rebase_merge", {}), ("ff", {}), ("ff", {"squash": True}), ("ff", {"train": True}),
])  # fmt: skip
def test_a_merge_is_no_direct_push_by_any_method(seen: World, method: str, how: dict[str, bool]) -> None:
    seen.state.projects[REPO].settings["merge_method"] = method
    other = seen.request(at=after(minutes=30), path="b")
    n = seen.request(3)
    seen.merge(other, after(hours=1, minutes=30))
    tip = seen.merge(n, after(hours=2), **how)
    told = of(seen.events("pushes"), "push")
    assert [(event.status, event.facts["direct"], event.facts["pulls"]) for event in told] == [
        ("pr_merge", False, [other]),
        ("pr_merge", False, [n]),
    ]
    assert told[1].facts["after"] == tip
    assert told[1].actor
    assert told[1].actor.name == "carol"
    assert told[1].facts["unproposed"] == []


def test_a_direct_push_names_who_pushed_and_not_who_wrote(seen: World) -> None:
    sha = seen.state.direct_push(REPO, "eve", after(hours=2), ["a"], "Quick fix", author="ada")
    (told,) = seen.events("pushes")
    assert (told.status, told.facts["direct"], told.facts["unproposed"], told.facts["title"]) == ("push", True, [sha], "Quick fix")
    assert told.actor
    assert (told.actor.name, told.occurred_at) == ("eve", after(hours=2))
    assert told.facts["authors"] == [{"name": "Ada", "email": "ada@bank.example", "login": None}]
    push = entity(told)
    assert (push.direct, push.pusher and push.pusher.name, push.branches) == (True, "eve", ("main",))


def test_a_merge_made_by_hand_is_direct_as_far_as_no_request_brought_it(seen: World) -> None:
    project = seen.state.projects[REPO]
    n = seen.request(1)
    before, mine = project.tip, project.merge_requests[n].commits[0]
    side = project.git.add((before,), seen.state.signature("eve"), "Unreviewed", ["z"], after(hours=2))
    merge = project.git.add((before, side), seen.state.signature("eve"), "Merge branch 'x'", (), after(hours=2, minutes=1))
    project.git.branches["main"] = merge
    seen.state.pushed(project, "main", before, merge, "eve", after(hours=2, minutes=2), 2)
    (told,) = seen.events("pushes")
    assert told.facts["direct"] is True
    assert set(told.facts["unproposed"]) == {merge, side}
    assert mine not in told.facts["commits"]


def test_a_head_that_was_pushed_to_the_target_is_said_to_be(seen: World) -> None:
    n = seen.request(2)
    merged_by_push(seen.state, REPO, n, "eve", after(hours=2))
    (told,) = seen.events("pushes")
    assert (told.status, told.facts["indirect"], told.facts["pulls"]) == ("push", [n], [n])
    assert "marked merge requests merged" in told.facts["because"]
    (done,) = of(seen.events(), "pull-request", "merged")
    assert done.facts["merge_method"] == "push"


def test_rewritten_history(seen: World) -> None:
    base = seen.state.projects[REPO].tip
    lost = seen.state.direct_push(REPO, "ada", after(hours=1), ["a"])
    kept = seen.state.direct_push(REPO, "eve", after(hours=2), ["b"], onto=base)
    told = seen.events("pushes")
    assert [event.status for event in told] == ["push", "force_push"]
    assert (told[1].facts["undone"], told[1].facts["unproposed"]) == ([lost], [kept])
    assert entity(told[1]).forced is True


def test_what_no_event_tells_is_found_by_walking_the_branch_after_a_while(seen: World) -> None:
    sha = seen.state.direct_push(REPO, "eve", after(hours=2), ["a"])
    events, seen.state.projects[REPO].events = seen.state.projects[REPO].events, []
    assert seen.events("pushes", at=after(hours=2) + SOON) == []
    (told,) = seen.events("pushes", at=after(hours=2) + 5 * SOON)
    assert (told.how, told.facts["direct"], told.facts["unproposed"]) == (How.RECONSTRUCTED, True, [sha])
    assert told.actor
    assert told.actor.kind is ActorKind.UNKNOWN
    seen.state.projects[REPO].events = events  # it comes late
    (late,) = seen.events("pushes", at=after(hours=2) + 6 * SOON)
    assert entity_of(late) == entity_of(told)
    both = fold(str(entity_of(late)), [Entry(0, told, told.observed_at), Entry(1, late, late.observed_at)])
    assert isinstance(both, Push)
    assert both.pusher
    assert both.pusher.name == "eve"


def test_a_hole_between_two_events_is_walked_too(seen: World) -> None:
    project = seen.state.projects[REPO]
    seen.state.direct_push(REPO, "ada", after(hours=1), ["a"])
    hidden = seen.state.direct_push(REPO, "eve", after(hours=2), ["b"])
    del project.events[-1]
    seen.state.direct_push(REPO, "ada", after(hours=3), ["c"])
    told = {event.facts["after"]: event for event in seen.events("pushes")}
    assert len(told) == 3
    assert told[hidden].facts["told_by"] == "walk"
    assert told[hidden].occurred_at == after(hours=2)


def test_gitlab_is_given_time_to_mark_a_request_merged(seen: World) -> None:
    n = seen.request()
    seen.merge(n, after(hours=2))
    request = seen.state.projects[REPO].merge_requests[n]
    request.state = "locked"
    assert seen.events("pushes", at=after(hours=2) + SOON) == []
    request.state = "merged"
    (told,) = seen.events("pushes", at=after(hours=2) + 2 * SOON)
    assert (told.status, told.facts["direct"]) == ("pr_merge", False)


def test_branches_that_are_not_watched_are_left_alone_and_patterns_are_followed(seen: World) -> None:
    project = seen.state.projects[REPO]
    project.protected["release/*"] = protection("release/*")
    project.git.branches |= {"release/1": project.tip, "feature": project.tip}
    seen.events("pushes", at=after(minutes=2))
    seen.state.direct_push(REPO, "eve", after(hours=1), ["a"], branch="feature")
    sha = seen.state.direct_push(REPO, "eve", after(hours=2), ["b"], branch="release/1")
    (told,) = seen.events("pushes")
    assert (told.facts["ref"], told.facts["after"], told.facts["direct"]) == ("refs/heads/release/1", sha, True)


def test_a_branch_that_is_removed_and_made_again(seen: World) -> None:
    project = seen.state.projects[REPO]
    project.protected["prod"] = protection("prod")
    made = seen.state.direct_push(REPO, "eve", after(hours=1), ["a"], branch="prod")
    seen.events("pushes", at=after(hours=1, minutes=5))
    seen.state.remove_branch(REPO, "prod", "eve", after(hours=2))
    (gone,) = seen.events("pushes", at=after(hours=2, minutes=5))
    assert (gone.status, gone.facts["before"], gone.facts["after"], gone.facts["direct"]) == ("branch_deletion", made, None, None)


def test_the_first_look_goes_back_and_the_second_tells_nothing_twice(world: World) -> None:
    n = world.request()
    world.merge(n, after(hours=2))
    world.state.direct_push(REPO, "eve", after(hours=3), ["a"])
    first = world.events("pushes")
    assert [event.status for event in first] == ["pr_merge", "push"]
    assert world.events("pushes", at=LATER + SOON) == []


def test_ids_are_the_same_when_it_is_told_again(world: World) -> None:
    n = world.request()
    world.merge(n, after(hours=2))
    world.state.direct_push(REPO, "eve", after(hours=3), ["a"])
    first = {event.id for event in world.events("pushes", at=after(hours=4))}
    world.memory.clear()
    assert {event.id for event in world.events("pushes", at=after(hours=5))} == first
    from tests.sources.harness import run_pass

    again = run_pass(world.source(), "pushes", world.memory, after(hours=6), everything=True)
    assert {event.id for event in events_of(again)} == first
    assert world.events("pushes", at=after(hours=7)) == []


def test_a_stopped_pass_goes_on(world: World) -> None:
    for i in range(5):
        world.state.direct_push(REPO, "eve", after(hours=i + 1), ["a"], f"Push {i}")
    world.memory.clear()
    from tests.sources.harness import run_pass

    first = events_of(run_pass(world.source(), "pushes", world.memory, LATER, pages=3))
    rest = world.events("pushes")
    assert len(first) == 2
    assert len({event.facts["after"] for event in [*first, *rest]}) == 5


def test_a_commit_that_is_gone_makes_it_not_known(seen: World) -> None:
    seen.state.direct_push(REPO, "eve", after(hours=1), ["a"])
    seen.state.fail_next(1, 400, path="/repository/merge_base")
    (told,) = seen.events("pushes")
    assert (told.facts["direct"], told.facts["commits"]) == (None, [])
    assert "cannot be read" in told.facts["because"]


def test_faults(seen: World) -> None:
    seen.state.direct_push(REPO, "eve", after(hours=1), ["a"])
    seen.state.fail_next(1, 200, b"<html>", path="/events")
    _, error = run_until_error(seen.source(), "pushes", seen.memory, LATER)
    assert isinstance(error, NotUnderstood)
    seen.state.fail_next(1, 404, path="/events")
    _, error = run_until_error(seen.source(), "pushes", seen.memory, LATER)
    assert isinstance(error, Missing)
    seen.state.fail_next(1, 403, path="/protected_branches")
    (told,) = seen.events("pushes")  # the default branch is watched whatever may be seen
    assert told.facts["direct"] is True


def test_tags_and_pushes_of_many_branches_are_passed_over(seen: World) -> None:
    project = seen.state.projects[REPO]
    seen.state.direct_push(REPO, "eve", after(hours=1), ["a"])
    seen.state.pushed(project, "main", None, None, "eve", after(hours=2))
    project.events[-1]["push_data"] |= {"ref": None, "ref_count": 4}
    seen.state.pushed(project, "v1", None, project.tip, "eve", after(hours=2))
    project.events[-1]["push_data"]["ref_type"] = "tag"
    assert [event.status for event in seen.events("pushes")] == ["push"]


def test_what_was_read_is_not_listed_again(world: World) -> None:
    for i in range(30):
        world.state.direct_push(REPO, "ada", after(hours=1, minutes=i), ["a"], f"Push {i}", branch=f"feature-{i % 3}")
    world.state.page_size = 5
    world.events("pushes", at=after(hours=2))
    sha = world.state.direct_push(REPO, "eve", after(hours=3), ["a"])
    world.state.asked.clear()
    (told,) = world.events("pushes", at=after(hours=3, minutes=5))
    assert told.facts["after"] == sha
    assert len([line for line in world.state.asked if "/events" in line]) == 2


def test_a_branch_that_is_protected_later_is_looked_at_from_its_beginning(seen: World) -> None:
    sha = seen.state.direct_push(REPO, "eve", after(hours=2), ["a"], branch="prod")
    more = seen.state.direct_push(REPO, "eve", after(hours=3), ["a"], "More", branch="prod")
    assert seen.events("pushes", at=after(hours=4)) == []
    seen.state.projects[REPO].protected["prod"] = protection("prod")
    told = [event for event in seen.events("pushes", at=after(hours=5)) if event.facts["ref"] == "refs/heads/prod"]
    assert [event.facts["after"] for event in told] == [sha, more]
