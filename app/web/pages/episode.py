"""`/drift/{id}`: one episode, with the manifests that differ."""

from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, HTTPException, Request, Response
from sqlalchemy import Connection

from app.changes import store as changes
from app.changes.drift import store
from app.changes.drift.rows import EpisodeRow
from app.changes.rows import ChangeOf
from app.db.session import read_only
from app.web import store as reads
from app.web.pages.drift import PATH, told
from app.web.portal import Portal, sealed
from app.web.views.drift_line import Deployed
from app.web.views.episode import Behind, EpisodePage, Part, episode_page
from app.web.views.shell import Seen, shell


def router(portal: Portal) -> APIRouter:
    pages = APIRouter(include_in_schema=False)

    @pages.get(PATH + "/{episode}")
    def one(request: Request, episode: str, lines: str = "", part: str = "") -> Response:
        seen = portal.seen(request)
        number = int(part[:9]) if part.isascii() and part.isdigit() else 1
        with read_only(portal.engine) as connection:
            page = whole(connection, seen, found(connection, episode), number, lines == "all")
        return portal.page(request, seen, "episode.html", page)

    return pages


def found(connection: Connection, name: str) -> EpisodeRow:
    """The episode of this id. Raises 404."""
    try:
        row = store.episode_by_id(connection, UUID(name))
    except ValueError:
        row = None
    if row is None:
        raise HTTPException(404, "there is no such episode of drift")
    return row


def whole(connection: Connection, seen: Seen, row: EpisodeRow, part: int, every: bool) -> EpisodePage:
    of = row.of
    deployed, deployment = _deployed(connection, row)
    behind = Behind(
        kept=reads.kept(connection, of.manifests) if of.manifests else None,
        events=store.events_of(connection, row),
        blind=store.blind_during(connection, [row]).get(row.id, ()),
        deployed=deployed,
        deployment=deployment,
        late=told(connection, seen.now).late,
    )
    around = shell(seen, f"Drift {of.number}", "drift", sealed(connection), scope=row.environment)

    def address(**asked: str) -> str:
        query = urlencode({key: value for key, value in asked.items() if value})
        return f"{PATH}/{row.id}{'?' if query else ''}{query}"

    return episode_page(around, row, behind, Part(part, every, address), seen.now, seen.zone)


def _deployed(connection: Connection, row: EpisodeRow) -> tuple[Deployed | None, ChangeOf | None]:
    """What was deployed last before it differed, who approved that, and its change."""
    of = row.of
    last = reads.deployed_before(connection, of.source, row.subject, str(of.layer), of.onset_after or of.onset_before)
    if last is None:
        return None, None
    change = changes.changes_of_events(connection, [last.seq]).get(last.seq)
    approvers = reads.approvers(connection, change.id) if change else []
    who = (
        last.actor_name
        if last.actor_name and last.actor_kind != "automation"
        else "automated"
        if last.actor_name
        else "nobody named"
    )
    return Deployed(last.occurred_at, last.status, who, approvers), change
