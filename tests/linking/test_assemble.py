"""What a change says of itself: state, times, environment, people, gaps, story."""

import pytest
from app.domain.actor import Role, unknown
from app.domain.change import UNCLASSIFIED, EnvironmentRule, Missing, change_id
from app.domain.event import Event
from app.linking.assemble import assemble

from tests.linking.build import (
    APPS,
    at,
    check,
    commit,
    drift,
    entries,
    human,
    operation,
    operation_id,
    overrider,
    pull,
    review,
    run,
    sha,
)
from tests.linking.world import RULES, World, change

M7 = sha("merge7")
SPECULATIVE = run("run-s", kind="plan_only", number=7, commit=sha("head7"), created=5)


@pytest.mark.parametrize(
    ("events", "state"),
    [
        (pull(7, merged=None), "proposed"),
        (pull(7, merged=None) + SPECULATIVE, "proposed"),
        (pull(7, merged=None, closed=9), "stopped"),
        (pull(7), "in progress"),
        (pull(7) + run(commit=M7, applied=None), "in progress"),
        (pull(7) + run(commit=M7), "finished"),
        (pull(7) + run(commit=M7, applied=None, status="discarded"), "stopped"),
        (pull(7) + run(commit=M7, apply_status="errored"), "finished"),
        (run(commit=None, kind="plan_only"), "finished"),
        (operation(phase="Running", revision=sha("b")), "in progress"),
        (operation(phase="Error", revision=sha("b")), "stopped"),
        (drift(40), "in progress"),
        (drift(40, ended=41), "finished"),
    ],
)
def test_state_follows_from_the_record(events: list[Event], state: str) -> None:
    assert change(events).state == state


def test_times_are_those_of_the_sources() -> None:
    made = change(pull(7) + SPECULATIVE + run(commit=M7))
    assert (made.opened_at, made.at, made.finished_at) == (at(0), at(30), at(30))
    assert change(pull(7, merged=None)).at == at(0)
    assert change(pull(7, merged=None)).finished_at is None


def test_number_and_id_come_from_the_root() -> None:
    events = run(commit=M7) + pull(7)
    made = change(events)
    assert made.number == len(run(commit=M7))
    assert made.id == change_id("pr:github:bank/infra#7")


def test_a_root_without_an_entry_is_refused() -> None:
    world = World(pull(7))
    with pytest.raises(ValueError, match="no entry"):
        assemble(world.entities["pr:github:bank/infra#7"], [], [], entries(run()), RULES)


def test_it_wears_the_most_critical_environment_and_lists_all() -> None:
    both = run(commit=M7, workspace="net-staging") + run("run-2", commit=M7, workspace="net-prod")
    made = change(pull(7) + both)
    assert [one.name for one in made.environments] == ["production", "staging"]
    assert made.environment.cls == "prod"


def test_what_no_rule_knows_is_unclassified_and_stands_before_non_production() -> None:
    made = change(pull(7) + run(commit=M7, workspace="net-staging") + run("run-2", commit=M7, workspace="sandbox"))
    assert made.environment == UNCLASSIFIED


def test_the_first_rule_wins() -> None:
    rules = (EnvironmentRule("special", "non-prod", ("net-prod",)), *RULES)
    (made,) = World(run(commit=None)).changes(rules).values()
    assert made.environment.name == "special"


def test_projects_and_destinations_classify_applications() -> None:
    assert change(operation(revision=sha("b"))).environment.name == "production"
    rules = (EnvironmentRule("payments", "prod", projects=("payments-*",)),)
    (made,) = World(drift(40)).changes(rules).values()
    assert made.environment.name == "payments"


def test_everyone_is_named_in_their_role() -> None:
    events = [*pull(7), review(7, human("eve"), 10), commit(7, "own", 2), *run(commit=M7), overrider("run-1", human("max"), 24)]
    events.append(check("run-1", "overridden", 24, policies=[{"policy": "tags", "level": "soft-mandatory", "verdict": "failed"}]))
    found = {(person.role, person.name, person.source) for person in change(events).people}
    assert found == {
        (Role.AUTHOR, "ana", "github"),
        (Role.CONTRIBUTOR, "ana", "github"),
        (Role.REVIEWER, "eve", "github"),
        (Role.APPROVER, "eve", "github"),
        (Role.MERGER, "ben", "github"),
        (Role.CREATOR, "tfe-bot", "tfe"),
        (Role.CONFIRMER, "cho", "tfe"),
        (Role.OVERRIDER, "max", "tfe"),
    }


def test_somebody_unknown_is_a_gap_and_not_a_person() -> None:
    made = change(operation(revision=sha("b"), kind="manual", who=unknown("it was not announced")))
    assert made.people == ()
    assert [gap.missing for gap in made.gaps if gap.what == "initiator unknown"] == [Missing.UNOBSERVED]


@pytest.mark.parametrize(
    ("events", "gaps"),
    [
        (pull(7, merged=None), {("no approval", Missing.PENDING)}),
        (pull(7), {("no approval", Missing.ABSENT), ("no run or sync", Missing.PENDING)}),
        ([*pull(7), review(7, human("eve"), 5), *run(commit=M7, policy=None)], {("no policy", Missing.ABSENT)}),
        ([*pull(7), review(7, human("eve"), 5), *run(commit=M7)], set()),
    ],
)
def test_each_missing_step_says_why(events: list[Event], gaps: set[tuple[str, Missing]]) -> None:
    made = change(events)
    assert {(gap.what, gap.missing) for gap in made.gaps} == gaps
    assert all(gap.because for gap in made.gaps)


def test_health_that_nobody_saw_is_a_gap() -> None:
    made = change(operation(revision=sha("b"), health=None))
    assert "health" in {gap.what for gap in made.gaps}


def test_a_sync_known_from_the_history_only_says_so() -> None:
    made = change(operation(revision=sha("b"), type_="history", how="reconstructed"))
    assert made.operations[0].phase == "Succeeded"
    assert "not observed" in {gap.what for gap in made.gaps}


def test_the_story_is_in_the_words_of_the_sources() -> None:
    events = [*pull(7), review(7, human("eve"), 10), *run(commit=M7, counts=(3, 1, 0))]
    says = [moment.says for moment in change(events).story]
    assert says[0] == "pull request bank/infra#7 opened: Change 7"
    assert f"review of bank/infra#7: APPROVED, of {sha('head7')[:12]}" in says
    assert "plan of run-1 finished: 3 to add, 1 to change, 0 to destroy" in says
    assert "run-1 applied: 3 added, 1 changed, 0 destroyed" in says
    assert "run-1 confirmed-by cho" in says
    assert all(says)


def test_hostile_facts_are_absent_values() -> None:
    events = pull(7) + run(commit=M7) + operation(revision=sha("b")) + drift(40, ended=41)
    for event in events:
        for name in event.facts:
            event.facts[name] = {"<script>": [None, -1]}  # type: ignore[index]
    for made in World(events).changes().values():
        assert made.title
        assert all(moment.says for moment in made.story)


def test_a_reverted_phase_and_a_finish_between_attempts_are_not_an_end() -> None:
    retrying = operation(revision=sha("b"), phase="Running", finished_at=at(26).isoformat(), retry_count=2)
    made = change(retrying)
    assert (made.state, made.operations[0].finished_at, made.operations[0].retry_count) == ("in progress", None, 2)


def test_an_operation_put_in_past_the_api_blames_nobody() -> None:
    nobody = unknown("nothing announced it")
    events = operation(revision=sha("b"), kind="injected", phase="Succeeded", who=nobody)
    events += operation(revision=sha("b"), kind="manual", type_="history", who=human("alice"), health=None)
    assert change(events).operations[0].initiator == nobody


def test_one_heal_in_a_drift_is_shown_with_it() -> None:
    events = drift(40, ended=45, ended_by=operation_id(44)) + operation(44, kind="self-heal", revision=sha("b"), previous=sha("b"))
    made = change(events, "drift:")
    assert {moment.type for moment in made.story} == {"drift", "operation", "health"}
    assert made.title == "Live state of payments-api left the declared one"
    assert APPS in {operation.repository for operation in made.operations}
