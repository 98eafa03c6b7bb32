"""What a bench says: one line for each promise, and how two ways of doing the same are timed against each other."""

import gc
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

Call = Callable[[], Any]


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured promise. `met` is None where nothing is promised and the figure is only told."""

    name: str
    value: str
    ratio: str
    goal: str
    met: bool | None

    def line(self) -> str:
        verdict = {True: "met", False: "MISSED", None: "–"}[self.met]
        return f"{self.name:<42} {self.value:>26}  {self.ratio:>20}  {self.goal:<34} {verdict}"

    def row(self) -> str:
        """As a row of the table in README.md."""
        verdict = {True: "met", False: "**missed**", None: "told"}[self.met]
        return f"| {self.name} | {self.value} | {self.ratio or '–'} | {self.goal or '–'} | {verdict} |"


def seconds(call: Call) -> float:
    """How long one call took, with the garbage collector held back as `timeit` does."""
    was = gc.isenabled()
    gc.disable()
    try:
        start = time.perf_counter()
        call()
        return time.perf_counter() - start
    finally:
        if was:
            gc.enable()


@dataclass(frozen=True, slots=True)
class Paired:
    """Seconds of each repetition, ours and theirs, taken turn by turn."""

    ours: Sequence[float]
    theirs: Sequence[float]

    @property
    def our_median(self) -> float:
        return median(self.ours)

    @property
    def their_median(self) -> float:
        return median(self.theirs)

    @property
    def ratio(self) -> float:
        """Ours by theirs. Each turn's ratio is taken by itself, so that what slows the machine for a while slows both."""
        return median(mine / other for mine, other in zip(self.ours, self.theirs, strict=True))


def paired(ours: Call, theirs: Call, repetitions: int, warm: int = 1) -> Paired:
    """Time both in turn, `repetitions` times; who begins changes with each turn. `warm` turns before are not counted."""
    for _ in range(warm):
        ours(), theirs()
    mine, other = [], []
    for turn in range(repetitions):
        if turn % 2:
            other.append(seconds(theirs))
            mine.append(seconds(ours))
        else:
            mine.append(seconds(ours))
            other.append(seconds(theirs))
    return Paired(mine, other)


def per_second(count: int, length: float) -> str:
    return f"{count / length:,.0f}/s"


def milliseconds(length: float) -> str:
    return f"{length * 1000:.2f} ms"


def times(ratio: float) -> str:
    return f"{ratio:.2f}×"
