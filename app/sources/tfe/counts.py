"""Whether a workspace's list counts as many runs as are known of it: a cross-check that needs one small answer a workspace. Pure.

https://developer.hashicorp.com/terraform/enterprise/api-docs/run#list-runs-in-a-workspace tells `total-count`; the organization's
list does not. It is compared for the year that runs, which every list that is read holds whole.
"""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from app.sources.tfe.abilities import NAMED, PLAIN, Abilities
from app.sources.tfe.wire import moment

EVERY = timedelta(hours=24)
COUNTS = 3  # workspaces in one pass: with a pass every minute, some 4,300 a day, and the lists of what happens now keep their share


def form_of(abilities: Abilities) -> str | None:
    """The form of the list whose count can be believed; None where neither was found to hold every run."""
    if not abilities.named_missed:
        return NAMED
    return None if abilities.plain_missed else PLAIN


def due(memory: Mapping[str, Any], now: datetime) -> list[str]:
    """The workspaces to be counted now, those that were not for longest first."""
    places = [key.removeprefix("workspace:") for key in memory if key.startswith("workspace:")]
    aged = [(at, place) for place in places if (at := _at(memory, place)) is None or now - at >= EVERY]
    return [place for _, place in sorted(aged, key=lambda pair: (pair[0] is not None, pair[0] or now, pair[1]))][:COUNTS]


def known(memory: Mapping[str, Any], year: int) -> Counter[str]:
    """By workspace, the runs of a year that are still there."""
    of_year = (
        value for key, value in memory.items() if key.startswith("run:") and str(value.get("created", "")).startswith(f"{year}-")
    )
    return Counter(str(value.get("workspace", "")) for value in of_year if not value.get("gone"))


def _at(memory: Mapping[str, Any], place: str) -> datetime | None:
    return moment((memory.get(f"counted:{place}") or {}).get("at"))
