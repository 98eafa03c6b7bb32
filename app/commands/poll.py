"""`throughline poll`: one full pass over every stream, due or not."""

import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import Engine

from app import clock, log
from app.canonical import random_id
from app.changes.project import catch_up
from app.commands import compose
from app.commands.table import table
from app.config import Settings
from app.errors import UsageError, one_line
from app.ingest.poll import Outcome, declare, read_stream
from app.sources.contract import Source

LAST = "ranges"  # answers what the other streams ask
SHOWN = 3  # unknown values named in a line


def run(settings: Settings, only: str | None) -> int:
    """Print a line per stream; 1 when any failed. Raises UsageError when there is nothing to read."""
    if only and only not in [s.name for s in settings.source]:
        names = ", ".join(s.name for s in settings.source) or "none"
        raise UsageError(f"no source is called {only!r}", f"one of: {names}")
    if not settings.source:
        raise UsageError("no source is configured", "a [[source]] table in throughline.toml", "see docs/sources.md")
    with compose.database(settings) as engine, compose.sources(settings, only) as built:
        outcomes = poll_all(engine, built)
        catch_up(engine, compose.rules_of(settings))
        compose.seal(settings, engine)
    print(table(HEADS, [_cells(o) for o in outcomes]))
    for outcome in outcomes:
        if outcome.unknown:
            print(_met(outcome))
        if not outcome.ok:
            print(f"throughline: {outcome.source}/{outcome.stream}: {one_line(outcome.error)}", file=sys.stderr)
    return 0 if all(o.ok or o.state == "busy" for o in outcomes) else 1


def _met(outcome: Outcome) -> str:
    """How many values were new to us, with the first few."""
    counted = Counter(outcome.unknown)
    total = len(outcome.unknown)
    shown = ", ".join(f"{field} {value[:160]!r}" for field, value in list(counted)[:SHOWN])
    more = f" and {len(counted) - SHOWN} more" if len(counted) > SHOWN else ""
    said = f"{outcome.source}/{outcome.stream} met {total:,} unknown value{'s' if total != 1 else ''}: {shown}{more}"
    return one_line(log.redact(f"{said}; kept as they are, and counted on the page Sources"))


HEADS = ("source", "stream", "state", "seen", "new", "requests", "seconds")


def _cells(o: Outcome) -> tuple[str, ...]:
    return (o.source, o.stream, o.state, str(o.seen), str(o.new), str(o.requests), f"{o.seconds:.1f}")


def poll_all(engine: Engine, built: list[Source]) -> list[Outcome]:
    """Each source in its own thread; the streams that answer the others' questions come last."""
    for source in built:
        declare(engine, source, clock.now())
    owner = random_id()

    def passes(source: Source, *, last: bool) -> list[Outcome]:
        chosen = [s for s in source.streams() if (s.name == LAST) == last]
        return [read_stream(engine, source, stream, owner, clock.now, only_due=False) for stream in chosen]

    with ThreadPoolExecutor(max_workers=max(1, len(built))) as threads:
        first = list(threads.map(lambda s: passes(s, last=False), built))
        then = list(threads.map(lambda s: passes(s, last=True), built))
    return [outcome for group in (*first, *then) for outcome in group]
