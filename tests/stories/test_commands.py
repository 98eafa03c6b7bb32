"""The commands as a person calls them: what they print, what they write, how they end."""

import csv
import io
import json
from pathlib import Path

import pytest
from app import cli
from app.ledger.checkpoint import open_checkpoint

from tests.stories.bank import Bank


@pytest.fixture
def read(bank: Bank) -> Bank:
    bank.tell()
    assert bank.poll().code == 0, bank.ran
    return bank


def test_one_list_in_every_format_gives_the_same_changes_in_the_same_order(read: Bank, tmp_path: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(read.run("export", "changes", "--format", "csv").out, newline="")))
    lines = [json.loads(line) for line in read.run("export", "changes", "--format", "jsonl").out.splitlines()]
    whole = json.loads(read.run("export", "changes", "--format", "json", "--out", "-").out)
    assert [row["id"] for row in rows] == [line["id"] for line in lines] == [item["id"] for item in whole["items"]]
    assert whole["sentence"].startswith(str(len(rows)))
    out = tmp_path / "changes.csv"
    assert read.run("export", "changes", "--format", "csv", "--out", str(out)).code == 0
    assert [row["id"] for row in csv.DictReader(out.open(newline="", encoding="utf-8"))] == [row["id"] for row in rows]
    assert [path.name for path in tmp_path.iterdir() if path.name.endswith(".partial")] == []


def test_an_export_can_be_narrowed_and_says_when_it_cannot(read: Bank, tmp_path: Path) -> None:
    everything = read.run("export", "events", "--format", "jsonl").out.splitlines()
    some = read.run("export", "events", "--format", "jsonl", "--query", "source:argocd-prod").out.splitlines()
    assert 0 < len(some) < len(everything)
    none = read.run("export", "changes", "--format", "csv", "--from", "1999-01-01", "--to", "1999-02-01")
    assert none.out.count("\n") == 1, "the header stands alone"
    wrong = read.run("export", "changes", "--format", "csv", "--query", "wrkspace:x")
    assert (wrong.code, wrong.err.count("\n")) == (2, 1)
    assert "workspace" in wrong.err
    nowhere = read.run("export", "changes", "--format", "csv", "--out", str(tmp_path / "no" / "such" / "folder.csv"))
    assert nowhere.code == 2
    assert "cannot be written" in nowhere.err


def test_the_ledger_is_sealed_by_poll_and_verified(read: Bank) -> None:
    key = read.run("ledger", "key").out.strip()
    note = read.run("ledger", "checkpoint").out
    origin, size, _ = open_checkpoint(note, key)
    assert origin == "throughline.local/ledger"
    assert size == read.one("SELECT count(*) FROM leaves")
    verified = read.run("verify", "--database")
    assert verified.code == 0
    assert "sound: nothing that was sealed has changed" in verified.out


def test_an_edited_leaf_is_found_and_named(read: Bank) -> None:
    from app.db.session import engine_for
    from sqlalchemy import text

    engine = engine_for(read.database)
    with engine.begin() as connection:
        connection.execute(text("SET session_replication_role = replica"))
        connection.execute(text("ALTER TABLE leaves DISABLE TRIGGER ALL"))
        connection.execute(
            text("UPDATE leaves SET leaf = convert_to(replace(convert_from(leaf, 'UTF8'), 'a', 'b'), 'UTF8') WHERE seq = 3")
        )
        connection.execute(text("ALTER TABLE leaves ENABLE TRIGGER ALL"))
    engine.dispose()
    verified = read.run("verify", "--database")
    assert verified.code == 1
    assert "edited leaf" in verified.out
    assert "3" in verified.out


def test_rebuild_prints_the_same_digest_twice(read: Bank) -> None:
    first, second = read.run("rebuild"), read.run("rebuild")
    assert first.out == second.out
    assert first.out.startswith("sha256:")


def test_check_is_a_table_and_the_schema_is_there(read: Bank) -> None:
    assert read.run("migrate", "--check").out == "the schema is up to date\n"
    checked = read.run("check")
    assert checked.row("database")[1] == "ok"
    assert checked.row("argocd-prod")[1] == "ok"


def test_a_schema_that_is_behind_is_said_and_not_touched(bank: Bank, empty_database: str) -> None:
    bank.database = empty_database
    told = bank.run("migrate", "--check")
    assert (told.code, told.err.count("\n")) == (1, 1)
    assert "throughline migrate" in told.err
    assert bank.run("migrate").code == 0
    assert bank.run("migrate", "--check").code == 0


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (["poll", "--source", "nobody"], "no source is called 'nobody'"),
        (["verify"], "--database"),
        (["verify", "bundle.zip"], "evidence bundles cannot be verified by this version"),
    ],
)
def test_bad_usage_is_one_line_and_exit_2(bank: Bank, argv: list[str], says: str) -> None:
    told = bank.run(*argv)
    assert (told.code, told.err.count("\n")) == (2, 1)
    assert says in told.err


def test_every_verb_has_help_with_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    for verb in ("demo", "serve", "worker", "check", "poll", "rebuild", "export", "verify", "ledger", "migrate"):
        with pytest.raises(SystemExit) as ended:
            cli.main([verb, "--help"])
        assert ended.value.code == 0
        assert f"example: throughline {verb}" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize("few", ["1", "2"])
def test_a_demo_with_too_few_applications_is_refused_clearly(few: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["demo", "--apps", few])
    assert ended.value.code == 2
    assert "expected 3 or more" in capsys.readouterr().err


def test_the_drift_ledger_is_exported_in_every_format(read: Bank) -> None:
    rows = list(csv.DictReader(io.StringIO(read.run("export", "drift", "--format", "csv").out, newline="")))
    lines = [json.loads(line) for line in read.run("export", "drift", "--format", "jsonl").out.splitlines()]
    whole = json.loads(read.run("export", "drift", "--format", "json").out)
    assert [row["id"] for row in rows] == [line["id"] for line in lines] == [item["id"] for item in whole["items"]]
    assert whole["sentence"] == f"{len(rows)} episode{'' if len(rows) == 1 else 's'}."
    wrong = read.run("export", "drift", "--format", "csv", "--query", "cause:magic")
    assert (wrong.code, wrong.out) == (2, "")
