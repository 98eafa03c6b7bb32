"""The other doors of Drift: `/drift.csv`, `/api/v1/drift`, `/api/v1/drift/{id}`; and the blind spots at `/api/v1/blind-spots`."""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import APIRouter, HTTPException, Query, Request, Response
from fastapi.responses import StreamingResponse

from app.changes.drift import store
from app.changes.drift.item import blind_item, episode_item
from app.changes.drift.rows import Counted
from app.db.session import read_only
from app.evidence.csv import MEDIA_TYPE
from app.evidence.drift import drift_csv
from app.search.fields import DRIFT
from app.search.words import sentence
from app.web import schema_drift as schema
from app.web.asked import Asked, AskedFor
from app.web.csp import NO_STORE
from app.web.portal import Portal
from app.web.question import Question, question
from app.web.schema import problems
from app.web.times import iso

Zone = Annotated[str, Query(alias="tz", description="IANA zone in which times without an offset are read; UTC when not given.")]
Standing = Annotated[bool, Query(description="Only those that still are.")]


def router(portal: Portal) -> APIRouter:
    doors = APIRouter()
    _table(doors, portal)
    _items(doors, portal)
    _blind(doors, portal)
    return doors


def _answer(value: Any) -> Response:
    return Response(orjson.dumps(value), media_type="application/json", headers={"cache-control": NO_STORE})


def _table(doors: APIRouter, portal: Portal) -> None:
    @doors.get("/drift.csv", include_in_schema=False)
    def table(request: Request, asked: AskedFor) -> Response:
        now = portal.clock()
        ask = question(Asked(asked.q, asked.from_, asked.to), DRIFT, portal.seen(request).zone).or_raise()
        headers = {"content-disposition": f'attachment; filename="drift-{now:%Y-%m-%d}.csv"', "cache-control": NO_STORE}
        return StreamingResponse(_rows(portal, ask, now), media_type=MEDIA_TYPE, headers=headers)


def _rows(portal: Portal, ask: Question, now: datetime) -> Iterator[bytes]:
    with read_only(portal.engine) as connection:
        yield from drift_csv(connection, ask.query, ask.period, now)


def _items(doors: APIRouter, portal: Portal) -> None:
    @doors.get(
        "/api/v1/drift",
        summary="List episodes of drift, newest first",
        tags=["drift"],
        response_model=schema.Drifts,
        responses=problems(400, 503),
    )
    def drift(request: Request, asked: AskedFor, tz: Zone = "") -> Response:
        """What differs, and what differed, from what is declared for it: those that stood at some time in the period. Ordered by
        when each was seen to differ, then id. Differences that are no drift are among them (`drift` false); `is:drift` leaves
        them out. Lengths are as of the answer's own time."""
        now = portal.clock()
        ask = question(asked, DRIFT, portal.seen(request).zone).or_raise()
        with read_only(portal.engine) as connection:
            total = store.count_episodes(connection, ask.query, ask.period, now)
            page = store.episodes_matching(connection, ask.query, ask.period, now, asked.cursor or None, ask.limit)
            blind = store.blind_during(connection, page.items)
            counted = store.counted(connection)
        said = str(sentence("episodes", DRIFT, ask.query, total, ask.period))
        items = [episode_item(row, now, blind.get(row.id, ())) for row in page.items]
        return _answer({"items": items, "next": page.older, "sentence": said, "compared": _compared(counted)})

    @doors.get(
        "/api/v1/drift/{episode}",
        summary="One episode of drift",
        tags=["drift"],
        response_model=schema.EpisodeOf,
        responses=problems(404, 503),
    )
    def one(episode: str) -> Response:
        """By its id."""
        with read_only(portal.engine) as connection:
            row = store.episode_by_id(connection, named) if (named := _id(episode)) else None
            if row is None:
                raise HTTPException(404, "there is no such episode of drift; one is found by its id")
            return _answer(episode_item(row, portal.clock(), store.blind_during(connection, [row]).get(row.id, ())))


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _compared(counted: Counted) -> dict[str, Any]:
    by = counted.standing
    return {
        "as_declared": counted.as_declared,
        "differ": counted.differing,
        "unknown": by.get("unknown", 0),
        "never_compared": by.get("never compared", 0),
        "oldest_look": iso(counted.looked) if counted.looked else None,
    }


def _blind(doors: APIRouter, portal: Portal) -> None:
    @doors.get(
        "/api/v1/blind-spots",
        summary="List times in which nobody could tell, newest first",
        tags=["drift"],
        response_model=schema.BlindSpots,
        responses=problems(400, 503),
    )
    def blind(request: Request, asked: AskedFor, standing: Standing = False, tz: Zone = "") -> Response:
        """Comparisons that failed, are stale, frozen or skipped, and times that were not read. Never "no drift". `q` is not
        understood here."""
        ask = question(Asked("", asked.from_, asked.to, limit=asked.limit), DRIFT, portal.seen(request).zone).or_raise()
        with read_only(portal.engine) as connection:
            page = store.blind_matching(connection, ask.period, asked.cursor or None, ask.limit, standing=standing)
            total = store.count_blind(connection, ask.period, standing=standing)
        said = f"{total:,} {'time' if total == 1 else 'times'} in which nobody could tell."
        return _answer({"items": [blind_item(row) for row in page.items], "next": page.older, "sentence": said})
