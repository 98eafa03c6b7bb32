"""CSV and JSONL: the same rows in the same order as the screen, whole, and safe to open in a spreadsheet."""

import csv
import io
import json
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from app.changes import store
from app.changes.export.store import CHANGE_COLUMNS, EVENT_COLUMNS
from app.changes.told import iso
from app.db.session import read_only
from app.db.tables.projection import changes
from app.domain.actor import Actor
from app.domain.change import Gap, Missing
from app.domain.finding import Finding, Verdict
from app.evidence import jsonl
from app.evidence.csv import changes_csv, events_csv, neutralised_cells
from app.search.fields import CHANGES
from app.search.language import parse
from app.search.period import Period
from app.search.tree import EVERYTHING, Query
from sqlalchemy import Connection, Engine, text

from tests.fixtures.changes import START, append, change, event, many, operation, put, run

QUERIES = ("", "env:production", "app:payments-api env:production", "-verdict:pass", "detector", "before:2026-09-24T02:00Z")


@pytest.fixture
def filled(connection: Connection) -> Connection:
    put(connection, *many(150))
    return connection


def q(asked: str) -> Query:
    return parse(asked, CHANGES)


def read(chunks: Iterator[bytes]) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(b"".join(chunks).decode("utf-8"), newline="")))


@pytest.mark.parametrize("asked", QUERIES)
def test_screen_json_and_csv_give_the_same_ids_in_the_same_order(filled: Connection, asked: str) -> None:
    query = q(asked)
    screen, cursor = list[str](), None
    while True:
        page = store.changes_matching(filled, query, None, cursor, limit=17)
        screen += [str(row.id) for row in page.items]
        cursor = page.older
        if cursor is None:
            break
    assert screen
    assert [row["id"] for row in read(changes_csv(filled, query))] == screen
    lines = b"".join(jsonl.changes_jsonl(filled, query)).splitlines()
    assert [json.loads(line)["id"] for line in lines] == screen
    whole = json.loads(b"".join(jsonl.changes_json(filled, query, None, "a sentence")))
    assert [item["id"] for item in whole["items"]] == screen
    assert (whole["sentence"], whole["next"]) == ("a sentence", None)
    assert [item["id"] for item in store.items_matching(filled, query, limit=500).items] == screen


def test_events_too(connection: Connection) -> None:
    seqs = append(connection, *(event(i) for i in range(30)))
    mine = change(4391)
    put(connection, mine, events=[(seqs[3], mine.id)])
    rows = read(events_csv(connection, EVERYTHING))
    screen = [row.seq for row in store.events_matching(connection, EVERYTHING, limit=100).items]
    assert [int(row["seq"]) for row in rows] == screen
    items = [json.loads(line) for line in b"".join(jsonl.events_jsonl(connection, EVERYTHING)).splitlines()]
    assert [item["seq"] for item in items] == screen
    assert tuple(rows[0]) == EVENT_COLUMNS
    told = next(row for row in rows if int(row["seq"]) == seqs[3])
    item = next(item for item in items if item["seq"] == seqs[3])
    assert told["change"] == item["change"] == str(mine.id)
    assert (told["leaf_hash"], told["known"], told["commits"]) == (item["leaf_hash"], "true", event(3).keys.commits[0])
    assert told["occurred_at"] == item["occurred_at"] == "2026-09-24T00:03:00Z"
    assert len(json.loads(b"".join(jsonl.events_json(connection, EVERYTHING, None, "")))["items"]) == 30


def test_the_form_is_that_of_rfc_4180(connection: Connection) -> None:
    put(
        connection,
        change(1, title='He said "no", twice', findings=(Finding("A", Verdict.FAIL, "one\r\ntwo"),), verdict=Verdict.FAIL),
    )
    raw = b"".join(changes_csv(connection, EVERYTHING))
    assert raw.count(b"\r\n") == 2
    assert raw.count(b"\n") == 2
    assert raw.split(b"\r\n")[0].decode() == ",".join(CHANGE_COLUMNS)
    (row,) = read(iter([raw]))
    assert row["title"] == 'He said "no", twice'
    assert tuple(row) == CHANGE_COLUMNS


def test_times_are_iso_8601_in_utc_and_the_same_everywhere(connection: Connection) -> None:
    at = datetime(2026, 10, 3, 21, 14, 48, 120_000, tzinfo=UTC)
    put(connection, change(1, at=at, finished_at=None, opened_at=START))
    (row,) = read(changes_csv(connection, EVERYTHING))
    assert (row["at"], row["opened_at"], row["finished_at"]) == ("2026-10-03T21:14:48.120000Z", "2026-09-24T00:00:00Z", "")
    assert row["at"] == iso(at)
    connection.execute(text("SET LOCAL TimeZone = 'Asia/Tokyo'"))
    (abroad,) = read(changes_csv(connection, EVERYTHING))
    assert abroad == row


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_a_cell_that_a_spreadsheet_would_run_is_neutralised(connection: Connection, start: str) -> None:
    append(connection, event(1, status=f"{start}cmd|'/c calc'!A1", actor=Actor(f"{start}x", id="9")))
    (row,) = read(events_csv(connection, EVERYTHING))
    assert row["status"] == f"'{start}cmd|'/c calc'!A1"
    assert row["actor_name"] == f"'{start}x"
    assert neutralised_cells(connection, "events", EVERYTHING) == 2
    (item,) = [json.loads(line) for line in b"".join(jsonl.events_jsonl(connection, EVERYTHING)).splitlines()]
    assert item["status"] == f"{start}cmd|'/c calc'!A1"


def test_neutralised_cells_are_counted_within_the_query(connection: Connection) -> None:
    put(connection, change(1, title="=1+1", runs=(run("@run"),)), change(2, title="-2", at=START), change(3, title="fine - really"))
    assert neutralised_cells(connection, "changes", q("number:1")) == 3  # title, runs, applies
    assert neutralised_cells(connection, "changes", q("number:3")) == 0
    rows = {row["number"]: row for row in read(changes_csv(connection, EVERYTHING))}
    assert [rows[n]["title"] for n in "123"] == ["'=1+1", "'-2", "fine - really"]
    assert rows["1"]["runs"] == "'@run"


def test_nothing_still_has_its_header(connection: Connection) -> None:
    assert b"".join(changes_csv(connection, EVERYTHING)) == ",".join(CHANGE_COLUMNS).encode() + b"\r\n"
    assert b"".join(jsonl.changes_jsonl(connection, EVERYTHING)) == b""
    assert json.loads(b"".join(jsonl.changes_json(connection, EVERYTHING, None, "s")))["items"] == []


def test_text_from_outside_survives(connection: Connection) -> None:
    nasty = "<b>“é”\x00\\N\ud800 100%s %(x)s"
    put(connection, change(1, title=nasty, gaps=(Gap(nasty, nasty, Missing.ABSENT),), operations=(operation("a" * 100_000),)))
    (row,) = read(changes_csv(connection, q("%")))
    assert row["title"] == "<b>“é”\ufffd\\N\ufffd 100%s %(x)s"
    assert row["applications"] == "a" * 100_000
    (item,) = [json.loads(line) for line in b"".join(jsonl.changes_jsonl(connection, q("%"))).splitlines()]
    assert item["gaps"][0]["what"] == row["title"]


def test_a_reader_that_goes_away_leaves_the_engine_usable(engine: Engine) -> None:
    with engine.begin() as connection:
        put(connection, *(change(n, operations=(operation("a" * 100_000),)) for n in range(1, 120)))
    for export in (changes_csv, jsonl.changes_jsonl):
        with read_only(engine) as connection:
            chunks = export(connection, EVERYTHING)
            assert next(chunks)
            chunks.close()
        with read_only(engine) as connection:
            assert store.count_matching(connection, EVERYTHING) == 119
    assert engine.pool.checkedout() == 0


def test_an_export_streams_and_stays_small(engine: Engine) -> None:
    with engine.begin() as connection:
        put(connection, *many(40, start=START))
        made = {
            "id": "gen_random_uuid()",
            "number": "number + n * 1000",
            "root": "root || '/' || n",
            "at": "at + n * interval '1 minute'",
        }
        names = [column.name for column in changes.c if column.name != "words"]
        copied = ", ".join(made.get(name, name) for name in names)
        connection.execute(
            text(f"INSERT INTO changes ({', '.join(names)}) SELECT {copied} FROM changes, generate_series(1, 500) n")
        )
    with read_only(engine) as connection:
        tracemalloc.start()
        chunks = sizes = 0
        for chunk in changes_csv(connection, EVERYTHING, Period(START, None)):
            chunks, sizes = chunks + 1, sizes + len(chunk)
        for chunk in jsonl.changes_jsonl(connection, EVERYTHING):
            chunks, sizes = chunks + 1, sizes + len(chunk)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert chunks > 100
    assert sizes > 20_000_000
    assert peak < 12_000_000
