"""Every control: each verdict it declares has a story, and no story gets a verdict that is not declared."""

import pytest
from app.controls import CONTROLS, control, judge_all
from app.controls.frameworks import FRAMEWORKS, SERVES, controls_of
from app.domain.event import Event
from app.domain.finding import Verdict, worst
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.controls.cases import CASES
from tests.linking.world import World, change


@pytest.mark.parametrize(("which", "expected"), CASES, ids=lambda value: str(value))
def test_a_story_gets_its_verdict(which: str, expected: Verdict) -> None:
    finding = next(one for one in judge_all(_subject(CASES[which, expected])) if one.control == which)
    assert finding.verdict is expected, finding.because
    assert len(finding.because) > 10


def _subject(events: list[Event]):  # type: ignore[no-untyped-def]
    """The change on the pull request, where there is one with acts; else the one on whatever stands alone."""
    changes = World(events).changes()
    alone = sorted(key for key in changes if not key.startswith("pr:"))
    return changes[alone[0]] if alone else change(events, "pr:")


def test_each_control_has_a_story_for_each_verdict_it_declares() -> None:
    declared = {(one.id, verdict) for one in CONTROLS for verdict in one.verdicts}
    assert declared == set(CASES)


def test_not_applicable_and_indeterminate_are_never_missing() -> None:
    for one in CONTROLS:
        assert {Verdict.PASS, Verdict.NOT_APPLICABLE, Verdict.INDETERMINATE} <= one.verdicts, one.id


def test_ids_are_unique_and_every_control_serves_frameworks() -> None:
    ids = [one.id for one in CONTROLS]
    assert len(ids) == len(set(ids))
    assert set(SERVES) == set(ids)
    assert all(one.frameworks and one.rule.endswith(".") for one in CONTROLS)
    assert all(controls_of(framework) for framework in FRAMEWORKS)
    assert {clause.framework for one in CONTROLS for clause in one.frameworks} == set(FRAMEWORKS)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_no_control_raises_or_leaves_its_verdicts_on_a_torn_record(data: st.DataObject) -> None:
    """Half a story is a story: events that have not come yet, or never will."""
    events = data.draw(st.sampled_from(list(CASES.values())))
    kept = [event for event in events if data.draw(st.booleans())]
    for one in World(kept).changes().values():
        findings = judge_all(one)
        assert [finding.control for finding in findings] == [each.id for each in CONTROLS]
        for finding in findings:
            found = control(finding.control)
            assert found is not None
            assert finding.verdict in found.verdicts
        assert worst([finding.verdict for finding in findings]) in Verdict


def test_nothing_known_is_never_a_pass() -> None:
    """A change of which only its root is known gets no pass for what was not seen."""
    passing = {("AUTH-2", "SOD-1", "TEST-3", "TEST-4", "DEPL-1", "DEPL-5", "SOD-2", "AUTH-4")}
    for one in World(CASES["AUTH-2", Verdict.NOT_APPLICABLE]).changes().values():
        assert not {f.control for f in judge_all(one) if f.verdict is Verdict.PASS} & set(*passing)
