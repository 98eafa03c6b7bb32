"""The second door of each list: the same rows as CSV, streamed, never capped."""

from collections.abc import Callable, Iterator

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse
from sqlalchemy import Connection

from app.db.session import read_only
from app.evidence import csv
from app.search.fields import LISTS
from app.search.period import Period
from app.search.tree import Query
from app.web.asked import Asked, AskedFor
from app.web.csp import NO_STORE
from app.web.portal import Portal
from app.web.question import question

Rows = Callable[[Connection, Query, Period | None], Iterator[bytes]]


def router(portal: Portal) -> APIRouter:
    files = APIRouter(include_in_schema=False)

    @files.get("/changes.csv")
    def changes(request: Request, asked: AskedFor) -> Response:
        return _streamed(portal, request, "changes", csv.changes_csv, asked)

    @files.get("/events.csv")
    def events(request: Request, asked: AskedFor) -> Response:
        return _streamed(portal, request, "events", csv.events_csv, asked)

    return files


def _streamed(portal: Portal, request: Request, name: str, rows: Rows, asked: Asked) -> Response:
    """Every matching row in the order of the page; `cursor` and `limit` are a page's, and mean nothing here."""
    ask = question(Asked(asked.q, asked.from_, asked.to), LISTS[name], portal.seen(request).zone).or_raise()
    day = portal.clock().strftime("%Y-%m-%d")
    headers = {"content-disposition": f'attachment; filename="{name}-{day}.csv"', "cache-control": NO_STORE}
    return StreamingResponse(_rows(portal, rows, ask.query, ask.period), media_type=csv.MEDIA_TYPE, headers=headers)


def _rows(portal: Portal, rows: Rows, query: Query, period: Period | None) -> Iterator[bytes]:
    with read_only(portal.engine) as connection:
        yield from rows(connection, query, period)
