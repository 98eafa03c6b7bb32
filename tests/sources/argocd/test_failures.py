"""Argo CD's exact texts in plain words, with the object that was missing; and what else is told of an operation."""

from typing import Any

import pytest
from app.domain.event import entity_of
from app.sources.argocd.failures import failure, failures, waits_for
from hypothesis import given
from hypothesis import strategies as st

from tests.recordings.replay import lines
from tests.sources.argocd.conftest import Stage
from tests.sources.argocd.test_operations import deployed, last

APPLY = "one or more objects failed to apply, reason: "
TASKS = "one or more synchronization tasks are not valid"
SAID: list[tuple[str, dict[str, Any]]] = [
    (f'{APPLY}namespaces "settlements" not found', {"cause": "namespace-missing", "name": "settlements"}),
    (f'{APPLY}namespaces "x" not found (retried 5 times).', {"cause": "namespace-missing", "name": "x"}),
    (f'{APPLY}namespaces "x" not found. Retrying attempt #2 at 2:11AM.', {"cause": "namespace-missing", "name": "x"}),
    (
        'The Kubernetes API could not find external-secrets.io/ExternalSecret for requested resource ns/name. Make sure the "Ext',
        {"cause": "kind-missing", "kind": "ExternalSecret", "group": "external-secrets.io", "object": "ns/name"},
    ),
    (
        'The Kubernetes API could not find version "v1beta1" of external-secrets.io/ExternalSecret for requested resource ns/n. V',
        {"cause": "version-missing", "kind": "ExternalSecret", "version": "v1beta1"},
    ),
    (
        f'{TASKS}: ExternalSecret.external-secrets.io "" not found',
        {"cause": "kind-missing", "kind": "ExternalSecret", "group": "external-secrets.io"},
    ),
    (f'{TASKS}: Deployment.apps "" not found', {"cause": "kind-missing", "kind": "Deployment", "group": "apps"}),
    (TASKS, {"cause": "unknown"}),
    (f'{APPLY}secret "dsn" not found', {"cause": "secret-missing", "name": "dsn"}),
    (
        f'{APPLY}clusterroles.rbac.authorization.k8s.io "reader" not found',
        {"cause": "role-missing", "kind": "clusterroles", "name": "reader"},
    ),
    (f'{APPLY}configmaps "rules" not found', {"cause": "object-missing", "kind": "configmaps", "name": "rules"}),
    (
        f'{APPLY}deployments.apps "api" is forbidden: User "system:serviceaccount:argocd:x" cannot patch resource',
        {"cause": "forbidden", "kind": "deployments.apps", "name": "api"},
    ),
    (
        'admission webhook "policy.bank.example" denied the request: no limits set',
        {
            "cause": "refused",
            "name": "policy.bank.example",
            "words": "the admission webhook policy.bank.example refused it: no limits set",
        },
    ),
    (
        'synchronization tasks completed unsuccessfully, reason: ConfigMap "Not_A_Valid_Name" is invalid: metadata.name: x',
        {"cause": "invalid", "kind": "ConfigMap", "name": "Not_A_Valid_Name"},
    ),
    ("one or more objects failed to apply (dry run)", {"cause": "dry-run-invalid"}),
    ("the namespace failed to apply", {"cause": "namespace-failed", "words": "its namespace could not be made"}),
    ("namespace auto creation failed: boom", {"cause": "namespace-failed"}),
    (
        "ComparisonError: Failed to load target state: failed to generate manifest: kustomize build failed",
        {"cause": "not-rendered"},
    ),
    (
        "resource rbac.authorization.k8s.io:ClusterRole is not permitted in project payments",
        {"cause": "not-permitted", "name": "payments"},
    ),
    ("namespace kube-system is not permitted in project 'payments'", {"cause": "not-permitted", "object": "kube-system"}),
    ("Failed to load application project: not found", {"cause": "project-missing"}),
    ("Failed to get destination cluster: cluster not found", {"cause": "cluster-unknown"}),
    ("Shared resource found: ConfigMap/x is part of applications a and b", {"cause": "shared"}),
    ("Resource apps/Deployment/x is missing, it might have been deleted", {"cause": "vanished", "object": "apps/Deployment/x"}),
    ("Operation terminated", {"cause": "terminated"}),
    ("Operation terminated, triggered by controller sync timeout", {"cause": "timeout"}),
    ("Sync operation blocked by sync window", {"cause": "sync-window"}),
    ("something nobody has seen", {"cause": "unknown", "words": "something nobody has seen"}),
]


@pytest.mark.parametrize(("text", "told"), SAID)
def test_each_text_has_its_cause_and_its_object(text: str, told: dict[str, Any]) -> None:
    found = failure(text)
    assert found
    assert {key: found.get(key) for key in told} == told
    assert found["words"]
    assert "{" not in found["words"]


@given(st.text(max_size=400))
def test_any_text_has_words_or_is_none(text: str) -> None:
    found = failure(text)
    assert found is None or (found["words"] and len(found["words"]) < 1200)


def test_a_long_hostile_text_costs_little() -> None:
    assert failure("a." * 1000 + '"' * 5) == failure("a." * 1000 + '"' * 5)


def test_resources_say_it_more_exactly_than_the_operation_and_each_cause_stands_once() -> None:
    one = {"kind": "ConfigMap", "name": "a", "status": "SyncFailed", "message": 'namespaces "x" not found'}
    fine = {"kind": "ConfigMap", "name": "c", "status": "Synced", "message": "configmap/c created"}
    told = failures(f'{APPLY}namespaces "x" not found', [one, {**one, "name": "b"}, fine])
    assert [(f["cause"], f["of"]["name"]) for f in told] == [("namespace-missing", "a")]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("waiting for completion of hook batch/Job/migrate", "completion of hook batch/Job/migrate"),
        (
            "waiting for healthy state of apps/Deployment/x and 2 more resources",
            "healthy state of apps/Deployment/x and 2 more resources",
        ),
        ("Sync operation blocked by sync window", "sync window"),
        ("one or more tasks are running", None),
    ],
)
def test_what_a_running_operation_waits_for(text: str, what: str | None) -> None:
    assert waits_for(text) == what


def test_every_failure_of_the_recorded_day_has_a_cause() -> None:
    failed = [one["message"] for one in lines("argocd-a", "operations") if one["phase"] == "Failed"]
    causes = [(failure(text) or {}).get("cause") for text in failed]
    assert causes == ["kind-missing", "kind-missing", "terminated"]


def test_attempts_that_failed_are_told_while_the_operation_goes_on(stage: Stage) -> None:
    app = stage.app(auto_sync=True)
    stage.state.begin(app, stage.to(10))
    stage.state.retrying(app, stage.to(12), f'{APPLY}namespaces "payments" not found', stage.to(22))
    stage.read(15)
    stage.state.attempt(app)
    stage.read(23)
    stage.state.retrying(app, stage.to(25), "boom", stage.to(45))
    stage.state.attempt(app)
    stage.state.retrying(app, stage.to(47), f'{APPLY}namespaces "payments" not found', stage.to(60))
    stage.read(50)
    stage.state.attempt(app)
    stage.state.finish(app, stage.to(62))
    stage.read(90)
    told = [e for e in stage.events if e.type == "attempt"]
    assert [(e.facts["number"], e.facts["unseen"], e.facts["failures"][0]["cause"]) for e in told] == [
        (1, 0, "namespace-missing"), (3, 1, "namespace-missing"),
    ]  # fmt: skip
    assert {entity_of(e) for e in told} == {f"operation:argocd-test:{last(stage).id}"}
    assert last(stage).ended == "Succeeded"
    assert last(stage).facts["also"] == ["retry"]
    assert len(stage.operations) == 1


def test_a_failed_operation_says_why_in_words(stage: Stage) -> None:
    app = deployed(stage)
    stage.state.sync(app, stage.to(60), "carol", phase="Failed", message=f'{APPLY}namespaces "settlements" not found')
    stage.read(90)
    assert [f["words"] for f in last(stage).facts["failures"]] == ["the namespace settlements does not exist in the cluster"]
    assert last(stage).facts["failures"][0]["of"]["kind"] == "ConfigMap"


def test_force_replace_and_prune_are_told_beside_the_kind(stage: Stage) -> None:
    app = deployed(stage)
    stage.state.begin(app, stage.to(60), "carol", force=True, prune=True, options=["Replace=true", "CreateNamespace=true"])
    stage.state.finish(app, stage.to(62))
    stage.read(90)
    facts = last(stage).facts
    assert (facts["operation_kind"], facts["also"]) == ("manual", ["force", "replace", "pruning"])
    assert facts["options"] == ["Replace=true", "CreateNamespace=true"]


def test_results_keep_the_order_of_execution_with_waves_and_hooks(stage: Stage) -> None:
    app = deployed(stage)
    stage.state.sync(app, stage.to(60), "carol")
    hook = {
        "group": "batch", "version": "v1", "kind": "Job", "namespace": "payments", "name": "migrate", "message": "Reached expected",
        "hookType": "PreSync", "hookPhase": "Succeeded", "syncPhase": "PreSync", "status": "Synced",
    }  # fmt: skip
    plain = {
        **hook,
        "group": "apps",
        "kind": "Deployment",
        "name": "payments-api",
        "hookType": None,
        "hookPhase": "Running",
        "syncPhase": "Sync",
    }
    waved = {
        "group": "apps",
        "kind": "Deployment",
        "namespace": "payments",
        "name": "payments-api",
        "status": "Synced",
        "syncWave": 2,
    }
    app.extra = {
        "status": {
            "operationState": {"syncResult": {"revision": app.revisions[0], "resources": [hook, plain]}},
            "resources": [waved],
        }
    }
    stage.read(90)
    told = last(stage).facts["resources"]
    assert [(one["name"], one["phase"], one.get("hook"), one.get("hook_phase"), one.get("wave")) for one in told] == [
        ("migrate", "PreSync", "PreSync", "Succeeded", None), ("payments-api", "Sync", None, None, "2"),
    ]  # fmt: skip


def test_who_terminated_it_is_unknown_where_nobody_announced_it(stage: Stage) -> None:
    app = deployed(stage)
    stage.state.begin(app, stage.to(60), "alice")
    stage.state.finish(app, stage.to(65), "Failed", "Operation terminated")
    stage.read(90)
    facts = last(stage).facts
    assert facts["terminated_by"] is None
    assert "announcement" in facts["terminated_because"]
    stage.state.begin(app, stage.to(100), "alice")
    stage.state.finish(app, stage.to(165), "Failed", "Operation terminated, triggered by controller sync timeout")
    stage.read(190)
    assert last(stage).facts["terminated_by"] == "Argo CD"
