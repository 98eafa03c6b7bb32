"""The demo's world in this process: its four servers on real sockets, and the sources that read them."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from app.changes.project import Rules
from app.commands.people import read
from app.demo import cast
from app.demo.bank import TOKENS
from app.demo.fakes.argocd import argocd_app
from app.demo.fakes.github import github_app
from app.demo.fakes.tfe import tfe_app
from app.demo.fakes.world import Turn, world_app
from app.demo.journal import Journal, Wishes
from app.demo.past import Past, SteppedClock
from app.demo.world import World
from app.domain.change import EnvironmentRule
from app.domain.identity import Identities
from app.domain.limits import DriftLimit
from app.sources import registry
from app.sources.contract import Connection
from sqlalchemy import Engine

from tests.fixtures.serving import serving

NOW = datetime(2026, 3, 12, 15, 40, tzinfo=UTC)  # a Thursday
KINDS = {cast.TFE: "tfe", cast.ARGOCD: "argocd", cast.GITHUB: "github"}


def rules(folder: Path) -> Rules:
    """As the demo configures them."""
    people = folder / "identities.csv"
    people.write_text(cast.identities(), encoding="utf-8")
    production = EnvironmentRule("production", "prod", workspaces=("*-production",), destinations=("prod-*/*",))
    limits = (DriftLimit("production", hours(4), hours(24)),)
    return Rules(environments=(production,), identities=Identities(tuple(read(people))), limits=limits)


@dataclass
class Living:
    """`world` behind its servers; `urls` by kind, and `world` for the door."""

    world: World
    urls: dict[str, str]
    rules: Rules

    @contextmanager
    def past(self, engine: Engine) -> Iterator[Past]:
        clock = SteppedClock(NOW)
        sources = [
            registry.connect(
                Connection(
                    name=name,
                    kind=kind,
                    url=self.urls[kind],
                    token=TOKENS[kind],
                    organization=cast.ORGANIZATION,
                    repositories=(cast.INFRA, cast.MANIFESTS),
                    per_second=500.0,
                    poll_every=12 * 3600.0,
                ),
                clock,
            )
            for name, kind in KINDS.items()
        ]
        try:
            yield Past(engine, self.urls["world"], sources, clock)
        finally:
            for source in sources:
                source.close()


@contextmanager
def living(folder: Path, wishes: Wishes, now: datetime = NOW) -> Iterator[Living]:
    """A start of the fake servers' process: what the journal in `folder` tells, or a new world that began at `now`."""
    turn = Turn(lambda: now)
    world = World(Journal(folder / "journal.jsonl", wishes, now), turn.now)
    bank = world.bank
    apps = {
        "tfe": tfe_app(bank.tfe),
        "argocd": argocd_app(bank.argocd),
        "github": github_app(bank.github),
        "world": world_app(world, turn, lambda: now),
    }
    with ExitStack() as stack:
        yield Living(world, {name: stack.enter_context(serving(app)) for name, app in apps.items()}, rules(folder))


def hours(number: float) -> timedelta:
    return timedelta(hours=number)
