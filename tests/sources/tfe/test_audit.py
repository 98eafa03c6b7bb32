"""HCP Terraform's audit trail: read with its own token, told once, and nothing of it where there is none."""

from datetime import timedelta
from typing import Any

import pytest
from app.demo.fakes.tfe_state import UserState
from app.domain.event import Step, entity_of
from app.errors import Unauthorized
from app.sources.contract import Connection, Page, Task
from app.sources.tfe import audit
from app.sources.tfe.source import Tfe

from tests.sources.harness import events_of, observations_of, run_pass
from tests.sources.tfe.conftest import Bench


class Trail:
    """The bench, with a trail and the token for it."""

    def __init__(self, bench: Bench) -> None:
        self.bench, self.memory = bench, dict[str, Any]()
        bench.state.audit.hcp = True
        self.source = bench.connect(audit_token=bench.state.audit.token)

    def who(self, name: str, **more: Any) -> UserState:
        return self.bench.state.user(name, **more)

    def look(self, **options: Any) -> list[Page]:
        self.bench.later(minutes=5)
        return run_pass(self.source, "audit", self.memory, self.bench.now, **options)


@pytest.fixture
def trail(bench: Bench) -> Trail:
    return Trail(bench)


def test_there_is_a_stream_only_where_there_may_be_a_trail(bench: Bench) -> None:
    def names(**settings: Any) -> list[str]:
        source = Tfe(Connection("t", "tfe", **({"url": "https://tfe.bank.example"} | settings)), lambda: bench.now)
        try:
            return [stream.name for stream in source.streams()]
        finally:
            source.close()

    assert "audit" not in names()
    assert "audit" in names(audit_token="x")
    assert "audit" in names(url="https://app.terraform.io")
    assert audit.STREAM.forgets_after == timedelta(days=14)


def test_who_did_what_to_which_run(trail: Trail) -> None:
    note, at = trail.bench.state.audit.note, trail.bench.now
    note(at, trail.who("bob"), ("run", "run-1"), "apply")
    note(at, trail.who("ci", service=True), ("run", "run-2"), "discard", {"comment": "no longer wanted"})
    note(at, None, ("run", "run-3"), "create")
    note(at, trail.who("bob"), ("var", "var-1"), "update", {"key": "x", "value": "planted-variable-value"})
    pages = trail.look()
    told = {e.facts["resource"]["id"]: e for e in events_of(pages)}
    assert (told["run-1"].actor.name, told["run-1"].actor.kind.value, told["run-1"].step) == ("bob", "human", Step.CONFIRMED)
    assert entity_of(told["run-1"]) == "run:tfe-prod:run-1"
    assert (told["run-2"].actor.kind.value, told["run-2"].facts["service"]) == ("service", True)
    assert told["run-2"].facts["meta"] == {"comment": "no longer wanted"}
    assert told["run-3"].actor.kind.value == "automation"
    assert (told["var-1"].keys.run, told["var-1"].status) == (None, "update")
    assert "planted" not in repr(events_of(pages)) + "".join(o.body.decode() for o in observations_of(pages))
    assert all(e.observation in {o.digest for o in observations_of(pages)} for e in events_of(pages))


def test_somebody_who_acted_as_another_is_not_the_other(trail: Trail) -> None:
    trail.bench.state.audit.note(
        trail.bench.now, trail.who("bob"), ("run", "run-1"), "apply", kind="Impersonated", impersonator="user-9"
    )
    (event,) = events_of(trail.look())
    assert (event.actor.name, event.actor.id, event.actor.kind.value) == ("", "user-9", "unknown")
    assert "acted as bob" in event.actor.because


def test_an_account_that_cannot_be_read_is_no_person(trail: Trail) -> None:
    trail.bench.state.missing.add("users")
    trail.bench.state.audit.note(trail.bench.now, trail.who("bob"), ("run", "run-1"), "apply")
    (event,) = events_of(trail.look())
    assert (event.actor.name, event.actor.kind.value) == ("bob", "unknown")


def test_an_override_is_of_the_run_that_its_check_is_part_of(trail: Trail) -> None:
    bench = trail.bench
    run, *_ = bench.story()
    note, at = bench.state.audit.note, bench.now
    note(at, trail.who("carol"), ("policy_check", run.checks[0].id), "override", {"comment": "CHG-1", "run": {"id": run.id}})
    note(at, trail.who("carol"), ("policy_evaluation", "poleval-1"), "override", {"payload": {"run": {"id": "run-9"}}})
    note(at, trail.who("carol"), ("policy_evaluation", "poleval-2"), "override", {"run.id": "run-8"})
    assert [e.keys.run for e in events_of(trail.look())] == [run.id, "run-9", "run-8"]


def test_it_is_read_on_from_where_it_was_and_told_once(trail: Trail) -> None:
    state, bench = trail.bench.state, trail.bench
    state.audit.size = 2
    for n in range(5):
        state.audit.note(bench.now - timedelta(minutes=n), trail.who("bob"), ("run", f"run-{n}"), "apply")
    assert len(events_of(trail.look())) == 5
    assert events_of(trail.look()) == []
    state.audit.note(bench.now - timedelta(minutes=9), trail.who("bob"), ("run", "run-late"), "apply")
    state.audit.note(bench.now, trail.who("bob"), ("run", "run-new"), "apply")
    assert [e.keys.run for e in events_of(trail.look())] == ["run-late", "run-new"]
    asked = bench.asked("audit-trail")
    trail.look()
    assert bench.asked("audit-trail") == asked + 1


def test_a_server_without_a_trail_is_asked_again_only_when_everything_is(bench: Bench) -> None:
    client, memory = bench.source.client, dict[str, Any]()

    def look(everything: bool) -> None:
        for page in audit.pages(client, client, bench.source.connection, Task("audit", bench.now, memory, everything=everything)):
            assert not page.events
            memory.update(page.remember)

    for everything in (True, False, False, True):
        look(everything)
    assert bench.asked("audit-trail") == 2
    assert "404" in memory["absent"]["because"]


def test_a_token_that_was_named_for_it_and_is_refused_is_a_failure(bench: Bench) -> None:
    bench.state.audit.hcp = True
    source = bench.connect(audit_token="wrong")
    with pytest.raises(Unauthorized):
        run_pass(source, "audit", {}, bench.now)


@pytest.mark.parametrize("entry", [{"id": None}, {"id": 7}, {"id": "a/b"}])
def test_an_entry_without_an_id_or_a_time_is_reported(trail: Trail, entry: Any) -> None:
    whole = {"id": "e-1", "timestamp": "2026-03-02T11:00:00Z", "auth": [], "resource": {"type": 7, "action": None, "meta": "x"}}
    trail.bench.state.audit.entries = [whole, {"timestamp": "2026-03-02T11:00:00Z", **entry}]
    pages = trail.look()
    (event,) = [e for e in events_of(pages) if e.ref.id == "e-1"]
    assert (event.status, event.actor.kind.value if event.actor else "") == ("unnamed", "unknown")
    assert ("audit", "an entry without an id or a time") in [one for page in pages for one in page.unknown]


def test_check_says_whether_the_trail_can_be_read(trail: Trail) -> None:
    found = trail.source.probe(trail.bench.now)
    assert (found.capabilities["audit_trail"], found.problems) == (True, ())
    wrong = trail.bench.connect(audit_token="wrong").probe(trail.bench.now)
    assert wrong.capabilities["audit_trail"] is False
    assert "audit trail" in wrong.problems[0]
    assert "audit_trail" not in trail.bench.source.probe(trail.bench.now).capabilities
