"""Cursors: opaque, whole, and refused when they are not ours."""

from contextlib import suppress
from datetime import UTC, datetime
from uuid import UUID

import pytest
from app.changes.cursor import Cursor, change_cursor, event_cursor
from app.errors import UsageError
from hypothesis import given
from hypothesis import strategies as st

TIMES = st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 -- hypothesis wants them naive


@given(TIMES, st.uuids(), st.booleans())
def test_a_cursor_of_changes_comes_back(at: datetime, id_: UUID, newer: bool) -> None:
    cursor = Cursor(at, id_, newer)
    assert change_cursor(str(cursor)) == cursor


@given(TIMES, st.integers(0, 2**63 - 1), st.booleans())
def test_a_cursor_of_events_comes_back(at: datetime, seq: int, newer: bool) -> None:
    cursor = Cursor(at, seq, newer)
    assert event_cursor(str(cursor)) == cursor


@given(st.text(min_size=1, max_size=80))
def test_garbage_is_refused(text: str) -> None:
    for read in (change_cursor, event_cursor):
        with suppress(UsageError):
            found = read(text)
            assert found is not None
            assert str(found) == text.rstrip("=")


def test_a_cursor_of_another_list_is_refused() -> None:
    at = datetime(2026, 9, 24, tzinfo=UTC)
    with pytest.raises(UsageError):
        change_cursor(str(Cursor(at, 5)))
    with pytest.raises(UsageError):
        event_cursor(str(Cursor(at, UUID(int=5))))


def test_no_cursor_is_none() -> None:
    assert change_cursor("") is None
    assert event_cursor(None) is None
