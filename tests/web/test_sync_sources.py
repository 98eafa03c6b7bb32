"""What stands behind a sync, from the fake Argo CD to page and JSON: dry commits, artifacts, the set and step of a rolling sync."""

import re
from datetime import datetime
from typing import Any

import pytest
from app.changes.project import Rules, catch_up
from app.db.session import transaction
from app.demo.fakes.argocd import argocd_app
from app.demo.fakes.argocd_hydrator import HydratorState
from app.demo.fakes.argocd_state import TOKEN, ArgocdState
from app.domain.event import Event
from app.ledger import store as ledger
from app.sources.argocd.source import Argocd
from app.sources.contract import Connection

from tests.linking.build import human, pull, review
from tests.linking.world import RULES
from tests.sources.argocd.conftest import REPO, START, Stage, sha
from tests.sources.harness import served
from tests.web.conftest import Site

DIGEST = "sha256:" + "c" * 64
CHARTS = "bank/charts"


def told(stage: Stage) -> list[Event]:
    """A hydrated application, an OCI artifact, and an operation of a rolling sync."""
    app = stage.app("rendered", target_revision="env/prod", revision=sha(101))
    app.hydrator = HydratorState(
        "https://git.bank.example/bank/charts.git", "payments", "env/prod", "rendered", hydrated_repository=REPO
    )
    stage.state.hydrate(app, sha(1), sha(101), stage.to(10))
    stage.state.sync(app, stage.to(20))
    made = {"description": "Rendered payments", "authors": "Ana Ng <ana@bank.example>", "sourceUrl": f"{REPO[:-4]}/commit/{sha(7)}"}
    stage.state.artifacts[DIGEST] = made
    stage.state.sync(
        stage.app("from-oci", repository="oci://registry.bank.example/payments", path=".", revision=DIGEST), stage.to(22)
    )
    tenants = stage.state.add_set(
        "tenants", project="payments-production", repository=REPO, at=stage.to(0), steps=["staging", "prod"]
    )
    rolled = stage.app("rolled", by=None, revision=sha(3))
    stage.state.owned(tenants, rolled, stage.to(1), step=2)
    stage.state.rolling_sync(rolled, stage.to(24))
    return stage.read(40)


@pytest.fixture(scope="module")
def site(empty: Site) -> Site:
    time = [START]
    state = ArgocdState(now=lambda: time[0])
    with served(argocd_app(state)) as url:
        source = Argocd(Connection("argocd-test", "argocd", url, token=TOKEN, per_second=10_000), lambda: time[0])
        events = told(Stage(state, source, url, time))
        source.close()
    events += [*pull(7, repository=CHARTS, merge=sha(1), title="Raise the limits"), review(7, human("ben"), 10, repository=CHARTS)]
    with transaction(empty.engine) as connection:
        ledger.append(connection, events, datetime(2026, 12, 1, tzinfo=START.tzinfo))
    catch_up(empty.engine, Rules(RULES))
    return empty


def change(site: Site, application: str) -> tuple[dict[str, Any], str]:
    """The change that holds the application's sync: its JSON, and its page as words."""
    (item,) = site.get("/api/v1/changes", params={"q": f"app:{application}"}).json()["items"]
    html = site.get(f"/changes/{item['id']}").text
    return item, re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def test_a_hydrated_sync_stands_in_the_change_of_its_dry_commit(site: Site) -> None:
    item, said = change(site, "rendered")
    assert item["title"] == "Raise the limits"
    assert [(link["to"], link["strength"]) for link in item["links"]] == [(f"pr:github:{CHARTS}#7", "exact")]
    (source,) = item["syncs"][0]["sources"]
    assert source["hydrated_from"] | {"because": None} == {
        "repository": CHARTS, "path": "payments", "revision": sha(1), "previous_revision": None, "known_by": "pair",
        "because": None, "promoted_from": None,
    }  # fmt: skip
    assert f"hydrated from {sha(1)[:12]} of {CHARTS}, payments (the hydrator’s own record)" in said
    assert {person["name"] for person in item["people"]} >= {"ana", "ben"}
    assert not [person for person in item["people"] if "hydrator" in (person["name"] or "").lower()]
    assert sha(1) in item["commits"]


def test_an_artifact_is_described_on_the_page(site: Site) -> None:
    item, said = change(site, "from-oci")
    (source,) = item["syncs"][0]["sources"]
    assert (source["registry"], source["artifact"]["people"]) == ("oci://registry.bank.example/payments", ["Ana Ng"])
    assert "Rendered payments; by Ana Ng" in said
    assert f"says it was made from {sha(7)[:12]} of bank/application-manifests" in said
    assert "ana@bank.example" not in said


def test_an_operation_of_a_rolling_sync_names_its_set_and_step_on_the_page(site: Site) -> None:
    item, said = change(site, "rolled")
    assert item["syncs"][0]["rolling_sync"] == {"set": "tenants", "step": "2", "steps": 2, "because": None}
    assert "Rolling sync of ApplicationSet tenants, step 2 of 2" in said
    assert "Begun by not known: a rolling sync is announced by nobody" in said
