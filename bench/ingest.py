"""Bulk ingest into the sealed ledger, against the fastest plain way of putting the same rows into the same tables."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from statistics import median
from typing import Any

from app.db.session import transaction
from app.domain.event import Event
from app.ingest.store import save_observations
from app.ledger import store
from app.ledger.leaf import leaf_encoder
from app.ledger.merkle import leaf_hash
from app.ledger.row import COLUMNS, row_of
from app.sources.contract import Observation
from sqlalchemy import text

from bench.estate import Page, pages
from bench.figure import Figure, per_second, seconds
from bench.place import Place

DATABASE = "ledger"
PAGE = 1000
GOAL_RATE, GOAL_SHARE = 30_000, 1 / 3
NOW = datetime(2026, 6, 1, tzinfo=UTC)

BARE = """
CREATE TABLE bare_leaves (LIKE leaves INCLUDING ALL);
CREATE TABLE bare_events (LIKE events INCLUDING ALL);
"""
STAGE = "CREATE TEMP TABLE staged_{0} (LIKE {0}) ON COMMIT DELETE ROWS"
LEAF = ("int8", "bytea", "bytea")
_TYPES = {"id": "uuid", "known": "bool", "pull_request": "int8", "commits": "text[]", "observation": "bytea"}
ROW = ("int8", *("timestamptz" if name.endswith("_at") else _TYPES.get(name, "text") for name in COLUMNS))


def ledger(place: Place) -> None:
    """The ledger's database, filled by whichever bench needs it first."""
    if not place.has(DATABASE):
        list(_run(place))


def run(place: Place) -> Iterator[Figure]:
    if place.has(DATABASE):
        place.drop(DATABASE)
    yield from _run(place)


def _run(place: Place) -> Iterator[Figure]:
    place.make(DATABASE)
    with place.owner(DATABASE).begin() as connection:
        connection.execute(text(BARE))
    ours, theirs, done, size = [], [], 0, 0
    with place.owner(DATABASE).connect() as bare:
        for name in ("leaves", "events"):
            bare.execute(text(STAGE.format(name)))
        bare.commit()
        for turn, page in enumerate(pages(max(1, place.size.events // PAGE), min(PAGE, place.size.events))):
            rows = _rows(page.events, done)
            both = [(ours, lambda: _sealed(place, page.events)), (theirs, lambda: _merged(bare, *rows))]  # noqa: B023 -- called at once
            for lengths, call in both if turn % 2 else reversed(both):
                lengths.append(seconds(call))
            _keep(place, page)
            done += len(page.events)
            size += sum(len(row[2]) for row in rows[0])
    _same(place)
    yield _figure(place, ours, theirs, done, size)


def _figure(place: Place, ours: list[float], theirs: list[float], done: int, size: int) -> Figure:
    rate, share = done / sum(ours), median(other / mine for mine, other in zip(ours, theirs, strict=True))
    return Figure(
        f"ingest: {done:,} events of {size / done:,.0f} B",
        f"{per_second(done, sum(ours))} (plain {per_second(done, sum(theirs))})",
        f"{share:.2f} of COPY+merge",
        "≥ 30,000/s or ≥ 1/3 of COPY+merge",
        rate >= GOAL_RATE or share >= GOAL_SHARE,
    )


def _sealed(place: Place, page: Sequence[Event]) -> None:
    with transaction(place.engine(DATABASE)) as connection:
        store.append(connection, page, NOW)


def _keep(place: Place, page: Page) -> None:
    """The raw payloads beside the ledger, which a verifier asks for; they are not timed."""
    seen = [Observation("bench", "https://bench.example", body, name, NOW) for name, body in page.payloads.items()]
    with transaction(place.engine(DATABASE)) as connection:
        save_observations(connection, "bench", "bench", seen)


def _rows(page: Sequence[Event], start: int) -> tuple[list[Any], list[Any]]:
    """The same rows made beforehand: what is left to the plain way is only the database's work."""
    encode = leaf_encoder(NOW)
    made = [encode(event) for event in page]
    leaves = [(start + i, leaf_hash(leaf), leaf) for i, leaf in enumerate(made)]
    return leaves, [(start + i, *row_of(event, NOW)) for i, event in enumerate(page)]


def _merged(connection: Any, leaves: Sequence[Any], rows: Sequence[Any]) -> None:
    """COPY binary into a temporary table, then INSERT … ON CONFLICT DO NOTHING: one transaction, as one page is."""
    driver = connection.connection.driver_connection
    with driver.transaction(), driver.cursor() as cursor:
        for name, types, lines in (("leaves", LEAF, leaves), ("events", ROW, rows)):
            with cursor.copy(f"COPY staged_{name} FROM STDIN (FORMAT BINARY)") as copy:
                copy.set_types(types)
                for line in lines:
                    copy.write_row(line)
            cursor.execute(f"INSERT INTO bare_{name} SELECT * FROM staged_{name} ON CONFLICT DO NOTHING")


def _same(place: Place) -> None:
    """Both ways must have put the same rows, or the comparison says nothing."""
    with place.owner(DATABASE).connect() as connection:
        for name in ("leaves", "events"):
            different = f"SELECT count(*) FROM {name} FULL JOIN bare_{name} USING (seq) WHERE {name} IS DISTINCT FROM bare_{name}"
            if odd := connection.execute(text(different)).scalar_one():
                raise AssertionError(f"{odd} rows of {name} differ from what COPY and merge put")
