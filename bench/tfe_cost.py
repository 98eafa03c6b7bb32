"""What it costs to mirror Terraform Enterprise's runs with verdicts and actors, in requests, counted in the fake server's log.

The mix: half of the runs have one task stage with one policy evaluation, three in ten a policy check, all have run events.
Lists are limited to 30 a minute, as the server limits them; the clock is set forward, so nothing waits. Plans by resource are
not read.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from app.demo.fakes.tfe import tfe_app
from app.demo.fakes.tfe_state import PolicyState, RunState, TfeState
from app.errors import Throttled
from app.sources.contract import Connection, Task
from app.sources.tfe.source import Tfe

from bench.figure import Figure
from bench.place import Place
from bench.served import served

RUNS = {"tiny": 200, "small": 2_000}
FULL = 10_000
GOAL = 2.4  # requests for one run
NAIVE = 500  # runs that the naive client reads; what it costs does not hang on how many there are
NOW = datetime(2026, 9, 30, 12, tzinfo=UTC)
SPAN = timedelta(days=180)
A_DAY = timedelta(hours=24)


class _Clock:
    def __init__(self, at: datetime) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at


def run(place: Place) -> Iterator[Figure]:
    many = RUNS.get(place.size.name, FULL)
    clock = _Clock(NOW)
    state = filled(many, clock)
    with served(tfe_app(state)) as url:
        connection = Connection(
            *("tfe", "tfe", url, state.token), organization=state.organization, per_second=1000.0, plan_json=False
        )
        source = Tfe(connection, clock)
        try:
            memory: dict[str, Any] = {}
            events = mirrored(source, memory, clock)
            ours = counted(state)
            theirs = naive(url, state, min(many, NAIVE))
            yield _figure(many, events, ours, theirs)
            clock.at += A_DAY
            mirrored(source, memory, clock)
            again = sum(counted(state).values())
            yield Figure("tfe: all read again a day later", f"{again:,} requests", f"{again / many:.2f} a run", "", None)
        finally:
            source.close()


def _figure(many: int, events: int, ours: Counter[str], theirs: float) -> Figure:
    each = sum(ours.values()) / many
    lists = sum(count for kind, count in ours.items() if kind.startswith("organizations"))
    return Figure(
        f"tfe: {many:,} runs, {events:,} events",
        f"{each:.2f} requests a run ({lists:,} lists)",
        f"{theirs:.2f} run by run",
        f"≤ {GOAL} requests a run",
        each <= GOAL,
    )


def filled(many: int, clock: _Clock) -> TfeState:
    """The runs of the mix, evenly over the time before now, all ended."""
    state = TfeState(created_at=NOW - SPAN, now=clock)
    places = [state.add_workspace(f"workspace-{n:03}", "bank/infra", f"stacks/{n:03}") for n in range(100)]
    for n in range(many):
        at = NOW - SPAN + SPAN * (n / many)
        one = state.add_run(places[n % 100], f"Change {n}", at, f"creator-{n % 40}", f"{n:040x}", sender=f"dev-{n % 40}")
        _told(one, at, n, state)
    return state


def _told(one: RunState, at: datetime, n: int, state: TfeState) -> None:
    one.plan(at + timedelta(minutes=1), 1, 1)
    policies = [PolicyState("bank", "tags"), PolicyState("bank", "cost", n % 7 != 0, "advisory")]
    if n % 10 < 5:
        one.evaluate(at + timedelta(minutes=2), policies)
    elif n % 10 < 8:
        one.policy(at + timedelta(minutes=2), policies)
    one.confirm(at + timedelta(minutes=5), state.user(f"approver-{n % 20}"), "Go" if n % 3 == 0 else None)
    one.apply(at + timedelta(minutes=8))


def mirrored(source: Tfe, memory: dict[str, Any], clock: _Clock) -> int:
    """Passes until everything was read, each saved page by page; how many events were told."""
    before, told = memory.get("reconciled"), 0
    while memory.get("reconciled") == before:
        clock.at += timedelta(seconds=61)
        try:
            for page in source.fetch(Task("runs", clock.at, dict(memory), everything=True)):
                told += len(page.events)
                memory |= page.remember
                for key in [key for key, value in page.remember.items() if value is None]:
                    del memory[key]
        except Throttled:
            continue
    return told


def counted(state: TfeState) -> Counter[str]:
    """The log so far, by kind of request; it begins anew."""
    kinds = Counter("/".join(path.split("/")[3::2]) for path, _ in state.requests)
    state.requests.clear()
    return kinds


def naive(url: str, state: TfeState, many: int) -> float:
    """A client that asks, run by run, for each of its parts. How many requests that is for one run."""
    with httpx.Client(base_url=url, headers={"authorization": f"Bearer {state.token}"}) as client:

        def ask(path: str) -> Any:
            return client.get(f"/api/v2{path}").raise_for_status().json()["data"]

        for one in state.runs[:many]:
            related = ask(f"/runs/{one.id}")["relationships"]
            ask(f"/plans/{related['plan']['data']['id']}")
            ask(f"/applies/{related['apply']['data']['id']}")
            ask(f"/configuration-versions/{related['configuration-version']['data']['id']}")
            ask(f"/users/{related['created-by']['data']['id']}")
            ask(f"/runs/{one.id}/run-events")
            ask(f"/runs/{one.id}/policy-checks")
            for stage in ask(f"/runs/{one.id}/task-stages"):
                for evaluation in ask(f"/task-stages/{stage['id']}/policy-evaluations"):
                    ask(f"/policy-evaluations/{evaluation['id']}/policy-set-outcomes")
    return sum(counted(state).values()) / many + 1 / 100  # and a page of the list for each hundred
