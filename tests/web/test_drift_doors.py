"""The doors of the drift ledger: CSV and JSON give the same episodes in the same order, whole, and nothing is left out."""

import csv
import io
import json

import pytest
from app.domain.drift import NOT_DRIFT
from app.evidence import drift
from app.search.tree import EVERYTHING

from tests.fixtures.queries import counted
from tests.web import drift_world, world
from tests.web.conftest import Site
from tests.web.test_doors import everything

QUERIES = ("is:open", "cause:live-edit", "is:over-limit", "layer:terraform", "-is:drift")
PROMISED = {
    *("id", "layer", "subject", "environment", "state", "onset_after", "onset_before", "ended_at", "ended_by", "exposure_seconds"),
    *("limit_seconds", "cause", "ruled_out", "manager", "person", "change"),
}


@pytest.mark.parametrize(
    "query", ["", "?q=is:open", "?q=cause:live-edit", "?q=is:over-limit", "?q=layer:terraform", "?q=-is:drift"]
)
def test_both_doors_give_the_same_episodes_in_the_same_order(full: Site, query: str) -> None:
    answer = full.get(f"/drift.csv{query}")
    assert answer.headers["content-disposition"] == f'attachment; filename="drift-{world.NOW:%Y-%m-%d}.csv"'
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    ids = [str(item["id"]) for item in everything(full, f"/api/v1/drift{query}")]
    assert ids
    assert [row["id"] for row in rows] == ids
    assert len(ids) == len(set(ids))


def test_an_item_holds_what_is_promised_and_what_is_not_known_is_null(full: Site) -> None:
    answer = full.get("/api/v1/drift?limit=500").json()
    assert len(answer["items"]) == len(drift_world.cast())
    assert answer["sentence"] == f"{len(drift_world.cast())} episodes."
    assert answer["compared"]["as_declared"] >= 2
    for item in answer["items"]:
        assert set(item) >= PROMISED
        assert set(item["subject"]) >= {"application", "workspace", "kind", "name", "namespace"}
        one = full.get(f"/api/v1/drift/{item['id']}")
        assert one.status_code == 200
        assert one.json() == item
    by_name = {item["subject"]["name"]: item for item in answer["items"]}
    edited = by_name["payments-api"]
    assert (edited["exposure_seconds"], edited["limit_seconds"], edited["over_limit"]) == (7.48 * 3600, 4 * 3600, True)
    assert (edited["exposure_least_seconds"], edited["exposure_most_seconds"]) == (7.48 * 3600, 7.5 * 3600)
    assert (edited["manager"], edited["person"], edited["change"]) == ("kubectl-edit", None, None)
    assert "audit log" in edited["person_because"]
    frozen = by_name["frozen"]
    assert (frozen["state"], frozen["exposure_seconds"], frozen["exposure_most_seconds"]) == ("unknown", None, None)
    assert frozen["exposure_least_seconds"] == 3600
    lost = by_name["counted"]
    assert (lost["counted"], lost["size"], lost["exposure_seconds"]) == (True, 7, None)
    terraform = by_name["aws_security_group.clearing"]
    assert (terraform["subject"]["application"], terraform["changes"][0]["values_told"]) == (None, False)


def test_what_is_no_drift_has_no_limit_and_is_not_called_within_one(full: Site) -> None:
    others = [item for item in full.get("/api/v1/drift?limit=500").json()["items"] if not item["drift"]]
    assert {item["cause"] for item in others} == {str(cause) for cause in NOT_DRIFT}
    assert {(item["limit_seconds"], item["over_limit"]) for item in others} == {(None, None)}
    unlimited = [item for item in full.get("/api/v1/drift?limit=500").json()["items"] if item["limit_seconds"] is None]
    within = everything(full, "/api/v1/drift?q=is:within-limit")
    assert not {item["id"] for item in unlimited} & {item["id"] for item in within}


def test_a_cell_that_a_spreadsheet_would_run_is_guarded_and_hostile_text_stays_whole(full: Site) -> None:
    text = full.get("/drift.csv").text
    rows = list(csv.DictReader(io.StringIO(text)))
    assert any(row["name"] == drift_world.SCRIPT for row in rows)
    assert not [cell for row in rows for cell in row.values() if cell[:1] in ("=", "+", "@", "\t")]


def test_blind_spots_are_told_and_only_those_that_stand_where_that_is_asked(full: Site) -> None:
    whole = full.get("/api/v1/blind-spots").json()
    assert whole["sentence"] == "3 times in which nobody could tell."
    assert [one["ended_at"] is None for one in full.get("/api/v1/blind-spots?standing=true").json()["items"]] == [True, True]
    assert len(everything(full, "/api/v1/blind-spots")) == 3


@pytest.mark.parametrize("path", ["/api/v1/drift/nonsense", "/api/v1/drift/00000000-0000-0000-0000-000000000000"])
def test_an_episode_that_is_none_is_a_problem(full: Site, path: str) -> None:
    answer = full.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


def test_an_unknown_key_is_told_with_the_nearest(full: Site) -> None:
    answer = full.get("/api/v1/drift?q=causes:live-edit")
    assert (answer.status_code, answer.json()["nearest"]) == (400, "cause")


def test_reads_are_as_many_for_many_as_for_few(full: Site) -> None:
    counts = []
    for path in ("/api/v1/drift?limit=1", "/api/v1/drift?limit=500"):
        with counted(full.engine) as seen:
            full.get(path)
        counts.append(seen.selects)
    assert counts[0] == counts[1] <= 6


def test_exports_are_what_the_doors_give_however_many_are_read_at_once(full: Site) -> None:
    items = everything(full, "/api/v1/drift")
    with full.engine.connect() as connection:
        lines = b"".join(drift.drift_jsonl(connection, EVERYTHING, None, world.NOW)).splitlines()
        whole = json.loads(b"".join(drift.drift_json(connection, EVERYTHING, None, world.NOW, "All.")))
        table = b"".join(drift.drift_csv(connection, EVERYTHING, None, world.NOW))
    assert [json.loads(line) for line in lines] == items == whole["items"]
    assert (whole["sentence"], whole["next"]) == ("All.", None)
    assert table == full.get("/drift.csv").content
