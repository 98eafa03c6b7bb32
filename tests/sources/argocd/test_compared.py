"""What differs: asked when it changed and when asking cannot write, told by object, field and program, without secrets."""

import json
from typing import Any

import pytest
from app.canonical import digest
from app.demo.fakes import argocd_drift as knobs
from app.sources.argocd.states import decoded, masked

from tests.sources.argocd.conftest import REPO, Stage, sha
from tests.sources.harness import observations_of


def comparisons(stage: Stage) -> list[tuple[str, dict[str, Any]]]:
    return [(e.status, dict(e.facts)) for e in stage.events if e.type == "comparison"]


def looks(stage: Stage) -> int:
    return len([path for path, _ in stage.state.requests if path.endswith("/managed-resources")])


def test_a_hand_edit_names_the_field_the_values_and_the_program(stage: Stage) -> None:
    app = stage.app()
    stage.state.sync(app, stage.to(10), "alice")
    stage.read(30)
    assert looks(stage) == 0
    stage.state.edit(app, "payments-api", stage.to(60), live={"spec": {"replicas": 6}})
    stage.read(90)
    ((status, facts),) = comparisons(stage)
    (one,) = facts["resources"]
    assert (status, one["kind"], one["name"], one["difference"]) == ("compared", "Deployment", "payments-api", "modified")
    wrote = {"manager": "kubectl-edit", "operation": "Update", "subresource": None, "at": "2026-03-02T09:01:00Z"}
    assert one["changes"] == [
        {"path": "spec", "live": '{"replicas": 6}', "declared": None, "by": ["kubectl-edit"], "writers": [wrote]}
    ]
    assert [(m["manager"], m["at"]) for m in one["managers"]] == [("kubectl-edit", "2026-03-02T09:01:00Z")]
    assert (one["target_changed"], one["live_changed"]) == (None, None)


def test_it_is_asked_once_for_what_differs_and_again_when_that_changes(stage: Stage) -> None:
    app = stage.app()
    stage.state.sync(app, stage.to(10), "alice")
    stage.state.edit(app, "payments-api", stage.to(20))
    for n in range(4):
        stage.read(30 + 30 * n, everything=True)
    assert looks(stage) == 1
    stage.state.edit(app, "payments-api-config", stage.to(150))
    stage.read(180, everything=True)
    assert looks(stage) == 2
    told = [facts["resources"] for _, facts in comparisons(stage)]
    names = [[(one["name"], one["target_changed"], one["live_changed"]) for one in part] for part in told]
    assert names == [[("payments-api", None, None)], [("payments-api-config", False, True), ("payments-api", False, False)]]


def test_the_same_drift_after_it_was_gone_is_told_anew(stage: Stage) -> None:
    app = stage.app()
    stage.state.sync(app, stage.to(10), "alice")
    for at in (60, 240):
        stage.state.edit(app, "payments-api", stage.to(at))
        stage.read(at + 30)
        stage.state.restore(app, "payments-api", stage.to(at + 60))
        stage.read(at + 90)
    assert [facts["resources"][0]["name"] for _, facts in comparisons(stage)] == ["payments-api"] * 2


def test_a_commit_that_waits_is_seen_by_its_target(stage: Stage) -> None:
    app = stage.app()
    stage.state.sync(app, stage.to(10), "alice")
    stage.state.edit(app, "payments-api", stage.to(20))
    stage.read(30)
    stage.state.push(REPO, sha(2), stage.to(60))
    stage.read(90)
    _, facts = comparisons(stage)[-1]
    assert facts["revisions"] == [sha(2)]
    changed = {one["name"]: (one["target_changed"], one["live_changed"]) for one in facts["resources"]}
    assert changed == {"payments-api": (True, False), "payments-api-config": (True, False)}


@pytest.mark.parametrize("why", ["frozen", "incomparable", "old"])
def test_it_is_never_asked_where_asking_could_write_and_that_is_said(stage: Stage, why: str) -> None:
    app = stage.app()
    stage.state.sync(app, stage.to(10), "alice")
    stage.read(30)
    stage.state.edit(app, "payments-api", stage.to(60))
    if why == "incomparable":
        app.conditions = [{"type": "ComparisonError", "message": "connection refused"}]
    else:
        app.frozen = why == "frozen"
        app.extra = {"status": {"reconciledAt": "2026-03-02T06:00:00Z"}} if why == "old" else {}
    stage.read(90)
    stage.read(120, everything=True)
    assert looks(stage) == 0
    assert stage.state.refreshed == []
    ((status, facts),) = comparisons(stage)
    assert status == "unavailable"
    assert facts["because"]


def test_a_server_that_refuses_it_is_asked_again_with_the_next_reading(stage: Stage) -> None:
    app = stage.app()
    stage.state.sync(app, stage.to(10), "alice")
    stage.state.edit(app, "payments-api", stage.to(20))
    stage.state.fail_next(403, 1, path="managed-resources")
    stage.read(30)
    stage.read(60, everything=True)
    assert [status for status, _ in comparisons(stage)] == ["unavailable", "compared"]


def test_a_thousand_objects_are_told_in_parts_and_none_is_left_out(stage: Stage) -> None:
    app = stage.app(resources=[("ConfigMap", f"config-{n:04}") for n in range(1000)])
    stage.state.sync(app, stage.to(10), "alice")
    stage.state.push(REPO, sha(2), stage.to(20))
    stage.read(30)
    told = comparisons(stage)
    assert len(told) == told[0][1]["parts"] > 3
    assert [facts["part"] for _, facts in told] == list(range(len(told)))
    assert {one["name"] for _, facts in told for one in facts["resources"]} == {f"config-{n:04}" for n in range(1000)}
    assert not [key for _, facts in told for key in facts if key.endswith("_total")]


def test_one_object_that_differs_in_much_is_told_in_pieces_with_every_field_and_every_manager(stage: Stage) -> None:
    app = stage.app(resources=[("ConfigMap", "rules")])
    knobs.declare(app, "rules", {"data": {}})
    stage.state.sync(app, stage.to(10), "alice")
    stage.state.edit(app, "rules", stage.to(20), live={"data": {f"key-{n:05}": f"value {n}" for n in range(2000)}})
    for n in range(120):
        knobs.set_field(stage.state, app, "rules", f"data.key-{n:05}", "other", stage.to(21), manager=f"program-{n:03}")
    stage.read(30)
    told = [facts["resources"] for _, facts in comparisons(stage)]
    pieces = [one for part in told for one in part]
    assert len(told) > 8
    assert [one.get("more") for one in pieces] == [None] + [True] * (len(pieces) - 1)
    assert [c["path"] for one in pieces for c in one["changes"]] == [f"data.key-{n:05}" for n in range(2000)]
    managers = [m["manager"] for one in pieces for m in one["managers"]]
    assert sorted(managers) == ["kubectl-edit", *[f"program-{n:03}" for n in range(120)]]
    assert all(c["by"] == [c["writers"][0]["manager"]] for one in pieces for c in one["changes"])


def test_a_long_value_is_cut_with_its_digest_and_length_beside_it() -> None:
    long = "x" * 5000
    one = decoded(item("ConfigMap", live={"data": {"a": long}}, declared={"data": {"a": "short"}}))
    assert one
    (change,) = one["changes"]
    assert change["live"].startswith('"xxx')
    assert (change["live_length"], change["live_digest"]) == (5002, digest(f'"{long}"'.encode()))
    assert (change["declared"], "declared_digest" in change) == ('"short"', False)


def test_a_second_hand_on_what_differs_already_is_told_within_the_hour_and_nothing_while_it_is_the_same(stage: Stage) -> None:
    app = stage.app()
    knobs.declare(app, "payments-api", {"spec.replicas": 3})
    stage.state.sync(app, stage.to(10), "alice")
    knobs.set_field(stage.state, app, "payments-api", "spec.replicas", 6, stage.to(20))
    for n in range(30):
        stage.read(30 + 300 * n)
    assert (len(comparisons(stage)), looks(stage)) == (1, 3)
    knobs.set_field(stage.state, app, "payments-api", "spec.replicas", 9, stage.to(9100), manager="kubectl-scale")
    for n in range(14):
        stage.read(9200 + 300 * n)
    told = [facts["resources"][0]["changes"][0] for _, facts in comparisons(stage)]
    assert [(one["live"], one["by"]) for one in told] == [("6", ["kubectl-edit"]), ("9", ["kubectl-scale"])]


def test_after_an_operation_that_it_outlasts_what_differs_is_looked_at_again(stage: Stage) -> None:
    """A webhook changes it on admission: each sync is followed by the same difference, under the applier's name."""
    app = stage.app()
    knobs.declare(app, "payments-api", {"spec.image": "bank/api:1"})
    knobs.mutate(app, "payments-api", "spec.image", "mirror/api:1")
    for at in (10, 70):
        stage.state.sync(app, stage.to(at), "alice")
        stage.read(at + 20)
    told = [facts["resources"][0] for _, facts in comparisons(stage)]
    assert [(one["changes"][0]["by"], one["changes"][0]["writers"][0]["at"][14:19]) for one in told] == [
        (["argocd-controller"], "00:12"), (["argocd-controller"], "01:12"),
    ]  # fmt: skip


def test_what_is_kept_holds_both_documents_that_are_compared_and_says_what_of_them_is_noise(stage: Stage) -> None:
    app = stage.app(resources=[("Deployment", "api"), ("ConfigMap", "gone"), ("ConfigMap", "same")])
    knobs.declare(app, "api", {"spec.replicas": 3})
    stage.state.sync(app, stage.to(10), "alice")
    app.resource("api").observed = {"status": {"replicas": 6}}
    knobs.set_field(stage.state, app, "api", "spec.replicas", 6, stage.to(20))
    knobs.delete_object(stage.state, app, "gone", stage.to(20))
    knobs.add_extra(stage.state, app, "Secret", "extra", stage.to(20))
    stage.read(30)
    (kept,) = [one for one in observations_of(stage.pages) if one.subject.startswith("managed-resources/")]
    assert {e.observation for e in stage.events if e.type == "comparison"} == {kept.digest}
    items = {one["name"]: one for one in json.loads(kept.body)["items"]}
    assert set(items) == {"api", "gone", "extra"}
    api = items["api"]
    assert (api["normalizedLiveState"]["spec"], api["predictedLiveState"]["spec"]) == ({"replicas": 6}, {"replicas": 3})
    assert api["noise"] == [
        "metadata.creationTimestamp", "metadata.generation", "metadata.resourceVersion", "metadata.uid", "status",
    ]  # fmt: skip
    assert api["normalizedLiveState"]["status"] == {"replicas": 6}
    assert (items["gone"]["normalizedLiveState"], items["gone"]["liveState"]) == (None, None)
    assert (items["extra"]["predictedLiveState"], items["extra"]["targetState"]) == (None, None)
    assert set(items["extra"]["liveState"]["data"].values()) == {"[removed]"}


def item(kind: str, **states: Any) -> dict[str, Any]:
    live, declared = states["live"], states["declared"]
    return {
        "kind": kind, "name": "x", "namespace": "n", "modified": True, "targetState": json.dumps(declared),
        "liveState": json.dumps(live), "normalizedLiveState": json.dumps(live), "predictedLiveState": json.dumps(declared),
    }  # fmt: skip


def test_fields_inside_lists_are_named_and_owned() -> None:
    written = {
        "manager": "kubectl-set", "operation": "Update", "time": "2026-03-02T09:00:00Z",
        "fieldsV1": {"f:spec": {"f:containers": {'k:{"name":"app"}': {"f:image": {}}}}},
    }  # fmt: skip
    live = {"metadata": {"managedFields": [written], "generation": 4}, "spec": {"containers": [{"name": "app", "image": "b"}]}}
    declared = {"metadata": {"generation": 3}, "spec": {"containers": [{"name": "app", "image": "a"}]}}
    one = decoded(item("Deployment", live=live, declared=declared))
    assert one
    (change,) = one["changes"]
    assert {key: change[key] for key in ("path", "live", "declared", "by")} == {
        "path": "spec.containers[app].image", "live": '"b"', "declared": '"a"', "by": ["kubectl-set"],
    }  # fmt: skip


def test_what_is_not_live_is_missing_and_what_is_no_longer_declared_is_extra() -> None:
    found = [
        decoded({"kind": "ConfigMap", "name": "x", "targetState": target, "liveState": live})
        for target, live in (('{"data":{}}', "null"), ("null", '{"data":{}}'), ('{"data":{}}', '{"data":{}}'))
    ]
    assert [one and one["difference"] for one in found] == ["missing", "extra", "none"]


@pytest.mark.parametrize("text", ["", "null", "[]", "{", "[" * 100_000, '"x"', None, 7])
def test_a_state_that_is_none_is_absent(text: Any) -> None:
    one = decoded({"kind": "ConfigMap", "name": "x", "targetState": text, "liveState": '{"a":1}'})
    assert one
    assert one["difference"] == "extra"
    assert decoded({"kind": None, "name": "x"}) is None


PLANTED = "planted-value"
HOLDERS: list[tuple[str, dict[str, Any]]] = [
    ("Secret", {"data": {"dsn": PLANTED}}),
    ("ConfigMap", {"data": {"DB_PASSWORD": PLANTED}}),
    ("ConfigMap", {"data": {"app.properties": f"url=x\ndb.password = {PLANTED}\nretries=3"}}),
    ("Deployment", {"spec": {"containers": [{"name": "a", "env": [{"name": "LEVEL", "value": PLANTED}]}]}}),
    ("Application", {"spec": {"source": {"helm": {"values": f"a: {PLANTED}", "parameters": [{"name": "x", "value": PLANTED}]}}}}),
    ("Vault", {"spec": {"apiKey": PLANTED}}),
    ("ExternalSecret", {"spec": {"target": {"template": {"data": {"config": f"dsn={PLANTED}"}}}}}),
    ("ExternalSecret", {"spec": {"target": {"template": {"templateFrom": [{"literal": PLANTED}]}}}}),
    ("SecretStore", {"spec": {"provider": {"fake": {"data": [{"key": "/a", "value": PLANTED}]}}}}),
    ("Proxy", {"spec": {"url": f"https://user:{PLANTED}@proxy.bank.example"}}),
]


@pytest.mark.parametrize(("kind", "live"), HOLDERS)
def test_secrets_are_in_no_difference_and_in_no_state(kind: str, live: dict[str, Any]) -> None:
    one = decoded(item(kind, live={"kind": kind, **live}, declared={"kind": kind}))
    assert one
    assert one["changes"]
    assert PLANTED not in json.dumps(one)
    assert PLANTED not in json.dumps(masked({"kind": kind, **live}))


def test_what_is_kept_holds_the_states_without_what_was_planted(stage: Stage) -> None:
    app = stage.app(resources=[("Secret", "dsn"), ("ConfigMap", "config")])
    stage.state.sync(app, stage.to(10), "alice")
    stage.state.edit(app, "config", stage.to(20), live={"data": {"api_token": PLANTED, "limit": "5"}})
    stage.read(30)
    (kept,) = [one for one in observations_of(stage.pages) if one.subject.startswith("managed-resources/")]
    assert PLANTED.encode() not in kept.body
    assert b'"limit":"5"' in kept.body
    assert b"managedFields" not in kept.body
    assert PLANTED not in repr(stage.events)
