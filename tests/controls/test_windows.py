"""Maintenance windows: their grammar, their clocks, and what DEPL-6 makes of them."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from app.commands.compose import rules_of, windows_of
from app.config import Environment, Settings
from app.controls import control
from app.domain.change import EnvironmentRule
from app.domain.finding import Verdict
from app.domain.windows import DAYS, window
from app.errors import SettingsError
from hypothesis import given
from hypothesis import strategies as st

from tests.controls.cases import B, applied, deployed
from tests.linking.build import operation, run
from tests.linking.world import World, change

LONDON = window("Sat 22:00-Sun 04:00 Europe/London")


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("moment", "inside"),
    [
        ("2026-01-10 21:59:59", False),  # a Saturday in winter
        ("2026-01-10 22:00:00", True),
        ("2026-01-11 03:59:59", True),
        ("2026-01-11 04:00:00", False),
        ("2026-07-11 20:59:59", False),  # and in summer, an hour earlier by UTC
        ("2026-07-11 21:00:00", True),
        ("2026-07-12 02:59:59", True),
        ("2026-07-12 03:00:00", False),
        ("2026-03-28 22:30:00", True),  # the night in which 01:00 to 02:00 is skipped: five hours
        ("2026-03-29 02:59:59", True),
        ("2026-03-29 03:00:00", False),
        ("2026-10-24 21:00:00", True),  # and the one in which it comes twice: seven hours
        ("2026-10-25 03:59:59", True),
        ("2026-10-25 04:00:00", False),
    ],
)
def test_the_clock_on_the_wall_counts(moment: str, inside: bool) -> None:
    assert (LONDON.around(utc(moment)) is not None) is inside


def test_an_edge_that_comes_twice_or_never() -> None:
    twice = window("Sun 01:15-Sun 01:45 Europe/London")
    assert twice.around(utc("2026-10-25 00:20:00")) == (utc("2026-10-25 00:15:00"), utc("2026-10-25 01:45:00"))
    assert twice.around(utc("2026-10-25 00:50:00")) is not None  # between the two: still open
    assert twice.around(utc("2026-10-25 01:45:00")) is None
    never = window("Sun 01:30-Sun 03:00 Europe/London")
    assert never.around(utc("2026-03-29 01:00:00")) == (utc("2026-03-29 01:00:00"), utc("2026-03-29 02:00:00"))
    assert never.around(utc("2026-03-29 00:59:59")) is None


def test_it_may_run_over_the_end_of_the_week_and_nearly_all_of_it() -> None:
    over = window("Sun 23:00-Mon 01:00 UTC")
    assert over.around(utc("2026-10-05 00:30:00")) == (utc("2026-10-04 23:00:00"), utc("2026-10-05 01:00:00"))
    assert over.around(utc("2026-10-04 23:30:00")) is not None
    assert over.around(utc("2026-10-05 01:00:00")) is None
    most = window("Mon 01:00-Mon 00:59 UTC")
    assert most.around(utc("2026-10-05 00:59:30")) is None
    assert most.around(utc("2026-10-05 00:58:00")) is not None


EDGES = st.tuples(st.integers(0, 7 * 24 * 60 - 1), st.integers(0, 7 * 24 * 60 - 1)).filter(lambda pair: pair[0] != pair[1])


@given(
    EDGES,
    st.datetimes(utc("2020-01-01").replace(tzinfo=None), utc("2030-01-01").replace(tzinfo=None)),
    st.sampled_from(["UTC", "Asia/Tokyo"]),
)
def test_where_clocks_never_change_it_is_a_stretch_of_the_week(edges: tuple[int, int], at: datetime, zone: str) -> None:
    text = "-".join(f"{DAYS[m // 1440]} {m // 60 % 24:02}:{m % 60:02}" for m in edges) + f" {zone}"
    found = window(text)
    assert found.text == text
    moment = at.replace(tzinfo=UTC)
    local = moment + timedelta(hours=9 if zone != "UTC" else 0)
    minute = local.weekday() * 1440 + local.hour * 60 + local.minute
    inside = edges[0] <= minute < edges[1] if edges[0] < edges[1] else minute >= edges[0] or minute < edges[1]
    span = found.around(moment)
    assert (span is not None) is inside
    assert span is None or span[0] <= moment < span[1]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "expected DAY HH:MM-DAY HH:MM ZONE"),
        ("Sat 22:00-Sun 04:00", "expected DAY HH:MM"),
        ("Sat 22:00 - Sun 04:00 Europe/London", "expected DAY HH:MM"),
        ("sat 22:00-Sun 04:00 Europe/London", "expected DAY HH:MM"),
        ("Saturday 22:00-Sun 04:00 Europe/London", "expected DAY HH:MM"),
        ("Sat 2:00-Sun 04:00 Europe/London", "expected DAY HH:MM"),
        ("Sab 22:00-Sun 04:00 Europe/London", "the day 'Sab'; expected one of Mon"),
        ("Sat 24:00-Sun 04:00 Europe/London", "the time 24:00; expected 00:00 to 23:59"),
        ("Sat 22:60-Sun 04:00 Europe/London", "the time 22:60"),
        ("Sat 22:00-Sun 04:00 Europe/Lodnon", "the zone 'Europe/Lodnon', which is not known"),
        ("Sat 22:00-Sun 04:00 ../../etc/passwd", "expected DAY HH:MM"),
        ("Sat 22:00-Sat 22:00 UTC", "begins when it ends"),
        ("Sat 22:00-Sun 04:00 UTC\n", "expected DAY HH:MM"),
    ],
)
def test_what_is_no_window_is_refused_in_words(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=re.escape(says)):
        window(text)


def test_settings_say_every_line_that_is_wrong_and_give_the_environment_its_windows() -> None:
    environment = Environment(**{"name": "production", "class": "prod", "workspaces": ("*-prod",)})
    good = Settings(environment=(environment,), maintenance_windows={"production": ("Sat 22:00-Sun 04:00 Europe/London",)})
    assert rules_of(good).environments[0].windows == (LONDON,)
    assert rules_of(good).version != rules_of(good.model_copy(update={"maintenance_windows": {}})).version
    bad = good.model_copy(update={"maintenance_windows": {"production": ("Sat",), "prod": ("Sat 22:00-Sun 04:00 UTC",)}})
    with pytest.raises(SettingsError) as refused:
        windows_of(bad)
    assert refused.value.lines == [
        f"maintenance_windows.production: 'Sat' is no maintenance window; expected DAY HH:MM-DAY HH:MM ZONE, such as {LONDON.text}",
        "maintenance_windows.prod is of no environment; expected one of production",
    ]


def judged(events: list, rules: tuple[EnvironmentRule, ...]):  # type: ignore[no-untyped-def, type-arg]
    found = control("DEPL-6")
    assert found is not None
    (one,) = World(events).changes(rules).values()
    return found.judge(one)


def test_without_windows_nothing_is_judged_and_unclassified_is_not_known() -> None:
    plain = EnvironmentRule("production", "prod", ("*-prod",))
    elsewhere = EnvironmentRule("other", "prod", ("other-*",), windows=(LONDON,))
    assert judged(run(commit=None), (plain,)).verdict is Verdict.NOT_APPLICABLE
    assert judged(run(commit=None), (plain, elsewhere)).verdict is Verdict.NOT_APPLICABLE
    found = judged(run(commit=None), (elsewhere,))
    assert found.verdict is Verdict.INDETERMINATE
    assert "its environment is not classified" in found.because


def test_what_it_says() -> None:
    found = control("DEPL-6")
    assert found is not None
    one = change(applied(created=200, applied=210), "pr:")
    assert "outside of the windows of production (Thu 09:00-Thu 12:00 Europe/London)" in found.judge(one).because
    late = change(applied(created=100, applied=130), "pr:")
    (ran,) = late.runs
    assert ran.applying_at is not None
    over = replace(late, runs=(replace(ran, applying_at=utc("2026-10-01 10:59:00")),))
    assert found.judge(over).verdict is Verdict.PASS
    assert "ran on after its end at 2026-10-01 11:00:00 UTC" in found.judge(over).because
    undated = replace(late, runs=(replace(ran, applying_at=None, confirmed_at=None),))
    assert found.judge(undated).verdict is Verdict.INDETERMINATE


def test_syncs_are_judged_too_and_self_heals_may_come_at_any_time() -> None:
    found = control("DEPL-6")
    assert found is not None
    assert found.judge(change(deployed(), "pr:")).verdict is Verdict.PASS
    heal = operation(400, kind="self-heal", revision=B, previous=B)
    for one in World(heal).changes().values():
        assert found.judge(one).verdict is Verdict.NOT_APPLICABLE
