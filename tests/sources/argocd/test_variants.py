"""The recorded day told in other ways: another date, other names and namespaces, short histories, clocks that disagree, an outage.

Every line of the server's own list of operations still stands, once, with who began it or nobody; and nothing else does.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from app.domain.event import Event
from app.sources.argocd.source import STREAM, Argocd
from app.sources.contract import Connection, Page

from tests.recordings.replay import Replay, lines
from tests.sources.argocd import variants
from tests.sources.argocd.day import begun, first_list, fold
from tests.sources.argocd.test_witnesses import FOLDER, Day, agrees, found
from tests.sources.harness import events_of, run_pass, run_until_error

CHANGED: dict[str, list[variants.Change]] = {
    "over midnight and a new year": [variants.shifted(timedelta(days=37, hours=21, minutes=30))],
    "other names in namespaces of their own": [variants.renamed(), variants.spread()],
    "histories of three": [variants.short(3)],
    "histories of one": [variants.short(1)],
}


class Failing(httpx.BaseTransport):
    """A server that is away while `away` is set: it answers 503, or nothing at all."""

    def __init__(self) -> None:
        self.real, self.away = httpx.HTTPTransport(), ""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if self.away == "503":
            return httpx.Response(503, json={"error": "upstream connect error", "code": 14})
        if self.away:
            raise httpx.ConnectError("connection refused", request=request)
        return self.real.handle_request(request)


def read(
    folder: str | Path, step: float, *, ahead: timedelta = timedelta(), away: tuple[float, float, str] | None = None
) -> list[Page]:
    """A pass every `step` seconds and two after its end. Our clock is `ahead` of the server's; it is `away` between two seconds."""
    memory: dict[str, Any] = {}
    pages: list[Page] = []
    with Replay(folder, token="recorded") as server:
        zero, t, transport = begun(server) + ahead, first_list(server), Failing()
        connection = Connection("argocd-a", "argocd", server.url, token="recorded", per_second=10_000)
        source = Argocd(connection, lambda: zero + timedelta(seconds=t), transport)
        source.client.http.attempts = 1
        while t <= server.end + 2 * step:
            server.move(min(t, server.end))
            transport.away = away[2] if away and away[0] <= t < away[1] else ""
            now = zero + timedelta(seconds=t)
            pages += run_until_error(source, STREAM, memory, now)[0] if transport.away else run_pass(source, STREAM, memory, now)
            t += step
        source.close()
    return pages


def holds(folder: str | Path, pages: Sequence[Page], *, entries: bool = True) -> None:
    told, day = lines(folder, "operations"), Day(events_of(pages))
    met: Counter[str] = Counter()
    for line in told:
        (one,) = found(day, line["uid"], line["started"])
        agrees(line if entries else _without(line, one), one)
        met[one.id] += 1
    assert set(met.values()) == {1}
    assert len(met) == len(fold(day.events)) == len(told) == 39, "an operation that never was"
    ids = [event.id for event in day.events]
    assert len(ids) == len(set(ids))
    assert _gaps(day.events) == []


def _without(line: dict[str, Any], one: Any) -> dict[str, Any]:
    """Entries that a short history had dropped before they were read are not known; the operation stands all the same."""
    number = one.facts["history_id"]
    assert number in (None, (line.get("history") or [None])[0])
    return {**line, "history": None if number is None else [number]}


def _gaps(events: Sequence[Event]) -> list[Any]:
    return [(event.type, dict(event.facts)) for event in events if event.type in ("history-gap", "unwitnessed", "integrity")]


@pytest.mark.parametrize("name", CHANGED)
def test_told_in_another_way_it_is_the_same_day(name: str, tmp_path: Path) -> None:
    folder = variants.made(FOLDER, tmp_path, *CHANGED[name])
    holds(folder, read(folder, 20), entries="histories" not in name)


@pytest.mark.parametrize("minutes", [-7, -0.5, 0.5, 7])
def test_clocks_that_disagree_change_nothing(minutes: float) -> None:
    holds(FOLDER, read(FOLDER, 15, ahead=timedelta(minutes=minutes)), entries=False)


@pytest.mark.parametrize(("since", "until", "how"), [(60, 150, "503"), (200, 420, "refused")])
def test_a_server_that_was_away_is_read_on(since: float, until: float, how: str) -> None:
    holds(FOLDER, read(FOLDER, 10, away=(since, until, how)), entries=False)


def test_a_worker_that_was_away_for_most_of_the_day_and_lost_what_it_remembered(tmp_path: Path) -> None:
    """A second reader without any memory finds the same operations as the first, under the same ids."""
    first = {e.id for e in events_of(read(FOLDER, 10)) if e.type == "operation"}
    memory: dict[str, Any] = {}
    with Replay(FOLDER, token="recorded") as server:
        zero = begun(server)
        now = zero + timedelta(seconds=server.end)
        source = Argocd(Connection("argocd-a", "argocd", server.url, token="recorded", per_second=10_000), lambda: now)
        server.move(server.end)
        late = events_of([page for n in range(3) for page in run_pass(source, STREAM, memory, now + timedelta(seconds=30 * n))])
        source.close()
    assert {e.id for e in late if e.type == "operation" and e.how == "observed"} <= first
    started = {e.keys.operation for e in late if e.type == "operation" and e.facts.get("started_at") is not None}
    assert len(started) >= 30
