"""What controls say of what Git tells: direct pushes, deployed ranges, checks at the merge, what the branch asked for."""

from dataclasses import replace

import pytest
from app.controls import judge_all
from app.domain.actor import Actor
from app.domain.event import Event
from app.domain.finding import Finding, Verdict

from tests.controls.cases import applied, approved, protected
from tests.linking.build import (
    base,
    ci,
    commits_between,
    head_push,
    human,
    operation,
    pull,
    pulls_of,
    push,
    review,
    rules,
    run,
    sha,
    span,
)
from tests.linking.world import World, change

A, B, D, X = sha("a"), sha("b"), sha("merge7"), sha("x")
FAIL, PASS, NA, UNKNOWN = Verdict.FAIL, Verdict.PASS, Verdict.NOT_APPLICABLE, Verdict.INDETERMINATE


def judged(events: list[Event], root: str = "pr:") -> dict[str, Finding]:
    return {one.control: one for one in judge_all(change(events, root))}


def test_a_direct_push_that_was_applied_fails_what_asks_for_a_proposal_and_an_approval() -> None:
    found = judged([push(X), *run(commit=X, auto_apply=True)], "push:")
    assert {found[one].verdict for one in ("AUTH-1", "AUTH-2", "AUTH-3", "AUTH-4", "DEPL-1")} == {FAIL}
    assert found["AUTH-1"].because == "1 commit was pushed straight to main of bank/infra by carol without a pull request"
    assert "nobody could approve it" in found["AUTH-2"].because


def test_a_direct_push_fails_though_nothing_came_of_it_yet() -> None:
    found = judged([push(X)], "push:")
    assert (found["AUTH-1"].verdict, found["AUTH-2"].verdict, found["AUTH-3"].verdict) == (FAIL, FAIL, NA)


def test_where_nobody_can_say_whether_a_push_was_direct_nothing_is_decided() -> None:
    unclear = push(X, direct=None, because="the activity of the branch may not be read")
    found = judged([unclear, *run(commit=X, auto_apply=True)], "push:")
    assert {found[one].verdict for one in ("AUTH-1", "AUTH-2", "AUTH-3", "AUTH-4", "DEPL-1")} == {UNKNOWN}
    assert "may not be read" in found["AUTH-1"].because


def test_who_pushed_may_not_confirm() -> None:
    resolved = Actor("carol", id="id-carol", person="Carol")
    made = change([push(X, who=resolved), *run(commit=X, confirmer=human("carol"))], "push:")
    made = replace(made, people=tuple(replace(one, person="Carol") if one.name == "carol" else one for one in made.people))
    assert next(one for one in judge_all(made) if one.control == "SOD-2").verdict is FAIL


def ranged(*more: Event, paths: dict[str, list[str]] | None = None) -> list[Event]:
    """Pull request 7 applied, with a range from a."""
    listed = paths or {"": [X, D]}
    return [*applied(), base(previous=A), span(D, A, [X, D], listed), *more]


def test_a_range_that_also_holds_a_direct_push_is_not_what_was_merged() -> None:
    found = judged(ranged(push(X)))
    assert (found["DEPL-1"].verdict, found["AUTH-1"].verdict) == (FAIL, PASS)
    assert "came by a direct push" in found["DEPL-1"].because


def test_a_range_with_a_commit_of_no_pull_request_fails_and_with_an_unread_one_is_not_known() -> None:
    assert judged(ranged(pulls_of(X, repository="bank/infra")))["DEPL-1"].verdict is FAIL
    assert judged(ranged())["DEPL-1"].verdict is UNKNOWN


def test_a_range_of_merged_pull_requests_is_what_was_merged() -> None:
    found = judged(ranged(*pull(6, merge=X)), "pr:github:bank/infra#7")
    assert (found["DEPL-1"].verdict, found["AUTH-1"].verdict) == (PASS, PASS)


def test_a_range_that_is_not_known_decides_nothing() -> None:
    found = judged([*applied(), base(previous=A)])
    assert (found["DEPL-1"].verdict, found["AUTH-1"].verdict) == (UNKNOWN, UNKNOWN)


def test_an_apply_of_an_earlier_commit_is_a_rollback() -> None:
    back = [*pull(7), *run(commit=D), base(previous=B), span(D, B, [], status="behind")]
    assert {judged(back, "run:")[one].verdict for one in ("AUTH-1", "DEPL-1")} == {Verdict.EXCEPTION}


def test_a_rollback_to_a_direct_push_is_no_exception() -> None:
    back = [push(X, repository="bank/apps"), *operation(revision=X, previous=B, kind="rollback"), commits_between(B, X, [])]
    found = judged(back, "operation:")
    assert Verdict.EXCEPTION not in (found["AUTH-1"].verdict, found["DEPL-1"].verdict)


@pytest.mark.parametrize(
    ("checks", "verdict", "word"),
    [
        ([ci(7, "success", 12)], PASS, "plan success"),
        ([ci(7, "skipped", 12)], PASS, "skipped"),
        ([ci(7, "neutral", 12)], PASS, "neutral"),
        ([ci(7, "failure", 12)], FAIL, "ended failure"),
        ([ci(7, "failure", 11), ci(7, "success", 12)], PASS, "success"),
        ([ci(7, "success", 11), ci(7, "failure", 12)], FAIL, "failure"),
        ([ci(7, "in_progress", 12)], FAIL, "had not ended"),
        ([ci(7, "success", 30, started_at="2026-10-01T09:15:00Z")], FAIL, "had not ended"),
        ([ci(7, "success", 40)], UNKNOWN, "ran again after the merge"),
        ([ci(7, "success", 12), ci(7, "failure", 40)], PASS, "success"),
        ([ci(7, "success", 12, name="lint", required=False)], FAIL, "had not reported"),
        ([ci(7, "success", 12, head_oid=sha("older"))], FAIL, "had not reported"),
        ([ci(7, "none", 12, name=None, required=None)], FAIL, "had not reported"),
        ([ci(7, "unavailable", 12, name=None, required=None, because="checks: not permitted")], UNKNOWN, "not permitted"),
        ([], UNKNOWN, "could not be read"),
    ],
)
def test_required_checks_count_as_they_stood_at_the_merge(checks: list[Event], verdict: Verdict, word: str) -> None:
    found = judged([*protected(), *checks])["TEST-1"]
    assert (found.verdict, word in found.because) == (verdict, True), found.because


@pytest.mark.parametrize(
    ("checks", "verdict"),
    [
        ([ci(7, "success", 12)], PASS),
        ([ci(7, "failure", 12, required=False)], NA),
        ([ci(7, "failure", 12, required=None)], UNKNOWN),
        ([ci(7, "none", 12, name=None, required=None)], UNKNOWN),
        ([], UNKNOWN),
    ],
)
def test_where_the_rules_were_never_seen_only_the_host_s_own_word_counts(checks: list[Event], verdict: Verdict) -> None:
    assert judged([*approved(), *checks])["TEST-1"].verdict is verdict


@pytest.mark.parametrize(
    ("asked", "verdict"),
    [
        ({"admins_included": True}, PASS),
        ({"admins_included": False}, FAIL),
        ({"admins_included": None}, UNKNOWN),
        ({"admins_included": True, "force_pushes": True}, FAIL),
        ({"admins_included": True, "required_approvals": None}, UNKNOWN),
        ({"protected": False, "required_approvals": None}, FAIL),
    ],
)
def test_what_the_base_asked_for_at_the_merge(asked: dict[str, object], verdict: Verdict) -> None:
    assert judged(protected(**asked))["AUTH-6"].verdict is verdict


def test_the_rules_count_as_they_were_seen_last_before_the_merge() -> None:
    weak = rules(15, "changed", required_approvals=0, admins_included=True, changed={"required_approvals": [2, 0]})
    late = rules(25, "changed", required_approvals=0, admins_included=True, changed={"required_approvals": [2, 0]})
    assert judged([*protected(admins_included=True), weak])["AUTH-6"].verdict is FAIL
    assert judged([*protected(admins_included=True), late])["AUTH-6"].verdict is PASS
    assert judged([*approved(), rules(25, admins_included=True)])["AUTH-6"].verdict is UNKNOWN


@pytest.mark.parametrize(
    ("changed", "verdict", "title"),
    [
        ({"required_approvals": [2, 0]}, FAIL, "main of bank/infra: required approvals 2 → 0"),
        ({"required_approvals": [1, 2]}, PASS, "main of bank/infra: required approvals 1 → 2"),
        ({"required_checks": [["plan", "lint"], ["plan"]]}, FAIL, "main of bank/infra: required checks plan, lint → plan"),
        ({"force_pushes": [False, True]}, FAIL, "main of bank/infra: force pushes switched on"),
        ({"admins_included": [True, False]}, FAIL, "main of bank/infra: rules for administrators too switched off"),
        ({"protected": [False, True]}, PASS, "main of bank/infra: protection switched on"),
        ({"required_approvals": [None, 0]}, UNKNOWN, "main of bank/infra: required approvals none → 0"),
        ({"tags": ["a", "b"]}, UNKNOWN, "main of bank/infra: tags a → b"),
    ],
)
def test_a_change_of_the_rules_is_a_change_of_its_own_and_judged(
    changed: dict[str, list[object]], verdict: Verdict, title: str
) -> None:
    made = change([rules(1), rules(9, "changed", changed=changed)], "rules:")
    found = {one.control: one for one in judge_all(made)}
    assert (made.title, made.state, found["AUTH-6"].verdict, found["AUTH-1"].verdict) == (title, "finished", verdict, NA)


def test_rules_that_were_only_looked_at_are_no_change() -> None:
    assert World([rules(1), rules(2, "unavailable")]).changes() == {}


def test_a_push_that_marked_a_pull_request_merged_went_past_its_branch() -> None:
    events = protected(admins_included=True)
    for event in events:
        if event.type == "pull-request":
            event.facts["merge_method"] = "push"  # type: ignore[index]
    assert judged(events)["AUTH-6"].verdict is FAIL


def test_an_approval_is_stale_after_a_later_push_and_its_pusher_is_no_independent_reviewer() -> None:
    stale = [*pull(7), review(7, human("eve"), 10, commit=sha("older")), head_push(7, human("zoe"), 12)]
    assert judged(stale)["AUTH-2b"].verdict is FAIL
    forced = [*approved(), head_push(7, human("eve"), 9, status="force_push")]
    assert (judged(forced)["SOD-1"].verdict, judged(forced)["AUTH-2"].verdict) == (FAIL, FAIL)
