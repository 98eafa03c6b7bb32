"""Times as sources write them. RFC 3339, and nothing that only looks like it."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from app.domain.moment import moment_of
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-03-02T15:00:00+05:45", (9, 15, 0, 0)),
        ("2026-03-02T03:45:00-05:30", (9, 15, 0, 0)),
        ("2026-03-02T09:15:00-00:00", (9, 15, 0, 0)),
        ("2026-03-02T09:15:00Z", (9, 15, 0, 0)),
        ("2026-03-02t09:15:00z", (9, 15, 0, 0)),
        ("2026-03-02 09:15:00Z", (9, 15, 0, 0)),
        ("2026-03-02T09:15:00.5Z", (9, 15, 0, 500_000)),
        ("2026-03-02T09:15:00.123456789Z", (9, 15, 0, 123_456)),
        ("2026-03-02T09:14:60Z", (9, 15, 0, 0)),
    ],
)
def test_every_spelling_is_the_same_instant_in_utc(text: str, at: tuple[int, int, int, int]) -> None:
    found = moment_of(text)
    assert found == datetime(2026, 3, 2, *at, tzinfo=UTC)
    assert found.utcoffset() == timedelta()


@pytest.mark.parametrize(
    "value",
    [
        "2026-03-02T09:15:00",  # whose time?
        "2026-03-02",
        "2026-03-02T09:15Z",
        "20260302T091500Z",
        "2026-W10-1T09:15:00Z",
        "2026-03-02T09:15:00+99:99",
        "2026-03-02T09:15:00+05:45:30",
        "2026-03-02T09:15:00\x00Z",
        " 2026-03-02T09:15:00Z",
        "2026-03-02T09:15:00Z\n",
        "\uff12026-03-02T09:15:00Z",
        "2026-02-30T09:15:00Z",
        "2026-03-02T24:15:00Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:60Z",
        "now",
        "",
        "9" * 100_000,
        1772442900,
        None,
        [],
        {},
    ],
)
def test_anything_else_is_no_time(value: object) -> None:
    assert moment_of(value) is None


@given(st.datetimes(datetime(1970, 1, 2), datetime(2099, 12, 30)), st.integers(-14 * 60, 14 * 60))  # noqa: DTZ001 -- the zone comes below
def test_what_was_written_with_any_offset_is_read_back(naive: datetime, minutes: int) -> None:
    there = naive.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    assert moment_of(there.isoformat()) == there


@given(st.text(max_size=80))
def test_no_text_makes_it_stumble(text: str) -> None:
    moment_of(text)
