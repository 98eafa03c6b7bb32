"""One test per way to tamper, each done as the database's owner could do it, each with the verdict it must get."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random

import pytest
import zstandard
from app.canonical import sha256
from app.db.session import read_only, transaction
from app.ledger import checkpoint, merkle, store
from app.ledger.fault import Fault, Kind
from app.ledger.leaf import leaf_bytes
from app.ledger.row import COLUMNS, row_of
from app.ledger.verify import Report
from app.ledger.witness.store import verify_database
from sqlalchemy import Connection, Engine, text

from tests.ledger.made import DAWN, body, event, events

KEY, OTHER = checkpoint.generate_key(), checkpoint.generate_key()
ORIGIN = "ledger.bank.example/throughline"
SIZE = 600  # two whole tiles and a part; sealed at 300 and at 590


@pytest.fixture
def ledger(engine: Engine) -> Engine:
    for start, stop, seal in ((0, 300, True), (300, 590, True), (590, SIZE, False)):
        with transaction(engine) as connection:
            grow(connection, start, stop)
            if seal:
                store.seal(connection, KEY, ORIGIN, DAWN)
    return engine


def grow(connection: Connection, start: int, stop: int) -> None:
    payloads = {sha256(body(n // 3)): body(n // 3) for n in range(start, stop)}
    values = [{"d": d, "b": zstandard.compress(b), "s": len(b)} for d, b in payloads.items()]
    connection.execute(
        text("INSERT INTO bodies (digest, codec, body, size) VALUES (:d, 'zstd', :b, :s) ON CONFLICT DO NOTHING"), values
    )
    store.append(connection, events(stop - start, start), DAWN)


def check(engine: Engine, vkey: str = KEY.vkey(ORIGIN), anchors: tuple[tuple[str, str], ...] = ()) -> Report:
    with read_only(engine) as connection:
        return verify_database(connection, vkey, anchors=anchors)


def fault(engine: Engine, **how: object) -> Fault:
    report = check(engine, **how)  # type: ignore[arg-type]
    assert not report.sound
    return report.faults[0]


@contextmanager
def owning(engine: Engine) -> Iterator[Callable[..., None]]:
    """SQL with the triggers out of the way, as a database owner can put them."""
    with engine.begin() as connection:
        for table in ("leaves", "events", "tile_hashes", "checkpoints"):
            connection.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER insert_only"))
        yield lambda sql, **values: connection.execute(text(sql), values) and None


def leaf_of(n: int) -> dict[str, object]:
    leaf = leaf_bytes(event(n), DAWN).replace(b"payments", b"PAYMENTS")
    return {"leaf": leaf, "hash": merkle.leaf_hash(leaf), "n": n}


SHIFT = "UPDATE {0} SET seq = -1 - seq WHERE seq {1}; UPDATE {0} SET seq = -1 - seq {2} WHERE seq < 0"


def rebuild(do: Callable[..., None], engine: Engine) -> None:
    """Make the stored hashes agree with the leaves again."""
    with engine.connect() as connection:
        hashes = [bytes(h) for h in connection.execute(text("SELECT hash FROM leaves ORDER BY seq")).scalars()]
    do("DELETE FROM tile_hashes")
    for level, index, tile in merkle.Growth().add(hashes):
        do("INSERT INTO tile_hashes VALUES (:level, :index, :hash)", level=level, index=index, hash=tile)


def test_a_sound_ledger(ledger: Engine) -> None:
    seen: list[tuple[str, int, int]] = []
    with read_only(ledger) as connection:
        report = verify_database(connection, KEY.vkey(ORIGIN), lambda *at: seen.append(at))
        assert report.root == store.root(connection, SIZE)
    assert report.sound, report.faults
    assert (report.size, report.checkpoints, report.sealed, report.bodies, report.purged) == (SIZE, 2, 590, 200, 0)
    assert ("leaves", SIZE, SIZE) in seen
    assert ("rows", SIZE, SIZE) in seen


def test_a_ledger_that_grows_meanwhile(ledger: Engine) -> None:
    def progress(what: str, done: int, total: int) -> None:
        with transaction(ledger) as other:
            grow(other, SIZE, 1200)
            store.seal(other, KEY, ORIGIN, DAWN)

    with transaction(ledger) as connection:
        report = verify_database(connection, KEY.vkey(ORIGIN), progress)
    assert report.sound, report.faults
    assert (report.size, report.sealed) == (SIZE, 590)
    assert check(ledger).sealed == 1200


def test_a_leaf_of_another_hand(ledger: Engine) -> None:
    """The application's role may insert; what it inserts must still be an event with its row."""
    leaf = leaf_bytes(event(SIZE), DAWN).replace(b'"source":"tfe-prod"', b'"source":5')
    with transaction(ledger) as connection:
        values = {"n": SIZE, "hash": merkle.leaf_hash(leaf), "leaf": leaf}
        connection.execute(text("INSERT INTO leaves VALUES (:n, :hash, :leaf)"), values)
    found = fault(ledger)
    assert (found.kind, found.index) == (Kind.EDITED_LEAF, SIZE)
    assert "cannot be read" in str(found)


def test_many_checkpoints_are_read_page_by_page(ledger: Engine, owner_engine: Engine) -> None:
    with owning(owner_engine) as do:
        more = "SELECT size, made_at + n * interval '1 us', root, note FROM checkpoints, generate_series(1, 700) n"
        do(f"INSERT INTO checkpoints {more}")
        do("INSERT INTO checkpoints SELECT size, 'infinity', root, note FROM checkpoints LIMIT 1")
    assert check(ledger).checkpoints == 1403


def test_an_empty_ledger(engine: Engine) -> None:
    report = check(engine)
    assert report.sound
    assert report.root == merkle.EMPTY


def test_a_purged_observation_is_no_fault(ledger: Engine, owner_engine: Engine) -> None:
    with owning(owner_engine) as do:
        do("UPDATE bodies SET body = NULL WHERE digest = :d", d=sha256(body(3)))
    report = check(ledger)
    assert report.sound
    assert (report.bodies, report.purged) == (199, 1)


@pytest.mark.parametrize("n", [0, 255, 256, 589, 599])
def test_edited_leaf(ledger: Engine, owner_engine: Engine, n: int) -> None:
    with owning(owner_engine) as do:
        do("UPDATE leaves SET leaf = :leaf WHERE seq = :n", leaf=leaf_of(n)["leaf"], n=n)
    found = fault(ledger)
    assert (found.kind, found.index) == (Kind.EDITED_LEAF, n)
    assert "its stored hash" in str(found)


@pytest.mark.parametrize("n", [0, 280, 589])
def test_edited_leaf_with_its_hash(ledger: Engine, owner_engine: Engine, n: int) -> None:
    with owning(owner_engine) as do:
        do("UPDATE leaves SET leaf = :leaf, hash = :hash WHERE seq = :n", **leaf_of(n))
    found = fault(ledger)
    assert (found.kind, found.index) == (Kind.EDITED_LEAF, n)
    assert "is not what was sealed" in str(found)


def test_edited_leaf_with_every_hash_and_row(ledger: Engine, owner_engine: Engine) -> None:
    leaf = leaf_bytes(event(400), DAWN).replace(b'"automated":true', b'"automated":null')
    with owning(owner_engine) as do:
        do("UPDATE leaves SET leaf = :leaf, hash = :hash WHERE seq = 402", leaf=leaf, hash=merkle.leaf_hash(leaf))
    with owning(owner_engine) as do:
        rebuild(do, owner_engine)
    found = fault(ledger)
    assert found.kind in (Kind.REWRITTEN, Kind.EDITED_LEAF)
    assert found.index is not None
    assert 300 <= found.index <= 402


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("status", "'x'"),
        ("occurred_at", "'infinity'"),
        ("commits", "'{a}'"),
        ("observation", "NULL"),
        ("entity", "NULL"),
        ("known", "false"),
    ],
)
def test_edited_row(ledger: Engine, owner_engine: Engine, column: str, value: str) -> None:
    with owning(owner_engine) as do:
        do(f"UPDATE events SET {column} = {value} WHERE seq = 301")
    found = fault(ledger)
    assert (found.kind, found.index) == (Kind.EDITED_ROW, 301)
    assert f"row 301 says {column} is" in str(found)


def test_a_row_given_another_id(ledger: Engine, owner_engine: Engine) -> None:
    with owning(owner_engine) as do:
        do("UPDATE events SET id = gen_random_uuid() WHERE seq = 301")
    assert (fault(ledger).kind, fault(ledger).index) == (Kind.EDITED_ROW, 301)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("body = :other", "hashes to"),
        ("body = '\\x00'", "cannot be unpacked"),
        ("size = size + 1", "bytes and not"),
        ("codec = 'rot13'", "unknown way"),
        ("digest = digest || '\\x00'", "hashes to"),
    ],
)
def test_edited_observation(ledger: Engine, owner_engine: Engine, change: str, says: str) -> None:
    with owning(owner_engine) as do:
        do(
            f"UPDATE bodies SET {change} WHERE digest = :d AND :other IS NOT NULL",
            d=sha256(body(20)),
            other=zstandard.compress(b"{}"),
        )
    found = fault(ledger)
    assert found.kind is Kind.EDITED_OBSERVATION
    assert found.index == (None if "digest" in change else 60)
    assert says in str(found)


def test_a_packed_bomb_is_not_unpacked(ledger: Engine, owner_engine: Engine) -> None:
    bomb = zstandard.compress(bytes(300_000_000))
    with owning(owner_engine) as do:
        do("UPDATE bodies SET body = :b WHERE digest = :d", d=sha256(body(20)), b=bomb)
    assert fault(ledger).kind is Kind.EDITED_OBSERVATION


def test_missing_observation(ledger: Engine, owner_engine: Engine) -> None:
    with owning(owner_engine) as do:
        do("DELETE FROM bodies WHERE digest = :d", d=sha256(body(20)))
    assert (fault(ledger).kind, fault(ledger).index) == (Kind.MISSING_OBSERVATION, 60)


@pytest.mark.parametrize("beside", [True, False])
def test_deleted_newest_rows(ledger: Engine, owner_engine: Engine, beside: bool) -> None:
    with owning(owner_engine) as do:
        do("DELETE FROM leaves WHERE seq >= 589")
        if beside:
            do("DELETE FROM events WHERE seq >= 589")
    found = fault(ledger)
    assert (found.kind, found.index) == (Kind.TRUNCATED, 589)
    assert "expected 590, as the checkpoint of" in str(found)


def test_unsealed_rows_deleted_from_leaves_only(ledger: Engine, owner_engine: Engine) -> None:
    with owning(owner_engine) as do:
        do("DELETE FROM leaves WHERE seq >= 595")
    found = fault(ledger)
    assert (found.kind, found.index) == (Kind.TRUNCATED, 595)
    assert "events holds a row 599, whose leaf is gone" in str(found)


def test_unsealed_rows_deleted_but_not_their_hashes(ledger: Engine, owner_engine: Engine) -> None:
    with owning(owner_engine) as do:
        for table in ("leaves", "events"):
            do(f"DELETE FROM {table} WHERE seq >= 400")
        do("DELETE FROM checkpoints WHERE size > 400")
    found = fault(ledger)
    assert (found.kind, found.index) == (Kind.TRUNCATED, 400)
    assert "the hashes of more are stored" in str(found)


def test_a_row_before_the_first(ledger: Engine, owner_engine: Engine) -> None:
    with owning(owner_engine) as do:
        do("INSERT INTO leaves VALUES (-3, '', '')")
    assert (fault(ledger).kind, fault(ledger).index) == (Kind.INSERTED, -3)


@pytest.mark.parametrize("n", [0, 1, 256, 588, 598])
def test_deleted_middle_row(ledger: Engine, owner_engine: Engine, n: int) -> None:
    with owning(owner_engine) as do:
        do("DELETE FROM leaves WHERE seq = :n", n=n)
        do("DELETE FROM events WHERE seq = :n", n=n)
    found = fault(ledger)
    assert (found.kind, found.index) == (Kind.DELETED, n)
    assert f"leaf {n} is missing; the next one is {n + 1}" in str(found)


def test_deleted_middle_row_with_the_rest_moved_down(ledger: Engine, owner_engine: Engine) -> None:
    with owning(owner_engine) as do:
        do("DELETE FROM leaves WHERE seq = 320")
        do(SHIFT.format("leaves", "> 320", "- 1"))
    found = fault(ledger)
    assert (found.kind, found.index) == (Kind.DELETED, 320)
    assert "taken out" in str(found)


def test_deleted_row_beside(ledger: Engine, owner_engine: Engine) -> None:
    with owning(owner_engine) as do:
        do("DELETE FROM events WHERE seq = 320")
    found = fault(ledger)
    assert (found.kind, found.index) == (Kind.DELETED, 320)
    assert "no row beside it" in str(found)


def swap(do: Callable[..., None], table: str, a: int, b: int) -> None:
    do(f"UPDATE {table} SET seq = -1 WHERE seq = :a; ".rstrip("; "), a=a)
    do(f"UPDATE {table} SET seq = :a WHERE seq = :b", a=a, b=b)
    do(f"UPDATE {table} SET seq = :b WHERE seq = -1", b=b)


@pytest.mark.parametrize("tables", [("leaves",), ("events",), ("leaves", "events")], ids="+".join)
@pytest.mark.parametrize("pair", [(0, 1), (7, 201), (310, 311)])
def test_reordered_pair(ledger: Engine, owner_engine: Engine, tables: tuple[str, ...], pair: tuple[int, int]) -> None:
    with owning(owner_engine) as do:
        for table in tables:
            swap(do, table, *pair)
    found = fault(ledger)
    assert (found.kind, found.index) == (Kind.REORDERED, pair[0])
    assert f"leaves {pair[0]} and {pair[1]} stand in each other's place" in str(found)


@pytest.mark.parametrize("tables", [("leaves",), ("leaves", "events")], ids="+".join)
@pytest.mark.parametrize("n", [4, 300, 520])
def test_inserted_row(ledger: Engine, owner_engine: Engine, tables: tuple[str, ...], n: int) -> None:
    with owning(owner_engine) as do:
        for table in tables:
            do(SHIFT.format(table, f">= {n}", "+ 1"))
        leaf = leaf_bytes(event(9999), DAWN)
        do("INSERT INTO leaves VALUES (:n, :hash, :leaf)", n=n, hash=merkle.leaf_hash(leaf), leaf=leaf)
        if "events" in tables:
            forge_row(do, n)
    found = fault(ledger)
    assert (found.kind, found.index) == (Kind.INSERTED, n)


def forge_row(do: Callable[..., None], n: int) -> None:
    values = dict(zip(COLUMNS, row_of(event(9999), DAWN), strict=True))
    names = ", ".join(("seq", *COLUMNS))
    do(f"INSERT INTO events ({names}) VALUES (:seq, {', '.join(':' + c for c in COLUMNS)})", seq=n, **values)


def test_edited_tile(ledger: Engine, owner_engine: Engine) -> None:
    with owning(owner_engine) as do:
        do("UPDATE tile_hashes SET hash = sha256(hash) WHERE level = 1 AND index = 1")
    found = fault(ledger)
    assert (found.kind, found.index) == (Kind.EDITED_TILE, 256)
    assert "still give the root" in str(found)


@pytest.mark.parametrize(
    "sql", ["DELETE FROM tile_hashes", "DELETE FROM tile_hashes WHERE index = 0", "INSERT INTO tile_hashes VALUES (0, 0, '')"]
)
def test_tiles_missing_or_too_many(ledger: Engine, owner_engine: Engine, sql: str) -> None:
    with owning(owner_engine) as do:
        do(sql)
    assert fault(ledger).kind is Kind.EDITED_TILE


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ("root = sha256(root)", Kind.EDITED_CHECKPOINT),
        ("size = size - 1", Kind.EDITED_CHECKPOINT),
        ("note = replace(note, '590', '591')", Kind.FORGED),
        ("note = 'nothing'", Kind.EDITED_CHECKPOINT),
    ],
)
def test_edited_checkpoint(ledger: Engine, owner_engine: Engine, change: str, kind: Kind) -> None:
    with owning(owner_engine) as do:
        do(f"UPDATE checkpoints SET {change} WHERE size = 590")
    assert fault(ledger).kind is kind


def rewrite(owner_engine: Engine, key: checkpoint.Key | None) -> None:
    """Take the whole chain away and tell another story in its place; seal it again, when a key is at hand."""
    with owning(owner_engine) as do:
        do("TRUNCATE leaves, events, tile_hashes")
        if key:
            do("TRUNCATE checkpoints")
    with owner_engine.begin() as connection:
        store.append(connection, [event(n) for n in range(SIZE) if n != 150] + [event(700)], DAWN)
        connection.execute(
            text("INSERT INTO bodies SELECT DISTINCT observation, 'zstd', NULL::bytea, 0 FROM events ON CONFLICT DO NOTHING")
        )
        if key:
            store.seal(connection, key, ORIGIN, DAWN)


def test_whole_chain_rewritten_without_the_key(ledger: Engine, owner_engine: Engine) -> None:
    rewrite(owner_engine, None)
    found = fault(ledger)
    assert (found.kind, found.index) == (Kind.REWRITTEN, 0)
    assert "nothing signed before it holds: the chain was rewritten" in str(found)


def test_whole_chain_rewritten_and_signed_with_another_key(ledger: Engine, owner_engine: Engine) -> None:
    rewrite(owner_engine, OTHER)
    found = fault(ledger)
    assert found.kind is Kind.FORGED
    assert "not signed by this log's key" in str(found)


def test_rewritten_with_the_key_against_an_older_anchor(ledger: Engine, owner_engine: Engine) -> None:
    with read_only(ledger) as connection:
        anchors = tuple((f"worm-{c.size}", c.note) for c in store.checkpoints(connection))
    assert check(ledger, anchors=anchors).anchors == 2
    rewrite(owner_engine, KEY)
    assert check(ledger).sound  # nothing inside the database can tell
    found = fault(ledger, anchors=anchors)
    assert found.kind is Kind.REWRITTEN_WITH_KEY
    assert "worm-300 at size 300" in str(found)
    with owning(owner_engine) as do:
        do("TRUNCATE checkpoints")
    assert fault(ledger, anchors=anchors).kind is Kind.REWRITTEN
    assert fault(ledger, anchors=(("paper", "x"),)).kind is Kind.EDITED_CHECKPOINT


def test_truncated_with_its_checkpoints_against_an_anchor(ledger: Engine, owner_engine: Engine) -> None:
    with read_only(ledger) as connection:
        anchors = (("worm", store.checkpoints(connection)[0].note),)
    with owning(owner_engine) as do:
        do("DELETE FROM leaves WHERE seq >= 400")
        do("DELETE FROM events WHERE seq >= 400")
        do("DELETE FROM checkpoints WHERE size > 400")
        do("DELETE FROM tile_hashes WHERE index = 1")
    assert check(ledger).sound
    found = fault(ledger, anchors=anchors)
    assert (found.kind, found.index) == (Kind.TRUNCATED, 400)
    assert "as the anchor worm says" in str(found)


def test_both_a_leaf_and_an_observation(ledger: Engine, owner_engine: Engine) -> None:
    with owning(owner_engine) as do:
        do("UPDATE leaves SET leaf = '{}' WHERE seq = 7")
        do("UPDATE bodies SET size = 0 WHERE digest = :d", d=sha256(body(20)))
    assert [f.kind for f in check(ledger).faults] == [Kind.EDITED_LEAF, Kind.EDITED_OBSERVATION]


@pytest.fixture
def owner_in_a_small_ledger(engine: Engine, owner_engine: Engine) -> Iterator[Connection]:
    with transaction(engine) as connection:
        grow(connection, 0, 40)
        store.seal(connection, KEY, ORIGIN, DAWN)
    with owner_engine.connect() as connection:
        for table in ("leaves", "events", "checkpoints"):
            connection.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER insert_only"))
        yield connection


def test_any_flipped_bit_of_leaf_or_hash_is_found_and_named(owner_in_a_small_ledger: Connection) -> None:
    owner, random = owner_in_a_small_ledger, Random(6962)
    sizes = owner.execute(text("SELECT seq, length(leaf), length(hash) FROM leaves")).all()
    for round_ in range(240):
        seq, leaf, digest = random.choice(sizes)
        column, length = ("leaf", leaf) if round_ % 2 else ("hash", digest)
        at = {"bit": random.randrange(length * 8), "seq": seq}
        with owner.begin_nested() as savepoint:
            flip = f"UPDATE leaves SET {column} = set_bit({column}, :bit, 1 - get_bit({column}, :bit)) WHERE seq = :seq"
            owner.execute(text(flip), at)
            [found] = verify_database(owner, KEY.vkey(ORIGIN)).faults
            assert (found.kind, found.index) == (Kind.EDITED_LEAF, seq), at
            savepoint.rollback()


def test_any_flipped_bit_of_a_checkpoint_is_found(owner_in_a_small_ledger: Connection) -> None:
    owner = owner_in_a_small_ledger
    note = owner.execute(text("SELECT note FROM checkpoints")).scalar_one()
    for at in range(len(note)):
        other = chr(ord(note[at]) ^ 1)
        with owner.begin_nested() as savepoint:
            owner.execute(text("UPDATE checkpoints SET note = :note"), {"note": note[:at] + other + note[at + 1 :]})
            [found] = verify_database(owner, KEY.vkey(ORIGIN)).faults
            assert found.kind in (Kind.FORGED, Kind.EDITED_CHECKPOINT), (at, other)
            savepoint.rollback()
