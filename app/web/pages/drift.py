"""`/drift`, and the blind spots of all times at `/drift/blind`."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from fastapi import APIRouter, Request, Response
from sqlalchemy import Connection

from app.changes.drift import store
from app.changes.drift.rows import EpisodeRow, Exposed
from app.db.session import read_only
from app.ingest.streams import store as streams
from app.search.fields import DRIFT
from app.search.language import print_query
from app.search.period import Period, narrowed
from app.search.tree import Query, Term, Word
from app.search.words import sentence
from app.web.asked import Asked, AskedFor
from app.web.portal import Portal, sealed
from app.web.question import Question, question
from app.web.times import Zone
from app.web.views import drift as view
from app.web.views import drifted, lists
from app.web.views import exposure as figure
from app.web.views.drifted import Unread
from app.web.views.shell import Choice, Seen, shell

PATH = "/drift"
HINT = "env:production is:open -cause:controller"
NOW, SOME, OBJECTS = 50, 20, 25  # rows of what stands, of each other kind, and objects of a page of the exposure ledger
DAYS = 14  # of the exposure ledger, where no beginning is asked for


def router(portal: Portal) -> APIRouter:
    pages = APIRouter(include_in_schema=False)

    @pages.get(PATH)
    def listed(request: Request, asked: AskedFor, objects: str = "") -> Response:
        seen = portal.seen(request)
        ask = question(asked, DRIFT, seen.zone)
        with read_only(portal.engine) as connection:
            page = matching(connection, seen, asked, ask, _number(objects))
        return portal.page(request, seen, "drift.html", page, 400 if page.error else 200)

    @pages.get(PATH + "/blind")
    def blind(request: Request, asked: AskedFor) -> Response:
        seen = portal.seen(request)
        ask = question(Asked("", asked.from_, asked.to, asked.cursor, asked.limit), DRIFT, seen.zone).or_raise()
        with read_only(portal.engine) as connection:
            page = blind_spots(connection, seen, asked, ask)
        return portal.page(request, seen, "blind.html", page)

    return pages


def _number(text: str) -> int:
    return max(1, int(text[:4])) if text.isascii() and text.isdigit() else 1


@dataclass(frozen=True, slots=True)
class Told:
    """How the sources that tell drift are read: which are not now, since when, and when the others were, the longest ago."""

    connected: bool
    late: Unread
    read: datetime | None

    def late_at(self, now: datetime) -> dict[str, datetime]:
        """Nothing can be known of a source that was never read, whenever it is asked."""
        return {name: at or now for name, at in self.late.items()}


def told(connection: Connection, now: datetime) -> Told:
    mine = [s for s in streams.overview(connection) if drifted.LOOKS.get(s.kind) == s.stream]
    late = drifted.unread(mine, now)
    read = [s.succeeded_at for s in mine if s.source not in late]
    return Told(bool(mine), late, min(read) if read else None)


def matching(connection: Connection, seen: Seen, asked: Asked, ask: Question, objects: int) -> view.Drift:
    """The page of the list; of a question that cannot be understood, the page that says so."""
    reading = told(connection, seen.now)
    total, older, error = 0, None, ask.query_error
    rows = tuple[EpisodeRow, ...]()
    if ask.sound:
        total = store.count_episodes(connection, ask.query, ask.period, seen.now)
        page = store.episodes_matching(connection, ask.query, ask.period, seen.now, asked.cursor or None, ask.limit)
        rows, older = page.items, page.older
    first = ask.sound and not asked.cursor
    standing = _standing(connection, seen, asked, ask.query, reading) if first else view.NOTHING
    said = sentence("episodes", DRIFT, ask.query, total, ask.period) if ask.sound else None
    return view.Drift(
        shell=shell(seen, "Drift", "drift", sealed(connection), scope=str(said) if said else ""),
        box=lists.box(PATH, "drift", HINT, asked, None if error else ask.query, lists.wrong(PATH, asked, error) if error else None),
        period=lists.period(PATH, asked, seen.zone, seen.now, ask.trouble),
        standing=standing,
        partial=view.unread_notices(reading.late, seen.zone),
        zone=seen.zone.name,
        exposure=_exposure(connection, seen, asked, ask, reading, objects) if first and total else None,
        sentence=said,
        rows=tuple(view.row(one, seen.now, seen.zone, reading.late) for one in rows),
        pager=lists.pager(PATH, asked, len(rows), total, older, "time and then id"),
        empty=_empty(asked, reading, standing) if ask.sound and not rows else None,
        error=not ask.sound,
        csv=asked.address(f"{PATH}.csv"),
        json=asked.address(f"/api/v1{PATH}"),
        export=f"Export {total:,} as CSV",
    )


def _standing(connection: Connection, seen: Seen, asked: Asked, query: Query, reading: Told) -> view.Standing:
    """How things stand now, whatever period is asked for. Blind spots are not searched: of a query they are left out, and said."""
    now, zone, late = seen.now, seen.zone, reading.late_at(seen.now)
    environment = _environment(query)
    counts = store.standing_now(connection, now, query, late)
    counted = store.counted(connection, environment, late)
    blind = store.count_blind(connection, None, standing=True) if not asked.q else 0
    open_ = sum(n for how, n in counts.items() if how != "not drift")
    worst = store.worst_standing(connection, query, now, late, limit=NOW) if open_ else ()
    others = store.worst_standing(connection, query, now, late, drift=False, limit=SOME) if counts["not drift"] else ()
    spots = store.blind_matching(connection, None, limit=SOME, standing=True).items if blind else ()
    lead, rest = view.sentence(counts, blind, counted, reading.late, reading.read, environment, now, zone)

    def all_of(words: str) -> str:
        return asked.address(PATH, q=f"{asked.q} {words}".strip(), from_=None, to=None)

    return view.Standing(
        lead=lead,
        rest=rest,
        compared=bool(counted.standing),
        now=view.part([view.row(one, now, zone, reading.late) for one in worst], open_, all_of("is:[open,unknown] is:drift")),
        no_drift=view.part(
            [view.row(one, now, zone, reading.late) for one in others],
            counts["not drift"],
            all_of("is:not-drift is:[open,unknown]"),
        ),
        blind=view.part([view.blind(one, now, zone) for one in spots], blind, f"{PATH}/blind"),
        blind_left_out=bool(asked.q),
    )


def _environment(query: Query) -> str | None:
    """The one environment that is asked for, if it is one."""
    terms = [term for term in query.terms if term.key == "env"]
    if len(terms) != 1 or terms[0].negated or len(terms[0].values) != 1:
        return None
    value = terms[0].values[0]
    return value.text if isinstance(value, Word) and not value.wild else None


def _exposure(connection: Connection, seen: Seen, asked: Asked, ask: Question, reading: Told, part: int) -> figure.Exposure:
    frame = _frame(ask, seen.now, seen.zone)
    period, late = Period(frame.start, frame.end), reading.late_at(seen.now)
    sums = store.exposed_in_all(connection, ask.query, period, seen.now, late)
    parts = max(1, -(-sums.objects // OBJECTS))
    part = min(part, parts)
    skip = (part - 1) * OBJECTS
    rows = store.exposure(connection, ask.query, period, seen.now, late, OBJECTS, skip) if sums.objects else []

    def address(one: Exposed) -> str:
        keys = [("source", one.source), ("app", one.application), ("workspace", one.workspace), ("resource", _object(one))]
        return asked.address(PATH, q=print_query(Query(tuple(Term(key, (Word(value),)) for key, value in keys if value))))

    def page(n: int) -> str:
        here = asked.address(PATH)
        return f"{here}{'&' if '?' in here else '?'}objects={n}#h-exposure"

    near = sorted({1, parts, *(n for n in range(part - 2, part + 3) if 1 <= n <= parts)}) if parts > 1 else []
    return figure.exposure(rows, sums, frame, address, tuple(Choice(str(n), page(n), n == part) for n in near))


def _object(one: Exposed) -> str:
    return one.name if one.workspace or not one.kind else f"{one.kind}/{one.name}"


def _frame(ask: Question, now: datetime, zone: Zone) -> figure.Frame:
    asked = narrowed(ask.query, ask.period)
    day = now.astimezone(zone.tz).replace(hour=0, minute=0, second=0, microsecond=0)
    end = asked.end or day + timedelta(days=1)
    start = asked.start or end - timedelta(days=DAYS)
    return figure.Frame(start, max(end, start + timedelta(hours=1)), now, zone, chosen=asked.start is not None)


def _empty(asked: Asked, reading: Told, standing: view.Standing) -> lists.Empty:
    if asked.q or asked.from_ or asked.to or asked.cursor:
        return lists.no_matches(PATH, asked, "episodes")
    return view.empty(connected=reading.connected, compared=standing.compared)


def blind_spots(connection: Connection, seen: Seen, asked: Asked, ask: Question) -> view.BlindSpots:
    """Those of a period, or of all times."""
    total = store.count_blind(connection, ask.period)
    page = store.blind_matching(connection, ask.period, asked.cursor or None, ask.limit)
    path = f"{PATH}/blind"
    return view.BlindSpots(
        shell=shell(seen, "Blind spots", "drift", sealed(connection)),
        zone=seen.zone.name,
        lead=f"{total:,} time{'' if total == 1 else 's'} in which nobody could tell",
        rest="whether an application or a workspace was as declared.",
        period=lists.period(path, asked, seen.zone, seen.now),
        rows=tuple(view.blind(one, seen.now, seen.zone) for one in page.items),
        pager=lists.pager(path, asked, len(page.items), total, page.older, "time and then id"),
    )
