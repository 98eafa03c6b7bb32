"""Payloads as they are kept: whole, whoever else is keeping some at the same time."""

from concurrent.futures import ThreadPoolExecutor

import zstandard
from app.canonical import digest
from app.db.session import transaction
from app.ingest.store import save_observations
from app.sources.contract import Observation
from sqlalchemy import Engine, text

from tests.ingest.scripted import START


def test_payloads_that_many_threads_keep_at_once_are_whole(engine: Engine) -> None:
    """A compressor that threads share writes over itself."""

    def keep(thread: int) -> None:
        for number in range(10):
            bodies = [f"{thread} {number} {i} ".encode() * 5000 for i in range(10)]
            with transaction(engine) as connection:
                save_observations(
                    connection, f"source-{thread}", "runs", [Observation(f"run/{thread}", "", b, digest(b), START) for b in bodies]
                )

    with ThreadPoolExecutor(max_workers=6) as threads:
        list(threads.map(keep, range(6)))
    with engine.connect() as connection:
        kept = connection.execute(text("SELECT digest, body, size FROM bodies")).all()
    assert len(kept) == 600
    for row in kept:
        body = zstandard.ZstdDecompressor().decompress(bytes(row.body))
        assert (digest(body), len(body)) == ("sha256:" + bytes(row.digest).hex(), row.size)
