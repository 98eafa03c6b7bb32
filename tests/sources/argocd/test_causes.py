"""Each cause of the drift ledger, made on the fake, read by the source and folded into episodes: what is told is enough to tell."""

from collections.abc import Callable

import pytest
from app.demo.fakes import argocd_drift as knobs
from app.demo.fakes.argocd_types import ApplicationState
from app.domain.drift import Cause, Ended, Episode
from app.sources.argocd.alike import alike

from tests.drift.build import told
from tests.sources.argocd.conftest import Stage, sha

API, CONFIG = "payments-api", "payments-api-config"
Act = Callable[[Stage, ApplicationState], object]


def begun(stage: Stage, **more: bool) -> ApplicationState:
    """Deployed by alice, and seen equal."""
    app = stage.app(**more)
    knobs.declare(app, API, {"spec.replicas": 3, "spec.image": "bank/api:1"})
    knobs.declare(app, CONFIG, {"data": {"limit": "100"}})
    stage.state.sync(app, stage.to(10), "alice")
    stage.read(30)
    stage.read(60)
    return app


def episodes(stage: Stage) -> dict[str, Episode]:
    return {one.name: one for one in told(stage.events)[0].values()}


MADE: dict[Cause, Act] = {
    Cause.LIVE_EDIT: lambda s, app: knobs.set_field(s.state, app, API, "spec.image", "bank/api:evil", s.to(70)),
    Cause.MISSING: lambda s, app: knobs.delete_object(s.state, app, API, s.to(70)),
    Cause.CONTROLLER: lambda s, app: knobs.autoscale(s.state, app, API, 9, s.to(70)),
    Cause.PENDING_COMMIT: lambda s, app: knobs.commit(s.state, app, sha(2), s.to(70), {API: {"spec.image": "bank/api:2"}}),
    Cause.PRUNING_NEEDED: lambda s, app: knobs.commit(s.state, app, sha(2), s.to(70), removed=[API]),
}


@pytest.mark.parametrize("cause", MADE)
def test_what_differs_has_its_cause(stage: Stage, cause: Cause) -> None:
    app = begun(stage)
    MADE[cause](stage, app)
    stage.read(90)
    (one,) = episodes(stage).values()
    assert (one.name, one.cause) == (API, cause), one.because
    assert str(one.onset_before)[11:19] == "09:01:10"


def test_an_object_that_was_never_declared_is_extra(stage: Stage) -> None:
    app = begun(stage)
    knobs.add_extra(stage.state, app, "ConfigMap", "planted", stage.to(70))
    stage.read(90)
    assert {name: one.cause for name, one in episodes(stage).items()} == {"planted": Cause.EXTRA}


def test_what_a_selective_sync_or_a_failed_one_left_behind(stage: Stage) -> None:
    app = begun(stage)
    changes = {API: {"spec.image": "bank/api:2"}, CONFIG: {"data.limit": "200"}}
    knobs.commit(stage.state, app, sha(2), stage.to(70), changes)
    stage.read(90)
    stage.state.selective(app, stage.to(100), "bob", [CONFIG])
    stage.read(120)
    assert {name: one.cause for name, one in episodes(stage).items() if one.ended_at is None} == {API: Cause.SELECTIVE_SYNC}
    stage.state.sync(app, stage.to(130), "bob", phase="Failed", message='deployments.apps "x" is forbidden: no', failed=[API])
    stage.read(150)
    assert {name: one.cause for name, one in episodes(stage).items() if one.ended_at is None} == {API: Cause.FAILED_SYNC}


def test_what_a_webhook_changes_after_each_sync(stage: Stage) -> None:
    app = begun(stage)
    knobs.mutate(app, API, "spec.image", "mirror/api:1")
    for at in (70, 130, 190):
        stage.state.sync(app, stage.to(at), "alice")
        stage.read(at + 20)
    assert {name: one.cause for name, one in episodes(stage).items()} == {API: Cause.MUTATING_WEBHOOK}


ENDS: dict[Ended, Act] = {
    Ended.BY_HAND: lambda s, app: knobs.revert(s.state, app, API, s.to(100)),
    Ended.GIT_CHANGE: lambda s, app: knobs.adopt(s.state, app, API, sha(2), s.to(100)),
    Ended.MANUAL_SYNC: lambda s, app: s.state.sync(app, s.to(100), "bob"),
    Ended.SELF_HEAL: lambda s, app: s.state.heal(app, s.to(100)),
    Ended.AUTOMATED_SYNC: lambda s, app: (
        knobs.commit(s.state, app, sha(2), s.to(99), {CONFIG: {"data.limit": "200"}}), s.state.sync(app, s.to(100)),
    ),
}  # fmt: skip


@pytest.mark.parametrize("ended", ENDS)
def test_what_ended_it_is_told(stage: Stage, ended: Ended) -> None:
    app = begun(stage, auto_sync=True)
    knobs.set_field(stage.state, app, API, "spec.image", "bank/api:evil", stage.to(70))
    stage.read(90)
    ENDS[ended](stage, app)
    stage.read(120)
    stage.read(150)
    one = episodes(stage)[API]
    assert one.ended_by == ended, one.ended_because


def test_a_heal_that_no_look_saw_names_what_it_put_back_and_what_it_left(stage: Stage) -> None:
    app = begun(stage, auto_sync=True, self_heal=True)
    knobs.set_field(stage.state, app, API, "spec.replicas", 9, stage.to(70))
    knobs.delete_object(stage.state, app, CONFIG, stage.to(71))
    stage.state.heal(app, stage.to(75))
    stage.read(90)
    healed = next(
        e for e in stage.events if e.type == "operation" and e.facts["operation_kind"] == "self-heal" and e.status != "Running"
    )
    assert {(one["name"], one["namespace"], one["message"]) for one in healed.facts["resources"]} == {
        (API, "payments", "deployment.apps/payments-api configured"),
        (CONFIG, "payments", "configmap/payments-api-config created"),
    }
    assert {name: one.ended_by for name, one in episodes(stage).items()} == {API: Ended.SELF_HEAL, CONFIG: Ended.SELF_HEAL}


def test_a_heal_of_which_only_its_announcement_is_left_names_nothing(stage: Stage) -> None:
    app = begun(stage, auto_sync=True, self_heal=True)
    knobs.set_field(stage.state, app, API, "spec.replicas", 9, stage.to(70))
    stage.state.heal(app, stage.to(72))
    stage.state.sync(app, stage.to(80), "bob")
    stage.read(90)
    healed = next(
        e for e in stage.events if e.type == "operation" and e.facts["operation_kind"] == "self-heal" and e.status != "Running"
    )
    assert (str(healed.how), healed.facts["partial"], healed.facts["resources"]) == ("reconstructed", True, [])


def test_blind_times_are_no_drift_and_no_end_of_it(stage: Stage) -> None:
    app = begun(stage)
    knobs.set_field(stage.state, app, API, "spec.image", "bank/api:evil", stage.to(70))
    stage.read(90)
    stage.state.incomparable(app, stage.to(100))
    stage.read(120)
    assert str(episodes(stage)[API].state) == "unknown"
    knobs.revert(stage.state, app, API, stage.to(130))
    stage.state.comparable(app, stage.to(160))
    stage.read(180)
    one = episodes(stage)[API]
    assert (str(one.state), str(one.ended_after)[11:19], str(one.ended_at)[11:19]) == ("closed", "09:01:30", "09:02:40")
    assert [spot.why for spot in told(stage.events)[1].values()] == ["unknown"]


def test_parameters_that_wait_for_their_sync_are_no_drift_and_nothing_of_them_is_kept(stage: Stage) -> None:
    """Same revision, same place: only the values of the specification differ, which are never kept."""
    app = begun(stage)
    values = {"parameters": [{"name": "image.tag", "value": "planted-value"}]}
    stage.state.change(app, stage.to(69), "alice", helm=values)
    knobs.declare(app, API, {"spec.image": "bank/api:2"})
    stage.state.noticed(app, stage.to(70), fetched=True)
    told_now = stage.read(90)
    (differing,) = [e for e in told_now if e.type == "differing"]
    assert (differing.facts["same_source"], differing.facts["revisions"]) == (False, [sha(1)])
    assert [e for e in told_now if e.type == "drift"] == []
    assert "planted-value" not in repr([stage.events, stage.memory])
    stage.state.sync(app, stage.to(100), "alice")
    stage.read(120)
    knobs.set_field(stage.state, app, API, "spec.image", "bank/api:evil", stage.to(130))
    told_now = stage.read(150)
    assert [e.facts["same_source"] for e in told_now if e.type == "differing"] == [True]
    assert [e.status for e in told_now if e.type == "drift"] == ["OutOfSync"]


def test_parameters_that_change_nothing_leave_drift_what_it_is(stage: Stage) -> None:
    app = begun(stage)
    stage.state.change(app, stage.to(69), "alice", helm={"parameters": [{"name": "unused", "value": "1"}]})
    stage.state.noticed(app, stage.to(70), fetched=True)
    stage.read(90, everything=True)
    knobs.set_field(stage.state, app, API, "spec.image", "bank/api:evil", stage.to(100))
    told_now = stage.read(120)
    assert [e.facts["same_source"] for e in told_now if e.type == "differing"] == [None]
    assert [e.status for e in told_now if e.type == "drift"] == ["OutOfSync"]


@pytest.mark.parametrize(
    "status", [5, {"history": [{"id": "x"}, 3], "sync": {"comparedTo": 7}}, {"history": {}}, {"sync": []}, None]
)
def test_what_tells_no_sources_is_alike_to_nothing(status: object) -> None:
    assert [alike(body) for body in ({"status": status}, [status], None)] == [None, None, None]
