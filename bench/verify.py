"""Verifying the whole ledger, against plain SHA-256 of the same bytes read by the same cursor."""

import os
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

from app.db.session import read_only, transaction
from app.ledger import store
from app.ledger.checkpoint import generate_key
from app.ledger.verify import BATCH, _Counts, _Walk, quiet
from app.ledger.witness.store import Stored, verify_database
from sqlalchemy import Connection

from bench import ingest
from bench.figure import Figure, Paired, paired, per_second, times
from bench.place import Place

GOAL_RATE = 200_000
ORIGIN = "bench.example/throughline"


def run(place: Place) -> Iterator[Figure]:
    ingest.ledger(place)
    engine, key = place.engine(ingest.DATABASE), generate_key()
    with transaction(engine) as connection:
        store.seal(connection, key, ORIGIN, ingest.NOW + timedelta(minutes=1))
    with read_only(engine) as connection:
        yield from _figures(connection, key.vkey(ORIGIN), max(3, place.size.repetitions // 3))


def _figures(connection: Connection, vkey: str, repetitions: int) -> Iterator[Figure]:
    stored = Stored(connection)
    size = stored.size()

    def leaves() -> None:
        """What the seal covers: each leaf, the tree, its stored hashes, the signed checkpoint."""
        walk = _Walk(stored, vkey, size, _Counts(), quiet)
        walk.run(stored.checkpoints())
        assert walk.counts.sealed == size

    def everything() -> None:
        """And the row beside each leaf, and each raw payload."""
        report = verify_database(connection, vkey)
        assert report.sound, report.faults

    backend = connection.connection.driver_connection.info.backend_pid  # type: ignore[union-attr]
    for name, call, goal in (("leaves, tree, seal", leaves, GOAL_RATE), ("and rows and payloads", everything, None)):
        turns, used = _turns(call, lambda: _hashed(stored, size), repetitions, backend)
        rate = size / turns.our_median
        value = f"{rate:,.0f}/s ({per_second(size, used)} a core)"
        promise = f"≥ {goal:,}/s by the clock" if goal else ""
        yield Figure(f"verify: {size:,}, {name}", value, f"{times(turns.ratio)} of bare SHA-256", promise, goal and rate >= goal)
    yield Figure("verify: bare SHA-256 by the same cursor", per_second(size, turns.their_median), "", "", None)


def _turns(ours: Callable[[], None], bare: Callable[[], None], repetitions: int, backend: int) -> tuple[Paired, float]:
    """And the seconds of one core in the best turn: whatever else runs can only add to them."""
    used: list[float] = []
    return paired(lambda: used.append(_core_seconds(ours, backend)), bare, repetitions), min(used)


def _core_seconds(call: Callable[[], None], backend: int) -> float:
    """Seconds of one core that a call took, here and in the server together (Linux): what others do beside it is not in it."""
    before = time.process_time() + _used_by(backend)
    call()
    return time.process_time() + _used_by(backend) - before


def _used_by(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _hashed(stored: Stored, size: int) -> None:
    """Read every leaf as the verifier does, and hash it; nothing else."""
    for start in range(0, size, BATCH):
        for _, _, leaf in stored.leaves(start, min(start + BATCH, size)):
            sha256(b"\x00" + leaf).digest()
