"""The third door: /api/v1. Items are what the projection stored, as they are; the schema is app/web/schema.py."""

from datetime import datetime
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, HTTPException, Query, Request, Response

from app.changes import store
from app.changes.lineage.beside import beside
from app.db.session import read_only
from app.ingest.streams import store as streams
from app.ingest.watches import store as watches
from app.ledger import store as ledger
from app.ledger.checkpoint import Checkpoint
from app.search.fields import CHANGES, EVENTS
from app.search.words import sentence
from app.web import schema
from app.web import store as reads
from app.web.asked import AskedFor
from app.web.csp import NO_STORE
from app.web.pages.changes import found
from app.web.portal import Portal
from app.web.question import question
from app.web.schema import problems
from app.web.times import iso
from app.web.views.at_risk import Clock, Forgotten, clock_of
from app.web.views.live import as_items
from app.web.views.sources import gaps, spoken, window

Zone = Annotated[str, Query(alias="tz", description="IANA zone in which times without an offset are read; UTC when not given.")]
Seq = Annotated[int, Query()]


def answer(value: Any) -> Response:
    return Response(orjson.dumps(value), media_type="application/json", headers={"cache-control": NO_STORE})


def router(portal: Portal) -> APIRouter:
    api = APIRouter(prefix="/api/v1")
    _changes(api, portal)
    _events(api, portal)
    _ledger(api, portal)
    _sources(api, portal)
    return api


def _changes(api: APIRouter, portal: Portal) -> None:
    @api.get(
        "/changes",
        summary="List changes, newest first",
        tags=["changes"],
        response_model=schema.Changes,
        responses=problems(400, 503),
    )
    def changes(request: Request, asked: AskedFor, tz: Zone = "") -> Response:
        """Ordered by time, then id. `next` is the cursor of the next page; following it to the end gives every match once."""
        ask = question(asked, CHANGES, portal.seen(request).zone).or_raise()
        with read_only(portal.engine) as connection:
            total = store.count_matching(connection, ask.query, ask.period)
            page = store.items_matching(connection, ask.query, ask.period, asked.cursor or None, ask.limit, total)
        said = sentence("changes", CHANGES, ask.query, total, ask.period)
        return answer({"items": page.items, "next": page.older, "sentence": str(said)})

    @api.get("/changes/count", summary="Count changes", tags=["changes"], response_model=schema.Count, responses=problems(400, 503))
    def count(request: Request, asked: AskedFor, tz: Zone = "") -> Response:
        """How many changes match, exactly."""
        ask = question(asked, CHANGES, portal.seen(request).zone).or_raise()
        with read_only(portal.engine) as connection:
            total = store.count_matching(connection, ask.query, ask.period)
        return answer({"count": total, "sentence": str(sentence("changes", CHANGES, ask.query, total, ask.period))})

    @api.get(
        "/changes/{change}", summary="One change", tags=["changes"], response_model=schema.WholeChange, responses=problems(404, 503)
    )
    def change(change: str) -> Response:
        """By its id, or by its number. `awaits` is joined when it is asked for: it is no part of what the list answers with."""
        with read_only(portal.engine) as connection:
            item = found(connection, change).item
            return answer({**item, "awaits": beside(connection, item).awaits} if isinstance(item, dict) else item)


def _events(api: APIRouter, portal: Portal) -> None:
    @api.get(
        "/events", summary="List events, newest first", tags=["events"], response_model=schema.Events, responses=problems(400, 503)
    )
    def events(request: Request, asked: AskedFor, tz: Zone = "") -> Response:
        """The raw stream in the sources' own words, ordered by time, then ledger index."""
        ask = question(asked, EVENTS, portal.seen(request).zone).or_raise()
        with read_only(portal.engine) as connection:
            page = store.event_items_matching(connection, ask.query, ask.period, asked.cursor or None, ask.limit)
            total = store.count_events(connection, ask.query, ask.period)
        said = sentence("events", EVENTS, ask.query, total, ask.period)
        return answer({"items": page.items, "next": page.older, "sentence": str(said)})


def _ledger(api: APIRouter, portal: Portal) -> None:
    @api.get(
        "/ledger",
        summary="The ledger's size, key and last checkpoint",
        tags=["ledger"],
        response_model=schema.LedgerOf,
        responses=problems(503),
    )
    def state() -> Response:
        """The tiles and the checkpoint themselves are at /ledger/tile/… and /ledger/checkpoint (C2SP tlog-tiles)."""
        with read_only(portal.engine) as connection:
            size, sealed = ledger.size(connection), ledger.checkpoints(connection, 1)
        return answer({"origin": portal.origin, "vkey": portal.vkey, "size": size, "checkpoint": _checkpoint(sealed)})

    @api.get(
        "/ledger/entries/{seq}",
        summary="One entry with its inclusion proof",
        tags=["ledger"],
        response_model=schema.Proof,
        responses=problems(400, 404, 503),
    )
    def entry(seq: int) -> Response:
        """The leaf, its hash, and the audit path to the root of the last checkpoint."""
        with read_only(portal.engine) as connection:
            leaf = reads.leaf_of(connection, seq) if 0 <= seq < 2**63 else None
            sealed = ledger.checkpoints(connection, 1)
            path = ledger.inclusion_proof(connection, seq, sealed[0].size) if leaf and sealed and seq < sealed[0].size else None
        if leaf is None:
            raise HTTPException(404, "there is no such entry in the ledger")
        hashes = None if path is None else [h.hex() for h in path]
        text = leaf[0].decode("utf-8", "replace")
        return answer({"seq": seq, "leaf": text, "leaf_hash": leaf[1].hex(), "checkpoint": _checkpoint(sealed), "path": hashes})


def _checkpoint(sealed: list[Checkpoint]) -> dict[str, Any] | None:
    if not sealed:
        return None
    last = sealed[0]
    return {"size": last.size, "root": last.root.hex(), "note": last.note, "sealed_at": iso(last.made_at)}


def _sources(api: APIRouter, portal: Portal) -> None:
    @api.get(
        "/sources",
        summary="Every stream and how it stands",
        tags=["sources"],
        response_model=schema.SourceList,
        responses=problems(503),
    )
    def sources(request: Request) -> Response:
        """Streams by source and name, and the stretches of the last 14 days that nobody read."""
        seen = portal.seen(request)
        frame = window(seen.now, seen.zone)
        with read_only(portal.engine) as connection:
            held = streams.overview(connection)
            holes = gaps(reads.read_spans(connection, frame.start), frame)
            able = reads.able(connection)
            live = as_items(watches.overview(connection), seen.now)
        missing = [{"source": g.source, "stream": g.stream, "from": iso(g.start), "to": iso(g.end)} for g in holes]
        clocks = {(one.source, one.stream): told for one in able if one.key == "at-risk" and (told := clock_of(one.value))}
        items = [{**_stream(row, seen.now), "at_risk": _at_risk(clocks.get((row.source, row.stream)))} for row in held]
        return answer({"items": items, "next": None, "sentence": " ".join(spoken(held, seen.now)), "gaps": missing, "live": live})


def _stream(row: Any, now: datetime) -> dict[str, Any]:
    seconds = {
        name: getattr(row, name).total_seconds() if getattr(row, name) is not None else None
        for name in ("clock_offset", "forgets_after")
    }
    at = row.succeeded_at
    return {
        **{name: getattr(row, name) for name in ("source", "stream", "kind", "state", "error", "failures", "requests")},
        "succeeded_at": iso(at) if at else None,
        "lag_seconds": max(0.0, (now - at).total_seconds()) if at else None,
        "clock_offset_seconds": seconds["clock_offset"],
        "forgets_after_seconds": seconds["forgets_after"],
        "next_poll_at": iso(row.next_poll_at),
    }


def _at_risk(clock: Clock | None) -> dict[str, Any] | None:
    if clock is None:
        return None
    behind = [
        {"application": late.application, "since": iso(late.since), "because": late.because, "first": _forgotten(late.first)}
        for late in clock.behind
    ]
    soonest = [_forgotten(one) for one in clock.soonest]
    return {"captured_at": iso(clock.captured), "applications": clock.applications, "soonest": soonest, "behind": behind}


def _forgotten(one: Forgotten | None) -> dict[str, Any] | None:
    return {"application": one.application, "what": one.what, "forgets_at": iso(one.at)} if one else None
