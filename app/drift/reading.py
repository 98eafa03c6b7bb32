"""Reading facts, which come from outside by way of the ledger: a surprising type is an absent value, never a crash."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from app.domain.event import Event
from app.drift.kept import moment

Facts = Mapping[str, Any]


def text(facts: Facts, name: str) -> str:
    value = facts.get(name)
    return value if isinstance(value, str) else ""


def flag(facts: Facts, name: str) -> bool | None:
    value = facts.get(name)
    return value if isinstance(value, bool) else None


def integer(facts: Facts, name: str, default: int = 0) -> int:
    value = facts.get(name)
    return value if type(value) is int else default


def time(facts: Facts, name: str) -> datetime | None:
    return moment(facts.get(name))


def looked(event: Event) -> datetime:
    """When it was seen, by the source's own clock where that differs from ours: all other times of its events are by that one."""
    return event.observed_at + timedelta(seconds=integer(event.facts, "clock_ahead"))


def words(value: Any) -> list[str]:
    return [one for one in value if isinstance(one, str) and one] if isinstance(value, list | tuple) else []


def mappings(value: Any) -> list[Facts]:
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list | tuple) else []


def revisions(facts: Facts, name: str = "revisions") -> list[str] | None:
    """None where it is not told."""
    value = facts.get(name)
    return words(value) if isinstance(value, list | tuple) else None


def object_of(one: Facts) -> str:
    """`<group>/<kind>/<namespace>/<name>`: one object of a cluster, within its application."""
    return "/".join(text(one, part) for part in ("group", "kind", "namespace", "name"))
