"""Lists of changes of any length: a few hundred real ones, from events through the projection, told again and again by SQL.

What a change weighs is therefore what the program makes it weigh: its texts, its chain, its JSON and its story, and the
terms that find it. Ids, numbers, roots and times are each change's own, and so are its commits, its pull request and its run.
In place of the real resources each copy has one Terraform resource of an estate of 20 modules and 40 types, under each of the
names that find it.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from app.changes.project import Rules, catch_up
from app.db.session import transaction
from app.domain.change import EnvironmentRule
from app.ledger import store

from bench.estate import DAWN, pages
from bench.place import Place

Driver = psycopg.Connection[Any]
KINDS = 400  # real changes that are told again
EVENTS_EACH = 13
RULES = Rules(
    (
        EnvironmentRule("production", "prod", ("*-production",), ("prod-*/*",), ("*-production",)),
        EnvironmentRule("staging", "non-prod", ("*-staging",), ("stage-*/*",), ("*-staging",)),
        EnvironmentRule("development", "non-prod", ("*-development",), (), ("*-development",)),
    )
)
OWN_TERMS = """
    VALUES ('commit', sha('head ' || number)), ('commit', sha('merge ' || number)), ('pr', 'bank/infra#' || number),
           ('pr', number::text), ('run', CASE WHEN c.runs <> '' THEN 'run-' || lpad(to_hex(number * 2654435761), 16, '0') END)
"""
RESOURCE_TERMS = """
    SELECT 'resource', value FROM
    (SELECT 'module.m' || number * 31 % 20 AS m, 'aws_type_' || number * 17 % 40 AS t, 'r' || number % 5000 AS r) n,
    LATERAL (VALUES ('module'), (m), (m || '.' || t), (m || '.' || t || '.' || r), (t), (t || '.' || r)) AS names (value)
"""
SHA = """
    CREATE FUNCTION pg_temp.sha(text) RETURNS text IMMUTABLE LANGUAGE SQL
    AS $$SELECT left(encode(sha256($1::bytea), 'hex'), 40)$$
"""
APART = 29  # seconds between one change and the next
ORDER = "SELECT correlation FROM pg_stats WHERE tablename = 'changes' AND attname = 'at'"
KEYS = "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = %s::regclass AND contype IN ('p', 'u')"
INDEXES = "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = %s"
OWN = {
    "id": "md5('change ' || i)::uuid",
    "number": "i",
    "root": "'pr:github:bank/infra#' || i",
    "at": "shift + at",
    "opened_at": "shift + opened_at",
    "finished_at": "shift + finished_at",
}


def database_of(size: int) -> str:
    return f"changes_{size}"


def many_changes(place: Place, size: int) -> str:
    """The name of a database with `size` changes, made if it is not there yet."""
    name = database_of(size)
    if not place.has(name):
        place.make(name)
        _real(place, name)
        _again(place, name, size)
    return name


def _real(place: Place, name: str) -> None:
    for page in pages(KINDS * EVENTS_EACH // 1000 + 1):
        with transaction(place.engine(name)) as connection:
            store.append(connection, page.events, DAWN)
    catch_up(place.engine(name), RULES)


def _again(place: Place, name: str, size: int) -> None:
    with psycopg.connect(place.url(name), autocommit=True) as connection:
        for setting in ("synchronous_commit = off", "work_mem = '256MB'", "maintenance_work_mem = '512MB'", "TimeZone = 'UTC'"):
            connection.execute(f"SET {setting}")
        connection.execute("CREATE TEMP TABLE kinds AS SELECT row_number() OVER (ORDER BY number) - 1 AS kind, * FROM changes")
        connection.execute(
            "CREATE TEMP TABLE kinds_terms AS SELECT kind, t.key, t.value FROM change_terms t JOIN kinds ON kinds.id = t.change "
            "WHERE t.key NOT IN ('commit', 'pr', 'run', 'resource')"
        )
        many = connection.execute("SELECT count(*) FROM kinds").fetchall()[0]
        assert many[0] >= KINDS // 2, f"only {many} changes came of the events"
        for table in ("kinds", "kinds_terms"):
            connection.execute(f"CREATE INDEX ON {table} (kind)")
            connection.execute(f"ANALYZE {table}")
        connection.execute("TRUNCATE changes, change_terms, change_events")
        for table in ("changes", "change_terms"):  # reading is the same, filling is half the writing
            connection.execute(f"ALTER TABLE {table} SET UNLOGGED")
        with _unindexed(connection, ("changes", "change_terms")):
            _fill(connection, size, many[0])
        connection.execute("VACUUM (ANALYZE) changes, change_terms")
        (order,) = connection.execute(ORDER).fetchall()[0]
        assert order > 0.9 or size < 10_000, "rows must lie as the projection puts them: by time, more or less"


def _fill(connection: Driver, size: int, kinds: int) -> None:
    columns = connection.execute(
        "SELECT column_name FROM information_schema.columns WHERE table_name = 'changes' AND is_generated = 'NEVER'"
    ).fetchall()
    # Every change keeps the length of its kind: all its times are moved by the same amount. OFFSET 0 keeps the order of i.
    numbered = (
        f"generate_series(1, {size}::bigint) i, LATERAL (SELECT * FROM kinds WHERE kind = (i * 7919) % {kinds} OFFSET 0) k, "
        f"LATERAL (SELECT timestamptz '2024-01-01 00:00Z' + i * interval '{APART} s' - at AS shift) s"
    )
    values = ", ".join(OWN.get(column, f'"{column}"') for (column,) in columns)
    names = ", ".join(f'"{column}"' for (column,) in columns)
    connection.execute(f"INSERT INTO changes ({names}) SELECT {values} FROM {numbered}")
    connection.execute(
        "INSERT INTO change_terms (key, value, change, at) SELECT t.key, t.value, c.id, c.at FROM changes c, "
        f"LATERAL (SELECT * FROM kinds_terms WHERE kind = (c.number * 7919) % {kinds} OFFSET 0) t"
    )
    connection.execute(SHA)
    for own in (OWN_TERMS.replace("sha(", "pg_temp.sha("), RESOURCE_TERMS):
        connection.execute(
            "INSERT INTO change_terms (key, value, change, at) SELECT t.key, t.value, c.id, c.at "
            f"FROM changes c, LATERAL ({own}) AS t (key, value) WHERE t.value IS NOT NULL"
        )


@contextmanager
def _unindexed(connection: Driver, tables: Sequence[str]) -> Iterator[None]:
    """Inside it these tables have no keys and no indexes; at its end they have the same again."""
    again: list[str] = []
    for table in tables:
        for name, definition in connection.execute(KEYS, [table]).fetchall():
            connection.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
            again.append(f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {definition}')
        for name, definition in connection.execute(INDEXES, [table]).fetchall():
            connection.execute(f'DROP INDEX "{name}"')
            again.append(definition)
    yield
    for statement in again:
        connection.execute(statement)
