"""What streams remember is said on the page Sources, whatever stands in it."""

from types import SimpleNamespace

import pytest
from app.domain.able import spoken, writes
from app.web.times import UTC_ZONE
from app.web.views.remembered import progressed, remembered


def row(stream: str, key: str, value: object, source: str = "tfe") -> SimpleNamespace:
    return SimpleNamespace(source=source, stream=stream, key=key, value=value)


def test_the_words_of_all_streams_of_a_source_are_one_line() -> None:
    rows = [
        row("runs", "server", {"organization run list": True, "task stages": False, "sideloads": "plan, apply", "odd": {"a": 1}}),
        row("workspaces", "server", {"token": "can write: can-lock on 1 of 2 workspaces"}),
        row("runs", "server", {"other": True}, source="github"),
        row("backfill", "progress", {"from": 2022}),
        row("runs", "server", "odd"),
    ]
    found = remembered(rows, "tfe")
    said = "token: can write: can-lock on 1 of 2 workspaces; has organization run list; lacks task stages; sideloads: plan, apply"
    assert spoken(found.words) == said
    assert writes(found.words) == "can write: can-lock on 1 of 2 workspaces"
    assert writes({"token": "read-only"}) is None
    assert found.progress == {"backfill": {"from": 2022}}


def test_how_far_a_reading_of_years_has_come() -> None:
    said = {"from": 2021, "to": 2025, "done": [2025, 2024], "year": 2023, "runs": 1500, "runs_before": 500}
    said |= {"since": "2026-03-02T10:00:00+00:00", "at": "2026-03-02T12:00:00+00:00"}
    text = progressed(said, UTC_ZONE)
    assert text.startswith("2 of 5 years read, now 2023; 1,500 runs, about 500 an hour in 2 h")
    assert "since" in text
    done = progressed({**said, "done_at": "2026-03-03T10:00:00+00:00"}, UTC_ZONE)
    assert done.startswith("all 5 years from 2021 to 2025 read, 1,500 runs, ended")
    assert progressed({**said, "from": 2026}, UTC_ZONE) == "no earlier year to read"
    assert progressed({"because": "there is no such list"}, UTC_ZONE) == "there is no such list"


@pytest.mark.parametrize("value", [None, 7, "x", [], {}, True, 1e300])
def test_odd_values_are_survived(value: object) -> None:
    for name in ("from", "to", "done", "year", "runs", "runs_before", "since", "at", "done_at", "because"):
        said = {"from": 2021, "to": 2025, "done": [], "since": "2026-03-02T10:00:00+00:00", "at": "2026-03-02T12:00:00+00:00"}
        assert progressed({**said, name: value}, UTC_ZONE)
