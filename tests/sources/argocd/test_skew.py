"""How far a server's clock is from ours: from what came between two lists, and never from what is old or forged."""

from datetime import UTC, datetime, timedelta
from typing import Any

from app.sources.argocd.listing import Listed
from app.sources.argocd.names import stamp
from app.sources.argocd.skew import LEAST, Skew
from hypothesis import given
from hypothesis import strategies as st

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
EVERY = timedelta(seconds=30)


def line(key: str, made: datetime, started: datetime | None = None, finished: datetime | None = None) -> Listed:
    seen = [stamp(one.replace(microsecond=0)) if one else "" for one in (made, None, None, started, finished)]
    return Listed(f"application/argocd/{key}", key, "argocd", "p", [*seen, "", "Synced", "", "", "", ""])


def remembered(lines: list[Listed]) -> dict[str, Any]:
    return {one.key: {"seen": one.seen} for one in lines}


def looks(true: timedelta, lags: list[float]) -> Skew:
    """A list each EVERY; in each an operation that began some of that time before, by a clock that is `true` ahead."""
    skew, last, memory = Skew(), None, remembered([])
    made = NOW + true - timedelta(days=9)
    for i, lag in enumerate(lags):
        now = NOW + i * EVERY
        lines = [line("payments", made, now + true - timedelta(seconds=lag))]
        skew = Skew.of(skew.measured(memory, lines, last, now).kept())
        last, memory = now, remembered(lines)
    return skew


@given(st.integers(-(10**6), 9_000), st.lists(st.floats(0, 28.9), min_size=2, max_size=8))
def test_it_is_found_within_one_pass_and_never_overstated(seconds: int, lags: list[float]) -> None:
    true = timedelta(seconds=seconds)
    ahead = looks(true, lags).ahead
    if abs(true) >= LEAST + 2 * EVERY:
        assert true - EVERY - timedelta(seconds=2) <= ahead <= true
    if abs(true) < LEAST - EVERY:
        assert ahead == timedelta()


def test_an_application_that_may_be_read_at_last_shows_old_times_and_proves_nothing() -> None:
    here = [line("payments", NOW - timedelta(days=9), NOW - timedelta(minutes=5))]
    first = Skew().measured({}, here, None, NOW)
    more = [*here, line("ledger", NOW - timedelta(days=5), NOW - timedelta(days=3))]
    assert first.measured(remembered(here), more, NOW, NOW + EVERY).ahead == timedelta()


def test_a_time_far_ahead_is_not_believed_and_blocks_nothing() -> None:
    here = [line("payments", NOW - timedelta(days=9), NOW - timedelta(minutes=5))]
    first = Skew().measured({}, here, None, NOW)
    forged = [line("payments", NOW - timedelta(days=9), NOW + timedelta(days=400))]
    after = first.measured(remembered(here), forged, NOW, NOW + EVERY)
    assert (after.ahead, after.newest) == (timedelta(), first.newest)


def test_what_an_older_program_remembered_is_no_measure() -> None:
    assert [Skew.of(value) for value in (None, [], {"low": "x"}, {"low": 10**30, "high": 0})] == [Skew()] * 4
