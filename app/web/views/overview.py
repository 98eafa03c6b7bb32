"""The front page: the period's changes by verdict, what needs a person, the last checkpoint, the sources."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from app.changes.drift.rows import BlindRow, EpisodeRow
from app.search.language import print_term
from app.search.tree import Term, Word
from app.web.times import Time, Zone, shown, took
from app.web.views import drifted
from app.web.views.changes import Row
from app.web.views.density import CLASS
from app.web.views.lists import Empty
from app.web.views.marks import ABOVE, BELOW, VERDICTS, Badge
from app.web.views.shell import Choice, Shell
from app.web.views.sources import standing

ORDER = (*ABOVE, *BELOW)


@dataclass(frozen=True, slots=True)
class Bar:
    css: str
    x: str
    y: str
    width: str


@dataclass(frozen=True, slots=True)
class Count:
    name: str
    text: str
    href: str = ""


@dataclass(frozen=True, slots=True)
class EnvironmentRow:
    name: str
    href: str
    bars: tuple[Bar, ...]
    all: str
    counts: tuple[Count, ...]


@dataclass(frozen=True, slots=True)
class QueueItem:
    badge: Badge
    head: str
    text: str
    href: str
    age: str
    who: str


@dataclass(frozen=True, slots=True)
class CheckpointFacts:
    time: Time
    size: str
    root: str
    since: str


@dataclass(frozen=True, slots=True)
class SourceLine:
    name: str
    badge: Badge
    says: str


@dataclass(frozen=True, slots=True)
class Overview:
    shell: Shell
    presets: tuple[Choice, ...]
    lead: str
    rest: str
    stress: str
    changes: str
    heads: tuple[Badge, ...]
    environments: tuple[EnvironmentRow, ...]
    total: str
    sums: tuple[Count, ...]
    queue: tuple[QueueItem, ...]
    queue_says: str
    queue_empty: str
    checkpoint: CheckpointFacts | None
    sources: tuple[SourceLine, ...]
    broken: tuple[Row, ...]
    failing: str
    failing_text: str
    empty: Empty | None


def totals(found: Mapping[str, Mapping[str, int]]) -> dict[str, int]:
    return {verdict: sum(counts.get(verdict, 0) for counts in found.values()) for verdict in ORDER}


def sentence(found: Mapping[str, Mapping[str, int]], start: datetime, end: datetime, zone: Zone) -> tuple[str, str, str]:
    """(lead, rest, stress)."""
    sums = totals(found)
    many = sum(sums.values())
    lead = f"{many:,} change{'' if many == 1 else 's'}"
    rest = f"from {shown(start, zone).lead} up to {shown(end, zone).lead}."
    if many:
        rest += (
            f" {sums['fail']:,} fail, {sums['indeterminate']:,} cannot be determined, {sums['exception']:,} stand by an exception."
        )
    worst = max(found, key=lambda name: found[name].get("fail", 0), default="")
    most = found[worst].get("fail", 0) if worst else 0
    return lead, rest, f"{most:,} of the failures {'is' if most == 1 else 'are'} in {worst}." if most and len(found) > 1 else ""


def environments(found: Mapping[str, Mapping[str, int]], address: Callable[[str], str]) -> tuple[EnvironmentRow, ...]:
    """`address` turns a query into the address of the list in this period. Bars share one scale, so they can be compared."""
    longest = max((max(sum(c.get(v, 0) for v in ABOVE), sum(c.get(v, 0) for v in BELOW)) for c in found.values()), default=0)
    rows = []
    for name, counts in sorted(found.items(), key=lambda pair: (pair[0] == "unclassified", -sum(pair[1].values()), pair[0])):
        env = print_term(Term("env", (Word(name),)))
        cells = [
            Count(
                VERDICTS[v].word, f"{counts.get(v, 0):,}", address(f"{env} verdict:{v.replace('_', '-')}") if counts.get(v) else ""
            )
            for v in ORDER
        ]
        rows.append(EnvironmentRow(name, address(env), tuple(_bars(counts, longest)), f"{sum(counts.values()):,}", tuple(cells)))
    return tuple(rows)


def _bars(counts: Mapping[str, int], longest: int) -> list[Bar]:
    out: list[Bar] = []
    for side, y in ((ABOVE, "1"), (BELOW, "12")):
        at = 0.0
        for verdict in side:
            if n := counts.get(verdict, 0):
                width = n * 100 / max(1, longest)
                out.append(Bar(CLASS[verdict], f"{at:.2f}%", y, f"{width:.2f}%"))
                at += width
    return out


def failing(found: Any, titles: Mapping[str, str], address: Callable[[str], str], now: datetime) -> QueueItem:
    """A control and how many changes fail it. `found.value` is `<control>/fail`, as it is searched for."""
    folded = str(found.value).removesuffix("/fail")
    name = next((n for n in titles if n.casefold() == folded), folded.upper())
    many = f"{found.many:,} change{'' if found.many == 1 else 's'}"
    age = f"{took(now - found.newest)} since the last"
    return QueueItem(VERDICTS["fail"], f"{name} fails on {many}", titles.get(name, ""), address(f"control:{folded}/fail"), age, "")


def drifting(one: EpisodeRow, now: datetime, late: drifted.Unread) -> QueueItem:
    """A drift that stands beyond its limit; of a source that is not read now, so far as it was."""
    named, (stood, unread) = drifted.named(one.of), drifted.as_of(one, now, late)
    long = stood.seconds if stood.seconds is not None else stood.least
    beyond = took(long - one.limit.total_seconds()) if one.limit is not None else ""
    badge = Badge("fail", "v-fail", "drift")
    head = f"{named.what} {'was' if unread else 'is'} not as declared, {beyond} over its limit"
    text = f"{named.where}: {drifted.cause(one.of)}" + ("; not read since" if unread else "")
    return QueueItem(badge, head, text, f"/drift/{one.id}", took(long), drifted.written(one.of))


def drifting_more(many: int) -> QueueItem:
    head = f"{many:,} more {'is' if many == 1 else 'are'} not as declared beyond {'its' if many == 1 else 'their'} limit"
    return QueueItem(Badge("fail", "v-fail", "drift"), head, "", "/drift?q=is%3Aover-limit+is%3A%5Bopen%2Cunknown%5D", "", "")


def blind(many: int, first: BlindRow, now: datetime) -> QueueItem:
    """Applications and workspaces of which nobody can tell whether they are as declared; the newest is named."""
    head = f"{many:,} {'thing' if many == 1 else 'things'} cannot be compared with what is declared"
    text = f"{first.subject}: {drifted.WHY.get(first.why, str(first.why))}; {first.because}"
    age = took(now - (first.since_after or first.since_before))
    return QueueItem(drifted.BLIND_SPOT, head, text, "/drift#h-blind", age, "nobody")


def gap(source: str, stream: str, start: datetime, end: datetime, now: datetime, zone: Zone) -> QueueItem:
    badge = Badge("indeterminate", "v-indeterminate", "gap")
    text = f"{shown(start, zone).minute} to {shown(end, zone).minute}. What happened in between may not be known."
    open_ = now - end < timedelta(seconds=1)
    head = f"{took(end - start)} of {source} {stream}" + (", and still going on" if open_ else "")
    return QueueItem(badge, head, text, "/sources", took(now - start), "nobody")


def broken(stream: Any, now: datetime) -> QueueItem:
    since = stream.succeeded_at or stream.started_at or stream.failed_at or now
    badge = Badge("fail", "o-broken", "source")
    head = f"{stream.source} {stream.stream}: {stream.state}"
    return QueueItem(badge, head, str(stream.error or ""), "/sources", took(now - since), "nobody")


def forgets(stream: Any, left: timedelta) -> QueueItem:
    badge = Badge("indeterminate", "v-indeterminate", "forgets")
    head = f"{stream.source} forgets what {stream.stream} shows"
    return QueueItem(badge, head, "It must be read before then, or it is lost.", "/sources", f"{took(left)} left", "nobody")


def source_lines(streams: Sequence[Any], now: datetime) -> tuple[SourceLine, ...]:
    """Each source by its worst stream."""
    tones = ("fail", "indeterminate", "exception", "na", "pass")
    lines = []
    for name in dict.fromkeys(s.source for s in streams):
        mine = [(standing(s, now), s) for s in streams if s.source == name]
        badge, worst = min(mine, key=lambda pair: tones.index(pair[0].tone))
        at = worst.succeeded_at
        says = f"{took(max(timedelta(0), now - at))} ago" if at else ""
        lines.append(SourceLine(name, badge, says if badge.tone == "pass" else f"{worst.stream}, {says}".rstrip(", ")))
    return tuple(lines)
