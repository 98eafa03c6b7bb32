"""What a run's plan would do to each resource, and what its apply did, from `plan-resources` and `apply-resources` events."""

from collections.abc import Iterable, Mapping
from typing import Any

from app.domain.event import Event
from app.domain.resource import AppliedResource, Held, ModuleCall, NamedObject, ProviderUse, ResourceChange
from app.linking import facts


def resources(events: list[Event]) -> dict[str, Any]:
    """The fields of a run that tell of resources. A list of which a part is missing is not known, never half known."""
    return {**_planned(events), **_applied(events)}


def _planned(events: list[Event]) -> dict[str, Any]:
    parts, because = _parts(events, "plan-resources")
    if parts is None:
        plan = [event for event in events if event.type == "plan" and event.status == "finished"]
        if not because and plan and facts.told(plan, "has_changes") is False:
            return {"resources": (), "resource_drift": None}
        return {"resources_because": because}
    return {
        "resources": _changes(parts, "resources"),
        "resource_drift": _changes(parts, "drift"),
        "unchanged": facts.integer(parts, "unchanged"),
        "holds": _holds(parts),
        "modules": _named(parts, "modules", lambda m: ModuleCall(*(facts.string(m, n) for n in ("address", "source", "version")))),
        "providers": _named(
            parts, "providers", lambda p: ProviderUse(*(facts.string(p, n) for n in ("name", "version", "module")))
        ),
    }


def _applied(events: list[Event]) -> dict[str, Any]:
    parts, because = _parts(events, "apply-resources")
    if parts is None:
        return {"apply_because": because}
    listed = [
        AppliedResource(facts.string(item, "address"), facts.string(item, "action"), facts.string(item, "result"))
        for item in _items(parts, "resources")
        if facts.string(item, "address")
    ]
    whole = facts.told(parts, "complete") is not False and not facts.integer(parts, "unread")
    return {"apply_resources": tuple(listed), "apply_because": "" if whole else "the apply’s log could not be read whole"}


def _parts(events: list[Event], kind: str) -> tuple[list[Event] | None, str]:
    """Every part in its order; else None, and why."""
    mine = [event for event in events if event.type == kind]
    listed: dict[int, Event] = {}
    for event in mine:
        part = event.facts.get("part")
        if event.status == "listed" and type(part) is int:
            listed.setdefault(part, event)
    wanted = max((facts.integer([event], "parts") or 0 for event in listed.values()), default=0)
    missing = [part for part in range(1, wanted + 1) if part not in listed]
    if wanted and not missing:
        return [listed[part] for part in range(1, wanted + 1)], ""
    if missing:
        return None, f"{len(missing)} of the list’s {wanted} parts {'is' if len(missing) == 1 else 'are'} not in the record"
    return None, facts.text(mine, "because") or ""


def _items(parts: Iterable[Event], name: str) -> list[Mapping[str, Any]]:
    return [item for part in parts for item in facts.mappings(part.facts.get(name))]


def _named(parts: list[Event], name: str, make: Any) -> tuple[Any, ...] | None:
    """None when the document did not tell them, which is not the same as none."""
    if all(part.facts.get(name) is None for part in parts):
        return None
    return tuple(make(item) for item in _items(parts, name))


def _changes(parts: Iterable[Event], name: str) -> tuple[ResourceChange, ...]:
    """Each resource once; the pieces of one that names very much are put together again."""
    found: list[dict[str, Any]] = []
    for item in _items(parts, name):
        names = {of: facts.words(item.get(of)) for of in ("attributes", "redacted")}
        if item.get("more") is True and found and _same(found[-1], item):
            found[-1].update({of: (*found[-1][of], *more) for of, more in names.items()})
        elif facts.string(item, "address"):
            found.append({**item, **names})
    return tuple(_change(item) for item in found)


def _holds(parts: list[Event]) -> tuple[Held, ...] | None:
    if all(part.facts.get("holds") is None for part in parts):
        return None
    found = [
        (facts.string(one, "address"), facts.string(one, "type"), named_object(one.get("object"))) for one in _items(parts, "holds")
    ]
    return tuple(Held(address, type_, named) for address, type_, named in found if named is not None)


def named_object(told: Any) -> NamedObject | None:
    """None for anything that is no object by its names."""
    if not isinstance(told, Mapping) or not facts.string(told, "system"):
        return None
    known = {part: told[part] if isinstance(told.get(part), str) else None for part in ("group", "kind", "namespace", "name")}
    untold = told.get("untold")
    because = untold.items() if isinstance(untold, Mapping) else ()
    return NamedObject(
        system=facts.string(told, "system"),
        untold=tuple((part, why) for part, why in because if isinstance(part, str) and isinstance(why, str)),
        perhaps=facts.words(told.get("perhaps")),
        **known,
    )


def _same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return all(one.get(name) == other.get(name) for name in ("address", "deposed"))


def _change(item: Mapping[str, Any]) -> ResourceChange:
    texts = {name: facts.string(item, name) for name in ("type", "name", "module", "provider", "reason", "deposed")}
    actions = item.get("actions")
    return ResourceChange(
        address=facts.string(item, "address"),
        actions=tuple(word for word in actions if isinstance(word, str)) if isinstance(actions, list | tuple) else (),
        mode=facts.string(item, "mode") or "managed",
        previous_address=facts.string(item, "previous_address") or None,
        importing=item.get("importing") is True,
        attributes=item["attributes"],
        redacted=item["redacted"],
        object=named_object(item.get("object")),
        object_before=named_object(item.get("object_before")),
        **texts,
    )
