"""Where applications deploy, and of which instance they are: clusters by name or address, servers with equal names and uids."""

from typing import Any

import pytest
from app.demo.fakes.argocd import argocd_app
from app.demo.fakes.argocd_state import SERVER, TOKEN, ArgocdState
from app.domain.change import EnvironmentRule
from app.domain.event import Event, entity_of
from app.linking.environment import environment_of
from app.sources.argocd.source import STREAM, Argocd
from app.sources.contract import Connection

from tests.linking.build import pull
from tests.sources.argocd.conftest import REPO, Stage, sha
from tests.sources.argocd.test_contract import other
from tests.sources.argocd.test_hydrator import standing
from tests.sources.harness import events_of, run_pass, served

EKS = "https://3F2A.gr7.eu-west-1.eks.amazonaws.com"
PRODUCTION = EnvironmentRule("production", "prod", destinations=("prod-*/*",))


def by_address(stage: Stage, server: str, name: str = "payments-api") -> None:
    app = stage.app(name, destination="/payments")
    app.server = server
    stage.state.sync(app, stage.to(10))


def places(events: list[Event]) -> set[str | None]:
    return {e.keys.destination for e in events if e.keys.application}


def clusters_asked(stage: Stage) -> int:
    return sum(path == "/api/v1/clusters" for path, _ in stage.state.requests)


@pytest.mark.parametrize("address", [EKS, f"{EKS}/"])
def test_a_cluster_that_is_named_by_its_address_is_known_by_its_name(stage: Stage, address: str) -> None:
    stage.state.clusters[EKS] = "prod-eu"
    by_address(stage, address)
    assert places(stage.read(30)) == {"prod-eu/payments"}
    operation, _ = standing(stage.events, [])[-1]
    found = environment_of(operation, [PRODUCTION])
    assert found
    assert found.name == "production"
    assert stage.memory["server"]["names of clusters"] is True


def test_names_are_asked_for_once_an_hour_and_kept_when_they_cannot_be_read_any_more(stage: Stage) -> None:
    stage.state.clusters[EKS] = "prod-eu"
    by_address(stage, EKS)
    for at in range(30, 600, 60):
        stage.read(at)
    assert clusters_asked(stage) == 1
    stage.state.fail_next(403, 1, path="/api/v1/clusters")
    stage.state.sync(stage.state.applications["payments-api"], stage.to(4000), "alice")
    assert places(stage.read(4030)) == {"prod-eu/payments"}
    assert clusters_asked(stage) == 2
    assert "grant it `clusters, get`" in stage.memory["server"]["names of clusters"]


@pytest.mark.parametrize("status", [403, 404, 500])
def test_without_names_the_host_of_the_address_stands_there_and_nothing_stops(stage: Stage, status: int) -> None:
    stage.state.fail_next(status, 9, path="/api/v1/clusters")
    by_address(stage, EKS)
    assert places(stage.read(30)) == {"3F2A.gr7.eu-west-1.eks.amazonaws.com/payments"}
    assert str(stage.memory["server"]["names of clusters"]).startswith("no: ")


def test_a_token_that_is_shown_no_cluster_is_told_so(stage: Stage) -> None:
    stage.state.clusters.clear()
    by_address(stage, EKS)
    stage.read(30)
    assert stage.memory["server"]["names of clusters"] == "no: none are shown to the token; grant it `clusters, get`"
    assert stage.source.probe(stage.now).capabilities["names of clusters"] == stage.memory["server"]["names of clusters"]


def test_hostile_names_of_clusters_name_nothing(stage: Stage) -> None:
    body = '{"items":[{"server":"%s","name":"a/b"},{"server":7,"name":[]},{"name":"x"},null,{"server":"%s","name":""}]}'
    stage.state.fail_next(200, 1, path="/api/v1/clusters", body=body % (EKS, EKS))
    by_address(stage, EKS)
    assert places(stage.read(30)) == {"3F2A.gr7.eu-west-1.eks.amazonaws.com/payments"}


@pytest.mark.parametrize("named", [True, False])
def test_the_cluster_that_argo_cd_runs_in_is_named_by_the_settings(stage: Stage, named: bool) -> None:
    app = stage.app(destination="in-cluster/payments" if named else "/payments")
    app.server = "" if named else SERVER
    stage.state.sync(app, stage.to(10))
    assert places(stage.read(30)) == {"in-cluster/payments"}
    source = other(stage, in_cluster="prod-eu")
    assert places(events_of(run_pass(source, STREAM, {}, stage.to(40)))) == {"prod-eu/payments"}


def twin(stage: Stage, name: str) -> tuple[list[Event], str]:
    """Another server with the very same application: its name, its uid, its times."""
    state = ArgocdState(now=lambda: stage.now)
    app = state.add_application(
        "payments-api", project="payments-production", repository=REPO, path="payments-api", at=stage.to(0), revision=sha(1),
        destination="/payments",
    )  # fmt: skip
    state.sync(app, stage.to(10), "mallory")
    with served(argocd_app(state)) as url:
        source = Argocd(Connection(name, "argocd", url, token=TOKEN, per_second=10_000), lambda: stage.now)
        memory: dict[str, Any] = {}
        events = events_of(run_pass(source, STREAM, memory, stage.to(30)))
        source.close()
        return events, url


def test_nothing_of_two_servers_with_the_same_application_is_mixed(stage: Stage) -> None:
    app = stage.app(at=stage.to(0), destination="/payments")
    stage.state.sync(app, stage.to(10), "alice")
    mine = stage.read(30)
    theirs, url = twin(stage, "argocd-copy")
    assert {e.facts.get("uid") for e in mine} & {e.facts.get("uid") for e in theirs}, "the uids are the same"
    assert not {e.id for e in mine} & {e.id for e in theirs}
    assert not {entity_of(e) for e in mine if entity_of(e)} & {entity_of(e) for e in theirs if entity_of(e)}
    pulls = pull(7, repository="bank/application-manifests", merge=sha(1))
    shown = {one.source: one for one, _ in standing([*mine, *theirs], pulls)}
    begun = {name: one.initiator.name for name, one in shown.items() if one.initiator}
    assert begun == {"argocd-copy": "mallory", "argocd-test": "alice"}
    assert str(shown["argocd-copy"].url).startswith(url)
    assert str(shown["argocd-test"].url).startswith(stage.url)


def test_equal_names_in_two_namespaces_are_two_applications_with_their_own_operations(stage: Stage) -> None:
    for space, user in (("team-a", "alice"), ("team-b", "bob")):
        stage.state.sync(stage.app("api", namespace=space, destination=f"prod-eu/{space}"), stage.to(10), user)
    stage.read(30)
    shown = {(one.destination, one.initiator and one.initiator.name) for one, _ in standing(stage.events, [])}
    assert shown == {("prod-eu/team-a", "alice"), ("prod-eu/team-b", "bob")}
    asked = [query for path, query in stage.state.requests if path.endswith("/applications/api")]
    assert {"appNamespace=team-a" in query or "appNamespace=team-b" in query for query in asked} == {True}
