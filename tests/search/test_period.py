"""Times and half-open periods."""

from datetime import UTC, datetime

import pytest
from app.errors import SearchError
from app.search.fields import CHANGES
from app.search.language import parse
from app.search.period import Period, moment, narrowed, period_of


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-09-24", datetime(2026, 9, 24, tzinfo=UTC)),
        ("2026-09-24T18:30Z", datetime(2026, 9, 24, 18, 30, tzinfo=UTC)),
        ("2026-09-24t18:30:05.25z", datetime(2026, 9, 24, 18, 30, 5, 250000, tzinfo=UTC)),
        ("2026-09-24T18:30+02:00", datetime(2026, 9, 24, 16, 30, tzinfo=UTC)),
        ("2026-09-24 18:30-0530", datetime(2026, 9, 25, 0, 0, tzinfo=UTC)),
        ("2026-09-24 18:30 Europe/London", datetime(2026, 9, 24, 17, 30, tzinfo=UTC)),
        ("2026-09-24 Europe/London", datetime(2026, 9, 23, 23, 0, tzinfo=UTC)),
        ("2026-09-24 18:30 UTC", datetime(2026, 9, 24, 18, 30, tzinfo=UTC)),
    ],
)
def test_a_time_is_read_in_its_zone(text: str, at: datetime) -> None:
    assert moment(text) == at


def test_a_time_without_a_zone_is_read_in_the_one_given() -> None:
    assert moment("2026-01-24 18:30", "America/New_York") == datetime(2026, 1, 24, 23, 30, tzinfo=UTC)
    assert moment("2026-01-24T18:30Z", "America/New_York") == datetime(2026, 1, 24, 18, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "2026-13-01",
        "2026-01-01T25:00",
        "2026-01-01T10:00Z Europe/London",
        "2026-01-01 10:00 ../etc/passwd",
        "9999-12-31T23:00-05:00",
        "٢٠٢٦-01-01",
        "1" * 100_000,
    ],
)
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(SearchError) as refused:
        moment(text, position=7)
    assert refused.value.position == 7
    assert len(str(refused.value)) < 300


def test_parameters_make_a_period() -> None:
    assert period_of("", None) is None
    assert period_of("2026-09-24", "") == Period(datetime(2026, 9, 24, tzinfo=UTC), None)
    with pytest.raises(SearchError, match="not after its start"):
        period_of("2026-09-24", "2026-09-24")


def test_before_and_after_narrow_the_period() -> None:
    whole = period_of("2026-09-01", "2026-10-01")
    day = lambda n: datetime(2026, 9, n, tzinfo=UTC)  # noqa: E731 -- four short lines
    assert narrowed(parse("after:2026-09-10 before:2026-09-20", CHANGES), whole) == (day(10), day(20))
    assert narrowed(parse("-after:2026-09-10", CHANGES), whole) == (day(1), day(10))
    assert narrowed(parse("-before:2026-09-10", CHANGES), None) == (day(10), None)
    assert narrowed(parse("after:[2026-09-10,2026-09-05]", CHANGES), None) == (day(5), None)
    assert narrowed(parse("after:2026-08-01", CHANGES), whole) == whole
