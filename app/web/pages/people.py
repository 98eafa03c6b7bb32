"""`/people`, and the form on it. A decision is recorded once, by somebody who can be named, from a page of ours."""

import secrets
from dataclasses import dataclass, field
from typing import Annotated
from urllib.parse import parse_qsl, urlencode

from fastapi import APIRouter, Depends, HTTPException, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy import Connection

from app import log
from app.changes.people import listing, store
from app.changes.people.decide import Wish, decide
from app.db.session import read_only, transaction
from app.domain.identity import BOT, JOINED, SEPARATED, Identities
from app.errors import Overtaken, UsageError
from app.search.fields import PEOPLE
from app.search.tree import Query
from app.search.words import sentence
from app.web.asked import Asked, AskedFor
from app.web.csp import NO_STORE
from app.web.deciding import Closed
from app.web.portal import Portal, sealed
from app.web.question import Question, question
from app.web.views import lists
from app.web.views import people as view
from app.web.views.shell import Seen, shell

PATH, LONGEST = view.PATH, 32 * 1024  # bytes of a form
HINT = "is:unresolved system:github"
WISHES = {"join": (JOINED, False), "new": (JOINED, True), "separate": (SEPARATED, False), "bot": (BOT, False)}
FIELDS = frozenset(("account", "seen", "once", "mark", "decision", "person", "new", "because", "back"))

ELSEWHERE = "A decision is only taken from this portal’s own page, at the address that [web] public_url says."
STRANGE = "This form was not made here for you, or before the portal was started anew. Look again, then decide."

logger = log.get(__name__)


@dataclass(frozen=True, slots=True)
class Sent:
    """A form that came back, and what is wrong with it."""

    values: dict[str, str] = field(default_factory=dict)
    error: str = ""


async def _body(request: Request) -> bytes | None:
    """The raw bytes; None when there are too many, and then no more of them are read."""
    parts, size = [], 0
    async for part in request.stream():
        parts.append(part)
        size += len(part)
        if size > LONGEST:
            return None
    return b"".join(parts)


def router(portal: Portal) -> APIRouter:
    pages = APIRouter(include_in_schema=False)

    @pages.get(PATH)
    def listed(request: Request, asked: AskedFor, settle: str = "") -> Response:
        return _page(portal, request, asked, settle.replace("\x00", "\ufffd"))

    @pages.post(PATH + "/decisions")
    def decision(request: Request, body: Annotated[bytes | None, Depends(_body)]) -> Response:
        values = _form(request, body)
        if not portal.deciding.ours(request):
            logger.warning("a decision from elsewhere was refused", extra=log.fields(origin=request.headers.get("origin")))
            raise HTTPException(403, ELSEWHERE)
        try:
            by = portal.deciding.who(request)
        except Closed as closed:
            raise HTTPException(403, str(closed)) from None
        account = values["account"]
        if not portal.deciding.made(values["mark"], values["once"], account, values["seen"], by.name):
            return _again(portal, request, values, 403, STRANGE)
        try:
            with transaction(portal.engine) as connection:
                decide(connection, portal.deciding.identities, _wish(values), by, portal.clock())
        except UsageError as error:
            return _again(portal, request, values, 400, f"{error}.")
        except Overtaken as error:
            return _again(portal, request, values, 409, f"{error}.")
        address = f"{PATH}?{urlencode({'q': view.of_account(account)})}"
        return RedirectResponse(address, 303, {"cache-control": NO_STORE})

    return pages


def _form(request: Request, body: bytes | None) -> dict[str, str]:
    """Every field of the form, empty where it was not sent. Raises 400, 413."""
    if body is None:
        raise HTTPException(413, f"The form is over {LONGEST // 1024} KB.")
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=20, errors="strict")
    except (UnicodeDecodeError, ValueError):
        pairs = []
    names = [name for name, _ in pairs]
    if kind != "application/x-www-form-urlencoded" or not pairs or len(names) != len(set(names)) or not FIELDS.issuperset(names):
        raise HTTPException(400, "This is not the form of the page People.")
    return {**dict.fromkeys(FIELDS, ""), **dict(pairs)}


def _wish(values: dict[str, str]) -> Wish:
    """Raises UsageError."""
    if values["decision"] not in WISHES:
        raise UsageError("nothing was chosen", "one of the four")
    status, new = WISHES[values["decision"]]
    person = values["new"] if new else values["person"] if status == JOINED else ""
    seen = int(values["seen"])  # it bears our mark
    return Wish(values["account"], status, values["because"], person, new, seen, values["once"])


def _again(portal: Portal, request: Request, values: dict[str, str], status: int, error: str) -> Response:
    """The page with the form as it was sent, and why it could not be done."""
    asked = Asked(q=view.of_account(values["account"]) if values["account"].strip() else "")
    return _page(portal, request, asked, values["account"], Sent(values, error), status)


def _page(portal: Portal, request: Request, asked: Asked, settle: str, sent: Sent | None = None, status: int = 200) -> Response:
    seen = portal.seen(request)
    ask = question(asked, PEOPLE, seen.zone)
    with read_only(portal.engine) as connection:
        page = _made(portal, request, connection, seen, asked, ask, settle, sent or Sent())
    return portal.page(request, seen, "people.html", page, 400 if page.error and status == 200 else status)


def every(connection: Connection, identities: Identities, ask: Question) -> tuple[list[listing.Row], Identities]:
    """Every account there is (of a period: every one that was met in it), and what is known of them now."""
    known = identities.with_decisions(store.decisions(connection))
    bounded = ask.period is not None and any(ask.period)
    return listing.rows(store.seen(connection, ask.period), known, whole=not bounded), known


def matching(rows: list[listing.Row], query: Query) -> list[listing.Row]:
    return [row for row in rows if row.matches(query)] if query.terms else rows


def _made(
    portal: Portal, request: Request, connection: Connection, seen: Seen, asked: Asked, ask: Question, settle: str, sent: Sent
) -> view.People:
    rows, known = every(connection, portal.deciding.identities, ask) if ask.sound else ([], portal.deciding.identities)
    found = matching(rows, ask.query)
    shown, older = listing.page(found, asked.cursor or None, ask.limit)
    places = [(row.system, row.account, row.change) for row in shown if row.change]
    error, total = ask.query_error, len(found)
    wrong = lists.wrong(PATH, asked, error) if error else None
    said = sentence("accounts", PEOPLE, ask.query, total, ask.period) if ask.sound else None
    by, closed = _who(portal, request)
    chosen = next((row for row in rows if settle and str(row) == settle), None)
    pager = lists.pager(PATH, asked, len(shown), total, older, "")
    return view.People(
        shell=shell(seen, "People", "people", sealed(connection), scope=str(said) if said else ""),
        box=lists.box(PATH, "people", HINT, asked, ask.query if not error else None, wrong),
        period=lists.period(PATH, asked, seen.zone, seen.now, ask.trouble),
        sentence=said,
        choices=view.choices(asked),
        form=_form_of(portal, chosen, known, by, closed, asked, sent) if chosen else None,
        groups=view.groups(shown, store.tallies(connection, places, ask.period), asked, seen.zone),
        pager=lists.Pager(f"{len(shown):,} of {total:,}, unresolved first, then by name", pager.first, pager.older),
        empty=lists.no_matches(PATH, asked, "accounts") if ask.sound and not shown else None,
        error=not ask.sound,
        closed=closed,
        csv=asked.address(f"{PATH}.csv"),
        json=asked.address(f"/api/v1{PATH}"),
        export=f"Export {total:,} as CSV",
    )


def _who(portal: Portal, request: Request) -> tuple[str, str]:
    """Who would decide, and else why nobody can."""
    try:
        return portal.deciding.who(request).name, ""
    except Closed as closed:
        return "", str(closed)


def _form_of(portal: Portal, row: listing.Row, known: Identities, by: str, closed: str, asked: Asked, sent: Sent) -> view.Form:
    account, values = str(row), sent.values
    held = known.decision_on(row.system, row.account)
    seen, once = str(held.seq if held else -1), secrets.token_hex(16)
    persons = sorted(known.persons(), key=lambda name: (name.casefold(), name))
    numbered = row.account.startswith("id:") and row.name
    hidden = {"account": account, "seen": seen, "once": once, "mark": portal.deciding.mark(once, account, seen, by)}
    return view.Form(
        account=account,
        name=row.name or row.account,
        stands=f"{row.person}, {row.stands}" if row.person else row.stands,
        known_by=row.known_by,
        covers=f"It holds for the number, and for the login {row.name} where no number is told." if numbered else "",
        closed=closed,
        by=by,
        hidden=tuple(hidden.items()) if by else (),
        persons=tuple(persons) if len(persons) <= view.MOST_OFFERED else (),
        chosen=values.get("decision", ""),
        person=values.get("new" if values.get("decision") == "new" else "person", ""),
        because=values.get("because", ""),
        error=sent.error[:1].upper() + sent.error[1:],
        cancel=asked.address(PATH),
    )
