"""Every bench still runs, on a few rows, over the program as it is now. What it measures is not judged here."""

import re

import pytest
from bench.__main__ import BENCHES, main, verdict
from bench.figure import Figure, Paired
from bench.place import SIZES

WHAT = {"ingest": 1, "verify": 3, "pages": 19, "csv": 2, "portal": 11, "diff": 4, "argocd": 5, "polls": 3, "tfe": 2}


def test_every_bench_runs_and_says_its_lines(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--size", "tiny"]) in (0, 1)
    lines = capsys.readouterr().out.splitlines()
    said = {name: [line for line in lines if line.startswith(f"{name}: ")] for name in BENCHES}
    assert {name: len(found) for name, found in said.items()} == WHAT
    assert all(re.search(r"(met|MISSED|–)$", line) for found in said.values() for line in found)


def test_a_missed_promise_is_an_exit_code() -> None:
    kept, told, missed = (Figure(name, "1", "2×", "≤ 3×", met) for name, met in (("a", True), ("b", None), ("c", False)))
    assert verdict([kept, told]) == (0, "every promise kept")
    assert verdict([kept, told, missed]) == (1, "missed: c")


def test_a_ratio_is_of_neighbouring_turns() -> None:
    """What slows the machine for a while slows both of a turn, and drops out."""
    turns = Paired(ours=[2.0, 20.0, 200.0], theirs=[1.0, 10.0, 50.0])
    assert (turns.ratio, turns.our_median, turns.their_median) == (2.0, 20.0, 10.0)


def test_sizes_only_differ_in_how_much() -> None:
    assert all(sorted(size.changes) == list(size.changes) and size.csv_rows in size.changes for size in SIZES.values())
