"""Verifying the whole ledger, against plain SHA-256 of the same bytes read by the same cursor."""

import hashlib
from collections.abc import Iterator
from datetime import timedelta

from app.db.session import read_only, transaction
from app.ledger import store
from app.ledger.checkpoint import generate_key
from app.ledger.verify import BATCH, _Counts, _Walk, quiet
from app.ledger.witness.store import Stored, verify_database
from sqlalchemy import Connection

from bench import ingest
from bench.figure import Figure, paired, per_second, times
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

    sealed = paired(leaves, lambda: _hashed(stored, size), repetitions)
    rate = size / sealed.our_median
    of = f"{times(sealed.ratio)} of bare SHA-256"
    yield Figure(f"verify: {size:,} leaves, tree, seal", per_second(size, sealed.our_median), of, "≥ 200,000/s", rate >= GOAL_RATE)
    whole = paired(everything, lambda: _hashed(stored, size), repetitions)
    of = f"{times(whole.ratio)} of bare SHA-256"
    yield Figure("verify: and rows and payloads", per_second(size, whole.our_median), of, "", None)
    yield Figure("verify: bare SHA-256 by the same cursor", per_second(size, sealed.their_median), "", "", None)


def _hashed(stored: Stored, size: int) -> None:
    """Read every leaf as the verifier does, and hash it; nothing else."""
    for start in range(0, size, BATCH):
        for _, _, leaf in stored.leaves(start, min(start + BATCH, size)):
            hashlib.sha256(b"\x00" + leaf).digest()
