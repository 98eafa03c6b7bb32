"""`/changes` and `/changes/{id}`."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, HTTPException, Query, Request, Response
from fastapi.responses import RedirectResponse, StreamingResponse
from sqlalchemy import Connection

from app.changes import store
from app.changes.drift import store as drift
from app.changes.lineage.beside import beside
from app.changes.ownership import store as ownership
from app.changes.rows import ChangeRow, Facet, WholeChange
from app.db.session import read_only
from app.evidence.csv import MEDIA_TYPE
from app.evidence.resources import resources_csv
from app.evidence.syncs import syncs_csv
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
from app.web.views import lists, tables
from app.web.views.change import Behind, change_page
from app.web.views.ownership import places
from app.web.views.shell import Seen, shell
from app.web.views.sources import Gap, Window, gaps, missing
from app.web.views.sync import sync_page, the_sync

PATH = "/changes"
HINT = "env:production -author:renovate[bot] verdict:[fail,exception]"
RAW_SHOWN = 40
DRIFTS_SHOWN = 20
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
            page = matching(connection, seen, asked, ask, portal.figures)
        return portal.page(request, seen, "changes.html", page, 400 if page.error else 200)

    @pages.get(PATH + "/{change}/resources.csv")
    def resources(change: str) -> Response:
        with read_only(portal.engine) as connection:
            whole = found(connection, change)
        return _file(f"change-{whole.row.number}-resources.csv", resources_csv(whole.item))

    @pages.get(PATH + "/{change}/syncs.csv")
    def syncs(change: str) -> Response:
        with read_only(portal.engine) as connection:
            whole = found(connection, change)
        return _file(f"change-{whole.row.number}-syncs.csv", syncs_csv(whole.item))

    @pages.get(PATH + "/{change}/syncs/{operation:path}")
    def sync(request: Request, change: str, operation: str, first: Annotated[int, Query(ge=0, le=10**9)] = 0) -> Response:
        seen = portal.seen(request)
        with read_only(portal.engine) as connection:
            whole = found(connection, change)
            told = the_sync(whole, operation)
            if told is None:
                raise HTTPException(404, "this change has no such sync; a sync is found by the id in the change's JSON")
            around = shell(seen, f"Sync of change {whole.row.number}", "changes", sealed(connection), scope=whole.row.environment)
        return portal.page(request, seen, "sync.html", sync_page(around, whole, told, seen.zone, first))

    @pages.get(PATH + "/{change}")
    def one(request: Request, change: str) -> Response:
        seen = portal.seen(request)
        with read_only(portal.engine) as connection:
            whole = found(connection, change)
            if change != str(whole.row.id):
                return RedirectResponse(f"{PATH}/{whole.row.id}", 307)
            raw, many = reads.payloads_of(connection, whole.row.id, RAW_SHOWN)
            secrets = beside(connection, whole.item)
            owned = ownership.owned(connection, *places(whole.item))
            drifts = _drifts(connection, whole, seen)
            behind = Behind(raw, many, reads.places_of(connection, whole.row.id), portal.rules, secrets, owned, drifts)
            around = shell(seen, f"Change {whole.row.number}", "changes", sealed(connection), scope=whole.row.environment)
        return portal.page(request, seen, "change.html", change_page(around, whole, behind, seen.zone))

    return pages


def _file(name: str, rows: Iterator[bytes]) -> Response:
    headers = {"content-disposition": f'attachment; filename="{name}"', "cache-control": NO_STORE}
    return StreamingResponse(rows, media_type=MEDIA_TYPE, headers=headers)


def _drifts(connection: Connection, whole: WholeChange, seen: Seen) -> tables.Grid | None:
    """The drift that a change stands on, or ended."""
    rows = drift.episodes_of_change(connection, whole.row.id, DRIFTS_SHOWN + 1)
    return tables.drifts(rows[:DRIFTS_SHOWN], len(rows) > DRIFTS_SHOWN, seen.now, seen.zone)


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


def matching(connection: Connection, seen: Seen, asked: Asked, ask: Question, figures: int) -> view.Changes:
    """The page of the list; of a question that cannot be understood, the page that says so. `figures` is as Portal has it."""
    total, older, drawn, error = 0, None, None, ask.query_error
    rows, facets, holes = tuple[ChangeRow, ...](), list[Facet](), list[Gap]()
    over = None
    if ask.sound:
        total = store.count_matching(connection, ask.query, ask.period)
        page = store.changes_matching(connection, ask.query, ask.period, asked.cursor or None, ask.limit, total)
        rows, older = page.items, page.older
    if total:
        over = _over(connection, seen, ask, total, figures)
        holes, drawn = _drawn(connection, seen, asked, ask, over)
        facets = store.facets(connection, ask.query, over.period)
    said = sentence("changes", CHANGES, ask.query, total, ask.period) if ask.sound else None
    return view.Changes(
        shell=shell(seen, "Changes", "changes", sealed(connection), scope=str(said) if said else ""),
        box=lists.box(
            PATH, "changes", HINT, asked, ask.query if not error else None, lists.wrong(PATH, asked, error) if error else None
        ),
        period=lists.period(PATH, asked, seen.zone, seen.now, ask.trouble),
        sentence=said,
        density=drawn,
        newest=view.newest(over.start, drawn.total, total, seen.zone) if over and drawn and over.newest else "",
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


@dataclass(frozen=True, slots=True)
class _Over:
    """What figure and facets are over: from when to when, and the period that selects it; `newest`: it leaves older matches out."""

    start: datetime
    end: datetime
    period: Period | None
    newest: bool


def _over(connection: Connection, seen: Seen, ask: Question, total: int, most: int) -> _Over:
    """As wide as what is asked for, else as what there is; without a beginning only the newest `most`, where there are more."""
    asked = narrowed(ask.query, ask.period)
    if asked.start is not None and asked.end is not None and asked.start < asked.end:
        return _Over(asked.start, asked.end, ask.period, newest=False)
    newest = asked.start is None and total > most
    held = store.extent(connection, ask.query, ask.period, most if newest else None, total) or (seen.now, seen.now)
    start = asked.start or held[0]
    end = max(asked.end or max(seen.now, held[1] + timedelta(microseconds=1)), start + timedelta(hours=1))
    return _Over(start, end, Period(start, ask.period.end if ask.period else None) if newest else ask.period, newest)


def _drawn(connection: Connection, seen: Seen, asked: Asked, ask: Question, over: _Over) -> tuple[list[Gap], figure.Density]:
    """The gaps of the period, and the density figure over it."""
    scale = figure.scale_for(over.start, over.end, seen.zone)
    bins = store.density(connection, ask.query, over.period, scale.edges)
    counts = {(i, verdict): n for i, one in enumerate(bins) for verdict, n in one.counts.items()}
    frame = Window(max(over.start, scale.edges[0]), min(over.end, scale.edges[-1]), seen.now, seen.zone)
    holes = gaps(reads.read_spans(connection, frame.start), frame)
    address = figure.span_address(lambda **changed: asked.address(PATH, **changed))
    return holes, figure.density(counts, scale, seen.zone, address, [(g.start, g.end) for g in holes], seen.now)
