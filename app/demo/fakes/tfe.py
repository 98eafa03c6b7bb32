"""A small Terraform Enterprise over real HTTP: the read side of its API, with its limits, its defaults and its manners.

`tfe_app(state)` is the ASGI application; the story and the knobs are on `TfeState`.
"""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from app.demo.fakes import tfe_audit as audit
from app.demo.fakes import tfe_plans as plans
from app.demo.fakes import tfe_policy_routes as judgements
from app.demo.fakes import tfe_policy_shapes, tfe_settings
from app.demo.fakes import tfe_shapes as shapes
from app.demo.fakes.tfe_state import FINAL, Failure, RunState, TfeState, WorkspaceState

Answer = dict[str, Any] | None
OPERATIONS = ("plan_only", "plan_and_apply", "save_plan", "refresh_only", "destroy", "empty_apply")
MINUTE = timedelta(minutes=1)


class Endpoints:
    """Each gives a document, or None for 404."""

    def __init__(self, state: TfeState) -> None:
        self.state = state

    # https://developer.hashicorp.com/terraform/enterprise/api-docs/organizations#show-an-organization
    def organization(self, request: Request) -> Answer:
        return {"data": shapes.organization(self.state)}

    # https://developer.hashicorp.com/terraform/enterprise/api-docs/organizations#show-the-entitlement-set
    def entitlements(self, request: Request) -> Answer:
        attributes = {"sentinel": True, "operations": True, "vcs-integrations": True, "run-tasks": False, "audit-logging": False}
        return {"data": {"id": self.state.organization, "type": "entitlement-sets", "attributes": attributes}}

    # https://developer.hashicorp.com/terraform/enterprise/api-docs/account
    def account(self, request: Request) -> Answer:
        one = self.state.estate.account or self.state.user("throughline-reader", service=True)
        return {"data": shapes.user(one)}

    # https://developer.hashicorp.com/terraform/enterprise/api-docs/workspaces#list-workspaces
    def workspaces(self, request: Request) -> Answer:
        listed = sorted(self.state.workspaces, key=lambda one: one.name)
        return self.page(request, listed, self.shaped)

    # https://developer.hashicorp.com/terraform/enterprise/api-docs/workspaces#show-workspace
    def workspace(self, request: Request) -> Answer:
        one = self._workspace_of(request)
        return {"data": self.shaped(one)} if one else None

    # https://developer.hashicorp.com/terraform/enterprise/api-docs/run#list-runs-in-an-organization
    def organization_runs(self, request: Request) -> Answer:
        chosen = self._chosen(request, self.state.runs)
        frame = request.query_params.get("filter[timeframe]", "year")
        if frame == "year":
            chosen = [run for run in chosen if self.state.now() - run.created_at <= timedelta(days=365)]
        else:
            chosen = [run for run in chosen if str(run.created_at.year) == frame]
        return self.page(request, chosen, shapes.run, totals=False, sideload=True)

    # https://developer.hashicorp.com/terraform/enterprise/api-docs/run#list-runs-in-a-workspace
    def workspace_runs(self, request: Request) -> Answer:
        place = self._workspace_of(request)
        if place is None:
            return None
        chosen = self._chosen(request, [run for run in self.state.runs if run.workspace is place])
        if (frame := request.query_params.get("filter[timeframe]", "")).isdigit():
            chosen = [run for run in chosen if str(run.created_at.year) == frame]
        return self.page(request, chosen, shapes.run, sideload=True)

    # https://developer.hashicorp.com/terraform/enterprise/api-docs/run#get-run-details
    def run(self, request: Request) -> Answer:
        run = self._run_of(request)
        return self._with_included(request, {"data": shapes.run(run)}, [run]) if run else None

    # Not in the public reference; go-tfe: RunEvents.List
    def run_events(self, request: Request) -> Answer:
        run = self._run_of(request)
        if run is None:
            return None
        body: dict[str, Any] = {"data": [shapes.run_event(event) for event in run.events]}
        include = request.query_params.get("include", "").split(",")
        people = {event.actor.id: shapes.user(event.actor) for event in run.events if event.actor and "actor" in include}
        comments = [shapes.comment(event) for event in run.events if event.comment and "comment" in include]
        return body | ({"included": [*people.values(), *comments]} if people or comments else {})

    # https://developer.hashicorp.com/terraform/enterprise/api-docs/policy-checks#list-policy-checks
    def policy_checks(self, request: Request) -> Answer:
        run = self._run_of(request)
        return {"data": [shapes.check(check) for check in run.checks]} if run else None

    # https://developer.hashicorp.com/terraform/enterprise/api-docs/plans#show-a-plan
    def plan(self, request: Request) -> Answer:
        found = next((run.planned for run in self.state.runs if run.planned.id == request.path_params["id"]), None)
        return {"data": shapes.work("plans", found)} if found else None

    # https://developer.hashicorp.com/terraform/enterprise/api-docs/applies#show-an-apply
    def apply(self, request: Request) -> Answer:
        found = next((run.applied for run in self.state.runs if run.applied.id == request.path_params["id"]), None)
        return {"data": shapes.work("applies", found, self.state.plans.log_url(found.id))} if found else None

    # https://developer.hashicorp.com/terraform/enterprise/api-docs/configuration-versions#show-a-configuration-version
    def configuration(self, request: Request) -> Answer:
        run = next((run for run in self.state.runs if run.configuration == request.path_params["id"]), None)
        if run is None:
            return None
        wanted = "ingress_attributes" in request.query_params.get("include", "") and run.ingress
        return {"data": shapes.configuration(run)} | ({"included": [shapes.ingress(run)]} if wanted else {})

    # https://developer.hashicorp.com/terraform/enterprise/api-docs/users#show-a-user
    def user(self, request: Request) -> Answer:
        found = next((one for one in self.state.users.values() if one.id == request.path_params["id"]), None)
        return {"data": shapes.user(found)} if found else None

    def shaped(self, one: WorkspaceState) -> dict[str, Any]:
        mine = [run for run in self.state.runs if run.workspace is one]
        current = max((run for run in mine if not run.plan_only), key=lambda run: run.created_at, default=None)
        return self.state.estate.dressed(one, shapes.workspace(one, current, self.state.organization, len(mine)))

    def _workspace_of(self, request: Request) -> WorkspaceState | None:
        return next((one for one in self.state.workspaces if one.id == request.path_params["id"]), None)

    def _run_of(self, request: Request) -> RunState | None:
        return self.state.run_by(request.path_params["id"])

    def _chosen(self, request: Request, runs: Sequence[RunState]) -> list[RunState]:
        """The list's filters. Without `filter[operation]`, plan-only runs are left out: a documented default."""
        query = request.query_params
        operations = query.get("filter[operation]", "").split(",") if "filter[operation]" in query else None
        if operations is None:
            operations = [one for one in OPERATIONS if self.state.plan_only_by_default or one != "plan_only"]
        chosen = [run for run in runs if run.operation in operations]
        if statuses := query.get("filter[status]"):
            chosen = [run for run in chosen if run.status in statuses.split(",")]
        if group := query.get("filter[status_group]"):
            chosen = [run for run in chosen if (run.status in FINAL) == (group == "final")]
        return sorted(chosen, key=lambda run: run.created_at, reverse=True)

    def page(
        self, request: Request, items: Sequence[Any], shape: Callable[[Any], Any], *, totals: bool = True, sideload: bool = False
    ) -> dict[str, Any]:
        query = request.query_params
        size = max(1, min(int(query.get("page[size]", "20")), self.state.page_size))
        number, last = max(1, int(query.get("page[number]", "1"))), max(1, -(-len(items) // size))
        chosen = items[(number - 1) * size : number * size]
        pagination: dict[str, Any] = {
            "current-page": number,
            "page-size": size,
            "prev-page": number - 1 or None,
            "next-page": number + 1 if number < last else None,
        }
        if totals:
            pagination |= {"total-pages": last, "total-count": len(items)}
        body: dict[str, Any] = {"data": [shape(item) for item in chosen], "meta": {"pagination": pagination}}
        return self._with_included(request, body, chosen) if sideload else body

    def _with_included(self, request: Request, body: dict[str, Any], runs: Sequence[RunState]) -> dict[str, Any]:
        include = set(filter(None, request.query_params.get("include", "").split(",")))
        shaped: dict[str, Any] = {}
        for run in runs:
            if "plan" in include:
                shaped[run.planned.id] = shapes.work("plans", run.planned)
            if "apply" in include:
                shaped[run.applied.id] = shapes.work("applies", run.applied, self.state.plans.log_url(run.applied.id))
            if "created_by" in include and run.creator:
                shaped[run.creator.id] = shapes.user(run.creator)
            if "configuration_version" in include:
                shaped[run.configuration] = shapes.configuration(run)
            if "configuration_version.ingress_attributes" in include and run.ingress:
                shaped[run.ingress] = shapes.ingress(run)
            shaped |= {one["id"]: one for one in tfe_policy_shapes.sideloads(run, include)}
        return body | ({"included": list(shaped.values())} if include else {})


def tfe_app(state: TfeState) -> Starlette:
    """The application that serves `state`. Nothing here writes: any other method is 405."""
    endpoints = Endpoints(state)

    def route(
        path: str, answer: Callable[[Request], Answer], name: str = "", *, limited: bool = False, included: bool = False
    ) -> Route:
        def serve(request: Request) -> Response:
            with state.lock:
                refused = _refused(state, request, limited=limited, included=included)
                found = None if refused or name in state.missing else answer(request)
            return refused or (_json(state, 200, found) if found is not None else _problem(state, 404, "not found"))

        return Route("/api/v2" + path, serve, methods=["GET"])

    def ping(request: Request) -> Response:
        with state.lock:
            return _refused(state, request) or Response(status_code=204, headers=_headers(state))

    return Starlette(
        routes=[
            # https://developer.hashicorp.com/terraform/enterprise/api-docs/ping
            Route("/api/v2/ping", ping, methods=["GET"]),
            route("/account/details", endpoints.account, "account"),
            route(f"/organizations/{state.organization}", endpoints.organization),
            route(f"/organizations/{state.organization}/entitlement-set", endpoints.entitlements, "entitlement-set"),
            *tfe_settings.Answers(state, endpoints, lambda request: _refused(state, request), shapes).routes(),
            route(
                f"/organizations/{state.organization}/runs",
                endpoints.organization_runs,
                "organization-runs",
                limited=True,
                included=True,
            ),
            route("/workspaces/{id}", endpoints.workspace),
            route("/workspaces/{id}/runs", endpoints.workspace_runs, "workspace-runs", limited=True, included=True),
            route("/runs/{id}", endpoints.run, included=True),
            route("/runs/{id}/run-events", endpoints.run_events, "run-events"),
            route("/runs/{id}/policy-checks", endpoints.policy_checks, "policy-checks"),
            route("/plans/{id}", endpoints.plan, "plans"),
            route("/applies/{id}", endpoints.apply, "applies"),
            route("/configuration-versions/{id}", endpoints.configuration, "configuration-versions"),
            route("/users/{id}", endpoints.user, "users"),
            *audit.routes(state, lambda request, token: _refused(state, request, token=token)),
            *judgements.routes(state, lambda request: _refused(state, request)),
            *plans.routes(state, lambda request: _refused(state, request)),
            Route("/app/{org}/workspaces/{workspace}/runs/{id}", lambda request: _page_of(state, request), methods=["GET"]),
        ]
    )


def _refused(
    state: TfeState, request: Request, *, limited: bool = False, included: bool = False, token: str | None = None
) -> Response | None:
    """401, a planted failure, the run lists' own limit, an include this version does not know; else None."""
    state.requests.append((request.url.path, request.url.query))
    if request.headers.get("authorization") != f"Bearer {token or state.token}":
        return _problem(state, 401, "unauthorized")
    for failure in state.failures:
        if failure.left > 0 and failure.path in request.url.path:
            failure.left -= 1
            return _planted(state, failure)
    if limited and (wait := _over_limit(state)):
        return _problem(state, 429, "Too many requests", {"x-ratelimit-limit": "30", "x-ratelimit-reset": f"{wait:.3f}"})
    wanted = set(filter(None, request.query_params.get("include", "").split(",")))
    if included and wanted - state.includes:
        return _problem(state, 400, "Invalid include parameter")
    return None


def _over_limit(state: TfeState) -> float:
    """Seconds until the next run list is answered; 0 when this one is. https://developer.hashicorp.com/terraform/enterprise/api-docs/run"""
    now = state.now()
    while state.lists and now - state.lists[0] >= MINUTE:
        state.lists.popleft()
    if len(state.lists) >= state.lists_per_minute:
        return (MINUTE - (now - state.lists[0])).total_seconds()
    state.lists.append(now)
    return 0.0


def _planted(state: TfeState, failure: Failure) -> Response:
    if failure.body is None:
        return _problem(state, failure.status, "failed", dict(failure.headers))
    kind = "text/html" if failure.body.startswith("<") else "application/vnd.api+json"
    return Response(failure.body, failure.status, {**_headers(state), **failure.headers}, kind)


def _headers(state: TfeState) -> dict[str, str]:
    return {"tfp-api-version": "2.6", "tfp-appname": "Terraform Enterprise", "x-tfe-current-version": state.version}


def _json(state: TfeState, status: int, body: Any, headers: dict[str, str] | None = None) -> Response:
    return JSONResponse(body, status, {**_headers(state), **(headers or {})}, "application/vnd.api+json")


def _problem(state: TfeState, status: int, title: str, headers: dict[str, str] | None = None) -> Response:
    return _json(state, status, {"errors": [{"status": str(status), "title": title}]}, headers)


def _page_of(state: TfeState, request: Request) -> Response:
    """Where the portal's links to a run lead in the demo."""
    run = next((run for run in state.runs if run.id == request.path_params["id"]), None)
    if run is None:
        return PlainTextResponse("No such run in this demonstration server.\n", 404)
    return PlainTextResponse(f"Demonstration server.\n\n{run.id}\n{run.workspace.name}\n{run.status}\n\n{run.message}\n")
