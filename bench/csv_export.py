"""The CSV of every change, guarded against formulas, against `psql \\copy` of the same columns without the guard."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from app.changes.export.store import CHANGE_COLUMNS
from app.db.session import read_only
from app.evidence.csv import changes_csv
from app.search.tree import EVERYTHING

from bench.figure import Figure, paired, per_second, times
from bench.many_changes import many_changes
from bench.place import Place

GOAL_RATIO, GOAL_MEMORY = 2.0, 50.0
NOWHERE = "/dev/null"
PLAIN = f"SELECT {', '.join(CHANGE_COLUMNS)} FROM changes ORDER BY at DESC, id DESC"


def run(place: Place) -> Iterator[Figure]:
    size = place.size.csv_rows
    database = many_changes(place, size)
    write, plain = _ours(place, database), _psql(place, database) or _driver(place, database)
    with_psql = "psql" if place.psql() else "psycopg"
    grown: list[float] = []
    turns = paired(lambda: grown.append(_grown(write)), plain, 3, warm=0)
    rate, ratio = per_second(size, turns.our_median), f"{times(turns.ratio)} of {with_psql} \\copy"
    yield Figure(f"csv: {size:,} changes", rate, ratio, "≤ 2×", turns.ratio <= GOAL_RATIO)
    yield Figure("csv: memory", f"{max(grown):.1f} MB more, at the most", "", "< 50 MB", max(grown) < GOAL_MEMORY)


def _ours(place: Place, database: str) -> Callable[[], None]:
    def write() -> None:
        with read_only(place.engine(database)) as connection, Path(NOWHERE).open("wb", buffering=0) as file:
            for chunk in changes_csv(connection, EVERYTHING):
                file.write(chunk)

    return write


def _psql(place: Place, database: str) -> Callable[[], Any] | None:
    program = place.psql()
    if program is None:
        return None
    command = f"\\copy ({PLAIN}) TO '{NOWHERE}' WITH (FORMAT csv, HEADER)"
    return lambda: subprocess.run([program, "-X", "-q", "-d", place.url(database), "-c", command], check=True)


def _driver(place: Place, database: str) -> Callable[[], None]:
    """COPY through psycopg where there is no psql."""

    def write() -> None:
        with read_only(place.engine(database)) as connection, Path(NOWHERE).open("wb", buffering=0) as file:
            driver: Any = connection.connection.driver_connection
            with driver.cursor() as cursor, cursor.copy(f"COPY ({PLAIN}) TO STDOUT (FORMAT csv, HEADER)") as copy:
                for chunk in copy:
                    file.write(chunk)

    return write


def _grown(call: Callable[[], None]) -> float:
    """MB by which the peak of resident memory during the call stands above what was resident before it (Linux)."""
    Path("/proc/self/clear_refs").write_text("5")  # the peak is counted from here
    before = _status("VmRSS")
    call()
    return (_status("VmHWM") - before) / 1024


def _status(name: str) -> int:
    """kB."""
    return next(int(line.split()[1]) for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(name))
