"""Blind spots: times in which nobody could tell. An open episode is unknown in them, and is never closed by one."""

from dataclasses import replace
from datetime import datetime

from app.domain.drift import Blindness, BlindSpot
from app.domain.event import Entry
from app.drift import reading
from app.drift.carried import Carried
from app.drift.kept import iso

BY_STATUS = "status"  # the spot that the sync status itself told


def open_spot(
    now: Carried, entry: Entry, ref: str, why: Blindness, because: str, since: datetime, after: datetime | None = None
) -> None:
    """From now on it is not known. What is told twice, by two of its signs, is one spot."""
    same = next((name for name, spot in now.spots.items() if spot.why is why), None)
    if same is not None:
        if same == BY_STATUS and ref != BY_STATUS:  # its own event tells more
            old = now.spots.pop(same)
            now.spot(ref, replace(old, because=because, since_after=old.since_after or _before(after, old.since_before)))
        return
    key = f"{now.subject}/{why}/{iso(since)}"
    now.spot(
        ref,
        BlindSpot(
            key=key, number=entry.seq, layer=now.layer, source=now.source, why=why, because=because, since_before=since,
            since_after=_before(after, since),
        ),
    )  # fmt: skip
    for object_, episode in list(now.open.items()):
        now.put(object_, episode, entry.seq)


def _before(after: datetime | None, since: datetime) -> datetime | None:
    return after if after and after <= since else None


def close_spots(now: Carried, entry: Entry, at: datetime, *refs: str) -> bool:
    """Those spots are over. Whether it can be seen again."""
    found = [ref for ref in dict.fromkeys(refs) if ref in now.spots]
    for ref in found:
        spot = now.spots[ref]
        now.spot(ref, replace(spot, ended_at=max(at, spot.since_before)))
    if not found or now.spots:
        return False
    for object_, episode in list(now.open.items()):
        now.put(object_, episode, entry.seq)
    return True


def comparison_gap(now: Carried, entry: Entry) -> bool:
    """What the application shows does not tell, or does again: whether it can be seen again."""
    event, facts = entry.event, entry.event.facts
    since = reading.time(facts, "since_before") or event.occurred_at
    if event.status == "closed":
        word = reading.text(facts, "why")
        refs = [event.ref.id, *(ref for ref, spot in now.spots.items() if str(spot.why) == word)]
        return close_spots(now, entry, reading.time(facts, "until") or event.occurred_at, *refs)
    known = {str(why): why for why in (Blindness.UNKNOWN, Blindness.STALE, Blindness.FROZEN)}
    why = known.get(reading.text(facts, "why"), Blindness.UNKNOWN)
    because = reading.text(facts, "because") or "what the application shows does not tell whether it is as declared"
    open_spot(now, entry, event.ref.id, why, because, since, reading.time(facts, "since_after"))
    return False


def unread(now: Carried, entry: Entry) -> None:
    """A time of which what happened is lost. It is over when it is told."""
    facts = entry.event.facts
    start, end = reading.time(facts, "from_at"), reading.time(facts, "to_at")
    if start is None or end is None or end <= start:
        return
    because = reading.text(facts, "because") or "it was not read for so long that what happened is lost"
    key = f"{now.subject}/{Blindness.UNREAD}/{iso(start)}"
    spot = BlindSpot(
        key=key, number=entry.seq, layer=now.layer, source=now.source, why=Blindness.UNREAD, because=because,
        since_before=start, since_after=start, ended_at=end,
    )  # fmt: skip
    now.spot(key, spot)
    now.lost = max(now.lost or "", iso(end) or "")
