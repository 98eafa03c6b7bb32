"""A small Argo CD over real HTTP: the reading half of its REST API, with its silences and its manners.

`argocd_app(state)` is the ASGI application; the story and the knobs are on `ArgocdState`.
"""

import json
from collections.abc import Callable
from html import escape
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from app.demo.fakes import argocd_sets as sets
from app.demo.fakes import argocd_shapes as shapes
from app.demo.fakes.argocd_state import ArgocdState
from app.demo.fakes.argocd_stream import stream
from app.demo.fakes.argocd_types import HOUR, NAMESPACE, RESYNC, ApplicationState, stamp
from app.demo.fakes.argocd_versions import as_told_by

Answer = tuple[int, Any]
CODES = {400: 3, 401: 16, 403: 7, 404: 5, 429: 8, 500: 2, 503: 14}
OPEN = ("/api/version", "/api/v1/session/userinfo", "/api/v1/settings")  # answered without a token


def refused(status: int, message: str) -> Answer:
    """gRPC gateway's error body."""
    return status, {"error": message, "code": CODES.get(status, 2), "message": message}


class Endpoints:
    """Each gives a status and a body."""

    def __init__(self, state: ArgocdState) -> None:
        self.state = state

    # https://argo-cd.readthedocs.io/en/stable/developer-guide/api-docs/
    def version(self, request: Request) -> Answer:
        out = {"Version": self.state.version}
        more = {
            "BuildDate": "1970-01-01T00:00:00Z",
            "KustomizeVersion": 'could not get kustomize version: exec: "kustomize": not found',
        }
        return 200, out | (more if self._known(request) else {})

    def whoami(self, request: Request) -> Answer:
        return 200, {"loggedIn": True, "username": "auditor", "iss": "argocd"} if self._known(request) else {}

    def settings(self, request: Request) -> Answer:
        return 200, {"appLabelKey": "app.kubernetes.io/instance", "trackingMethod": "annotation", "controllerNamespace": "argocd"}

    def can_i(self, request: Request) -> Answer:
        allowed = request.path_params["resource"] == "applications" and request.path_params["action"] in self.state.rights
        return 200, {"value": "yes" if allowed else "no"}

    # https://argo-cd.readthedocs.io/en/stable/operator-manual/project-specification/
    def projects(self, request: Request) -> Answer:
        names = sorted({app.project for app in self.state.applications.values()} - self.state.hidden)
        return 200, {"metadata": {}, "items": [{"metadata": {"name": name}, "spec": {"sourceRepos": ["*"]}} for name in names]}

    def applications(self, request: Request) -> Answer:
        """Applications the token may not read are absent, without a word."""
        params = request.query_params
        chosen = params.getlist("projects") or params.getlist("project")
        seen = [app for _, app in sorted(self.state.applications.items()) if app.project not in self.state.hidden]
        whole = [shapes.application(app, self.state.now()) for app in seen if not chosen or app.project in chosen]
        told = [as_told_by(self._numbers(), one) for one in whole]
        items = [shapes.without_health(one) for one in told] if self._numbers() >= (3, 0) else told
        if self.state.largest is not None and len(items) > self.state.largest:
            return refused(429, "grpc: received message larger than max (104857601 vs. 104857600)")
        fields = params.get("fields")
        if fields and any(one.startswith("-items.") for one in fields.split(",")):
            return refused(500, "field spec.project is not a map")
        if fields:
            items = shapes.cut(items, fields, self._numbers())
        return 200, {"metadata": {"resourceVersion": str(self.state.serial)}, "items": items or None}

    def application(self, request: Request) -> Answer:
        app, problem = self._one(request)
        return (200, as_told_by(self._numbers(), shapes.application(app, self.state.now()))) if app else problem

    def events(self, request: Request) -> Answer:
        app, problem = self._one(request)
        if app is None:
            return problem
        items = [shapes.announcement(one, app) for one in self.state.heard(app)]
        return 200, {"metadata": {"resourceVersion": str(self.state.serial)}, "items": items or None}

    def managed(self, request: Request) -> Answer:
        """From a cache: what is older than an hour is not there, and the application is refreshed, which writes."""
        app, problem = self._one(request)
        if app is None:
            return problem
        at = app.reconciled_at and app.reconciled_at + app.resyncs(self.state.now()) * RESYNC
        if at is None or self.state.now() - at > HOUR:
            self.state.refreshed.append(app.name)
        if any(one["type"] in {"ComparisonError", "InvalidSpecError"} for one in app.conditions):
            return refused(500, "; ".join(f"{one['type']}: {one['message']}" for one in app.conditions))
        fields = request.query_params.get("fields")
        return 200, {"items": [shapes.chosen(shapes.managed(one, app, self.state.now()), fields) for one in app.resources]}

    # https://argo-cd.readthedocs.io/en/stable/operator-manual/declarative-setup/#clusters
    def clusters(self, request: Request) -> Answer:
        """Sanitized; those that the token may not read are absent, without a word."""
        items = [
            {"name": name, "server": server, "config": {"tlsClientConfig": {"insecure": False}}, "info": {"serverVersion": "1.34"}}
            for server, name in sorted(self.state.clusters.items())
        ]
        return 200, {"metadata": {}, "items": items or None}

    # https://argo-cd.readthedocs.io/en/stable/operator-manual/applicationset/
    def applicationsets(self, request: Request) -> Answer:
        chosen = request.query_params.getlist("projects")
        seen = [one for _, one in sorted(self.state.sets.items()) if one.project not in self.state.hidden]
        items = [self._set(one) for one in seen if not chosen or one.project in chosen]
        return 200, {"metadata": {"resourceVersion": str(self.state.serial)}, "items": items or None}

    def applicationset(self, request: Request) -> Answer:
        one = self.state.sets.get(request.path_params["name"])
        if one is None or one.project in self.state.hidden:
            return refused(404 if one is None else 403, "permission denied" if one else "applicationset not found")
        return 200, self._set(one)

    def set_events(self, request: Request) -> Answer:
        """From 3.4 on; before that there is no such path."""
        one = self.state.sets.get(request.path_params["name"])
        if self._numbers() < (3, 4) or one is None:
            return refused(404, "Not Found")
        since = self.state.now() - self.state.event_ttl
        items = [sets.announcement(said, one) for said in one.announcements if said.at >= since]
        return 200, {"metadata": {"resourceVersion": str(self.state.serial)}, "items": items or None}

    def _set(self, one: sets.SetState) -> Any:
        return one.json(self._numbers() >= (2, 9))

    def revision(self, request: Request) -> Answer:
        app, problem = self._one(request)
        if app is None:
            return problem
        one = self.state.commits.get(request.path_params["sha"])
        return (200, shapes.revision(one)) if one else refused(404, f"revision {request.path_params['sha']} must be resolved")

    def artifact(self, request: Request) -> Answer:
        """Of the source that `sourceIndex` names, else of the only one."""
        app, problem = self._one(request)
        if app is None:
            return problem
        index, revision = request.query_params.get("sourceIndex"), request.path_params["revision"]
        source = app.sources[int(index)] if index and int(index) < len(app.sources) else app.sources[0]
        chart = request.url.path.endswith("/chartdetails")
        found = self.state.charts.get(f"{source.chart} {revision}") if chart else self.state.artifacts.get(revision)
        return (200, found) if found and (not chart or source.chart) else refused(500, f"{revision} is not found")

    def _one(self, request: Request) -> tuple[ApplicationState | None, Answer]:
        """Without `project` a missing application and a hidden one are both 403; with it a missing one is 404."""
        if "refresh" in request.query_params:
            raise AssertionError("a reader asked Argo CD to refresh, which writes to the application")
        project = request.query_params.get("project")
        name, space = request.path_params["name"], request.query_params.get("appNamespace") or NAMESPACE
        app = self.state.applications.get(name if space == NAMESPACE else f"{space}/{name}")
        if (app is None or app.project in self.state.hidden) and project is None:
            return None, refused(403, "permission denied")
        if project is not None and project in self.state.hidden:
            return None, refused(403, "permission denied")
        if app is None or (project is not None and app.project != project):
            return None, refused(404, f'applications.argoproj.io "{request.path_params["name"]}" not found')
        return app, (200, None)

    def _known(self, request: Request) -> bool:
        return request.headers.get("authorization") == f"Bearer {self.state.token}"

    def _numbers(self) -> tuple[int, int]:
        major, minor, *_ = self.state.version.lstrip("v").partition("+")[0].split(".")
        return int(major), int(minor)


def argocd_app(state: ArgocdState) -> Starlette:
    ends = Endpoints(state)

    def route(path: str, end: Callable[[Request], Answer]) -> Route:
        def serve(request: Request) -> Response:
            with state.lock:
                state.requests.append((request.url.path, request.url.query))
                status, body, headers = _planned(state, request) or (*_allowed(state, request, end), {})
            if isinstance(body, str):
                return HTMLResponse(body, status, headers)
            return JSONResponse(body, status, headers)

        return Route(path, serve, methods=["GET"])

    def streamed(request: Request) -> Response:
        with state.lock:
            state.requests.append((request.url.path, request.url.query))
            found = _planned(state, request)
            if found is None and request.headers.get("authorization") == f"Bearer {state.token}":
                return stream(state, request)
            status, body, headers = found or (*refused(401, "no session information"), {})
        return HTMLResponse(body, status, headers) if isinstance(body, str) else JSONResponse(body, status, headers)

    one = "/api/v1/applications/{name}"
    return Starlette(
        routes=[
            route("/api/version", ends.version),
            route("/api/v1/session/userinfo", ends.whoami),
            route("/api/v1/settings", ends.settings),
            route("/api/v1/account/can-i/{resource}/{action}/{rest:path}", ends.can_i),
            route("/api/v1/projects", ends.projects),
            route("/api/v1/clusters", ends.clusters),
            route("/api/v1/applicationsets", ends.applicationsets),
            route("/api/v1/applicationsets/{name}", ends.applicationset),
            route("/api/v1/applicationsets/{name}/events", ends.set_events),
            route("/api/v1/applications", ends.applications),
            Route("/metrics", lambda _: PlainTextResponse(_metrics(state))),
            Route("/api/v1/stream/applications", streamed, methods=["GET"]),
            route(one, ends.application),
            route(f"{one}/events", ends.events),
            route(f"{one}/managed-resources", ends.managed),
            route(f"{one}/revisions/{{sha}}/metadata", ends.revision),
            route(f"{one}/revisions/{{revision}}/chartdetails", ends.artifact),
            route(f"{one}/revisions/{{revision}}/ocimetadata", ends.artifact),
            Route("/applications/{namespace}/{name}", lambda request: _page(state, request)),
        ]
    )


def _metrics(state: ArgocdState) -> str:
    """What the application controller counts: https://argo-cd.readthedocs.io/en/stable/operator-manual/metrics/"""
    out = ["# HELP argocd_app_sync_total Number of application syncs.", "# TYPE argocd_app_sync_total counter"]
    with state.lock:
        for (space, name, phase, dry), many in sorted(state.counts.items()):
            labels = f'dest_server="https://x",dry_run="{str(dry).lower()}",name="{name}",namespace="{space}",phase="{phase}",project="p"'
            out.append(f"argocd_app_sync_total{{{labels}}} {many}")
        out += ["# TYPE process_start_time_seconds gauge", f"process_start_time_seconds {state.started_at.timestamp()!r}"]
    return "\n".join(out) + "\n"


def _allowed(state: ArgocdState, request: Request, end: Callable[[Request], Answer]) -> Answer:
    if request.url.path not in OPEN and request.headers.get("authorization") != f"Bearer {state.token}":
        return refused(401, "no session information")
    return end(request)


def _planned(state: ArgocdState, request: Request) -> tuple[int, Any, dict[str, str]] | None:
    """The failure that was planned for this request, if any."""
    for one in state.failures:
        if one.path in request.url.path and one.left > 0:
            one.left -= 1
            body = one.body if one.body is not None else refused(one.status, "planned")[1]
            return one.status, body, dict(one.headers)
    return None


def _page(state: ArgocdState, request: Request) -> Response:
    """The page that events link to: what the application holds, as JSON, for whoever follows a link in the demo."""
    name, space = request.path_params["name"], request.path_params["namespace"]
    app = state.applications.get(name if space == NAMESPACE else f"{space}/{name}")
    if app is None:
        return HTMLResponse("<!doctype html><title>Gone</title><p>No such application.</p>", 404)
    body = escape(json.dumps(shapes.application(app, state.now()), indent=1, sort_keys=True))
    name = escape(app.name)
    return HTMLResponse(f"<!doctype html><title>{name}</title><p>{name}, made {stamp(app.created_at)}</p><pre>{body}</pre>")
