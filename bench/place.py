"""A Postgres of the bench's own in a temporary folder: durable as in production, migrated, gone afterwards."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from app.db.embedded import Server, start
from app.db.embedded_binaries import binaries_for
from app.db.migrate import upgrade
from app.db.session import APP_ROLE, engine_for
from sqlalchemy import Engine, make_url, text

TEMPLATE = "template_of_benches"


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured. Events and changes are counts; `pages` are the sizes of the list of changes, smallest first."""

    name: str
    events: int
    changes: tuple[int, ...]
    csv_rows: int
    repetitions: int


SIZES = {
    size.name: size
    for size in (
        Size("tiny", 600, (120,), 120, 2),  # does everything still run? (tests/test_bench.py)
        Size("small", 20_000, (1_000, 10_000, 50_000), 50_000, 7),
        Size("full", 200_000, (10_000, 100_000, 1_000_000), 1_000_000, 15),
    )
}


@dataclass(slots=True)
class Place:
    """Where the benches run. Databases are made when first asked for and shared by the benches."""

    server: Server
    size: Size
    _engines: dict[tuple[str, bool], Engine] = field(default_factory=dict)

    def url(self, database: str) -> str:
        return make_url(self.server.url).set(drivername="postgresql", database=database).render_as_string(hide_password=False)

    def engine(self, database: str) -> Engine:
        """As the program works: the app role."""
        return self._engine(database, owner=False)

    def owner(self, database: str) -> Engine:
        """As the owner of the schema: to make tables and fill them."""
        return self._engine(database, owner=True)

    def _engine(self, database: str, *, owner: bool) -> Engine:
        if (database, owner) not in self._engines:
            self._engines[database, owner] = engine_for(self.url(database), role=None if owner else APP_ROLE)
        return self._engines[database, owner]

    def has(self, database: str) -> bool:
        with self.owner("postgres").connect() as connection:
            return bool(connection.execute(text("SELECT 1 FROM pg_database WHERE datname = :name"), {"name": database}).scalar())

    def make(self, database: str) -> None:
        """A database of this name in which every migration has run."""
        if database != TEMPLATE and not self.has(TEMPLATE):
            self.make(TEMPLATE)
        with self.owner("postgres").execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
            connection.execute(text(f"CREATE DATABASE {database} TEMPLATE {'template0' if database == TEMPLATE else TEMPLATE}"))
        if database == TEMPLATE:
            upgrade(self.owner(database))
            self._engines.pop((database, True)).dispose()

    def drop(self, database: str) -> None:
        for owner in (False, True):
            if engine := self._engines.pop((database, owner), None):
                engine.dispose()
        with self.owner("postgres").execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
            connection.execute(text(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)"))

    def close(self) -> None:
        for engine in self._engines.values():
            engine.dispose()

    def version(self) -> str:
        with self.owner("postgres").connect() as connection:
            return str(connection.execute(text("SHOW server_version")).scalar_one())

    def psql(self) -> str | None:
        """The `psql` beside the server's programs, if there is one."""
        program = binaries_for(self.server.data_dir / "cluster").home / "bin" / "psql"
        return str(program) if program.is_file() else None


@contextmanager
def scratch(size: Size) -> Iterator[Place]:
    folder = Path(tempfile.mkdtemp(prefix="throughline-bench-"))
    try:
        with start(folder / "data", durable=True) as server:
            place = Place(server, size)
            try:
                yield place
            finally:
                place.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
