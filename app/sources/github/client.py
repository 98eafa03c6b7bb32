"""Asking GitHub: REST and GraphQL on one host, GraphQL's errors told apart, renamed repositories found again.

https://docs.github.com/en/graphql/overview/rate-limits-and-query-limits-for-the-graphql-api
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import httpx

from app.errors import Forbidden, Missing, NotUnderstood, Refused, ServerFailed, SourceError, Throttled
from app.sources.contract import Connection
from app.sources.github import query
from app.sources.github.wire import Node, at, needed_list, needed_object, text
from app.sources.http import Answer, Http, retry_after

VERSION = "2022-11-28"  # 2026-03-10 drops merge_commit_sha; both are offered
NAME = r"(?!\.\.?/)[\w.-]+"
SHA = r"[0-9a-f]{40,64}"
REST = (rf"/repos/{NAME}/{NAME}/compare/{SHA}\.\.\.{SHA}", rf"/repos/{NAME}/{NAME}/commits", "/meta")
PER_PAGE = 100

Transport = httpx.BaseTransport


class TooMuch(ServerFailed):
    """GitHub gave up on the query: it has to ask for less."""


class Client:
    """`requests` and `clock_offset` are those of both doors together."""

    def __init__(self, connection: Connection, clock: Callable[[], datetime], transport: Transport | None = None) -> None:
        headers = {"x-github-api-version": VERSION}
        accept = "application/vnd.github+json"
        behind = replace(connection, url=graphql_url(connection.url))
        self.rest = Http(connection, clock, REST, accept, headers, transport)
        self.graphql = Http(behind, clock, ("/graphql",), accept, headers, transport, attempts=2)
        self._lacking: tuple[str, ...] = ()

    @property
    def requests(self) -> int:
        return self.rest.requests + self.graphql.requests

    @property
    def clock_offset(self) -> timedelta | None:
        return self.graphql.clock_offset if self.rest.clock_offset is None else self.rest.clock_offset

    def close(self) -> None:
        self.rest.close()
        self.graphql.close()

    def ask(self, text_: str, **variables: Any) -> Node:
        """The `data` of a query. Partial data is unknown data: any error in the answer raises the SourceError that fits."""
        if not text_.lstrip().startswith("query "):
            raise Refused("only queries are sent to GitHub's GraphQL", do="this is a defect of Throughline; report it")
        answer = self.graphql.post("/graphql", {"query": query.without(text_, self._lacking), "variables": variables})
        body = needed_object(decoded(answer))
        errors = body.get("errors")
        if errors:
            if not self._lacking and _unknown_fields(errors):
                self._learn_fields()
                if self._lacking:
                    return self.ask(text_, **variables)
            raise graphql_error(errors, answer)
        return needed_object(body, "data")

    def _learn_fields(self) -> None:
        """Find which optional fields this server does not have."""
        answer = self.graphql.post("/graphql", {"query": query.FIELDS, "variables": {}})
        fields = needed_list(decoded(answer), "data", "__type", "fields")
        self._lacking = tuple(query.lacking({text(field, "name") for field in fields}))

    def rest_page(self, where: str, page: int, /, **params: str) -> tuple[Answer, Any, bool]:
        """One page of a REST list, decoded, and whether `Link` names a next one."""
        answer = self.rest.get(where, {**params, "per_page": str(PER_PAGE), "page": str(page)})
        return answer, decoded(answer), 'rel="next"' in answer.headers.get("link", "")

    def repository(self, full_name: str) -> Node:
        """Where the repository is now: `nameWithOwner`, `databaseId`, `viewerPermission`. Raises Missing when it cannot be seen."""
        owner, name = split(full_name)
        return needed_repository(self.ask(query.REPOSITORY, owner=owner, name=name), full_name)


def graphql_url(rest: str) -> str:
    """What stands before `/graphql`: `https://HOST/api` of a GHES at `https://HOST/api/v3`, else the REST address itself.

    https://docs.github.com/en/enterprise-server@3.17/graphql/guides/forming-calls-with-graphql#the-graphql-endpoint
    """
    return rest.rstrip("/").removesuffix("/v3")


def split(full_name: str) -> tuple[str, str]:
    owner, _, name = full_name.partition("/")
    if not owner or not name or "/" in name:
        raise Missing(f"{full_name!r} is not a repository", "owner/name", "correct repositories in the settings")
    return owner, name


def needed_repository(data: Node, full_name: str) -> Node:
    if at(data, "repository") is None:
        raise Missing(f"GitHub knows no repository {full_name}", "one the token can see", "check the name and the token's access")
    return needed_object(data, "repository")


def decoded(answer: Answer) -> Any:
    """The JSON of an answer, NotUnderstood also for one that is nested beyond reason."""
    try:
        return answer.json()
    except RecursionError as error:
        raise NotUnderstood(f"{answer.url} answered with JSON nested too deep to read", "GitHub's API") from error


def _unknown_fields(errors: Any) -> bool:
    return isinstance(errors, list) and any(
        at(error, "extensions", "code") == "undefinedField" or "doesn't exist on type" in text(error, "message") for error in errors
    )


def graphql_error(errors: Any, answer: Answer) -> SourceError:
    """What a 200 with `errors` means. The order matters: a limit explains everything else in the same answer."""
    listed = errors if isinstance(errors, list) else [errors]
    kinds = {text(error, "type") or text(error, "extensions", "code") for error in listed}
    says = "; ".join(text(error, "message", limit=300) for error in listed[:3]) or "an error without a message"
    found = f"GitHub answered the query with: {says}"
    if "RATE_LIMITED" in kinds or "rate limit" in says.lower() or _spent(answer.headers):
        wait = retry_after(answer.headers, answer.at)
        return Throttled(found, do=f"waiting {wait:.0f} s", retry_after=wait)
    if kinds & {"FORBIDDEN", "INSUFFICIENT_SCOPES"}:
        return Forbidden(found, "read permission", "grant the token read access to contents and pull requests")
    if "NOT_FOUND" in kinds:
        return Missing(found, "something the token can see", "check the name and the token's access")
    if kinds & {"RESOURCE_LIMITS_EXCEEDED", "MAX_NODE_LIMIT_EXCEEDED", "TIMEOUT"} or _gave_up(says):
        return TooMuch(found, "an answer within its limits", "the query is asked again for less")
    return NotUnderstood(found, "an answer without errors", "part of it is unknown, so none of it is used")


def _spent(headers: Mapping[str, str]) -> bool:
    return headers.get("x-ratelimit-remaining") == "0"


def _gave_up(says: str) -> bool:
    return any(words in says.lower() for words in ("timeout", "timedout", "timed out", "something went wrong while executing"))
