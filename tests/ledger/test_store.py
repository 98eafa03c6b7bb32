"""The ledger in a real Postgres."""

import base64
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from app.db.session import transaction
from app.db.tables import metadata
from app.domain.event import Entry, Event, Keys, Step, entity_of
from app.domain.ref import Ref
from app.errors import LedgerError, Tampered
from app.ledger import checkpoint, merkle, store
from app.ledger.leaf import leaf_bytes
from sqlalchemy import Connection, Engine, insert, inspect, select, text
from sqlalchemy.exc import ProgrammingError

from tests.ledger.made import DAWN, event, events

KEY, ORIGIN = checkpoint.generate_key(), "ledger.bank.example/throughline"
TABLES = ("leaves", "events", "tile_hashes", "checkpoints")


def fill(connection: Connection, count: int, step: int = 97) -> list[bytes]:
    """Append `count` events in steps; their leaf hashes."""
    for start in range(0, count, step):
        store.append(connection, events(min(step, count - start), start), DAWN)
    return [merkle.leaf_hash(leaf_bytes(e, DAWN)) for e in events(count)]


def test_what_goes_in_comes_out(connection: Connection) -> None:
    made = store.append(connection, events(7), DAWN)
    assert [e.seq for e in made] == list(range(7))
    assert store.entries(connection, -1, 100) == made
    assert store.entries(connection, 2, 3) == made[3:6]
    assert store.entries_of(connection, [5, 1, 99, 5]) == [made[1], made[5]]
    assert made[3].leaf_hash == merkle.leaf_hash(leaf_bytes(event(3), DAWN))
    assert store.size(connection) == 7
    assert store.entries_of(connection, []) == []
    assert store.append(connection, [], DAWN) == []


def test_append_twice_is_once(connection: Connection) -> None:
    first = store.append(connection, [*events(5), *events(5)], DAWN)
    later = DAWN + timedelta(hours=1)
    assert store.append(connection, events(5), later) == []
    more = store.append(connection, [event(2), event(8), event(4), event(6)], later)
    assert [(e.seq, e.event.id) for e in more] == [(5, event(8).id), (6, event(6).id)]
    assert store.entries(connection, -1, 10) == first + more


def test_the_entries_of_an_entity(connection: Connection) -> None:
    made = store.append(connection, events(40), DAWN)
    key = entity_of(event(5))
    assert key is not None
    wanted = [e for e in made if entity_of(e.event) == key]
    assert store.entries_of_entities(connection, [key, "run:none:none"]) == wanted
    assert len(wanted) > 1
    assert store.entries_of_entities(connection, []) == []


def hostile(n: int, words: str) -> Event:
    keys = Keys(repository=words, commits=(words,), workspace=words, run=words, application=words)
    return Event(
        id=event(n).id, source=words, kind="k", type=words, step=Step.NOTED, status=words, ref=Ref(words, words, words, words),
        occurred_at=DAWN, observed_at=DAWN, keys=keys, facts={"a": words},
    )  # fmt: skip


@pytest.mark.parametrize("words", ["\x00", "\u202e\U0001f600" * 400, "<script>", "\\N\t\n\\.", "a" * 3000], ids=str.__len__)
def test_hostile_text_is_kept(connection: Connection, words: str) -> None:
    made = store.append(connection, [hostile(1, words)], DAWN)
    assert made == store.entries(connection, -1, 1) == [Entry(0, hostile(1, words), DAWN, made[0].leaf_hash)]
    assert store.entries_of_entities(connection, [entity_of(hostile(1, words)) or ""]) == made


def test_a_bad_event_stops_the_page_before_anything_is_written(connection: Connection) -> None:
    with pytest.raises(LedgerError):
        store.append(connection, [event(1), hostile(2, "x" * 70_000)], DAWN)
    assert store.size(connection) == 0


def test_tiles_roots_and_proofs(connection: Connection) -> None:
    hashes = fill(connection, 1100)
    for size in (0, 1, 2, 255, 256, 257, 511, 512, 1024, 1100):
        assert store.root(connection, size) == merkle.root_of(hashes[:size])
    root = merkle.root_of(hashes)
    for index in (0, 255, 256, 777, 1099):
        proof = store.inclusion_proof(connection, index, 1100)
        assert merkle.verify_inclusion(hashes[index], index, 1100, proof, root)
    for first in (0, 1, 256, 300, 1100):
        proof = store.consistency_proof(connection, first, 1100)
        assert merkle.verify_consistency(first, 1100, merkle.root_of(hashes[:first]), root, proof)
    assert store.tile(connection, 0, 3) == b"".join(hashes[768:1024])
    assert store.tile(connection, 0, 4, 76) == b"".join(hashes[1024:])
    assert store.tile(connection, 1, 0, 4) == b"".join(merkle.fold(hashes[i : i + 256]) for i in range(0, 1024, 256))
    bundle = store.tile_entries(connection, 4, 2)
    first_leaf = leaf_bytes(event(1024), DAWN)
    assert bundle.startswith(len(first_leaf).to_bytes(2, "big") + first_leaf)
    for call in (
        lambda: store.tile(connection, 0, 4),
        lambda: store.tile(connection, 2, 0, 1),
        lambda: store.tile(connection, 0, 0, 0),
        lambda: store.tile_entries(connection, 4, 77),
        lambda: store.root(connection, 1101),
        lambda: store.inclusion_proof(connection, 1100, 1100),
        lambda: store.consistency_proof(connection, 3, 1101),
    ):
        with pytest.raises(LedgerError):
            call()


def test_seal_only_what_grew(connection: Connection) -> None:
    assert store.seal(connection, KEY, ORIGIN, DAWN) is None
    hashes = fill(connection, 300)
    first = store.seal(connection, KEY, ORIGIN, DAWN)
    assert first is not None
    assert checkpoint.open_checkpoint(first.note, KEY.vkey(ORIGIN)) == (ORIGIN, 300, merkle.root_of(hashes))
    assert base64.b64encode(first.root).decode() in first.note
    assert store.seal(connection, KEY, ORIGIN, DAWN) is None
    store.append(connection, events(1, 300), DAWN)
    second = store.seal(connection, KEY, ORIGIN, DAWN)
    assert store.checkpoints(connection) == [second, first]
    assert store.checkpoints(connection, 1) == [second]


def test_what_was_rewritten_is_not_signed(connection: Connection) -> None:
    fill(connection, 10)
    connection.execute(insert(metadata.tables["checkpoints"]).values(size=9, made_at=DAWN, root=bytes(32), note="x\n"))
    with pytest.raises(Tampered, match="no longer give the root"):
        store.seal(connection, KEY, ORIGIN, DAWN)
    connection.execute(insert(metadata.tables["checkpoints"]).values(size=11, made_at=DAWN, root=bytes(32), note="x\n"))
    with pytest.raises(Tampered, match="at least 11"):
        store.seal(connection, KEY, ORIGIN, DAWN)


def test_rollback_leaves_no_gap(engine: Engine) -> None:
    with transaction(engine) as connection:
        store.append(connection, events(3), DAWN)
    with engine.connect() as connection:
        assert store.append(connection, events(300, 3), DAWN)[-1].seq == 302
        connection.rollback()
    with transaction(engine) as connection:
        assert [e.seq for e in store.append(connection, events(2, 500), DAWN)] == [3, 4]


def test_a_killed_transaction_leaves_no_gap_and_no_lock(engine: Engine, owner_engine: Engine) -> None:
    victim = engine.connect()
    store.append(victim, events(300), DAWN)
    pid = victim.execute(text("SELECT pg_backend_pid()")).scalar_one()
    with owner_engine.begin() as owner:
        owner.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
    with transaction(engine) as connection:
        assert [e.seq for e in store.append(connection, events(2), DAWN)] == [0, 1]
    victim.invalidate()
    victim.close()


def test_concurrent_appenders_stay_gapless(engine: Engine) -> None:
    start = threading.Barrier(4)

    def work(me: int) -> int:
        new = 0
        start.wait()
        for i in range(12):
            shared = events(20, i * 20)  # every appender sees these
            own = events(10, i * 10, world=f"w{me}")
            try:
                with transaction(engine) as connection:
                    done = len(store.append(connection, [*own, *shared], DAWN))
                    if i % 5 == me:
                        raise ZeroDivisionError
                new += done
            except ZeroDivisionError:
                pass
        return new

    with ThreadPoolExecutor(4) as pool:
        counts = list(pool.map(work, range(4)))
    with transaction(engine) as connection:
        size = store.size(connection)
        held = store.entries(connection, -1, 10_000)
        assert [e.seq for e in held] == list(range(size)) == list(range(sum(counts)))
        assert len({e.event.id for e in held}) == size
        assert store.root(connection, size) == merkle.root_of([e.leaf_hash for e in held])
        assert {e.event.id for e in held} >= {e.id for e in events(240)}


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("act", ["UPDATE {} SET {}={}", "DELETE FROM {}", "TRUNCATE {}"])
def test_nobody_changes_the_ledger(connection: Connection, owner_engine: Engine, table: str, act: str) -> None:
    column = {"leaves": "seq", "events": "seq", "tile_hashes": "level", "checkpoints": "size"}[table]
    statement = text(act.format(table, column, column))
    with pytest.raises(ProgrammingError, match="permission denied"), connection.begin_nested():
        connection.execute(statement)
    with owner_engine.connect() as owner, pytest.raises(Exception, match=f"on {table} is refused: the ledger is insert-only"):
        owner.execute(statement)
    with owner_engine.connect() as owner:
        owner.execute(text("SET session_replication_role = replica"))
        with pytest.raises(Exception, match="insert-only"):
            owner.execute(statement)


def test_the_migration_and_the_tables_agree(connection: Connection) -> None:
    found = inspect(connection)
    for name in TABLES:
        table = metadata.tables[name]
        columns = {c["name"]: c for c in found.get_columns(name)}
        assert list(columns) == [c.name for c in table.columns]
        for column in table.columns:
            assert columns[column.name]["nullable"] == column.nullable
            assert columns[column.name]["type"].compile(connection.dialect) == column.type.compile(connection.dialect)
        assert {i["name"] for i in found.get_indexes(name) if not i.get("duplicates_constraint")} == {i.name for i in table.indexes}


def test_what_lists_and_projections_read_is_indexed(connection: Connection) -> None:
    fill(connection, 400)
    connection.execute(text("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off"))
    events_table = metadata.tables["events"]
    newest = (events_table.c.occurred_at.desc(), events_table.c.seq.desc())
    for column, index in (
        ("application", "events_by_application"),
        ("workspace", "events_by_workspace"),
        ("source", "events_by_source"),
    ):
        query = select(events_table.c.seq).where(events_table.c[column] == "payments-api-7").order_by(*newest).limit(50)
        plan = (
            connection.execute(text(f"EXPLAIN {query.compile(connection, compile_kwargs={'literal_binds': True})}")).scalars().all()
        )
        assert index in "\n".join(plan)
        assert "Sort" not in "\n".join(plan)
