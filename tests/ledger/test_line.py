"""A row told as one line: the database and the leaf say the same line, and every difference between them shows."""

from dataclasses import replace

import pytest
from app.domain.actor import Actor, ActorKind
from app.domain.event import Event, Keys
from app.domain.ref import Ref
from app.errors import LedgerError
from app.ledger import checkpoint, store
from app.ledger.leaf import leaf_bytes
from app.ledger.line import NULLABLE, line_of
from app.ledger.row import COLUMNS
from app.ledger.witness.store import Stored, verify_database
from sqlalchemy import Connection, text

from tests.ledger.made import DAWN, event, events

ODD = (
    *("", " ", "=", "a=b", "ü☃😀", "it's {1,2}", '"quoted"\\', "x" * 601, "x" * 3000),
    *("nul\x00", "tab\t", "line\nbreak", "unit\x1fapart", "\x1d"),
)


def odd(n: int, value: str) -> Event:
    """Event n, with this text wherever there is text."""
    return replace(
        event(n, "odd"),
        type=value,
        status=value,
        ref=Ref(value, value, value, value),
        actor=Actor(value, ActorKind.UNKNOWN, value, value),
        keys=Keys(value, n, (value, "a"), value, value, value, value, value, value),
        observation=None,
    )


def agree(connection: Connection) -> list[bool]:
    stored = Stored(connection)
    return [line_of(seq, leaf) == line for seq, leaf, line in stored.lines(0, stored.size())]


def lines(connection: Connection) -> list[str | None]:
    return [line for _, _, line in Stored(connection).lines(0, 1)]


def test_ordinary_rows_and_leaves_say_the_same_line(connection: Connection) -> None:
    plain = [replace(event(n, "bare"), actor=None, keys=Keys(), observation=None, ref=Ref("run", "r")) for n in range(3)]
    zone = replace(event(1, "on the second"), occurred_at=DAWN, observed_at=DAWN.replace(microsecond=500_000))
    store.append(connection, [*events(200), *plain, zone], DAWN)
    assert all(agree(connection))


@pytest.mark.parametrize("value", ODD, ids=ascii)
def test_odd_texts_never_make_a_sound_ledger_look_unsound(connection: Connection, value: str) -> None:
    store.append(connection, [odd(0, value)], DAWN)
    key = checkpoint.generate_key()
    store.seal(connection, key, "x", DAWN)
    assert verify_database(connection, key.vkey("x")).sound


@pytest.mark.parametrize("value", ["", "=", "a=b", "ü☃😀", "x" * 601, "nul\x00"], ids=ascii)
def test_most_odd_texts_are_told_quickly_too(connection: Connection, value: str) -> None:
    store.append(connection, [replace(odd(0, value), keys=Keys(value, 1, (), value, value, value))], DAWN)
    assert agree(connection) == [True]


def test_control_characters_are_left_to_the_columns() -> None:
    with pytest.raises(LedgerError):
        line_of(0, leaf_bytes(odd(0, "unit\x1fapart"), DAWN))
    with pytest.raises(LedgerError):
        line_of(0, b'{"v":1}')


OTHER = {
    **dict.fromkeys(COLUMNS, "'other'"),
    "id": "'00000000-0000-0000-0000-000000000001'::uuid",
    "known": "NOT known",
    **{name: f"{name} + interval '1 microsecond'" for name in COLUMNS if name.endswith("_at")},
    "pull_request": "coalesce(pull_request, 0) + 1",
    "commits": "commits || '{x}'::text[]",
    "observation": "'\\x00'::bytea",
}


@pytest.mark.parametrize("name", COLUMNS)
def test_no_column_can_differ_and_the_line_be_the_same(connection: Connection, name: str) -> None:
    store.append(connection, [event(1)], DAWN)
    others = [OTHER[name], *(["NULL", "''", "chr(29)", "'='"] if name in NULLABLE else [])]
    line = line_of(0, leaf_bytes(event(1), DAWN))
    assert lines(connection) == [line]
    for value in others:
        connection.execute(text("CREATE TEMP TABLE told ON COMMIT DROP AS SELECT * FROM events"))
        connection.execute(text(f"UPDATE told SET {name} = {value}".replace(":", "\\:")))
        same = connection.execute(text("SELECT told IS NOT DISTINCT FROM events FROM told, events")).scalar_one()
        connection.execute(text("ALTER TABLE told RENAME TO events"))
        assert same or lines(connection) != [line], value
        connection.execute(text("DROP TABLE pg_temp.events"))
