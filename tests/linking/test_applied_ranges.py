"""What an apply deployed: all between the commit applied in its workspace before and its own that touches what it watches."""

import pytest
from app.domain.change import CommitRange, DeployedRange, Missing, Strength
from app.domain.event import Event
from app.domain.paths import directory
from app.linking.paths import commits_touching, shown

from tests.linking.build import REPO, base, pull, pulls_of, push, run, sha, span
from tests.linking.world import World, change

A, B, C, D, X = sha("a"), sha("b"), sha("c"), sha("d"), sha("x")
RUN = "run:tfe:run-1"
PULLS = [one for n, merged in ((1, B), (2, C), (3, D)) for one in pull(n, merge=merged)]
WHERE = {"network": [B, D]}


def pr(n: int) -> str:
    return f"pr:github:{REPO}#{n}"


def applied(*more: Event, paths: tuple[str, ...] = ("network",)) -> list[Event]:
    return [*PULLS, *run(commit=D), base(previous=A, paths=paths), *more]


def homes(events: list[Event]) -> list[tuple[str, str, Strength]]:
    return [(link.to, link.rule, link.strength) for link in World(events).standing[RUN].homes]


def told(events: list[Event]) -> DeployedRange:
    (one,) = World(events).standing[RUN].deployed
    return one


def test_an_apply_deploys_each_pull_request_of_its_range_that_touches_its_directory() -> None:
    events = applied(span(D, A, [B, C, D], WHERE))
    assert homes(events) == [(pr(1), "deployed range", Strength.DERIVED), (pr(3), "merge commit", Strength.EXACT)]
    assert World(events).standing[RUN].gaps == ()
    assert {key for key, one in World(events).changes().items() if one.runs} == {pr(1), pr(3)}


def test_the_change_tells_its_range_commit_by_commit() -> None:
    one = told(applied(push(X), span(D, A, [B, X, C, D], {"network": [B, X, D]})))
    assert (one.status, one.base, one.head, one.place, one.paths) == ("range", A, D, "net-prod", ("network",))
    assert [(carried.sha, carried.by, carried.direct) for carried in one.commits] == [
        (B, (pr(1),), False),
        (X, (f"push:github:{REPO}@{X}",), True),
        (D, (pr(3),), False),
    ]


def test_a_direct_push_in_the_range_is_a_home_too_and_makes_no_other_gap() -> None:
    events = applied(push(X), span(D, A, [X, D], {"network": [X, D]}))
    assert [to for to, _, _ in homes(events)] == [pr(3), f"push:github:{REPO}@{X}"]
    assert World(events).standing[RUN].gaps == ()


@pytest.mark.parametrize(
    ("more", "word"),
    [
        ([], "has not said what lies between"),
        ([span(D, A, [B, D], WHERE, complete=False)], "whole range"),
        ([span(D, A, [B, D], {"dns": [B]})], "nothing of its path"),
    ],
)
def test_a_range_that_is_not_known_is_a_gap_and_only_the_tip_is_linked(more: list[Event], word: str) -> None:
    standing = World(applied(*more)).standing[RUN]
    assert [(link.to, link.strength) for link in standing.homes] == [(pr(3), Strength.EXACT)]
    assert [(gap.what, gap.missing) for gap in standing.gaps] == [("range unknown", Missing.UNOBSERVED)]
    assert word in standing.gaps[0].because
    assert standing.deployed[0].status == "tip"


def test_what_a_workspace_was_at_before_may_not_be_known() -> None:
    events = [*PULLS, *run(commit=D), base(status="unknown", because="the run before it carries no commit")]
    standing = World(events).standing[RUN]
    assert [gap.what for gap in standing.gaps] == ["range unknown"]
    assert "the run before it carries no commit" in standing.gaps[0].because


def test_what_was_never_told_of_an_apply_is_not_known() -> None:
    standing = World([*PULLS, *run(commit=D, alone=False)]).standing[RUN]
    assert [(gap.what, gap.missing) for gap in standing.gaps] == [("range unknown", Missing.UNOBSERVED)]
    assert World([*PULLS, *run(commit=D, alone=False, applied=None)]).standing[RUN].gaps == ()


def test_the_first_apply_of_a_workspace_has_nothing_before_it_and_says_so() -> None:
    events = [*PULLS, *run(commit=D), base(status="first", paths=["network"])]
    assert homes(events) == [(pr(3), "merge commit", Strength.EXACT)]
    assert World(events).standing[RUN].gaps == ()
    assert (told(events).status, told(events).because) == ("first", "it is the first that was applied in net-prod")
    assert "run-1 is the first that was applied in net-prod" in [one.says for one in change(events, pr(3)).story]


def test_the_commit_that_was_there_already_is_no_range() -> None:
    events = [*PULLS, *run(commit=D), base(previous=D)]
    assert homes(events) == [(pr(3), "merge commit", Strength.EXACT)]
    assert told(events).status == "same"


def test_an_apply_of_an_earlier_commit_is_a_rollback() -> None:
    events = [*PULLS, *run(commit=B), base(previous=D), span(B, D, [], status="behind")]
    standing = World(events).standing[RUN]
    assert standing.homes == ()
    assert [(link.to, link.rule) for link in standing.references] == [(pr(1), "rolled back to")]
    assert [(gap.what, gap.missing) for gap in standing.gaps] == [("no pull request", Missing.ABSENT)]


def test_what_history_lost_between_two_applies_is_said() -> None:
    lost = span(D, X, [D], {"": [D]}, status="diverged", undone=[B])
    events = [*PULLS, *run(commit=D), base(previous=X), lost]
    standing = World(events).standing[RUN]
    assert [(link.to, link.rule, link.strength) for link in standing.references] == [(pr(1), "took back", Strength.DERIVED)]
    assert [(carried.sha, carried.undone) for carried in standing.deployed[0].commits] == [(D, False), (B, True)]


def test_a_run_whose_range_touches_nothing_it_watches_stands_alone() -> None:
    made = change(applied(span(D, A, [C, D], {"network": []})), "run:")
    assert {gap.what for gap in made.gaps} >= {"nothing deployed", "no pull request"}
    assert "touches network" in next(gap.because for gap in made.gaps if gap.what == "nothing deployed")
    because = next(gap.because for gap in made.gaps if gap.what == "no pull request")
    assert because.endswith("no commit touches network; what else began it is not known")


def test_a_commit_nobody_brought_is_counted_by_what_the_host_says_of_it() -> None:
    standing = World(applied(span(D, A, [X, D], {"network": [X, D]}), pulls_of(X, repository=REPO))).standing[RUN]
    assert [(gap.what, gap.size, gap.missing) for gap in standing.gaps] == [("no pull request", 1, Missing.ABSENT)]


def test_a_run_that_was_told_again_counts_as_told_last() -> None:
    late = base(previous=C, minutes=90, part=2)
    assert told([*PULLS, *run(commit=D), base(previous=A), late, span(D, C, [D])]).base == C


def answered(paths: dict[str, tuple[str, ...]]) -> CommitRange:
    return CommitRange("r", REPO, A, D, "ahead", (B, C, D), tuple(sorted(paths.items())), True)


@pytest.mark.parametrize(
    ("asked", "paths", "found"),
    [
        ((("network"),), {"network": (B, D)}, ((B, D), ())),
        (("network", "dns"), {"network": (D,), "dns": (B,)}, ((B, D), ())),
        (("network", "dns"), {"network": (D,)}, None),
        (("",), {"": (B, C, D)}, ((B, C, D), ())),
        (("/network/",), {"network": (D,)}, ((D,), ())),
        (("modules/**/*",), {"modules": (C,)}, ((C,), ())),
        (("modules/**/*.tf",), {"modules": (C, D)}, ((C, D), (C, D))),
        (("modules/**/*.tf", "network"), {"modules": (C, D), "network": (D,)}, ((C, D), (C,))),
        (("modules/*/eks/*.tf",), {"modules/*/eks/*.tf": (C,)}, ((C,), ())),
        (("**/*.tf",), {"": (B, C, D)}, ((B, C, D), (B, C, D))),
        (("modules/*.tf",), {"network": (B,)}, None),
    ],
)
def test_directories_and_patterns(
    asked: tuple[str, ...], paths: dict[str, tuple[str, ...]], found: tuple[tuple[str, ...], tuple[str, ...]] | None
) -> None:
    touching = commits_touching(answered(paths), asked)
    assert (touching and (touching[0], tuple(sorted(touching[1])))) == found


def test_a_pattern_that_is_answered_by_its_directory_only_is_an_assumption() -> None:
    events = applied(span(D, A, [B, D], {"modules": [B, D]}), paths=("modules/**/*.tf",))
    assert {strength for _, _, strength in homes(events)} == {Strength.ASSUMED}
    assert "whether it touches a file of the pattern is not told" in World(events).standing[RUN].homes[0].because


@pytest.mark.parametrize(
    ("pattern", "fixed", "whole"),
    [("a/b", "a/b", True), ("a/**", "a", True), ("a/**/*", "a", True), ("a/*.tf", "a", False), ("*", "", False), ("", "", True)],
)
def test_the_directory_of_a_pattern(pattern: str, fixed: str, whole: bool) -> None:
    assert directory(pattern) == (fixed, whole)


def test_paths_in_words() -> None:
    assert (shown(("network", "dns")), shown(("",)), shown(())) == ("network, dns", "the repository", "the repository")
