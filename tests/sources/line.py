"""A source and its fake in one process: every answer is the fake's own, given again while its clock stands, and faults happen here.

`Line` is the transport. It names endpoints by the template of their path (GraphQL by its query), notes what was asked, and does
`fault` to one of them.
"""

import asyncio
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import httpx

Fault = Callable[["Asked"], httpx.Response]
_PLAIN = re.compile(r"_?[a-z]+(-[a-z]+)*|v\d")
_ID = re.compile(r"([a-z]+)-\w+")
_QUERY = re.compile(r"query (\w+)")


@dataclass(frozen=True)
class Asked:
    """A request a fault is done to. `answer` asks the fake what it would have said; `tick` lets the clock go on."""

    request: httpx.Request
    token: str
    answer: Callable[[], "Said"]
    tick: Callable[[], None]


@dataclass(frozen=True)
class Said:
    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def response(self, request: httpx.Request, body: bytes | None = None) -> httpx.Response:
        dropped = ("content-length", "date")
        headers = [(name, value) for name, value in self.headers if name.lower() not in dropped]
        return httpx.Response(self.status, headers=headers, content=self.body if body is None else body, request=request)

    @property
    def document(self) -> Any:
        """The decoded body; None where it is no JSON."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None


@dataclass
class Line(httpx.BaseTransport):
    """`names` are path segments that name a thing of the fake's world. `strays`: requests off the source's host with a token."""

    app: Any
    clock: list[datetime]
    names: frozenset[str] = frozenset()
    host: str = "fake.bank.example"
    where: str = ""
    fault: Fault | None = None
    tick: Callable[[], None] = lambda: None
    asked: list[str] = field(default_factory=list)
    answers: dict[str, Said] = field(default_factory=dict)  # the first good answer of each endpoint
    strays: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._said: dict[Any, Said] = {}
        self._loop = asyncio.new_event_loop()
        self._over = httpx.ASGITransport(app=self.app)

    def close(self) -> None:
        """The sources close their transport; the line outlives them."""

    def end(self) -> None:
        self._loop.run_until_complete(self._loop.shutdown_default_executor())
        self._loop.close()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()
        endpoint = self.endpoint(request)
        self.asked.append(endpoint)
        token = request.headers.get("authorization", "")
        if token and request.url.host != self.host:
            self.strays.append(str(request.url))
        if self.fault and endpoint == self.where:
            return self.fault(Asked(request, token, lambda: self._answer(request, endpoint), self.tick))
        return self._answer(request, endpoint).response(request)

    def endpoint(self, request: httpx.Request) -> str:
        segments = [self._segment(part) for part in request.url.path.removeprefix("/").split("/")]
        if query := _QUERY.search(request.content.decode()):
            segments.append(query[1])
        return f"{request.method} /{'/'.join(segments)}"

    def _segment(self, part: str) -> str:
        """The word itself; `{plan}` for plan-F3xq…, `{}` for any other name."""
        if part in self.names or not _PLAIN.fullmatch(part):
            kind = None if part in self.names else _ID.fullmatch(part)
            return f"{{{kind[1] if kind else ''}}}"
        return part

    def _answer(self, request: httpx.Request, endpoint: str) -> Said:
        token = request.headers.get("authorization", "")
        key = (self.clock[0], request.method, str(request.url), request.content, token)
        if key not in self._said:
            self._said[key] = self._loop.run_until_complete(self._fresh(request))
            if self._said[key].status == 200:
                self.answers.setdefault(endpoint, self._said[key])
        return self._said[key]

    async def _fresh(self, request: httpx.Request) -> Said:
        passed = httpx.Request(request.method, request.url, headers=request.headers, content=request.content)
        response = await self._over.handle_async_request(passed)
        body = await response.aread()
        return Said(response.status_code, response.headers.multi_items(), body)


# ---- what is done to an answer


@dataclass
class Stream(httpx.SyncByteStream):
    parts: Iterator[bytes]

    def __iter__(self) -> Iterator[bytes]:
        yield from self.parts


def status(code: int, headers: dict[str, str] | None = None, body: bytes | None = None) -> Fault:
    """Refused with an error page that shows what it was sent, as some proxies do."""

    def fault(asked: Asked) -> httpx.Response:
        page = body if body is not None else f"<html>{code} for {asked.token} {asked.token.upper()}</html>".encode()
        return httpx.Response(code, headers=headers, content=page, request=asked.request)

    return fault


def raising(error: type[httpx.TransportError]) -> Fault:
    def fault(asked: Asked) -> httpx.Response:
        raise error("it went wrong", request=asked.request)

    return fault


def body(data: bytes, kind: str = "application/json") -> Fault:
    """200 with this body, the token in it where it says TOKEN."""

    def fault(asked: Asked) -> httpx.Response:
        content = data.replace(b"TOKEN", asked.token.encode())
        return httpx.Response(200, headers={"content-type": kind}, content=content, request=asked.request)

    return fault


def cut(asked: Asked) -> httpx.Response:
    """The connection is closed in the middle of the body."""
    said = asked.answer()

    def parts() -> Iterator[bytes]:
        yield said.body[: max(1, len(said.body) // 2)]
        raise httpx.RemoteProtocolError("peer closed connection without sending complete message body", request=asked.request)

    return httpx.Response(200, stream=Stream(parts()), request=asked.request)


def half(asked: Asked) -> httpx.Response:
    """Half of the body, as if it were all."""
    said = asked.answer()
    return httpx.Response(200, headers=dict(said.headers[:1]), content=said.body[: len(said.body) // 2], request=asked.request)


def endless(part: bytes, *, slow: bool) -> Fault:
    """A body that never ends; a slow one takes a second for each part."""

    def fault(asked: Asked) -> httpx.Response:
        def parts() -> Iterator[bytes]:
            while True:
                if slow:
                    asked.tick()
                yield part

        return httpx.Response(200, stream=Stream(parts()), request=asked.request)

    return fault


# ---- wrong types, in each place of an answer

WRONG: tuple[Any, ...] = (None, 7, "wrong", [], {}, True, [[7]], {"wrong": {"wrong": 7}}, -1.5, "")


def places(document: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every place of a JSON value; the members of a list are one place, `*`."""
    yield path
    if isinstance(document, dict):
        for key, item in document.items():
            yield from places(item, (*path, key))
    elif isinstance(document, list):
        met: set[tuple[str, ...]] = set()
        for item in document:
            for place in places(item, (*path, "*")):
                if place not in met:
                    met.add(place)
                    yield place


def changed(document: Any, path: tuple[str, ...], value: Any) -> Any:
    """A copy with `value` at the place, wherever it is there."""
    if not path:
        return value
    first, rest = path[0], path[1:]
    if first == "*" and isinstance(document, list):
        return [changed(item, rest, value) for item in document]
    if isinstance(document, dict) and first in document:
        return {**document, first: changed(document[first], rest, value)}
    return document


def wrong_type(path: tuple[str, ...], value: Any) -> Fault:
    def fault(asked: Asked) -> httpx.Response:
        said = asked.answer()
        if said.status != 200 or said.document is None:
            return said.response(asked.request)
        return said.response(asked.request, json.dumps(changed(said.document, path, value)).encode())

    return fault
