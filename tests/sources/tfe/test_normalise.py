"""Pure and total: any status, time, type or text becomes events or is reported; nothing is guessed."""

from datetime import UTC, datetime
from typing import Any

import pytest
from app.canonical import canonical_json
from app.domain.event import Event
from app.errors import NotUnderstood
from app.sources.tfe.normalise import normalise
from app.sources.tfe.story import Evaluation, Seen, Sheet
from app.sources.tfe.terms import RUN_ACTIONS, action_of
from app.sources.tfe.wire import Resource, moment
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.sources.tfe.conftest import of

AT = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
SEEN = Seen("tfe-prod", "https://tfe.bank.example/", "bank", "payments production", AT)


def resource(kind: str, key: str, attributes: Any = None, relations: Any = None) -> Resource:
    return Resource(key, kind, {"id": key, "type": kind, "attributes": attributes or {}, "relationships": relations or {}})


def run(relations: Any = None, **attributes: Any) -> Resource:
    base = {"status": "planned", "created-at": "2026-03-01T10:00:00.123Z", "message": "Title\n\nBody"}
    return resource("runs", "run-1", base | {k.replace("_", "-"): v for k, v in attributes.items()}, relations)


def tell(**sheet: Any) -> tuple[list[Event], list[tuple[str, str]]]:
    return normalise(Sheet(**({"run": run()} | sheet)), SEEN)


def test_one_event_for_each_timestamp_in_the_order_of_the_run() -> None:
    same = "2026-03-01T10:00:05+00:00"
    stamps = {"applied-at": same, "planned-at": same, "confirmed-at": same, "applying-at": same, "fetched-at": same}
    events, unknown = tell(run=run(status="applied", status_timestamps=stamps))
    assert [e.status for e in events] == ["pending", "fetching_completed", "planned", "confirmed", "applying", "applied"]
    assert [e.step.value for e in events] == ["requested", "noted", "planned", "confirmed", "noted", "applied"]
    assert unknown == []
    assert events[0].occurred_at == datetime(2026, 3, 1, 10, 0, 0, 123000, tzinfo=UTC)


def test_the_same_twice_is_equal_and_later_is_a_superset() -> None:
    early = run(status="planned", status_timestamps={"planned-at": "2026-03-01T10:00:05+00:00"})
    late = run(
        status="applied", status_timestamps={"planned-at": "2026-03-01T10:00:05+00:00", "applied-at": "2026-03-01T11:00:00Z"}
    )
    assert tell(run=early) == tell(run=early)
    assert {e.id for e in tell(run=early)[0]} < {e.id for e in tell(run=late)[0]}


@pytest.mark.parametrize(
    ("text", "hour"),
    [
        ("2026-03-01T18:00:00+08:00", 10),
        ("2026-03-01T10:00:00Z", 10),
        ("2026-03-01T04:30:00-05:30", 10),
        ("2026-03-01T10:00:00-00:00", 10),
    ],
)
def test_any_offset_becomes_utc(text: str, hour: int) -> None:
    assert moment(text) == datetime(2026, 3, 1, hour, tzinfo=UTC)


@pytest.mark.parametrize(
    "value", ["", "soon", "0001-01-01T00:00:00+14:00", "2026-13-01T00:00:00Z", "2026-03-01T10:00:00", 7, None, [], "9" * 5000]
)
def test_what_is_no_time_is_none(value: object) -> None:
    assert moment(value) is None


def test_an_unknown_status_is_kept_marked_and_reported() -> None:
    events, unknown = tell(run=run(status="quantum_checked", status_timestamps={"warp-started-at": "2026-03-01T10:00:09Z"}))
    (warp,) = of(events, "run", "warp_started")
    (current,) = of(events, "run", "quantum_checked")
    assert not warp.known
    assert not current.known
    assert current.occurred_at == warp.occurred_at
    assert current.facts["dated_by"] == "the latest timestamp of the run"
    assert ("run.status", "quantum_checked") in unknown


def test_a_status_without_a_timestamp_of_its_own_is_told() -> None:
    events, _ = tell(run=run(status="policy_override", status_timestamps={"cost-estimated-at": "2026-03-01T10:00:09Z"}))
    (waits,) = of(events, "run", "policy_override")
    assert waits.known
    assert waits.step.value == "judged"


def test_a_broken_timestamp_costs_itself_only() -> None:
    events, unknown = tell(
        run=run(status_timestamps={"planned-at": "yesterday", "applied-at": None, "planning-at": "2026-03-01T10:00:03Z"})
    )
    assert {e.status for e in events} == {"pending", "planning", "planned"}
    assert ("runs.status-timestamps.planned-at", "yesterday") in unknown


def test_wrong_types_cost_one_attribute_each() -> None:
    events, unknown = tell(run=run(message=["no"], auto_apply="yes", plan_only=True, status_timestamps="none", source=7))
    assert of(events, "run", "pending")[0].facts["run_kind"] == "plan_only"
    assert {name for name, _ in unknown} == {"runs.message", "runs.auto-apply", "runs.status-timestamps", "runs.source"}


def test_a_run_without_a_time_is_not_understood() -> None:
    with pytest.raises(NotUnderstood, match="run-1 has no readable created-at"):
        tell(run=resource("runs", "run-1", {"status": "applied"}))


@pytest.mark.parametrize(
    ("flags", "kind"),
    [
        ({}, "plan_and_apply"),
        ({"plan_only": True, "is_destroy": True}, "plan_only"),
        ({"is_destroy": True}, "destroy"),
        ({"refresh_only": True}, "refresh_only"),
        ({"save_plan": True}, "save_plan"),
        ({"allow_empty_apply": True}, "empty_apply"),
    ],
)
def test_the_kind_of_a_run(flags: dict[str, bool], kind: str) -> None:
    assert tell(run=run(**flags))[0][0].facts["run_kind"] == kind


def test_who_confirmed_may_be_named_by_a_link_alone() -> None:
    relations = {"confirmed-by": {"links": {"related": "/api/v2/users/user-9"}}}
    users = {"user-9": resource("users", "user-9", {"username": "bob", "is-service-account": False})}
    stamps = {"confirmed-at": "2026-03-01T10:00:09Z"}
    events, _ = tell(run=run(relations, status="confirmed", status_timestamps=stamps, auto_apply=True), users=users)
    (confirmer,) = of(events, "run-actor", "confirmed-by")
    assert (confirmer.actor.name, confirmer.actor.id, confirmer.step.value) == ("bob", "user-9", "confirmed")
    assert confirmer.occurred_at == datetime(2026, 3, 1, 10, 0, 9, tzinfo=UTC)
    assert of(events, "run", "confirmed")[0].actor is None  # a person did it, so it is not auto-apply


def test_auto_apply_without_a_timestamp_is_automation() -> None:
    events, _ = tell(run=run(status="applied", status_timestamps={"apply-queued-at": "2026-03-01T10:01:00Z"}, auto_apply=True))
    (confirmer,) = of(events, "run-actor", "confirmed-by")
    assert (confirmer.actor.name, confirmer.actor.kind.value) == ("auto-apply", "automation")


def test_an_unattended_destroy_is_nobodys() -> None:
    events, _ = tell(run=run(source="tfe-infrastructure-lifecycle", is_destroy=True))
    assert (events[0].actor.name, events[0].actor.kind.value) == ("auto-destroy", "automation")


def test_a_run_event_without_an_actor_has_no_role() -> None:
    one = resource("run-events", "re-1", {"action": "confirmed", "created-at": "2026-03-01T10:00:09Z"}, {"actor": {"data": None}})
    (event,) = of(tell(run_events=[one])[0], "run-event")
    assert (event.actor.name, event.actor.because, event.facts["role"]) == ("", "the run event names no actor", None)


def test_a_run_event_without_a_time_is_reported() -> None:
    events, unknown = tell(run_events=[resource("run-events", "re-1", {"action": "created"})])
    assert of(events, "run-event") == []
    assert ("run-events.created-at", "re-1") in unknown


@pytest.mark.parametrize(
    ("action", "role", "known"),
    [
        ("confirmed", "confirmer", True),
        ("run_confirmed", "confirmer", False),
        ("policy-check-overridden", "overrider", False),
        ("override_requested", None, False),
        ("awaiting_confirm", None, False),
        ("confirmation_requested", None, False),
        ("applied", None, False),
        ("commented", None, True),
        ("disapproved", None, False),
    ],
)
def test_a_role_is_given_only_by_a_deed_that_was_done(action: str, role: str | None, known: bool) -> None:
    found, _, is_known = action_of(action)
    assert (found.value if found else None, is_known) == (role, known)
    assert len(RUN_ACTIONS) == len({word.lower() for word in RUN_ACTIONS})


@pytest.mark.parametrize(
    ("status", "counts", "step", "told"),
    [
        ("finished", (1, 2, 3), "applied", True),
        ("errored", (2, 0, 0), "applied", True),
        ("errored", (0, 0, 0), "stopped", True),
        ("errored", (None, None, None), "stopped", True),
        ("unreachable", (None, None, None), "", False),
        ("running", (1, 0, 0), "", False),
        ("half_done", (1, 0, 0), "applied", True),
    ],
)
def test_an_apply_is_told_once_it_has_an_outcome(status: str, counts: tuple[Any, ...], step: str, told: bool) -> None:
    names = ("resource-additions", "resource-changes", "resource-destructions")
    apply = resource("applies", "apply-1", {"status": status, **dict(zip(names, counts, strict=True))})
    events = of(tell(apply=apply)[0], "apply")
    assert bool(events) is told
    if told:
        assert events[0].step.value == step
        assert (events[0].facts["added"], events[0].facts["changed"], events[0].facts["destroyed"]) == counts


def test_counts_that_come_later_are_news() -> None:
    without = resource("plans", "plan-1", {"status": "finished"})
    counts = {"resource-additions": 1, "resource-changes": 0, "resource-destructions": 0}
    with_counts = resource("plans", "plan-1", {"status": "finished", **counts})
    (first,), (second,) = of(tell(plan=without)[0], "plan"), of(tell(plan=with_counts)[0], "plan")
    assert first.facts["added"] is None  # not said is not zero
    assert first.id != second.id


def test_a_pull_request_number_may_be_text_and_a_push_has_none() -> None:
    attributes = {"identifier": "bank/infra", "commit-sha": "c" * 40, "is-pull-request": True, "pull-request-number": "163"}
    (event, *_), _ = tell(ingress=resource("ingress-attributes", "ia-1", attributes))
    assert (event.keys.pull_request, event.keys.repository, event.keys.commits) == (163, "bank/infra", ("c" * 40,))
    push = attributes | {"is-pull-request": False}
    assert tell(ingress=resource("ingress-attributes", "ia-1", push))[0][0].keys.pull_request is None


def test_hostile_text_is_told_and_cannot_break_a_link() -> None:
    title = "<script>\x00" + "x" * 1_000_000
    (event, *_), _ = tell(run=run(message=title))
    assert len(event.facts["title"]) < 400
    assert "\x00" not in event.facts["title"]
    assert event.ref.url == "https://tfe.bank.example/app/bank/workspaces/payments%20production/runs/run-1"


values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.text(max_size=20) | st.just("2026-03-01T10:00:00Z"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=8,
)
names = st.sampled_from(
    [
        "status",
        "created-at",
        "message",
        "source",
        "auto-apply",
        "plan-only",
        "status-timestamps",
        "result",
        "scope",
        "action",
        "resource-additions",
        "is-pull-request",
        "pull-request-number",
        "commit-sha",
        "identifier",
        "username",
        "is-service-account",
        "speculative",
        "result-count",
        *("stage", "stage-type", "task-name", "task-result-outcomes-count", "workspace-task-enforcement-level", "updated-at"),
        *("prior-monthly-cost", "resources-count", "unmatched-resources-count", "error-message", "policy-kind"),
    ]
)
attributes = st.dictionaries(names, values, max_size=8)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(attributes, attributes, attributes, attributes, values)
def test_nothing_a_server_says_breaks_it(one: Any, two: Any, three: Any, four: Any, relations: Any) -> None:
    stage = resource("task-stages", "ts-1", three)
    sheet = Sheet(
        run=Resource("run-1", "runs", {"attributes": one | {"created-at": "2026-03-01T10:00:00Z"}, "relationships": relations}),
        plan=resource("plans", "plan-1", two),
        apply=resource("applies", "apply-1", three),
        ingress=resource("ingress-attributes", "ia-1", two),
        configuration=resource("configuration-versions", "cv-1", three),
        users={"user-1": resource("users", "user-1", four)},
        run_events=[resource("run-events", "re-1", four | {"created-at": "2026-03-01T10:00:00Z"})],
        checks=[resource("policy-checks", "polchk-1", three)],
        logs={"polchk-1": None},
        evaluations=[Evaluation(resource("policy-evaluations", "poleval-1", four), [two], stage), Evaluation(stage, None)],
        stages=[stage],
        tasks=[resource("task-results", "taskrs-1", two)],
        cost=resource("cost-estimates", "ce-1", four),
    )
    events, _ = normalise(sheet, SEEN)
    for event in events:
        canonical_json(dict(event.facts))
        assert event.occurred_at.tzinfo is UTC
    assert normalise(sheet, SEEN)[0] == events
