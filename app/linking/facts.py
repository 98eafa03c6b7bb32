"""Reading facts. They come from outside by way of the ledger: a surprising type is an absent value, never a crash."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from app.domain.actor import Actor, ActorKind
from app.domain.event import Event
from app.domain.ref import Resource


def told(events: Iterable[Event], name: str) -> Any:
    """The last value of a fact that is not None."""
    found = None
    for event in events:
        value = event.facts.get(name)
        found = value if value is not None else found
    return found


def text(events: Iterable[Event], name: str) -> str | None:
    value = told((e for e in events if isinstance(e.facts.get(name), str)), name)
    return value or None


def integer(events: Iterable[Event], name: str) -> int | None:
    value = told((e for e in events if isinstance(e.facts.get(name), int)), name)
    return None if value is None else int(value)


def flag(events: Iterable[Event], name: str) -> bool:
    return told(events, name) is True


def when(value: Any) -> datetime | None:
    """An ISO 8601 time with its zone, as UTC; None for anything else."""
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
        return moment.astimezone(UTC) if moment.tzinfo else None
    except (ValueError, OverflowError):
        return None


def time(events: Iterable[Event], name: str) -> datetime | None:
    return when(told((e for e in events if when(e.facts.get(name))), name))


def words(value: Any) -> tuple[str, ...]:
    """The texts of a list, in order, each once."""
    return tuple(dict.fromkeys(item for item in value if isinstance(item, str) and item)) if isinstance(value, list | tuple) else ()


def mappings(value: Any) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list | tuple) else []


def string(item: Mapping[str, Any], name: str) -> str:
    value = item.get(name)
    return value if isinstance(value, str) else ""


RESOURCE = ("kind", "name", "namespace", "group", "status", "message", "phase", "hook", "hook_phase", "wave", "images")


def further(events: Iterable[Event], event: Event, name: str) -> list[Mapping[str, Any]]:
    """A list of the event with what `continued` events tell of it, in the order of their parts. `events`: all of its entity."""
    rest = [one for one in events if one.type == "continued" and one.facts.get("event") == str(event.id)]
    parts = sorted(rest, key=lambda one: integer([one], "part") or 0)
    return [item for one in (event, *parts) for item in mappings(one.facts.get(name))]


def resource(item: Mapping[str, Any]) -> Resource:
    return Resource(**{name: string(item, name) for name in RESOURCE})


def resources(events: Sequence[Event]) -> tuple[Resource, ...]:
    """The last list of resources told."""
    return tuple(resource(item) for item in mappings(told(events, "resources")))


def key(events: Iterable[Event], name: str) -> Any:
    """The last join key of this name that is set."""
    found = None
    for event in events:
        found = getattr(event.keys, name) or found
    return found


def actor(value: Any) -> Actor | None:
    """Somebody a commit declares, as text or as `{login, name, email}`; the id is the login, else the e-mail."""
    if isinstance(value, str) and value:
        return Actor(name=value, because="self-declared")
    if not isinstance(value, Mapping):
        return None
    login, name, mail = (string(value, part) for part in ("login", "name", "email"))
    who = login or name or mail
    kind = ActorKind.BOT if "[bot]" in who + mail else ActorKind.HUMAN
    address = mail if login else ""  # without a login the address is the id
    return Actor(name=who, kind=kind, id=login or mail or None, because="self-declared", email=address) if who else None


def with_address(who: Actor, declared: Any) -> Actor:
    """`who` with the address that the commit declares of the same login."""
    same = actor(declared)
    return replace(who, email=same.email) if same and same.email and same.id == who.id and same.because == who.because else who


def known(actor: Actor | None) -> bool:
    return actor is not None and actor.kind is not ActorKind.UNKNOWN and bool(actor.name)
