"""The sheets of syncs on a change's page: whatever the record holds they are drawn, and however much it is they stay small."""

from typing import Any

import pytest
from app.web.times import UTC_ZONE
from app.web.views.syncs import ROOM, SHEETS, sync_sheet, sync_sheets

ROW = 350  # bytes of a row without what it says

ODD: list[Any] = [
    {},
    {"kind": 7, "also": "retry", "options": 3, "phase": None, "resources": "x", "attempts": {}, "failures": 4},
    {"id": "u/1", "attempts": [{}], "failures": [{}, {"of": 3}], "resources": [{}], "sources": [{}], "retry_count": "many"},
    {
        "kind": "rollback",
        "back_to": "3",
        "started_at": "never",
        "finished_at": 5,
        "terminated": True,
        "health": "Odd",
        "phase": "Odd",
    },
]


@pytest.mark.parametrize("sync", ODD)
def test_an_odd_record_is_drawn_with_what_is_not_known(sync: dict[str, Any]) -> None:
    for sheet in (*sync_sheets({"syncs": [sync]}, "c", UTC_ZONE), sync_sheet(sync, "c", UTC_ZONE, 0)):
        assert sheet.name
        assert sheet.phase.word
        assert "not known" in " ".join(text for fact in sheet.facts for text in fact.texts)
    assert sync_sheets({"syncs": "none"}, "c", UTC_ZONE) == ()


def big(many: int) -> dict[str, Any]:
    """An operation of which everything failed, three times, at length."""
    long = "admission webhook denied the request " * 60
    failed = [{"cause": "refused", "words": long[:500], "of": {"kind": "Job", "name": f"j{n}"}} for n in range(many)]
    results = [{"kind": "Job", "name": f"j{n}", "status": "SyncFailed", "message": long, "phase": "Sync"} for n in range(many)]
    tries = [{"number": n, "message": long, "failures": failed[:3], "resources": results} for n in range(many)]
    return {"id": "u/1", "phase": "Failed", "failures": failed, "resources": results, "attempts": tries, "retry_count": many}


def test_however_much_failed_the_page_of_a_change_stays_small_and_says_where_the_rest_is() -> None:
    sheets = sync_sheets({"syncs": [big(90)] * 40}, "c", UTC_ZONE)
    assert len(sheets) == SHEETS
    assert sum(len(sheet.results) for sheet in sheets) <= ROOM
    reasons = sum(len(one.words + one.own) + ROW for sheet in sheets for one in (*sheet.whys, *sheet.tries))
    assert reasons + sum(len(one.name + one.says) + ROW for sheet in sheets for one in sheet.results) < 150_000
    assert sheets[0].more == "All 90 results in order"
    assert sheets[0].more_whys == "86 more reasons are on the sync’s own page."
    assert sheets[0].more_tries == "86 more attempts are on the sync’s own page."
    alone = sync_sheet(big(90), "c", UTC_ZONE, 0)
    assert (len(alone.whys), len(alone.tries), len(alone.results)) == (90, 90, 90)
