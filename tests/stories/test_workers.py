"""Workers: as many as wanted, killed at any moment, and the record is the one that a single quiet reader makes."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.stories.bank import Bank

ROOT = Path(__file__).parents[2]


def worker(bank: Bank) -> subprocess.Popen[str]:
    """`throughline worker` in a process of its own."""
    environ = {**os.environ, "THROUGHLINE_CONFIG": str(bank.write()), "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        [sys.executable, "-m", "app.cli", "worker"], env=environ, cwd=bank.folder, stdout=subprocess.PIPE, text=True
    )


def record(bank: Bank) -> tuple[set[str], int, int]:
    """The events' ids; how many rows, and the highest seq + 1."""
    ids = {str(row.id) for row in bank.rows("SELECT id FROM events")}
    return ids, bank.one("SELECT count(*) FROM events"), bank.one("SELECT coalesce(max(seq), -1) + 1 FROM leaves")


def until(bank: Bank, sql: str, seconds: float = 40) -> None:
    end = time.monotonic() + seconds
    while not bank.one(sql):
        assert time.monotonic() < end, f"never came true: {sql}"
        time.sleep(0.2)


ALL_READ = "SELECT count(*) = 9 AND bool_and(state = 'read') FROM streams"
PROJECTED = "SELECT seq >= (SELECT count(*) FROM leaves) FROM projection UNION ALL SELECT false LIMIT 1"


def test_three_workers_one_killed_again_and_again_make_the_record_of_one(bank: Bank) -> None:
    bank.tell()
    bank.settings = {kind: {"poll_every": 0.5} for kind in bank.kinds}
    working = [worker(bank) for _ in range(3)]
    try:
        until(bank, "SELECT count(*) > 0 FROM heartbeats")
        for _ in range(3):
            victim = working.pop(0)
            victim.send_signal(signal.SIGKILL)
            victim.wait()
            working.append(worker(bank))
            time.sleep(1.0)
        bank.engine.dispose()
        _leases_run_out(bank)
        until(bank, ALL_READ)
        until(bank, PROJECTED)
        for one in working:
            assert one.stdout
            assert one.stdout.readline().startswith("worker"), "it is up, and ends when it is asked to"
    finally:
        for one in working:
            one.send_signal(signal.SIGINT)
        ends = [one.wait(timeout=20) for one in working]
    assert ends == [0, 0, 0]
    ids, rows, size = record(bank)
    assert len(ids) == rows == size
    assert bank.run("verify", "--database").code == 0
    grown = bank.one("SELECT count(*) FROM changes")
    assert grown > 0
    assert bank.run("poll").code == 0
    assert record(bank)[0] == ids, "a quiet reader finds nothing more"
    assert bank.one("SELECT count(*) FROM changes") == grown


def _leases_run_out(bank: Bank) -> None:
    """A killed worker's leases end by themselves after two minutes; the test does not wait for them."""
    from app.db.session import engine_for
    from sqlalchemy import text

    engine = engine_for(bank.database)
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE streams SET lease_until = now() - interval '1 second', next_poll_at = now() WHERE owner IS NOT NULL")
        )
    engine.dispose()
