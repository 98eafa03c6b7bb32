"""`/`: the period's changes by verdict, and what needs a person."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response
from sqlalchemy import Connection

from app.changes import store
from app.changes.drift import store as drift
from app.db.session import read_only
from app.ingest.streams import store as streams
from app.ledger import store as ledger
from app.search.fields import CHANGES
from app.search.language import parse
from app.search.period import Period
from app.search.tree import EVERYTHING
from app.web import store as reads
from app.web.portal import Portal
from app.web.times import iso, shown, took
from app.web.views import drifted
from app.web.views import overview as view
from app.web.views.changes import row
from app.web.views.lists import Empty
from app.web.views.marks import VERDICTS
from app.web.views.shell import Choice, Seen, shell
from app.web.views.sources import Window, forgets_in, gaps, standing

DAYS = (7, 14, 91)
FAILING = "verdict:fail"
MOST_SHOWN = 8
MOST_DRIFTS = 5
NOTHING = "Nothing in what was read: no change fails in this period, no drift is over its limit, and no stream has a gap."


def router(portal: Portal) -> APIRouter:
    pages = APIRouter(include_in_schema=False)

    @pages.get("/")
    def overview(request: Request) -> Response:
        seen = portal.seen(request)
        asked = request.query_params.get("days", "")
        days = int(asked) if asked in {str(d) for d in DAYS} else 14
        with read_only(portal.engine) as connection:
            page = front(connection, seen, days, portal.controls)
        return portal.page(request, seen, "overview.html", page)

    return pages


def front(connection: Connection, seen: Seen, days: int, controls: Mapping[str, str]) -> view.Overview:
    today = seen.now.astimezone(seen.zone.tz).replace(hour=0, minute=0, second=0, microsecond=0)
    start, end = today - timedelta(days=days - 1), today + timedelta(days=1)
    found = reads.by_environment(connection, Period(start, end))
    failing = store.changes_matching(connection, parse(FAILING, CHANGES), Period(start, end), None, MOST_SHOWN).items
    checkpoints = ledger.checkpoints(connection, 1)
    sealed = checkpoints[0] if checkpoints else None
    size = ledger.size(connection)
    all_streams = streams.overview(connection)
    sums = view.totals(found)
    lead, rest, stress = view.sentence(found, start, end, seen.zone)

    def address(query: str) -> str:
        return "/changes?" + urlencode(
            {key: value for key, value in (("q", query), ("from", iso(start)), ("to", iso(end))) if value}
        )

    failed = [view.failing(f, controls, address, seen.now) for f in reads.failing_controls(connection, Period(start, end))]
    queue = _queue(connection, seen, failed, all_streams, start)

    return view.Overview(
        shell=shell(seen, "Overview", "overview", (sealed.size, sealed.made_at) if sealed else None),
        presets=tuple(Choice(f"{d} d" if d < 90 else "Quarter", f"/?days={d}", d == days) for d in DAYS),
        lead=lead,
        rest=rest,
        stress=stress,
        changes=address(""),
        heads=tuple(VERDICTS[v] for v in view.ORDER),
        environments=view.environments(found, address),
        total=f"{sum(sums.values()):,}",
        sums=tuple(view.Count(VERDICTS[v].word, f"{sums[v]:,}") for v in view.ORDER),
        queue=tuple(queue),
        queue_says=f"{len(queue)}, most urgent first" if queue else "",
        queue_empty=NOTHING if all_streams else "Nothing can be said yet: no source is connected.",
        checkpoint=_checkpoint(seen, sealed, size),
        sources=view.source_lines(all_streams, seen.now),
        broken=tuple(row(change, seen.zone) for change in failing),
        failing=address(FAILING),
        failing_text=f"All {sums['fail']:,}",
        empty=_empty(bool(all_streams)) if not found else None,
    )


def _queue(
    connection: Connection, seen: Seen, failed: list[view.QueueItem], all_streams: Any, start: datetime
) -> list[view.QueueItem]:
    """Broken sources first, then what a source is about to forget, drift over its limit, failing changes, blind spots and gaps."""
    now, zone = seen.now, seen.zone
    frame = Window(start, now, now, zone)
    broken = [view.broken(s, now) for s in all_streams if standing(s, now).tone == "fail"]
    soon = [view.forgets(s, left) for s in all_streams if (left := forgets_in(s, now)) is not None]
    holes = [view.gap(g.source, g.stream, g.start, g.end, now, zone) for g in gaps(reads.read_spans(connection, start), frame)[:5]]
    return [*broken, *soon, *_drifting(connection, all_streams, now), *failed, *_blind(connection, now), *holes]


def _drifting(connection: Connection, all_streams: Any, now: datetime) -> list[view.QueueItem]:
    """The worst that stands beyond its limit, and how many more there are."""
    unread = drifted.unread(all_streams, now)
    late = {name: at or now for name, at in unread.items()}
    many = drift.standing_now(connection, now, unread=late)["over"]
    worst = drift.worst_standing(connection, EVERYTHING, now, late, limit=min(many, MOST_DRIFTS)) if many else ()
    found = [view.drifting(one, now, unread) for one in worst]
    return [*found, view.drifting_more(many - len(found))] if many > len(found) else found


def _blind(connection: Connection, now: datetime) -> list[view.QueueItem]:
    many = drift.count_blind(connection, None, standing=True)
    newest = drift.blind_matching(connection, None, limit=1, standing=True).items if many else ()
    return [view.blind(many, one, now) for one in newest]


def _checkpoint(seen: Seen, sealed: Any, size: int) -> view.CheckpointFacts | None:
    if sealed is None:
        return None
    since = f"{size - sealed.size:,} entries in {took(seen.now - sealed.made_at)}" if size > sealed.size else "nothing was added"
    return view.CheckpointFacts(shown(sealed.made_at, seen.zone), f"{sealed.size:,}", sealed.root.hex(), since)


def _empty(connected: bool) -> Empty:
    if connected:
        text = "The sources are connected; what they have told so far holds no change in this period, or is still being joined."
        return Empty("No changes in this period", text, (Choice("Sources", "/sources"), Choice("Quarter", "/?days=91")))
    return Empty(
        "No source is connected yet", "Name one in throughline.toml and start a worker: its changes appear here as they are read."
    )
