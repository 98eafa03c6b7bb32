"""The portal as an ASGI application, from plain parts."""

from fastapi import FastAPI, Request, Response

from app.web import problems, schema
from app.web.frame import Counts, Frame
from app.web.pages import (
    api,
    changes,
    csv,
    drift,
    drift_doors,
    episode,
    events,
    health,
    help,
    ledger,
    lineage,
    overview,
    ownership,
    people,
    people_doors,
    sources,
    webhooks,
)
from app.web.portal import Portal

ABOUT = (
    "Every change to the systems we watch, who approved it, and the proof. Read-only. Lists take `q`, `from`, `to`, `cursor` and "
    "`limit`, and answer `items`, `next` and `sentence`; the same lists are at `/<list>` for people and `/<list>.csv`. Periods are "
    "half-open, times are UTC. Errors are application/problem+json (RFC 9457)."
)


def build(portal: Portal) -> FastAPI:
    app = FastAPI(
        title="Throughline",
        version=portal.version,
        description=ABOUT,
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    counts, told = Counts(), webhooks.Told()
    app.include_router(portal.assets.router())
    app.include_router(csv.router(portal))
    reads = (overview, changes, events, drift, episode, ledger, lineage, ownership, sources)
    for part in (*reads, people, drift_doors, people_doors, help, api):
        app.include_router(part.router(portal))
    app.include_router(webhooks.router(portal, told))
    app.include_router(health.router(portal, counts, told))
    problems.install(app, portal)

    def unexpected(request: Request, error: Exception) -> Response:
        return problems.unexpected(portal, request, error)

    app.add_middleware(Frame, counts=counts, unexpected=unexpected)
    _described(app)
    return app


def _described(app: FastAPI) -> None:
    """The schema that FastAPI makes, with Problem in place of its own validation error, which we never answer with."""
    made = app.openapi()
    schemas = made["components"]["schemas"]
    schemas["Problem"] = schema.Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    for operations in made["paths"].values():
        for operation in operations.values():
            operation["responses"].pop("422", None)
    app.openapi_schema = made
