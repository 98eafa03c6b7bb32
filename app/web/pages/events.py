"""`/events` and one entry of the ledger, with its proof."""

from collections.abc import Mapping

from fastapi import APIRouter, HTTPException, Request, Response
from sqlalchemy import Connection

from app.changes import store
from app.changes.rows import ChangeOf, EventRow
from app.db.session import read_only
from app.ledger import store as ledger
from app.search.fields import EVENTS
from app.search.period import narrowed
from app.search.tree import Query, Term, Word
from app.search.words import sentence
from app.web import store as reads
from app.web.asked import Asked, AskedFor
from app.web.portal import Portal, sealed
from app.web.question import Question, question
from app.web.views import events as view
from app.web.views import lists
from app.web.views.entry import EntryPage, Held, entry_page
from app.web.views.shell import Notice, Seen, shell
from app.web.views.sources import Window, gaps, missing

PATH = "/events"
HINT = "source:argocd-prod is:unknown type:operation"
MOST = 2**63 - 1


def router(portal: Portal) -> APIRouter:
    pages = APIRouter(include_in_schema=False)

    @pages.get(PATH)
    def listed(request: Request, asked: AskedFor) -> Response:
        seen = portal.seen(request)
        ask = question(asked, EVENTS, seen.zone)
        with read_only(portal.engine) as connection:
            page = matching(connection, seen, asked, ask)
        return portal.page(request, seen, "events.html", page, 400 if page.error else 200)

    @pages.get(PATH + "/{seq}")
    def entry(request: Request, seq: str) -> Response:
        seen = portal.seen(request)
        with read_only(portal.engine) as connection:
            page = one(connection, seen, seq)
        return portal.page(request, seen, "entry.html", page)

    return pages


def matching(connection: Connection, seen: Seen, asked: Asked, ask: Question) -> view.Events:
    """The page of the list; of a question that cannot be understood, the page that says so."""
    total, older, error = 0, None, ask.query_error
    rows, partial = tuple[EventRow, ...](), tuple[Notice, ...]()
    changes: Mapping[int, ChangeOf] = {}
    if ask.sound:
        total = store.count_events(connection, ask.query, ask.period)
        page = store.events_matching(connection, ask.query, ask.period, asked.cursor or None, ask.limit)
        rows, older = page.items, page.older
        changes = store.changes_of_events(connection, [row.seq for row in rows]) if rows else {}
        partial = _partial(connection, seen, ask) if rows else ()
    said = sentence("events", EVENTS, ask.query, total, ask.period) if ask.sound else None
    return view.Events(
        shell=shell(seen, "Events", "events", sealed(connection), scope=str(said) if said else ""),
        box=lists.box(
            PATH, "events", HINT, asked, None if error else ask.query, lists.wrong(PATH, asked, error) if error else None
        ),
        period=lists.period(PATH, asked, seen.zone, seen.now, ask.trouble),
        sentence=said,
        partial=partial,
        days=view.days(rows, changes, seen.zone),
        pager=lists.pager(PATH, asked, len(rows), total, older, "time and then entry"),
        empty=lists.no_matches(PATH, asked, "events") if ask.sound and not rows else None,
        error=not ask.sound,
        csv=asked.address(f"{PATH}.csv"),
        json=asked.address(f"/api/v1{PATH}"),
        export=f"Export {total:,} as CSV",
    )


def _partial(connection: Connection, seen: Seen, ask: Question) -> tuple[Notice, ...]:
    """What of the period no source was read for; nothing is said of an open beginning."""
    start, end = narrowed(ask.query, ask.period)
    if start is None:
        return ()
    frame = Window(start, min(end, seen.now) if end else seen.now, seen.now, seen.zone)
    return missing(gaps(reads.read_spans(connection, start), frame), seen.zone)


def one(connection: Connection, seen: Seen, text: str) -> EntryPage:
    """Entry `text`, with its proof against the last checkpoint that holds it. Raises 404."""
    seq = int(text[:20]) if text.isascii() and text.isdigit() else -1
    leaf = reads.leaf_of(connection, seq) if 0 <= seq <= MOST else None
    if leaf is None:
        raise HTTPException(404, "there is no such entry in the ledger")
    found = store.events_matching(connection, Query((Term("seq", (Word(str(seq)),)),)), None, None, 1).items
    if not found:
        raise HTTPException(404, "this entry has no event beside it; run `throughline verify --database`")
    checkpoints = ledger.checkpoints(connection, 1)
    held = checkpoints[0] if checkpoints else None
    path = ledger.inclusion_proof(connection, seq, held.size) if held and seq < held.size else None
    around = shell(seen, f"Entry {seq:,}", "events", (held.size, held.made_at) if held else None)
    change = store.changes_of_events(connection, [seq]).get(seq)
    return entry_page(around, found[0], Held(leaf[0], leaf[1], held, path), reads.payload_of(connection, seq), change, seen.zone)
