"""What other sources ask of the commits between two revisions."""

import pytest
from app.domain.event import Entry, Event
from app.errors import Forbidden, NotUnderstood, ServerFailed, Throttled
from app.linking.fold import fold
from app.sources.contract import Want

from tests.sources.gitlab.conftest import LATER, REPO, START, World, after, of
from tests.sources.harness import events_of, run_until_error


def tip(world: World) -> str:
    return world.state.projects[REPO].tip


def pulls(events: list[Event], sha: str) -> list[int]:
    (told,) = [event for event in of(events, "commit-pulls") if event.ref.id == sha]
    return [pull["number"] for pull in told.facts["pulls"]]


def test_a_range_with_the_commits_that_touch_a_path(world: World) -> None:
    base = tip(world)
    one, two = world.request(2, path="apps/pay"), world.request(at=after(hours=2), path="apps/fraud")
    world.merge(one, after(hours=3))
    head = world.merge(two, after(hours=4))
    events = world.answers(Want(REPO, head, base, "./apps/pay/"))
    (told,) = of(events, "range")
    own = world.state.projects[REPO].merge_requests[one].commits
    assert (told.status, told.facts["complete"], told.facts["rollback"]) == ("ahead", True, False)
    assert len(told.facts["commits"]) == 5
    assert told.facts["paths"] == {"./apps/pay/": own}
    assert pulls(events, own[0]) == [one]
    assert pulls(events, head) == [two]
    assert told.keys.repository == REPO
    found = fold(f"range:{REPO}:{told.ref.id}", [Entry(0, told, LATER)])
    assert found is not None


@pytest.mark.parametrize("how", [{}, {"squash": True}])
@pytest.mark.parametrize("method", ["merge", "ff"])
def test_what_landed_is_associated_with_its_merge_request(world: World, method: str, how: dict[str, bool]) -> None:
    world.state.projects[REPO].settings["merge_method"] = method
    base = tip(world)
    n = world.request(2)
    head = world.merge(n, after(hours=2), **how)
    events = world.answers(Want(REPO, head, base))
    (told,) = of(events, "range")
    assert told.facts["paths"] == {"": told.facts["commits"]}
    for sha in told.facts["commits"]:
        assert pulls(events, sha) == [n]
    (said,) = [e for e in of(events, "commit-pulls") if e.ref.id == head]
    assert said.facts["pulls"][0]["merge_commit"] == head
    assert (said.facts["pulls"][0]["merged"], said.facts["pulls"][0]["base"]) == (True, "main")


def test_a_rollback_and_a_divergence(world: World) -> None:
    base = tip(world)
    one = world.state.direct_push(REPO, "ada", after(hours=1), ["a"])
    other = world.state.direct_push(REPO, "ada", after(hours=2), ["b"], onto=base)
    (back,) = of(world.answers(Want(REPO, base, one)), "range")
    assert (back.status, back.facts["rollback"], back.facts["commits"], back.facts["undone"]) == ("behind", True, [], [one])
    (forked,) = of(world.answers(Want(REPO, other, one)), "range")
    assert (forked.status, forked.facts["commits"], forked.facts["undone"]) == ("diverged", [other], [one])
    (same,) = of(world.answers(Want(REPO, one, one)), "range")
    assert (same.status, same.facts["commits"]) == ("identical", [])


def test_a_long_range_is_read_whole_and_told_in_parts(world: World) -> None:
    base = tip(world)
    world.state.page_size = 50
    shas = [world.state.direct_push(REPO, "ada", after(minutes=i + 1), ["a"], f"Push {i}") for i in range(410)]
    told = of(world.answers(Want(REPO, shas[-1], base, "a")), "range")
    assert [event.facts["part"] for event in told] == [1, 2]
    assert [sha for event in told for sha in event.facts["commits"]] == shas
    assert [sha for event in told for sha in event.facts["paths"]["a"]] == shas


def test_a_list_that_the_host_cuts_is_not_complete(world: World) -> None:
    base = tip(world)
    shas = [world.state.direct_push(REPO, "ada", after(minutes=i + 1), ["a"], f"Push {i}") for i in range(3)]
    from json import dumps

    from app.demo.fakes.gitlab_shapes import commit

    cut = [commit(world.state.projects[REPO].git.commits[sha]) for sha in shas[1:]]
    world.state.fail_next(1, 200, dumps(cut).encode(), {"link": ""}, path="/repository/commits")
    (told,) = of(world.answers(Want(REPO, shas[-1], base)), "range")
    assert told.facts["complete"] is False
    assert "does not reach" in told.facts["because"]


@pytest.mark.parametrize(("base", "head", "says"), [
    ("0" * 40, None, "does not know 0000"), (None, "f" * 40, "does not know ffff"), ("v1.0", None, "no full commit id"),
    (None, "main", "is not a full commit id"),
])  # fmt: skip
def test_what_cannot_be_answered_is_said(world: World, base: str | None, head: str | None, says: str) -> None:
    want = Want(REPO, head or tip(world), base or tip(world))
    source = world.source()
    pages, error = run_until_error(source, "ranges", {}, LATER, [want])
    assert error is None
    assert [settled for page in pages for settled in page.settled] == [want]
    told = [e for e in of(events_of(pages), "range") if e.ref.id == f"{want.base}..{want.head}"]
    assert [event.status for event in told] == ["unavailable"]
    assert says.replace("no full", "is not a full") in told[0].facts["because"]
    assert told[0].facts["complete"] is False


def test_a_single_commit(world: World) -> None:
    n = world.request()
    head = world.merge(n, after(hours=2))
    pushed = world.state.direct_push(REPO, "eve", after(hours=3), ["a"])
    events = world.answers(Want(REPO, head), Want(REPO, pushed), Want(REPO, "e" * 40))
    assert pulls(events, head) == [n]
    assert pulls(events, pushed) == []
    assert [e.status for e in of(events, "commit-pulls")] == ["associated", "none"]
    assert [(e.status, e.ref.id) for e in of(events, "range")] == [("unavailable", f"..{'e' * 40}")]


def test_wants_of_other_projects_are_left_alone_and_case_does_not_matter(world: World) -> None:
    world.state.asked.clear()
    assert world.answers(Want("bank/other", "e" * 40)) == []
    assert world.state.asked == []
    assert world.answers(Want(REPO.upper(), tip(world)))


def test_a_project_that_is_not_there(world: World) -> None:
    events = world.answers(Want("bank/gone/away", "e" * 40, "d" * 40), repositories=("bank/gone/away",))
    assert [event.status for event in events] == ["unavailable"]


def test_a_moved_project_is_answered_under_the_name_that_was_asked(world: World) -> None:
    base = tip(world)
    n = world.request()
    head = world.merge(n, after(hours=2))
    world.state.move(REPO, "bank/core/infra")
    events = world.answers(Want(REPO, head, base), repositories=(REPO,))
    assert {event.keys.repository for event in events} == {REPO}
    (told,) = [event for event in of(events, "commit-pulls") if event.ref.id == head]
    assert told.facts["pulls"][0]["repository"] == "bank/core/infra"


def test_one_question_that_fails_does_not_stop_the_others(world: World) -> None:
    base = tip(world)
    head = world.state.direct_push(REPO, "ada", after(hours=1), ["a"])
    world.state.fail_next(1, 403, path="/repository/merge_base")
    pages, error = run_until_error(world.source(), "ranges", {}, LATER, [Want(REPO, head, base), Want(REPO, head)])
    assert isinstance(error, Forbidden)
    assert [want for page in pages for want in page.settled] == [Want(REPO, head)]


@pytest.mark.parametrize(("status", "body", "error"), [
    (500, b"", ServerFailed), (200, b"<html>", NotUnderstood), (200, b"[{}]", NotUnderstood), (429, b"", Throttled),
])  # fmt: skip
def test_faults(world: World, status: int, body: bytes, error: type[Exception]) -> None:
    base, head = tip(world), world.state.direct_push(REPO, "ada", after(hours=1), ["a"])
    world.state.fail_next(4, status, body, {"retry-after": "60"} if status == 429 else {}, path="/repository/commits")
    pages, raised = run_until_error(world.source(), "ranges", {}, LATER, [Want(REPO, head, base)])
    assert isinstance(raised, error)
    assert [want for page in pages for want in page.settled] == []
    assert START < LATER


def test_a_pattern_is_asked_by_its_directory(world: World) -> None:
    base = tip(world)
    inside = world.state.direct_push(REPO, "ada", after(hours=1), ["network/eu/main.tf"], "Inside")
    outside = world.state.direct_push(REPO, "ada", after(hours=2), ["apps/x"], "Outside")
    (told,) = of(world.answers(Want(REPO, outside, base, "network/**/*.tf")), "range")
    assert (told.facts["path"], told.facts["paths"]) == ("network", {"network": [inside]})
