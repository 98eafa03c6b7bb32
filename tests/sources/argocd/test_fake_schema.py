"""The fake's answers are those of the vendor's Swagger document, where VENDOR_SCHEMAS names the folder that holds it.

The document is not ours to keep, so without it there is nothing to compare with. It has no required fields and no enumerations:
names and types are what it tells.
"""

import json
import os
from pathlib import Path
from typing import Any

import httpx
import pytest
from app.demo.fakes import argocd_drift as knobs
from app.demo.fakes.argocd_hydrator import HydratorState
from app.demo.fakes.argocd_types import SourceState

from tests.sources.argocd.conftest import REPO, Stage, sha

jsonschema = pytest.importorskip("jsonschema")
FOLDER = Path(os.environ.get("VENDOR_SCHEMAS", "/nowhere"))
DOCUMENT = next(iter(sorted(FOLDER.glob("argocd-swagger-*.json"))), None) if FOLDER.is_dir() else None
pytestmark = pytest.mark.skipif(DOCUMENT is None, reason="VENDOR_SCHEMAS names no folder with argocd-swagger-*.json")
DIGEST = "sha256:" + "a" * 64
ONE = "/api/v1/applications/payments-api"
PROJECT = {"project": "payments-production"}
ANSWERS: list[tuple[str, dict[str, str], str]] = [
    ("/api/v1/applications", {}, "v1alpha1ApplicationList"),
    (ONE, PROJECT, "v1alpha1Application"),
    ("/api/v1/applications/ledger-core", PROJECT, "v1alpha1Application"),
    (f"{ONE}/events", PROJECT, "eventsEventList"),
    (f"{ONE}/managed-resources", PROJECT, "applicationManagedResourcesResponse"),
    (f"{ONE}/revisions/{sha(1)}/metadata", PROJECT, "v1alpha1RevisionMetadata"),
    ("/api/v1/applications/rendered", PROJECT, "v1alpha1Application"),
    ("/api/v1/applications/charted/revisions/1.2.3/chartdetails", PROJECT, "v1alpha1ChartDetails"),
    (f"/api/v1/applications/from-oci/revisions/{DIGEST}/ocimetadata", PROJECT, "v1alpha1OCIMetadata"),
    ("/api/v1/applicationsets", {}, "v1alpha1ApplicationSetList"),
    ("/api/v1/applicationsets/tenants", {}, "v1alpha1ApplicationSet"),
    ("/api/v1/applicationsets/tenants/events", {}, "eventsEventList"),
    ("/api/v1/clusters", {}, "v1alpha1ClusterList"),
    ("/api/v1/projects", {}, "v1alpha1AppProjectList"),
    ("/api/v1/session/userinfo", {}, "sessionGetUserInfoResponse"),
    ("/api/v1/settings", {}, "clusterSettings"),
    ("/api/version", {}, "versionVersionMessage"),
]


@pytest.fixture
def told(stage: Stage) -> Stage:
    """An application of everything: history, a failed hook, a local sync, a heal, an operation that runs."""
    app = stage.app(auto_sync=True, self_heal=True, resources=[("Secret", "dsn"), ("Deployment", "payments-api")])
    stage.state.sync(app, stage.to(10), "alice")
    stage.state.local(app, stage.to(20), "bob")
    stage.state.push(REPO, sha(2), stage.to(30))
    stage.state.rolling_sync(app, stage.to(35))
    stage.state.edit(app, "payments-api", stage.to(40))
    stage.state.heal(app, stage.to(41))
    stage.state.sync(app, stage.to(50), "bob", phase="Failed", message="boom")
    stage.state.begin(app, stage.to(60), "alice", force=True, prune=True, options=["Replace=true"])
    stage.state.retrying(app, stage.to(62), "boom", stage.to(70))
    knobs.add_extra(stage.state, app, "ConfigMap", "planted", stage.to(63))
    knobs.delete_object(stage.state, app, "dsn", stage.to(63))
    knobs.autoscale(stage.state, app, "payments-api", 9, stage.to(63))
    stage.state.incomparable(app, stage.to(63))
    stage.state.comparable(app, stage.to(63))
    app.images = ["registry.bank.example/payments:1"]
    stage.app("ledger-core", more_sources=[SourceState(REPO, "more", "main", sha(3))])
    beside(stage)
    stage.to(64)
    return stage


def beside(stage: Stage) -> None:
    """A hydrated application, a chart, an OCI artifact, and a set with a rolling sync."""
    rendered = stage.app("rendered", target_revision="env/prod", revision=sha(30))
    rendered.hydrator = HydratorState(REPO, "dry", "env/prod", "wet", staged="env/next", hydrated_repository=REPO)
    stage.state.hydrate(rendered, sha(9), sha(30), stage.to(61))
    rendered.hydrator.begin(sha(10), stage.to(62))
    chart = stage.app("charted", repository="https://charts.bank.example", path="", revision="1.2.3")
    chart.sources[0].chart = "payments"
    stage.state.charts["payments 1.2.3"] = {"description": "Payments", "home": "https://bank.example", "maintainers": ["Ana"]}
    stage.app("from-oci", repository="oci://registry.bank.example/app", revision=DIGEST)
    stage.state.artifacts[DIGEST] = {"authors": "Ana", "createdAt": "2026-03-01T12:00:00Z", "sourceUrl": REPO, "version": "1"}
    stage.state.clusters["https://eks.example"] = "prod-eu"
    tenants = stage.state.add_set("tenants", project="payments-production", repository=REPO, at=stage.to(62), steps=["prod"])
    stage.state.owned(tenants, rendered, stage.to(63), step=1)
    tenants.condition("RolloutProgressing", "True", "ApplicationSetModified", stage.to(63))


def strict(document: dict[str, Any], value: Any) -> Any:
    """Every object with properties closed: a name that the vendor does not know is a fault of the fake."""
    if isinstance(value, list):
        return [strict(document, item) for item in value]
    if not isinstance(value, dict):
        return value
    made = {key: strict(document, item) for key, item in value.items()}
    if isinstance(made.get("properties"), dict) and "additionalProperties" not in made and made.get("type", "object") == "object":
        made["additionalProperties"] = False
    if made.get("type") in ("string", "array", "object", "integer", "boolean"):
        made["type"] = [made["type"], "null"]  # typed nils come as null
    return made


@pytest.mark.parametrize(("path", "params", "name"), ANSWERS)
def test_every_answer_has_the_names_and_types_of_the_document(told: Stage, path: str, params: dict[str, str], name: str) -> None:
    assert DOCUMENT is not None
    document = json.loads(DOCUMENT.read_text())
    body = (
        httpx.get(told.url + path, params=params, headers={"authorization": f"Bearer {told.state.token}"}).raise_for_status().json()
    )
    # sets of fields are free, and the document forgets that a hook strategy's apply part stands in it by itself
    free: dict[str, Any] = {"v1FieldsV1": {}, "v1alpha1SyncStrategyHook": {"type": "object"}}
    schema = {"$ref": f"#/definitions/{name}", "definitions": strict(document, document["definitions"]) | free}
    if path == "/api/version":
        schema = {**schema, "definitions": {**schema["definitions"], "versionVersionMessage": {"type": "object"}}}
    found = jsonschema.Draft4Validator(schema).iter_errors(body)
    assert sorted({f"{'/'.join(str(p) for p in error.absolute_path)}: {error.message[:160]}" for error in found}) == []
