"""One run at a time: is it new, has it changed, is it due; then its details, its events and what to remember of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from app.canonical import plain
from app.domain.event import Event
from app.errors import NotUnderstood
from app.sources.contract import Observation, Page, Want
from app.sources.tfe import watched, wire
from app.sources.tfe.applies import applied_of
from app.sources.tfe.client import Client
from app.sources.tfe.contents import owed
from app.sources.tfe.details import Details, Reader
from app.sources.tfe.memory import Known
from app.sources.tfe.normalise import disappeared, normalise
from app.sources.tfe.story import Seen
from app.sources.tfe.strip import observe
from app.sources.tfe.terms import FINAL
from app.sources.tfe.wire import Resource, moment, moments, read

PER_PAGE = 10  # runs with details in one page


@dataclass
class Batch:
    """What the next page will hold."""

    observations: list[Observation] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    remember: dict[str, Any] = field(default_factory=dict)
    unknown: list[tuple[str, str]] = field(default_factory=list)
    wants: list[Want] = field(default_factory=list)
    seen: int = 0
    runs: int = 0

    def __bool__(self) -> bool:
        return bool(self.remember or self.events or self.unknown or self.seen)

    @property
    def full(self) -> bool:
        return self.runs >= PER_PAGE

    def page(self) -> Page:
        return Page(
            observations=tuple(self.observations),
            events=tuple(self.events),
            remember=self.remember,
            unknown=tuple(self.unknown),
            wants=tuple(self.wants),
            seen=self.seen,
        )


@dataclass
class Visits:
    """`memory` is this pass's own copy, kept in step with what its pages say to remember. `scan` marks runs as listed by it.

    `moved` are the workspaces of which it turned out that a run changed something; `looked` those that were asked for themselves.
    """

    client: Client
    source: str
    url: str
    memory: dict[str, Any]
    now: datetime
    reader: Reader
    scan: int = 0
    batch: Batch = field(default_factory=Batch)
    visited: set[str] = field(default_factory=set)
    names: dict[str, str] = field(default_factory=dict)
    moved: set[str] = field(default_factory=set)
    looked: set[str] = field(default_factory=set)

    def remember(self, key: str, value: Any) -> None:
        if value is None:
            self.memory.pop(key, None)
        else:
            self.memory[key] = value
        self.batch.remember[key] = value

    def turn(self) -> Page:
        """The page so far; a new one begins."""
        page, self.batch = self.batch.page(), Batch()
        return page

    def known(self, key: str) -> Known | None:
        value = self.memory.get(f"run:{key}")
        return Known.of(value) if value else None

    def take(self, run: Resource, included: Mapping[str, Mapping[str, Resource]], workspace: str | None = None) -> bool:
        """Look at a run as the server shows it. True when there was nothing new to it and it is final."""
        self.batch.seen += 1
        known, digest = self.known(run.id), _digest_of(run, self.now)
        same = known is not None and not known.gone and known.digest == digest
        if known and same and (run.id in self.visited or not (known.due(self.now) or self._owed(run, known))):
            self.visited.add(run.id)
            if self.scan and known.scan != self.scan:
                self.remember(f"run:{run.id}", replace(known, scan=self.scan).kept())
            return known.final
        self.visited.add(run.id)
        details = self.reader.read(run, included, self.now, *((known.marks, known.parts) if known else ()))
        self.batch.runs += 1
        place = run.one("workspace") or workspace or (known.workspace if known else "")
        entry = self._entry(run, digest, details, place, known if same else None)
        entry = replace(entry, stood=known.stood if known else "")
        if entry.applied != (known.applied if known else {}):
            self.moved.add(place)
        if not (known and same and entry.details and entry.details == known.details) and not self._tell(details, place):
            return True  # reported; remembering it would hide it
        self.remember(f"run:{run.id}", entry.kept())
        return bool(same and entry.final)

    def _owed(self, run: Resource, known: Known) -> bool:
        """A reconciliation also reads the plans that could not be read when their run was new."""
        return bool(self.scan) and known.scan != self.scan and known.final and owed(run, known.marks, self.reader)

    def _tell(self, details: Details, place: str) -> bool:
        try:
            events, unknown = normalise(details.sheet, self.seen_in(place))
        except NotUnderstood as error:
            self.batch.unknown.append(("runs", plain(str(error), 300)))
            return False
        self.batch.events += events
        self.batch.observations += details.observations
        self.batch.unknown += unknown
        return True

    def _entry(self, run: Resource, digest: str, details: Details, place: str, before: Known | None) -> Known:
        attributes, _ = read(wire.RunAttributes, run.attributes)
        created = moment(attributes.created_at)
        times = [*moments(attributes.status_timestamps)[0].values(), *([created] if created else [])]
        found = "" if details.unreadable else details.digest
        self.batch.unknown += details.unreadable + details.notes
        now = self.now.isoformat()
        applied = applied_of(run, details.sheet.apply, details.sheet.ingress)
        entry = Known(
            digest=digest,
            details=found,
            workspace=place,
            created=created.isoformat() if created else "",
            status=attributes.status,
            ended=max(times).isoformat() if times and attributes.status in FINAL else None,
            changed=before.changed if before and found and found == before.details else now,
            checked=now,
            scan=self.scan or (before.scan if before else 0),
            marks=details.marks,
            parts=details.parts,
            applied=applied.kept() if applied else {},
        )
        return replace(entry, closed=entry.over(self.now) and not (details.unreadable or details.notes or details.lacking))

    def gone(self, key: str) -> None:
        """The run answered 404. It stays known, and it is told once."""
        known = self.known(key)
        if known is None or known.gone:
            return
        visible = self.client.workspace(known.workspace) is not None if wire.identity(known.workspace) else None
        event = disappeared(key, moment(known.created), self.seen_in(known.workspace), workspace_visible=visible)
        self.batch.events.append(event)
        self.batch.runs += 1
        self.remember(f"run:{key}", replace(known, gone=True).kept())

    def seen_in(self, place: str) -> Seen:
        return Seen(self.source, self.url, self.client.organization, self.name_of(place), self.now)

    def name_of(self, place: str) -> str:
        """The workspace's name; its id when the server does not show it."""
        if not place:
            return ""
        kept = self.memory.get(f"workspace:{place}")
        if place not in self.names:
            name = kept.get("name", "") if kept else self._asked(place)
            self.names[place] = name or place
        return self.names[place]

    def _asked(self, place: str) -> str:
        self.look_at(place)
        return str((self.memory.get(f"workspace:{place}") or {}).get("name", ""))

    def look_at(self, place: str) -> None:
        """A workspace as it is now, asked for at most once in a pass; nothing is learnt of one that answers 404."""
        if place in self.looked:
            return
        self.looked.add(place)
        document = self.client.workspace(place)
        if document and document.data:
            self.learn(document.data[0])

    def learn(self, workspace: Resource) -> None:
        """A workspace's name, kept for the runs that name only its id, and what it watches."""
        self.looked.add(workspace.id)
        name, created = workspace.attributes.get("name"), moment(workspace.attributes.get("created-at"))
        before = self.memory.get(f"workspace:{workspace.id}", {})
        kept = {**before, "name": plain(name, 200) if isinstance(name, str) else ""}
        kept["created"] = created.isoformat() if created else ""
        kept["watched"] = watched.seen(before.get("watched"), watched.paths_of(workspace), self.now.isoformat())
        if kept != self.memory.get(f"workspace:{workspace.id}"):
            self.remember(f"workspace:{workspace.id}", kept)
        self.names[workspace.id] = kept["name"] or workspace.id


def _digest_of(run: Resource, now: datetime) -> str:
    return observe("", "", run.raw, now).digest[7:23]
