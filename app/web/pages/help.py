"""`/help/search`: keys and search, from the table that the search itself uses."""

from fastapi import APIRouter, Request, Response

from app.db.session import read_only
from app.web.portal import Portal, sealed
from app.web.views.ledger import help_page
from app.web.views.shell import shell


def router(portal: Portal) -> APIRouter:
    pages = APIRouter(include_in_schema=False)

    @pages.get("/help/search")
    def search(request: Request) -> Response:
        seen = portal.seen(request)
        with read_only(portal.engine) as connection:
            around = shell(seen, "Keys and search", "", sealed(connection))
        return portal.page(request, seen, "help.html", help_page(around))

    return pages
