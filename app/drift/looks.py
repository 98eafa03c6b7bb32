"""What differs, as one look showed it: episodes open, go on and end by it; and the fields and managers that another look read."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from app.domain.drift import Blindness, Ended, Episode, FieldChange, Layer, Writer
from app.domain.event import Entry, How
from app.drift import reading
from app.drift.carried import Carried
from app.drift.heals import unseen_heal
from app.drift.kept import iso
from app.drift.operations import SUCCEEDED, ended, enders
from app.drift.reading import Facts
from app.drift.spots import BY_STATUS, close_spots, open_spot
from app.drift.weighed import weigh

JSON = dict[str, Any]
SYNCED, OUT_OF_SYNC, INCOMPARABLE = "Synced", "OutOfSync", "Unknown"
WHOLE = "///"  # the application itself: it is out of sync, and no object of it is


def differing(now: Carried, entry: Entry) -> None:
    """Everything that differs, as told when it changed; in parts, where it is long."""
    event, facts = entry.event, entry.event.facts
    if event.status not in (SYNCED, OUT_OF_SYNC):
        return
    part, parts = reading.integer(facts, "part"), reading.integer(facts, "parts", 1)
    begun = now.part or {}
    whole = part == 0 or begun.get("next") == part
    found = [*(begun.get("objects", []) if part else []), *map(dict, reading.mappings(facts.get("resources")))]
    moved = begun.get("moved") if part else _moved(now, facts)
    now.part = {"next": part + 1, "objects": [_short(one) for one in found], "moved": moved} if part + 1 < parts else None
    if part + 1 < parts or not whole:
        return
    _settings(now, facts)
    at = event.occurred_at if event.how is How.RECONSTRUCTED else reading.looked(event)
    turned = reading.time(facts, "turned_at")
    _outlasted(now, found, reading.text(facts, "operation"))
    look(now, entry, event.status, found, at, after=reading.time(facts, "seen_after"), turned=turned, moved=moved)


def _outlasted(now: Carried, found: Sequence[Facts], operation: str) -> None:
    """What differs still, after the last operation that was over."""
    for name in map(reading.object_of, found):
        known = now.seen.get(name)
        if known is not None and operation and operation not in known.get("outlasted", ()):
            known["outlasted"] = [*known.get("outlasted", ()), operation][-5:]


def _short(one: Facts) -> JSON:
    names = ("group", "kind", "namespace", "name", "health", "requires_pruning")
    return {name: one[name] for name in names if name in one}


def _moved(now: Carried, facts: Facts) -> bool | None:
    """What it is compared with, or what is deployed (a rollback), is another than at the look before."""
    compared = reading.revisions(facts)
    if now.revisions is None or compared is None:
        return None
    return compared != now.revisions or reading.revisions(facts, "deployed") != now.deployed


def _settings(now: Carried, facts: Facts) -> None:
    for name in ("auto_sync", "self_heal", "same_source"):
        if (value := reading.flag(facts, name)) is not None or name == "same_source":
            setattr(now, name, value)
    now.revisions = reading.revisions(facts) or now.revisions
    now.deployed = reading.revisions(facts, "deployed")


def sync_status(now: Carried, entry: Entry) -> None:
    """The status of the whole application turned. It is no look at its objects: it may be of before the last operation's end."""
    event, facts = entry.event, entry.event.facts
    if event.status == INCOMPARABLE:
        said = [reading.text(one, "message") for one in reading.mappings(facts.get("conditions"))]
        because = next((one for one in said if one), "") or "the live state could not be compared"
        open_spot(now, entry, BY_STATUS, Blindness.UNKNOWN, because[:500], event.occurred_at, max(now.looks, default=None))
    elif event.status in (SYNCED, OUT_OF_SYNC):
        close_spots(now, entry, event.occurred_at, BY_STATUS)


def look(
    now: Carried, entry: Entry, status: str, found: Sequence[Facts], at: datetime, *,
    after: datetime | None = None, turned: datetime | None = None, moved: bool | None = None,
) -> None:  # fmt: skip
    """One look at everything: `after` is the look before it, `turned` when the turn to this status was announced."""
    if now.looks and at < now.looks[-1]:
        return  # told late: what came after it is known
    objects = {reading.object_of(one): one for one in found} if status == OUT_OF_SYNC else {}
    if status == OUT_OF_SYNC and not objects:
        objects = {WHOLE: {}}
    before = now.looks[-1] if now.looks and now.looks[-1] < at else None
    fresh = [name for name in objects if name not in now.open]
    for name, one in objects.items():
        if name in now.open:
            _goes_on(now, entry, name, one)
        else:
            alone = len(objects) == 1 and not now.open
            _opens(now, entry, name, one, _onset(at, turned if alone else None, after or before), moved)
    now.looked(at)
    now.whole, now.shown = status == SYNCED, sorted(objects)
    if not now.blind:
        settle(now, entry, at, turned if not objects else None, after or before, fresh)


def _onset(at: datetime, turned: datetime | None, before: datetime | None) -> tuple[datetime, datetime | None]:
    onset = min(turned, at) if turned and (before is None or turned >= before) else at
    return onset, before if before and before <= onset else None


def _opens(now: Carried, entry: Entry, name: str, one: Facts, onset: tuple[datetime, datetime | None], moved: bool | None) -> None:
    group, kind, namespace, called = name.split("/", 3)
    began, after = onset
    ends = [e.ended_at for e in now.closed.values() if f"{e.group}/{e.kind}/{e.namespace}/{e.name}" == name and e.ended_at]
    after = max([t for t in (after, *ends) if t and t <= began], default=None)
    episode = Episode(
        key=f"{now.subject}/{name}/{iso(began)}", number=entry.seq, layer=Layer.KUBERNETES, source=now.source, group=group,
        kind=kind, namespace=namespace, name=called, onset_before=began, onset_after=after, revisions=tuple(now.revisions or ()),
        told_by=now.drift[0] if now.drift else None,
    )  # fmt: skip
    now.seen[name] = {"moved": moved}
    now.open[name] = episode
    _known(now, name, one)
    now.put(name, weigh(now, name, episode), entry.seq)


def _goes_on(now: Carried, entry: Entry, name: str, one: Facts) -> None:
    episode = now.open[name]
    _known(now, name, one)
    weighed = weigh(now, name, replace(episode, revisions=tuple(now.revisions or episode.revisions)))
    if weighed != episode:
        now.put(name, weighed, entry.seq)


def _known(now: Carried, name: str, one: Facts) -> None:
    """What the list of what differs says of it, and what it was compared with."""
    known = now.seen.setdefault(name, {})
    known |= {"revisions": now.revisions, "deployed": now.deployed, "same_source": now.same_source}
    if one.get("requires_pruning") in (True, "yes"):
        known["difference"] = "extra"
    elif reading.text(one, "health") == "Missing" and known.get("difference") in (None, "modified"):
        known["difference"] = "missing"


def settle(
    now: Carried,
    entry: Entry,
    at: datetime,
    turned: datetime | None = None,
    before: datetime | None = None,
    fresh: Sequence[str] = (),
) -> None:
    """What the last look showed no more has ended, between the look before (where it differed) and `at`."""
    for name in [one for one in now.open if one not in (now.shown or ()) and one not in fresh]:
        _ends(now, entry, name, at, turned, before)


def _ends(now: Carried, entry: Entry, name: str, at: datetime, turned: datetime | None, before: datetime | None) -> None:
    """The first operation that may have made it equal ended it; further heals of it are episodes that nobody saw."""
    episode = now.open[name]
    last = max(before, episode.onset_before) if before else episode.onset_before
    seen = min(at, turned) if turned and turned >= episode.onset_before else at
    last = min(last, seen)
    episode = replace(episode, ended_at=max(seen, episode.onset_before), ended_after=last)
    ran = list(enders(now, name, last, at))
    done = next((one for one in ran if one["phase"] == SUCCEEDED), ran[0] if ran else None)
    if done:
        now.close(name, ended(now, episode, done), entry.seq)
        for more in ran[ran.index(done) + 1 :]:
            if more["kind"] == "self-heal" and more["phase"] == SUCCEEDED:
                unseen_heal(now, name, more, entry.seq)
        return
    by, because = _without(now, episode)
    now.close(name, replace(episode, ended_by=by, ended_because=because), entry.seq)


def _without(now: Carried, episode: Episode) -> tuple[Ended, str]:
    """How it came to be equal with no operation there to make it so."""
    if now.lost and now.lost >= (iso(episode.ended_after) or ""):
        return Ended.UNKNOWN, "operations may have come and gone in a time that was not read"
    if now.revisions and list(episode.revisions) != now.revisions:
        by_hand = "that it was put back by hand meanwhile is not ruled out"
        return Ended.GIT_CHANGE, f"no operation ran, and what it is compared with is another revision; {by_hand}"
    return Ended.BY_HAND, "no operation ran, and what it is compared with is the same"


def comparison(now: Carried, entry: Entry) -> None:
    """The fields and the managers of what differs: kept with the episode, and what it is caused by follows from them."""
    event, facts = entry.event, entry.event.facts
    if event.status != "compared":
        return
    for one in reading.mappings(facts.get("resources")):
        name = reading.object_of(one)
        if name not in now.open:
            continue
        episode, known = now.open[name], now.seen.setdefault(name, {})
        listed = reading.mappings(one.get("changes"))
        changes = tuple(_change(c) for c in listed)
        writers = tuple(_writer(w) for w in reading.mappings(one.get("managers")))
        owners = [_named(w) for c in listed for w in reading.mappings(c.get("writers"))]
        if one.get("more") is True:
            changes, writers = (*(episode.changes or ()), *changes), (*episode.writers, *writers)
            owners = [*known.get("owners", ()), *owners]
        else:
            first = episode.changes is None
            for side in ("target_changed", "live_changed"):
                told = reading.flag(one, side)
                known[side] = told if first else known.get(side) or told if told else known.get(side)
            known["difference"] = reading.text(one, "difference") or known.get("difference")
        known["owners"] = [list(owner) for owner in dict.fromkeys(map(tuple, owners))]
        episode = replace(
            episode, changes=changes, writers=_ordered(writers, changes), looked_at=reading.looked(event),
            manifests=event.observation, revisions=tuple(reading.revisions(facts) or episode.revisions),
        )  # fmt: skip
        now.put(name, weigh(now, name, episode), entry.seq)


def _change(one: Facts) -> FieldChange:
    live, declared = (one.get(side) if isinstance(one.get(side), str) else None for side in ("live", "declared"))
    return FieldChange(reading.text(one, "path"), live, declared, tuple(reading.words(one.get("by"))))


def _writer(one: Facts) -> Writer:
    return Writer(
        reading.text(one, "manager"),
        reading.text(one, "operation"),
        reading.text(one, "subresource") or None,
        reading.time(one, "at"),
    )


def _named(one: Facts) -> list[str]:
    """A writer without its time: a program may own fields by several subresources."""
    return [reading.text(one, name) for name in ("manager", "operation", "subresource")]


def _ordered(writers: Sequence[Writer], changes: Sequence[FieldChange]) -> tuple[Writer, ...]:
    """Those that own what differs come first, the latest first."""
    owners = {name for one in changes for name in one.by}
    latest = sorted(writers, key=lambda one: iso(one.at) or "", reverse=True)
    return tuple(sorted(latest, key=lambda one: one.manager not in owners))
