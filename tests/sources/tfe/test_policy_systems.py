"""Three policy systems, run tasks and cost estimates, from the server's answers to events; and what is not asked for."""

from datetime import timedelta
from typing import Any

import pytest
from app.demo.fakes import tfe_policies as stages
from app.demo.fakes.tfe_state import PolicyState, RunState
from app.domain.event import How
from app.sources.tfe.policy import check_facts, levels_open
from app.sources.tfe.policy_log import level_of, read_policy_log
from app.sources.tfe.policy_systems import told_none
from app.sources.tfe.wire import Resource

from tests.sources.harness import events_of, observations_of
from tests.sources.tfe.conftest import Bench, told

OPEN = PolicyState("net", "no-public", False, "hard-mandatory", "No public address")
FINE = PolicyState("net", "tags")


def planned(bench: Bench, hours: float = 3) -> RunState:
    run = bench.run(hours=hours)
    run.plan(run.created_at + timedelta(minutes=1), 1)
    return run


def test_a_mandatory_evaluation_that_was_overridden(bench: Bench) -> None:
    run = planned(bench)
    at = run.created_at
    run.evaluate(at + timedelta(minutes=2), [OPEN, FINE])
    stages.override_stage(run, at + timedelta(minutes=10), bench.state.user("carol"), "CHG-7")
    pages = bench.look()
    (over,) = told(pages, "policy-check", "overridden", run.id)
    assert (over.facts["system"], over.facts["policy_kind"], over.facts["stage"]) == ("policy-evaluation", "opa", "post_plan")
    assert [(p["set"], p["policy"], p["level"], p["verdict"]) for p in over.facts["policies"]] == [
        ("net", "no-public", "mandatory", "failed"),
        ("net", "tags", "mandatory", "passed"),
    ]
    assert over.how is How.OBSERVED
    assert {e.status for e in told(pages, "task-stage", run=run.id)} == {"running", "awaiting_override", "passed"}
    assert over.observation in {o.digest for o in observations_of(pages)}


def test_a_stage_that_went_on_overrode_what_had_failed_in_it(bench: Bench) -> None:
    run = planned(bench)
    run.evaluate(run.created_at + timedelta(minutes=2), [OPEN])
    at = run.created_at + timedelta(minutes=10)
    stages.override_stage(run, at, bench.state.user("carol"), told=False)
    (over,) = told(bench.look(), "policy-check", "overridden", run.id)
    assert (over.how, over.occurred_at) == (How.RECONSTRUCTED, at)
    assert "went on" in over.facts["dated_by"]


def test_a_time_that_the_server_writes_over_is_kept_when_it_was_seen_before(bench: Bench) -> None:
    run = planned(bench, hours=0.1)
    run.evaluate(bench.now, [OPEN])
    first = told(bench.look(), "task-stage", "running", run.id)
    stages.override_stage(run, bench.now, bench.state.user("carol"))
    second = told(bench.look(), "task-stage", "running", run.id)
    assert len(first) == len(second) == 1
    assert first[0].id != second[0].id


def test_run_tasks_and_their_override(bench: Bench) -> None:
    run = planned(bench)
    stages.task(run, run.created_at + timedelta(minutes=2), "infracost", message="within budget")
    stages.task(run, run.created_at + timedelta(minutes=3), "scanner", passed=False, message="2 findings")
    stages.override_stage(run, run.created_at + timedelta(minutes=9), bench.state.user("carol"), "agreed")
    pages = bench.look()
    told_tasks = {e.facts["task"]: (e.status, e.facts["level"], e.facts["message"]) for e in told(pages, "task-result")}
    assert told_tasks == {
        "infracost": ("passed", "mandatory", "within budget"),
        "scanner": ("failed", "mandatory", "2 findings"),
    }
    (over,) = told(pages, "task-stage", "overridden", run.id)
    assert (over.step.value, over.actor.name if over.actor else None) == ("overridden", "")
    assert not told(pages, "policy-check")


def test_terraform_policy_is_read_with_its_own_levels(bench: Bench) -> None:
    run = planned(bench)
    policies = [PolicyState("tf", "size", False, "soft-mandatory", "Not too big"), PolicyState("tf", "names", False, "advisory")]
    stages.terraform_policy(run, run.created_at + timedelta(minutes=2), policies)
    pages = bench.look()
    (waits,) = told(pages, "policy-check", "awaiting_override", run.id)
    assert (waits.facts["system"], waits.facts["counts"]["mandatory_failed"], waits.known) == ("terraform-policy", 1, True)
    assert [(p["policy"], p["level"]) for p in waits.facts["policies"]] == [
        ("size", "mandatory_overridable"),
        ("names", "advisory"),
    ]
    stages.override_terraform(run, bench.now, bench.state.user("carol"))
    assert told(bench.look(), "policy-check", "overridden", run.id)


def test_a_cost_estimate_is_told(bench: Bench) -> None:
    run = planned(bench)
    stages.estimate(run, run.created_at + timedelta(minutes=2), "100.0", "142.5", "42.5")
    (cost,) = told(bench.look(), "cost-estimate", "finished", run.id)
    assert (cost.facts["prior"], cost.facts["proposed"], cost.facts["delta"], cost.facts["resources"]) == (
        "100.0",
        "142.5",
        "42.5",
        3,
    )


def test_what_policies_print_is_in_nothing_that_is_kept(bench: Bench) -> None:
    run = planned(bench)
    stages.estimate(run, run.created_at + timedelta(minutes=1), "1", "2", "1")
    stages.task(run, run.created_at + timedelta(minutes=2), "scanner", passed=False)
    run.evaluate(run.created_at + timedelta(minutes=2), [OPEN], kind="sentinel")
    other = planned(bench)
    stages.terraform_policy(other, other.created_at + timedelta(minutes=2), [OPEN])
    checked = planned(bench)
    checked.policy(checked.created_at + timedelta(minutes=2), [PolicyState("a", "x", False, "soft-mandatory"), OPEN])
    bench.source = bench.connect(policy_log=True)
    pages = bench.look()
    text = "".join(o.body.decode() for o in observations_of(pages)) + repr(events_of(pages)) + repr(bench.memory)
    for planted in ("planted", "_archivist"):
        assert planted not in text
    assert bench.state.policies.leaked == []


def test_a_server_that_spells_its_includes_with_dashes(bench: Bench) -> None:
    bench.state.policies.include_dashes = True
    run = planned(bench)
    run.evaluate(run.created_at + timedelta(minutes=2), [FINE])
    assert told(bench.look(), "policy-check", "passed", run.id)
    assert bench.asked("/task-stages/") == 2


def test_a_stage_needs_one_request_and_a_settled_one_none(bench: Bench) -> None:
    run = planned(bench, hours=1)
    run.evaluate(run.created_at + timedelta(minutes=2), [FINE])
    run.policy(run.created_at + timedelta(minutes=3), [FINE])
    bench.look()
    asked = {part: bench.asked(part) for part in ("task-stages", "policy-set-outcomes", "policy-checks", "run-events")}
    assert asked == {"task-stages": 1, "policy-set-outcomes": 1, "policy-checks": 1, "run-events": 1}
    for _ in range(3):  # the run is open, and looked at again
        bench.later(hours=2)
        assert events_of(bench.look()) == []
    assert {part: bench.asked(part) for part in asked} == asked
    run.comment(bench.now, bench.state.user("dave"), "Seen")
    bench.later(hours=2)
    assert told(bench.look(), "run-event", "commented", run.id)
    assert {part: bench.asked(part) for part in asked} == asked | {"run-events": 2}


def test_what_may_still_change_is_read_again(bench: Bench) -> None:
    run = planned(bench, hours=1)
    run.policy(run.created_at + timedelta(minutes=3), [PolicyState("a", "x", False, "soft-mandatory")])
    bench.look()
    run.override(bench.later(minutes=30), bench.state.user("carol"), "agreed")
    assert told(bench.look(), "policy-check", "overridden", run.id)


LOG = """Sentinel Result: false

2 policies evaluated.

## Policy 1: net/no-public (hard-mandatory)

Result: false

FALSE - no-public.sentinel:1:1 - Rule "main"

## Policy 2: tags.sentinel (advisory)

Result: true
"""


def test_the_log_names_levels_and_verdicts() -> None:
    found = read_policy_log([LOG[:40].encode(), LOG[40:].encode()])
    assert found is not None
    assert [(one.policy, one.level, one.verdict) for one in found] == [
        ("net/no-public", "hard-mandatory", "failed"),
        ("tags.sentinel", "advisory", "passed"),
    ]
    assert level_of("no-public", "net", found) == "hard-mandatory"
    assert level_of("tags", "net", found) == "advisory"
    assert level_of("other", "net", found) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<html>",
        LOG.replace("2 policies", "3 policies"),
        LOG.replace("Policy 2", "Policy 7"),
        LOG + "## Policy 3: forged (advisory)\n",
        LOG.replace('FALSE - no-public.sentinel:1:1 - Rule "main"', "## Policy 2: net/no-public (advisory)"),
        "2 policies evaluated.\n" + "x" * 100_000,
        "## Policy 1: a (advisory)\n1 policies evaluated.\n",
    ],
)
def test_a_log_whose_headings_are_not_those_it_counts_tells_nothing(text: str) -> None:
    assert read_policy_log([text.encode()]) is None


def test_levels_of_several_failures_are_not_guessed() -> None:
    def one(name: str) -> dict[str, object]:
        return {"allowed-failure": False, "policy": f"s/{name}", "result": False}

    sentinel = {"data": {"s": {"can-override": False, "policies": [one("a"), one("b")]}}}
    mixed = {"soft-failed": 1, "hard-failed": 1, "sentinel": sentinel}
    assert [p["level"] for p in check_facts(mixed)["policies"]] == [None, None]
    assert levels_open(mixed, every=False)
    hard = {"soft-failed": 0, "hard-failed": 2, "sentinel": sentinel}
    assert [p["level"] for p in check_facts(hard)["policies"]] == ["hard-mandatory", "hard-mandatory"]
    assert not levels_open(hard, every=False)


def test_the_log_is_asked_where_a_level_is_open_that_matters(bench: Bench) -> None:
    run = planned(bench)
    run.policy(run.created_at + timedelta(minutes=2), [OPEN, PolicyState("net", "cost", False, "soft-mandatory"), FINE])
    (judged,) = told(bench.look(), "policy-check", "hard_failed", run.id)
    assert {p["policy"]: p["level"] for p in judged.facts["policies"]} == {
        "no-public": "hard-mandatory",
        "cost": "soft-mandatory",
        "tags": "hard-mandatory",
    }
    assert bench.asked("/output") == 1


def test_levels_of_what_passed_are_read_where_the_bank_wants_them(bench: Bench) -> None:
    run = planned(bench)
    run.policy(run.created_at + timedelta(minutes=2), [FINE])
    (plain,) = told(bench.look(), "policy-check", "passed", run.id)
    assert plain.facts["policies"][0]["level"] is None
    assert bench.asked("/output") == 0
    bench.memory.clear()
    bench.source = bench.connect(policy_log=True)
    (levelled,) = told(bench.look(), "policy-check", "passed", run.id)
    assert levelled.facts["policies"][0]["level"] == "hard-mandatory"


def test_a_log_that_is_not_there_stops_nothing_and_is_told_when_it_is(bench: Bench) -> None:
    bench.state.policies.no_logs = True
    bench.source = bench.connect(policy_log=True)
    run = planned(bench, hours=1)
    run.policy(run.created_at + timedelta(minutes=2), [FINE])
    (before,) = told(bench.look(), "policy-check", "passed", run.id)
    assert before.facts["policies"][0]["level"] is None
    bench.state.policies.no_logs = False
    bench.later(hours=1)
    (after,) = told(bench.look(), "policy-check", "passed", run.id)
    assert after.facts["policies"][0]["level"] == "hard-mandatory"
    assert before.id != after.id


@pytest.mark.parametrize(
    ("what", "linked", "stamps", "none"),
    [
        ("policy-checks", [], {"planned-at": "x"}, True),
        ("policy-checks", [], {"policy-checked-at": "x"}, False),
        ("policy-checks", None, {}, False),
        ("policy-checks", [{"id": "polchk-1"}], {}, False),
        ("task-stages", [], {"cost-estimated-at": "x"}, True),
        ("task-stages", [], {"post-plan-running-at": "x"}, False),
        ("run-events", [], {}, False),
    ],
)
def test_none_is_believed_unless_the_run_itself_says_otherwise(what: str, linked: Any, stamps: Any, none: bool) -> None:
    relations = {} if linked is None else {what: {"data": linked}}
    run = Resource("run-1", "runs", {"attributes": {"status": "applied", "status-timestamps": stamps}, "relationships": relations})
    assert told_none(run, what) is none
