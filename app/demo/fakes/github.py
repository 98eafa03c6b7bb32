"""A GitHub over HTTP with state: what https://docs.github.com/en/rest and /graphql say, as far as a read-only poller asks."""

import json
import re
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import Body, FastAPI, Request, Response

from app.clock import now
from app.demo.fakes.github_branch_routes import BRANCH_ROUTES
from app.demo.fakes.github_git import Commit
from app.demo.fakes.github_graphql import QueryError, read
from app.demo.fakes.github_resolve import In, iso
from app.demo.fakes.github_rest import NAME, Answered, of_repository, page_of, simple_user
from app.demo.fakes.github_state import GithubState
from app.demo.fakes.github_things import Planned, Repository
from app.demo.fakes.github_types import schema, url


def github_app(state: GithubState) -> FastAPI:
    """REST at the top and /graphql; of an Enterprise Server REST at /api/v3 and /api/graphql."""
    app = FastAPI(openapi_url=None)

    @app.api_route("/{path:path}", methods=["GET", "POST"])
    def answer(request: Request, body: Annotated[Any, Body()] = None) -> Response:
        with state.locked():
            return _answer(state, request, body)

    return app


def _answer(state: GithubState, request: Request, body: Any) -> Response:
    path = request.url.path
    if state.enterprise:
        path = path.removeprefix("/api/v3").removeprefix("/api")
    operation = re.search(r"query (\w+)", str(body.get("query", ""))) if isinstance(body, dict) else None
    state.asked.append(f"{request.method} {path} {operation[1] if operation else ''}".rstrip())
    named = operation[1] if operation else ""
    instead = next((one for one in state.planned if one.path in path and one.operation in ("", named)), None)
    if instead:
        state.planned.remove(instead)
        return _planned(state, instead)
    if state.token and request.headers.get("authorization") != f"Bearer {state.token}":
        return _json(state, (401, {"message": "Bad credentials"}, {}))
    if path == "/graphql" and request.method == "POST":
        return _json(state, _graphql(state, body))
    for pattern, how in ROUTES:
        match = re.fullmatch(pattern, path)
        if match and request.method == "GET":
            return _json(state, how(state, match, request))
    return _json(state, (404, {"message": "Not Found"}, {}))


def _planned(state: GithubState, planned: Planned) -> Response:
    body = planned.body or json.dumps({"message": "planned"}).encode()
    return Response(body, planned.status, {**_headers(state), **planned.headers}, "application/json")


def _json(state: GithubState, answered: Answered) -> Response:
    status, body, headers = answered
    return Response(json.dumps(body), status, {**_headers(state), **headers}, "application/json; charset=utf-8")


def _headers(state: GithubState) -> dict[str, str]:
    """https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#checking-the-status-of-your-rate-limit"""
    state.remaining = state.remaining - 1 or 5000
    reset = str(int(now().timestamp()) + 3600)
    out = {"x-ratelimit-limit": "5000", "x-ratelimit-remaining": str(state.remaining), "x-ratelimit-reset": reset}
    if state.scopes is not None:
        out["x-oauth-scopes"] = state.scopes
    if state.enterprise:
        out["x-github-enterprise-version"] = state.enterprise
    return out


def _graphql(state: GithubState, body: Any) -> Answered:
    """https://docs.github.com/en/graphql/guides/forming-calls-with-graphql"""
    if not isinstance(body, dict):
        return 400, {"message": "Problems parsing JSON"}, {}
    try:
        document = read(str(body.get("query", "")))
        data, errors = schema(state).told(document, state, body.get("variables") or {})
        return 200, {"data": data, **({"errors": errors} if errors else {})}, {}
    except QueryError as error:
        data = {"data": {error.error["path"][0]: None}} if error.error.get("type") == "NOT_FOUND" else {}
        return 200, {**data, "errors": [error.error]}, {}


def _meta(state: GithubState, _: re.Match[str], __: Request) -> Answered:
    """https://docs.github.com/en/rest/meta/meta#get-apiname-meta-information"""
    return 200, {"installed_version": state.enterprise} if state.enterprise else {"verifiable_password_authentication": False}, {}


@of_repository
def _get_repository(state: GithubState, repository: Repository, _: re.Match[str], __: Request) -> Answered:
    """https://docs.github.com/en/rest/repos/repos#get-a-repository"""
    write = repository.permission in ("WRITE", "MAINTAIN", "ADMIN")
    return (
        200,
        {
            "id": repository.database_id,
            "full_name": repository.name,
            "private": True,
            "default_branch": repository.default_branch,
            "permissions": {"admin": repository.permission == "ADMIN", "push": write, "pull": True},
            "temp_clone_token": "AABBCCDDEEFF00112233",
        },
        {},
    )


@of_repository
def _compare(state: GithubState, repository: Repository, match: re.Match[str], request: Request) -> Answered:
    """https://docs.github.com/en/rest/commits/commits#compare-two-commits"""
    git, base, head = repository.git, match[3], match[4]
    if base not in git.commits or head not in git.commits:
        return 404, {"message": "Not Found"}, {}
    shared = git.merge_base(base, head)
    if shared is None:
        return 404, {"message": f"No common ancestor between {base} and {head}."}, {}
    ahead, behind = git.between(base, head), git.between(head, base)
    status = ("diverged" if behind else "ahead") if ahead else ("behind" if behind else "identical")
    page, shown, link = page_of(request, ahead)
    body = {
        "status": status,
        "ahead_by": len(ahead),
        "behind_by": len(behind),
        "total_commits": len(ahead),
        "merge_base_commit": _commit(state, repository, git.commits[shared]),
        "commits": [_commit(state, repository, commit) for commit in shown],
    }
    if page == 1:
        names = sorted({path for commit in ahead for path in commit.paths})[:300]
        body["files"] = [{"filename": name, "status": "modified", "patch": f"@@ -1 +1 @@\n+password = {name}"} for name in names]
    return 200, body, link


@of_repository
def _commits(state: GithubState, repository: Repository, _: re.Match[str], request: Request) -> Answered:
    """https://docs.github.com/en/rest/commits/commits#list-commits"""
    tip = request.query_params.get("sha") or repository.tip
    tip = repository.git.branches.get(tip, tip)
    if tip not in repository.git.commits:
        return 404, {"message": "Not Found"}, {}
    found = list(repository.git.history(tip, request.query_params.get("path", "")))
    shown, link = page_of(request, found)[1:]
    return 200, [_commit(state, repository, commit) for commit in shown], link


@of_repository
def _pulls_of(state: GithubState, repository: Repository, match: re.Match[str], _: Request) -> Answered:
    """https://docs.github.com/en/rest/commits/commits#list-pull-requests-associated-with-a-commit"""
    if match[3] not in repository.git.commits:
        return 422, {"message": f"No commit found for SHA: {match[3]}"}, {}
    pulls = [repository.pull_requests[number] for number in sorted(repository.landed.get(match[3], ()))]
    return (
        200,
        [
            {
                "number": pull.number,
                "title": pull.title,
                "html_url": url(In(state, repository, pull), pull),
                "state": "open" if pull.state == "OPEN" else "closed",
                "merged_at": iso(pull.merged_at),
                "merge_commit_sha": pull.merge_commit,
                "base": {"ref": pull.base},
                "head": {"ref": pull.branch, "sha": pull.head},
            }
            for pull in pulls
        ],
        {},
    )


def _commit(state: GithubState, repository: Repository, commit: Commit) -> dict[str, Any]:
    return {
        "sha": commit.sha,
        "html_url": f"https://github.bank.example/{repository.name}/commit/{commit.sha}",
        "commit": {
            "author": {"name": commit.author.name, "email": commit.author.email, "date": iso(commit.authored_at)},
            "committer": {"name": commit.committer.name, "email": commit.committer.email, "date": iso(commit.at)},
            "message": commit.message,
        },
        "author": simple_user(state, commit.author.login),
        "committer": simple_user(state, commit.committer.login),
        "parents": [{"sha": oid} for oid in commit.parents],
    }


ROUTES: tuple[tuple[str, Callable[..., Answered]], ...] = (
    ("/meta", _meta),
    (f"/repos/{NAME}", _get_repository),
    (f"/repos/{NAME}/compare/([0-9a-f]+)\\.\\.\\.([0-9a-f]+)", _compare),
    (f"/repos/{NAME}/commits", _commits),
    (f"/repos/{NAME}/commits/([0-9a-f]+)/pulls", _pulls_of),
    *BRANCH_ROUTES,
)
