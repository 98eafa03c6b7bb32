"""What the fake answers of task stages, evaluations, results, estimates and logs."""

from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from app.demo.fakes import tfe_policy_shapes as shapes

JSON = dict[str, Any]
LOG = "/_archivist/v1/object/planted-capability-url/policy"
UNDERSCORED = {"task_results", "policy_evaluations", "run", "run.workspace", "cost_estimate"}


class Endpoints:
    def __init__(self, state: Any, refused: Callable[[Request], Response | None]) -> None:
        self.state, self.refused = state, refused

    def routes(self) -> list[Route]:
        answers = {
            "/runs/{id}/task-stages": ("task-stages", self.stages),
            "/task-stages/{id}": ("task-stages", self.stage),
            "/task-stages/{id}/policy-evaluations": ("task-stages", self.evaluations),
            "/task-results/{id}": ("task-stages", self.task_result),
            "/policy-evaluations/{id}/policy-set-outcomes": ("policy-set-outcomes", self.outcomes),
            "/runs/{id}/tf-policy-evaluations": ("tf-policy", self.terraform),
            "/tf-policy-evaluations/{id}": ("tf-policy", self.terraform_one),
            "/tf-policy-evaluations/{id}/tf-policy-set-outcomes": ("tf-policy", self.terraform_outcomes),
            "/cost-estimates/{id}": ("cost-estimates", self.cost),
        }
        made = [self._route(path, name, answer) for path, (name, answer) in answers.items()]
        output = Route("/api/v2/policy-checks/{id}/output", self.output, methods=["GET"])
        return [*made, output, Route(LOG + "/{id}", self.log, methods=["GET"])]

    def _route(self, path: str, name: str, answer: Callable[[Request], JSON | int | None]) -> Route:
        def serve(request: Request) -> Response:
            with self.state.lock:
                refused = self.refused(request)
                found = None if refused or name in self.state.missing else answer(request)
            if refused:
                return refused
            code = found if isinstance(found, int) else 404 if found is None else 200
            body = {"errors": [{"status": str(code), "title": "not found"}]} if code != 200 else found
            return JSONResponse(body, code, media_type="application/vnd.api+json")

        return Route("/api/v2" + path, serve, methods=["GET"])

    def _run(self, request: Request) -> Any:
        return self.state.run_by(request.path_params["id"])

    def _every(self, name: str, request: Request) -> Any:
        """The run and the member of its list called `name` that has the id asked for."""
        key = request.path_params["id"]
        return next(((run, one) for run in self.state.runs for one in getattr(run, name) if one.id == key), (None, None))

    def _staged(self, request: Request) -> Any:
        key = str(request.path_params["id"])
        run = self.state.run_by("run-" + key.removeprefix("ts-")[:16])
        return next(((run, one) for one in run.stages if one.id == key), (None, None)) if run else (None, None)

    def stages(self, request: Request) -> JSON | None:
        run = self._run(request)
        return {"data": [shapes.stage(run, one) for one in run.stages]} if run else None

    def stage(self, request: Request) -> JSON | int | None:
        run, one = self._staged(request)
        if one is None:
            return None
        include = set(filter(None, request.query_params.get("include", "").split(",")))
        known = {name.replace("_", "-") for name in UNDERSCORED} if self.state.policies.include_dashes else UNDERSCORED
        if include - known:
            return 400
        wanted = {name.replace("-", "_") for name in include}
        included = [shapes.evaluation(each) for each in one.evaluations] if "policy_evaluations" in wanted else []
        included += [shapes.task_result(each) for each in one.tasks] if "task_results" in wanted else []
        return {"data": shapes.stage(run, one)} | ({"included": included} if include else {})

    def evaluations(self, request: Request) -> JSON | None:
        _, one = self._staged(request)
        return {"data": [shapes.evaluation(each) for each in one.evaluations]} if one else None

    def task_result(self, request: Request) -> JSON | None:
        every = (task for run in self.state.runs for stage in run.stages for task in stage.tasks)
        found = next((one for one in every if one.id == request.path_params["id"]), None)
        return {"data": shapes.task_result(found)} if found else None

    def outcomes(self, request: Request) -> JSON | None:
        run = self.state.run_by("run-" + str(request.path_params["id"]).removeprefix("poleval-")[:16])
        found = next((one for one in run.evaluations if one.id == request.path_params["id"]), None) if run else None
        return {"data": shapes.outcomes(found)} if found else None

    def terraform(self, request: Request) -> JSON | None:
        run = self._run(request)
        return {"data": [shapes.terraform_evaluation(run, one) for one in run.terraform_policy]} if run else None

    def terraform_one(self, request: Request) -> JSON | None:
        run, one = self._every("terraform_policy", request)
        if one is None:
            return None
        wanted = "tf_policy_set_outcomes" in request.query_params.get("include", "")
        return {"data": shapes.terraform_evaluation(run, one)} | ({"included": shapes.terraform_outcomes(one)} if wanted else {})

    def terraform_outcomes(self, request: Request) -> JSON | None:
        _, one = self._every("terraform_policy", request)
        return {"data": shapes.terraform_outcomes(one)} if one else None

    def cost(self, request: Request) -> JSON | None:
        run = self.state.run_by("run-" + str(request.path_params["id"]).removeprefix("ce-"))
        return {"data": shapes.cost_estimate(run)} if run and run.cost else None

    def output(self, request: Request) -> Response:
        """https://developer.hashicorp.com/terraform/enterprise/api-docs/policy-checks: a redirect, or 204 while there is none."""
        with self.state.lock:
            refused = self.refused(request)
            _, check = self._every("checks", request)
        if refused or check is None:
            return refused or Response(status_code=404)
        if self.state.policies.no_logs:
            return Response(status_code=204)
        host = self.state.policies.archivist or str(request.base_url).rstrip("/")
        return RedirectResponse(f"{host}{LOG}/{check.id}", 302)

    def log(self, request: Request) -> Response:
        """An object of the archivist: whoever has its address may read it."""
        with self.state.lock:
            if "authorization" in request.headers:
                self.state.policies.leaked.append(request.url.path)
                return PlainTextResponse("no token is wanted here", 400)
            _, check = self._every("checks", request)
            if check is None:
                return Response(status_code=404)
            return PlainTextResponse(self.state.policies.logs.get(check.id) or shapes.log_text(check.policies))


def routes(state: Any, refused: Callable[[Request], Response | None]) -> list[Route]:
    """What the fake serves of this. `refused` is its own door: the token, the planted failures."""
    return Endpoints(state, refused).routes()
