"""Asking GitHub: REST and GraphQL on one host, GraphQL's errors told apart, renamed repositories found again.

https://docs.github.com/en/graphql/overview/rate-limits-and-query-limits-for-the-graphql-api
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from app.errors import Forbidden, Missing, NotUnderstood, Refused, ServerFailed, SourceError, Throttled
from app.sources.contract import Connection
from app.sources.github import query, query_branches
from app.sources.github.wire import Node, at, needed_list, needed_object, text
from app.sources.http import Answer, Http, retry_after

VERSION = "2022-11-28"  # 2026-03-10 drops merge_commit_sha; both are offered
NAME = r"(?!\.\.?/)[\w.-]+"
SHA = r"[0-9a-f]{40,64}"
REST = (
    rf"/repos/{NAME}/{NAME}/compare/{SHA}\.\.\.{SHA}",
    rf"/repos/{NAME}/{NAME}/(?:commits|activity|branches)",
    rf"/repos/{NAME}/{NAME}/rules/branches/(?!.*(?:/|%2[Ff])\.\.?(?:/|%2[Ff]|$))[^?#]+",
    "/meta",
)
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
        self.lacking: tuple[str, ...] | None = None  # what this server is too old for; None: not asked yet
        self.able: dict[str, bool | str] = {}  # what this pass found the server to tell this token

    @property
    def requests(self) -> int:
        return self.rest.requests + self.graphql.requests

    @property
    def clock_offset(self) -> timedelta | None:
        return self.graphql.clock_offset if self.rest.clock_offset is None else self.rest.clock_offset

    def recall(self, memory: Mapping[str, Any], *, forget: bool) -> None:
        """What earlier passes learned of this server; servers are upgraded, so now and then (`forget`) it is learned anew."""
        kept, self.able = memory.get("lacking"), {}
        if self.lacking is None or forget:
            self.lacking = None if forget or not isinstance(kept, list) else tuple(word for word in kept if isinstance(word, str))

    def note(self, what: str, told: bool | str) -> None:
        """Whether the server tells this; of several repositories not all may be alike."""
        self.able[what] = told if self.able.get(what, told) == told else "in part"

    def learned(self, memory: Mapping[str, Any]) -> dict[str, Any]:
        """What this pass has to add to that."""
        if self.lacking is not None:
            self.note("left out", ", ".join(self.lacking) or "nothing")
        kept = memory.get("server")
        able = {**(kept if isinstance(kept, dict) else {}), **self.able}
        new = {"lacking": None if self.lacking is None else list(self.lacking), "server": able or None}
        return {key: value for key, value in new.items() if value != memory.get(key)}

    def close(self) -> None:
        self.rest.close()
        self.graphql.close()

    def ask(self, text_: str, **variables: Any) -> Node:
        """The `data` of a query. Partial data is unknown data: any error in the answer raises the SourceError that fits."""
        data, errors, answer = self._asked(text_, variables)
        if errors:
            raise graphql_error(errors, answer)
        return needed_object(data)

    def ask_partly(self, text_: str, **variables: Any) -> tuple[Node, list[Node]]:
        """The `data` of a query, and the errors of single fields in it: what they name is null there, and unknown.

        Raises the SourceError that fits when an error is about more than a field, or there is no data.
        """
        data, errors, answer = self._asked(text_, variables)
        if errors and (not isinstance(data, Mapping) or not all(_of_a_field(error) for error in errors) or _spent(answer.headers)):
            raise graphql_error(errors, answer)
        return needed_object(data), list(errors)

    def _asked(self, text_: str, variables: Mapping[str, Any]) -> tuple[Any, list[Any], Answer]:
        if not text_.lstrip().startswith("query "):
            raise Refused("only queries are sent to GitHub's GraphQL", do="this is a defect of Throughline; report it")
        body, answer = self._posted({"query": query.without(text_, self.lacking or ()), "variables": variables})
        errors = body.get("errors")
        if errors and self.lacking is None and _unknown_words(errors):
            self._learn_fields()
            if self.lacking:
                return self._asked(text_, variables)
        listed = errors if isinstance(errors, list) else [errors] if errors else []
        return (body.get("data") if listed else needed_object(body, "data")), listed, answer

    def _posted(self, body: Mapping[str, Any]) -> tuple[Node, Answer]:
        answer = self.graphql.post("/graphql", body)
        return needed_object(decoded(answer)), answer

    def _learn_fields(self) -> None:
        """Find which optional fields, and kinds of timeline items, this server does not have."""
        body, _ = self._posted({"query": query.FIELDS, "variables": {}})
        words = [*needed_list(body, "data", "__type", "fields"), *needed_list(body, "data", "items", "enumValues")]
        self.lacking = tuple(query.lacking({text(word, "name") for word in words}))

    def cursor_page(self, where: str, after: str | None, /, **params: str) -> tuple[Answer, Any, str | None]:
        """One page of a REST list that is paged by cursor, decoded, and the cursor of the next one."""
        asked = {**params, "per_page": str(PER_PAGE), **({"after": after} if after else {})}
        answer = self.rest.get(where, asked)
        return answer, decoded(answer), next_after(answer.headers.get("link", ""))

    def rest_page(self, where: str, page: int, /, **params: str) -> tuple[Answer, Any, bool]:
        """One page of a REST list, decoded, and whether `Link` names a next one."""
        answer = self.rest.get(where, {**params, "per_page": str(PER_PAGE), "page": str(page)})
        return answer, decoded(answer), 'rel="next"' in answer.headers.get("link", "")

    def repository(self, full_name: str) -> Node:
        """Where the repository is now: `nameWithOwner`, `databaseId`, `viewerPermission`. Raises Missing when it cannot be seen."""
        owner, name = split(full_name)
        return needed_repository(self.ask(query.REPOSITORY, owner=owner, name=name), full_name)

    def named(self, identity: str) -> str:
        """The name that the repository with this node id has now. Raises Missing when it cannot be seen."""
        found = at(self.ask(query_branches.NAMED, id=identity), "node")
        name = text(found, "nameWithOwner", limit=300)
        if not name:
            raise Missing(f"GitHub shows no repository with the id {identity}", "one the token can see", "check the token's access")
        return name


def graphql_url(rest: str) -> str:
    """What stands before `/graphql`: `https://HOST/api` of a GHES at `https://HOST/api/v3`, else the REST address itself.

    https://docs.github.com/en/enterprise-server@3.17/graphql/guides/forming-calls-with-graphql#the-graphql-endpoint
    """
    return rest.rstrip("/").removesuffix("/v3")


def next_after(link: str) -> str | None:
    """`after` of the address that `Link` names as the next page; None when it names none.

    https://docs.github.com/en/rest/using-the-rest-api/using-pagination-in-the-rest-api#using-link-headers
    """
    for part in link[:4000].split(","):
        address, _, relation = part.partition(";")
        if 'rel="next"' in relation:
            return parse_qs(urlsplit(address.strip(" <>")).query).get("after", [None])[0]
    return None


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


TOO_MUCH = ("RESOURCE_LIMITS_EXCEEDED", "MAX_NODE_LIMIT_EXCEEDED", "TIMEOUT")
UNKNOWN_WORDS = ("undefinedField", "undefinedType", "argumentLiteralsIncompatible")


def _unknown_words(errors: Any) -> bool:
    return isinstance(errors, list) and any(
        at(error, "extensions", "code") in UNKNOWN_WORDS or "doesn't exist on type" in text(error, "message") for error in errors
    )


def _of_a_field(error: Any) -> bool:
    """An error of one field names the way to it; one of the whole query names none, and a limit is never a field's."""
    path = at(error, "path")
    return isinstance(path, list) and len(path) > 1 and text(error, "type") not in ("RATE_LIMITED", *TOO_MUCH)


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
    if kinds & set(TOO_MUCH) or _gave_up(says):
        return TooMuch(found, "an answer within its limits", "the query is asked again for less")
    return NotUnderstood(found, "an answer without errors", "part of it is unknown, so none of it is used")


def _spent(headers: Mapping[str, str]) -> bool:
    return headers.get("x-ratelimit-remaining") == "0"


def _gave_up(says: str) -> bool:
    return any(words in says.lower() for words in ("timeout", "timedout", "timed out", "something went wrong while executing"))
