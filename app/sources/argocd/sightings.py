"""What the live stream showed between two passes, kept under `news/…` in the stream's memory until a pass has read the application.

A sighting names an application that is not what it was. Where it shows an operation, that record is kept with it, as it stood: it
is one more witness beside the slot, the history and the announcements, and the pass tells it as it tells them.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from app.sources.argocd.deeds import Deed, Try
from app.sources.argocd.listing import Listed, changed, glance
from app.sources.argocd.memory import load
from app.sources.argocd.terms import UNSEEN

PREFIX = "news/"


class Sighting(msgspec.Struct, omit_defaults=True):
    """`application` is its key, "" for news that only the list can tell; `whole` the digest of the frame, where it is kept;
    `unlisted`: something changed that no list shows."""

    at: str
    application: str = ""
    name: str = ""
    namespace: str = ""
    project: str = ""
    uid: str = ""
    seen: list[str] = []
    deed: Deed | None = None
    whole: str = ""
    unlisted: bool = False


@dataclass(slots=True)
class Sightings:
    """`by` application, oldest first; `keys` of all that were found, by application; `whole`: the list has to be read for some."""

    by: dict[str, list[Sighting]] = field(default_factory=dict)
    keys: dict[str, list[str]] = field(default_factory=dict)

    @property
    def whole(self) -> bool:
        return "" in self.by

    def forgotten(self, application: str) -> dict[str, Any]:
        """What a page that has dealt with an application says of them: what was found is forgotten, nothing that came since."""
        return dict.fromkeys(self.keys.get(application, ()))

    def lines(self, memory: Mapping[str, Any]) -> list[Listed]:
        """The applications that were not read since as they were seen last, as the list would show them."""
        return [_line(seen[-1]) for key, seen in sorted(self.by.items()) if key and not _read_since(memory.get(key), seen)]


def found(memory: Mapping[str, Any]) -> Sightings:
    """What can no longer be read is news that only the list can tell."""
    out = Sightings()
    for key in sorted(key for key in memory if key.startswith(PREFIX)):
        try:
            one = msgspec.convert(memory[key], Sighting)
        except msgspec.ValidationError:
            one = Sighting("")
        out.by.setdefault(one.application, []).append(one)
        out.keys.setdefault(one.application, []).append(key)
    return out


def _line(one: Sighting) -> Listed:
    return Listed(one.application, one.name, one.namespace, one.project or None, one.seen)


def _read_since(remembered: Any, seen: Sequence[Sighting]) -> bool:
    """A pass met it as it was seen last, and nothing was seen that it did not meet."""
    known, memory = glance(remembered), load(remembered)
    if known is None or memory is None or len(known.seen) != len(seen[-1].seen) or changed(known.seen, seen[-1].seen) == "more":
        return False
    if any(one.unlisted and one.at >= memory.read for one in seen):
        return False
    told = {deed.started: deed for deed in memory.deeds}
    return all(one.deed is None or _met(told.get(one.deed.started), one.deed) for one in seen)


def _met(told: Deed | None, deed: Deed) -> bool:
    if told is None or (deed.asked is not None and told.asked is None and not told.proven):
        return False
    return (told.told_end and told.phase != UNSEEN) or (
        not deed.over and all(one.number <= told.told_attempts for one in deed.tries)
    )


def deeds_of(seen: Sequence[Sighting], uid: str) -> Iterator[Deed]:
    """The operations that were seen of this very application, oldest first, each as often as it was seen."""
    for one in seen:
        if one.deed is not None and one.uid == uid:
            one.deed.sight = [one.whole, one.at]
            yield one.deed


def merge(known: dict[str, Deed], seen: Sequence[Deed]) -> None:
    """Into what is remembered, by start. What was told of an end stays, unless nobody had seen it."""
    for deed in seen:
        same = known.get(deed.started)
        if same is None:
            known[deed.started] = deed
        elif same.over and (not deed.over or (same.told_end and same.phase != UNSEEN)):
            same.asked = deed.asked if same.asked is None else same.asked
            same.tries = tries(same.tries, deed.tries)
        else:
            if same.phase == UNSEEN:
                same.told_end = False
            known[deed.started] = freshest(same, deed)


def freshest(old: Deed, new: Deed) -> Deed:
    """The record as it stands, with what was told and seen before. `asked` is what its own request named, first seen."""
    new.told_start, new.told_end, new.proven, new.waited = old.told_start, old.told_end, old.proven, old.waited
    new.told_phase, new.told_attempts, new.told_waits = old.told_phase, old.told_attempts, old.told_waits
    new.told_dry = old.told_dry
    new.history_id, new.kind, new.by, new.own = old.history_id, old.kind, old.by, old.own
    new.kind_by, new.back_to = old.kind_by, old.back_to
    new.asked = old.asked if old.asked is not None else new.asked
    new.tries = tries(old.tries, new.tries)
    return new


def tries(old: Sequence[Try], new: Sequence[Try]) -> list[Try]:
    """Failed attempts by number, each once."""
    return sorted({one.number: one for one in (*new, *old)}.values(), key=lambda one: one.number)
