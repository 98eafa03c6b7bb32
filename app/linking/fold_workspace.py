"""What was done to a workspace outside of its runs, and the episodes of drift that its health assessments tell of."""

from collections.abc import Mapping
from typing import Any

from app.domain.change import Drift
from app.domain.event import Event
from app.domain.workspace import Setting, WorkspaceAct
from app.linking import facts

SHOWN = 120  # characters of a value


def workspace_act(key: str, events: list[Event]) -> WorkspaceAct | None:
    told = [event for event in events if event.type in ("workspace", "state-version")]
    if not told:
        return None
    last = told[-1]
    return WorkspaceAct(
        key=key,
        source=last.source,
        id=last.ref.id,
        workspace=str(facts.key(told, "workspace") or last.ref.name),
        project=facts.key(told, "project"),
        kind="state" if last.type == "state-version" else last.status,
        at=last.occurred_at,
        after=facts.time(told, "observed_after"),
        before=facts.time(told, "observed_before"),
        settings=settings(last),
        actor=last.actor,
        because=facts.text(told, "because") or "",
        repository=facts.key(told, "repository"),
        serial=facts.integer(told, "serial"),
        url=last.ref.url,
    )


def settings(event: Event) -> tuple[Setting, ...]:
    """What an event says became of each setting, by name."""
    changed = event.facts.get("changed")
    if not isinstance(changed, Mapping):
        return ()
    return tuple(Setting(name, *_pair(changed[name])) for name in sorted(changed) if isinstance(name, str))


def _pair(value: Any) -> tuple[str | None, str | None, bool]:
    before, after = value if isinstance(value, list | tuple) and len(value) == 2 else (None, value)
    return _text(before), _text(after), isinstance(after, bool) or isinstance(before, bool)


def _text(value: Any) -> str | None:
    if value is None or value in ("", [], ()):
        return None
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, list | tuple):
        value = ", ".join(str(_text(one)) for one in value)
    found = str(value)
    return found if len(found) <= SHOWN else found[:SHOWN] + "…"


def assessed(key: str, events: list[Event]) -> Drift | None:
    """An episode: opened by a result that found drift, closed by one that found none; in between it may be unknown."""
    told = [event for event in events if event.type == "assessment"]
    opened = [event for event in told if event.status == "drifted"]
    if not opened:
        return None
    closed = [event for event in told if event.status == "undrifted" and event.occurred_at >= opened[-1].occurred_at]
    last = told[-1]
    unsure = last if last.status not in ("drifted", "undrifted") and not closed else None
    first = opened[0]
    return Drift(
        key=key,
        source=first.source,
        id=first.ref.id,
        application="",
        project=facts.key(told, "project"),
        destination=None,
        onset_after=facts.time([first], "onset_after"),
        onset_before=first.occurred_at,
        ended_at=closed[-1].occurred_at if closed else None,
        ended_by=None,
        url=first.ref.url,
        workspace=str(facts.key(told, "workspace") or first.ref.name),
        count=facts.integer(opened, "drifted"),
        unknown_since=(facts.time([unsure], "unknown_since") or unsure.occurred_at) if unsure else None,
        unknown_because=(facts.text([unsure], "because") or "") if unsure else "",
    )
