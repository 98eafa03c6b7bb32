"""`/sources`: what is read, how far, and where the line breaks."""

from fastapi import APIRouter, Request, Response

from app.db.session import read_only
from app.ingest.streams import store as streams
from app.ingest.watches import store as watches
from app.web import store as reads
from app.web.portal import Portal, sealed
from app.web.views.shell import shell
from app.web.views.sources import sources, window

FAILURES_SHOWN = 50


def router(portal: Portal) -> APIRouter:
    pages = APIRouter(include_in_schema=False)

    @pages.get("/sources")
    def listed(request: Request) -> Response:
        seen = portal.seen(request)
        frame = window(seen.now, seen.zone)
        with read_only(portal.engine) as connection:
            page = sources(
                shell(seen, "Sources", "sources", sealed(connection)),
                streams.overview(connection),
                reads.read_spans(connection, frame.start),
                reads.recent_failures(connection, frame.start, FAILURES_SHOWN),
                reads.unknowns(connection),
                reads.able(connection),
                watches.overview(connection),
                frame,
            )
        return portal.page(request, seen, "sources.html", page)

    return pages
