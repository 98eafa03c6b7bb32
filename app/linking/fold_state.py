"""A drift episode, a hole in an application's history, and a history that is not what it was."""

from app.domain.actor import unknown
from app.domain.change import AlteredRecord, Drift, HistoryGap
from app.domain.event import Event
from app.domain.ref import Resource
from app.linking import facts
from app.linking.fold_workspace import assessed
from app.linking.says_record import entries


def drift(key: str, events: list[Event]) -> Drift | None:
    opened = [event for event in events if event.type == "drift" and event.status != "Synced"]
    closed = [event for event in events if event.type == "drift" and event.status == "Synced"]
    if not opened and not closed:
        return assessed(key, events)
    told = opened + closed
    return Drift(
        key=key,
        source=told[0].source,
        id=told[0].ref.id,
        application=str(facts.key(told, "application") or told[0].ref.name),
        project=facts.key(told, "project"),
        destination=facts.key(told, "destination"),
        onset_after=facts.time(told, "onset_after"),
        onset_before=facts.time(told, "onset_before") or told[0].occurred_at,
        ended_at=closed[-1].occurred_at if closed else None,
        ended_by=facts.text(closed, "ended_by"),
        resources=_resources(opened, events) or _resources(closed, events),
        managers=facts.words([name for event in told for name in facts.words(event.facts.get("managers"))]),
        url=next((event.ref.url for event in reversed(told) if event.ref.url), None),
    )


def _resources(told: list[Event], events: list[Event]) -> tuple[Resource, ...]:
    listed = [event for event in told if event.facts.get("resources") is not None]
    return tuple(facts.resource(item) for item in facts.further(events, listed[-1], "resources")) if listed else ()


def history_gap(key: str, events: list[Event]) -> HistoryGap | None:
    told = [event for event in events if event.type in ("history-gap", "unwitnessed")]
    if not told:
        return None
    if told[0].type == "unwitnessed":
        return _possible(key, told)
    first, last = facts.integer(told, "from_id"), facts.integer(told, "to_id")
    size = facts.integer(told, "size")
    if size is None:
        size = last - first + 1 if first is not None and last is not None and last >= first else 1
    return HistoryGap(
        key=key,
        source=told[0].source,
        id=told[0].ref.id,
        application=str(facts.key(told, "application") or told[0].ref.name),
        project=facts.key(told, "project"),
        destination=facts.key(told, "destination"),
        from_id=first,
        to_id=last,
        size=size,
        at=told[0].occurred_at,
        after=facts.time(told, "from_at"),
        before=facts.time(told, "to_at"),
        heals=facts.text(told, "of") == "self-heals",
        counted=facts.text(told, "of") == "operations",
    )


def _possible(key: str, told: list[Event]) -> HistoryGap:
    at_most = facts.integer(told, "at_most")
    return HistoryGap(
        key=key,
        source=told[0].source,
        id=told[0].ref.id,
        application=str(facts.key(told, "application") or told[0].ref.name),
        project=facts.key(told, "project"),
        destination=facts.key(told, "destination"),
        from_id=None,
        to_id=None,
        size=at_most or 0,
        at=told[0].occurred_at,
        after=facts.time(told, "from_at"),
        before=facts.time(told, "to_at"),
        possible=True,
        at_most=at_most,
        because=facts.text(told, "because") or "nobody saw that time",
    )


def altered_record(key: str, events: list[Event]) -> AlteredRecord | None:
    told = [event for event in events if event.type == "integrity"]
    if not told:
        return None
    last = told[-1]
    return AlteredRecord(
        key=key,
        source=last.source,
        id=last.ref.id,
        application=str(facts.key(told, "application") or last.ref.name),
        project=facts.key(told, "project"),
        destination=facts.key(told, "destination"),
        kind=last.status,
        at=last.occurred_at,
        entries=entries(last),
        actor=last.actor or unknown("Argo CD keeps no record of who writes to an Application object"),
        otherwise=facts.text([last], "otherwise") or "",
    )
