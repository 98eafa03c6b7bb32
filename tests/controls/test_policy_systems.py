"""Overrides, automatic applies and service accounts of Terraform Enterprise, as the controls judge them."""

from dataclasses import replace
from typing import Any

import pytest
from app.controls import judge_all
from app.domain.actor import Actor, ActorKind
from app.domain.event import Event
from app.domain.finding import Finding, Verdict

from tests.controls.cases import M7, approved
from tests.linking.build import check, human, overrider, pull, run
from tests.linking.world import change

PASS, FAIL, EXCEPTION = Verdict.PASS, Verdict.FAIL, Verdict.EXCEPTION
NA, UNKNOWN = Verdict.NOT_APPLICABLE, Verdict.INDETERMINATE
ROBOT = Actor("team-deploy", ActorKind.SERVICE, "user-9")


def judged(events: list[Event], which: str) -> Finding:
    return next(one for one in judge_all(change(events)) if one.control == which)


def evaluated(status: str, *more: Event, level: str = "mandatory", engine: str = "opa", **facts: Any) -> list[Event]:
    """An applied run whose policy evaluation failed at this level."""
    failed = [{"set": "net", "policy": "no-public", "level": level, "verdict": "failed", "description": ""}]
    one = check("run-1", status, 24, policies=failed)
    told = {"system": "policy-evaluation", "policy_kind": engine, "parsed": True, **facts}
    return [*approved(), *run(commit=M7, policy=None), replace(one, facts={**one.facts, **told}), *more]


def sourced(name: str, **changes: Any) -> list[Event]:
    """A run that was begun by something else than a commit, and confirmed by nobody."""
    told = [one for one in run(commit=M7, **changes) if one.type != "run-actor"]
    return [replace(one, facts={**one.facts, "run_source": name}) for one in told]


@pytest.mark.parametrize(
    ("events", "verdict", "words"),
    [
        (evaluated("overridden", overrider("run-1", human("eve"), 24, "CHG-7")), EXCEPTION, "no-public (mandatory) in run-1"),
        (evaluated("overridden", overrider("run-1", human("eve"), 24, ""), engine="sentinel"), FAIL, "hard- or soft-mandatory"),
        (evaluated("overridden", overrider("run-1", ROBOT, 24)), UNKNOWN, "service account team-deploy"),
        (evaluated("overridden"), UNKNOWN, "not known"),
        (evaluated("failed"), FAIL, "no-public (mandatory)"),
        (evaluated("awaiting_override", system="terraform-policy"), FAIL, "awaiting_override"),
    ],
)
def test_policies_of_an_evaluation(events: list[Event], verdict: Verdict, words: str) -> None:
    finding = judged(events, "TEST-3")
    assert (finding.verdict, words in finding.because) == (verdict, True), finding.because


def test_who_overrode_an_evaluation_had_no_part_in_the_work() -> None:
    own = judged(evaluated("overridden", overrider("run-1", human("tfe-bot"), 24)), "SOD-3")
    assert own.verdict is FAIL
    robot = judged(evaluated("overridden", overrider("run-1", ROBOT, 24)), "SOD-3")
    assert (robot.verdict, "service account team-deploy" in robot.because) == (UNKNOWN, True)


@pytest.mark.parametrize(
    ("events", "auth", "sod", "words"),
    [
        ([*approved(), *sourced("tfe-run-trigger", auto_apply=True)], UNKNOWN, NA, "after a run trigger"),
        ([*pull(7), *sourced("tfe-run-trigger", auto_apply=True)], FAIL, NA, "after a run trigger"),
        ([*pull(7), *sourced("tfe-infrastructure-lifecycle", kind="destroy")], FAIL, NA, "schedule of destruction"),
        ([*approved(), *sourced("tfe-infrastructure-lifecycle", kind="destroy")], UNKNOWN, NA, "not of why it ran"),
        ([*approved(), *run(commit=M7, auto_apply=True)], PASS, NA, "authorised by the approval of #7"),
        ([*approved(), *run(commit=M7, confirmer=ROBOT)], UNKNOWN, UNKNOWN, "service account team-deploy"),
        ([*approved(), *sourced("tfe-run-trigger")], UNKNOWN, UNKNOWN, "who confirmed it"),
    ],
)
def test_what_nobody_confirmed(events: list[Event], auth: Verdict, sod: Verdict, words: str) -> None:
    found = judged(events, "AUTH-4")
    assert (found.verdict, words in found.because) == (auth, True), found.because
    assert judged(events, "SOD-2").verdict is sod


def test_a_scheduled_destroy_without_anything_else_is_authorised_by_nobody() -> None:
    events = [replace(one, keys=replace(one.keys, commits=(), repository=None)) for one in sourced("tfe-infrastructure-lifecycle")]
    finding = judged(events, "AUTH-4")
    assert (finding.verdict, "no approval authorises it" in finding.because) == (FAIL, True)


def test_an_evaluation_without_a_single_policy_is_no_pass() -> None:
    empty = check("run-1", "passed", 24, policies=[])
    events = [*approved(), *run(commit=M7, policy=None), replace(empty, facts={**empty.facts, "system": "policy-evaluation"})]
    assert judged(events, "TEST-4").verdict is FAIL
    assert judged(events, "TEST-3").verdict is UNKNOWN
