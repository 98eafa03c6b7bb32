"""The ways a commit comes to a branch, each linked to what brought it: merges by every method, direct and force pushes, queues,
reverts, cherry-picks, promotions, stacked pull requests."""

from typing import Any

import pytest
from app.domain.actor import Actor, Role, unknown
from app.domain.change import Missing, Strength
from app.domain.event import Event

from tests.linking.build import REPO, base, commit, head_push, human, pull, pulls_of, push, run, sha, span
from tests.linking.world import World, change

A, B, C, D, X = sha("a"), sha("b"), sha("c"), sha("d"), sha("x")
RUN = "run:tfe:run-1"


def pr(n: int) -> str:
    return f"pr:github:{REPO}#{n}"


def homes(events: list[Event], member: str = RUN) -> list[tuple[str, str, Strength]]:
    return [(link.to, link.rule, link.strength) for link in World(events).standing[member].homes]


def references(events: list[Event], member: str) -> list[tuple[str, str, str, Strength]]:
    return [(link.from_, link.to, link.rule, link.strength) for link in World(events).standing[member].references]


def test_a_direct_push_is_a_change_of_its_own_and_what_came_of_it_is_its() -> None:
    events = [push(X, commits=[B, C, X], title="Fix the alarm"), *run(commit=X)]
    assert homes(events) == [(f"push:github:{REPO}@{X}", "direct push", Strength.EXACT)]
    (made,) = World(events).changes().values()
    assert made.title == "Direct push of 3 commits to main of bank/infra by carol"
    assert [(gap.what, gap.missing, gap.size) for gap in made.gaps] == [("no pull request", Missing.ABSENT, 3)]
    assert (made.state, [one.id for one in made.runs]) == ("finished", ["run-1"])
    assert any("3 commits, “Fix the alarm”" in moment.says for moment in made.story)


@pytest.mark.parametrize(
    ("told", "title"),
    [
        ({"title": "Fix the alarm"}, "Fix the alarm (pushed straight to main)"),
        ({"title": "Fix the alarm\n\nIt rang"}, "Fix the alarm (pushed straight to main)"),
        ({"title": " "}, "Direct push of 1 commit to main of bank/infra by carol"),
        ({}, "Direct push of 1 commit to main of bank/infra by carol"),
        ({"title": "Tip", "commits": [B, X], "unproposed": [X]}, "Direct push of 1 commit to main of bank/infra by carol"),
        ({"title": "Tip", "status": "force_push"}, "Force push of 1 commit to main of bank/infra by carol"),
        ({"title": "Tip", "direct": None}, "Push that may be direct to main of bank/infra by carol"),
    ],
)
def test_a_push_of_one_commit_has_that_commit_s_words(told: dict[str, Any], title: str) -> None:
    made = change([push(X, **told)], "push:")
    assert made.title == title
    assert any("by carol" in moment.says for moment in made.story), "who pushed where stands in the story, whatever the title"


def test_the_pusher_is_vouched_for_and_the_authors_are_what_the_commits_say() -> None:
    authors = [{"name": "Ana", "email": "ana@home.example", "login": None}]
    people = change([push(X, authors=authors)], "push:").people
    assert {(one.name, one.role, one.declared) for one in people} == {
        ("carol", Role.PUSHER, False),
        ("Ana", Role.CONTRIBUTOR, True),
    }


def test_a_push_of_which_nobody_can_say_whether_it_was_proposed_is_not_known() -> None:
    made = change([push(X, direct=None, because="the host keeps no activity", who=unknown("not told"))], "push:")
    assert [(gap.what, gap.missing) for gap in made.gaps] == [("no pull request", Missing.UNOBSERVED)]
    assert "keeps no activity" in made.gaps[0].because
    assert "by somebody unknown" in made.title


def test_a_merge_is_no_push_of_its_own() -> None:
    events = [*pull(7), push(sha("merge7"), status="pr_merge", direct=False, pulls=[7]), *run(commit=sha("merge7"))]
    assert set(World(events).changes()) == {pr(7)}
    assert homes(events) == [(pr(7), "merge commit", Strength.EXACT)]


def test_each_commit_of_a_rebase_merge_is_its_pull_request_s() -> None:
    events = [*pull(7, merge=D), push(D, status="pr_merge", direct=False, pulls=[7], commits=[B, C, D]), *run(commit=C)]
    assert homes(events) == [(pr(7), "commit of a pull request", Strength.DERIVED)]


def test_a_branch_that_was_forced_back_to_a_merge_keeps_what_that_merge_landed() -> None:
    landed = push(D, status="pr_merge", direct=False, pulls=[7], commits=[B, C, D])
    back = push(D, before=X, status="force_push", commits=[], undone=[X], minutes=50, part=2)
    assert homes([*pull(7, merge=D), landed, back, *run(commit=C)]) == [(pr(7), "commit of a pull request", Strength.DERIVED)]


def test_a_merge_queue_may_land_several_and_says_not_which_brought_a_commit() -> None:
    queue = push(D, status="merge_queue_merge", direct=False, pulls=[7, 8], commits=[B, C, D])
    events = [*pull(7, merge=C), *pull(8, merge=D), queue]
    assert homes([*events, *run(commit=C)]) == [(pr(7), "merge commit", Strength.EXACT)]
    assert [strength for _, _, strength in homes([*events, *run(commit=B)])] == [Strength.ASSUMED, Strength.ASSUMED]


def test_a_commit_that_was_pushed_and_is_also_named_by_a_pull_request_is_the_push_s() -> None:
    events = [*pull(9, merged=None), commit(9, "x", 5), push(X), *run(commit=X)]
    assert homes(events) == [(f"push:github:{REPO}@{X}", "direct push", Strength.EXACT)]
    (also,) = World(events).standing[RUN].references
    assert (also.to, also.rule, also.strength) == (pr(9), "also names the commit", Strength.ASSUMED)


def test_promotion_is_by_the_pull_request_merged_into_the_branch_that_is_followed() -> None:
    """#1 brought it to dev, #2 brought dev to main: of main it is #2, and #1 names it too."""
    told = pulls_of(X, 1, 2, repository=REPO)
    pulls = told.facts["pulls"]
    pulls[0]["base"] = "dev"
    events = [*pull(1, merge=B), *pull(2, merge=D), told, *run(commit=X), base(previous=A), span(X, A, [X])]
    assert homes(events) == [(pr(2), "commit of a pull request", Strength.DERIVED)]
    assert [(link.to, link.rule) for link in World(events).standing[RUN].references] == [(pr(1), "also names the commit")]


def test_stacked_pull_requests_rank_by_the_merge_commit() -> None:
    events = [*pull(1, merge=B), *pull(2, merge=X), commit(1, "x", 3), *run(commit=X)]
    assert homes(events) == [(pr(2), "merge commit", Strength.EXACT)]


def with_facts(events: list[Event], **facts: object) -> list[Event]:
    for event in events:
        event.facts.update(facts)  # type: ignore[attr-defined]
    return events


def test_a_revert_by_number_links_to_what_it_reverts_and_both_show_it() -> None:
    events = [*pull(7), *with_facts(pull(8), reverts=[f"{REPO}#7"])]
    assert references(events, pr(8)) == [(pr(8), pr(7), "reverts", Strength.EXACT)]
    assert references(events, pr(7)) == [(pr(8), pr(7), "reverts", Strength.EXACT)]
    assert {key for key, one in World(events).changes().items() if any(link.rule == "reverts" for link in one.links)} == {
        pr(7),
        pr(8),
    }


def test_a_revert_by_commit_finds_what_brought_the_commit() -> None:
    by_merge = [*pull(7), commit(8, "r", 3, reverts=[sha("merge7")]), *pull(8)]
    by_association = [*pull(7), pulls_of(X, 7, repository=REPO), commit(8, "r", 3, reverts=[X]), *pull(8)]
    of_a_push = [push(X), commit(8, "r", 3, reverts=[X]), *pull(8)]
    assert references(by_merge, pr(8)) == [(pr(8), pr(7), "reverts", Strength.EXACT)]
    assert references(by_association, pr(8)) == [(pr(8), pr(7), "reverts", Strength.DERIVED)]
    assert references(of_a_push, pr(8)) == [(pr(8), f"push:github:{REPO}@{X}", "reverts", Strength.DERIVED)]


def test_a_cherry_pick_names_where_it_came_from() -> None:
    events = [*pull(7), commit(8, "p", 3, picks=[sha("merge7")]), *pull(8)]
    (link,) = World(events).standing[pr(8)].references
    assert (link.to, link.rule, link.strength) == (pr(7), "cherry-picked from", Strength.EXACT)
    assert "says that it was cherry-picked from commit" in link.because


def test_what_names_nothing_known_links_to_nothing() -> None:
    said = ["nonsense", "bank/infra#x", f"{REPO}#7", sha("nobody"), "#", f"{REPO}#99999999999"]
    assert references(with_facts(pull(7), reverts=said), pr(7)) == []


FORCE = push(A, before=C, status="force_push", commits=[], undone=[sha("merge7"), C], minutes=40)


def test_a_force_push_says_what_it_took_off_and_the_pull_request_shows_it() -> None:
    made = World([*pull(7), FORCE]).changes()
    (link,) = made[f"push:github:{REPO}@{A}"].links
    assert (link.to, link.rule, link.strength) == (pr(7), "took off the branch", Strength.DERIVED)
    assert link in made[pr(7)].links
    assert made[link.from_].title == "Force push to main of bank/infra by carol: 2 commits taken off"
    assert "rewritten" in made[link.from_].gaps[0].because


def test_a_run_that_followed_a_branch_back_belongs_to_the_force_push() -> None:
    events = [*pull(7, merge=C), FORCE, *run(commit=A, created=41, applied=50), base(previous=C), span(A, C, [], status="behind")]
    assert homes(events) == [(f"push:github:{REPO}@{A}", "forced back", Strength.EXACT)]
    assert World(events).standing[RUN].deployed[0].status == "behind"


def test_somebody_who_pushed_to_the_head_is_a_contributor() -> None:

    made = change([*pull(7), head_push(7, human("eve"), 12, status="force_push"), head_push(7, unknown("not told"), 13)], "pr:")
    assert Actor("eve", id="id-eve") in made.pull_requests[0].contributors
    assert [(one.forced, one.pusher.name if one.pusher else "") for one in made.pull_requests[0].pushes] == [
        (True, "eve"),
        (False, ""),
    ]
