"""Which secrets an application asks for and uses: looked at where that cannot write, told when it is new, in names alone."""

import json
from typing import Any

import pytest
from app.demo.fakes import argocd_secrets as secrets
from app.demo.fakes.argocd_types import ApplicationState
from app.sources.argocd.secret_names import LISTS, names, seconds
from hypothesis import given
from hypothesis import strategies as st

from tests.sources.argocd.conftest import START, Stage
from tests.sources.argocd.test_compared import looks
from tests.sources.harness import observations_of

HOUR = 3600
PATH = "/payments/production/database-url"


def reader(stage: Stage, **more: Any) -> ApplicationState:
    app = stage.app(auto_sync=True, **more)
    secrets.add_store(app, "parameters")
    secrets.add_external(app, "database", [PATH, {"key": "shared", "property": "user", "version": "3"}], stage.now)
    secrets.add_workload(app, "payments-api", env=["database"], volumes=["tls"], pull=["registry"])
    stage.state.sync(app, stage.to(10))
    return app


def told(stage: Stage) -> list[dict[str, Any]]:
    return [{"status": e.status, **e.facts} for e in stage.events if e.type == "secret-refs"]


def test_names_of_store_keys_secret_and_workload_are_told_once(stage: Stage) -> None:
    reader(stage)
    for n in range(3):
        stage.read(30 + 30 * n)
    (facts,) = told(stage)
    assert looks(stage) == 1
    (store,) = facts["stores"]
    assert (store["kind"], store["name"], store["system"], store["region"]) == ("SecretStore", "parameters", "aws-ssm", "eu-west-1")
    (one,) = facts["externals"]
    assert (one["name"], one["target"], one["interval"]) == ("database", "database", 3600)
    assert one["refreshed_at"] == "2026-03-02T09:00:00Z"
    assert one["ready"] is True
    assert [(r["key"], r["property"], r["version"], r["store"]) for r in facts["refs"]] == [
        (PATH, "", "", "parameters"),
        ("shared", "user", "3", "parameters"),
    ]
    assert [(u["name"], u["secret"], u["by"]) for u in facts["uses"]] == [
        ("payments-api", "database", "env"),
        ("payments-api", "registry", "pull"),
        ("payments-api", "tls", "volume"),
    ]


def test_it_is_asked_for_half_of_the_answer_where_nothing_differs(stage: Stage) -> None:
    reader(stage)
    stage.read(30)
    (query,) = [query for path, query in stage.state.requests if path.endswith("/managed-resources")]
    assert "items.liveState" in query
    assert "normalized" not in query


def test_what_differs_and_what_is_named_is_one_request(stage: Stage) -> None:
    app = reader(stage)
    stage.state.edit(app, "payments-api-config", stage.to(20))
    stage.read(30)
    assert looks(stage) == 1
    assert {e.type for e in stage.events} >= {"comparison", "secret-refs"}
    assert len({e.observation for e in stage.events if e.type in ("comparison", "secret-refs")}) == 1


def test_an_application_without_external_secrets_is_never_asked(stage: Stage) -> None:
    app = stage.app()
    secrets.add_workload(app, "payments-api", env=["database"])
    stage.state.sync(app, stage.to(10))
    for n in range(4):
        stage.read(30 + HOUR * n)
    assert looks(stage) == 0
    assert told(stage) == []


def test_a_refresh_on_its_schedule_is_told_every_six_hours_and_kept_as_seldom(stage: Stage) -> None:
    reader(stage)
    for n in range(14):
        stage.read(30 + HOUR * n)
    assert looks(stage) == 14
    assert [facts["externals"][0]["refreshed_at"][11:16] for facts in told(stage)] == ["09:00", "15:00", "21:00"]
    assert len([one for one in observations_of(stage.pages) if one.subject.startswith("managed-resources/")]) == 3


def test_one_that_is_overdue_is_told_with_the_next_reading_and_so_is_its_return(stage: Stage) -> None:
    app = reader(stage)
    secrets.fail(app, "database", stage.to(20))
    for n in range(3):
        stage.read(30 + HOUR * n)
    assert [(f["externals"][0]["ready"], f["externals"][0]["reason"]) for f in told(stage)[:1]] == [(False, "SecretSyncedError")]
    assert len(told(stage)) == 2, "not ready at once; overdue after its hour"
    secrets.refresh(app, "database", stage.to(3 * HOUR))
    stage.read(3 * HOUR + 60)
    assert [facts["externals"][0]["ready"] for facts in told(stage)] == [False, False, True]


def test_one_that_nothing_schedules_is_told_when_somebody_refreshes_it(stage: Stage) -> None:
    app = stage.app(auto_sync=True)
    secrets.add_external(app, "database", [PATH], stage.now, every="0")
    stage.state.sync(app, stage.to(10))
    stage.read(30)
    stage.read(HOUR)
    secrets.refresh(app, "database", stage.to(HOUR + 60))
    stage.read(2 * HOUR)
    seen = [facts["externals"][0] for facts in told(stage)]
    assert [(one["interval"], one["refreshed_at"][11:16]) for one in seen] == [(0, "09:00"), (0, "10:01")]


def test_that_one_still_stands_is_told_every_six_hours(stage: Stage) -> None:
    app = stage.app(auto_sync=True)
    secrets.add_external(app, "database", [PATH], stage.now, every="0")
    stage.state.sync(app, stage.to(10))
    for n in range(14):
        stage.read(30 + HOUR * n)
    assert [facts["compared_at"][11:13] for facts in told(stage)] == ["09", "15", "21"]
    assert {facts["externals"][0]["refreshed_at"] for facts in told(stage)} == {"2026-03-02T09:00:00Z"}


def test_a_new_deployment_is_looked_at_at_once(stage: Stage) -> None:
    app = reader(stage)
    stage.read(30)
    secrets.add_external(app, "signing", ["/payments/production/signing"], stage.to(50))
    stage.state.sync(app, stage.to(60))
    stage.read(90)
    assert [[one["name"] for one in facts["externals"]] for facts in told(stage)] == [["database"], ["database", "signing"]]


def test_one_that_lost_its_external_secrets_is_told_without_asking(stage: Stage) -> None:
    app = reader(stage)
    stage.read(30)
    app.resources = [one for one in app.resources if one.group != secrets.GROUP]
    stage.state.sync(app, stage.to(60))
    for n in range(3):
        stage.read(90 + HOUR * n)
    assert looks(stage) == 1
    assert [[facts[name] for name in LISTS] for facts in told(stage)[1:]] == [[[]] * 5]


@pytest.mark.parametrize("why", ["frozen", "incomparable", "old"])
def test_it_is_never_asked_where_asking_could_write_and_that_is_told_once(stage: Stage, why: str) -> None:
    app = reader(stage)
    if why == "incomparable":
        app.conditions = [{"type": "ComparisonError", "message": "connection refused"}]
    else:
        app.frozen = why == "frozen"
        app.extra = {"status": {"reconciledAt": "2026-03-02T06:00:00Z"}} if why == "old" else {}
    for n in range(3):
        stage.read(30 + HOUR * n)
    assert looks(stage) == 0
    assert stage.state.refreshed == []
    (facts,) = told(stage)
    assert facts["status"] == "unavailable"
    assert facts["because"]
    app.conditions, app.frozen, app.extra = [], False, {}
    stage.read(4 * HOUR)
    assert told(stage)[-1]["status"] == "listed"


def test_a_refusal_is_told_with_its_reason_and_asked_again(stage: Stage) -> None:
    reader(stage)
    stage.state.fail_next(403, 1, path="managed-resources")
    stage.read(30)
    assert [facts["status"] for facts in told(stage)] == ["unavailable"]
    stage.read(60, everything=True)
    assert [facts["status"] for facts in told(stage)] == ["unavailable", "listed"]


def test_a_thousand_keys_are_told_in_parts_and_none_is_left_out(stage: Stage) -> None:
    app = stage.app(auto_sync=True)
    secrets.add_external(app, "many", [f"/payments/production/{n:04}" for n in range(1000)], stage.now)
    stage.state.sync(app, stage.to(10))
    stage.read(30)
    facts = told(stage)
    assert len(facts) == facts[0]["parts"] > 3
    assert [one["part"] for one in facts] == list(range(len(facts)))
    assert len({one["look"] for one in facts}) == 1
    assert len({ref["key"] for one in facts for ref in one["refs"]}) == 1000
    assert not [key for one in facts for key in one if key.endswith("_total")]


def test_values_are_in_no_event_in_no_observation_and_not_in_what_is_remembered(stage: Stage) -> None:
    app = reader(stage, resources=[("Secret", "database"), ("Deployment", "payments-api")])
    pasted = ["https://ada:planted-password@vault.bank.example/x", "ghp_planted0123456789abcdefABCDEF"]
    secrets.add_external(app, "pasted", pasted, START)
    stage.state.sync(app, stage.to(20))
    stage.read(30)
    (one, *_) = [one for one in observations_of(stage.pages) if one.subject.startswith("managed-resources/")]
    for data in (one.body.decode(), repr(stage.events), json.dumps(stage.memory)):
        assert "planted" not in data
    assert PATH in one.body.decode()


SPOKEN = """
    spec status metadata template containers env envFrom secretRef secretKeyRef valueFrom name volumes secret secretName projected
    sources imagePullSecrets data dataFrom remoteRef extract find key provider vault aws path service conditions type target
    refreshInterval sourceRef storeRef externalSecretSpec annotations jobTemplate tls tags
"""
KINDS = "ExternalSecret ClusterExternalSecret SecretStore Deployment CronJob Pod Ingress Secret"
WORDS, KIND = st.sampled_from(SPOKEN.split()), st.sampled_from(KINDS.split())
ANY: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=5),
    max_leaves=30,
)


@given(st.lists(st.tuples(KIND, ANY), max_size=4))
def test_nothing_that_a_server_may_send_breaks_it(objects: list[tuple[str, Any]]) -> None:
    items = [{"group": "external-secrets.io", "kind": kind, "name": "x", "liveState": json.dumps(state)} for kind, state in objects]
    found = names(items)
    assert set(found) == set(LISTS)
    json.dumps(found, allow_nan=False)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        *(("1h", 3600), ("1h0m0s", 3600), ("0", 0), ("0s", 0), ("90s", 90), ("1.5h", 5400)),
        *(("1", None), ("-1h", None), ("", None), (None, None), (5, None)),
    ],
)
def test_durations_are_gos(text: Any, expected: int | None) -> None:
    assert seconds(text) == expected
