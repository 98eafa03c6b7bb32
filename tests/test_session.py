"""The engine and its transactions, against a real Postgres."""

import pytest
from app.db.session import APP_ROLE, engine_for, read_only, transaction
from app.errors import DatabaseError, DatabaseUnavailable, SchemaBehind, SettingsError
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import IntegrityError


def one(connection: Connection, sql: str) -> object:
    return connection.execute(text(sql)).scalar_one()


def fail_after(engine: Engine, sql: str) -> None:
    with transaction(engine) as connection:
        connection.execute(text(sql))
        raise ZeroDivisionError


def be_cut(engine: Engine, owner_engine: Engine) -> None:
    with transaction(engine) as connection:
        pid = one(connection, "SELECT pg_backend_pid()")
        with transaction(owner_engine) as owner:
            owner.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})
        one(connection, "SELECT 1")


def test_a_connection_is_in_utc_and_acts_as_the_role_it_was_asked_for(engine: Engine) -> None:
    with transaction(engine) as connection:
        assert one(connection, "SELECT current_user") == APP_ROLE
        assert one(connection, "SHOW timezone") == "UTC"
        assert one(connection, "SHOW application_name") == "throughline"


def test_the_role_outlives_a_rollback(engine: Engine) -> None:
    with pytest.raises(ZeroDivisionError):
        fail_after(engine, "SELECT 1")
    with transaction(engine) as connection:
        assert one(connection, "SELECT current_user") == APP_ROLE


def test_a_transaction_commits_at_its_end_and_an_exception_takes_all_of_it_back(owner_engine: Engine) -> None:
    with transaction(owner_engine) as connection:
        connection.execute(text("CREATE TABLE kept (n int PRIMARY KEY)"))
    with pytest.raises(ZeroDivisionError):
        fail_after(owner_engine, "INSERT INTO kept VALUES (1)")
    with transaction(owner_engine) as connection:
        assert one(connection, "SELECT count(*) FROM kept") == 0


def test_given_a_connection_a_transaction_is_a_savepoint_of_it(connection: Connection) -> None:
    with transaction(connection) as inner:
        inner.execute(text("CREATE TEMP TABLE here (n int PRIMARY KEY)"))
    with pytest.raises(IntegrityError), transaction(connection) as inner:
        inner.execute(text("INSERT INTO here VALUES (1), (2), (1)"))
    assert one(connection, "SELECT count(*) FROM here") == 0


def test_read_only_sees_one_moment_and_refuses_to_write(owner_engine: Engine) -> None:
    with transaction(owner_engine) as connection:
        connection.execute(text("CREATE TABLE seen (n int)"))
    with read_only(owner_engine) as before:
        assert one(before, "SELECT count(*) FROM seen") == 0
        with transaction(owner_engine) as connection:
            connection.execute(text("INSERT INTO seen VALUES (1)"))
        assert one(before, "SELECT count(*) FROM seen") == 0
    with pytest.raises(DatabaseError, match="read-only"), read_only(owner_engine) as connection:
        connection.execute(text("INSERT INTO seen VALUES (2)"))
    with transaction(owner_engine) as connection:
        connection.execute(text("INSERT INTO seen VALUES (3)"))


def test_no_server_is_one_clear_line() -> None:
    engine = engine_for("postgresql://nobody@127.0.0.1:1/none")
    with pytest.raises(DatabaseUnavailable, match="no answer") as refused, transaction(engine):
        pass
    assert "\n" not in str(refused.value)


def test_a_database_that_is_not_there(database: str) -> None:
    engine = engine_for(database.replace("/test_", "/absent_"))
    with pytest.raises(DatabaseUnavailable, match="absent_"), transaction(engine):
        pass


def test_a_connection_cut_while_in_use(engine: Engine, owner_engine: Engine) -> None:
    with pytest.raises(DatabaseUnavailable):
        be_cut(engine, owner_engine)
    with transaction(engine) as connection:
        assert one(connection, "SELECT 1") == 1


def test_a_statement_over_its_time_is_stopped(database: str) -> None:
    engine = engine_for(database, statement_seconds=0.1)
    with pytest.raises(DatabaseError, match="longer than it may"), transaction(engine) as connection:
        one(connection, "SELECT pg_sleep(5)")
    engine.dispose()


def test_a_missing_table_says_that_migrations_have_not_run(empty_database: str) -> None:
    engine = engine_for(empty_database)
    with pytest.raises(SchemaBehind, match="throughline migrate"), transaction(engine) as connection:
        one(connection, "SELECT count(*) FROM leaves")
    engine.dispose()


@pytest.mark.parametrize("url", ["", "not a url", "mysql://host/name", "sqlite:///x"])
def test_a_wrong_address_is_a_settings_error(url: str) -> None:
    with pytest.raises(SettingsError, match="postgresql://"):
        engine_for(url)
