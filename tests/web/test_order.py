"""What had to be there first, as the page shows it; of a stored item that is odd, nothing breaks."""

from datetime import UTC
from typing import Any

import pytest
from app.web.times import Zone
from app.web.views.order import grids

ZONE = Zone("UTC", UTC)
NEED: dict[str, Any] = {
    "object": {"kind": "namespace", "namespace": None, "name": "payments", "is": "namespace payments"},
    "wants": "missing",
    "application": "payments-api",
    "at": "2026-10-01T09:26:00Z",
    "run": "run-1",
    "does": "makes",
    "stands": "applied",
    "applied_at": "2026-10-01T09:38:00Z",
    "came": "the sync came first",
    "says": "Namespace payments is made by run-1.",
    "strength": "assumed",
    "because": "It is assumed.",
}
LATE = {"object": "ConfigMap/app", "namespace": "payments", "place": "Sync, wave 2", "before": ["Deployment/api"], "because": "x"}


@pytest.mark.parametrize(
    ("more", "word"),
    [
        ({}, "sync first"),
        ({"applied_at": None}, "sync first, not applied yet"),
        ({"applied_at": None, "at": None, "came": "neither has come yet"}, "not applied yet"),
        ({"does": "destroys"}, "destroyed before the sync"),
        ({"came": "something new"}, "not told"),
    ],
)
def test_each_order_has_its_word(more: dict[str, Any], word: str) -> None:
    (grid,) = grids({"needs": [NEED | more]}, (), ZONE)
    assert [cell.badge.word for row in grid.rows for cell in row if cell.badge] == [word]
    assert grid.rows[0][2].href == "/changes?q=run%3Arun-1"
    assert grid.rows[0][4].text == "Assumed. It is assumed."


def test_hints_within_a_sync_tell_what_is_not_known() -> None:
    (grid,) = grids({"late": [LATE, LATE | {"before": []}]}, (), ZONE)
    assert [row[1].badge.word for row in grid.rows if row[1].badge] == ["after what needs it", "wave not known"]
    assert grid.rows[0][0].text == "ConfigMap/app in payments"


@pytest.mark.parametrize(
    "odd", [{}, {"needs": None, "late": "x"}, {"needs": [1, {}, {"object": 5, "at": 7}], "late": [{"before": 3}]}]
)
def test_no_item_breaks_it(odd: dict[str, Any]) -> None:
    grids(odd, (), ZONE)
