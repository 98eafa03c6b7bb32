"""The fake's plan JSON and apply logs: redirects to an archivist, where the address alone opens them, for a while.

`state.plans` holds what was said of them, and the knobs. `archivist_app` serves the objects from another port; the fake serves
them itself too, as Terraform Enterprise does (`/_archivist`).
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from app.demo.fakes.tfe_plan_resources import PRINTED, PlanContents, PlannedResource, believable, shaped

VALID = timedelta(minutes=1)
OBJECT = "/_archivist/v1/object/planted-capability-url"


@dataclass
class Plans:
    """`contents`, `documents` (whole bodies) by plan id, `logs` by apply id; a plan without any is made up from its counts.

    `archivist`: the address of another server that holds the objects. `inline`: answered at once, no redirect. `too_old`: plans of
    Terraform before 0.15.2. `gone`: the objects answer 404. `schemas`: how many providers' schemas each document carries.
    `leaked`: requests for objects that carried a token, which must never be sent there.
    """

    contents: dict[str, PlanContents] = field(default_factory=dict)
    documents: dict[str, bytes] = field(default_factory=dict)
    logs: dict[str, bytes] = field(default_factory=dict)
    archivist: str = ""
    inline: bool = False
    gone: bool = False
    schemas: int = 3
    too_old: set[str] = field(default_factory=set)
    leaked: list[str] = field(default_factory=list)
    fetched: list[str] = field(default_factory=list)
    issued: dict[str, datetime] = field(default_factory=dict)

    def tell(self, plan: Any, resources: Sequence[PlannedResource], **more: Any) -> None:
        """What the plan (of a RunState: `run.planned`) holds."""
        self.contents[plan.id] = PlanContents(resources=resources, **more)

    def log(self, apply: Any, told: Iterable[tuple[str, str, str]], *, whole: bool = True) -> None:
        """The structured log of an apply (`run.applied`), from (address, action, how it ended)."""
        lines: list[dict[str, Any]] = [{"type": "version", "terraform": "1.9.8", "ui": "1.2"}]
        for address, action, end in told:
            lines += [_hook("apply_start", address, action), {"type": "provision_progress", "hook": {"output": PRINTED}}]
            lines += [] if end == "started" else [_hook(f"apply_{end}", address, action)]
        lines += [
            {"type": "diagnostic", "diagnostic": {"summary": PRINTED}},
            {"type": "outputs", "outputs": {"x": {"value": PRINTED}}},
        ]
        head = {"@level": "info", "@message": PRINTED, "@module": "terraform.ui", "@timestamp": "2026-03-02T12:00:00.000000Z"}
        text = "Terraform v1.9.8\non linux_amd64\n" + "".join(json.dumps(head | line) + "\n" for line in lines)
        self.logs[apply.id] = b"\x02" + text.encode() + (b"\x03" if whole else b"")

    def log_url(self, apply: str) -> str | None:
        """Where its log may be read; None when there is none here."""
        return f"{self.archivist}{OBJECT}/{apply}" if apply in self.logs and self.archivist else None


def _hook(kind: str, address: str, action: str) -> dict[str, Any]:
    resource = {"addr": address, "module": "", "resource": address, "implied_provider": "aws"}
    return {
        "type": kind,
        "hook": {"resource": resource, "action": action, "id_key": "id", "id_value": PRINTED, "elapsed_seconds": 3},
    }


def document(plans: Plans, run: Any) -> bytes:
    """The redacted JSON of a run's plan: values that are not sensitive, and all the schemas, are still in it."""
    if run.planned.id in plans.documents:
        return plans.documents[run.planned.id]
    told = plans.contents.get(run.planned.id) or believable(run.workspace.name, run.message, run.planned.counts)
    body: dict[str, Any] = {
        "plan_format_version": "1.2",
        "output_changes": {"endpoint": {"actions": ["update"], "before": PRINTED, "after": PRINTED}},
        "resource_changes": [shaped(one) for one in [*told.resources, _quiet(run)]],
        "resource_drift": [shaped(one) for one in told.drift],
        "relevant_attributes": [{"resource": "aws_ssm_parameter.quiet", "attribute": ["value"]}],
        "provider_format_version": "1.0",
        "provider_schemas": {f"registry.terraform.io/hashicorp/p{i}": SCHEMA for i in range(plans.schemas)},
        **({"configuration": told.configuration} if told.configuration else {}),
        **told.more,
    }
    return json.dumps(body).encode()


def _quiet(run: Any) -> PlannedResource:
    same = {"name": "/bank/quiet", "value": PRINTED}
    return PlannedResource(address="aws_ssm_parameter.quiet", actions=("no-op",), before=same, after=same)


SCHEMA: Mapping[str, Any] = {
    "provider": {"version": 0, "block": {"attributes": {"region": {"type": "string", "optional": True}}}},
    "resource_schemas": {
        f"aws_thing_{i}": {"version": 1, "block": {"attributes": {f"a{j}": {"type": ["list", "string"]} for j in range(12)}}}
        for i in range(20)
    },
}


def plan_json(state: Any, request: Request) -> Response:
    """`GET /plans/:id/json-output-redacted`: 200, 204, 307, 404 or 422; in the vendor's OpenAPI document, not in its pages."""
    plans: Plans = state.plans
    run = next((run for run in state.runs if run.planned.id == request.path_params["id"]), None)
    if run is None:
        return Response(status_code=404)
    if run.planned.id in plans.too_old:
        return Response(status_code=422)
    if run.planned.status != "finished":
        return Response(status_code=204)
    if plans.inline:
        return Response(document(plans, run), media_type="application/json")
    plans.issued[run.planned.id] = state.now()
    return RedirectResponse(f"{plans.archivist or str(request.base_url).rstrip('/')}{OBJECT}/{run.planned.id}", 307)


def opened(state: Any, request: Request) -> Response:
    """An object of the archivist: whoever has its address may read it, and nobody is asked who they are."""
    plans: Plans = state.plans
    key = request.path_params["key"]
    with state.lock:
        plans.fetched.append(key)
        if "authorization" in request.headers:
            plans.leaked.append(request.url.path)
            return PlainTextResponse("no token is wanted here", 400)
        if plans.gone:
            return Response(status_code=404)
        if key in plans.logs:
            return Response(plans.logs[key], media_type="text/plain")
        run = next((run for run in state.runs if run.planned.id == key), None)
        if run is None or key not in plans.issued or state.now() - plans.issued[key] > VALID:
            return Response(status_code=404)
        return Response(document(plans, run), media_type="application/json")


def routes(state: Any, refused: Callable[[Request], Response | None]) -> list[Route]:
    """What the fake serves of this. `refused` is its own door: the token, the planted failures."""

    def output(request: Request) -> Response:
        with state.lock:
            answer = refused(request)
            return answer or (Response(status_code=404) if "json-output-redacted" in state.missing else plan_json(state, request))

    return [Route("/api/v2/plans/{id}/json-output-redacted", output, methods=["GET"]), _objects(state)]


def _objects(state: Any) -> Route:
    return Route(OBJECT + "/{key}", lambda request: opened(state, request), methods=["GET"])


def archivist_app(state: Any) -> Starlette:
    """The same objects from a server of their own."""
    return Starlette(routes=[_objects(state)])
