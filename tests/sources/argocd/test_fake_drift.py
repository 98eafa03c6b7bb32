"""The fake's ways to differ: what Argo CD shows of each, and what managedFields say of who wrote it."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from app.demo.fakes import argocd_drift as knobs
from app.demo.fakes.argocd_types import ApplicationState

from tests.sources.argocd.conftest import Stage, sha

API, CONFIG = "payments-api", "payments-api-config"
IMAGE = "spec.template.spec.containers[app].image"


@pytest.fixture
def app(stage: Stage) -> ApplicationState:
    """A Deployment and a ConfigMap, deployed by alice in second 10."""
    app = stage.app()
    containers = [{"name": "app", "image": "bank/payments:1"}, {"name": "proxy", "image": "bank/proxy:2"}]
    knobs.declare(app, API, {"spec.replicas": 3, "spec.template.spec.containers": containers})
    knobs.declare(app, CONFIG, {"data": {"limit": "100", "currency": "GBP"}})
    stage.state.sync(app, stage.to(10), "alice")
    return app


def shown(stage: Stage) -> dict[str, dict[str, Any]]:
    """The items of managed-resources by name, states decoded."""
    answer = httpx.get(
        f"{stage.url}/api/v1/applications/payments-api/managed-resources",
        params={"project": "payments-production"}, headers={"authorization": f"Bearer {stage.state.token}"},
    )  # fmt: skip
    items = answer.raise_for_status().json()["items"]
    return {
        one["name"]: {key: json.loads(value) if key.endswith("State") else value for key, value in one.items()} for one in items
    }


def rows(app: ApplicationState) -> dict[str, str]:
    return {one.name: one.status for one in app.resources}


def owners(item: dict[str, Any]) -> dict[str, tuple[str, str | None]]:
    """Manager → when, and through which subresource."""
    return {one["manager"]: (one["time"], one.get("subresource")) for one in item["liveState"]["metadata"]["managedFields"]}


def test_after_a_sync_everything_is_owned_by_argo_cd_and_nothing_differs(stage: Stage, app: ApplicationState) -> None:
    one = shown(stage)[API]
    assert (app.sync, one.get("modified"), owners(one)) == ("Synced", None, {"argocd-controller": ("2026-03-02T09:00:12Z", None)})
    assert one["liveState"]["metadata"]["annotations"] == {
        "argocd.argoproj.io/tracking-id": "payments-api:apps/Deployment:payments/payments-api"
    }
    fields = one["liveState"]["metadata"]["managedFields"][0]["fieldsV1"]["f:spec"]
    assert fields["f:replicas"] == {}
    assert fields["f:template"]["f:spec"]["f:containers"]['k:{"name":"app"}'] == {".": {}, "f:name": {}, "f:image": {}}
    assert one["normalizedLiveState"] == one["predictedLiveState"]


def test_a_field_edited_by_hand_changes_its_owner_until_a_heal_takes_it_back(stage: Stage, app: ApplicationState) -> None:
    knobs.set_field(stage.state, app, API, IMAGE, "bank/payments:evil", stage.to(40), manager="kubectl-set")
    one = shown(stage)[API]
    assert (rows(app), one["modified"]) == ({API: "OutOfSync", CONFIG: "Synced"}, True)
    assert one["normalizedLiveState"]["spec"]["template"]["spec"]["containers"][0]["image"] == "bank/payments:evil"
    assert one["predictedLiveState"]["spec"]["template"]["spec"]["containers"][0]["image"] == "bank/payments:1"
    assert owners(one) == {
        "argocd-controller": ("2026-03-02T09:00:12Z", None), "kubectl-set": ("2026-03-02T09:00:40Z", None),
    }  # fmt: skip
    stage.state.heal(app, stage.to(50))
    assert owners(shown(stage)[API]) == {"argocd-controller": ("2026-03-02T09:00:51Z", None)}
    assert app.sync == "Synced"
    assert app.operation
    assert app.operation.result
    assert [one["message"] for one in app.operation.result["resources"]] == ["deployment.apps/payments-api configured"]


def test_an_autoscaler_an_operator_and_a_webhook_write_under_their_own_names(stage: Stage, app: ApplicationState) -> None:
    knobs.autoscale(stage.state, app, API, 9, stage.to(40))
    knobs.operate(stage.state, app, CONFIG, "data.limit", "50", stage.to(41))
    found = shown(stage)
    assert owners(found[API])["kube-controller-manager"] == ("2026-03-02T09:00:40Z", "scale")
    assert owners(found[CONFIG])["prometheus-operator"] == ("2026-03-02T09:00:41Z", None)
    knobs.mutate(app, API, "spec.template.spec.containers[proxy].image", "registry.mirror/proxy:2")
    for at in (60, 70):
        stage.state.sync(app, stage.to(at), "alice")
        assert rows(app) == {API: "OutOfSync", CONFIG: "Synced"}
        assert set(owners(shown(stage)[API])) == {"argocd-controller"}
    containers = shown(stage)[API]["liveState"]["spec"]["template"]["spec"]["containers"]
    assert [one["image"] for one in containers] == ["bank/payments:1", "registry.mirror/proxy:2"]


def test_what_was_deleted_has_no_live_state_and_is_created_by_the_next_sync(stage: Stage, app: ApplicationState) -> None:
    knobs.delete_object(stage.state, app, CONFIG, stage.to(40))
    one = shown(stage)[CONFIG]
    assert (one["modified"], one["liveState"], one["normalizedLiveState"]) == (True, None, None)
    assert one["predictedLiveState"]["data"] == {"limit": "100", "currency": "GBP"}
    assert app.resource(CONFIG).health == "Missing"
    stage.state.sync(app, stage.to(50), "bob")
    assert app.operation
    assert app.operation.result
    told = {one["name"]: one["message"] for one in app.operation.result["resources"]}
    assert told == {CONFIG: "configmap/payments-api-config created", API: "deployment.apps/payments-api unchanged"}
    assert (app.sync, app.resource(CONFIG).health) == ("Synced", "Healthy")


def test_an_extra_object_is_not_modified_and_waits_to_be_pruned(stage: Stage, app: ApplicationState) -> None:
    knobs.add_extra(stage.state, app, "ConfigMap", "planted", stage.to(40))
    one = shown(stage)["planted"]
    assert (one.get("modified"), one["targetState"], one["predictedLiveState"]) == (None, None, None)
    assert "tracking-id" in json.dumps(one["liveState"])
    assert owners(one) == {"kubectl-create": ("2026-03-02T09:00:40Z", None)}
    stage.state.sync(app, stage.to(50), "bob")
    assert app.operation
    assert app.operation.result
    (skipped,) = [one for one in app.operation.result["resources"] if one["name"] == "planted"]
    assert (skipped["status"], skipped["message"], app.sync) == ("PruneSkipped", "ignored (requires pruning)", "OutOfSync")
    stage.state.sync(app, stage.to(60), "bob", prune=True)
    assert [one["status"] for one in app.operation.result["resources"] if one["name"] == "planted"] == ["Pruned"]
    assert (app.sync, "planted" in rows(app)) == ("Synced", False)


def test_a_commit_waits_and_what_it_removes_needs_pruning(stage: Stage, app: ApplicationState) -> None:
    knobs.commit(
        stage.state, app, sha(2), stage.to(40), {API: {IMAGE: "bank/payments:2"}}, removed=[CONFIG], added=[("Service", "payments")]
    )
    assert (app.compared, rows(app)) == ([sha(2)], {API: "OutOfSync", CONFIG: "OutOfSync", "payments": "OutOfSync"})
    stage.state.selective(app, stage.to(50), "bob", ["payments"])
    assert rows(app) == {API: "OutOfSync", CONFIG: "OutOfSync", "payments": "Synced"}
    stage.state.sync(app, stage.to(60), "bob", phase="Failed", message='deployments "x" is forbidden: no', failed=[API])
    assert app.operation
    assert app.operation.result
    assert [one["status"] for one in app.operation.result["resources"]] == ["PruneSkipped", "Synced", "SyncFailed"]
    stage.state.sync(app, stage.to(70), "bob", prune=True)
    assert (app.sync, set(rows(app))) == ("Synced", {API, "payments"})


def test_a_commit_for_another_object_repairs_the_edited_one_as_a_by_product(stage: Stage, app: ApplicationState) -> None:
    knobs.set_field(stage.state, app, API, "spec.replicas", 9, stage.to(40))
    knobs.commit(stage.state, app, sha(2), stage.to(50), {CONFIG: {"data.limit": "200"}})
    stage.state.sync(app, stage.to(51))
    assert (app.sync, app.resource(API).live["spec"]["replicas"], app.history[-1]["id"]) == ("Synced", 3, 1)


ENDS: list[Callable[[Stage, ApplicationState], None]] = [
    lambda stage, app: knobs.revert(stage.state, app, API, stage.to(60)),
    lambda stage, app: knobs.adopt(stage.state, app, API, sha(2), stage.to(60)),
]


@pytest.mark.parametrize("end", ENDS)
def test_it_ends_by_hand_or_by_git_without_any_operation(
    stage: Stage, app: ApplicationState, end: Callable[[Stage, ApplicationState], None]
) -> None:
    knobs.set_field(stage.state, app, API, "spec.replicas", 9, stage.to(40))
    end(stage, app)
    assert (app.sync, len(app.history)) == ("Synced", 1)
    assert "kubectl-edit" in owners(shown(stage)[API])


@pytest.mark.parametrize("way", ["frozen", "stalled"])
def test_what_is_not_reconciled_shows_what_was_and_then_what_is(stage: Stage, app: ApplicationState, way: str) -> None:
    if way == "frozen":
        knobs.freeze(app)
    else:
        knobs.stall(stage.state, stage.to(20))
    knobs.remove_field(stage.state, app, CONFIG, "data.limit", stage.to(40))
    stage.to(7200)
    answer = httpx.get(
        f"{stage.url}/api/v1/applications/payments-api",
        params={"project": "payments-production"}, headers={"authorization": f"Bearer {stage.state.token}"},
    )  # fmt: skip
    assert answer.json()["status"]["reconciledAt"] == "2026-03-02T09:00:12Z"
    assert (app.sync, knobs.really_differs(app)) == ("Synced", [CONFIG])
    if way == "frozen":
        knobs.thaw(stage.state, app, stage.to(7260))
    else:
        knobs.resume(stage.state, stage.to(7260))
    assert app.sync == "OutOfSync"
