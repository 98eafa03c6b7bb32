"""A GitLab over HTTP with state: what https://docs.gitlab.com/api/rest/ says, as far as a read-only poller asks."""

import json
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote

from fastapi import FastAPI, Request, Response

from app.demo.fakes import gitlab_shapes as shapes
from app.demo.fakes.github_git import Commit
from app.demo.fakes.gitlab_state import GitlabState
from app.demo.fakes.gitlab_things import MergeRequest, Planned, Project

Answered = tuple[int, Any, dict[str, str]]  # status, body, further headers
NOT_FOUND: Answered = (404, {"message": "404 Not Found"}, {})


def gitlab_app(state: GitlabState) -> FastAPI:
    app = FastAPI(openapi_url=None)

    @app.api_route("/{path:path}", methods=["GET", "POST", "PUT", "DELETE"])
    def answer(request: Request) -> Response:
        with state.locked():
            return _answer(state, request)

    return app


def _answer(state: GitlabState, request: Request) -> Response:
    path = request.scope["raw_path"].decode().partition("?")[0]
    state.asked.append(f"{request.method} {path} {request.url.query}".rstrip())
    instead = next((one for one in state.planned if one.fits(path)), None)
    if instead:
        state.planned.remove(instead)
        return _planned(instead)
    given = {request.headers.get("private-token"), request.headers.get("authorization", "").removeprefix("Bearer ")}
    if state.token and state.token not in given:
        return _json(state, (401, {"message": "401 Unauthorized"}, {}))
    if request.method != "GET":
        return _json(state, (403, {"error": "insufficient_scope"}, {}))
    for pattern, how in ROUTES:
        match = re.fullmatch(f"/api/v4{pattern}", path)
        if match:
            return _json(state, how(state, match, request))
    return _json(state, (404, {"error": "404 Not Found"}, {}))


def _planned(planned: Planned) -> Response:
    body = planned.body or json.dumps({"message": "planned"}).encode()
    return Response(body, planned.status, planned.headers, "application/json")


def _json(state: GitlabState, answered: Answered) -> Response:
    status, body, headers = answered
    limits = {"ratelimit-limit": str(state.ratelimit), "ratelimit-remaining": "1999"} if state.ratelimit else {}
    return Response(json.dumps(body), status, {**limits, **headers}, "application/json")


def _paged(state: GitlabState, request: Request, items: Sequence[Any]) -> Answered:
    """https://docs.gitlab.com/api/rest/#offset-based-pagination"""
    page = int(request.query_params.get("page", "1"))
    size = min(100, state.page_size, int(request.query_params.get("per_page", "20")))
    more = page * size < len(items)
    headers = {"x-page": str(page), "x-per-page": str(size), "x-next-page": str(page + 1) if more else ""}
    if more:
        headers["link"] = f'<{request.url.include_query_params(page=page + 1)}>; rel="next"'
    return 200, items[(page - 1) * size : page * size], headers


def _version(state: GitlabState, _: re.Match[str], __: Request) -> Answered:
    """https://docs.gitlab.com/api/metadata/"""
    return 200, state.told(), {}


def _token(state: GitlabState, _: re.Match[str], __: Request) -> Answered:
    """https://docs.gitlab.com/api/personal_access_tokens/#self-inform"""
    if state.scopes is None:
        return 401, {"message": "401 Unauthorized"}, {}
    return 200, {"id": 4, "name": "throughline", "revoked": False, "scopes": list(state.scopes), "active": True}, {}


def _project(state: GitlabState, match: re.Match[str], request: Request) -> Answered:
    """https://docs.gitlab.com/api/projects/#retrieve-a-project; a former path answers with a redirect to the id."""
    name = unquote(match[1])
    found = state.found(int(name)) if name.isdigit() else state.projects.get(name)
    if found is None and name in state.moved:
        where = f"{request.base_url}api/v4/projects/{state.moved[name]}"
        return 301, {"message": "This resource has been moved permanently"}, {"location": where}
    if found is None or found.hidden:
        return 404, {"message": "404 Project Not Found"}, {}
    return 200, shapes.project(state, found), {}


def _in(how: Callable[..., Answered]) -> Callable[..., Answered]:
    """With the project looked up by its id."""

    def answer(state: GitlabState, match: re.Match[str], request: Request) -> Answered:
        project = state.found(int(match[1]))
        if project is None or project.hidden:
            return 404, {"message": "404 Project Not Found"}, {}
        return how(state, project, match, request)

    return answer


def _request(how: Callable[[GitlabState, Project, MergeRequest, Request], Answered]) -> Callable[..., Answered]:
    @_in
    def answer(state: GitlabState, project: Project, match: re.Match[str], request: Request) -> Answered:
        found = project.merge_requests.get(int(match[2]))
        return how(state, project, found, request) if found else NOT_FOUND

    return answer


@_in
def _merge_requests(state: GitlabState, project: Project, _: re.Match[str], request: Request) -> Answered:
    """https://docs.gitlab.com/api/merge_requests/#list-project-merge-requests"""
    asked = request.query_params
    found = [one for one in project.merge_requests.values() if asked.get("state", "all") in ("all", one.state)]
    if since := asked.get("updated_after"):
        found = [one for one in found if shapes.instant(one.updated_at) >= since]
    order = "updated_at" if asked.get("order_by") == "updated_at" else "created_at"
    found.sort(key=lambda one: (getattr(one, order), one.id), reverse=asked.get("sort", "desc") == "desc")
    return _paged(state, request, [shapes.merge_request(state, project, one) for one in found])


@_request
def _merge_request(state: GitlabState, project: Project, found: MergeRequest, _: Request) -> Answered:
    """https://docs.gitlab.com/api/merge_requests/#retrieve-a-merge-request"""
    return 200, {**shapes.merge_request(state, project, found), **shapes.single(state, project, found)}, {}


@_request
def _approvals(state: GitlabState, project: Project, found: MergeRequest, _: Request) -> Answered:
    """https://docs.gitlab.com/api/merge_request_approvals/#retrieve-approval-state-for-a-merge-request"""
    return 200, shapes.approvals(state, project, found), {}


@_request
def _commits_of(state: GitlabState, project: Project, found: MergeRequest, request: Request) -> Answered:
    """https://docs.gitlab.com/api/merge_requests/#list-merge-request-commits"""
    listed = [shapes.commit(project.git.commits[sha]) for sha in reversed(found.commits)]
    return _paged(state, request, listed)


@_request
def _versions(state: GitlabState, _: Project, found: MergeRequest, request: Request) -> Answered:
    """https://docs.gitlab.com/api/merge_requests/#list-merge-request-diff-versions"""
    return _paged(state, request, [shapes.version(found, one) for one in reversed(found.versions)])


@_request
def _notes(state: GitlabState, _: Project, found: MergeRequest, request: Request) -> Answered:
    """https://docs.gitlab.com/api/notes/#list-all-merge-request-notes"""
    found.notes.sort(key=lambda note: (note.at, note.id), reverse=request.query_params.get("sort", "desc") == "desc")
    return _paged(state, request, [shapes.note(state, found, one) for one in found.notes])


@_request
def _turns(state: GitlabState, _: Project, found: MergeRequest, request: Request) -> Answered:
    """https://docs.gitlab.com/api/resource_state_events/#list-project-merge-request-state-events"""
    return _paged(state, request, [shapes.turn(state, found, one) for one in found.turns])


@_request
def _status_checks(state: GitlabState, _: Project, found: MergeRequest, request: Request) -> Answered:
    """https://docs.gitlab.com/api/status_checks/#list-status-checks-for-a-merge-request (Ultimate)"""
    return _paged(state, request, found.external) if state.premium else NOT_FOUND


@_in
def _commits(state: GitlabState, project: Project, _: re.Match[str], request: Request) -> Answered:
    """https://docs.gitlab.com/api/commits/#list-repository-commits; `ref_name` may be a revision range."""
    asked, git = request.query_params, project.git
    base, two, head = (asked.get("ref_name") or project.default_branch).partition("..")
    tip = git.branches.get(head or base, head or base)
    if tip not in git.commits or (two and base not in git.commits):
        return 404, {"message": "404 Commit Not Found"}, {}
    within = git.reachable(tip) - (git.reachable(base) if two else set())
    found = [one for one in git.history(tip, asked.get("path", "")) if one.sha in within]
    if asked.get("first_parent") == "true":
        found = [one for one in _first_parents(project, tip) if one.sha in within]
    if since := asked.get("since"):
        found = [one for one in found if shapes.instant(one.at) >= since]
    return _paged(state, request, [shapes.commit(one) for one in found])


def _first_parents(project: Project, tip: str) -> list[Commit]:
    found = []
    while tip:
        found.append(project.git.commits[tip])
        tip = found[-1].parents[0] if found[-1].parents else ""
    return found


@_in
def _commit(_: GitlabState, project: Project, match: re.Match[str], __: Request) -> Answered:
    """https://docs.gitlab.com/api/commits/#retrieve-a-commit"""
    found = project.git.commits.get(project.git.branches.get(match[2], match[2]))
    return (200, shapes.commit(found), {}) if found else (404, {"message": "404 Commit Not Found"}, {})


@_in
def _merge_requests_of(state: GitlabState, project: Project, match: re.Match[str], request: Request) -> Answered:
    """https://docs.gitlab.com/api/commits/#list-all-merge-requests-associated-with-a-commit"""
    sha = match[2]
    if sha not in project.git.commits:
        return 404, {"message": "404 Commit Not Found"}, {}
    known = [one for one in project.merge_requests.values() if sha in (*one.commits, one.merge_commit, *one.landed[-1:])]
    known += [one for one in project.merge_requests.values() if sha == one.squash_commit and one not in known]
    return _paged(state, request, [shapes.merge_request(state, project, one) for one in known])


@_in
def _merge_base(_: GitlabState, project: Project, __: re.Match[str], request: Request) -> Answered:
    """https://docs.gitlab.com/api/repositories/#retrieve-merge-base"""
    one, other = request.query_params.getlist("refs[]")
    if one not in project.git.commits or other not in project.git.commits:
        return 400, {"message": "Could not find refs"}, {}
    shared = project.git.merge_base(one, other)
    return (200, shapes.commit(project.git.commits[shared]), {}) if shared else (404, {"message": "404 Merge Base Not Found"}, {})


@_in
def _branch(_: GitlabState, project: Project, match: re.Match[str], __: Request) -> Answered:
    """https://docs.gitlab.com/api/branches/#retrieve-a-repository-branch"""
    name = unquote(match[2])
    tip = project.git.branches.get(name)
    if tip is None:
        return 404, {"message": "404 Branch Not Found"}, {}
    return 200, {"name": name, "protected": name in project.protected, "commit": shapes.commit(project.git.commits[tip])}, {}


@_in
def _branches(state: GitlabState, project: Project, _: re.Match[str], request: Request) -> Answered:
    """https://docs.gitlab.com/api/branches/#list-all-repository-branches; `^` in `search` means the beginning."""
    prefix = request.query_params.get("search", "").removeprefix("^")
    named = {name: tip for name, tip in sorted(project.git.branches.items()) if name.startswith(prefix)}
    return _paged(
        state, request, [{"name": name, "commit": shapes.commit(project.git.commits[tip])} for name, tip in named.items()]
    )


@_in
def _protected(state: GitlabState, project: Project, _: re.Match[str], request: Request) -> Answered:
    """https://docs.gitlab.com/api/protected_branches/#list-all-protected-branches"""
    return _paged(state, request, list(project.protected.values()))


@_in
def _approval_settings(state: GitlabState, project: Project, _: re.Match[str], __: Request) -> Answered:
    """https://docs.gitlab.com/api/merge_request_approvals/#retrieve-approval-configuration-for-a-project (Premium)"""
    return (200, project.approvals, {}) if state.premium else NOT_FOUND


@_in
def _approval_rules(state: GitlabState, project: Project, _: re.Match[str], request: Request) -> Answered:
    """https://docs.gitlab.com/api/merge_request_approvals/#list-all-approval-rules-for-a-project (Premium)"""
    needed = project.approvals.get("approvals_before_merge", 0)
    rule = {"id": 1, "name": "All Members", "rule_type": "any_approver", "approvals_required": needed, "protected_branches": []}
    return _paged(state, request, [rule]) if state.premium else NOT_FOUND


@_in
def _events(state: GitlabState, project: Project, _: re.Match[str], request: Request) -> Answered:
    """https://docs.gitlab.com/api/events/#list-all-visible-events-for-a-project; whole days, both excluded."""
    asked = request.query_params
    found = list(project.events)
    if after := asked.get("after"):
        found = [one for one in found if one["at"] >= _day(after) + timedelta(days=1)]
    if before := asked.get("before"):
        found = [one for one in found if one["at"] < _day(before)]
    found.sort(key=lambda one: (one["at"], one["id"]), reverse=asked.get("sort", "desc") == "desc")
    return _paged(state, request, [shapes.event(state, project, one) for one in found])


def _day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


ONE = r"/projects/(\d+)/merge_requests/(\d+)"
ROUTES: tuple[tuple[str, Callable[..., Answered]], ...] = (
    ("/metadata", _version),
    ("/version", _version),
    ("/personal_access_tokens/self", _token),
    (r"/projects/([^/]+)", _project),
    (r"/projects/(\d+)/merge_requests", _merge_requests),
    (ONE, _merge_request),
    (f"{ONE}/approvals", _approvals),
    (f"{ONE}/commits", _commits_of),
    (f"{ONE}/versions", _versions),
    (f"{ONE}/notes", _notes),
    (f"{ONE}/resource_state_events", _turns),
    (f"{ONE}/status_checks", _status_checks),
    (r"/projects/(\d+)/repository/commits", _commits),
    (r"/projects/(\d+)/repository/commits/([0-9a-f]+)", _commit),
    (r"/projects/(\d+)/repository/commits/([0-9a-f]+)/merge_requests", _merge_requests_of),
    (r"/projects/(\d+)/repository/merge_base", _merge_base),
    (r"/projects/(\d+)/repository/branches/([^/]+)", _branch),
    (r"/projects/(\d+)/repository/branches", _branches),
    (r"/projects/(\d+)/protected_branches", _protected),
    (r"/projects/(\d+)/approvals", _approval_settings),
    (r"/projects/(\d+)/approval_rules", _approval_rules),
    (r"/projects/(\d+)/events", _events),
)
