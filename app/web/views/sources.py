"""Each stream: how it stands, how far behind, where its line breaks, what its source forgets next."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from app.domain.able import spoken as able_to
from app.domain.able import writes
from app.web.times import Time, Zone, shown, shown_or_none, took
from app.web.views.at_risk import AtRisk, Clock, at_risk, clock_of, in_words
from app.web.views.coverage import Line, Span, gaps_in, line_of
from app.web.views.lists import Empty
from app.web.views.live import Live, live_of
from app.web.views.marks import Badge
from app.web.views.remembered import Remembered, progressed, remembered
from app.web.views.shell import Notice, Shell

DAYS = 14
READ = Badge("pass", "o-read", "read")
READING = Badge("pass", "o-read", "being read")
SLOW = Badge("exception", "o-slow", "slow")
AT_RISK = Badge("exception", "v-exception", "at risk")
NEVER = Badge("na", "o-never", "never read")
WAITS = ("throttled",)
NOT_ASKED = ("forbidden", "not found")


@dataclass(frozen=True, slots=True)
class StreamRow:
    name: str
    standing: Badge
    succeeded: Time | None
    form: str
    lag: str
    line: Line
    forgets: str
    pressing: bool
    says: str


@dataclass(frozen=True, slots=True)
class SourceBlock:
    name: str
    says: str
    requests: str
    able: str
    live: Live | None
    notices: tuple[Notice, ...]
    streams: tuple[StreamRow, ...]
    at_risk: tuple[AtRisk, ...]


@dataclass(frozen=True, slots=True)
class GapRow:
    name: str
    from_: Time
    to: Time
    lasted: str


@dataclass(frozen=True, slots=True)
class FailureRow:
    name: str
    state: str
    error: str
    times: str
    first: Time
    last: Time


@dataclass(frozen=True, slots=True)
class UnknownRow:
    source: str
    field: str
    value: str
    times: str
    first: Time


@dataclass(frozen=True, slots=True)
class Sources:
    shell: Shell
    zone: str
    days: tuple[str, ...]
    lead: str
    rest: str
    sources: tuple[SourceBlock, ...]
    gaps: tuple[GapRow, ...]
    failures: tuple[FailureRow, ...]
    unknown: tuple[UnknownRow, ...]
    empty: Empty | None


@dataclass(frozen=True, slots=True)
class Window:
    """The days that are drawn, and the moment the page is true of."""

    start: datetime
    end: datetime
    now: datetime
    zone: Zone


Read = Mapping[tuple[str, str], Sequence[Span]]


def window(now: datetime, zone: Zone) -> Window:
    day = now.astimezone(zone.tz).replace(hour=0, minute=0, second=0, microsecond=0)
    return Window(day - timedelta(days=DAYS - 1), day + timedelta(days=1), now, zone)


def spans(covered: Sequence[Any]) -> dict[tuple[str, str], list[Span]]:
    """Coverage rows by (source, stream)."""
    found: dict[tuple[str, str], list[Span]] = {}
    for row in covered:
        found.setdefault((row.source, row.stream), []).append((row.from_at, row.to_at))
    return found


def tolerance(stream: Any) -> timedelta:
    """What is no gap: the pause between two readings, three times over."""
    every: timedelta = stream.every
    return max(every * 3, timedelta(minutes=2))


def standing(stream: Any, now: datetime) -> Badge:
    if stream.state == "never read" and stream.succeeded_at is None:
        return NEVER if stream.lease_until is None or stream.lease_until < now else READING
    if stream.state in WAITS:
        return Badge("exception", "o-slow", str(stream.state))
    if stream.state in NOT_ASKED and stream.succeeded_at is None:
        return Badge("na", "o-never", f"{stream.state}")
    if stream.state != "read":
        return Badge("fail", "o-broken", str(stream.state))
    if stream.succeeded_at is not None and now - stream.succeeded_at > tolerance(stream):
        return SLOW
    return AT_RISK if _left(stream, now) is not None and _pressing(stream, now) else READ


def _left(stream: Any, now: datetime) -> timedelta | None:
    """How long until the source forgets what it showed when we last read it; None when it never does."""
    if stream.forgets_after is None or stream.succeeded_at is None or stream.forgets_after == timedelta(0):
        return None
    left: timedelta = stream.forgets_after - (now - stream.succeeded_at)
    return left


def _pressing(stream: Any, now: datetime) -> bool:
    left = _left(stream, now)
    return left is not None and left < max(stream.forgets_after / 4, tolerance(stream))


def forgets_in(stream: Any, now: datetime) -> timedelta | None:
    """How long until the source forgets something we have not read; None while that is far away."""
    return max(timedelta(0), _left(stream, now) or timedelta(0)) if _pressing(stream, now) else None


@dataclass(frozen=True, slots=True)
class Gap:
    source: str
    stream: str
    start: datetime
    end: datetime


def gaps(read: Sequence[Any], frame: Window) -> list[Gap]:
    """Every stretch that nobody read, newest first; nothing before a stream was first read. `read` is `store.read_spans`."""
    found = []
    for (source, stream), group in groupby(read, key=lambda r: (r.source, r.stream)):
        mine = list(group)
        begun = max(frame.start, mine[0].from_at)
        until = min(frame.end, frame.now)
        if begun < until:
            holes = gaps_in([(r.from_at, r.to_at) for r in mine], begun, until, tolerance(mine[0]))
            found += [Gap(source, stream, a, b) for a, b in holes]
    return sorted(found, key=lambda gap: gap.start, reverse=True)


def missing(found: Sequence[Gap], zone: Zone, most: int = 3) -> tuple[Notice, ...]:
    """One notice for each source that a list lacks something of; the newest gaps of it are named."""
    out = []
    for source in dict.fromkeys(gap.source for gap in found):
        mine = [gap for gap in found if gap.source == source]
        first = mine[0]
        more = len({(gap.start, gap.end) for gap in mine}) - 1
        names = ", ".join(dict.fromkeys(g.stream for g in mine[:6]))
        text = f"{names}: not read from {shown(first.start, zone).full} to {shown(first.end, zone).full}"
        text += f", nor in {more} other stretch{'es' if more != 1 else ''}." if more else "."
        out.append(
            Notice(
                f"{took(first.end - first.start)} of {source} may be missing from this list.",
                text,
                "unsure",
                "/sources",
                "Coverage",
            )
        )
    return tuple(out[:most])


def sources(
    shell: Shell,
    streams: Sequence[Any],
    covered: Sequence[Any],
    failed: Sequence[Any],
    unknown: Sequence[Any],
    able: Sequence[Any],
    watched: Sequence[Any],
    frame: Window,
) -> Sources:
    """`covered` is `store.read_spans`, `able` is `store.able`, `watched` is `watches.overview`."""
    zone, now, read = frame.zone, frame.now, spans(covered)
    met = {s: sum(u.times for u in unknown if u.source == s) for s in {u.source for u in unknown}}
    names = list(dict.fromkeys(stream.source for stream in streams))
    blocks = tuple(
        _block(
            name,
            [s for s in streams if s.source == name],
            read,
            met.get(name, 0),
            remembered(able, name),
            live_of(watched, name, now, zone),
            frame,
        )
        for name in names
    )
    lead, rest = spoken(streams, now)
    return Sources(
        shell=shell,
        zone=zone.name,
        days=tuple(_days(frame)),
        lead=lead,
        rest=rest,
        sources=blocks,
        gaps=tuple(
            GapRow(f"{g.source} {g.stream}", shown(g.start, zone), shown(g.end, zone), took(g.end - g.start))
            for g in gaps(covered, frame)
        ),
        failures=tuple(
            FailureRow(f"{f.source} {f.stream}", f.state, f.error, f"{f.times:,}", shown(f.first_at, zone), shown(f.last_at, zone))
            for f in failed
        ),
        unknown=tuple(UnknownRow(u.source, u.field, u.value, f"{u.times:,}", shown(u.first_at, zone)) for u in unknown),
        empty=None
        if streams
        else Empty("No source is connected", "Name one in throughline.toml and start a worker; its streams appear here."),
    )


def _block(
    name: str, streams: Sequence[Any], read: Read, unknown: int, found: Remembered, live: Live | None, frame: Window
) -> SourceBlock:
    kinds = {"tfe": "Terraform Enterprise", "argocd": "Argo CD", "github": "GitHub", "gitlab": "GitLab"}
    kind = kinds.get(streams[0].kind, streams[0].kind)
    offsets = [s.clock_offset for s in streams if s.clock_offset is not None]
    worst = max(offsets, key=abs, default=None)
    clock = f", its clock {_offset(worst)}" if worst is not None else ""
    broken = [s for s in streams if s.state not in ("read", "never read") and s.error]
    notices = tuple(
        Notice(
            f"{s.stream}: {s.state} since {shown(_since(s), frame.zone).full}.",
            f"{s.error}",
            "fail" if s.state not in WAITS else "exception",
        )
        for s in broken
    )
    if power := writes(found.words):
        notices = (Notice("The token is not read-only.", f"It {power}. Use one that may only read.", "fail"), *notices)
    clocks = {stream: told for stream, said in found.risk.items() if (told := clock_of(said))}
    return SourceBlock(
        name=name,
        says=f"{kind}{clock}",
        requests=f"{sum(s.requests for s in streams):,} requests so far, {unknown:,} unknown value{'s' if unknown != 1 else ''}",
        able=able_to(found.words),
        live=live,
        notices=notices,
        streams=tuple(_stream(s, read, frame, found.progress.get(s.stream), clocks.get(s.stream)) for s in streams),
        at_risk=tuple(at_risk(told, frame.now, frame.zone) for _, told in sorted(clocks.items())),
    )


def _since(stream: Any) -> datetime:
    at: datetime = stream.succeeded_at or stream.failed_at or stream.next_poll_at
    return at


def _offset(offset: timedelta) -> str:
    seconds = offset.total_seconds()
    return "agrees with ours" if abs(seconds) < 1 else f"{took(abs(seconds))} {'ahead of' if seconds > 0 else 'behind'} ours"


def _stream(s: Any, read: Read, frame: Window, progress: Mapping[str, Any] | None = None, clock: Clock | None = None) -> StreamRow:
    mine, now = read.get((s.source, s.stream), ()), frame.now
    left = _left(s, now)
    succeeded = shown_or_none(s.succeeded_at, frame.zone)
    return StreamRow(
        name=s.stream,
        standing=standing(s, now),
        succeeded=succeeded,
        form="clock" if s.succeeded_at and now - s.succeeded_at < timedelta(hours=12) else "minute",
        lag=took(max(timedelta(0), now - s.succeeded_at)) if s.succeeded_at else "none",
        line=line_of(mine, min((a for a, _ in mine), default=None), frame.start, frame.end, now, tolerance(s), frame.zone),
        forgets=in_words(clock.first.left(now)) if clock and clock.first else _forgets(s, left),
        pressing=_pressing(s, now),
        says="; ".join(filter(None, (_says(s, now), progressed(progress, frame.zone) if progress else ""))),
    )


def _forgets(s: Any, left: timedelta | None) -> str:
    if s.forgets_after is None:
        return "keeps all"
    if s.forgets_after == timedelta(0):
        return "at once"
    if left is None:
        return f"after {took(s.forgets_after)}"
    return f"in {took(left)}" if left > timedelta(0) else "already forgetting"


def _says(s: Any, now: datetime) -> str:
    if s.failures and s.error:
        return f"{s.failures} time{'s' if s.failures != 1 else ''} in a row: {s.error}"
    due = s.next_poll_at - now
    when = "due now" if due <= timedelta(0) else f"due in {took(due)}"
    return f"{s.seen:,} seen, {s.saved:,} kept, {when}" if s.succeeded_at else when


def spoken(streams: Sequence[Any], now: datetime) -> tuple[str, str]:
    stands = [standing(s, now) for s in streams]
    read = sum(b.tone == "pass" for b in stands)
    words: dict[str, int] = {}
    for badge in stands:
        if badge.tone != "pass":
            words[badge.word] = words.get(badge.word, 0) + 1
    rest = ", ".join(f"{n} {word}" for word, n in words.items())
    return (
        f"{read} of {len(streams)} streams are read.",
        f"{rest[:1].upper()}{rest[1:]}." if rest else "Nothing waits and nothing is broken.",
    )


def _days(frame: Window) -> list[str]:
    out = []
    for i in range(DAYS):
        day = frame.start + timedelta(days=i)
        label = i == 0 or day.day == 1 or (i % 4 == 0 and 3 <= i < DAYS - 1)
        out.append((f"{day.day} {day:%b}" if i == 0 or day.day == 1 else str(day.day)) if label else "")
    return out
