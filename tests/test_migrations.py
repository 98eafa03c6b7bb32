"""The schema is what the migrations make, in one order, and never anything else."""

import re
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from app.db import migrate
from app.db.session import APP_ROLE, engine_for, transaction
from app.db.tables import metadata
from app.errors import DatabaseError, SchemaBehind
from sqlalchemy import Engine, TextClause, event, text

VERSIONS = sorted((migrate.MIGRATIONS / "versions").glob("*.py"))


@pytest.fixture
def empty(empty_database: str) -> Iterator[Engine]:
    engine = engine_for(empty_database)
    yield engine
    engine.dispose()


def scripts() -> ScriptDirectory:
    config = Config()
    config.set_main_option("script_location", str(migrate.MIGRATIONS))
    return ScriptDirectory.from_config(config)


@pytest.mark.parametrize("path", VERSIONS, ids=lambda path: path.stem)
def test_a_file_name_starts_with_its_date(path: Path) -> None:
    assert re.match(r"20\d\d-[01]\d-[0-3]\d-[0-2]\d[0-5]\d_[a-z0-9_]+$", path.stem)


def test_there_is_one_line_of_migrations_in_the_order_of_their_names() -> None:
    assert len(scripts().get_heads()) == 1
    in_order = [Path(script.path) for script in scripts().walk_revisions()]
    assert in_order[::-1] == VERSIONS


def test_an_empty_database_is_brought_to_the_head_and_a_second_time_changes_nothing(empty: Engine) -> None:
    assert migrate.revision(empty) is None
    with pytest.raises(SchemaBehind, match="throughline migrate"):
        migrate.check(empty)
    migrate.upgrade(empty)
    migrate.check(empty)
    migrate.upgrade(empty)
    assert migrate.revision(empty) == migrate.head()


def test_the_tables_are_those_the_program_names(owner_engine: Engine) -> None:
    with owner_engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def upgrade_at(url: str) -> None:
    migrate.upgrade(engine_for(url))


def test_many_processes_at_once_take_turns(empty: Engine, empty_database: str) -> None:
    with ProcessPoolExecutor(3, mp_context=get_context("spawn")) as pool:
        for done in [pool.submit(upgrade_at, empty_database) for _ in range(3)]:
            done.result(timeout=60)
    migrate.check(empty)


def test_the_login_migrates_even_where_the_engine_acts_as_the_app_role(owner_engine: Engine, empty_database: str) -> None:
    engine = engine_for(empty_database, role=APP_ROLE)  # the role is there: owner_engine's database made it
    migrate.upgrade(engine)
    with transaction(engine) as connection:
        assert connection.execute(text("SELECT current_user")).scalar_one() == APP_ROLE
    engine.dispose()


def test_a_schema_newer_than_the_program_is_refused(owner_engine: Engine) -> None:
    with transaction(owner_engine) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'of_tomorrow'"))
    for act in (migrate.check, migrate.upgrade):
        with pytest.raises(SchemaBehind, match=r"of_tomorrow.*newer program"):
            act(owner_engine)


def test_a_schema_behind_the_program_is_refused_and_says_what_to_do(owner_engine: Engine) -> None:
    before = scripts().get_base()
    assert before != migrate.head()
    with transaction(owner_engine) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :before"), {"before": before})
    with pytest.raises(SchemaBehind, match=f"{before}.*throughline migrate"):
        migrate.check(owner_engine)


def test_a_lock_that_somebody_holds_is_waited_for_only_seconds_and_nothing_is_half_done(empty: Engine) -> None:
    with transaction(empty) as connection:
        connection.execute(text("CREATE TABLE leaves (n int)"))
        with pytest.raises(DatabaseError, match="lock was not granted"):
            migrate.upgrade(empty)
        connection.execute(text("DROP TABLE leaves"))
    assert migrate.revision(empty) is None
    migrate.upgrade(empty)
    migrate.check(empty)


@contextmanager
def owner_of(empty: Engine, *, makes_roles: bool) -> Iterator[tuple[Engine, str]]:
    """An engine that works as the owner of the schema and is no superuser, and the name of a role that is not there yet."""
    owner, role = f"owner_{uuid4().hex[:8]}", f"role_{uuid4().hex[:8]}"
    with empty.begin() as connection:
        connection.execute(text(f"CREATE ROLE {owner} {'CREATEROLE' if makes_roles else ''}"))
        connection.execute(text(f"ALTER SCHEMA public OWNER TO {owner}"))
    engine = engine_for(empty.url.render_as_string(hide_password=False))
    event.listen(engine, "connect", lambda driver, _: driver.execute(f"SET SESSION AUTHORIZATION {owner}") and driver.commit())
    try:
        yield engine, role
    finally:
        engine.dispose()
        with empty.begin() as connection:
            connection.execute(text("ALTER SCHEMA public OWNER TO CURRENT_USER"))
            made = connection.execute(
                text("SELECT rolname FROM pg_roles WHERE rolname IN (:owner, :role)"), {"owner": owner, "role": role}
            )
            for name in list(made.scalars()):
                connection.execute(text(f"DROP OWNED BY {name} CASCADE"))
            for name in (role, owner):
                connection.execute(text(f"DROP ROLE IF EXISTS {name}"))


def making(role: str) -> TextClause:
    """What the first migration does about its role, for another one."""
    first: Any = scripts().get_revision(str(scripts().get_base()))
    return text(first.module.ROLE.replace("throughline_app", role))


def test_an_owner_who_may_make_roles_may_then_act_in_the_one_it_made(empty: Engine) -> None:
    """From Postgres 16 on its maker is a member that may not act in it: the migration has to say that it may."""
    with owner_of(empty, makes_roles=True) as (engine, role), engine.begin() as connection:
        connection.execute(making(role))
        connection.execute(text(f"SET ROLE {role}"))
        assert connection.execute(text("SELECT current_user")).scalar_one() == role
        connection.execute(text("RESET ROLE"))


def test_an_owner_who_may_not_is_told_what_an_administrator_must_do(empty: Engine) -> None:
    with owner_of(empty, makes_roles=False) as (engine, role):
        with pytest.raises(DatabaseError) as told, transaction(engine) as connection:
            connection.execute(making(role))
        assert f"CREATE ROLE {role} NOLOGIN; GRANT {role} TO owner_" in str(told.value)
