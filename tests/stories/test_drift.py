"""Each cause of drift, and each end, from the fake Argo CD over HTTP to the episode: what is told is what was done to it.

Polls are half a minute apart. The last story goes on to the ledger, the projection and the portal's JSON.
"""

from collections.abc import Callable

import pytest
from app.changes.project import catch_up, digest, rebuild
from app.db.session import transaction
from app.demo.fakes import argocd_drift as drift
from app.demo.fakes.argocd_types import ApplicationState
from app.domain.drift import Blindness, Cause, Ended, Episode, State
from app.ledger import store as ledger
from app.main import create_app
from sqlalchemy import Engine
from starlette.testclient import TestClient

from tests.changes.test_drift import RULES
from tests.drift.build import told
from tests.sources.argocd.conftest import Stage, sha

NAME = "payments-api"
Act = Callable[[Stage, ApplicationState], object]


def seen(stage: Stage) -> dict[str, Episode]:
    """What the ledger of its events tells, the last episode of each object."""
    found = sorted(told(stage.events)[0].values(), key=lambda one: one.onset_before)
    return {one.name: one for one in found}


def synced(stage: Stage, **more: bool) -> ApplicationState:
    app = stage.app(**more)
    drift.declare(app, NAME, {"spec.replicas": 2, "spec.paused": False})
    stage.state.sync(app, stage.to(10), "alice")
    stage.read(60)
    stage.read(90)
    return app


def edit(stage: Stage, app: ApplicationState, path: str = "spec.replicas", **more: str) -> None:
    drift.set_field(stage.state, app, NAME, path, 9, stage.to(100), **more)
    stage.read(120)


@pytest.mark.parametrize(
    ("act", "cause", "manager"),
    [
        (lambda s, a: drift.set_field(s.state, a, NAME, "spec.replicas", 9, s.to(100)), Cause.LIVE_EDIT, "kubectl-edit"),
        (lambda s, a: drift.set_field(s.state, a, NAME, "spec.replicas", 9, s.to(100), manager="helm"), Cause.LIVE_EDIT, "helm"),
        (lambda s, a: drift.remove_field(s.state, a, NAME, "spec.paused", s.to(100)), Cause.UNKNOWN, None),
        (lambda s, a: drift.delete_object(s.state, a, NAME, s.to(100)), Cause.MISSING, None),
        (lambda s, a: drift.add_extra(s.state, a, "ConfigMap", "by-hand", s.to(100)), Cause.EXTRA, "kubectl-create"),
        (lambda s, a: drift.autoscale(s.state, a, NAME, 7, s.to(100)), Cause.CONTROLLER, "kube-controller-manager"),
        (lambda s, a: drift.operate(s.state, a, NAME, "spec.paused", True, s.to(100)), Cause.CONTROLLER, "prometheus-operator"),
        (
            lambda s, a: drift.commit(s.state, a, sha(2), s.to(100), {NAME: {"spec.replicas": 3}}),
            Cause.PENDING_COMMIT, "argocd-controller",
        ),
    ],
)  # fmt: skip
def test_a_cause_is_found_and_every_other_is_accounted_for(
    stage: Stage,
    act: Act,
    cause: Cause,
    manager: str | None,
) -> None:
    app = synced(stage)
    act(stage, app)
    stage.read(120)
    (one,) = told(stage.events)[0].values()
    assert (one.state, one.cause) == (State.OPEN, cause), one
    assert one.onset_after is not None
    assert stage.to(90) <= one.onset_after <= stage.to(100) <= one.onset_before <= stage.to(120)
    assert {cause, *(c.cause for c in (*one.ruled_out, *one.possible))} >= set(Cause) - {Cause.UNKNOWN}
    assert manager is None or one.writers[0].manager == manager
    assert one.person is not None
    assert (one.person.name, bool(one.person.because)) == ("", True)


def test_what_is_left_behind_what_failed_and_what_comes_again(stage: Stage) -> None:
    app = synced(stage)
    changed = {NAME: {"spec.replicas": 3}, f"{NAME}-config": {"data.rate": "2"}}
    drift.commit(stage.state, app, sha(2), stage.to(100), changed)
    stage.read(120)
    stage.state.selective(app, stage.to(130), "bob", [f"{NAME}-config"])
    stage.read(160)
    left = seen(stage)
    assert (left[NAME].cause, left[NAME].state) == (Cause.SELECTIVE_SYNC, State.OPEN)
    assert (left[f"{NAME}-config"].cause, left[f"{NAME}-config"].ended_by) == (Cause.PENDING_COMMIT, Ended.MANUAL_SYNC)
    stage.state.sync(app, stage.to(170), "bob", phase="Failed", failed=[NAME])
    stage.read(200)
    assert seen(stage)[NAME].cause is Cause.FAILED_SYNC
    stage.state.sync(app, stage.to(230), "bob")
    stage.read(260)
    assert (seen(stage)[NAME].state, seen(stage)[NAME].ended_by) == (State.CLOSED, Ended.MANUAL_SYNC)
    drift.mutate(app, NAME, "spec.paused", True)
    for second in (300, 400, 500):
        stage.state.sync(app, stage.to(second), "bob")
        stage.read(second + 30)
    again = seen(stage)[NAME]
    assert (again.cause, again.state) == (Cause.MUTATING_WEBHOOK, State.OPEN), again.because


@pytest.mark.parametrize(
    ("act", "by"),
    [
        (lambda s, a: s.state.heal(a, s.to(130)), Ended.SELF_HEAL),
        (lambda s, a: s.state.sync(a, s.to(130), "bob"), Ended.MANUAL_SYNC),
        (lambda s, a: s.state.rollback(a, s.to(130), "bob", 0), Ended.ROLLBACK),
        (lambda s, a: drift.revert(s.state, a, NAME, s.to(130)), Ended.BY_HAND),
        (lambda s, a: drift.adopt(s.state, a, NAME, sha(2), s.to(130)), Ended.GIT_CHANGE),
        (lambda s, a: s.state.delete(a, s.to(130)), Ended.REMOVED),
    ],
)
def test_what_ended_a_hand_edit(stage: Stage, act: Act, by: Ended) -> None:
    app = synced(stage)
    edit(stage, app)
    act(stage, app)
    for second in (150, 180, 210):
        stage.read(second, everything=True)
    one = seen(stage)[NAME]
    assert (one.state, one.ended_by, one.cause) == (State.CLOSED, by, Cause.LIVE_EDIT), one.ended_because
    assert one.ended_at is not None
    assert stage.to(130) <= one.ended_at <= stage.to(210)


def test_a_sync_for_a_newer_commit_puts_it_back_as_a_by_product(stage: Stage) -> None:
    app = synced(stage, auto_sync=True)
    edit(stage, app)
    drift.commit(stage.state, app, sha(2), stage.to(130), {f"{NAME}-config": {"data.rate": "2"}})
    stage.state.sync(app, stage.to(135))
    for second in (150, 180, 210):
        stage.read(second)
    one = seen(stage)[NAME]
    assert (one.ended_by, "by-product" in one.ended_because) == (Ended.AUTOMATED_SYNC, True), one


def test_a_heal_that_no_look_saw_is_an_episode_without_content(stage: Stage) -> None:
    app = synced(stage, auto_sync=True, self_heal=True)
    drift.set_field(stage.state, app, NAME, "spec.replicas", 9, stage.to(100))
    stage.state.heal(app, stage.to(103))
    for second in (120, 150, 180):
        stage.read(second)
    one = seen(stage)[NAME]
    assert (one.state, one.ended_by, one.changes, one.cause) == (State.CLOSED, Ended.SELF_HEAL, None, Cause.UNKNOWN)
    assert stage.to(60) <= (one.onset_after or stage.to(0)) <= stage.to(100) <= one.onset_before <= stage.to(103)
    assert one.told_by is not None


def test_the_person_is_known_where_argo_cd_announced_them(stage: Stage) -> None:
    app = synced(stage)
    drift.set_field(stage.state, app, NAME, "spec.replicas", 9, stage.to(100), manager="argocd-server")
    stage.state.announce(app, stage.to(100), "ResourceUpdated", f"alice patched resource apps/Deployment '{NAME}'", "alice")
    stage.read(120)
    one = seen(stage)[NAME]
    assert (one.person and one.person.name, one.cause) == ("alice", Cause.LIVE_EDIT)


@pytest.mark.parametrize("why", [Blindness.UNKNOWN, Blindness.FROZEN])
def test_a_blind_time_is_neither_drift_nor_its_end(stage: Stage, why: Blindness) -> None:
    app = synced(stage)
    edit(stage, app)
    stage.to(130)
    if why is Blindness.UNKNOWN:
        stage.state.incomparable(app, stage.now)
    else:
        drift.freeze(app)
    stage.read(150, everything=True)
    stage.read(180, everything=True)
    one = seen(stage)[NAME]
    (spot,) = told(stage.events)[1].values()
    assert (one.state, spot.why, spot.ended_at) == (State.UNKNOWN, why, None)
    if why is Blindness.UNKNOWN:
        stage.state.comparable(app, stage.to(200))
    else:
        drift.thaw(stage.state, app, stage.to(200))
    stage.read(220, everything=True)
    one = seen(stage)[NAME]
    (spot,) = told(stage.events)[1].values()
    assert (one.state, spot.ended_at is None) == (State.OPEN, False)


def test_from_the_server_to_the_json(stage: Stage, engine: Engine) -> None:
    app = synced(stage)
    edit(stage, app)
    with transaction(engine) as connection:
        ledger.append(connection, stage.events, stage.now)
    catch_up(engine, RULES)
    stage.state.heal(app, stage.to(130))
    told_before = len(stage.events)
    stage.read(150)
    with transaction(engine) as connection:
        ledger.append(connection, stage.events[told_before:], stage.now)
    catch_up(engine, RULES)
    assert digest(engine) == rebuild(engine, RULES, batch=2)
    with TestClient(create_app(engine, origin="bank.example/ledger", vkey="", clock=lambda: stage.to(3600))) as portal:
        answer = portal.get("/api/v1/drift?q=is:drift").json()
        (item,) = answer["items"]
        assert (item["state"], item["cause"], item["ended_by"], item["manager"]) == (
            "closed",
            "live-edit",
            "self-heal",
            "kubectl-edit",
        )
        assert item["subject"] == {
            "application": NAME, "workspace": None, "group": "apps", "kind": "Deployment", "name": NAME, "namespace": "payments",
        }  # fmt: skip
        assert (item["environment"], item["limit_seconds"], item["over_limit"]) == ("production", 3600, False)
        assert [(one["path"], one["live"], one["declared"]) for one in item["changes"]] == [("spec.replicas", "9", "2")]
        assert item["change"] is not None
        change = portal.get(f"/api/v1/changes/{item['change']}").json()
        assert portal.get(f"/api/v1/drift?q=change:{change['number']}").json()["items"] == [item]
        assert portal.get(f"/drift.csv?q=change:{change['number']}").text.count("\r\n") == 2
        assert answer["compared"]["as_declared"] == 1
