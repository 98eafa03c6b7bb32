"""REST of the fake's branches: what moved them, which there are, which rules hold for them."""

import base64
import re
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from fastapi import Request

from app.demo.fakes.github_resolve import iso
from app.demo.fakes.github_rest import NAME, NOT_FOUND, Answered, of_repository, page_of, simple_user
from app.demo.fakes.github_state import GithubState
from app.demo.fakes.github_things import Activity, Protection, Repository

API = "https://github.bank.example/api/v3"


@of_repository
def _activity(state: GithubState, repository: Repository, _: re.Match[str], request: Request) -> Answered:
    """https://docs.github.com/en/rest/repos/repos#list-repository-activities -- pages by cursor, `before` and `after`."""
    asked = request.query_params
    ref = asked.get("ref", "")
    wanted = f"refs/heads/{ref.removeprefix('refs/heads/')}" if ref else ""
    chosen = [one for one in repository.activity if wanted in ("", one.ref) and asked.get("activity_type", one.type) == one.type]
    chosen.sort(key=lambda one: (one.at, one.id), reverse=asked.get("direction", "desc") == "desc")
    start = 0
    if cursor := asked.get("after"):
        places = [i for i, one in enumerate(chosen) if _cursor(one) == cursor]
        if not places:
            return 422, {"message": "Validation Failed"}, {}
        start = places[0] + 1
    size = min(int(asked.get("per_page", "30")), state.page_size)
    shown = chosen[start : start + size]
    more = start + size < len(chosen)
    following = request.url.include_query_params(after=_cursor(shown[-1])) if more else ""
    return 200, [_entry(state, one) for one in shown], {"link": f'<{following}>; rel="next"'} if more else {}


def _cursor(one: Activity) -> str:
    return base64.urlsafe_b64encode(f"{one.at.timestamp()}|{one.id}".encode()).decode()


def _entry(state: GithubState, one: Activity) -> dict[str, Any]:
    return {
        "id": one.id,
        "node_id": f"PSH_{one.id:012x}",
        "before": one.before,
        "after": one.after,
        "ref": one.ref,
        "timestamp": iso(one.at),
        "activity_type": one.type,
        "actor": simple_user(state, one.actor),
    }


@of_repository
def _branches(state: GithubState, repository: Repository, _: re.Match[str], request: Request) -> Answered:
    """https://docs.github.com/en/rest/branches/branches#list-branches"""
    only = request.query_params.get("protected")
    names = [name for name in sorted(repository.git.branches) if only is None or (name in repository.protected) == (only == "true")]
    shown, link = page_of(request, names)[1:]
    return 200, [_short(repository, name) for name in shown], link


def _short(repository: Repository, name: str) -> dict[str, Any]:
    tip = repository.git.branches[name]
    commit = {"sha": tip, "url": f"{API}/repos/{repository.name}/commits/{tip}"}
    return {"name": name, "commit": commit, "protected": name in repository.protected}


@of_repository
def _rules(state: GithubState, repository: Repository, match: re.Match[str], request: Request) -> Answered:
    """https://docs.github.com/en/rest/repos/rules#get-rules-for-a-branch -- rulesets only; classic protection is not in it."""
    found = repository.protected.get(match[3])
    listed = list(_ruleset(found)) if found and found.ruleset else []
    info = {"ruleset_source_type": "Repository", "ruleset_source": repository.name, "ruleset_id": 42}
    shown, link = page_of(request, [{**one, **info} for one in listed])[1:]
    return 200, shown, link


def _ruleset(found: Protection) -> Iterator[dict[str, Any]]:
    parameters: dict[str, Any]
    if found.approvals is not None:
        parameters = {
            "required_approving_review_count": found.approvals,
            "dismiss_stale_reviews_on_push": found.dismiss_stale,
            "require_code_owner_review": found.code_owners,
            "require_last_push_approval": found.last_push,
            "required_review_thread_resolution": False,
        }
        yield {"type": "pull_request", "parameters": parameters}
    if found.checks:
        checks = [{"context": name} for name in found.checks]
        parameters = {"strict_required_status_checks_policy": False, "required_status_checks": checks}
        yield {"type": "required_status_checks", "parameters": parameters}
    if not found.force_pushes:
        yield {"type": "non_fast_forward"}
    if not found.deletions:
        yield {"type": "deletion"}
    if found.queue:
        parameters = {
            "check_response_timeout_minutes": 60,
            "grouping_strategy": "ALLGREEN",
            "max_entries_to_build": 5,
            "max_entries_to_merge": 5,
            "merge_method": "MERGE",
            "min_entries_to_merge": 1,
            "min_entries_to_merge_wait_minutes": 5,
        }
        yield {"type": "merge_queue", "parameters": parameters}


def _absent(how: Callable[..., Answered], part: str) -> Callable[..., Answered]:
    """404 where this server, or this token, has no such endpoint."""
    return lambda state, match, request: NOT_FOUND if part in state.absent else how(state, match, request)


def since(repository: Repository, when: datetime) -> None:
    """The activity before `when` is no longer kept."""
    repository.activity[:] = [one for one in repository.activity if one.at >= when]


BRANCH_ROUTES: tuple[tuple[str, Callable[..., Answered]], ...] = (
    (f"/repos/{NAME}/activity", _absent(_activity, "/activity")),
    (f"/repos/{NAME}/branches", _absent(_branches, "/branches")),
    (f"/repos/{NAME}/rules/branches/(.+)", _absent(_rules, "/rules/")),
)
