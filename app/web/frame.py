"""Around every answer: the headers, HEAD as GET without a body, the count, and the last catch for what nobody expected."""

import threading
from collections.abc import Callable

from fastapi import Request, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.web.csp import HEADERS

_HEADERS = [(name.encode(), value.encode()) for name, value in HEADERS.items()]


class Counts:
    """Answers of this process by status, for /metrics."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_status: dict[int, int] = {}

    def add(self, status: int) -> None:
        with self._lock:
            self._by_status[status] = self._by_status.get(status, 0) + 1

    def by_status(self) -> dict[int, int]:
        with self._lock:
            return dict(self._by_status)


class Frame:
    """ASGI middleware. `unexpected` makes the answer of a defect."""

    def __init__(self, app: ASGIApp, counts: Counts, unexpected: Callable[[Request, Exception], Response]) -> None:
        self.app, self.counts, self.unexpected = app, counts, unexpected

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        head = scope["method"] == "HEAD"
        started = False

        async def framed(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                self.counts.add(message["status"])
                message = {**message, "headers": [*message.get("headers", []), *_HEADERS]}
            elif head and message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        try:
            await self.app({**scope, "method": "GET"} if head else scope, receive, framed)
        except Exception as error:
            if started:
                raise
            await self.unexpected(Request(scope), error)(scope, receive, framed)
