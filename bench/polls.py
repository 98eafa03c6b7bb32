"""What a poll costs: requests to each source, counted on the demo's fake servers over real HTTP. Only told; nothing is promised."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

from app.canonical import random_id
from app.db.session import Engine
from app.demo import cast
from app.demo.bank import TOKENS
from app.demo.fakes.argocd import argocd_app
from app.demo.fakes.github import github_app
from app.demo.fakes.tfe import tfe_app
from app.demo.journal import Journal, Wishes
from app.demo.world import World
from app.ingest.poll import declare, read_stream
from app.sources import registry
from app.sources.contract import Connection, Source

from bench.figure import Figure
from bench.place import Place
from bench.served import served

DATABASE = "polls"
BEGAN = datetime(2026, 10, 9, 12, tzinfo=UTC)
WISHES = {"tiny": Wishes(apps=3, workspaces=3, days=1), "small": Wishes(apps=10, workspaces=10, days=2)}
FULL = Wishes(apps=50, workspaces=50, days=3)
A_MINUTE = timedelta(minutes=1)
COOLED = timedelta(hours=50)  # what has just ended is looked at again for two days, ever more rarely
MINUTES = 10  # polls around one new change


class _Clock:
    def __init__(self, at: datetime) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at


def run(place: Place) -> Iterator[Figure]:
    wishes = WISHES.get(place.size.name, FULL)
    place.make(DATABASE)
    clock = _Clock(BEGAN)
    with tempfile.TemporaryDirectory(prefix="throughline-bench-") as folder, ExitStack() as stack:
        world = World(Journal(Path(folder) / "journal.jsonl", wishes, BEGAN), clock)
        world.play(BEGAN)
        kinds = {"tfe": cast.TFE, "argocd": cast.ARGOCD, "github": cast.GITHUB}
        apps = {"tfe": tfe_app(world.bank.tfe), "argocd": argocd_app(world.bank.argocd), "github": github_app(world.bank.github)}
        sources = [_source(kind, kinds[kind], stack.enter_context(served(app)), clock) for kind, app in apps.items()]
        yield from _told(place.engine(DATABASE), world, sources, clock, wishes)
        for source in sources:
            source.close()


def _told(engine: Engine, world: World, sources: Sequence[Source], clock: _Clock, wishes: Wishes) -> Iterator[Figure]:
    for source in sources:
        declare(engine, source, clock.at)

    def each() -> list[int]:
        return [_pass(engine, source, clock) for source in sources]

    first = each()
    each()  # questions the first pass asked of the Git host
    clock.at += COOLED
    each()
    clock.at += A_MINUTE
    quiet = each()
    world.begin_live(clock.at)
    busy = []
    for _ in range(MINUTES):
        clock.at += A_MINUTE
        world.play(clock.at)
        busy.append(each())
    of = f"{wishes.apps} applications, {wishes.workspaces} workspaces, {wishes.days} days"
    for source, whole, still, *more in zip(sources, first, quiet, *busy, strict=True):
        mean = f"{sum(more) / MINUTES:.1f} around a change"
        yield Figure(f"polls: {source.connection.name}", f"{still} requests, all quiet", mean, f"first read {whole}; {of}", None)


def _pass(engine: Engine, source: Source, clock: _Clock) -> int:
    """Every stream of a source, read once to its end by the program's own pass. How many requests that took."""
    owner = random_id()
    outcomes = [read_stream(engine, source, stream, owner, clock, only_due=False) for stream in source.streams()]
    failed = [outcome for outcome in outcomes if not outcome.ok]
    assert not failed, failed
    return sum(outcome.requests for outcome in outcomes)


def _source(kind: str, name: str, url: str, clock: _Clock) -> Source:
    repositories = (cast.INFRA, cast.MANIFESTS)
    connection = Connection(
        name, kind, url, TOKENS[kind], organization=cast.ORGANIZATION, repositories=repositories, per_second=1000.0
    )
    return registry.connect(connection, clock)
