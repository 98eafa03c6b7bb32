"""Ranges as the Git host answers them, and applications with several sources."""

from dataclasses import replace
from typing import Any

from app.domain.change import CommitRange, Missing, Strength
from app.domain.event import Event

from tests.linking.build import APPS, commits_between, entities, operation, operation_id, pull, pulls_of, sha
from tests.linking.world import World, change

A, B, C, D = sha("a"), sha("b"), sha("c"), sha("d")
OP = f"operation:argocd:{operation_id(25)}"
RANGE = f"range:{APPS}:{A}..{D}"


def folded(*events: Event) -> CommitRange:
    found = entities(events)[RANGE]
    assert isinstance(found, CommitRange)
    return found


def test_answers_about_several_paths_add_up() -> None:
    span = folded(
        commits_between(A, D, [B, D], paths={"payments": [B]}, path="payments"),
        commits_between(A, D, [B, D], paths={"ledger": [D]}, path="ledger"),
    )
    assert span.paths == (("ledger", (D,)), ("payments", (B,)))
    assert span.complete


def test_a_missing_part_makes_it_incomplete() -> None:
    first = commits_between(A, D, [B], paths={"payments": [B]}, path="payments", part=1, parts=2)
    second = commits_between(A, D, [D], paths={"payments": [D]}, path="payments", part=2, parts=2)
    assert not folded(first).complete
    assert folded(first, second).complete
    assert folded(first, second).commits == (B, D)


def test_unavailable_counts_only_until_there_is_an_answer() -> None:
    missing = commits_between(A, D, [], complete=False, status="unavailable")
    assert not folded(missing).complete
    assert folded(missing, commits_between(A, D, [D], paths={"payments": [D]})).complete


def test_a_path_outside_ascii_is_the_path_that_was_asked_for() -> None:
    span = folded(commits_between(A, D, [D], paths={"zahlungen/%C3%BC": [D]}, path="zahlungen/ü"))
    assert span.paths == (("zahlungen/ü", (D,)),)


def test_the_last_answer_about_a_commit_wins_though_both_are_dated_by_the_commit() -> None:
    open_, merged = (pulls_of(D, 3, merged=was) for was in (False, True))
    merged = replace(merged, id=open_.id.__class__(int=open_.id.int ^ 1), observed_at=open_.observed_at.replace(hour=23))
    for order in ([open_, merged], [merged, open_]):
        found = entities(order)[f"commit:{APPS}@{D}"]
        assert [pull.merged for pull in found.pulls] == [True]


def test_a_sync_to_an_earlier_revision_is_a_rollback_whatever_it_is_called() -> None:
    back = commits_between(D, B, [], paths={"payments": []}, status="behind")
    events = [*pull(1, repository=APPS, merge=B), *operation(revision=B, previous=D), back]
    standing = World(events).standing[OP]
    assert standing.homes == ()
    assert [link.rule for link in standing.references] == ["rolled back to"]
    assert [(gap.what, gap.missing) for gap in standing.gaps] == [("no pull request", Missing.ABSENT)]
    assert [gap.what for gap in change(events, "operation:").gaps].count("no pull request") == 1


def sources(*listed: dict[str, Any]) -> list[Event]:
    return operation(revision=None, previous=None, sources=list(listed), revisions=[str(one["revision"]) for one in listed])


def source(revision: str, previous: str | None, path: str = "payments", **more: str) -> dict[str, Any]:
    return {
        "repository": APPS,
        "path": path,
        "revision": revision,
        "previous_revision": previous,
        "target_revision": "main",
        **more,
    }


def test_each_source_of_an_application_has_its_own_range() -> None:
    events = [
        *pull(1, repository=APPS, merge=B),
        *pull(3, repository=APPS, merge=D),
        *sources(source(D, A), source(D, A, path="ledger")),
        commits_between(A, D, [B, D], paths={"payments": [D]}, path="payments"),
        commits_between(A, D, [B, D], paths={"ledger": [B]}, path="ledger"),
    ]
    homes = World(events).standing[OP].homes
    assert [(link.to, link.strength) for link in homes] == [
        (f"pr:github:{APPS}#1", Strength.DERIVED),
        (f"pr:github:{APPS}#3", Strength.EXACT),
    ]


def test_a_chart_that_stayed_is_no_gap_and_one_that_moved_is() -> None:
    values, span = source(D, A), commits_between(A, D, [D], paths={"payments": [D]})
    chart = {"repository": None, "path": "", "chart": "redis", "target_revision": "1.x", "previous_revision": "1.2.2"}
    stayed = World([*pull(3, repository=APPS, merge=D), *sources(values, {**chart, "revision": "1.2.2"}), span]).standing[OP]
    moved = World([*pull(3, repository=APPS, merge=D), *sources(values, {**chart, "revision": "1.2.3"}), span]).standing[OP]
    assert stayed.gaps == ()
    assert [(gap.what, gap.missing) for gap in moved.gaps] == [("range unknown", Missing.UNOBSERVED)]
    assert "chart redis went from 1.2.2 to 1.2.3" in moved.gaps[0].because
    assert [link.to for link in moved.homes] == [f"pr:github:{APPS}#3"]
