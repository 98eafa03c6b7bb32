"""A portal over real HTTP, empty and full. The full one is made once for the module that asks for it."""

from collections.abc import Iterator

import httpx
import pytest
from app.db.embedded import Server
from app.db.session import APP_ROLE
from app.main import create_app
from sqlalchemy import Engine

from tests.fixtures.database import _cloned, _engine
from tests.fixtures.serving import serving
from tests.web import drift_world, world


class Site:
    """A running portal: its address, its engine, and a client that follows nothing."""

    def __init__(self, url: str, engine: Engine, client: httpx.Client) -> None:
        self.url, self.engine, self.client = url, engine, client

    def get(self, path: str, **more: object) -> httpx.Response:
        return self.client.get(self.url + path, **more)  # type: ignore[arg-type]


def _site(engine: Engine, **more: int) -> Iterator[Site]:
    app = create_app(engine, origin=world.ORIGIN, vkey=world.KEY.vkey(world.ORIGIN), clock=lambda: world.NOW, **more)
    with serving(app) as url, httpx.Client(timeout=30) as client:
        yield Site(url, engine, client)


@pytest.fixture(scope="module")
def full(server: Server, _root: Engine, _template: str) -> Iterator[Site]:
    with _cloned(server, _root, _template) as url, _engine(url, APP_ROLE) as engine:
        world.fill(engine)
        drift_world.fill(engine)
        yield from _site(engine)


@pytest.fixture(scope="module")
def empty(server: Server, _root: Engine, _template: str) -> Iterator[Site]:
    with _cloned(server, _root, _template) as url, _engine(url, APP_ROLE) as engine:
        yield from _site(engine)


@pytest.fixture
def long_list(full: Site) -> Iterator[Site]:
    """The full world, as a portal shows it for which five changes make a long list."""
    yield from _site(full.engine, figures=5)
