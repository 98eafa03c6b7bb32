"""Reads of the drift ledger. Each function is one question and a small, constant number of statements; none opens a transaction.

Lists are newest first (when it was seen to differ, then id). `now` is that of the reader: an open episode stands until then.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Row, and_, case, func, literal, or_, select, union
from sqlalchemy.dialects.postgresql import TSTZRANGE

from app.changes.cursor import change_cursor
from app.changes.drift.rows import BlindRow, Counted, EpisodeRow, Exposed, ExposedInAll
from app.changes.rows import EventRow, Facet, FacetValue, Page
from app.changes.store import EVENT_SELECT, changes_of_events, event_row, read_page
from app.db.tables.drift import blind_spots, drift_state, episode_terms, episodes
from app.db.tables.ledger import events
from app.db.tables.projection import change_events
from app.domain.drift import Blindness, Layer
from app.drift.kept import restored
from app.search.period import Period
from app.search.sql import Filter, drift_filter, stands
from app.search.tree import EVERYTHING, Query

_ROW = select(*(episodes.c[name] for name in ("id", "at", "environment", "class", "limit_seconds", "told")))
_STANDING = episodes.c.ended_at.is_(None)
_BLIND = (
    *("id", "number", "layer", "source", "application", "workspace", "project", "destination", "environment", "class"),
    *("why", "because", "since_after", "at", "ended_at"),
)


def episodes_matching(
    connection: Connection, query: Query, period: Period | None, now: datetime, cursor: str | None = None, limit: int = 50
) -> Page[EpisodeRow]:
    """A page of the list: episodes that stood at some time in `period`. Two statements. Raises UsageError for a cursor that is
    none."""
    found = drift_filter(query, period, now)
    rows, page = read_page(connection, _ROW.where(*found.where), found, change_cursor(cursor), limit, "at", "id")
    return Page(_rows(connection, rows), page.older, page.newer)


def count_episodes(connection: Connection, query: Query, period: Period | None, now: datetime) -> int:
    """How many match, exactly."""
    found = drift_filter(query, period, now)
    return connection.execute(select(func.count()).select_from(episodes).where(*found.where)).scalar_one()


def episode_by_id(connection: Connection, episode: UUID) -> EpisodeRow | None:
    """Everything of one episode; None when there is none of this id."""
    found = _rows(connection, list(connection.execute(_ROW.where(episodes.c.id == episode))))
    return found[0] if found else None


def episodes_of_change(connection: Connection, change: UUID, limit: int = 50) -> tuple[EpisodeRow, ...]:
    """The newest episodes that a change stands on, or ended. One statement, two where there are some."""
    told = (episodes.c.told_by, episodes.c.ended_told_by)
    ids = (
        select(episodes.c.id).join(change_events, change_events.c.seq == seq).where(change_events.c.change == change)
        for seq in told
    )
    statement = _ROW.where(episodes.c.id.in_(union(*ids))).order_by(episodes.c.at.desc(), episodes.c.id.desc()).limit(limit)
    return _rows(connection, list(connection.execute(statement)))


def open_now(connection: Connection, limit: int = 500) -> tuple[EpisodeRow, ...]:
    """The drift that stands, or of which it is not known whether it does; what stands longest comes first."""
    statement = _ROW.where(_STANDING, episodes.c.drift).order_by(episodes.c.at, episodes.c.id).limit(limit)
    return _rows(connection, list(connection.execute(statement)))


Unread = Mapping[str, datetime]  # sources that are not read now, and when they were: what is of them is known as of then


def worst_standing(
    connection: Connection, query: Query, now: datetime, unread: Unread, *, drift: bool = True, limit: int = 50
) -> tuple[EpisodeRow, ...]:
    """Of what matches, what stands or of which it is not known: over its limit first, then unknown, then within its limit, then
    without one; among equals what stands longest. `drift` False: the differences that are none. Two statements."""
    found = drift_filter(query, None, now)
    over = stands("over-limit", _as_of(now, unread))
    unknown = or_(episodes.c.state == "unknown", episodes.c.source.in_(list(unread)))
    rank = case((over, 0), (unknown, 1), (episodes.c.limit_seconds.is_not(None), 2), else_=3)
    mine = _STANDING, episodes.c.drift if drift else ~episodes.c.drift
    statement = _ROW.where(*mine, *found.where).order_by(rank, episodes.c.at, episodes.c.id).limit(limit)
    return _rows(connection, list(connection.execute(statement)))


def standing_now(connection: Connection, now: datetime, query: Query = EVERYTHING, unread: Unread | None = None) -> dict[str, int]:
    """How many of what matches stand, in parts that make up the whole: `over` its limit, `within` it, `unlimited`, `unknown`, and
    `not drift`. One statement."""
    unread = unread or {}
    over = stands("over-limit", _as_of(now, unread))
    unknown = or_(episodes.c.state == "unknown", episodes.c.source.in_(list(unread)))
    limited = episodes.c.limit_seconds.is_not(None)
    how = case((~episodes.c.drift, "not drift"), (over, "over"), (unknown, "unknown"), (limited, "within"), else_="unlimited")
    statement = select(how.label("how"), func.count().label("n")).where(_STANDING, *drift_filter(query, None, now).where)
    found = {row.how: row.n for row in connection.execute(statement.group_by("how"))}
    return {name: found.get(name, 0) for name in ("over", "within", "unlimited", "unknown", "not drift")}


def _as_of(now: datetime, unread: Unread) -> Any:
    return case(unread, value=episodes.c.source, else_=now) if unread else now


def _rows(connection: Connection, rows: Sequence[Row[Any]]) -> tuple[EpisodeRow, ...]:
    whole = [(row, restored(row.told)) for row in rows]
    seqs = {seq for _, one in whole for seq in (one.told_by, one.ended_told_by) if seq is not None}
    of = changes_of_events(connection, sorted(seqs)) if seqs else {}
    return tuple(
        EpisodeRow(
            id=row.id,
            of=one,
            environment=row.environment,
            cls=row._mapping["class"],
            limit=None if row.limit_seconds is None else timedelta(seconds=row.limit_seconds),
            change=of.get(one.told_by) if one.told_by is not None else None,
            ended_change=of.get(one.ended_told_by) if one.ended_told_by is not None else None,
        )
        for row, one in whole
    )


def events_of(connection: Connection, row: EpisodeRow) -> list[EventRow]:
    """The events that tell of it, in the ledger's order. One statement."""
    seqs = {*row.of.seqs, *(seq for seq in (row.of.told_by, row.of.ended_told_by) if seq is not None)}
    found = connection.execute(EVENT_SELECT.where(events.c.seq.in_(sorted(seqs))).order_by(events.c.seq))
    return [event_row(one) for one in found]


def blind_during(connection: Connection, rows: Sequence[EpisodeRow]) -> dict[UUID, tuple[BlindRow, ...]]:
    """For each episode, the times while it stood, or may have stood, in which nobody could tell. One statement."""
    if not rows:
        return {}
    began = func.coalesce(blind_spots.c.since_after, blind_spots.c.at)
    meets = (
        blind_spots.c.subject == episodes.c.subject,
        or_(episodes.c.ended_at.is_(None), began < episodes.c.ended_at),
        or_(blind_spots.c.ended_at.is_(None), blind_spots.c.ended_at > episodes.c.at),
    )
    columns = [blind_spots.c[name] for name in _BLIND]
    statement = select(episodes.c.id.label("episode"), *columns).join_from(episodes, blind_spots, and_(*meets))
    statement = statement.where(episodes.c.id.in_([row.id for row in rows])).order_by(blind_spots.c.at, blind_spots.c.id)
    found: dict[UUID, tuple[BlindRow, ...]] = {}
    for row in connection.execute(statement):
        found[row.episode] = (*found.get(row.episode, ()), _blind(row))
    return found


def blind_matching(
    connection: Connection, period: Period | None, cursor: str | None = None, limit: int = 50, *, standing: bool = False
) -> Page[BlindRow]:
    """Blind spots that touch `period`, newest first; `standing`: only those that still are. One statement."""
    found = Filter(blind_spots, blind_spots.c.at, blind_spots.c.id, _touching(period, standing), blind_spots)
    statement = select(*(blind_spots.c[name] for name in _BLIND)).where(*found.where)
    rows, page = read_page(connection, statement, found, change_cursor(cursor), limit, "at", "id")
    return Page(tuple(_blind(row) for row in rows), page.older, page.newer)


def count_blind(connection: Connection, period: Period | None, *, standing: bool = False) -> int:
    """How many `blind_matching` has."""
    statement = select(func.count()).select_from(blind_spots).where(*_touching(period, standing))
    return connection.execute(statement).scalar_one()


def _touching(period: Period | None, standing: bool) -> tuple[ColumnElement[bool], ...]:
    where: list[ColumnElement[bool]] = [blind_spots.c.ended_at.is_(None)] if standing else []
    if period and period.end:
        where.append(func.coalesce(blind_spots.c.since_after, blind_spots.c.at) < period.end)
    if period and period.start:
        where.append(or_(blind_spots.c.ended_at.is_(None), blind_spots.c.ended_at >= period.start))
    return tuple(where)


def _blind(row: Any) -> BlindRow:
    return BlindRow(
        id=row.id,
        number=row.number,
        layer=Layer(row.layer),
        source=row.source,
        application=row.application,
        workspace=row.workspace,
        project=row.project,
        destination=row.destination,
        environment=row.environment,
        cls=row._mapping["class"],
        why=Blindness(row.why),
        because=row.because,
        since_after=row.since_after,
        since_before=row.at,
        ended_at=row.ended_at,
    )


def exposure(
    connection: Connection,
    query: Query,
    period: Period,
    now: datetime,
    unread: Unread | None = None,
    limit: int = 500,
    skip: int = 0,
) -> list[Exposed]:
    """Drift by object over `period`, up to `now`: the longest exposed first. Overlaps count once. One statement.

    Where only their number is known (lost self-heals) there is no length, and they are counted as episodes alone. What nobody
    could tell (an unknown state) is in `unknown`, never in `seconds`.
    """
    each = _by_object(query, period, now, unread or {})
    length = _length(each.c.out)
    statement = select(each, length.label("seconds"), _length(each.c.late).label("beyond"), _length(each.c.unknown).label("blind"))
    order = (length.desc(), each.c.source, each.c.application, each.c.workspace, each.c.name, each.c.object)
    return [_exposed(row) for row in connection.execute(statement.order_by(*order).offset(skip).limit(limit))]


def exposed_in_all(connection: Connection, query: Query, period: Period, now: datetime, unread: Unread) -> ExposedInAll:
    """Sums over every object that `exposure` lists. One statement."""
    each = _by_object(query, period, now, unread)
    sums = (func.count(), func.sum(each.c.episodes), *(func.sum(_length(each.c[name])) for name in ("out", "late", "unknown")))
    objects, many, seconds, beyond, unknown = connection.execute(select(*sums).select_from(each)).one()
    return ExposedInAll(objects, int(many or 0), float(seconds or 0), float(beyond or 0), float(unknown or 0))


def _by_object(query: Query, period: Period, now: datetime, unread: Unread) -> Any:
    start, end = period.start, min(period.end or now, now)
    found = drift_filter(query, Period(start, end), now)
    clip = func.tstzrange(start, end, type_=TSTZRANGE)

    def spans(low: ColumnElement[Any], high: ColumnElement[Any], where: ColumnElement[bool]) -> ColumnElement[Any]:
        span = func.tstzrange(low, func.greatest(low, high), type_=TSTZRANGE)
        return func.range_agg(span.op("*")(clip)).filter(where)

    known = func.coalesce(episodes.c.unknown_since, case(unread, value=episodes.c.source) if unread else None)
    seen = func.coalesce(episodes.c.ended_at, known, literal(now))
    many = case((episodes.c.counted, episodes.c.size), else_=1)
    alone, limited = ~episodes.c.counted, episodes.c.limit_seconds.is_not(None)
    late = episodes.c.at + func.make_interval(0, 0, 0, 0, 0, 0, episodes.c.limit_seconds)
    unsure = and_(alone, episodes.c.ended_at.is_(None), known.is_not(None))
    shown = [
        func.max(episodes.c[name]).label(name)
        for name in ("source", "application", "workspace", "environment", "class", "kind", "name", "namespace", "destination")
    ]
    return (
        select(
            *shown,
            episodes.c.object.label("object"),
            func.sum(many).label("episodes"),
            func.count().filter(_STANDING).label("standing"),
            spans(episodes.c.at, seen, alone).label("out"),
            spans(late, seen, and_(alone, limited)).label("late"),
            spans(known, literal(now), unsure).label("unknown"),
            func.bool_or(limited).label("limited"),
            func.array_agg(episodes.c.id.op("ORDER BY")(episodes.c.at.desc())).label("ids"),
            func.array_agg(episodes.c.told["ended_by"].astext).label("ends"),
            func.array_agg(many).label("sizes"),
        )
        .where(episodes.c.drift, *found.where)
        .group_by(episodes.c.subject, episodes.c.object)
        .subquery()
    )


def _length(ranges: ColumnElement[Any]) -> ColumnElement[float]:
    """Seconds in a multirange."""
    one = func.unnest(ranges).column_valued("one")
    seconds = func.sum(func.extract("epoch", func.upper(one) - func.lower(one)))
    return func.coalesce(select(seconds).where(~func.isempty(one)).scalar_subquery(), 0.0)


def _exposed(row: Any) -> Exposed:
    def spans(ranges: Any) -> tuple[tuple[datetime, datetime], ...]:
        return tuple((one.lower, one.upper) for one in ranges or () if not one.isempty)

    ends: Counter[str] = Counter()
    for ended, size in zip(row.ends, row.sizes, strict=True):
        ends.update({ended: size} if ended is not None else {})
    return Exposed(
        *(row.source, row.application, row.workspace, row.environment, row._mapping["class"], row.kind, row.name, row.namespace),
        episodes=int(row.episodes),
        standing=row.standing,
        intervals=spans(row.out),
        seconds=float(row.seconds),
        unknown=float(row.blind),
        beyond=float(row.beyond) if row.limited else None,
        newest=row.ids[0],
        destination=row.destination,
        late=spans(row.late),
        unsure=spans(row.unknown),
        ends=dict(ends),
    )


def counted(connection: Connection, environment: str | None = None, unread: Collection[str] = ()) -> Counted:
    """How many applications and workspaces stand how, in one environment or in all. Those as declared whose source is not read
    now are `not read`. One statement."""
    here = [drift_state.c.environment == environment] if environment else []
    late = and_(drift_state.c.standing == "as declared", drift_state.c.source.in_(list(unread)))
    how = case((late, "not read"), else_=drift_state.c.standing)
    statement = select(how.label("how"), func.count().label("n"), func.min(drift_state.c.looked_at).label("looked"))
    statement = statement.where(drift_state.c.standing != "gone", *here).group_by("how")
    rows = {row.how: row for row in connection.execute(statement)}
    declared = rows.get("as declared")
    return Counted({name: row.n for name, row in rows.items()}, declared.looked if declared else None)


FACETS = {"cause": "cause", "state": "is", "environment": "env", "class": "class", "where": "app", "ended": "ended"}


def facets(connection: Connection, query: Query, period: Period | None, now: datetime, top: int = 8) -> list[Facet]:
    """For each of FACETS the values found most among the matches, the largest first. One statement."""
    found = drift_filter(query, period, now)
    wanted = {**{key: name for name, key in FACETS.items()}, "workspace": "where"}
    named = case(wanted, value=episode_terms.c.key).label("facet")
    matching = select(episodes.c.id).where(*found.where)
    counts = (
        select(named, episode_terms.c.key, episode_terms.c.value, func.count().label("n"))
        .where(episode_terms.c.key.in_(list(wanted)), episode_terms.c.episode.in_(matching))
        .group_by(named, episode_terms.c.key, episode_terms.c.value)
    ).subquery()
    place = func.row_number().over(partition_by=counts.c.facet, order_by=(counts.c.n.desc(), counts.c.key, counts.c.value))
    ranked = select(counts, place.label("place"), func.count().over(partition_by=counts.c.facet).label("total")).subquery()
    rows = connection.execute(select(ranked).where(ranked.c.place <= top).order_by(ranked.c.facet, ranked.c.place))
    out: dict[str, tuple[list[FacetValue], int]] = {name: ([], 0) for name in FACETS}
    for row in rows:
        out[row.facet] = ([*out[row.facet][0], FacetValue(row.key, row.value, row.value, row.n)], row.total)
    return [Facet(name, tuple(values), total - len(values)) for name, (values, total) in out.items()]
