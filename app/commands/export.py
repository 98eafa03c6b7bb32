"""`throughline export`: a whole list as a file, never capped; what the portal's own doors give, byte for byte."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import Connection

from app import clock
from app.changes import store
from app.changes.drift.store import count_episodes
from app.commands import compose
from app.config import Settings
from app.db.session import read_only
from app.errors import UsageError
from app.evidence import csv, drift, jsonl
from app.search.fields import CHANGES, DRIFT, EVENTS
from app.search.language import parse
from app.search.period import Period, period_of
from app.search.tree import Query
from app.search.words import sentence


@dataclass(frozen=True, slots=True)
class Wish:
    what: str
    format: str
    query: str
    start: str | None
    end: str | None
    out: Path | None


def run(settings: Settings, wish: Wish) -> int:
    """Seal what is exported, then write it; to a file only whole, or not at all."""
    query = parse(wish.query, {"changes": CHANGES, "events": EVENTS, "drift": DRIFT}[wish.what])
    period = period_of(wish.start, wish.end)
    with compose.database(settings) as engine:
        compose.seal(settings, engine)
        with read_only(engine) as connection, _sink(wish.out) as sink:
            for chunk in _chunks(connection, wish, query, period):
                sink.write(chunk)
    return 0


def _chunks(connection: Connection, wish: Wish, query: Query, period: Period | None) -> Iterator[bytes]:
    if wish.what == "drift":
        return _drift(connection, wish, query, period)
    changes = wish.what == "changes"
    if wish.format == "csv":
        return (csv.changes_csv if changes else csv.events_csv)(connection, query, period)
    if wish.format == "jsonl":
        return (jsonl.changes_jsonl if changes else jsonl.events_jsonl)(connection, query, period)
    count = (store.count_matching if changes else store.count_events)(connection, query, period)
    told = str(sentence(wish.what, CHANGES if changes else EVENTS, query, count, period))
    return (jsonl.changes_json if changes else jsonl.events_json)(connection, query, period, told)


def _drift(connection: Connection, wish: Wish, query: Query, period: Period | None) -> Iterator[bytes]:
    """Lengths are as of now."""
    now = clock.now()
    if wish.format != "json":
        return (drift.drift_csv if wish.format == "csv" else drift.drift_jsonl)(connection, query, period, now)
    told = sentence("episodes", DRIFT, query, count_episodes(connection, query, period, now), period)
    return drift.drift_json(connection, query, period, now, str(told))


@contextmanager
def _sink(out: Path | None) -> Iterator[BinaryIO]:
    """Standard output, or a file that takes its name when it is complete."""
    if out is None or str(out) == "-":
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    partial = out.with_name(f".{out.name}.partial")
    try:
        with partial.open("wb") as file:
            yield file
        partial.replace(out)
    except OSError as error:
        raise UsageError(f"{out} cannot be written ({error.strerror})", "a folder that can be written to") from error
    finally:
        partial.unlink(missing_ok=True)
