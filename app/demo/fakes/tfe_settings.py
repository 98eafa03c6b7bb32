"""What the fake knows of workspaces beside their runs: projects, locks, health, run triggers, sharing, metadata of states.

`Estate` is the story and its knobs; `routes` are its answers. As everywhere in the fake, what readers must drop is planted.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

JSON = dict[str, Any]
SIGNED = "https://archivist.tfe.example/v1/object/planted-capability-url"


@dataclass
class Estate:
    """By workspace id. `includes`: what the workspace list takes. `states_readable`: else the metadata of states answers 404."""

    includes: set[str] = field(default_factory=lambda: {"current_assessment_result", "current_run", "locked_by", "project"})
    projects: dict[str, str] = field(default_factory=dict)
    results: dict[str, list[JSON]] = field(default_factory=dict)
    locks: dict[str, tuple[str, Any, str]] = field(default_factory=dict)
    triggers: list[tuple[Any, Any, datetime]] = field(default_factory=list)
    consumers: dict[str, list[str]] = field(default_factory=dict)
    states: dict[str, list[JSON]] = field(default_factory=dict)
    states_readable: bool = False
    account: Any = None  # whose token it is, where it is not a team's
    powers: dict[str, bool] = field(default_factory=dict)  # of the token, in the organization

    def change(self, workspace: Any, at: datetime, **settings: Any) -> None:
        """Somebody changed these attributes (auto_apply=True) at `at`; the API does not tell who."""
        workspace.settings |= {name.replace("_", "-"): value for name, value in settings.items()}
        workspace.updated_at = at

    def put_in(self, workspace: Any, project: str) -> None:
        self.projects[workspace.id] = project

    def lock(self, workspace: Any, by: Any, reason: str = "", kind: str = "users") -> None:
        """By an account; by a run or a team, by its id, where `kind` says so."""
        self.locks[workspace.id] = (kind, by, reason)

    def unlock(self, workspace: Any) -> None:
        self.locks.pop(workspace.id, None)

    def assess(self, workspace: Any, at: datetime, drifted: int = 0, undrifted: int = 10, error: str = "") -> str:
        """A health assessment ended; with `error` it failed. The id of its result."""
        mine = self.results.setdefault(workspace.id, [])
        key = f"asmtres-{workspace.id.removeprefix('ws-')[:12]}{len(mine):04}"
        attributes = {
            "drifted": bool(drifted),
            "succeeded": not error,
            "resources-drifted": None if error else drifted,
            "resources-undrifted": None if error else undrifted,
            "all-checks-succeeded": True,
            "checks-passed": 2,
            "checks-failed": 0,
            "checks-errored": 0,
            "checks-unknown": 0,
            "error-message": error or None,
            "created-at": at.isoformat(),
        }
        links = {"json-output": f"/api/v2/assessment-results/{key}/json-output", "log-output": SIGNED}
        mine.append({"id": key, "type": "assessment-results", "attributes": attributes, "links": links})
        return key

    def trigger(self, source: Any, target: Any, at: datetime) -> None:
        """An apply in `source` starts a run in `target`."""
        self.triggers.append((source, target, at))

    def state(self, workspace: Any, at: datetime, run: Any = None, by: Any = None, status: str = "finalized") -> str:
        """A version of the state, made by a run or by nobody's run. Its id."""
        mine = self.states.setdefault(workspace.id, [])
        key = f"sv-{workspace.id.removeprefix('ws-')[:12]}{len(mine):04}"
        attributes = {
            "serial": len(mine) + 1,
            "created-at": at.isoformat(),
            "status": status,
            "terraform-version": "1.9.8",
            "hosted-state-download-url": SIGNED,
            "hosted-json-state-download-url": SIGNED,
            "resources": [{"name": "planted-plan-value", "type": "aws_instance", "count": 1}],
        }
        relations = {
            "run": {"data": {"id": run.id, "type": "runs"} if run else None},
            "created-by": {"data": {"id": by.id, "type": "users"} if by else None},
            "workspace": {"data": {"id": workspace.id, "type": "workspaces"}},
        }
        mine.append({"id": key, "type": "state-versions", "attributes": attributes, "relationships": relations})
        return key

    def dressed(self, workspace: Any, shaped: JSON) -> JSON:
        """The workspace's own document with what the estate knows of it."""
        attributes, relations = shaped["attributes"], shaped["relationships"]
        results, lock = self.results.get(workspace.id), self.locks.get(workspace.id)
        if results:
            attributes["last-assessment-result-at"] = results[-1]["attributes"]["created-at"]
            attributes["assessments-enabled"] = workspace.settings.get("assessments-enabled", True)
        relations["current-assessment-result"] = {"data": _linkage("assessment-results", results[-1]["id"] if results else None)}
        project = self.projects.get(workspace.id, "Default Project")
        relations["project"] = {"data": _linkage("projects", project_id(project))}
        attributes["locked"] = lock is not None
        relations["locked-by"] = {"data": None}
        if lock:
            kind, by, reason = lock
            attributes["locked-reason"] = reason
            relations["locked-by"] = {"data": _linkage(kind, by if isinstance(by, str) else by.id)}
        states = self.states.get(workspace.id)
        if states and self.states_readable:
            relations["current-state-version"] = {"data": _linkage("state-versions", states[-1]["id"])}
        return shaped


def project_id(name: str) -> str:
    return "prj-" + "".join(c for c in name if c.isalnum())[:16].ljust(16, "x")


def _linkage(kind: str, key: str | None) -> JSON | None:
    return {"id": key, "type": kind} if key else None


class Answers:
    """`page` pages a list, `runs` and `users` find them as the fake's other endpoints shape them."""

    def __init__(self, state: Any, endpoints: Any, refused: Callable[[Request], Response | None], shapes: Any) -> None:
        self.state, self.endpoints, self.refused, self.shapes = state, endpoints, refused, shapes

    def routes(self) -> list[Route]:
        organization = f"/organizations/{self.state.organization}"
        answers: Mapping[str, tuple[str, Callable[[Request], JSON | int | None]]] = {
            # https://developer.hashicorp.com/terraform/enterprise/api-docs/workspaces#list-workspaces
            f"{organization}/workspaces": ("workspaces", self.workspaces),
            # https://developer.hashicorp.com/terraform/enterprise/api-docs/assessment-results
            "/workspaces/{id}/current-assessment-result": ("assessments", self.assessment),
            # https://developer.hashicorp.com/terraform/enterprise/api-docs/run-triggers#list-run-triggers
            "/workspaces/{id}/run-triggers": ("run-triggers", self.triggers),
            # https://developer.hashicorp.com/terraform/enterprise/api-docs/workspaces#get-remote-state-consumers
            "/workspaces/{id}/relationships/remote-state-consumers": ("consumers", self.consumers),
            # https://developer.hashicorp.com/terraform/enterprise/api-docs/state-versions#list-state-versions
            "/state-versions": ("state-versions", self.states),
        }
        return [self._route(path, name, answer) for path, (name, answer) in answers.items()]

    def _route(self, path: str, name: str, answer: Callable[[Request], JSON | int | None]) -> Route:
        def serve(request: Request) -> Response:
            with self.state.lock:
                refused = self.refused(request)
                found = None if refused or name in self.state.missing else answer(request)
            if refused:
                return refused
            code = found if isinstance(found, int) else 404 if found is None else 200
            body = {"errors": [{"status": str(code), "title": "failed"}]} if code != 200 else found
            return JSONResponse(body, code, media_type="application/vnd.api+json")

        return Route("/api/v2" + path, serve, methods=["GET"])

    def workspaces(self, request: Request) -> JSON | int | None:
        include = set(filter(None, request.query_params.get("include", "").split(",")))
        if include - self.state.estate.includes:
            return 400
        body: JSON = self.endpoints.workspaces(request)
        included = [one for shaped in body["data"] for one in self._sideloads(shaped, include)]
        return body | ({"included": list({one["id"]: one for one in included}.values())} if include else {})

    def _sideloads(self, shaped: JSON, include: set[str]) -> list[JSON]:
        estate, found = self.state.estate, []
        key = shaped["id"]
        if "current_assessment_result" in include and estate.results.get(key):
            found.append(estate.results[key][-1])
        current = shaped["relationships"]["current-run"]["data"]
        if "current_run" in include and current and (run := self.state.run_by(current["id"])):
            found.append(self.shapes.run(run))
        if "locked_by" in include and key in estate.locks and not isinstance(estate.locks[key][1], str):
            found.append(self.shapes.user(estate.locks[key][1]))
        if "project" in include:
            name = estate.projects.get(key, "Default Project")
            found.append({"id": project_id(name), "type": "projects", "attributes": {"name": name}})
        return found

    def assessment(self, request: Request) -> JSON | None:
        results = self.state.estate.results.get(request.path_params["id"])
        return {"data": results[-1]} if results else None

    def triggers(self, request: Request) -> JSON | int | None:
        """The type is a required parameter."""
        which = request.query_params.get("filter[run-trigger][type]")
        if which not in ("inbound", "outbound"):
            return 400
        key = request.path_params["id"]
        mine = [one for one in self.state.estate.triggers if one[1 if which == "inbound" else 0].id == key]
        return dict(self.endpoints.page(request, mine, _trigger)) if self._there(key) else None

    def consumers(self, request: Request) -> JSON | None:
        key = request.path_params["id"]
        listed = [one for one in self.state.workspaces if one.id in self.state.estate.consumers.get(key, [])]
        return dict(self.endpoints.page(request, listed, self.endpoints.shaped)) if self._there(key) else None

    def states(self, request: Request) -> JSON | int | None:
        """Both names are required; the newest is first."""
        query = request.query_params
        name, organization = query.get("filter[workspace][name]"), query.get("filter[organization][name]")
        if not name or organization != self.state.organization:
            return 400
        place = next((one for one in self.state.workspaces if one.name == name), None)
        if place is None or not self.state.estate.states_readable:
            return None
        return dict(self.endpoints.page(request, self.state.estate.states.get(place.id, [])[::-1], lambda one: one))

    def _there(self, key: str) -> bool:
        return any(one.id == key for one in self.state.workspaces)


def _trigger(one: tuple[Any, Any, datetime]) -> JSON:
    source, target, at = one
    attributes = {"sourceable-name": source.name, "workspace-name": target.name, "created-at": at.isoformat()}
    relations = {
        "workspace": {"data": _linkage("workspaces", target.id)},
        "sourceable": {"data": _linkage("workspaces", source.id)},
    }
    return {
        "id": f"rt-{source.id[3:9]}{target.id[3:9]}",
        "type": "run-triggers",
        "attributes": attributes,
        "relationships": relations,
    }
