"""The traps that the catalogue names: approvals that do not count, people who cannot be told apart, deeds between two clocks."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from app.canonical import stable_id
from app.controls import judge_all
from app.domain.actor import Actor
from app.domain.change import EnvironmentRule
from app.domain.event import Event
from app.domain.finding import Finding, Verdict

from tests.controls.cases import BOT_APPROVAL, M7, SERVICE, applied, approved, deployed, with_people
from tests.linking.build import commit, human, operation, pull, review, run, sha
from tests.linking.world import WINDOWS, World, change


def judged(events: list[Event], which: str, persons: dict[str, str] | None = None) -> Finding:
    made = with_people(change(events), persons or {})
    return next(one for one in judge_all(made) if one.control == which)


def test_approve_then_request_changes_is_no_approval() -> None:
    events = [*pull(7), review(7, human("eve"), 5), review(7, human("eve"), 8, "CHANGES_REQUESTED")]
    assert judged(events, "AUTH-2").verdict is Verdict.FAIL


def test_a_comment_does_not_take_an_approval_back() -> None:
    assert judged([*approved(), review(7, human("eve"), 12, "COMMENTED")], "AUTH-2").verdict is Verdict.PASS


def test_a_dismissal_counts_from_its_own_time() -> None:
    before = [*pull(7), review(7, human("eve"), 5, id_="R1"), review(7, human("eve"), 8, "DISMISSED", id_="R1")]
    after = [*pull(7), review(7, human("eve"), 5, id_="R1"), review(7, human("eve"), 30, "DISMISSED", id_="R1")]
    assert judged(before, "AUTH-2").verdict is Verdict.FAIL
    assert judged(after, "AUTH-2").verdict is Verdict.PASS


def test_a_bot_approves_nothing() -> None:
    finding = judged(BOT_APPROVAL, "AUTH-2")
    assert finding.verdict is Verdict.FAIL
    assert "mergify" in finding.because


def test_the_author_approves_nothing() -> None:
    assert judged([*pull(7), review(7, human("ana"), 10)], "AUTH-2").verdict is Verdict.FAIL


def test_an_approval_after_the_merge_is_too_late() -> None:
    assert judged([*pull(7), review(7, human("eve"), 21)], "AUTH-2").verdict is Verdict.FAIL


def test_a_reviewer_who_pushed_later_is_a_contributor() -> None:
    login = Actor("eve", id="eve", because="self-declared")
    assert judged([*approved(), commit(7, "late", 15, login)], "SOD-1").verdict is Verdict.FAIL


def test_a_co_author_is_a_contributor() -> None:
    authors = [{"name": "Ana", "email": "ana@x", "login": "ana"}, {"name": "Eve", "email": "e@x", "login": "eve"}]
    assert judged([*approved(), commit(7, "own", 2, authors=authors)], "SOD-1").verdict is Verdict.FAIL


def test_the_web_page_as_a_committer_is_nobody() -> None:
    page = {"name": "GitHub", "email": "noreply@github.com", "login": None}
    assert judged([*approved(), commit(7, "own", 2, committer=page)], "SOD-1").verdict is Verdict.PASS


def test_a_resolved_identity_decides_what_an_address_cannot() -> None:
    mail = Actor("A. Ferreira", id="ana@home.example", because="self-declared")
    events = [*approved(), commit(7, "own", 2, mail)]
    assert judged(events, "SOD-1", {"A. Ferreira": "Ana", "eve": "Eve", "ana": "Ana"}).verdict is Verdict.PASS
    assert judged(events, "SOD-1", {"A. Ferreira": "Eve", "eve": "Eve", "ana": "Ana"}).verdict is Verdict.FAIL


def test_equal_names_in_two_systems_are_not_one_person() -> None:
    events = applied(confirmer=human("ana"))
    finding = judged(events, "SOD-2")
    assert finding.verdict is Verdict.INDETERMINATE
    assert "equal names" in finding.because
    assert judged(events, "SOD-2", {"ana": "Ana"}).verdict is Verdict.FAIL


def test_a_resolved_confirmer_who_is_someone_else_passes() -> None:
    assert judged(applied(confirmer=human("cho")), "SOD-2", {"ana": "Ana", "cho": "Cho"}).verdict is Verdict.PASS


def test_a_service_account_confirms_for_nobody() -> None:
    assert judged(applied(confirmer=SERVICE), "AUTH-4").verdict is Verdict.INDETERMINATE


def test_an_apply_that_failed_on_the_way_is_in_the_population() -> None:
    made = change(applied(apply_status="errored", apply_counts=(0, 0, 0)))
    assert made.runs[0].acted_at is not None
    assert made.at == made.runs[0].acted_at


def test_other_counts_than_planned_fail() -> None:
    assert judged(applied(counts=(1, 0, 0), apply_counts=(1, 1, 0)), "DEPL-2").verdict is Verdict.FAIL


def test_an_apply_of_the_branch_before_the_merge_fails() -> None:
    events = [*pull(7, merged=60), review(7, human("eve"), 10), *run(commit=sha("head7"), number=7)]
    assert judged(events, "DEPL-1").verdict is Verdict.FAIL


def test_an_apply_of_an_open_pull_request_fails() -> None:
    events = [*pull(7, merged=None), *run(commit=sha("head7"), number=7)]
    assert judged(events, "AUTH-1").verdict is Verdict.FAIL


def test_a_failed_sync_that_wrote_nothing_did_nothing() -> None:
    refused = [{"kind": "ConfigMap", "name": "x", "status": "SyncFailed"}]
    made = change(operation(revision=sha("b"), previous=sha("a"), phase="Failed", resources=refused))
    assert made.state == "stopped"
    assert all(f.verdict is Verdict.NOT_APPLICABLE for f in judge_all(made) if f.control in ("AUTH-1", "DEPL-5"))


def test_the_environment_never_changes_a_verdict() -> None:
    """However a change is classified, it is judged alike; DEPL-6 asks for the windows that are set, of whatever class."""
    events = [*pull(7), *run(commit=M7)]
    for cls in ("prod", "non-prod"):
        world = World(events).changes((EnvironmentRule("production", cls, ("*",), windows=WINDOWS),))
        (made,) = world.values()
        assert made.environment.cls == cls
        assert judge_all(made) == judge_all(change(events))


def test_a_hard_failure_that_stopped_the_run_leaves_only_what_was_merged_to_judge() -> None:
    events = [*approved(), *run(commit=M7, policy="hard_failed", applied=None, status="errored")]
    made = change(events)
    assert made.state == "stopped"
    done = {"AUTH-3", "AUTH-4", "SOD-2", "TEST-3", "TEST-4", "DEPL-1", "DEPL-2", "DEPL-5"}
    assert {f.verdict for f in judge_all(made) if f.control in done} == {Verdict.NOT_APPLICABLE}


def test_health_counts_as_it_stood_ten_minutes_after_the_end() -> None:
    events = deployed()
    assert judged([*events, _sick(events, minutes=60)], "DEPL-5").verdict is Verdict.PASS
    assert judged([*events, _sick(events, minutes=5)], "DEPL-5").verdict is Verdict.FAIL


def _sick(events: list[Event], minutes: int) -> Event:
    seen = next(event for event in events if event.type == "health")
    later = seen.occurred_at + timedelta(minutes=minutes)
    return replace(seen, id=stable_id(str(seen.id), "sick"), status="Degraded", occurred_at=later)


@pytest.mark.parametrize(
    ("kind", "facts", "verdict", "because"),
    [
        ("manual", {"also": ["force"]}, Verdict.FAIL, "was forced"),
        ("manual", {"also": ["replace", "retry"]}, Verdict.FAIL, "replaced objects instead of applying them"),
        ("manual", {"resources": [{"kind": "Job", "name": "x", "status": "Pruned"}]}, Verdict.FAIL, "pruned 1 resource by hand"),
        ("automated", {"resources": [{"kind": "Job", "name": "x", "status": "Pruned"}]}, Verdict.PASS, "in the ordinary way"),
        ("manual", {"also": ["pruning", "retry"]}, Verdict.PASS, "in the ordinary way"),
        ("injected", {}, Verdict.INDETERMINATE, "put in past the API"),
    ],
)
def test_elevated_modes_of_a_sync(kind: str, facts: dict[str, Any], verdict: Verdict, because: str) -> None:
    found = judged(operation(revision=M7, previous=sha("old"), kind=kind, automated=kind == "automated", **facts), "DEPL-3")
    assert (found.verdict, because in found.because) == (verdict, True)


def test_an_approved_pull_request_covers_a_forced_sync() -> None:
    finding = judged(deployed(also=["force"]), "DEPL-3")
    assert finding.verdict is Verdict.EXCEPTION
