"""Ownership as CSV: every item a row, a side that is missing empty, and no cell that a spreadsheet would run."""

import csv
import io
from typing import Any

from app.evidence.ownership import COLUMNS, ownership_csv
from app.evidence.table import CHUNK

ITEM: dict[str, Any] = {
    "finding": "owned twice",
    "object": {"group": "apps", "kind": "Deployment", "namespace": None, "name": "=HYPERLINK(1)"},
    "environment": None,
    "terraform": {"source": "tfe", "workspace": "+net", "address": 'x.y["a,b"]', "run": "run-1", "at": "2026-10-01T09:00:00Z"},
    "argocd": None,
    "beside": None,
    "strength": "assumed",
    "because": "both declare it",
}


def test_every_item_is_a_row_and_no_cell_runs() -> None:
    told = b"".join(ownership_csv([ITEM] * (CHUNK + 1))).decode()
    rows = list(csv.DictReader(io.StringIO(told, newline="")))
    assert tuple(rows[0]) == COLUMNS
    assert len(rows) == CHUNK + 1
    assert told.count("\r\n") == CHUNK + 2
    assert (rows[-1]["name"], rows[-1]["terraform_workspace"]) == ("'=HYPERLINK(1)", "'+net")
    assert (rows[-1]["terraform_address"], rows[-1]["terraform_at"]) == ('x.y["a,b"]', "2026-10-01T09:00:00Z")
    assert {rows[-1][name] for name in ("namespace", "environment", "argocd_source", "beside")} == {""}


def test_of_nothing_the_header_stands() -> None:
    assert b"".join(ownership_csv([])).decode() == ",".join(COLUMNS) + "\r\n"
