"""One event more of one application, or of one workspace: what is carried on, and what changed. The order is the ledger's."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from app.domain.drift import BlindSpot, Ended, Episode
from app.domain.event import Entry
from app.drift import acts, heals, looks, operations, reading, spots, workspace
from app.drift.carried import Carried, begun, carried
from app.drift.weighed import weigh

JSON = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Stepped:
    """`state` is None where the events are of nothing that drift is told of. `episodes` and `spots`: those that changed."""

    state: JSON | None
    episodes: tuple[Episode, ...] = ()
    spots: tuple[BlindSpot, ...] = ()
    carried: Carried | None = None


APPLICATION = ("differing", "comparison", "comparison-gap", "sync-status", "drift", "operation", "history", "history-gap")
APPLICATION_TOO = ("announcement", "application", "operation-results", "unwitnessed")
WORKSPACE = ("assessment", "plan-resources", "run", "workspace")


def subject_of(entry: Entry) -> str | None:
    """`<source>:<uid>` of the application, `<source>:<name>` of the workspace; None where the event is of neither."""
    event = entry.event
    if event.kind == "argocd" and event.type in (*APPLICATION, *APPLICATION_TOO):
        uid = reading.text(event.facts, "uid")
        return f"{event.source}:{uid}" if uid else None
    if event.kind == "tfe" and event.type in WORKSPACE and event.keys.workspace:
        return f"{event.source}:{event.keys.workspace}"
    return None


def renamed_from(entry: Entry) -> str | None:
    """The subject that a workspace was before this event gave it another name."""
    event = entry.event
    changed = event.facts.get("changed")
    pair = changed.get("name") if event.type == "workspace" and event.kind == "tfe" and isinstance(changed, Mapping) else None
    if isinstance(pair, list | tuple) and len(pair) == 2 and isinstance(pair[0], str) and pair[0] != event.keys.workspace:
        return f"{event.source}:{pair[0]}"
    return None


def step(state: JSON | None, entry: Entry) -> Stepped:
    """`state` as `step` gave it, None at first. Never raises for what an event holds."""
    return steps(state, (entry,))


def steps(state: JSON | None, entries: Iterable[Entry]) -> Stepped:
    """As many steps in a row, over events of one subject in the order of the ledger."""
    now: Carried | None = carried(state) if state else None
    for entry in entries:
        subject = subject_of(entry)
        if subject is None:
            continue
        now = now or begun(subject, entry)
        now.subject = subject
        now.meet(entry.event)
        now.over = now.over and entry.event.type != "workspace"
        KINDS[entry.event.kind][entry.event.type](now, entry)
        now.forget(reading.looked(entry.event))
    if now is None:
        return Stepped(None)
    return Stepped(now.as_json(), tuple(now.told.values()), tuple(now.told_spots.values()), now)


def _operation(now: Carried, entry: Entry) -> None:
    record = (operations.results if entry.event.type == "operation-results" else operations.operation)(now, entry)
    if record and record["phase"] == operations.SUCCEEDED:
        heals.heal(now, record, entry)
    if record:
        _weigh_anew(now, entry)


def _weigh_anew(now: Carried, entry: Entry) -> None:
    """What is open may have another cause by what was just told."""
    for name, episode in list(now.open.items()):
        weighed = weigh(now, name, episode)
        if weighed != episode:
            now.put(name, weighed, entry.seq)


def _announcement(now: Carried, entry: Entry) -> None:
    many = len(now.acts)
    acts.announced(now, entry)
    if len(now.acts) == many:
        return
    _weigh_anew(now, entry)
    for one in list(now.closed.values()):
        who = acts.person(now, one)
        if not one.counted and who != one.person and who.name:
            now.amend(replace(one, person=who), entry.seq)


def _gap(now: Carried, entry: Entry) -> None:
    """A comparison that tells again shows what ended meanwhile."""
    if spots.comparison_gap(now, entry) and now.shown is not None:
        looks.settle(now, entry, reading.looked(entry.event))


def _drift(now: Carried, entry: Entry) -> None:
    """The drift of the whole application, which a change stands on: which episodes are of it."""
    event, facts = entry.event, entry.event.facts
    onset = reading.time(facts, "onset_before") or event.occurred_at
    if event.status != looks.SYNCED:
        now.drift = [entry.seq, onset.isoformat()]
        for name, episode in list(now.open.items()):
            if episode.told_by is None:
                now.put(name, replace(episode, told_by=entry.seq), entry.seq)
        return
    now.drift = None
    operation = f"operation:{now.source}:{reading.text(facts, 'ended_by')}"
    alone = sum(one.ended_operation == operation for one in now.closed.values()) == 1
    for one in list(now.closed.values()):
        during = one.ended_at is not None and onset <= one.ended_at <= event.occurred_at
        if one.told_by is None and (one.ended_operation == operation or during):
            now.amend(replace(_dated(one, facts, alone), told_by=entry.seq), entry.seq)


def _dated(one: Episode, facts: reading.Facts, alone: bool) -> Episode:
    """A heal that nobody saw began when the turn of its application was announced, if it was the only one."""
    after, onset = reading.time(facts, "onset_after"), reading.time(facts, "onset_before")
    if one.changes is not None or one.ended_after != one.onset_before or one.looked_at:
        return one
    if alone and reading.flag(facts, "announced") and onset and (one.onset_after or onset) <= onset < one.onset_before:
        one = replace(one, onset_before=onset)
    if after and after <= one.onset_before and (one.onset_after is None or after > one.onset_after):
        one = replace(one, onset_after=after)
    return one


def _application(now: Carried, entry: Entry) -> None:
    event, facts = entry.event, entry.event.facts
    if event.status == "deleted":
        remove(now, entry, "the application was removed")
        return
    settings = {name: reading.flag(facts, name) for name in ("auto_sync", "self_heal")}
    told = {name: value for name, value in settings.items() if value is not None}
    if any(getattr(now, name) != value for name, value in told.items()):
        for name, value in told.items():
            setattr(now, name, value)
        for object_, episode in list(now.open.items()):
            now.put(object_, episode, entry.seq)


def remove(now: Carried, entry: Entry, because: str) -> None:
    """It is gone: nothing of it stands, or is unknown, any more."""
    at = entry.event.occurred_at
    now.over = True
    for object_, episode in list(now.open.items()):
        end = max(at, episode.onset_before)
        last = min(end, max(now.looks[-1], episode.onset_before)) if now.looks else episode.onset_before
        over = replace(episode, ended_at=end, ended_after=last, ended_by=Ended.REMOVED, ended_because=because)
        now.close(object_, over, entry.seq)
    spots.close_spots(now, entry, at, *list(now.spots))


def _unwitnessed(now: Carried, entry: Entry) -> None:
    spots.unread(now, entry)


Handle = Callable[[Carried, Entry], None]
KINDS: Mapping[str, Mapping[str, Handle]] = {
    "argocd": {
        "differing": looks.differing,
        "comparison": looks.comparison,
        "comparison-gap": _gap,
        "sync-status": looks.sync_status,
        "drift": _drift,
        "operation": _operation,
        "history": _operation,
        "operation-results": _operation,
        "history-gap": heals.lost_heals,
        "announcement": _announcement,
        "application": _application,
        "unwitnessed": _unwitnessed,
    },
    "tfe": {
        "assessment": workspace.assessment,
        "plan-resources": workspace.plan,
        "run": workspace.run,
        "workspace": workspace.settings,
    },
}
