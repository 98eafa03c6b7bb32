"""Who did what to a run: each way it can be told, what wins, and what stays unknown."""

from dataclasses import replace
from typing import Any

import pytest
from app.domain.actor import Actor, ActorKind, unknown
from app.domain.change import Run
from app.domain.event import Event, Keys, Step
from app.domain.policy import PolicyResult

from tests.linking.build import check, entities, event, human, overrider, run

KEYS = Keys(workspace="net-prod", run="run-1")
FAILED = [{"set": "s", "policy": "open", "level": "mandatory", "verdict": "failed", "description": "d"}]
WHY = "neither the run nor its events name who confirmed it"


def line(action: str, minutes: float, who: Actor | None, **more: Any) -> Event:
    """A run event with a word that may be new to us."""
    step = more.pop("step", Step.NOTED)
    made = event("tfe", "run-event", f"re-{action}-{minutes}", action, step, minutes, KEYS, who or unknown("no actor"), **more)
    return replace(made, known=more.get("role") is not None or step is not Step.NOTED)


SAID = line("confirmed", 28, human("cho"), role="confirmer", step=Step.CONFIRMED)


def trail(of: str, action: str, minutes: float, who: Actor, **meta: Any) -> Event:
    facts = {"resource": {"type": of, "id": "x"}, "meta": meta}
    return event("tfe", "audit", f"audit-{action}-{minutes}-{who.name}", action, Step.NOTED, minutes, KEYS, who, **facts)


def folded(*events: Event) -> Run:
    (found,) = [one for one in entities(events).values() if isinstance(one, Run)]
    return found


def unnamed(**changes: Any) -> list[Event]:
    """A run that was confirmed at 28, by nobody that it names."""
    return [one for one in run(**changes) if one.type != "run-actor"]


def over(*more: Event, at: float = 24, policies: list[dict[str, Any]] = FAILED, **facts: Any) -> PolicyResult:
    judged = check("run-1", "overridden", at, keys=KEYS, policies=policies)
    judged = replace(judged, facts={**judged.facts, "system": "policy-evaluation", "policy_kind": "opa", "parsed": True, **facts})
    return folded(*run(policy=None), judged, *more).policy[0]


@pytest.mark.parametrize(
    ("told", "name"),
    [
        ([SAID], "cho"),
        ([trail("run", "apply", 28.1, human("cho"))], "cho"),
        ([line("run_let_loose", 28.01, human("cho"))], "cho"),
        ([line("run_let_loose", 28.01, human("cho")), line("also_new", 28.02, human("eve"))], ""),
        ([line("run_let_loose", 28.01, None)], ""),
        ([line("run_let_loose", 29, human("cho"))], ""),
        ([line("commented", 28, human("cho"), role="x")], ""),
        ([trail("run", "apply", 28.1, human("cho")), trail("run", "apply", 28.2, human("eve"))], ""),
        ([trail("run", "apply", 128, human("cho"))], ""),
        ([trail("workspace", "apply", 28, human("cho"))], ""),
        (
            [trail("run", "apply", 28.1, human("eve")), line("confirmed", 28, human("cho"), role="confirmer", step=Step.CONFIRMED)],
            "cho",
        ),
    ],
)
def test_who_confirmed(told: list[Event], name: str) -> None:
    found = folded(*unnamed(), *told).confirmer
    assert found is not None
    assert found.name == name
    assert name or found.because == WHY


def test_a_word_nobody_knows_says_how_it_was_read() -> None:
    found = folded(*unnamed(), line("run_let_loose", 28.01, human("cho"))).confirmer
    assert found is not None
    assert "run_let_loose" in found.because
    assert "only act" in found.because


def test_two_deeds_of_one_moment_are_not_told_apart_by_time() -> None:
    told = [*unnamed(policy=None), check("run-1", "overridden", 28.01, keys=KEYS, policies=FAILED), line("new", 28, human("cho"))]
    found = folded(*told)
    assert found.confirmer is not None
    assert found.confirmer.name == ""
    assert found.policy[0].overridden_by is not None
    assert found.policy[0].overridden_by.name == ""


def test_the_relationship_of_the_run_comes_first() -> None:
    found = folded(*run(confirmer=human("ben")), SAID)
    assert found.confirmer is not None
    assert found.confirmer.name == "ben"


def test_what_goes_on_by_itself_is_no_person() -> None:
    automatic = folded(*run(auto_apply=True)).confirmer
    assert automatic is not None
    assert (automatic.kind, automatic.name) == (ActorKind.AUTOMATION, "auto-apply")
    destroyed = [replace(one, facts={**one.facts, "run_source": "tfe-infrastructure-lifecycle"}) for one in unnamed()]
    nobody = folded(*destroyed).confirmer
    assert nobody is not None
    assert (nobody.kind, nobody.name) == (ActorKind.AUTOMATION, "auto-destroy")


@pytest.mark.parametrize(
    ("status", "told", "name"),
    [
        ("discarded", [line("discarded", 25, human("cho"), step=Step.STOPPED)], "cho"),
        ("discarded", [line("canceled", 25, human("cho"), step=Step.STOPPED)], ""),
        ("canceled", [line("canceled", 25, human("cho"), step=Step.STOPPED)], "cho"),
        ("force_canceled", [trail("run", "force_cancel", 25, human("cho"))], "cho"),
        ("discarded", [trail("run", "discard", 25, human("cho"))], "cho"),
        ("discarded", [], ""),
    ],
)
def test_who_stopped_it(status: str, told: list[Event], name: str) -> None:
    found = folded(*run(applied=None, status=status), *told).stopper
    assert found is not None
    assert found.name == name


def test_an_override_is_attributed_with_its_comment() -> None:
    result = over(overrider("run-1", human("eve"), 24.01, "CHG-7"))
    assert result.overridden_by is not None
    assert (result.overridden_by.name, result.comment, result.system, result.engine) == ("eve", "CHG-7", "policy-evaluation", "opa")
    by_trail = over(trail("task_stage", "override", 24, human("eve"), comment="CHG-8"))
    assert by_trail.overridden_by is not None
    assert (by_trail.overridden_by.name, by_trail.comment) == ("eve", "CHG-8")
    assert over().overridden_by == unknown("no run event names who overrode the policy check")


def test_two_overrides_are_not_mixed_up() -> None:
    first = check("run-1", "overridden", 23, keys=KEYS, policies=FAILED)
    second = replace(check("run-1", "overridden", 26, keys=KEYS, policies=FAILED), ref=replace(first.ref, id="poleval-2"))
    second = replace(second, id=event("tfe", "policy-check", "poleval-2", "x", Step.NOTED, 1, KEYS).id)
    named = overrider("run-1", human("eve"), 23)
    silent = line("overridden", 26, None, step=Step.OVERRIDDEN)
    found = folded(*run(policy=None), first, second, named, silent)
    assert [one.overridden_by.name for one in found.policy if one.overridden_by] == ["eve", ""]


@pytest.mark.parametrize(
    ("system", "level", "waived"),
    [
        ("sentinel", "soft-mandatory", True),
        ("sentinel", "hard-mandatory", False),
        ("sentinel", "advisory", False),
        ("sentinel", None, True),
        ("policy-evaluation", "mandatory", True),
        ("terraform-policy", "mandatory", False),
        ("terraform-policy", "mandatory_overridable", True),
    ],
)
def test_an_override_lets_pass_what_it_can(system: str, level: str | None, waived: bool) -> None:
    result = over(overrider("run-1", human("eve"), 24), policies=[{**FAILED[0], "level": level}], system=system)
    assert (result.overridden_at is not None) is waived


def test_what_could_be_read_counts_over_what_could_not() -> None:
    read = check("run-1", "passed", 24, keys=KEYS, policies=[{**FAILED[0], "verdict": "passed"}])
    read = replace(read, facts={**read.facts, "parsed": True})
    unread = event("tfe", "policy-check", read.ref.id, "passed", Step.JUDGED, 24, KEYS, part="unread", parsed=False, policies=[])
    for order in ([read, unread], [unread, read]):
        assert [one.verdict for one in folded(*run(policy=None), *order).policy] == ["passed"]
