"""What is told of an application that is gone: its end, and what was seen of its operations and not told yet. Pure."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from app.domain.actor import Actor, unknown
from app.domain.event import Event, How, Keys, Step
from app.sources.argocd.account import Told
from app.sources.argocd.maker import Maker, address
from app.sources.argocd.memory import Memory
from app.sources.argocd.names import instant
from app.sources.argocd.operations import Heard
from app.sources.argocd.sightings import Sighting, deeds_of, merge
from app.sources.argocd.telling import operation_events
from app.sources.argocd.view import View

SILENT = "the application is gone, and its announcements with it"


def gone(memory: Memory, view: View, at: datetime, because: str) -> Event:
    """The end of an application, told from what was remembered of it."""
    when = instant(memory.deleting) or at
    why = "Argo CD keeps no announcement of what is gone"
    why += f"; its ApplicationSet {memory.owner} may have" if memory.owner else ""
    who = Actor(memory.deleter, id=memory.deleter) if memory.deleter else unknown(why)
    facts = {"message": because, "spec": memory.spec, "source": memory.facts.get("sources"), "seen_at": memory.read or None}
    facts |= {"set": memory.owner or None}
    make = maker_of(memory, view)
    return make.event("application", memory.uid, "deleted", Step.NOTED, when, facts, actor=who, how=How.RECONSTRUCTED)


def last_words(seen: Sequence[Sighting], present: str, memory: Memory | None, view: View) -> Iterator[Event]:
    """The operations that the live stream showed of applications that are not `present` (a uid) any more: nobody will read them."""
    for uid in dict.fromkeys(one.uid for one in seen if one.deed is not None and one.uid != present):
        of = next(one for one in reversed(seen) if one.uid == uid)
        same = memory is not None and memory.uid == uid
        kept = memory if same and memory else Memory(uid, of.name, of.namespace, of.project)
        known = {deed.started: deed for deed in kept.deeds}
        merge(known, list(deeds_of(seen, uid)))
        history = {int(key): one for key, one in kept.history.items() if key.isdigit()}
        for _, deed in sorted(known.items()):
            yield from operation_events(maker_of(kept, view), Told(deed, None), Heard(None, failure=SILENT), history)


def maker_of(memory: Memory, view: View) -> Maker:
    """For an application as it is remembered."""
    keys = Keys(
        application=memory.name, project=memory.project or None, destination=memory.destination, repository=memory.repository
    )
    return Maker(
        view.source, memory.uid, memory.name, address(view.base, memory.namespace, memory.name), keys, view.now, ahead=view.ahead
    )
