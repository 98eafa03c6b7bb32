"""What kind of operation it was, and who began it, told from what Argo CD leaves behind."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from app.demo.fakes.argocd_types import ApplicationState, SourceState
from app.domain.actor import ActorKind
from app.domain.event import How, Step

from tests.sources.argocd.conftest import Stage, sha
from tests.sources.argocd.day import Shown


def deployed(stage: Stage, **more: object) -> ApplicationState:
    app = stage.app(**more)
    stage.state.sync(app, stage.to(10), "alice")
    stage.read(30)
    return app


def last(stage: Stage) -> Shown:
    return stage.operations[-1]


def automated(stage: Stage, app: ApplicationState) -> None:
    stage.state.push(app.sources[0].repository, sha(2), stage.to(58))
    stage.state.sync(app, stage.to(60))


def rolled_back(stage: Stage, app: ApplicationState) -> None:
    stage.state.push(app.sources[0].repository, sha(2), stage.to(40))
    stage.state.sync(app, stage.to(41), "alice")
    stage.read(50)
    stage.state.rollback(app, stage.to(60), "bob", 0)


def healed(stage: Stage, app: ApplicationState) -> None:
    stage.state.edit(app, "payments-api", stage.to(58))
    stage.state.heal(app, stage.to(60))


ACTS: dict[str, tuple[Callable[[Stage, ApplicationState], None], str, str]] = {
    "automated": (automated, "Argo CD", "synced"),
    "self-heal": (healed, "Argo CD", "healed"),
    "manual": (lambda s, a: s.state.sync(a, s.to(60), "carol"), "carol", "synced"),
    "selective": (lambda s, a: s.state.selective(a, s.to(60), "carol", ["payments-api-config"]), "carol", "synced"),
    "prune": (lambda s, a: s.state.selective(a, s.to(60), "carol", ["payments-api"], pruned=["payments-api"]), "carol", "synced"),
    "rollback": (rolled_back, "bob", "reverted"),
    "local": (lambda s, a: s.state.local(a, s.to(60), "carol"), "carol", "synced"),
    "dry-run": (lambda s, a: s.state.sync(a, s.to(60), "carol", dry_run=True), "carol", "noted"),
    "applicationset": (lambda s, a: s.state.rolling_sync(a, s.to(60)), "ApplicationSet", "synced"),
}


@pytest.mark.parametrize("kind", ACTS)
def test_each_kind_seen_as_it_stands(stage: Stage, kind: str) -> None:
    act, who, step = ACTS[kind]
    app = deployed(stage)
    act(stage, app)
    told = [e for e in stage.read(90) if e.type == "operation" and e.keys.operation == f"{app.uid}/2026-03-02T09:01:00Z"]
    assert [(e.status, e.step) for e in told] == [("Running", Step.REQUESTED), ("Succeeded", Step(step))]
    assert {e.facts["operation_kind"] for e in told} == {kind}
    assert {e.actor.name for e in told if e.actor} == {who}
    assert {e.how for e in told} == {How.OBSERVED}


@pytest.mark.parametrize("kind", ["automated", "self-heal", "manual", "selective", "rollback", "local", "dry-run"])
def test_each_kind_overwritten_before_it_was_read(stage: Stage, kind: str) -> None:
    act, who, _ = ACTS[kind]
    app = deployed(stage)
    act(stage, app)
    stage.state.sync(app, stage.to(70), "dave")
    stage.read(90)
    one = next(s for s in stage.operations if s.started.second == 0 and s.started.minute == 1)
    assert one.phases == ["Running", "Succeeded"]
    assert set(one.how) == {"reconstructed"}
    assert one.facts["operation_kind"] == kind
    assert {a.name for a in one.actors} == {who}
    assert last(stage).actors[-1].name == "dave"


def test_put_in_with_kubectl_it_wears_alices_name_and_names_nobody(stage: Stage) -> None:
    app = deployed(stage)
    stage.state.inject(app, stage.to(60))
    assert [e for e in stage.read(61) if e.type == "operation"] == []  # its announcement may still come
    stage.state.finish(app, stage.to(64))
    stage.read(90)
    one = last(stage)
    assert one.facts["operation_kind"] == "injected"
    assert {(a.name, a.kind) for a in one.actors} == {("", ActorKind.UNKNOWN)}
    assert all(a.because for a in one.actors)


@pytest.mark.parametrize("seconds", [62, 90, 200])
def test_a_forged_initiator_is_not_believed(stage: Stage, seconds: int) -> None:
    """Somebody with write access types another's name into the operation: no announcement, no proof."""
    app = deployed(stage)
    stage.state.inject(app, stage.to(60), initiated_by={"username": "mallory"})
    stage.state.finish(app, stage.to(61))
    stage.read(seconds)
    stage.read(seconds + 60)
    one = last(stage)
    assert {a.kind for a in one.actors} == {ActorKind.UNKNOWN}
    assert one.facts["operation_kind"] == "injected"


def test_injected_after_automation_it_is_not_called_automation(stage: Stage) -> None:
    app = deployed(stage, auto_sync=True)
    automated(stage, app)
    stage.read(90)
    stage.state.inject(app, stage.to(120))
    stage.state.finish(app, stage.to(122))
    stage.read(150)
    assert last(stage).facts["automated"] is False
    assert last(stage).actors[-1].kind is ActorKind.UNKNOWN


def test_injected_and_overwritten_it_still_stands(stage: Stage) -> None:
    app = deployed(stage)
    stage.state.inject(app, stage.to(60))
    stage.state.finish(app, stage.to(62), "Failed", "boom")
    stage.state.sync(app, stage.to(70), "dave")
    stage.read(90)
    one = stage.operations[-2]
    assert one.ended == "Failed"
    assert one.facts["message"] == "boom"
    assert one.facts["started_at"] is None
    assert {a.kind for a in one.actors} == {ActorKind.UNKNOWN}


def test_a_retried_operation_is_not_over_although_it_has_an_end(stage: Stage) -> None:
    app = stage.app(auto_sync=True)
    stage.state.begin(app, stage.to(10))
    stage.state.retrying(app, stage.to(12), 'namespaces "payments" not found', stage.to(22))
    assert [e.status for e in stage.read(15) if e.type == "operation"] == ["Running"]
    stage.state.attempt(app)
    assert [e for e in stage.read(23) if e.type == "operation"] == []
    stage.state.finish(app, stage.to(30))
    told = [e for e in stage.read(40) if e.type == "operation"]
    assert [(e.status, e.facts["retry_count"]) for e in told] == [("Succeeded", 1)]
    assert len(stage.operations) == 1


def test_running_and_overwritten_its_end_is_told_by_its_announcement(stage: Stage) -> None:
    app = deployed(stage)
    stage.state.begin(app, stage.to(60), "alice", resources=["payments-api"])
    stage.read(61)
    stage.state.finish(app, stage.to(63), "Failed", "no such thing")
    stage.state.sync(app, stage.to(64), "bob")
    stage.read(90)
    one = stage.operations[-2]
    assert one.phases == ["Running", "Failed"]
    assert one.how == ["observed", "reconstructed"]
    assert {a.name for a in one.actors} == {"alice"}


def test_an_end_that_nobody_told_is_said_to_be_unseen(stage: Stage) -> None:
    app = deployed(stage)
    stage.state.begin(app, stage.to(60), "alice", resources=["payments-api"])
    stage.read(61)
    stage.state.announces = False
    stage.state.finish(app, stage.to(63), "Failed", "no such thing")
    stage.state.announces = True
    stage.state.sync(app, stage.to(70), "bob")
    stage.read(90)
    one = stage.operations[-2]
    assert one.phases == ["Running", "Unseen"]
    assert one.how == ["observed", "inferred"]


def test_the_one_who_terminated_is_not_the_one_who_began(stage: Stage) -> None:
    app = deployed(stage)
    stage.state.begin(app, stage.to(60), "alice")
    stage.state.terminate(app, stage.to(65), "bob")
    stage.read(90)
    assert last(stage).actors[-1].name == "alice"
    assert last(stage).facts["terminated_by"] == "bob"
    assert last(stage).ended == "Failed"
    begun = next(e for e in stage.events if e.type == "operation" and e.status == "Running" and e.keys.operation == last(stage).id)
    assert "terminated_by" not in begun.facts


def test_whoever_ended_the_next_operation_did_not_end_the_one_before(stage: Stage) -> None:
    app = deployed(stage)
    stage.state.sync(app, stage.to(60), "carol", phase="Failed", message="boom")
    stage.state.begin(app, stage.to(64), "alice")
    stage.state.terminate(app, stage.to(66), "bob")
    stage.read(90)
    assert [(one.ended, one.facts.get("terminated_by")) for one in stage.operations[-2:]] == [("Failed", None), ("Failed", "bob")]


def test_a_project_token_is_a_service_and_no_person(stage: Stage) -> None:
    app = deployed(stage)
    stage.state.sync(app, stage.to(60), "proj:payments:deployer")
    stage.read(90)
    assert last(stage).actors[-1].kind is ActorKind.SERVICE


def test_found_long_after_nobody_is_named_and_neither_is_automation(stage: Stage) -> None:
    one, two = stage.app(), stage.app("fraud-detector")
    stage.state.sync(one, stage.to(10), "alice")
    stage.state.sync(two, stage.to(10))
    stage.read(4 * 3600)
    named = {s.application: s.actors[-1] for s in stage.operations}
    assert {one.kind for one in named.values()} == {ActorKind.UNKNOWN}
    assert all("announce" in one.because for one in named.values())
    assert [s.facts["automated"] for s in stage.operations] == [False, False]


def test_without_announcements_nobody_is_named_until_they_can_be_read(stage: Stage) -> None:
    app = deployed(stage)
    stage.state.fail_next(500, 4, path="/events")
    stage.state.sync(app, stage.to(60), "carol")
    stage.read(90)
    one = last(stage)
    assert {a.kind for a in one.actors} == {ActorKind.UNKNOWN}
    assert "could not be read" in one.actors[0].because
    told = [e for e in stage.read(120) if e.type == "operation"]
    assert [(e.status, e.actor.name if e.actor else "", e.keys.operation) for e in told] == [("attributed", "carol", one.id)]
    assert [e for e in stage.read(150) if e.type == "operation"] == []


def test_a_server_that_announces_nothing_proves_no_name_but_the_request_does(stage: Stage) -> None:
    stage.state.announces = False
    app = stage.app()
    stage.state.begin(app, stage.to(10), "alice")
    stage.read(12)
    stage.state.finish(app, stage.to(15))
    stage.read(30)
    stage.state.sync(app, stage.to(60), "bob")
    stage.read(90)
    first, second = stage.operations
    assert {a.name for a in first.actors} == {"alice"}
    assert {a.kind for a in second.actors} == {ActorKind.UNKNOWN}


def test_what_the_operation_before_may_have_left_is_no_proof_of_automation(stage: Stage) -> None:
    """A server that announces nothing: alice's record is replaced by automation's, but the next may only wear that."""
    stage.state.announces = False
    app = deployed(stage)
    automated(stage, app)
    stage.read(90)
    assert last(stage).actors[-1].name == "Argo CD"
    assert last(stage).facts["automated"] is True
    stage.state.inject(app, stage.to(100))
    stage.state.finish(app, stage.to(102))
    stage.read(120)
    assert last(stage).facts["operation_kind"] == "automated", "so its record says"
    assert {(a.kind, a.because) for a in last(stage).actors} == {
        (ActorKind.UNKNOWN, "this server announces no starts of operations")
    }
    assert last(stage).facts["automated"] is False


def test_what_may_have_hidden_in_between_may_have_left_its_name(stage: Stage) -> None:
    stage.state.announces = False
    app = deployed(stage)
    automated(stage, app)
    stage.read(4000)  # as many reconciliations wrote as an operation would have
    assert last(stage).actors[-1].kind is ActorKind.UNKNOWN


def test_automation_and_a_person_in_one_record_are_two_operations_remains(stage: Stage) -> None:
    stage.state.announces = False
    app = deployed(stage)
    automated(stage, app)
    stage.read(90)
    stage.state.inject(app, stage.to(100), initiated_by={"username": "mallory"})
    stage.state.finish(app, stage.to(102))
    stage.read(120)
    assert app.operation
    assert app.operation.initiated_by == {"automated": True, "username": "mallory"}
    assert {a.kind for a in last(stage).actors} == {ActorKind.UNKNOWN}


def test_a_rolling_sync_after_a_rolling_sync_may_be_what_it_left(stage: Stage) -> None:
    app = deployed(stage)
    stage.state.rolling_sync(app, stage.to(60))
    stage.read(90)
    assert last(stage).actors[-1].name == "ApplicationSet"
    stage.state.inject(app, stage.to(100))
    stage.state.finish(app, stage.to(102))
    stage.read(120)
    assert last(stage).actors[-1].kind is ActorKind.UNKNOWN
    assert "rolling" in last(stage).actors[-1].because


def test_wants_ask_what_lies_between_two_deployments(stage: Stage) -> None:
    app = deployed(stage)
    automated(stage, app)
    stage.read(90)
    asked = [(w.repository, w.base, w.head, w.path) for page in stage.pages for w in page.wants]
    assert asked == [
        ("bank/application-manifests", None, sha(1), "payments-api"),
        ("bank/application-manifests", sha(1), sha(2), "payments-api"),
    ]


def test_several_sources_keep_their_revisions_apart(stage: Stage) -> None:
    app = stage.app(more_sources=[SourceState("git@git.bank.example:bank/platform-config.git", "ledger", "main", sha(7))])
    stage.state.sync(app, stage.to(10), "alice")
    stage.read(30)
    one = last(stage)
    assert one.facts["revision"] is None
    assert one.facts["revisions"] == [sha(1), sha(7)]
    assert [s["repository"] for s in one.facts["sources"]] == ["bank/application-manifests", "bank/platform-config"]
    assert one.actors[-1].name == "alice"
    assert next(e for e in stage.events if e.type == "operation").keys.commits == (sha(1), sha(7))


def test_two_operations_within_one_second_are_two(stage: Stage) -> None:
    app = deployed(stage)
    still = timedelta()
    stage.state.sync(app, stage.to(60), "alice", duration=still, dry_run=True)
    stage.state.selective(app, stage.now, "bob", ["payments-api"], duration=still)
    stage.read(90)
    told = [s for s in stage.operations if s.started.minute == 1]
    assert [a.name for s in told for a in s.actors[-1:]] in (["alice", "bob"], ["bob", "alice"])
    assert len(told) == 2
    assert stage.read(120) == []


def test_an_unknown_phase_is_kept_and_reported(stage: Stage) -> None:
    app = deployed(stage)
    stage.state.begin(app, stage.to(60), "alice").phase = "Pondering"
    told = [e for e in stage.read(65) if e.type == "operation"]
    assert [(e.status, e.known) for e in told] == [("Running", True), ("Pondering", False)]
    assert ("operationState.phase", "Pondering") in [u for page in stage.pages for u in page.unknown]
    assert [e for e in stage.read(70, everything=True) if e.type == "operation"] == []


def test_the_announcements_of_an_operation_join_it(stage: Stage) -> None:
    app = deployed(stage)
    stage.state.begin(app, stage.to(60), "carol")
    stage.read(61)
    stage.state.finish(app, stage.to(64))
    stage.read(90)
    told = [
        (e.facts["message"][:14], e.actor and e.actor.name)
        for e in stage.events
        if e.type == "announcement" and e.keys.operation == last(stage).id
    ]
    assert told == [("carol initiate", "carol"), ("Sync operation", None)]
