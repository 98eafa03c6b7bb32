"""A record that was lost before it was read, or altered after: each is a change of its own, in words, and judged."""

from typing import Any

import pytest
from app.controls import judge_all
from app.domain.change import Change, Missing
from app.domain.event import Event
from app.domain.finding import Finding, Verdict
from app.linking.says import says
from hypothesis import given
from hypothesis import strategies as st

from tests.linking.build import altered, at, history_gap, lost_heals, sha, unwitnessed
from tests.linking.world import World, change

FAIL, NA, UNKNOWN = Verdict.FAIL, Verdict.NOT_APPLICABLE, Verdict.INDETERMINATE
STOOD = {"at": at(10).isoformat(), "revisions": [sha("b")], "initiator": "user:alice"}


def judged(made: Change, control: str = "SHADOW-3") -> Finding:
    return next(one for one in judge_all(made) if one.control == control)


def gone(*numbers: int) -> list[dict[str, Any]]:
    return [{"history_id": number, "before": STOOD, "after": None} for number in numbers]


def test_lost_heals_are_called_heals_everywhere() -> None:
    made = change(lost_heals())
    assert made.title == "3 self-heals of payments-api not seen"
    (gap,) = made.gaps
    assert (gap.what, gap.size, gap.missing) == ("history gap", 3, Missing.UNOBSERVED)
    assert gap.because == "3 self-heals of payments-api came and went unseen; what they repaired is not known"
    found = judged(made)
    assert found.verdict is UNKNOWN
    assert found.because == (
        "3 self-heals of payments-api came and went unseen between 2026-10-01 09:20:00 UTC and 2026-10-01 09:48:00 UTC; "
        "what they repaired is not known"
    )
    assert judged(made, "AUTH-1").because == "3 self-heals were never seen"


def test_one_heal_is_one() -> None:
    made = change(lost_heals(size=1))
    assert made.title == "1 self-heal of payments-api not seen"
    assert judged(made).because.startswith("1 self-heal of payments-api came")
    assert judged(made).because.endswith("what it repaired is not known")


def test_a_heal_may_come_at_any_time_also_one_that_was_lost() -> None:
    assert judged(change(lost_heals()), "DEPL-6").verdict is NA
    assert judged(change(history_gap()), "DEPL-6").verdict is UNKNOWN


def test_lost_syncs_stay_what_they_were() -> None:
    made = change(history_gap())
    assert made.title == "4 syncs of payments-api not seen"
    assert judged(made).because == "history entries 5 to 8 of payments-api (4) were gone before they were read"


def test_a_rewritten_history_is_a_change_that_fails_with_what_it_was() -> None:
    made = change(altered(), "integrity:")
    assert made.title == "History of payments-api rewritten: entry 3"
    assert (made.state, made.at, made.environment.name) == ("finished", at(55), "production")
    assert [(gap.what, gap.missing) for gap in made.gaps] == [("initiator unknown", Missing.UNOBSERVED)]
    assert made.people == ()
    (moment,) = made.story
    before, after = sha("b")[:12], sha("evil")[:12]
    assert moment.says.endswith(f"; entry 3: revision {before} → {after}, initiator user:alice → user:mallory")
    found = judged(made)
    assert found.verdict is FAIL
    assert found.because == (
        "History of payments-api rewritten: entry 3: noticed at 2026-10-01 09:55:00 UTC, after it had been read; "
        "Argo CD itself never does that"
    )
    assert {one.verdict for one in judge_all(made) if one.control != "SHADOW-3"} == {NA}


def test_each_time_it_is_altered_is_a_change_of_its_own() -> None:
    events = [*altered(), *altered("shortened", 70, gone(3))]
    assert len(World(events).changes()) == 2


@pytest.mark.parametrize(
    ("events", "title", "verdict"),
    [
        (altered("shortened", changes=gone(3)), "History of payments-api shortened: entry 3 taken out", FAIL),
        (altered("shortened", changes=gone(3, 4)), "History of payments-api shortened: entries 3 and 4 taken out", FAIL),
        (altered("shortened", changes=gone(*range(9))), "History of payments-api shortened: 9 entries from 0 to 8 taken out", FAIL),
        (altered("shortened", changes=gone(3), otherwise="a lower limit"), "History of payments-api shortened: entry 3", UNKNOWN),
        (altered("restarted", changes=gone(3)), "History of payments-api begins again at a lower number", UNKNOWN),
        (altered("altered"), "Record of an operation of payments-api altered after its end", FAIL),
        (altered("bewitched"), "History of payments-api bewitched: entry 3", UNKNOWN),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_only_what_nothing_but_a_hand_can_have_done_fails(events: list[Event], title: str, verdict: Verdict) -> None:
    made = change(events)
    assert made.title.startswith(title)
    assert judged(made).verdict is verdict, judged(made).because


def test_of_what_is_gone_the_story_says_what_it_was() -> None:
    (event,) = altered("shortened", changes=gone(3))
    assert says(event).endswith(f"entry 3 was revision {sha('b')[:12]}, time {at(10).isoformat()}, initiator user:alice")


odd = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["before", "after", "history_id", "at"]), inner),
    max_leaves=8,
)


@given(odd, odd, st.sampled_from(["rewritten", "shortened", "restarted", "altered", "new"]))
def test_odd_facts_are_survived(ids: Any, changes: Any, kind: str) -> None:
    (event,) = altered(kind)
    event.facts.update(history_ids=ids, changes=changes)  # type: ignore[attr-defined]
    made = change([event])
    assert made.title
    assert says(event)
    assert judged(made).because


@pytest.mark.parametrize(
    ("at_most", "many"),
    [(3, "up to 3 operations"), (1, "up to 1 operation"), (None, "an unknown number of operations")],
)
def test_a_time_that_nobody_saw_is_a_gap_with_its_bound(at_most: int | None, many: str) -> None:
    made = change(unwitnessed(at_most=at_most))
    assert made.title == f"{many[:1].upper()}{many[1:]} of payments-api may have come and gone unseen"
    (gap,) = made.gaps
    assert (gap.what, gap.missing, gap.size) == ("possible gap", Missing.UNOBSERVED, at_most)
    assert (gap.from_, gap.to) == (at(20), at(48))
    assert gap.because == f"{many} of payments-api may have come and gone unseen: nothing was announced"
    assert made.state == "finished"
    assert many in made.story[0].says
    for control in ("AUTH-1", "AUTH-2", "DEPL-1", "DEPL-6", "SHADOW-3"):
        assert judged(made, control).verdict is UNKNOWN, control
    assert f"{many} of payments-api may have come and gone unseen between" in judged(made, "SHADOW-3").because


def test_what_only_the_counter_tells_of_is_called_operations() -> None:
    made = change(lost_heals(of="operations"))
    assert made.title == "3 operations of payments-api not seen"
    (gap,) = made.gaps
    assert (gap.what, gap.size) == ("history gap", 3)
    assert gap.because == "3 operations of payments-api came and went unseen; only Argo CD's own counter tells of them"
    assert judged(made).verdict is UNKNOWN
    assert judged(made).because.endswith("what they did is not known")
    assert judged(made, "DEPL-6").verdict is UNKNOWN, "they may have been syncs"
