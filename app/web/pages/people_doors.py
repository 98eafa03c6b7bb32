"""The other two doors of People: `/people.csv` and `/api/v1/people`, the same rows in the same order."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse

from app.changes.people import listing, store
from app.db.session import read_only
from app.evidence.csv import MEDIA_TYPE
from app.evidence.people import people_csv
from app.search.fields import PEOPLE
from app.search.words import sentence
from app.web import schema
from app.web.asked import Asked, AskedFor
from app.web.csp import NO_STORE
from app.web.pages.people import PATH, every, matching
from app.web.portal import Portal
from app.web.question import Question, question
from app.web.schema import problems
from app.web.times import iso

Zone = Annotated[str, Query(alias="tz", description="IANA zone in which times without an offset are read; UTC when not given.")]


def router(portal: Portal) -> APIRouter:
    doors = APIRouter()

    @doors.get(PATH + ".csv", include_in_schema=False)
    def table(request: Request, asked: AskedFor) -> Response:
        ask = question(Asked(asked.q, asked.from_, asked.to), PEOPLE, portal.seen(request).zone).or_raise()
        items, _, _ = _items(portal, ask, None, None)
        name = f"people-{portal.clock():%Y-%m-%d}.csv"
        headers = {"content-disposition": f'attachment; filename="{name}"', "cache-control": NO_STORE}
        return StreamingResponse(people_csv(items), media_type=MEDIA_TYPE, headers=headers)

    @doors.get(
        "/api/v1" + PATH,
        summary="List accounts and who they are",
        tags=["people"],
        response_model=schema.People,
        responses=problems(400, 503),
    )
    def people(request: Request, asked: AskedFor, tz: Zone = "") -> Response:
        """Unresolved accounts first, then by person. A period narrows it to the accounts that were met in its changes."""
        ask = question(asked, PEOPLE, portal.seen(request).zone).or_raise()
        items, older, total = _items(portal, ask, asked.cursor or None, ask.limit)
        said = str(sentence("accounts", PEOPLE, ask.query, total, ask.period))
        body = orjson.dumps({"items": items, "next": older, "sentence": said})
        return Response(body, media_type="application/json", headers={"cache-control": NO_STORE})

    return doors


def _items(portal: Portal, ask: Question, cursor: str | None, limit: int | None) -> tuple[list[dict[str, Any]], str | None, int]:
    with read_only(portal.engine) as connection:
        found = matching(every(connection, portal.deciding.identities, ask)[0], ask.query)
        shown, older = listing.page(found, cursor, limit or len(found))
        tallies = store.tallies(connection, [(row.system, row.account, row.change) for row in shown if row.change], ask.period)
    return told(shown, tallies), older, len(found)


def told(rows: Sequence[listing.Row], tallies: Mapping[tuple[str, str], store.Tally]) -> list[dict[str, Any]]:
    """The rows as JSON values."""
    return [_told(row, tallies.get((row.system, row.account))) for row in rows]


def _told(row: listing.Row, tally: store.Tally | None) -> dict[str, Any]:
    decision = row.decision
    return {
        "account": str(row),
        "system": row.system,
        "name": row.name or None,
        "stands": row.stands,
        "person": row.person or None,
        "known_by": row.known_by or None,
        "decision": {
            "decided_as": decision.status,
            "decided_by": decision.by or None,
            "decided_at": iso(decision.at),
            "because": decision.because,
            "entry": decision.seq,
        }
        if decision
        else None,
        "declared": row.declared,
        "roles": row.roles.split(", ") if row.roles else [],
        "changes": tally.count if tally else 0,
        "newest_at": iso(row.at) if row.at else None,
        "newest_change": str(row.change) if row.change else None,
        "newest_number": tally.number if tally else None,
    }
