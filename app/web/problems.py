"""What goes wrong, told: `application/problem+json` (RFC 9457) to programs, a page in the house's look to people."""

from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from app import log
from app.errors import DatabaseError, SearchError, ThroughlineError, UsageError
from app.web.asked import Unclear
from app.web.csp import NO_STORE
from app.web.portal import Portal
from app.web.question import Misread

logger = log.get(__name__)
TITLES = {
    400: "That cannot be understood",
    403: "Not for you here",
    404: "Not found",
    405: "Not allowed",
    409: "Decided meanwhile",
    413: "Too large",
    500: "Something is wrong here",
    503: "Not available",
}
PROBLEM = "application/problem+json"


def problem(status: int, detail: str, **more: Any) -> Response:
    """RFC 9457: type, title, status, detail; and where the query stops making sense."""
    body = {"type": "about:blank", "title": TITLES.get(status, "Not done"), "status": status, "detail": detail, **more}
    return Response(orjson.dumps(body), status, {"cache-control": NO_STORE}, media_type=PROBLEM)


def told(portal: Portal, request: Request, status: int, detail: str, **more: Any) -> Response:
    """The same trouble for whoever asked."""
    path = request.url.path
    if path.startswith(("/api/", "/readyz", "/healthz", "/metrics")) or path.endswith(".csv"):
        return problem(status, detail, **more)
    if path.startswith(("/ledger/", "/static/")):
        return Response(f"{detail}\n", status, {"cache-control": NO_STORE}, media_type="text/plain; charset=utf-8")
    return portal.error(request, status, TITLES.get(status, "Not done"), detail)


def install(app: FastAPI, portal: Portal) -> None:
    """One answer for each kind of error; nothing of the inside is shown to the outside."""

    def on(kind: type[Exception], answer: Callable[[Request, Any], Response]) -> None:
        app.add_exception_handler(kind, answer)

    def http(request: Request, error: HTTPException) -> Response:
        detail = _detail(request, error)
        response = told(portal, request, error.status_code, detail)
        response.headers.update(error.headers or {})
        return response

    def misread(request: Request, error: Misread) -> Response:
        return told(portal, request, 400, str(error.error), parameter=error.parameter, **_place(error.error))

    on(HTTPException, http)
    on(Misread, misread)
    on(Unclear, lambda request, error: told(portal, request, 400, error.text, parameter=error.parameter))
    on(RequestValidationError, lambda request, error: told(portal, request, 400, _invalid(error)))
    on(UsageError, lambda request, error: told(portal, request, 400, str(error), parameter="cursor"))
    on(DatabaseError, lambda request, error: told(portal, request, 503, _unavailable(error)))
    on(ThroughlineError, lambda request, error: told(portal, request, 500, str(error)))


def unexpected(portal: Portal, request: Request, error: Exception) -> Response:
    """A defect: the whole of it goes to the log, none of it to the outside."""
    logger.error("a request met a defect", exc_info=error, extra=log.fields(path=request.url.path, method=request.method))
    return told(portal, request, 500, "The page could not be made. The log says why; nothing that was collected is lost.")


def _detail(request: Request, error: HTTPException) -> str:
    if error.status_code == 404:
        said = str(error.detail)
        return (
            said[:1].upper() + said[1:] + "." if said != "Not Found" else f"There is nothing at {unquote(request.url.path)[:200]}."
        )
    if error.status_code == 405:
        return f"{request.method} is not allowed here; the portal only answers GET and HEAD."
    return str(error.detail)


def _place(error: SearchError) -> dict[str, Any]:
    return {"position": error.position, **({"nearest": error.nearest} if error.nearest else {})}


def _invalid(error: RequestValidationError) -> str:
    first = error.errors()[0] if error.errors() else {"loc": ("request",), "msg": "cannot be understood"}
    return f"{first['loc'][-1]}: {first['msg']}"


def _unavailable(error: DatabaseError) -> str:
    logger.warning("the database did not answer", extra=log.fields(error=str(error)))
    return "The database does not answer, or its schema is not the program’s. Nothing that was collected is lost; try again."
