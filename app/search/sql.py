"""Tree → WHERE. Changes are found through `change_terms`, events through their columns.

A list's filter leads with its rarest exact term where there is one: `change_terms` is then read in the order of the list,
straight from its index, whichever page is asked for.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select, and_, any_, exists, false, func, literal, or_, select, true, union_all
from sqlalchemy.sql.elements import KeyedColumnElement

from app.db.tables.drift import episode_terms, episodes
from app.db.tables.ledger import events
from app.db.tables.projection import PARTING, change_events, change_terms, changes
from app.search.fields import CHANGES, folded
from app.search.period import Period, narrowed
from app.search.resources import spoken
from app.search.tree import Query, Term, Value, Word

Condition = ColumnElement[bool]
Spelled = Mapping[tuple[str, str], Sequence[str]]  # (key, value as typed) → how the events spell it

_LIKE_AN_ID = re.compile(r"[\d/#:_-]")
_PARTED = str.maketrans(dict.fromkeys(PARTING, " "))
TIMES = ("after", "before")
CHOICES = ("verdict", "is", "cause", "ended", "layer")
SPELLED = ("source", "app", "workspace", "repo")
COLUMNS = {
    "source": events.c.source,
    "type": events.c.type,
    "step": events.c.step,
    "status": events.c.status,
    "app": events.c.application,
    "workspace": events.c.workspace,
    "repo": events.c.repository,
    "run": events.c.run,
}


@dataclass(frozen=True, slots=True)
class Filter:
    """What a query selects. `rows` to select from, `where` to hold, (`at`, `id`) descending to order by.

    For changes `rows` is only as wide as the conditions need; `whole` has the columns of `changes` too.
    """

    rows: FromClause
    at: KeyedColumnElement[Any]
    id: KeyedColumnElement[Any]
    where: tuple[Condition, ...]
    whole: FromClause

    def order(self) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
        return self.at.desc(), self.id.desc()


def changes_filter(query: Query, period: Period | None, *, paged: bool = False, many: bool = False) -> Filter:
    """What `query` selects of the changes whose time lies in `period`.

    `paged`: only the next few rows of the list are wanted, so it is walked in its order and each row is asked about the
    other terms; all of them where it is known that `many` match, else those that most rows are expected to pass. Without it,
    for counts and whole lists, the database is free to join.
    """
    terms = [asked for term in query.terms if term.key not in TIMES for asked in spoken(term)]
    leader = _leader(terms)
    led = change_terms.alias("led") if leader else None
    base = Filter(changes, changes.c.at, changes.c.id, (), changes)
    if led is not None and leader is not None:
        joined = led.join(changes, changes.c.id == led.c.change)
        first = (led.c.key == leader.key, led.c.value == stored(leader.key, leader.values[0]))
        base = Filter(led, led.c.at, led.c.change, first, joined)
    rest = [term for term in terms if term is not leader]
    if any(_needs_row(term) for term in rest):
        base = replace(base, rows=base.whole)
    walked = CHANGES[leader.key].rank if leader else None
    asked = (change_condition(term, base.id, each=paged and (many or _common(term, walked))) for term in rest)
    return replace(base, where=(*base.where, *within(base.at, narrowed(query, period)), *asked))


def _common(term: Term, rank: int | None) -> bool:
    """Whether most rows are expected to pass: not what a list led by a term of this rank, or by none, is narrowed by first."""
    return bool(term.key) and (term.negated or (rank is not None and CHANGES[term.key].rank > rank and _exact(term)))


def within(at: ColumnElement[Any], period: Period) -> tuple[Condition, ...]:
    """`at` lies in the half-open period."""
    starts = (at >= period.start,) if period.start else ()
    return (*starts, at < period.end) if period.end else starts


def _leader(terms: Sequence[Term]) -> Term | None:
    able = [t for t in terms if t.key and t.key != "number" and not t.negated and len(t.values) == 1 and _exact(t)]
    return min(able, key=lambda t: CHANGES[t.key].rank, default=None)


def _exact(term: Term) -> bool:
    value = term.values[0]
    if not isinstance(value, Word) or value.wild or (term.key == "control" and "/" not in value.text):
        return False
    return term.key != "commit" or len(value.text) == 40


def _needs_row(term: Term) -> bool:
    return not term.key or term.key == "number"


def stored(key: str, value: Value) -> str:
    """The value as `change_terms` holds it; choices are held with hyphens."""
    text = folded(value.text) if isinstance(value, Word) else ""
    return text.replace(" ", "-").replace("_", "-") if key in CHOICES else text


def change_condition(term: Term, change: ColumnElement[Any], each: bool = False) -> Condition:
    """One term, for the change whose id is `change`. `each`: as a question to each row, which no join can be made of."""
    if not term.key:
        found = or_(*(_mentions(value, change) for value in term.values))
    elif term.key == "number":
        found = or_(*(number_condition(changes.c.number, value) for value in term.values))
    else:
        terms = change_terms.alias()
        same = (terms.c.change == change, terms.c.key == term.key, _any_value(terms.c.value, term))
        one = select(terms.c.change).where(*same).limit(1).correlate_except(terms).scalar_subquery()
        found = one.is_not(None) if each else exists().where(*same)
    return ~found if term.negated else found


def _any_value(column: ColumnElement[str], term: Term) -> Condition:
    plain: list[str] = []
    patterns: list[Condition] = []
    for value in term.values:
        text = stored(term.key, value)
        if text == "*" and isinstance(value, Word) and value.wild:
            return true()
        if isinstance(value, Word) and value.wild:
            patterns.append(column.like(pattern(text)))
        elif term.key == "commit" and len(text) < 40:
            patterns.append(column.like(pattern(text + "*")))
        elif term.key == "control" and "/" not in text:
            plain.extend(f"{text}/{verdict}" for verdict in ("pass", "fail", "exception", "indeterminate"))
        else:
            plain.append(text)
    return or_(*([column.in_(plain)] if plain else []), *patterns)


def pattern(text: str, wild: bool = True) -> str:
    """A LIKE pattern in which nothing but, if `wild`, * is special."""
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return escaped.replace("*", "%") if wild else escaped


def number_condition(column: ColumnElement[int], value: Value) -> Condition:
    """A number, or numbers between two ends."""
    if isinstance(value, Word):
        return column == int(value.text)
    low = [] if value.low is None else [column >= value.low if value.low_in else column > value.low]
    high = [] if value.high is None else [column <= value.high if value.high_in else column < value.high]
    return and_(*low, *high)


def _mentions(value: Value, change: ColumnElement[Any]) -> Condition:
    """Free text: in title, people, applications and workspaces; or exactly an id or a name that finds the change."""
    if not isinstance(value, Word):
        return false()
    stem = value.text[:-1] if value.wild else value.text
    if not any(map(str.isalnum, stem)) or (value.wild and not (stem.isalnum() and value.text.endswith("*"))):
        anywhere = f"%{pattern(value.text.lower(), value.wild)}%"
        shown = (changes.c.title, changes.c.people, changes.c.applications, changes.c.workspaces)
        return or_(*(func.lower(column).like(anywhere) for column in shown))
    if value.wild:
        return changes.c.words.op("@@")(func.to_tsquery("simple", f"{stem}:*"))
    spoken = changes.c.words.op("@@")(func.phraseto_tsquery("simple", stem.translate(_PARTED)))
    if not _LIKE_AN_ID.search(value.text):
        return spoken
    terms = change_terms.alias()
    keys = ("run", "pr", "commit", "app", "workspace", "repo", "drift", "resource")
    ways = [
        select(changes.c.id).where(spoken),
        select(terms.c.change).where(terms.c.key.in_(keys), terms.c.value == folded(value.text)),
    ]
    if value.text.isdecimal() and value.text.isascii() and len(value.text) <= 18:
        ways.append(select(changes.c.id).where(changes.c.number == int(value.text)))
    return change.in_(union_all(*ways))


def events_filter(query: Query, period: Period | None, spelled: Spelled) -> Filter:
    """What `query` selects of the events that occurred in `period`; `spelled` comes from `spellings`."""
    where = [*within(events.c.occurred_at, narrowed(query, period))]
    for term in query.terms:
        if term.key not in TIMES:
            found = or_(*(event_condition(term.key, value, spelled) for value in term.values))
            where.append(~func.coalesce(found, False) if term.negated else found)
    return Filter(events, events.c.occurred_at, events.c.seq, tuple(where), events)


def event_condition(key: str, value: Value, spelled: Spelled) -> Condition:
    """One value of one key, for an event."""
    if key == "seq":
        return number_condition(events.c.seq, value)
    if key == "change":
        inside = select(change_events.c.seq).join(changes, changes.c.id == change_events.c.change)
        return events.c.seq.in_(inside.where(number_condition(changes.c.number, value)))
    text = value.text if isinstance(value, Word) else ""
    wild = isinstance(value, Word) and value.wild
    match key:
        case "is":
            return events.c.known.is_(False) if text.lower() == "unknown" else events.c.how == text.lower()
        case "pr":
            return _pull(text, wild)
        case "commit":
            return _commit(text, wild)
        case "actor":
            return or_(matches(events.c.actor_name, text, wild), matches(events.c.actor_id, text, wild))
        case "":
            return _text(text, wild)
    if text == "*" and wild:
        return COLUMNS[key].is_not(None)
    if key in SPELLED:
        return COLUMNS[key].in_(spelled.get((key, text), ()))
    return matches(COLUMNS[key], text, wild)


def matches(column: ColumnElement[Any], text: str, wild: bool = False) -> Condition:
    """`column` is `text`, whatever the case of either."""
    lower: ColumnElement[str] = func.lower(column)
    return lower.like(pattern(text.lower())) if wild else lower == text.lower()


def _pull(text: str, wild: bool) -> Condition:
    if text == "*" and wild:
        return events.c.pull_request.is_not(None)
    repository, _, number = text.rpartition("#")
    numbered = events.c.pull_request == int(number)
    return and_(numbered, matches(events.c.repository, repository, wild)) if repository else numbered


def _commit(text: str, wild: bool) -> Condition:
    if text == "*" and wild:
        return events.c.commits.is_not(None)
    if len(text) == 40:
        return literal(text.lower()) == any_(events.c.commits)
    one = func.unnest(events.c.commits).column_valued("one")
    return exists(select(one).where(one.like(pattern(text.lower() + "*"))).correlate(events))


def _text(text: str, wild: bool) -> Condition:
    anywhere = f"%{pattern(text.lower(), wild)}%"
    shown = (events.c.subject_name, events.c.subject_id, events.c.status, events.c.actor_name)
    return or_(*(func.lower(column).like(anywhere) for column in shown))


def spellings(query: Query) -> Select[Any] | None:
    """One statement (key, typed, found) for how the events spell the values of indexed columns; None when there are none.

    It walks each index from one distinct value to the next, so it costs as many steps as there are values.
    """
    asked = [(term.key, value) for term in query.terms if term.key in SPELLED for value in term.values if isinstance(value, Word)]
    if not asked:
        return None
    walks = {key: _walk(key) for key in {key for key, _ in asked}}
    parts = []
    for key, value in asked:
        walk = walks[key]
        parts.append(
            select(literal(key).label("key"), literal(value.text).label("typed"), walk.c.v.label("found")).where(
                matches(walk.c.v, value.text, value.wild)
            )
        )
    every = union_all(*parts).subquery()
    return select(every)


def _walk(key: str) -> Any:
    column = COLUMNS[key]
    walk = select(func.min(column).label("v")).cte(f"walk_{key}", recursive=True)
    following = select(func.min(column)).where(column > walk.c.v).scalar_subquery()
    return walk.union_all(select(following).where(walk.c.v.is_not(None)))


def drift_filter(query: Query, period: Period | None, now: datetime) -> Filter:
    """What `query` selects of the episodes that stood at some time in `period`; limits are judged as of `now`."""
    span = narrowed(query, period)
    where: list[Condition] = [episodes.c.at < span.end] if span.end else []
    if span.start:
        where.append(or_(episodes.c.ended_at.is_(None), episodes.c.ended_at >= span.start))
    where += [episode_condition(asked, now) for term in query.terms if term.key not in TIMES for asked in spoken(term)]
    return Filter(episodes, episodes.c.at, episodes.c.id, tuple(where), episodes)


def episode_condition(term: Term, now: datetime) -> Condition:
    """One term, for the episode of the row."""
    match term.key:
        case "is":
            found = or_(*(stands(stored("is", value), now) for value in term.values))
        case "change":
            found = or_(*(_of_change(value) for value in term.values))
        case "":
            found = or_(*(_spoken_of(value) for value in term.values))
        case _:
            terms = episode_terms.alias()
            same = (terms.c.episode == episodes.c.id, terms.c.key == term.key, _any_value(terms.c.value, term))
            found = exists().where(*same)
    return ~found if term.negated else found


def stands(word: str, now: datetime) -> Condition:
    """One of `DRIFTS_ARE`, as app/changes/drift/rows.py says it of a row."""
    alone = ~episodes.c.counted
    stood = func.extract("epoch", func.coalesce(episodes.c.ended_at, episodes.c.unknown_since, now) - episodes.c.at)
    match word:
        case "drift":
            return episodes.c.drift
        case "not-drift":
            return ~episodes.c.drift
        case "over-limit":
            return and_(alone, func.coalesce(stood > episodes.c.limit_seconds, False))
        case "within-limit":
            known = and_(alone, episodes.c.state != "unknown")
            return and_(known, func.coalesce(stood <= episodes.c.limit_seconds, False))
    return episodes.c.state == word


def _of_change(value: Value) -> Condition:
    told = or_(change_events.c.seq == episodes.c.told_by, change_events.c.seq == episodes.c.ended_told_by)
    inside = select(change_events.c.seq).join(changes, changes.c.id == change_events.c.change)
    return exists(inside.where(told, number_condition(changes.c.number, value)).correlate(episodes))


def _spoken_of(value: Value) -> Condition:
    """Free text: in the names of what differs and of where it is, or exactly its id."""
    if not isinstance(value, Word):
        return false()
    anywhere = f"%{pattern(value.text.lower(), value.wild)}%"
    shown = (episodes.c[name] for name in ("application", "workspace", "kind", "name", "namespace", "destination"))
    terms = episode_terms.alias()
    named = exists().where(terms.c.episode == episodes.c.id, terms.c.key == "drift", terms.c.value == folded(value.text))
    return or_(named, *(func.lower(column).like(anywhere) for column in shown))
