"""`POST /webhooks/{source}`: verified on the raw bytes, then only ever makes a poll due now."""

import threading
from typing import Annotated

import orjson
from fastapi import APIRouter, Depends, Request, Response

from app import log
from app.db.session import transaction
from app.errors import NotUnderstood, Unverified
from app.ingest.hooks import store
from app.web.csp import NO_STORE
from app.web.portal import Portal
from app.web.problems import problem
from app.web.schema import WebhookAnswer, problems

LONGEST = 5 * 1024 * 1024  # bytes

logger = log.get(__name__)


class Told:
    """Webhooks of this process by source and outcome, for /metrics."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by: dict[tuple[str, str], int] = {}

    def add(self, source: str, outcome: str) -> None:
        with self._lock:
            self._by[source, outcome] = self._by.get((source, outcome), 0) + 1

    def by_outcome(self) -> dict[tuple[str, str], int]:
        with self._lock:
            return dict(self._by)


async def _body(request: Request) -> bytes | None:
    """The raw bytes; None when there are too many, and then no more of them are read: none where their number is told."""
    told = request.headers.get("content-length", "")
    if told.isdecimal() and int(told[:20]) > LONGEST:
        return None
    parts, size = [], 0
    async for part in request.stream():
        parts.append(part)
        size += len(part)
        if size > LONGEST:
            return None
    return b"".join(parts)


def _headers(request: Request) -> dict[str, str]:
    """A header that came twice is both values in one (RFC 9110, 5.2), and so no signature: nobody chooses which counts."""
    found: dict[str, str] = {}
    for name, value in request.headers.items():
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found


def router(portal: Portal, told: Told) -> APIRouter:
    pages = APIRouter(tags=["webhooks"])

    async def known(source: str, request: Request) -> bytes | None:
        """Of a source that may send none, nothing is read."""
        return await _body(request) if source in portal.hooks else b""

    @pages.post(
        "/webhooks/{source}", summary="A source has news", response_model=WebhookAnswer, responses=problems(400, 401, 404, 413, 503)
    )
    def webhook(source: str, request: Request, body: Annotated[bytes | None, Depends(known)]) -> Response:
        """Verified in constant time over the raw bytes. What is true is what the poll then reads; a replay does nothing."""
        hook = portal.hooks.get(source)
        if hook is None:
            return _refused(told, "", 404, f"No webhook is set up for a source called {source[:63]!r}.")
        if body is None:
            return _refused(told, source, 413, f"The body is over {LONGEST // 1024 // 1024} MB.")
        now = portal.clock()
        try:
            heard = hook(_headers(request), body, now)
        except Unverified as error:
            logger.warning("a webhook was refused", extra=log.fields(source=source, error=str(error)))
            return _refused(told, source, 401, f"{error}.")
        except NotUnderstood as error:
            return _refused(told, source, 400, f"{error}.")
        with transaction(portal.engine) as connection:
            due = store.hear(connection, source, heard, now)
        told.add(source, "replayed" if due is None else "heard")
        answer = {"about": heard.about, "due": due or [], "replay": due is None}
        return Response(orjson.dumps(answer), 200, {"cache-control": NO_STORE}, media_type="application/json")

    return pages


def _refused(told: Told, source: str, status: int, detail: str) -> Response:
    told.add(source, "refused")
    return problem(status, detail)
