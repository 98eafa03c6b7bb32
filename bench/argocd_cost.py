"""What a cycle over many Argo CD applications costs: requests, counted in the fake server's log, and bytes of its answers as sent.

All applications stand in one repository, so that each commit moves the revision of every one of them: the dearest case. A
cycle is one pass of the stream; between two cycles one commit is deployed to so many applications, by automation.
"""

import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from app.demo.fakes import argocd_secrets as secrets
from app.demo.fakes.argocd import argocd_app
from app.demo.fakes.argocd_state import ArgocdState
from app.sources.argocd.listing import FEWEST, WATCHERS
from app.sources.argocd.source import STREAM, Argocd
from app.sources.contract import Connection, Task

from bench.figure import Figure, seconds
from bench.place import Place
from bench.served import served

APPLICATIONS = {"tiny": 100, "small": 500}
FULL = 5_000
LARGEST = 4_000_000 / FULL  # bytes of the list for one application
CYCLES = 12  # of those in which some differ and nothing changes
PER_CHANGE = 2  # requests for one that changed: itself, its announcements
ASKING = 4  # every fourth holds an ExternalSecret: one request more, for the names of secrets
NOW = datetime(2026, 9, 30, 12, tzinfo=UTC)
REPO = "https://git.bank.example/bank/application-manifests.git"
CYCLE = timedelta(seconds=30)


class _Counted:
    """The server, with the bytes of its answers."""

    def __init__(self, app: Any) -> None:
        self.app, self.bytes = app, Counter[str]()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async def counting(message: Any) -> None:
            if message["type"] == "http.response.body":
                self.bytes[kind_of(scope["path"])] += len(message.get("body", b""))
            await send(message)

        await self.app(scope, receive, counting)


class _Clock:
    def __init__(self, at: datetime) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at


def kind_of(path: str) -> str:
    parts = path.split("/")
    if len(parts) == 4:
        return "list" if parts[3] == "applications" else parts[3]  # clusters and sets have lists of their own
    return parts[5] if len(parts) > 5 else "application"


def run(place: Place) -> Iterator[Figure]:
    many = APPLICATIONS.get(place.size.name, FULL)
    clock = _Clock(NOW)
    state = filled(many, clock)
    counted = _Counted(argocd_app(state))
    with served(counted) as url:
        source = Argocd(Connection("argocd", "argocd", url, state.token, per_second=100_000.0), clock)
        try:
            memory: dict[str, Any] = {}
            cycle(source, memory, clock)
            first = sum(asked(state).values())
            counted.bytes.clear()
            for n, share in enumerate((0, 1, 10)):
                changed = many * share // 100
                deploy(state, clock, changed, f"{n + 2:040x}")
                took = seconds(lambda: cycle(source, memory, clock))
                yield _figure(many, changed, asked(state), counted.bytes, took)
                counted.bytes.clear()
            for app in list(state.applications.values())[-max(1, many // 25) :]:
                state.edit(app, app.name, clock.at)
            cycle(source, memory, clock)
            asked(state)
            counted.bytes.clear()
            took = seconds(lambda: [cycle(source, memory, clock) for _ in range(CYCLES)])
            yield _watching(many, asked(state), counted.bytes, took)
            kept = len(json.dumps(memory))
            yield Figure(f"argocd: {many:,} met at first", f"{first:,} requests", f"{kept / many:,.0f} B kept of each", "", None)
        finally:
            source.close()


def filled(many: int, clock: _Clock) -> ArgocdState:
    """A fleet, each deployed once by automation an hour ago."""
    state = ArgocdState(now=clock)
    at = NOW - timedelta(hours=1)
    for n in range(1, 6):
        state.commit(f"{n:040x}", at=at, author="Alice Ng <alice@bank.example>", message=f"Change {n}")
    for n in range(many):
        name = f"payments-service-{n:04}-prod"
        app = state.add_application(
            name, project=f"team-{n % 40:02}-production", repository=REPO, path=f"apps/{name}", at=at, revision=f"{1:040x}",
            destination=f"prod-eu-{n % 4}/team-{n % 40:02}", by=None, auto_sync=True, self_heal=True,
        )  # fmt: skip
        app.images = [f"registry.bank.example/payments/service-{n:04}:1.{n % 30}.0", "registry.bank.example/platform/proxy:2.7.1"]
        if n % ASKING == 0:
            secrets.add_store(app, "parameters")
            secrets.add_external(app, "database", [f"/payments/{n:04}/database-url"], at)
            secrets.add_workload(app, name, env=["database"])
        state.sync(app, at + timedelta(minutes=1))
    return state


def deploy(state: ArgocdState, clock: _Clock, changed: int, revision: str) -> None:
    """One commit: it moves all, and is deployed to `changed` of them."""
    if not changed:
        return
    chosen = list(state.applications.values())[:changed]
    state.push(REPO, revision, clock.at + timedelta(seconds=1), paths=[app.sources[0].path for app in chosen])
    for app in chosen:
        state.sync(app, clock.at + timedelta(seconds=5))


def cycle(source: Argocd, memory: dict[str, Any], clock: _Clock) -> None:
    clock.at += CYCLE
    for page in source.fetch(Task(STREAM, clock.at, dict(memory))):
        memory |= page.remember
        for key in [key for key, value in page.remember.items() if value is None]:
            del memory[key]


def asked(state: ArgocdState) -> Counter[str]:
    """The log so far, by kind of request; it begins anew."""
    kinds = Counter(kind_of(path) for path, _ in state.requests)
    state.requests.clear()
    return kinds


def _figure(many: int, changed: int, requests: Counter[str], sent: Counter[str], took: float) -> Figure:
    total, most = sum(requests.values()), 1 + PER_CHANGE * changed + -(-changed // ASKING) + bool(changed)
    goal = f"1 list ≤ {LARGEST * many / 1e6:.1f} MB, no GET" if not changed else f"≤ {most:,} requests"
    met = total <= most and requests["list"] == 1 and sent["list"] <= LARGEST * many
    return Figure(
        f"argocd: {changed:,} of {many:,} changed",
        f"{total:,} requests, {sum(sent.values()) / 1e6:.2f} MB",
        f"list {sent['list'] / 1e6:.2f} MB, {took:.1f} s",
        goal,
        met,
    )


def _watching(many: int, requests: Counter[str], sent: Counter[str], took: float) -> Figure:
    """Those that differ are read every few minutes: a few in each cycle, however many there are."""
    most = CYCLES * (1 + PER_CHANGE * max(FEWEST, many // WATCHERS))
    total = sum(requests.values())
    return Figure(
        f"argocd: {max(1, many // 25):,} of {many:,} differ",
        f"{total / CYCLES:.1f} requests a cycle",
        f"{sum(sent.values()) / CYCLES / 1e6:.2f} MB, {took / CYCLES:.1f} s",
        f"≤ {most / CYCLES:.0f} requests",
        total <= most,
    )
