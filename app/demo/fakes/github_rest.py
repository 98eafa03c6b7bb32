"""What the fake's REST endpoints share: the repository looked up, pages, accounts."""

import re
from collections.abc import Callable, Sequence
from typing import Any

from fastapi import Request

from app.demo.fakes.github_graphql import QueryError
from app.demo.fakes.github_resolve import find_repository
from app.demo.fakes.github_state import GithubState
from app.demo.fakes.github_things import Repository

Answered = tuple[int, Any, dict[str, str]]  # status, body, further headers
NAME = r"([\w.-]+)/([\w.-]+)"
NOT_FOUND: Answered = (404, {"message": "Not Found"}, {})


def of_repository(
    how: Callable[[GithubState, Repository, re.Match[str], Request], Answered],
) -> Callable[[GithubState, re.Match[str], Request], Answered]:
    """With the repository looked up: 404 for one that is not there, 301 for one that has another name now."""

    def answer(state: GithubState, match: re.Match[str], request: Request) -> Answered:
        name = f"{match[1]}/{match[2]}"
        try:
            repository = find_repository(state, name)
        except QueryError:
            return NOT_FOUND
        if name.lower() != repository.name.lower():
            where = f"{request.base_url}repositories/{repository.database_id}"
            return 301, {"message": "Moved Permanently", "url": where}, {"location": where}
        return how(state, repository, match, request)

    return answer


def page_of(request: Request, items: Sequence[Any]) -> tuple[int, Sequence[Any], dict[str, str]]:
    """https://docs.github.com/en/rest/using-the-rest-api/using-pagination-in-the-rest-api"""
    page, size = int(request.query_params.get("page", "1")), min(100, int(request.query_params.get("per_page", "30")))
    end = page * size
    following = request.url.include_query_params(page=page + 1)
    return page, items[end - size : end], {"link": f'<{following}>; rel="next"'} if end < len(items) else {}


def simple_user(state: GithubState, login: str | None) -> dict[str, Any] | None:
    """https://docs.github.com/en/rest/users/users -- null for an account that is gone."""
    user = state.users.get(login or "")
    if user is None:
        return None
    shown = f"{user.login}[bot]" if user.typename == "Bot" else user.login
    api = f"https://github.bank.example/api/v3/users/{user.login}"
    return {
        "login": shown,
        "id": user.database_id,
        "node_id": f"U_{user.database_id:08x}",
        "avatar_url": f"https://github.bank.example/avatars/{user.login}",
        "gravatar_id": "",
        "url": api,
        "html_url": f"https://github.bank.example/{user.login}",
        **{
            f"{name}_url": f"{api}/{name}"
            for name in ("followers", "following", "gists", "starred", "subscriptions", "organizations")
        },
        "repos_url": f"{api}/repos",
        "events_url": f"{api}/events",
        "received_events_url": f"{api}/received_events",
        "type": user.typename,
        "site_admin": False,
    }
