"""A gate before a fake: it lets requests through, or does to them what broken servers and networks do."""

import asyncio
import json
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

Scope = MutableMapping[str, Any]
Asgi = Callable[[Scope, Any, Any], Awaitable[None]]
Date = Callable[[], datetime]


@dataclass
class Gate:
    """`app` is behind it. `fault` answers in its place where the path holds `where`; `swaps` and `change` alter answers that pass.

    `ahead` is how far the server's clock is ahead of ours. `tokens` are the authorization headers that came by, `bodies` what
    passed.
    """

    app: Asgi | None = None
    fault: Asgi | None = None
    where: str = ""
    swaps: list[tuple[bytes, bytes]] = field(default_factory=list)
    change: Callable[[bytes], bytes] | None = None
    ahead: timedelta = timedelta()
    tokens: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    asked: int = 0

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        self.asked += 1
        self.tokens += [value.decode() for name, value in scope["headers"] if name == b"authorization"]
        app = self.fault if self.fault and self.where in scope["path"] else self.app
        assert app is not None
        await app(scope, receive, self._swapping(send) if app is self.app else self._dated(send))

    def _date(self) -> tuple[bytes, bytes]:
        return b"date", format_datetime(datetime.now(UTC) + self.ahead, usegmt=True).encode()

    def _dated(self, send: Any) -> Any:
        async def sent(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", []), self._date()]
            await send(message)

        return sent

    def _swapping(self, send: Any) -> Any:
        """The whole body is held back until it is complete, so that what spans two parts is changed too."""
        start: MutableMapping[str, Any] = {}
        parts: list[bytes] = []

        async def sent(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
            if (b"content-type", b"text/event-stream; charset=utf-8") in start["headers"]:
                await send(message)  # it never ends: nothing of it may be held back
                return
            if message["type"] == "http.response.start":
                return
            parts.append(message.get("body", b""))
            if message.get("more_body"):
                return
            body = b"".join(parts)
            for old, new in self.swaps:
                body = body.replace(old, new)
            body = self.change(body) if self.change and body else body
            self.bodies.append(body)
            empty = start["status"] in (204, 304)
            kept = [pair for pair in start["headers"] if pair[0].lower() not in (b"content-length", b"date")]
            length = [] if empty else [(b"content-length", str(len(body)).encode())]
            await send({**start, "headers": [*kept, self._date(), *length]})
            await send({"type": "http.response.body", "body": body})

        return sent


def answer(status: int, body: Any = None, headers: dict[str, str] | None = None, kind: str = "application/json") -> Asgi:
    """This answer and no other; `body` is JSON, or bytes as they are."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()

    async def app(scope: Scope, receive: Any, send: Any) -> None:
        told = [(b"content-type", kind.encode()), (b"content-length", str(len(data)).encode())]
        told += [(name.encode(), value.encode()) for name, value in (headers or {}).items()]
        await send({"type": "http.response.start", "status": status, "headers": told})
        await send({"type": "http.response.body", "body": data})

    return app


def echo(status: int) -> Asgi:
    """An error page that shows what it was sent, secrets and all, as some proxies do."""

    async def app(scope: Scope, receive: Any, send: Any) -> None:
        said = dict(scope["headers"])[b"authorization"]
        await answer(status, b"<html><p>" + said + b"</p>" + said + b"</html>", kind="text/html")(scope, receive, send)

    return app


def cut(body: bytes, promised: int) -> Asgi:
    """The connection is closed in the middle of the body, as uvicorn does when an application ends too early."""

    async def app(scope: Scope, receive: Any, send: Any) -> None:
        told = [(b"content-type", b"application/json"), (b"content-length", str(promised).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": told})
        await send({"type": "http.response.body", "body": body, "more_body": True})

    return app


def endless(part: bytes, pause: float = 0.0) -> Asgi:
    """A body that never ends; with `pause`, it drips."""

    async def app(scope: Scope, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
        gone = asyncio.ensure_future(_gone(receive))
        while not gone.done():
            await send({"type": "http.response.body", "body": part, "more_body": True})
            await asyncio.sleep(pause)

    return app


async def _gone(receive: Any) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def silent() -> Asgi:
    """The request is taken, and nothing is ever answered."""

    async def app(scope: Scope, receive: Any, send: Any) -> None:
        await _gone(receive)

    return app
