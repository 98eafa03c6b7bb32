"""`/ledger` for people, and below it the endpoints of C2SP tlog-tiles for programs."""

import re

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import RedirectResponse

from app.db.session import read_only
from app.errors import LedgerError
from app.ledger import merkle
from app.ledger import store as ledger
from app.web.csp import IMMUTABLE, NO_STORE
from app.web.portal import Portal
from app.web.views.ledger import ledger as ledger_page
from app.web.views.shell import shell

SHOWN = 30
TEXT, OCTETS = "text/plain; charset=utf-8", "application/octet-stream"
# N in groups of three digits, all but the last with an x before them; `.p/W` for a partial tile (C2SP tlog-tiles)
_INDEX = re.compile(r"((?:x\d{3}/)*\d{3})(?:\.p/([1-9]\d{0,2}))?", re.ASCII)
_LEVEL = re.compile(r"[0-9]|[1-5][0-9]|6[0-3]", re.ASCII)


def router(portal: Portal) -> APIRouter:
    pages = APIRouter(include_in_schema=False)

    @pages.get("/ledger")
    def front(request: Request, entry: str = "") -> Response:
        seen = portal.seen(request)
        with read_only(portal.engine) as connection:
            size, sealed = ledger.size(connection), ledger.checkpoints(connection, SHOWN)
        number = entry.strip().replace(",", "")
        if number.isascii() and number.isdigit() and int(number[:20]) < size:
            return RedirectResponse(f"/events/{int(number)}", 303)
        wrong = f"There is no entry {entry[:40]}; the ledger holds {size:,}, counted from 0." if entry else ""
        last = (sealed[0].size, sealed[0].made_at) if sealed else None
        around = shell(seen, "Ledger", "ledger", last)
        page = ledger_page(around, size, sealed, portal.origin, portal.vkey, seen.zone, entry, wrong)
        return portal.page(request, seen, "ledger.html", page, 400 if wrong else 200)

    @pages.get("/ledger/checkpoint")
    def checkpoint() -> Response:
        with read_only(portal.engine) as connection:
            sealed = ledger.checkpoints(connection, 1)
        if not sealed:
            raise HTTPException(404, "no checkpoint has been sealed yet")
        return Response(sealed[0].note, media_type=TEXT, headers={"cache-control": NO_STORE})

    @pages.get("/ledger/tile/entries/{place:path}")
    def entries(place: str) -> Response:
        index, width = placed(place)
        try:
            with read_only(portal.engine) as connection:
                return _tile(ledger.tile_entries(connection, index, width), width)
        except LedgerError as error:
            raise HTTPException(404, str(error)) from None

    @pages.get("/ledger/tile/{level}/{place:path}")
    def tile(level: str, place: str) -> Response:
        if not _LEVEL.fullmatch(level):
            raise HTTPException(404, "there is no tile of this level")
        index, width = placed(place)
        try:
            with read_only(portal.engine) as connection:
                return _tile(ledger.tile(connection, int(level), index, width), width)
        except LedgerError as error:
            raise HTTPException(404, str(error)) from None

    return pages


def placed(place: str) -> tuple[int, int]:
    """`x001/x234/067.p/5` → (1234067, 5). Raises 404 for anything else, an index that is not in its shortest form too."""
    found = _INDEX.fullmatch(place)
    width = int(found[2]) if found and found[2] else merkle.WIDTH
    if not found or found[1].startswith("x000") or (found[2] and width >= merkle.WIDTH) or len(found[1]) > 35:
        raise HTTPException(404, "this is no place of a tile")
    return int(found[1].replace("x", "").replace("/", "")), width


def _tile(body: bytes, width: int) -> Response:
    """A full tile never changes; a partial one is only right until it grows."""
    keep = IMMUTABLE if width == merkle.WIDTH else NO_STORE
    return Response(body, media_type=OCTETS, headers={"cache-control": keep})
