"""`python -m bench [--size tiny|small|full] [--only NAME …] [--table]`: one line for each promise; exit 1 when one is missed."""

import argparse
import os
import platform
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence

from bench import argocd_cost, csv_export, ingest, manifests, pages, polls, portal, tfe_cost, verify
from bench.figure import Figure
from bench.place import SIZES, Place, scratch

BENCHES: dict[str, Callable[[Place], Iterator[Figure]]] = {
    "ingest": ingest.run,
    "verify": verify.run,
    "pages": pages.run,
    "csv": csv_export.run,
    "portal": portal.run,
    "diff": manifests.run,
    "polls": polls.run,
    "tfe": tfe_cost.run,
    "argocd": argocd_cost.run,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when every promise was kept, 1 when one was missed."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure what is promised about speed, as ratios.")
    parser.add_argument("--size", choices=SIZES, default="full", help="how much is measured (full: the promises' own sizes)")
    parser.add_argument("--only", choices=BENCHES, action="append", help="only this bench; may be given again")
    parser.add_argument("--table", action="store_true", help="print the rows of the table in bench/README.md")
    asked = parser.parse_args(arguments)
    started = time.perf_counter()
    found: list[Figure] = []
    with scratch(SIZES[asked.size]) as place:
        print(f"{asked.size} · {machine()} · Postgres {place.version()}", flush=True)
        for name in asked.only or BENCHES:
            for figure in BENCHES[name](place):
                found.append(figure)
                print(figure.row() if asked.table else figure.line(), flush=True)
    code, said = verdict(found)
    print(f"{time.perf_counter() - started:.0f} s; {said}")
    return code


def verdict(found: Sequence[Figure]) -> tuple[int, str]:
    """The exit code, and the last line."""
    missed = [figure.name for figure in found if figure.met is False]
    return (1, f"missed: {'; '.join(missed)}") if missed else (0, "every promise kept")


def machine() -> str:
    return f"{os.cpu_count()} cores, {platform.machine()} · Python {platform.python_version()}"


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was made is cleared away
    sys.exit(main())
