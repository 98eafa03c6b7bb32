"""The requests we make of GitLab: only these paths, only GET. Never variables, job logs, files or differences.

https://docs.gitlab.com/api/rest/
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

import httpx

from app.domain.secret import without_secrets
from app.errors import Forbidden, Missing, NotUnderstood
from app.sources.contract import Connection
from app.sources.gitlab.wire import Node, needed_list, needed_object
from app.sources.http import Answer, Http, Moved

Transport = httpx.BaseTransport

_SHA = r"[0-9a-f]{40}(?:[0-9a-f]{24})?"
ALLOW = (
    r"/metadata|/version|/personal_access_tokens/self",
    r"/projects/(?:\d+|[\w.%-]+)",
    r"/projects/\d+/(?:merge_requests|events|protected_branches|approvals|approval_rules)",
    r"/projects/\d+/merge_requests/\d+(?:/(?:approvals|commits|versions|notes|resource_state_events|status_checks))?",
    r"/projects/\d+/repository/(?:commits|merge_base|branches)",
    rf"/projects/\d+/repository/commits/{_SHA}(?:/merge_requests)?",
    r"/projects/\d+/repository/branches/[\w.%~-]+",
)
PER_PAGE = 100
Params = dict[str, str | list[str]]


class Client:
    """Decoded answers. Raises the SourceError that fits."""

    def __init__(self, connection: Connection, clock: Callable[[], datetime], transport: Transport | None = None) -> None:
        url = connection.url.rstrip("/").removesuffix("/api/v4")
        self.http = Http(replace(connection, url=f"{url}/api/v4"), clock, ALLOW, transport=transport)

    @property
    def requests(self) -> int:
        return self.http.requests

    @property
    def clock_offset(self) -> timedelta | None:
        return self.http.clock_offset

    def close(self) -> None:
        self.http.close()

    def one(self, path: str, /, **params: str | list[str]) -> Node:
        return needed_object(decoded(self.http.get(path, params or None)), path)

    def page(self, path: str, number: int = 1, /, **params: str | list[str]) -> tuple[list[Any], bool]:
        """One page of a list, and whether there is another. A server, or a proxy, that tells neither: a full page has one."""
        answer = self.http.get(path, {"per_page": str(PER_PAGE), "page": str(number), **params})
        items, headers = needed_list(decoded(answer), path), answer.headers
        if "link" in headers or "x-next-page" in headers:
            return items, bool(items) and ('rel="next"' in headers.get("link", "") or bool(headers.get("x-next-page")))
        return items, len(items) >= PER_PAGE

    def pages(self, path: str, /, **params: str | list[str]) -> Iterator[list[Any]]:
        """Every page of a list. Raises NotUnderstood where a page repeats the one before it: such a list would never end."""
        number, more, before = 1, True, None
        while more:
            items, more = self.page(path, number, **params)
            if items and items == before:
                raise NotUnderstood(f"page {number} of {path} repeats the page before it", "the members that follow")
            yield items
            number, before = number + 1, items

    def every(self, path: str, /, **params: str | list[str]) -> list[Any]:
        return [item for items in self.pages(path, **params) for item in items]

    def perhaps(self, path: str, /, **params: str | list[str]) -> tuple[list[Any] | None, str]:
        """A list that not every edition has, or not every token may see: None, and why, on 403 and 404."""
        try:
            return self.every(path, **params), ""
        except (Forbidden, Missing) as error:
            return None, str(error)

    def project(self, name: str | int) -> Node:
        """By path or by id. A project that has moved is followed: https://docs.gitlab.com/api/rest/#redirects."""
        try:
            return self.one(f"/projects/{quote(str(name), safe='')}")
        except Moved as moved:
            if not moved.place.startswith("/projects/"):
                raise
            return self.one(moved.place)


def decoded(answer: Answer) -> Any:
    """The JSON of an answer without what looks like a secret, NotUnderstood also for one that is nested beyond reason."""
    try:
        return _clean(answer.json())
    except RecursionError as error:
        raise NotUnderstood(f"{answer.url} answered with JSON nested too deep to read", "GitLab's API") from error


def _clean(value: Any) -> Any:
    """Runner tokens and the like stand in their own fields, whatever they look like; an address of a check may open by itself."""
    if isinstance(value, str):
        return without_secrets(value)
    if isinstance(value, list):
        return [_clean(item) for item in value]
    if isinstance(value, dict):
        return {_clean(key): _clean(item) for key, item in value.items() if not str(key).endswith(("token", "external_url"))}
    return value
