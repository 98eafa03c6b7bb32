"""What became of every resource of an operation, told in parts where one event cannot hold it. Nothing is left out."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from app.canonical import canonical_json
from app.domain.event import Event, How, Step
from app.sources.argocd.maker import Maker

ALONE = 24_000  # bytes of a list that its operation's own event carries whole
PART = 36_000  # bytes of one part's list

Results = Sequence[dict[str, str]]


def carried(results: Results) -> Results:
    """As many of the first as an operation's own event carries."""
    room = ALONE
    for n, one in enumerate(results):
        room -= len(canonical_json(one)) + 1
        if room < 0:
            return results[:n]
    return results


def whole(results: Results) -> bool:
    return len(carried(results)) == len(results)


def results_events(
    make: Maker, operation: str, at: datetime, results: Results, how: str = "observed", attempt: int | None = None
) -> Iterator[Event]:
    """None where the operation's own event holds them all. `attempt`: the number of the failed attempt they are of."""
    parts = [] if whole(results) else _parts(results)
    for number, part in enumerate(parts, 1):
        facts = {"part": number, "parts": len(parts), "attempt": attempt, "resources": part}
        unique = f"{attempt or 0}/{number}/{len(parts)}"
        yield make.event(
            "operation-results", operation, "listed", Step.NOTED, at, facts, unique=unique, how=How(how), operation=operation
        )


def _parts(results: Results) -> list[list[dict[str, str]]]:
    parts: list[list[dict[str, str]]] = [[]]
    room = PART
    for one in results:
        size = len(canonical_json(one)) + 1
        if size > room and parts[-1]:
            parts.append([])
            room = PART
        parts[-1].append(one)
        room -= size
    return parts
