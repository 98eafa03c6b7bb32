"""A day of a real server that speaks this API, read in steps of a few seconds; what was done to it is the truth it must tell."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from app.domain.event import Event
from app.errors import Missing
from app.sources.contract import Connection, Observation
from app.sources.tfe.source import Tfe

from tests.recordings.replay import Replay, lines
from tests.sources.harness import events_of, observations_of, remember, run_until_error
from tests.sources.tfe.conftest import of

FOLDER = "tfe-api-driven"


class Day:
    """The whole recording, read with one memory. `errors` are the passes that failed, by second."""

    def __init__(self, step: float) -> None:
        self.events: dict[Any, Event] = {}
        self.repeated: list[Event] = []
        self.observations: list[Observation] = []
        self.unknown: list[tuple[str, str]] = []
        self.memory: dict[str, Any] = {}
        self.errors: dict[float, Exception] = {}
        with Replay(FOLDER, token="reader") as server:
            self._read(server, step)

    def _read(self, server: Replay, step: float) -> None:
        start = datetime.fromisoformat(server.recording.answers["/api/v2/ping"][()][0]["at"])
        self.wall = start
        source = Tfe(self._connection(server), lambda: self.wall)
        t = 0.02
        while t < server.end + 3 * step:
            server.move(t)
            self.wall += timedelta(minutes=1)  # the limiter's clock; the recording's own time goes in as the task's
            pages, error = run_until_error(source, "runs", self.memory, start + timedelta(seconds=t))
            if error:
                self.errors[t] = error
            self.observations += observations_of(pages)
            self.unknown += [pair for page in pages for pair in page.unknown]
            for event in events_of(pages):
                self.events.setdefault(event.id, event)
            t += step

    @staticmethod
    def _connection(server: Replay) -> Connection:
        return Connection("tfe-recorded", "tfe", server.url, token="reader", organization="bank-platform", per_second=1000)

    def told(self, kind: str, status: str | None = None, run: str | None = None) -> list[Event]:
        return of(list(self.events.values()), kind, status, run)


@pytest.fixture(scope="module", params=[1.0, 2.5, 7.0], ids=["1s", "2.5s", "7s"])
def day(request: pytest.FixtureRequest) -> Day:
    return Day(request.param)


def truth() -> dict[str, dict[str, Any]]:
    """Each run: its workspace, its last status, whether it was asked to be plan-only."""
    runs: dict[str, dict[str, Any]] = {}
    for deed in lines(FOLDER, "truth"):
        if deed["what"] == "run":
            runs[deed["run"]] = {"workspace": deed["workspace"], **deed["asked"]}
        elif deed["what"] == "status":
            runs[deed["run"]]["status"] = deed["status"]
    return runs


WORKSPACES = {
    "ws-Mqce5ZpEV31UDD3D": "banking-eks-production",
    "ws-9i8Taw1dRer4pE7x": "banking-network-staging",
    "ws-mnE5DrGubaBET4jF": "banking-data-production",
}


def test_before_the_organization_exists_it_is_missing_and_afterwards_it_is_read(day: Day) -> None:
    assert list(day.errors) == [0.02]
    assert isinstance(day.errors[0.02], Missing)
    assert "bank-platform" in str(day.errors[0.02])


def test_every_run_comes_out_with_its_workspace_its_creator_and_its_end(day: Day) -> None:
    runs = truth()
    assert len(runs) == 12
    assert {e.keys.run for e in day.events.values()} == set(runs)
    for key, told in runs.items():
        (pending,) = day.told("run", "pending", key)
        assert pending.actor.name == "otf"
        assert {e.keys.workspace for e in day.events.values() if e.keys.run == key} == {WORKSPACES[told["workspace"]]}
        last = max(day.told("run", run=key), key=lambda e: e.occurred_at)
        assert last.status == told["status"]
        expected = "plan_only" if told.get("plan-only") else "destroy" if told.get("is-destroy") else "plan_and_apply"
        assert pending.facts["run_kind"] == expected


def test_plans_and_applies_have_outcomes_and_counts_that_were_not_given_are_null(day: Day) -> None:
    """This server gives no counts at all: saying 0 would be an invention."""
    for key, told in truth().items():
        plans, applies = day.told("plan", run=key), day.told("apply", run=key)
        applied = [e for e in applies if e.step.value == "applied"]
        assert len(plans) == 1
        assert bool(applied) is (told["status"] == "applied")
        for event in plans + applies:
            assert (event.facts["added"], event.facts["changed"], event.facts["destroyed"]) == (None, None, None)
    assert [e.status for e in day.told("apply", run="run-Cp2jq68hcDLZStxw")] == ["errored"]
    assert [e.status for e in day.told("apply", run="run-TuVkjVQs2eoW49e9")] == ["canceled"]
    assert [e.status for e in day.told("plan", run="run-rqqNTAR74fCBwgQi")] == ["errored"]


def test_what_applied_itself_is_automation_and_what_a_person_confirmed_is_not_attributed(day: Day) -> None:
    by_itself = {e.keys.run for e in day.told("run-actor", "confirmed-by")}
    assert by_itself == {"run-t5hpV21A9sqm5gcD", "run-xhhPspyEz6xnXrvh", "run-7KrVKPoDYhEnKWeu"}
    assert {e.actor.name for e in day.told("run-actor")} == {"auto-apply"}


def test_no_planted_url_is_anywhere(day: Day) -> None:
    text = "".join(o.body.decode() for o in day.observations) + repr(list(day.events.values())) + repr(day.memory)
    assert "planted" not in text
    assert "log-read-url" not in text


def test_the_operations_filter_was_found_to_lie(day: Day) -> None:
    abilities = day.memory["abilities"]
    assert (abilities["organization_runs"], abilities["named_missed"]) == (False, True)
    assert abilities["plain_missed"] is False
    assert {"policy-checks", "task-stages"} <= set(abilities["absent"])
    assert day.unknown == []


def test_reading_it_again_with_an_empty_memory_tells_the_same(day: Day) -> None:
    with Replay(FOLDER, token="reader") as server:
        server.move(server.end)
        source = Tfe(Day._connection(server), lambda: day.wall)
        pages, error = run_until_error(source, "runs", {}, day.wall)
    assert error is None
    final = {e.id: e for e in events_of(pages)}
    assert set(final) <= set(day.events)
    for key, event in final.items():
        before = day.events[key]
        assert (event.occurred_at, event.actor, event.status, _timeless(event)) == (
            before.occurred_at,
            before.actor,
            before.status,
            _timeless(before),
        )
    memory: dict[str, Any] = {}
    for page in pages:
        remember(memory, page)
    assert {k for k in memory if k.startswith("run:")} == {k for k in day.memory if k.startswith("run:")}


def _timeless(event: Event) -> dict[str, Any]:
    """Without whether a workspace had been looked at before its apply, which only who looked then can tell."""
    return {name: value for name, value in event.facts.items() if name != "paths_then"}
