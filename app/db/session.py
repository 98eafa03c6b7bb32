"""The engine, and the one way a transaction is opened."""

from collections.abc import Iterator
from contextlib import contextmanager

import orjson
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from app.db.sqlstate import told
from app.errors import DatabaseError, SettingsError

__all__ = ["APP_ROLE", "Connection", "Engine", "engine_for", "read_only", "transaction"]

APP_ROLE = "throughline_app"  # made by the migrations; may add to the ledger and read it, never change it
CONNECT_SECONDS = 5


def engine_for(
    url: str, *, role: str | None = None, application_name: str = "throughline", statement_seconds: float = 0, pool_size: int = 10
) -> Engine:
    """A pool of connections to `url` (`postgresql://…`), in UTC, acting as `role` whoever logged in.

    `statement_seconds` bounds each statement; 0 is no bound. Opens nothing yet. Raises SettingsError for a wrong URL.
    """
    engine = create_engine(
        _address(url),
        pool_pre_ping=True,
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_timeout=30,
        pool_use_lifo=True,
        json_deserializer=orjson.loads,
        connect_args={"connect_timeout": CONNECT_SECONDS, "application_name": application_name},
    )
    settings = {"TimeZone": "UTC", "statement_timeout": str(int(statement_seconds * 1000)), "role": role or "none"}
    event.listen(engine, "connect", lambda connection, _: _set_up(connection, settings))
    return engine


def _address(url: str) -> URL:
    try:
        address = make_url(url)
    except ArgumentError:
        raise SettingsError("`[database] url` is not an address", "postgresql://user@host/name") from None
    if address.drivername not in {"postgresql", "postgres", "postgresql+psycopg"}:
        raise SettingsError(f"`[database] url` names {address.drivername}", "postgresql://user@host/name")
    return address.set(drivername="postgresql+psycopg")


def _set_up(connection: DBAPIConnection, settings: dict[str, str]) -> None:
    """For the whole session, in one round trip and outside of any transaction: a rollback must not take the role back."""
    connection.autocommit = True
    cursor = connection.cursor()
    calls = ", ".join("set_config(%s, %s, false)" for _ in settings)
    cursor.execute(f"SELECT {calls}", [part for pair in settings.items() for part in pair])
    cursor.close()
    connection.autocommit = False


@contextmanager
def transaction(engine: Engine | Connection) -> Iterator[Connection]:
    """One transaction: committed at the end, rolled back by any exception. Given a Connection (in tests), a savepoint of it.

    Raises DatabaseUnavailable when there is no server or it goes away, SchemaBehind when tables are not the program's,
    DatabaseError for a timeout, a deadlock or a refusal; other database errors are faults of the program and pass unchanged.
    """
    with house_errors():
        if isinstance(engine, Connection):
            with engine.begin_nested():
                yield engine
        else:
            with engine.begin() as connection:
                yield connection


@contextmanager
def read_only(engine: Engine | Connection) -> Iterator[Connection]:
    """One unchanging view of the database for a page or an export: every SELECT sees the same moment, writing is refused.

    Given a Connection (in tests), a savepoint of it, without either promise. Raises as `transaction` does.
    """
    with house_errors():
        if isinstance(engine, Connection):
            with engine.begin_nested():
                yield engine
        else:
            with engine.connect() as connection:
                yield connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


@contextmanager
def house_errors() -> Iterator[None]:
    """Inside it, what the database says is raised in the house's words."""
    try:
        yield
    except SQLAlchemyError as error:
        house: DatabaseError | None = told(error)
        if house is None:
            raise
        raise house from error
