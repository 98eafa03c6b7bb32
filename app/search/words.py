"""Tree, count and period → the sentence that stands above a list, in every export's header and in the JSON."""

import calendar
import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.search.fields import Field, Fields, Kind
from app.search.period import Period, narrowed
from app.search.tree import Query, Span, Term, Value

_ONE = {
    "changes": "change",
    "events": "event",
    "episodes": "episode",
    "findings": "finding",
    "accounts": "account",
    "paths": "path",
}


@dataclass(frozen=True, slots=True)
class Sentence:
    """`lead` is the number and what it counts, `rest` all that follows, with its full stop."""

    lead: str
    rest: str

    def __str__(self) -> str:
        return self.lead + self.rest


def sentence(what: str, fields: Fields, query: Query, count: int | None, period: Period | None) -> Sentence:
    """`214 changes` + ` to production that renovate[bot] did not author, from … up to … UTC.`

    `what` is the list's name; without a count the sentence begins "Changes". Its order is the order of `fields`, so two
    queries that mean the same read the same.
    """
    lead = what.capitalize() if count is None else f"{count:,} {_ONE.get(what, what) if count == 1 else what}"
    keys = list(fields)
    terms = sorted((t for t in query.terms if t.key not in ("after", "before", "")), key=lambda t: keys.index(t.key))
    said = [_phrase(fields[term.key], term) for term in terms]
    words = [_free(term) for term in query.terms if not term.key]
    body = ", ".join(_joined(said) + words)
    if count == 1:
        body = body.replace("that are ", "that is ")
    times = _period(narrowed(query, period))
    return Sentence(lead, (f" {body}" if body else "") + (f", {times}" if times else "") + ".")


_ACTS = re.compile(r"that (?!are |is )")


def _joined(said: list[str]) -> list[str]:
    """Where something happened and who did it run on without a comma: `to production that Ana Ferreira authored`."""
    out: list[str] = []
    for phrase in said:
        if len(out) == 1 and _ACTS.match(phrase) and " that " not in out[-1]:
            out[-1] += f" {phrase}"
        else:
            out.append(phrase)
    return out


def _phrase(field: Field, term: Term) -> str:
    if len(term.values) == 1 and getattr(term.values[0], "wild", False) and getattr(term.values[0], "text", "") == "*":
        return f"with {'no' if term.negated else 'any'} {field.key}"
    names = [_name(field, value) for value in term.values]
    return (field.no if term.negated else field.yes).replace("{}", _any(names))


def _name(field: Field, value: Value) -> str:
    if isinstance(value, Span):
        return _span(value)
    if field.kind is Kind.CHOICE:
        return value.text.lower().replace("-", " ").replace("_", " ")
    if field.kind is Kind.NUMBER:
        return value.text
    return value.text if value.wild or not _unclear(value.text) else f"“{value.text}”"


def _unclear(text: str) -> bool:
    """Whether it must be quoted to be read as one name."""
    return "," in text or "*" in text or text != text.strip() or f" {text} ".find(" or ") >= 0


def _span(span: Span) -> str:
    if span.low is not None and span.high is not None:
        return f"{span.low} to {span.high}"
    if span.low is not None:
        return f"{span.low} or more" if span.low_in else f"more than {span.low}"
    return f"{span.high} or less" if span.high_in else f"less than {span.high}"


def _any(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"


def _free(term: Term) -> str:
    words = " or ".join(f"“{value.text}”" for value in term.values if not isinstance(value, Span))
    return f"{'not ' if term.negated else ''}mentioning {words}"


def _period(period: Period) -> str:
    if period.start and period.end:
        return f"from {time_words(period.start)} up to {time_words(period.end)} UTC"
    if period.start:
        return f"from {time_words(period.start)} UTC on"
    return f"up to {time_words(period.end)} UTC" if period.end else ""


def time_words(at: datetime) -> str:
    """`24 September 2026 00:00`, with seconds and their parts only when there are any."""
    clock = at.strftime("%H:%M:%S" if at.second or at.microsecond else "%H:%M")
    fraction = f".{at.microsecond:06d}" if at.microsecond else ""
    return f"{at.day} {calendar.month_name[at.month]} {at.year} {clock}{fraction}"


def seconds_words(length: timedelta) -> str:
    """`4 d 6 h 56 min`, `8 min 08 s`, `27 s`: the two or three largest parts."""
    whole = int(length.total_seconds())
    sign, whole = ("−", -whole) if whole < 0 else ("", whole)
    days, hours, minutes, seconds = whole // 86400, whole // 3600 % 24, whole // 60 % 60, whole % 60
    if days:
        return f"{sign}{days} d {hours} h {minutes} min"
    if hours:
        return f"{sign}{hours} h {minutes:02d} min"
    return f"{sign}{minutes} min {seconds:02d} s" if minutes else f"{sign}{seconds} s"
