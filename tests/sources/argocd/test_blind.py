"""Times in which nobody can tell: their beginning, their end and their reason; and nothing of drift comes out of them."""

from datetime import timedelta
from typing import Any

import pytest
from app.demo.fakes.argocd_drift import freeze, thaw
from app.domain.event import Event
from app.sources.argocd.pulse import Pulse

from tests.sources.argocd.conftest import MINUTE, START, Stage
from tests.sources.argocd.test_contract import other
from tests.sources.harness import events_of, run_pass

HOUR = 3600


def gaps(events: list[Event]) -> list[tuple[str, str, str, str]]:
    """Status, why, since when at the latest, until when."""
    return [
        (e.status, e.facts["why"], e.facts["since_before"][11:19], (e.facts["until"] or "")[11:19])
        for e in events
        if e.type == "comparison-gap"
    ]


def of_drift(events: list[Event]) -> list[tuple[str, str]]:
    return [(e.type, e.status) for e in events if e.type in {"differing", "drift"}]


def deployed(stage: Stage, name: str = "payments-api", at: float = 10) -> Any:
    app = stage.app(name)
    stage.state.sync(app, stage.to(at), "alice")
    return app


def test_a_comparison_that_fails_opens_a_gap_and_what_differs_is_told_anew_after_it(stage: Stage) -> None:
    app = deployed(stage)
    stage.state.edit(app, "payments-api", stage.to(40))
    stage.read(60)
    stage.read(90)
    stage.state.incomparable(app, stage.to(100))
    assert of_drift(stage.read(120)) == []
    (opened,) = [e for e in stage.events if e.type == "comparison-gap"]
    assert opened.facts["because"] == "ComparisonError: Failed to load target state: connection refused"
    assert (opened.facts["since_after"], opened.facts["since_before"]) == ("2026-03-02T09:01:30Z", "2026-03-02T09:01:40Z")
    assert opened.facts["conditions"][0]["type"] == "ComparisonError"
    assert of_drift(stage.read(150, everything=True)) == []
    stage.state.comparable(app, stage.to(160))
    assert of_drift(stage.read(180)) == [("differing", "OutOfSync")]
    assert gaps(stage.events) == [("open", "unknown", "09:01:40", ""), ("closed", "unknown", "09:01:40", "09:02:40")]
    again = [e for e in stage.events if e.type == "differing"][-1]
    assert again.facts["seen_after"] == "2026-03-02T09:01:00Z"  # the last reading that could tell


def test_a_condition_says_since_when_it_stands_and_closes_no_drift_though_the_status_says_synced(stage: Stage) -> None:
    app = deployed(stage)
    stage.state.edit(app, "payments-api", stage.to(20))
    stage.read(30)
    failed = {"type": "UnknownError", "message": "over-sized", "lastTransitionTime": "2026-03-02T09:00:45Z"}
    app.conditions = [failed]
    stage.state.restore(app, "payments-api", stage.to(50))
    told = stage.read(60)
    assert of_drift(told) == []
    assert gaps(told) == [("open", "unknown", "09:00:45", "")]
    app.conditions = []
    assert of_drift(stage.read(90, everything=True)) == [("drift", "Synced"), ("differing", "Synced")]


def test_a_frozen_application_tells_nothing_however_equal_it_looks(stage: Stage) -> None:
    app = deployed(stage)
    stage.read(30)
    freeze(app)
    told = stage.read(60, everything=True)
    assert gaps(told) == [("open", "frozen", "09:01:00", "")]
    assert [e.facts["since_after"] for e in told if e.type == "comparison-gap"] == ["2026-03-02T09:00:30Z"]
    stage.state.edit(app, "payments-api", stage.to(70))
    assert of_drift(stage.read(90)) == []
    thaw(stage.state, app, stage.to(2 * HOUR))
    assert of_drift(stage.read(2 * HOUR + 30)) == [("drift", "OutOfSync"), ("differing", "OutOfSync")]
    assert gaps(stage.events)[-1][0] == "closed"


def test_one_comparison_that_stays_old_while_others_are_fresh_is_stale(stage: Stage) -> None:
    stuck, fine = deployed(stage), deployed(stage, "ledger-core")
    stage.read(30)
    stage.read(2 * HOUR)  # both were compared of late, without a reason
    stuck.extra = {"status": {"reconciledAt": "2026-03-02T10:59:00Z"}}
    for at in (2.6, 3, 3.1):
        told = stage.read(at * HOUR, everything=True)
    assert gaps(stage.events) == [("open", "stale", "11:36:00", "")]
    (opened,) = [e for e in stage.events if e.type == "comparison-gap"]
    assert (opened.keys.application, opened.facts["since_after"]) == ("payments-api", "2026-03-02T10:59:00Z")
    assert "other applications" in opened.facts["because"]
    assert of_drift(told) == []
    stuck.extra = {}
    stage.read(3.2 * HOUR, everything=True)
    assert gaps(stage.events)[-1][:2] == ("closed", "stale")
    assert fine.sync == "Synced"


def test_where_nothing_at_all_is_fresh_the_controller_may_stand_still_and_all_are_stale(stage: Stage) -> None:
    for name in ("payments-api", "ledger-core"):
        deployed(stage, name).extra = {"status": {"reconciledAt": "2026-03-02T09:00:30Z"}}
    stage.read(60)
    for at in (2, 2.01):
        told = stage.read(at * HOUR, everything=True)
    assert [(e.keys.application, e.facts["why"]) for e in told if e.type == "comparison-gap"] == [
        ("ledger-core", "stale"), ("payments-api", "stale"),
    ]  # fmt: skip
    assert all("controller may stand still" in e.facts["because"] for e in told if e.type == "comparison-gap")


def test_without_a_period_the_age_of_a_comparison_proves_nothing(stage: Stage) -> None:
    deployed(stage).extra = {"status": {"reconciledAt": "2026-03-02T09:00:30Z"}}
    source, memory = other(stage, reconciliation=0), dict[str, Any]()
    passes = [run_pass(source, "applications", memory, stage.to(at), everything=True) for at in (60, 2 * HOUR, 2 * HOUR + 30)]
    told = [e for pages in passes for e in events_of(pages)]
    assert gaps(told) == []
    source.close()


@pytest.mark.parametrize(
    ("others", "period", "age", "says"),
    [
        ([], 180, 14, ""),
        ([], 180, 16, "no other application was read"),
        ([(3, True)], 180, 16, "while other applications"),
        ([(3, False)], 180, 16, ""),  # fresh, but it had a reason: nothing proves that others are compared without one
        ([(50, True)], 180, 16, "controller may stand still"),
        ([(3, True)], 3600, 170, ""),
        ([(3, True)], 3600, 190, "while other applications"),
        ([(3, True)], 0, 10_000, ""),
    ],
)
def test_how_it_is_told_that_a_comparison_is_too_old(others: list[tuple[int, bool]], period: int, age: int, says: str) -> None:
    pulse = Pulse(None, timedelta(seconds=period))
    for n, (minutes, quiet) in enumerate(others):
        pulse.saw(f"other-{n}", START, START - minutes * MINUTE, quiet)
    pulse.saw("own", START, START, True)
    found = Pulse(pulse.dump(), timedelta(seconds=period)).too_old("own", START, START - age * MINUTE)
    assert says in found
    assert bool(found) is bool(says)
