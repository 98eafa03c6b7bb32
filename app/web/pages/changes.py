"""`/changes` and `/changes/{id}`."""

from datetime import datetime, timedelta
from uuid import UUID

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import RedirectResponse, StreamingResponse
from sqlalchemy import Connection

from app.changes import store
from app.changes.rows import ChangeRow, Facet, WholeChange
from app.db.session import read_only
from app.evidence.csv import MEDIA_TYPE
from app.evidence.resources import resources_csv
from app.search.fields import CHANGES
from app.search.period import Period, narrowed
from app.search.words import sentence
from app.web import store as reads
from app.web.asked import Asked, AskedFor
from app.web.csp import NO_STORE
from app.web.portal import Portal, sealed
from app.web.question import Question, question
from app.web.views import changes as view
from app.web.views import density as figure
from app.web.views import lists
from app.web.views.change import Behind, change_page
from app.web.views.shell import Seen, shell
from app.web.views.sources import Gap, Window, gaps, missing

PATH = "/changes"
HINT = "env:production -author:renovate[bot] verdict:[fail,exception]"
RAW_SHOWN = 40
FACETS = {
    "verdict": "Verdict",
    "gap": "Missing in the chain",
    "environment": "Environment",
    "class": "Class",
    "where": "Workspace or application",
}


def router(portal: Portal) -> APIRouter:
    pages = APIRouter(include_in_schema=False)

    @pages.get(PATH)
    def listed(request: Request, asked: AskedFor) -> Response:
        seen = portal.seen(request)
        ask = question(asked, CHANGES, seen.zone)
        with read_only(portal.engine) as connection:
            page = matching(connection, seen, asked, ask)
        return portal.page(request, seen, "changes.html", page, 400 if page.error else 200)

    @pages.get(PATH + "/{change}/resources.csv")
    def resources(change: str) -> Response:
        with read_only(portal.engine) as connection:
            whole = found(connection, change)
        name = f"change-{whole.row.number}-resources.csv"
        headers = {"content-disposition": f'attachment; filename="{name}"', "cache-control": NO_STORE}
        return StreamingResponse(resources_csv(whole.item), media_type=MEDIA_TYPE, headers=headers)

    @pages.get(PATH + "/{change}")
    def one(request: Request, change: str) -> Response:
        seen = portal.seen(request)
        with read_only(portal.engine) as connection:
            whole = found(connection, change)
            if change != str(whole.row.id):
                return RedirectResponse(f"{PATH}/{whole.row.id}", 307)
            raw, many = reads.payloads_of(connection, whole.row.id, RAW_SHOWN)
            behind = Behind(raw, many, reads.places_of(connection, whole.row.id), portal.rules)
            around = shell(seen, f"Change {whole.row.number}", "changes", sealed(connection), scope=whole.row.environment)
        return portal.page(request, seen, "change.html", change_page(around, whole, behind, seen.zone))

    return pages


def found(connection: Connection, name: str) -> WholeChange:
    """The change of this id, or of this number. Raises 404."""
    if name.isascii() and name.isdigit():
        whole = store.change_by_number(connection, int(name[:19]))
    else:
        try:
            whole = store.change_by_id(connection, UUID(name))
        except ValueError:
            whole = None
    if whole is None:
        raise HTTPException(404, "there is no such change; a change is found by its id or its number")
    return whole


def matching(connection: Connection, seen: Seen, asked: Asked, ask: Question) -> view.Changes:
    """The page of the list; of a question that cannot be understood, the page that says so."""
    total, older, drawn, error = 0, None, None, ask.query_error
    rows, facets, holes = tuple[ChangeRow, ...](), list[Facet](), list[Gap]()
    if ask.sound:
        total = store.count_matching(connection, ask.query, ask.period)
        page = store.changes_matching(connection, ask.query, ask.period, asked.cursor or None, ask.limit)
        rows, older = page.items, page.older
        holes, drawn = _drawn(connection, seen, asked, ask) if total else ([], None)
        facets = store.facets(connection, ask.query, ask.period) if total else []
    said = sentence("changes", CHANGES, ask.query, total, ask.period) if ask.sound else None
    return view.Changes(
        shell=shell(seen, "Changes", "changes", sealed(connection), scope=str(said) if said else ""),
        box=lists.box(
            PATH, "changes", HINT, asked, ask.query if not error else None, lists.wrong(PATH, asked, error) if error else None
        ),
        period=lists.period(PATH, asked, seen.zone, seen.now, ask.trouble),
        sentence=said,
        density=drawn,
        facets=tuple(g for g in lists.facets(PATH, asked, ask.query, facets, FACETS) if g.items),
        partial=missing(holes, seen.zone),
        days=view.days(rows, seen.zone),
        pager=lists.pager(PATH, asked, len(rows), total, older, "time and then id"),
        empty=lists.no_matches(PATH, asked, "changes") if ask.sound and not rows else None,
        error=not ask.sound,
        csv=asked.address(f"{PATH}.csv"),
        json=asked.address(f"/api/v1{PATH}"),
        export=f"Export {total:,} as CSV",
        poll="" if asked.cursor or asked.to or not ask.sound else asked.address(f"/api/v1{PATH}/count"),
        total=total,
        first=asked.address(PATH),
    )


def _drawn(connection: Connection, seen: Seen, asked: Asked, ask: Question) -> tuple[list[Gap], figure.Density]:
    """The gaps of the period, and the density figure over it: as wide as what is asked for, else as what there is."""
    start, end = _extent(connection, seen, ask)
    scale = figure.scale_for(start, end, seen.zone)
    bins = store.density(connection, ask.query, ask.period, scale.edges)
    counts = {(i, verdict): n for i, one in enumerate(bins) for verdict, n in one.counts.items()}
    frame = Window(max(start, scale.edges[0]), min(end, scale.edges[-1]), seen.now, seen.zone)
    holes = gaps(reads.read_spans(connection, frame.start), frame)
    address = figure.span_address(lambda **changed: asked.address(PATH, **changed))
    return holes, figure.density(counts, scale, seen.zone, address, [(g.start, g.end) for g in holes], seen.now)


def _extent(connection: Connection, seen: Seen, ask: Question) -> tuple[datetime, datetime]:
    period = narrowed(ask.query, ask.period)
    if period.start is not None and period.end is not None and period.start < period.end:
        return period.start, period.end
    held = store.extent(connection, ask.query, Period(*period)) or (seen.now, seen.now)
    start = period.start or held[0]
    end = period.end or max(seen.now, held[1] + timedelta(microseconds=1))
    return start, max(end, start + timedelta(hours=1))
