"""How fields of the fake's GraphQL find their values."""

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.demo.fakes.github_graphql import QueryError, Resolver, Typed
from app.demo.fakes.github_state import GithubState
from app.demo.fakes.github_things import Repository


@dataclass(frozen=True, slots=True)
class In:
    """A thing within its repository."""

    state: GithubState
    repository: Repository
    value: Any


def iso(when: datetime | None) -> str | None:
    return when.strftime("%Y-%m-%dT%H:%M:%SZ") if when else None


def find_repository(state: GithubState, name: str) -> Repository:
    """Follows a rename. Raises QueryError of type NOT_FOUND."""
    seen = state.renamed.get(name, name)
    for repository in state.repositories.values():
        if repository.name.lower() == seen.lower():
            return repository
    raise QueryError(f"Could not resolve to a Repository with the name '{name}'.", type="NOT_FOUND", path=["repository"])


def actor(state: GithubState, login: str | None) -> Typed | None:
    user = state.users.get(login or "")
    return Typed(user.typename, user) if user else None


def who(how: Callable[[Any], str | None]) -> Resolver:
    return lambda here, _: actor(here.state, how(here.value))


def plain(name: str) -> Resolver:
    return lambda here, _: getattr(here.value, name)


def time(name: str) -> Resolver:
    return lambda here, _: iso(getattr(here.value, name))


def oid(how: Callable[[Any], str | None]) -> Resolver:
    """A commit by its id; null once nothing has it."""

    def resolve(here: In, _: Mapping[str, Any]) -> Typed | None:
        commit = here.repository.git.commits.get(how(here.value) or "")
        return Typed("Commit", In(here.state, here.repository, commit)) if commit else None

    return resolve


def _start(cursor: str) -> int:
    try:
        return int(base64.b64decode(cursor, validate=True))
    except ValueError:
        raise QueryError(f"`{cursor}` does not appear to be a valid cursor.", type="INVALID_CURSOR_ARGUMENTS") from None


def connection(typename: str, items: Sequence[Any], arguments: Mapping[str, Any], largest: int) -> Typed:
    """`items` are already typed; cursors are places in the list."""
    start = _start(arguments["after"]) if arguments.get("after") else 0
    if "last" in arguments:
        start = max(0, len(items) - arguments["last"])
    shown = list(items[start : start + min(arguments.get("first") or 100, largest)])
    end = start + len(shown)
    page = {"hasNextPage": end < len(items), "endCursor": base64.b64encode(str(end).encode()).decode() if shown else None}
    return Typed(
        typename, {"totalCount": len(items), "filteredCount": len(items), "nodes": shown, "pageInfo": Typed("PageInfo", page)}
    )


def member(name: str) -> Resolver:
    return lambda value, _: value[name]
