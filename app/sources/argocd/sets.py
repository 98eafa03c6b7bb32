"""The ApplicationSets, read with the applications: one list every few minutes, and at once where a rolling sync began something.

A server that does not have them, or a token that may not read them, stops nothing: it is remembered as an ability for an hour, and
what depends on it is unknown. Their own announcements are read where the server has them (from 3.4 on).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

import msgspec

from app.canonical import digest, plain
from app.domain.event import Event
from app.errors import Forbidden, Missing, NotUnderstood, Refused, ServerFailed, SourceError, TooLarge
from app.sources.argocd import wire
from app.sources.argocd.announcements import Announcement, announcement
from app.sources.argocd.client import Client, Got, dumped
from app.sources.argocd.names import askable, instant, stamp
from app.sources.argocd.set_events import SetMemory, Telling, announced, gone, remembered, rolling_sync, set_events
from app.sources.argocd.set_wire import ApplicationSet, Member, bare, settings
from app.sources.argocd.states import masked
from app.sources.argocd.terms import Kind
from app.sources.contract import Page

EVERY = timedelta(minutes=3)
AGAIN = timedelta(hours=1)  # after which what a server could not do is tried again
STATE = "applicationsets"  # memory: when they were read, whether they can be, whether their announcements can be
HELD = (Forbidden, Missing, NotUnderstood, ServerFailed, TooLarge, Refused)


class State(msgspec.Struct, omit_defaults=True):
    """`able`, `announces`: None where it was not tried; `because` why not; `tried` when it was last refused."""

    read: str = ""
    able: bool | None = None
    because: str = ""
    tried: str = ""
    announces: bool | None = None
    announces_tried: str = ""


@dataclass(slots=True)
class Sets:
    """For one pass."""

    client: Client
    source: str
    now: datetime
    memory: Mapping[str, Any]
    state: State = field(default_factory=State)
    unknown: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        try:
            self.state = msgspec.convert(self.memory.get(STATE) or {}, State)
        except msgspec.ValidationError:
            self.state = State()

    def pages(self, rolling: Sequence[Event], owners: Mapping[str, str], everything: bool) -> Iterator[Page]:
        """A page for each set with news, and one for what became of `rolling`: operations that rolling syncs began in this pass.
        `owners`: uid of an application → name of the set that owns it."""
        if not (everything or rolling or self._due(self.state.read, EVERY)):
            return
        if self.state.able is False and not everything and not self._due(self.state.tried, AGAIN):
            yield from self._rolled(rolling, [], owners)
            return
        try:
            items = wire.items_of((got := self.client.applicationsets()).body, "the list of application sets")
        except HELD as error:
            self.state.able, self.state.because, self.state.tried = False, why_not(error), stamp(self.now)
            yield from self._rolled(rolling, [], owners)
            return
        self.state.able, self.state.because, self.state.read = True, "", stamp(self.now)
        found = list(self._read(items))
        for one in found:
            yield from self._page(one, got)
        yield from self._missing({_key(one) for one in found})
        yield from self._rolled(rolling, found, owners)

    def _due(self, last: str, every: timedelta) -> bool:
        at = instant(last)
        return at is None or self.now - at >= every or at > self.now

    def _read(self, items: Sequence[Any]) -> Iterator[ApplicationSet]:
        for item in items:
            try:
                one = wire.read(item, ApplicationSet, "an application set in the list")
            except NotUnderstood as error:
                self.unknown.append(("applicationset", plain(str(error), 500)))
                continue
            if one.metadata.uid and askable(one.metadata.name):
                yield one
            else:
                self.unknown.append(("applicationset", f"{plain(one.metadata.name, 200)!r} has no uid or cannot be asked for"))

    def _page(self, one: ApplicationSet, got: Got) -> Iterator[Page]:
        """What is new of one set; nothing where nothing is."""
        key, memory = _key(one), self._held(_key(one))
        uid, name = plain(one.metadata.uid, 100), plain(one.metadata.name, 300)
        project = settings(one)["project"]
        tell = Telling(self.source, uid, name, project, self.now, memory.at if memory else "")
        events: list[Event] = []
        if memory and memory.uid != uid:
            old = replace(tell, uid=memory.uid)
            events, memory = [gone(old, memory, proven=True, because="another set took its name")], None
        whole = next((i for i in got.body.get("items") or [] if isinstance(i, Mapping) and _uid(i) == one.metadata.uid), {})
        seen = Got(bare(dict(whole)), got.url, got.at).observed(f"applicationset/{key.partition('/')[2]}")
        tell = replace(tell, observation=seen.digest, spec=digest(dumped(masked(whole.get("spec")))))
        events += set_events(tell, one, memory, self.unknown)
        now = remembered(tell, one, memory)
        if events:
            events += announced(tell, self._heard(one), now)
            yield Page(observations=[seen], events=events, remember={key: msgspec.to_builtins(now)}, seen=1)
        elif memory and (memory.unlisted or msgspec.structs.replace(memory, at=now.at) != now):
            yield Page(remember={key: msgspec.to_builtins(now)}, seen=1)

    def _heard(self, one: ApplicationSet) -> list[Announcement]:
        """Its controller's announcements, where the server has them."""
        if self.state.announces is False and not self._due(self.state.announces_tried, AGAIN):
            return []
        try:
            got = self.client.applicationset_events(one.metadata.name, one.metadata.namespace or "")
            items = wire.items_of(got.body, f"events of the set {one.metadata.name}")
        except HELD:
            self.state.announces, self.state.announces_tried = False, stamp(self.now)
            return []
        self.state.announces, out = True, []
        for item in items:
            try:
                found = announcement(wire.read(item, wire.KubernetesEvent, "an event of a set"))
            except NotUnderstood as error:
                self.unknown.append(("event", plain(str(error), 500)))
                continue
            out += [found] if found else []
        return out

    def _missing(self, present: set[str]) -> Iterator[Page]:
        """Sets that the list no longer holds: gone where they are not found by name either, else only not listed."""
        for key in sorted(k for k in self.memory if k.startswith("set/") and k not in present):
            memory = self._held(key)
            if memory is None:
                continue
            tell = Telling(self.source, memory.uid, memory.name, memory.facts.get("project"), self.now, memory.at)
            try:
                self.client.applicationset(memory.name, memory.namespace)
            except Missing:
                yield Page(events=[gone(tell, memory, proven=True, because="the set is gone")], remember={key: None}, seen=1)
                continue
            except HELD as error:
                because = why_not(error)
                if "not found" in because.lower():  # servers that answer 500 for it say so in words
                    yield Page(events=[gone(tell, memory, proven=True, because="the set is gone")], remember={key: None}, seen=1)
                    continue
            else:
                because = "it is not listed, yet it is there"
            if not memory.unlisted:
                memory.unlisted = True
                event = gone(tell, memory, proven=False, because=because)
                yield Page(events=[event], remember={key: msgspec.to_builtins(memory)}, seen=1)

    def _rolled(self, rolling: Sequence[Event], found: Sequence[ApplicationSet], owners: Mapping[str, str]) -> Iterator[Page]:
        """Each operation with its set and its step, or with why they are not known."""
        events = []
        for event in rolling:
            owner, name = owners.get(str(event.facts.get("uid"))), event.keys.application
            which, member = _of(found, owner, name)
            because = self.state.because or "no set that is listed owns the application"
            told = (plain(which.metadata.uid, 100), which, member) if which else None
            events.append(rolling_sync(event, told, because, self.now))
        if events:
            yield Page(events=events)

    def _held(self, key: str) -> SetMemory | None:
        try:
            return msgspec.convert(self.memory[key], SetMemory) if key in self.memory else None
        except msgspec.ValidationError:
            return None

    def remember(self) -> dict[str, Any]:
        """What the pass is to remember beside the sets."""
        told = msgspec.to_builtins(self.state)
        return {STATE: told} if told != self.memory.get(STATE) else {}

    @property
    def abilities(self) -> dict[str, Any]:
        """Words for the page Sources: what this server and this token can."""
        if self.state.able is None:
            return {}
        out: dict[str, Any] = {"ApplicationSets": True if self.state.able else f"no: {self.state.because}"}
        if self.state.announces is not None:
            out["announcements of ApplicationSets"] = self.state.announces
        return out


@dataclass(slots=True)
class Rolled:
    """Operations that rolling syncs began, and which set made the application of each, from the pages of a pass."""

    operations: list[Event] = field(default_factory=list)
    owners: dict[str, str] = field(default_factory=dict)

    def note(self, page: Page) -> None:
        told = {one.keys.operation for one in self.operations}
        for event in page.events:
            if event.type == "operation" and event.facts.get("operation_kind") == Kind.APPLICATIONSET:
                self.operations += [] if event.keys.operation in told else [event]
                told.add(event.keys.operation)
        for value in page.remember.values():
            if isinstance(value, dict) and value.get("owner"):
                self.owners[str(value.get("uid"))] = str(value["owner"])


def _of(found: Sequence[ApplicationSet], owner: str | None, application: str | None) -> tuple[ApplicationSet | None, Member | None]:
    """The set that owns the application, else the only one that tells how a rolling sync of it stands."""
    standing = [
        (one, member)
        for one in found
        for member in (one.status.application_status if one.status else None) or []
        if member.application == application and application
    ]
    owned = [one for one in found if owner and one.metadata.name == owner]
    if owned:
        return owned[0], next((member for one, member in standing if one is owned[0]), None)
    return standing[0] if len(standing) == 1 and not owner else (None, None)


def _key(one: ApplicationSet) -> str:
    return f"set/{quote(one.metadata.namespace or '')}/{quote(one.metadata.name)}"


def _uid(item: Mapping[str, Any]) -> Any:
    meta = item.get("metadata")
    return meta.get("uid") if isinstance(meta, Mapping) else None


def why_not(error: SourceError) -> str:
    """Why the sets cannot be read, in words for the page Sources."""
    if isinstance(error, Forbidden):
        return "the token may not read them; grant it `applicationsets, get`"
    return "this server does not have them" if isinstance(error, Missing) else plain(str(error), 300)
