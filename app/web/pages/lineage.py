"""`/lineage`, `/lineage.csv` and `/api/v1/lineage`: the same paths in the same order. It is as it stands; it takes no period."""

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse
from sqlalchemy import Connection

from app.changes.lineage import listing, store
from app.changes.lineage.item import item
from app.db.session import read_only
from app.evidence.csv import MEDIA_TYPE
from app.evidence.lineage import lineage_csv
from app.search.fields import LINEAGE
from app.search.words import sentence
from app.web import schema_lineage as schema
from app.web.asked import Asked, AskedFor, Unclear
from app.web.csp import NO_STORE
from app.web.portal import Portal, sealed
from app.web.question import Question, question
from app.web.schema import problems
from app.web.times import iso
from app.web.views import lineage as view
from app.web.views import lists
from app.web.views.shell import Choice, Notice, Seen, shell

PATH = view.PATH
HINT = "is:stale path:/payments/* app:payments-api"
NO_PERIOD = "lineage is as it stands, and takes no period; leave out from and to"
Zone = Annotated[str, Query(alias="tz", description="IANA zone in which times without an offset are read; UTC when not given.")]


def router(portal: Portal) -> APIRouter:
    doors = APIRouter()

    @doors.get(PATH, include_in_schema=False)
    def listed(request: Request, asked: AskedFor) -> Response:
        seen = portal.seen(request)
        ask = question(Asked(asked.q, limit=asked.limit), LINEAGE, seen.zone)
        with read_only(portal.engine) as connection:
            page = _page(connection, seen, asked, ask)
        return portal.page(request, seen, "lineage.html", page, 400 if page.error else 200)

    @doors.get(PATH + ".csv", include_in_schema=False)
    def table(request: Request, asked: AskedFor) -> Response:
        ask = _asked(Asked(asked.q, asked.from_, asked.to), portal.seen(request))
        with read_only(portal.engine) as connection:
            found = listing.matching(store.every(connection), ask.query)
        name = f"lineage-{portal.clock():%Y-%m-%d}.csv"
        headers = {"content-disposition": f'attachment; filename="{name}"', "cache-control": NO_STORE}
        return StreamingResponse(lineage_csv(item(one) for one in found), media_type=MEDIA_TYPE, headers=headers)

    @doors.get(
        "/api/v1" + PATH,
        summary="List paths of secret stores, who writes them and who reads them",
        tags=["lineage"],
        response_model=schema.Lineage,
        responses=problems(400, 503),
    )
    def lineage(request: Request, asked: AskedFor, tz: Zone = "") -> Response:
        """Stale ones first, the longest stale before; then by how they stand, then by path. Names and versions, never a value."""
        ask = _asked(asked, portal.seen(request))
        with read_only(portal.engine) as connection:
            found, known = listing.matching(store.every(connection), ask.query), store.known_at(connection)
        shown, older = listing.page(found, asked.cursor or None, ask.limit)
        said = str(sentence("paths", LINEAGE, ask.query, len(found), None))
        told = {"items": [item(one) for one in shown], "next": older, "sentence": said, "known_at": iso(known) if known else None}
        return Response(orjson.dumps(told), media_type="application/json", headers={"cache-control": NO_STORE})

    return doors


def _asked(asked: Asked, seen: Seen) -> Question:
    for name, value in (("from", asked.from_), ("to", asked.to)):
        if value:
            raise Unclear(name, NO_PERIOD)
    return question(asked, LINEAGE, seen.zone).or_raise()


def _page(connection: Connection, seen: Seen, asked: Asked, ask: Question) -> view.Lineage:
    trouble = NO_PERIOD if asked.from_ or asked.to else ask.trouble
    sound = ask.sound and not trouble
    found = listing.matching(store.every(connection), ask.query) if sound else []
    shown, older = listing.page(found, asked.cursor or None, ask.limit)
    error, total = ask.query_error, len(found)
    said = sentence("paths", LINEAGE, ask.query, total, None) if sound else None
    kept = Asked(asked.q, limit=asked.limit, cursor=asked.cursor)
    pager = lists.pager(PATH, kept, len(shown), total, older, "")
    wrong = lists.wrong(PATH, kept, error) if error else None
    return view.Lineage(
        shell=shell(seen, "Lineage", "lineage", sealed(connection), scope=str(said) if said else ""),
        box=lists.box(PATH, "lineage", HINT, kept, ask.query if not error else None, wrong),
        sentence=said,
        choices=view.choices(kept),
        notices=_notices(connection) if sound else (),
        lines=tuple(view.line(one, seen.zone) for one in shown),
        pager=lists.Pager(f"{len(shown):,} of {total:,}, stale first, then by state and path", pager.first, pager.older),
        empty=_empty(kept) if sound and not shown else None,
        error=not sound,
        trouble=trouble,
        csv=kept.address(f"{PATH}.csv", limit=None),
        json=kept.address(f"/api/v1{PATH}"),
        export=f"Export {total:,} as CSV",
    )


def _empty(asked: Asked) -> lists.Empty:
    if asked.q:
        return lists.no_matches(PATH, asked, "paths")
    text = (
        "No plan that was read names a resource that writes to a secret store, and no application that was read holds an "
        "ExternalSecret. Both are read with their sources; the sources page says how far that is."
    )
    return lists.Empty("No paths yet", text, (Choice("Sources", "/sources"),))


def _notices(connection: Connection) -> tuple[Notice, ...]:
    """Applications whose secrets are not seen now: what the page says of them is of before, or nothing."""
    unread: list[Any] = store.unread(connection)
    if not unread:
        return ()
    names = ", ".join(application for _, application, _ in unread[:3])
    head = f"{names}{f' and {len(unread) - 3:,} more' if len(unread) > 3 else ''} cannot be looked at now."
    why = unread[0][2]
    return (Notice(head, f"{why[:1].upper()}{why[1:]}. What was seen before is shown, and may have changed.", "unsure"),)
