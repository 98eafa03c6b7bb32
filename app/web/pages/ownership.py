"""`/ownership`, `/ownership.csv` and `/api/v1/ownership`: one reading, three doors."""

import orjson
from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse

from app.changes.ownership import store
from app.db.session import read_only
from app.evidence.csv import MEDIA_TYPE
from app.evidence.ownership import ownership_csv
from app.web.csp import NO_STORE
from app.web.portal import Portal, sealed
from app.web.schema import problems
from app.web.schema_ownership import OwnershipList
from app.web.views.ownership import items, ownership_page
from app.web.views.shell import shell

PATH = "/ownership"


def router(portal: Portal) -> APIRouter:
    pages = APIRouter()

    @pages.get(PATH, include_in_schema=False)
    def page(request: Request) -> Response:
        seen = portal.seen(request)
        with read_only(portal.engine) as connection:
            found = store.owned(connection)
            around = shell(seen, "Ownership", "ownership", sealed(connection))
        return portal.page(request, seen, "ownership.html", ownership_page(around, found))

    @pages.get(PATH + ".csv", include_in_schema=False)
    def table() -> Response:
        with read_only(portal.engine) as connection:
            found = items(store.owned(connection))
        name = f"ownership-{portal.clock():%Y-%m-%d}.csv"
        headers = {"content-disposition": f'attachment; filename="{name}"', "cache-control": NO_STORE}
        return StreamingResponse(ownership_csv(found), media_type=MEDIA_TYPE, headers=headers)

    @pages.get(
        f"/api/v1{PATH}",
        summary="Objects of clusters that both Terraform and Argo CD manage, or that the wrong layer does",
        tags=["ownership"],
        response_model=OwnershipList,
        responses=problems(503),
    )
    def listed() -> Response:
        """All of them, in the order of the page. Hints: no control judges them."""
        with read_only(portal.engine) as connection:
            found = items(store.owned(connection))
        sentence = f"{len(found):,} object{'s' if len(found) != 1 else ''} managed twice, or by the layer it does not belong to"
        body = orjson.dumps({"items": found, "next": None, "sentence": sentence})
        return Response(body, media_type="application/json", headers={"cache-control": NO_STORE})

    return pages
