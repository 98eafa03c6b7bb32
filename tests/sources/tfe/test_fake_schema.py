"""The fake's answers are those of the vendor's OpenAPI document, where VENDOR_SCHEMAS names the folder that holds it.

The document is not ours to keep, so without it there is nothing to compare with.
"""

import json
import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from app.demo.fakes import tfe_policies as stages
from app.demo.fakes.tfe_state import PolicyState, RunState

from tests.sources.tfe.conftest import Bench

jsonschema = pytest.importorskip("jsonschema")
DOCUMENT = Path(os.environ.get("VENDOR_SCHEMAS", "/nowhere")) / "tfe-openapi.json"
pytestmark = pytest.mark.skipif(not DOCUMENT.is_file(), reason="VENDOR_SCHEMAS names no folder with tfe-openapi.json")
SOFT, HARD = PolicyState("a", "x", False, "soft-mandatory", "why"), PolicyState("a", "y", False, "hard-mandatory")


def plain_schema(value: Any) -> Any:
    """OpenAPI 3.0's `nullable` in the words of JSON Schema."""
    if isinstance(value, list):
        return [plain_schema(item) for item in value]
    if not isinstance(value, dict):
        return value
    made = {key: plain_schema(item) for key, item in value.items() if key not in ("nullable", "discriminator")}
    return {"anyOf": [made, {"type": "null"}]} if value.get("nullable") is True else made


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return plain_schema(json.loads(DOCUMENT.read_text()))  # type: ignore[no-any-return]


@pytest.fixture
def told(bench: Bench) -> RunState:
    run, *_ = bench.story()
    at = bench.now - timedelta(hours=1)
    judged = bench.run("Judged", hours=2)
    judged.plan(at, 1)
    judged.evaluate(at + timedelta(minutes=1), [HARD, SOFT])
    stages.task(judged, at + timedelta(minutes=2), "scanner", passed=False)
    stages.override_stage(judged, at + timedelta(minutes=3), bench.state.user("carol"), "agreed")
    stages.terraform_policy(judged, at + timedelta(minutes=4), [SOFT])
    stages.override_terraform(judged, at + timedelta(minutes=5), bench.state.user("carol"))
    stages.estimate(judged, at + timedelta(minutes=6), "1.0", "2.0", "1.0")
    judged.policy(at + timedelta(minutes=7), [HARD, SOFT])
    estate, network = bench.state.estate, bench.state.add_workspace("network-production")
    estate.assess(bench.workspace, at, drifted=1)
    estate.trigger(network, bench.workspace, at)
    estate.state(bench.workspace, at, judged)
    estate.state(bench.workspace, at)
    estate.states_readable = True
    bench.state.audit.hcp = True
    bench.state.audit.note(at, bench.state.user("carol"), ("run", run.id), "apply", {"comment": "x"})
    return judged


def answers(bench: Bench, run: RunState) -> Iterator[tuple[str, Any]]:
    """(path, body) of one answer for each path the source asks."""
    stage, task = run.stages[0], run.stages[0].tasks[0]
    evaluation, terraform = stage.evaluations[0], run.terraform_policy[0]
    paths = [
        f"/runs/{run.id}?include=plan,apply,created_by,cost_estimate,configuration_version,task_stages",
        *(f"/runs/{run.id}/{part}" for part in ("policy-checks", "task-stages", "tf-policy-evaluations")),
        f"/task-stages/{stage.id}?include=task_results,policy_evaluations",
        f"/task-stages/{stage.id}/policy-evaluations",
        f"/task-results/{task.id}",
        f"/policy-evaluations/{evaluation.id}/policy-set-outcomes",
        f"/tf-policy-evaluations/{terraform.id}?include=tf_policy_set_outcomes",
        f"/tf-policy-evaluations/{terraform.id}/tf-policy-set-outcomes",
        f"/cost-estimates/ce-{run.id.removeprefix('run-')}",
        f"/plans/{run.planned.id}",
        f"/applies/{run.applied.id}",
        f"/configuration-versions/{run.configuration}?include=ingress_attributes",
        f"/organizations/{bench.state.organization}/workspaces?include=current_assessment_result,project,locked_by",
        f"/workspaces/{bench.workspace.id}/run-triggers?filter[run-trigger][type]=inbound",
        f"/workspaces/{bench.workspace.id}/relationships/remote-state-consumers",
        f"/state-versions?filter[organization][name]={bench.state.organization}&filter[workspace][name]={bench.workspace.name}",
        f"/users/{bench.state.user('carol').id}",
        f"/organizations/{bench.state.organization}/runs?page[size]=5&include=plan,apply",
    ]
    with httpx.Client(base_url=bench.url + "/api/v2", headers={"authorization": f"Bearer {bench.state.token}"}) as client:
        for path in paths:
            yield path, client.get(path).raise_for_status().json()


def resources(body: Any) -> Iterator[Any]:
    data = body["data"]
    yield from data if isinstance(data, list) else [data]
    yield from body.get("included", ())


DOCUMENTED = {"policy-tool-version"}  # on the reference's pages, and not in the document
# The name of a type's schema, where it is not the type.
NAMES = {"tf-policy-evaluations": "tf-policy-evaluation", "tf-policy-set-outcomes": "tf-policy-set-outcome"}


def test_every_resource_has_the_shape_of_its_type(bench: Bench, told: RunState, document: dict[str, Any]) -> None:
    known = document["components"]["schemas"]
    met: set[str] = set()
    for path, body in answers(bench, told):
        for one in resources(body):
            name = NAMES.get(one["type"], one["type"])
            if name not in known:
                continue
            met.add(one["type"])
            schema = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
            if one["type"] == "ingress-attributes":  # the document forgets that a commit without a pull request has null here
                one["attributes"] = {key: value for key, value in one["attributes"].items() if value is not None}
            found = jsonschema.Draft202012Validator(schema).iter_errors(one)
            wrong = [f"{'/'.join(map(str, error.path))}: {error.message[:200]}" for error in found]
            assert wrong == [], f"{path}: {one['type']} {one['id']}"
            attributes = known[name].get("properties", {}).get("attributes", {}).get("properties")
            odd = set(one["attributes"]) - set(attributes or one["attributes"]) - DOCUMENTED
            assert odd == set(), f"{path}: {one['type']}"
    assert met >= {
        *("runs", "plans", "applies", "policy-checks", "task-stages", "task-results", "policy-evaluations", "cost-estimates"),
        *("policy-set-outcomes", "tf-policy-evaluations", "tf-policy-set-outcomes", "configuration-versions", "users"),
        *("workspaces", "run-triggers", "state-versions"),
    }


def test_the_audit_trail_has_the_shape_of_its_page(bench: Bench, told: RunState, document: dict[str, Any]) -> None:
    answer = document["paths"]["/organization/audit-trail"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    schema = {**answer, "components": document["components"]}
    url = f"{bench.url}/api/v2/organization/audit-trail"
    body = httpx.get(url, headers={"authorization": f"Bearer {bench.state.audit.token}"}).raise_for_status().json()
    assert body["data"]
    jsonschema.validate(body, schema)
