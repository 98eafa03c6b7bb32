"""An application as it stands now, from its `application` and `managed` events."""

from app.domain.application import Application
from app.domain.event import Event
from app.domain.ref import Resource
from app.linking import facts


def application(key: str, events: list[Event]) -> Application | None:
    told = [event for event in events if event.type == "application"]
    if not told:
        return None
    last = told[-1]
    listed = _listed([event for event in events if event.type == "managed"])
    return Application(
        key=key,
        source=last.source,
        uid=key.split(":", 2)[2],
        application=str(last.keys.application or last.ref.name),
        project=last.keys.project,
        destination=last.keys.destination,
        url=last.ref.url,
        since=told[0].occurred_at,
        gone=last.status == "deleted",
        auto_sync=facts.flag(told[-1:], "auto_sync") if "auto_sync" in last.facts else None,
        objects=None if listed is None else tuple(Resource(**one) for one in listed[0]),
        objects_at=listed[1].occurred_at if listed else None,
    )


def _listed(events: list[Event]) -> tuple[list[dict[str, str]], Event] | None:
    """The last whole list: all its parts have one `look`."""
    looks: dict[str, dict[int, Event]] = {}
    for event in events:
        part = event.facts.get("part")
        if type(part) is int:
            looks.setdefault(facts.string(event.facts, "look"), {})[part] = event
    whole = [
        parts for parts in looks.values() if sorted(parts) == list(range(1, (facts.integer(parts.values(), "parts") or 0) + 1))
    ]
    if not whole:
        return None
    last = max(whole, key=lambda parts: (parts[1].observed_at, parts[1].occurred_at, parts[1].id))
    names = ("group", "kind", "namespace", "name", "wave")
    items = [one for part in sorted(last) for one in facts.mappings(last[part].facts.get("resources"))]
    return [{name: facts.string(one, name) for name in names} for one in items], last[1]
