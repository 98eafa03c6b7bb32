"""Self-heals that were quicker than any look: each object that one names is an episode all the same, and so is each one lost.

That it was healed is no proof of a hand edit: heals follow a first sync, and fields that a controller defaulted.
"""

from datetime import timedelta
from typing import Any

from app.domain.actor import unknown
from app.domain.drift import Ended, Episode, Layer, State
from app.domain.event import Entry
from app.drift import reading
from app.drift.carried import Carried
from app.drift.kept import iso, moment
from app.drift.operations import UNASKED, key_of, name_of
from app.drift.weighed import weigh

JSON = dict[str, Any]
UNHEALED = "it was healed before anybody looked, so what differed is not known; a heal is no proof of a hand edit"
NAMELESS = "///"  # what a heal put back that only its announcement tells of


def heal(now: Carried, record: JSON, entry: Entry) -> None:
    """Each object of a self-heal that is not open was out for a time that no look saw, unless its end was seen already, or the
    heal itself found that it did not differ."""
    if record["kind"] != "self-heal" or record["healed"]:
        return
    record["healed"] = True
    explained = {name_of(one) for one in now.closed.values() if one.ended_operation == key_of(now, record)}
    for object_ in record["touched"]:
        if object_ not in now.open and object_ not in explained and object_ not in record["same"]:
            unseen_heal(now, object_, record, entry.seq)
    if not record["touched"] and not now.open and not explained:
        unseen_heal(now, NAMELESS, record, entry.seq)


def unseen_heal(now: Carried, object_: str, record: JSON, seq: int) -> None:
    """An episode between the last look, or the last end, and the operation that ended it."""
    start, end = moment(record["start"]), moment(record["end"])
    if start is None or end is None:
        return
    shown = now.looks[-1:] if object_ in (now.shown or ()) else []
    before = [look for look in now.looks if look <= start and look not in shown]
    before += [one.ended_at for one in now.closed.values() if name_of(one) == object_ and one.ended_at and one.ended_at <= start]
    group, kind, namespace, name = object_.split("/", 3)
    why = f"it began within a minute of a first sync; {UNHEALED}" if _first_sync(now, record) else UNHEALED
    episode = Episode(
        key=f"{now.subject}/{object_}/{iso(start)}", number=seq, layer=Layer.KUBERNETES, source=now.source, group=group, kind=kind,
        namespace=namespace, name=name, state=State.CLOSED, onset_before=start, onset_after=max(before, default=None),
        ended_after=start, ended_at=end, ended_by=Ended.SELF_HEAL, ended_operation=key_of(now, record),
        ended_because="a self-heal named it", revisions=tuple(record["revisions"] or ()), ended_told_by=record["seq"],
    )  # fmt: skip
    known = {"revisions": record["revisions"], "deployed": now.deployed, "same_source": now.same_source}
    now.close(object_, weigh(now, object_, episode, known, why), seq)


def _first_sync(now: Carried, record: JSON) -> bool:
    """The heal began within a minute of the end of the only other operation that is known."""
    others = [one for one in now.operations if one["id"] != record["id"] and one["end"]]
    start = moment(record["start"])
    end = moment(others[0]["end"]) if len(others) == 1 else None
    return bool(start and end and timedelta() <= start - end <= timedelta(minutes=1))


def lost_heals(now: Carried, entry: Entry) -> None:
    """Self-heals of which only the number is known."""
    facts = entry.event.facts
    start, end = reading.time(facts, "from_at"), reading.time(facts, "to_at")
    size = reading.integer(facts, "size", 1)
    if reading.text(facts, "of") != "self-heals" or end is None or size < 1:
        return
    onset = end if start is None else start
    because = "only their number is known: the next heal counted them; what they repaired is not known"
    episode = Episode(
        key=f"{now.subject}//{entry.event.ref.id}", number=entry.seq, layer=Layer.KUBERNETES, source=now.source, state=State.CLOSED,
        onset_before=end, onset_after=start, ended_after=onset, ended_at=end, ended_by=Ended.SELF_HEAL, size=size, counted=True,
        because=because,
        ended_because="a later self-heal counted them", person=unknown(UNASKED),
    )  # fmt: skip
    now.amend(episode, entry.seq)
