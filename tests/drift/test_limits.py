"""How long drift may stand: what the settings may say, and which limit is whose."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from app.changes.drift.rows import EpisodeRow
from app.commands.compose import limits_of, rules_of
from app.config import Environment, Settings
from app.domain.drift import Layer
from app.domain.limits import FORM, DriftLimit, drift_limit, length, limit_of
from app.errors import SettingsError

from tests.drift.build import DEPLOYMENT, at, differing, only

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ENVIRONMENT = Environment(**{"name": "production", "class": "prod", "workspaces": ("*-prod",)})


def settings(**limits: Any) -> Settings:
    return Settings(environment=(ENVIRONMENT,), drift_limits=limits)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("30s", 30), ("30m", 1800), ("4h", 14_400), ("7d", 604_800), ("2w", 1_209_600), ("99h", 356_400)],
)
def test_a_length_is_a_number_and_its_unit(text: str, seconds: int) -> None:
    assert length(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("wrong", ["", "4", "h", "4 h", "4h30m", "-4h", "0h", "4y", "٤h", "4h\n", "1.5h", 4, None, True, ["4h"]])
def test_anything_else_is_refused_in_words(wrong: Any) -> None:
    with pytest.raises(ValueError, match="expected a length such as"):
        length(wrong)


def test_a_limit_is_of_both_layers_or_of_each_by_itself() -> None:
    assert drift_limit("production", "4h") == DriftLimit("production", 4 * HOUR, 4 * HOUR)
    assert drift_limit("production", {"terraform": "1d"}) == DriftLimit("production", None, DAY)


def test_the_name_goes_before_the_class_layer_by_layer_and_no_limit_is_none() -> None:
    limits = (DriftLimit("prod", 8 * HOUR, DAY), DriftLimit("production", HOUR, None))
    assert limit_of(limits, "production", "prod", Layer.KUBERNETES) == HOUR
    assert limit_of(limits, "production", "prod", Layer.TERRAFORM) == DAY
    assert limit_of(limits, "settlements", "prod", Layer.KUBERNETES) == 8 * HOUR
    assert limit_of(limits, "staging", "non-prod", Layer.KUBERNETES) is None


def test_settings_give_the_rules_their_limits_and_every_wrong_line_is_told() -> None:
    good = settings(production="4h", prod={"kubernetes": "8h"}, unclassified="7d")
    assert rules_of(good).limits == limits_of(good)
    assert [one.of for one in limits_of(good)] == ["production", "prod", "unclassified"]
    assert rules_of(good).version != rules_of(settings()).version
    with pytest.raises(SettingsError) as refused:
        limits_of(settings(staging="4h", production="soon", prod={"helm": "4h"}, unclassified=4))
    assert refused.value.lines == [
        "drift_limits.staging is of no environment and no class; expected one of production, prod, unclassified",
        'drift_limits.production: \'soon\' is no limit; expected a length such as "4h", "30m" or "7d"',
        "drift_limits.prod: 'helm' is no layer; expected kubernetes or terraform",
        f"drift_limits.unclassified: a limit is {FORM}, or a table of them by kubernetes and terraform",
    ]


def test_without_a_limit_nothing_is_over_it_and_nothing_within() -> None:
    one = only([differing(0), differing(10, DEPLOYMENT, after=9)])

    def over(limit: timedelta | None, minutes: float) -> bool | None:
        return EpisodeRow(UUID(int=0), one, "production", "prod", limit, None, None).stood(at(minutes)).over

    assert [over(None, 5000), over(HOUR, 69), over(HOUR, 71)] == [None, False, True]
