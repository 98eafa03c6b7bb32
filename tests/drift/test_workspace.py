"""Episodes of a workspace: what plans name, what health assessments count, and when neither tells."""

import pytest
from app.domain.drift import Blindness, Cause, Ended, State
from app.domain.event import Event

from tests.drift.build import WS, assessment, at, of_workspace, only, plan, run, told

SIZE = ("aws_db_instance.main", "update", ("instance_class", "tags"))
GONE = ("aws_route.statements", "delete", ())


def test_an_episode_began_after_the_last_plan_that_did_not_show_it() -> None:
    one = only([plan(0, "run-1"), plan(10, "run-2", SIZE)])
    assert (one.onset_after, one.onset_before, one.state, one.cause) == (at(0), at(10), State.OPEN, Cause.LIVE_EDIT)
    assert (one.kind, one.name, one.workspace, one.project) == ("aws_db_instance", "aws_db_instance.main", WS, "banking")
    assert [(c.path, c.told) for c in one.changes or ()] == [("instance_class", False), ("tags", False)]
    assert one.person
    assert "outside of it" in one.person.because
    assert only([plan(10, "run-2", GONE)]).cause is Cause.MISSING
    assert only([plan(10, "run-2", GONE)]).onset_after is None


@pytest.mark.parametrize(
    ("events", "by", "when", "operation"),
    [
        ([run(12, "run-2")], Ended.RUN, 12, "run:tfe-prod:run-2"),
        ([run(12, "run-2", kind="refresh_only")], Ended.RUN, 12, "run:tfe-prod:run-2"),
        ([run(12, "run-2", "discarded"), plan(20, "run-3")], Ended.BY_HAND, 20, None),
        ([plan(15, "run-3", SIZE), plan(20, "run-4")], Ended.BY_HAND, 20, None),
        ([assessment(30, "undrifted")], Ended.BY_HAND, 30, None),
        ([of_workspace("workspace", "deleted", 40, "ws-1")], Ended.REMOVED, 40, None),
    ],
)
def test_what_ended_it(events: list[Event], by: Ended, when: int, operation: str | None) -> None:
    one = only([plan(0, "run-1"), plan(10, "run-2", SIZE), *events])
    assert (one.state, one.ended_by, one.ended_at, one.ended_operation) == (State.CLOSED, by, at(when), operation)


def test_a_plan_that_is_told_after_its_run_was_applied_tells_of_an_episode_that_is_over() -> None:
    one = only([plan(0, "run-1"), run(12, "run-2"), plan(10, "run-2", SIZE)])
    assert (one.onset_before, one.ended_at, one.ended_by) == (at(10), at(12), Ended.RUN)


def test_a_plan_in_parts_is_one_look_and_one_told_late_is_none() -> None:
    parts = [plan(10, "run-2", SIZE, part=0, parts=2), plan(10, "run-2", GONE, part=1, parts=2)]
    assert len(told(parts)[0]) == 2
    assert not told(parts[:1])[0]
    assert not told([plan(20, "run-3"), plan(10, "run-2", SIZE)])[0]


def test_an_assessment_counts_and_says_neither_which_nor_why() -> None:
    found = [assessment(0, "undrifted"), assessment(10, "drifted", 3, "a", onset_after=at(0).isoformat())]
    one = only(found)
    assert (one.kind, one.name, one.size, one.counted, one.onset_after) == ("", "", 3, False, at(0))
    assert (one.cause, one.changes, one.told_by) == (Cause.UNKNOWN, None, 1)
    more = only([*found, assessment(20, "drifted", 5, "a")])
    assert (more.size, more.onset_before) == (5, at(10))
    over = only([*found, run(15, "run-9"), assessment(30, "undrifted")])
    assert (over.ended_by, over.ended_at, over.ended_operation) == (Ended.RUN, at(15), "run:tfe-prod:run-9")


def test_what_was_merged_and_never_applied_is_the_cause_where_a_plan_names_nothing_else() -> None:
    found = [run(1, "run-0"), assessment(10, "drifted", 3, "a"), run(12, "run-1", "discarded")]
    assert Cause.MERGED_NOT_APPLIED in {one.cause for one in only(found).possible}
    one = only([*found, plan(20, "run-2")])
    assert (one.cause, one.because.split()[0]) == (Cause.MERGED_NOT_APPLIED, "run-1")
    assert only([*found, plan(20, "run-2"), run(25, "run-2")]).cause is Cause.UNKNOWN


@pytest.mark.parametrize(
    ("event", "why"),
    [
        (assessment(20, "failed", because="provider timed out"), Blindness.UNKNOWN),
        (assessment(20, "unknown", because="run-9 is errored", unknown_since=at(10).isoformat()), Blindness.SKIPPED),
        (of_workspace("workspace", "created", 20, "ws-1", settings={"assessments_enabled": False}), Blindness.SKIPPED),
        (of_workspace("workspace", "changed", 20, "ws-1", changed={"assessments_enabled": [True, False]}), Blindness.SKIPPED),
        (of_workspace("workspace", "unavailable", 20, "ws-1"), Blindness.UNREAD),
    ],
)
def test_when_nobody_can_tell_drift_is_unknown_and_never_over(event: Event, why: Blindness) -> None:
    episodes, spots, last = told([assessment(10, "drifted", 3, "a"), event])
    assert [(one.state, one.ended_at) for one in episodes.values()] == [(State.UNKNOWN, None)]
    noticed = at(21) if event.status == "created" else at(20)  # since when it was so at its first sight is not known
    assert [(one.why, one.since_before, one.ended_at) for one in spots.values()] == [(why, noticed, None)]
    assert last.carried
    assert last.carried.standing == "unknown"
    if why is not Blindness.UNREAD:
        episodes, spots, last = told([assessment(10, "drifted", 3, "a"), event, assessment(40, "drifted", 3, "a")])
        assert [one.state for one in episodes.values()] == [State.OPEN]
        assert [one.ended_at for one in spots.values()] == [at(40)]
    else:
        returned = of_workspace("workspace", "returned", 40, "ws-1")
        assert [one.ended_at for one in told([assessment(10, "drifted", 3, "a"), event, returned])[1].values()] == [at(40)]


def test_a_workspace_that_was_never_compared_is_not_called_as_declared() -> None:
    _, _, last = told([of_workspace("workspace", "created", 0, "ws-1", settings={"assessments_enabled": True})])
    assert last.carried
    assert last.carried.standing == "never compared"
    _, _, last = told([assessment(0, "undrifted")])
    assert last.carried
    assert last.carried.standing == "as declared"


@pytest.mark.parametrize("kind", ["assessment", "plan-resources", "run", "workspace"])
@pytest.mark.parametrize("value", [None, 7, "x", [], {}, [None], [[1]], {"a": {}}, "\x00\ud800", True, [{"address": 3}]])
def test_facts_of_any_shape_raise_nothing(kind: str, value: object) -> None:
    facts = ("drift", "resources", "parts", "part", "drifted", "onset_after", "settings", "changed", "run_kind", "because")
    for status in ("drifted", "undrifted", "failed", "listed", "applied", "errored", "changed", "deleted"):
        told([plan(10, "run-2", SIZE), of_workspace(kind, status, 20, "x-1", "run-3", **dict.fromkeys(facts, value))])


def test_a_run_that_is_told_after_the_result_that_shows_its_work_is_what_ended_it() -> None:
    found = [assessment(0, "undrifted"), assessment(10, "drifted", 1, "a")]
    alone = only([*found, assessment(300, "undrifted")])
    assert (alone.ended_by, "outside of Terraform" in alone.ended_because) == (Ended.BY_HAND, True)
    late = only([*found, assessment(300, "undrifted"), run(200, "run-2")])
    assert (late.ended_by, late.ended_at, late.ended_operation) == (Ended.RUN, at(200), "run:tfe-prod:run-2")
    for failed in (
        [run(190, "run-2", "applying"), run(200, "run-2", "errored"), assessment(300, "undrifted")],
        [assessment(300, "undrifted"), run(190, "run-2", "applying"), run(200, "run-2", "errored")],
        [run(190, "run-2", "applying"), assessment(300, "undrifted")],
    ):
        one = only([*found, *failed])
        assert (one.ended_by, "run-2" in one.ended_because) == (Ended.UNKNOWN, True), one.ended_because


def test_a_run_does_not_end_what_was_found_after_its_plan() -> None:
    one = only([plan(0, "run-1"), run(5, "run-2", "planned"), plan(10, "run-3", SIZE), run(12, "run-2")])
    assert one.state is State.OPEN
    one = only([plan(0, "run-1"), run(10, "run-2", "planned"), plan(10, "run-2", SIZE), run(12, "run-2")])
    assert one.ended_by is Ended.RUN


def test_a_plan_of_before_the_drift_was_found_rules_nothing_out() -> None:
    found = [run(1, "run-1", "discarded"), assessment(10, "drifted", 3, "a")]
    one = only([*found, plan(5, "run-2")])
    assert (one.cause, Cause.MERGED_NOT_APPLIED in {c.cause for c in one.possible}) == (Cause.UNKNOWN, True)
    assert only([*found, plan(15, "run-2")]).cause is Cause.MERGED_NOT_APPLIED


def test_switched_on_again_is_not_yet_compared() -> None:
    off, on = ([True, False], [False, True])
    changes = [
        of_workspace("workspace", "changed", minute, "ws-1", changed={"assessments_enabled": pair})
        for minute, pair in ((20, off), (30, on))
    ]
    episodes, spots, _ = told([assessment(10, "drifted", 3, "a"), *changes])
    assert [one.state for one in episodes.values()] == [State.UNKNOWN]
    assert [(one.since_before, one.ended_at) for one in spots.values()] == [(at(20), at(30)), (at(30), None)]
    episodes, spots, _ = told([assessment(10, "drifted", 3, "a"), *changes, assessment(40, "undrifted")])
    assert [(one.state, one.ended_by) for one in episodes.values()] == [(State.CLOSED, Ended.BY_HAND)]
    assert [one.ended_at for one in spots.values()] == [at(30), at(40)]


def test_a_plan_that_is_read_after_a_later_one_narrows_since_when_it_differs() -> None:
    later = plan(20, "run-2", SIZE)
    assert (only([later, plan(10, "run-1")]).onset_after, only([later, plan(10, "run-1")]).onset_before) == (at(10), at(20))
    one = only([plan(0, "run-0"), later, plan(10, "run-1", SIZE), plan(5, "run-1")])
    assert (one.onset_after, one.onset_before, one.state) == (at(5), at(10), State.OPEN)
    one = only([plan(0, "run-0"), run(15, "run-9"), later, plan(10, "run-1", SIZE)])
    assert one.onset_before == at(20), "a run was applied in between: it is another one"
    assert not told([later, plan(10, "run-1", SIZE, GONE)])[0].keys() - {one.key for one in told([later])[0].values()}


def test_a_run_that_did_not_end_well_pauses_assessments_and_one_of_before_them_does_not() -> None:
    found = [assessment(10, "drifted", 3, "a")]
    episodes, spots, _ = told([*found, run(20, "run-2", "errored", "plan_only")])
    assert [one.state for one in episodes.values()] == [State.UNKNOWN]
    assert [(one.why, one.since_after, one.since_before) for one in spots.values()] == [(Blindness.SKIPPED, at(10), at(20))]
    assert not told([*found, run(5, "run-1", "errored", "plan_only")])[1]
    assert not told([plan(0, "run-0"), run(5, "run-1", "errored", "plan_only")])[1]
