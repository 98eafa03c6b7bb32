"""What every list page has: the box, its chips, the period, facets, days, the pager, what to say when it is empty."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.changes.rows import Facet, FacetValue
from app.errors import SearchError
from app.search.language import print_query, print_term
from app.search.tree import Query, Span, Term, Value, Word
from app.web.asked import Asked, since
from app.web.times import Zone, iso, shown
from app.web.views import marks
from app.web.views.marks import Badge
from app.web.views.shell import Choice

PRESETS = ((1, "24 h"), (7, "7 d"), (14, "14 d"), (91, "Quarter"))


@dataclass(frozen=True, slots=True)
class Chip:
    key: str
    how: str
    value: str
    drop: str


@dataclass(frozen=True, slots=True)
class Wrong:
    """What is wrong with the query: a sentence, and a mended address where there is one."""

    text: str
    nearest: str = ""
    href: str = ""


@dataclass(frozen=True, slots=True)
class Box:
    action: str
    label: str
    hint: str
    q: str
    kept: tuple[tuple[str, str], ...]
    chips: tuple[Chip, ...]
    clear: str
    error: Wrong | None


@dataclass(frozen=True, slots=True)
class PeriodForm:
    action: str
    zone: str
    from_: str
    to: str
    kept: tuple[tuple[str, str], ...]
    presets: tuple[Choice, ...]
    error: str


@dataclass(frozen=True, slots=True)
class FacetItem:
    value: str
    count: str
    only: str
    without: str
    on: bool
    verdict: Badge | None


@dataclass(frozen=True, slots=True)
class FacetGroup:
    name: str
    items: tuple[FacetItem, ...]
    more: str


@dataclass(frozen=True, slots=True)
class Pager:
    text: str
    first: str
    older: str


@dataclass(frozen=True, slots=True)
class Empty:
    head: str
    text: str
    links: tuple[Choice, ...] = ()


def box(path: str, what: str, hint: str, asked: Asked, query: Query | None, error: Wrong | None) -> Box:
    """`query` is None when it could not be understood."""
    return Box(
        action=path,
        label=f"Search {what}",
        hint=hint,
        q=asked.q,
        kept=tuple((name, value) for name, value in (("from", asked.from_), ("to", asked.to), ("limit", asked.limit)) if value),
        chips=tuple(_chip(path, asked, query, term) for term in query.terms) if query else (),
        clear=asked.address(path, q=None),
        error=error,
    )


def wrong(path: str, asked: Asked, error: SearchError) -> Wrong:
    """The error with its position, and the query mended with the nearest key or value."""
    text = f"{error.found[:1].upper()}{error.found[1:]} (position {error.position + 1})"
    text += f"; expected {error.expected}." if error.expected else "."
    if not error.nearest:
        return Wrong(text)
    tail = asked.q[error.position :]
    word = tail.split(":", 1)[0] if ":" in tail.split(" ", 1)[0] else tail.split(" ", 1)[0]
    mended = asked.q[: error.position] + error.nearest + tail[len(word) :]
    return Wrong(text, error.nearest, asked.address(path, q=mended))


def _chip(path: str, asked: Asked, query: Query, term: Term) -> Chip:
    rest = Query(tuple(t for t in query.terms if t is not term))
    many = len(term.values) > 1
    how = ("is none of" if many else "is not") if term.negated else "is one of" if many else "is"
    if not term.key:
        how = "without" if term.negated else ""
    return Chip(term.key or "text", how, ", ".join(_said(v) for v in term.values), asked.address(path, q=print_query(rest)))


def _said(value: Value) -> str:
    if isinstance(value, Span):
        return print_term(Term("", (value,)))
    return value.text


def period(path: str, asked: Asked, zone: Zone, now: datetime, error: str = "") -> PeriodForm:
    starts = {
        days: since(now, days, zone) if days > 1 else iso((now - timedelta(days=1)).replace(second=0, microsecond=0))
        for days, _ in PRESETS
    }
    presets = [
        Choice(text, asked.address(path, from_=starts[days], to=None), asked.from_ == starts[days] and not asked.to)
        for days, text in PRESETS
    ]
    presets.append(Choice("All", asked.address(path, from_=None, to=None), not asked.from_ and not asked.to))
    kept = tuple((name, value) for name, value in (("q", asked.q), ("limit", asked.limit)) if value)
    return PeriodForm(path, zone.name, asked.from_, asked.to, kept, tuple(presets), error)


def facets(path: str, asked: Asked, query: Query, found: Sequence[Facet], names: Mapping[str, str]) -> tuple[FacetGroup, ...]:
    """`names` says what a facet is called on the page; one that is not in it is called by its own name."""
    return tuple(_group(path, asked, query, facet, names) for facet in found)


def pager(path: str, asked: Asked, here: int, total: int, older: str | None, order: str) -> Pager:
    """`50 of 214, newest first, by time and then id`."""
    first = asked.address(path) if asked.cursor else ""
    return Pager(f"{here:,} of {total:,}, newest first, by {order}", first, asked.address(path, cursor=older) if older else "")


def _group(path: str, asked: Asked, query: Query, facet: Facet, names: Mapping[str, str]) -> FacetGroup:
    items = [_item(path, asked, query, value) for value in facet.values]
    return FacetGroup(
        names.get(facet.name, facet.name.capitalize()),
        tuple(items),
        f"{facet.more:,} more; search finds them" if facet.more else "",
    )


def _item(path: str, asked: Asked, query: Query, value: FacetValue) -> FacetItem:
    key, text, label, count = value.key, value.value, value.label, value.count
    facet_term = print_term(Term(key, (Word(text),)))
    mine = [t for t in query.terms if t.key == key and not t.negated]
    on = any(not isinstance(v, Span) and v.text.casefold() == text.casefold() for t in mine for v in t.values)
    others = " ".join(print_term(t) for t in query.terms if t not in mine)
    only = others if on else f"{others} {facet_term}".strip()
    without = f"{print_query(query)} -{facet_term}".strip()
    badge = marks.verdict(text.replace("-", "_")) if key == "verdict" else None
    return FacetItem(label or text, f"{count:,}", asked.address(path, q=only), asked.address(path, q=without), on, badge)


def day_of(at: datetime, zone: Zone) -> str:
    return shown(at, zone).day


def no_matches(path: str, asked: Asked, what: str) -> Empty:
    """Why the list is empty, and what to do next."""
    if not (asked.q or asked.from_ or asked.to):
        text = f"No {what} are held yet. They appear as soon as a source has been read; the sources page says how far that is."
        return Empty(f"No {what} yet", text, (Choice("Sources", "/sources"),))
    links = []
    if asked.from_ or asked.to:
        links.append(Choice("All times", asked.address(path, from_=None, to=None)))
    if asked.q:
        links.append(Choice("Without the search", asked.address(path, q=None)))
    return Empty(
        f"No {what} match",
        "Nothing that was read matches. Where a source was not read, the sources page says so.",
        tuple(links) or (Choice("Sources", "/sources"),),
    )
