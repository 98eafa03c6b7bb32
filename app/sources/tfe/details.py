"""Reads everything there is to read of one run. The only judgement made here is which request is needed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from app.canonical import digest, plain
from app.errors import Forbidden, NotUnderstood, TooLarge
from app.sources.contract import Observation
from app.sources.tfe.client import Client
from app.sources.tfe.contents import Contents, contents
from app.sources.tfe.policy_systems import LOGS, judged, mark_of, told_none
from app.sources.tfe.story import Sheet
from app.sources.tfe.strip import observe
from app.sources.tfe.wire import Document, Resource

MISSES = 3
NOTED = "the server answers 404"


@dataclass
class Details:
    """What was read of one run: its sheet, the observations behind it, what could not be read.

    `digest`: of everything but the run itself, to tell whether a detail changed. `parts`: see `memory.Known`.
    """

    sheet: Sheet
    observations: list[Observation]
    unreadable: list[tuple[str, str]]
    marks: str = ""  # of the plan and the apply whose resources were read, now or before
    digest: str = ""
    parts: Mapping[str, str] = field(default_factory=dict)
    notes: list[tuple[str, str]] = field(default_factory=list)  # what is named, and answered 404
    lacking: bool = False  # something else answered 404


@dataclass
class Reader:
    """`people` are the users met in this pass, `absent` the endpoints this server does not have, `wanted` the contents to be read
    (`contents.PLAN`, `contents.LOG`), `paused` those that could not be reached in this pass, and why."""

    client: Client
    url: str
    people: dict[str, Resource] = field(default_factory=dict)
    absent: set[str] = field(default_factory=set)
    present: set[str] = field(default_factory=set)
    told: set[str] = field(default_factory=set)  # of those present, the ones that were not always empty
    configurations: dict[str, Document] = field(default_factory=dict)
    misses: dict[str, int] = field(default_factory=dict)
    notes: list[tuple[str, str]] = field(default_factory=list)  # of the run that is being read: what is named, and answered 404
    lacking: bool = False  # an endpoint of the run that is being read answered 404, and it is not known that the server has none
    wanted: frozenset[str] = frozenset()
    paused: dict[str, str] = field(default_factory=dict)

    def read(
        self,
        run: Resource,
        included: Mapping[str, Mapping[str, Resource]],
        now: datetime,
        marks: str = "",
        parts: Mapping[str, str] | None = None,
    ) -> Details:
        """Raises what the client raises, but for what cannot be understood of a part: that is reported.

        `marks` and `parts` are those of before.
        """
        return _Reading(self, run, included, now, marks=marks, before=parts or {}).whole()

    def missed(self, what: str) -> None:
        """A detail answered 404. After some runs in a row, and never a success, the server does not have the endpoint."""
        self.lacking = True
        self.misses[what] = self.misses.get(what, 0) + 1
        if what not in self.present and self.misses[what] >= MISSES:
            self.absent.add(what)

    def noted(self, what: str) -> None:
        self.notes.append((what, NOTED))

    def know(self, document: Document) -> None:
        self.people.update(document.included.get("users", {}))


@dataclass
class _Reading:
    reader: Reader
    run: Resource
    included: Mapping[str, Mapping[str, Resource]]
    now: datetime
    observations: list[Observation] = field(default_factory=list)
    unreadable: list[tuple[str, str]] = field(default_factory=list)
    digests: dict[str, str] = field(default_factory=dict)
    marks: str = ""
    before: Mapping[str, str] = field(default_factory=dict)
    lines: dict[str, list[str]] = field(default_factory=dict)  # part → what was seen of it
    parts: dict[str, str] = field(default_factory=dict)

    @property
    def client(self) -> Client:
        return self.reader.client

    @property
    def every_log(self) -> bool:
        return LOGS in self.reader.wanted

    def whole(self) -> Details:
        self.reader.notes, self.reader.lacking = [], False
        self.saw("run", f"run/{self.run.id}", f"/api/v2/runs/{self.run.id}", self.run.raw)
        configuration, ingress = self.configuration()
        plan = self.work("plan", "plans", self.reader.client.plan)
        apply = self.work("apply", "applies", self.reader.client.apply)
        cost = self.work("cost-estimate", "cost-estimates", self.reader.client.cost_estimate) if self.estimated() else None
        events = self.events()
        found = judged(self)
        people = self.people(events)
        held = self.contents(plan, apply)
        sheet = Sheet(
            run=self.run,
            plan=plan,
            apply=apply,
            configuration=configuration,
            ingress=ingress,
            users=people,
            run_events=events.data if events else (),
            comments=_comments(events),
            checks=found.checks,
            checks_told=found.told,
            logs=found.logs,
            evaluations=found.evaluations,
            stages=found.stages,
            tasks=found.tasks,
            cost=cost,
            digests=self.digests,
            contents=held,
        )
        digest = self.digest(held.marks)
        return Details(
            sheet, self.observations, self.unreadable, held.marks, digest, self.parts, self.reader.notes, self.reader.lacking
        )

    def digest(self, marks: str) -> str:
        """What is read once is known by its mark, what was left alone by what it was when it was read."""
        for part, lines in self.lines.items():
            if part in self.parts:
                self.parts[part] += "/" + digest("\n".join(sorted(lines)).encode())[7:23]
        loose = [line for part, lines in self.lines.items() if part not in self.parts for line in lines]
        kept = [f"{part} {mark.partition('/')[2]}" for part, mark in self.parts.items()]
        return digest("\n".join([*sorted([*loose, *kept]), *filter(None, [marks])]).encode())[7:23]

    def noted(self, what: str) -> None:
        self.reader.noted(what)

    def same(self, part: str, mark: str) -> bool:
        """Whether this part was read whole when it was as it is now."""
        kept = self.before.get(part, "")
        if not mark or kept.partition("/")[0] != mark:
            return False
        self.parts[part] = kept
        return True

    def settled(self, part: str, mark: str) -> None:
        """This part was read whole, and while its mark is the same there is nothing new in it."""
        if mark:
            self.parts[part] = mark
            self.lines.setdefault(part, [])

    def estimated(self) -> bool:
        stamps = self.run.attributes.get("status-timestamps")
        return (isinstance(stamps, dict) and "cost-estimated-at" in stamps) or bool(self.included.get("cost-estimates"))

    def events(self) -> Document | None:
        """The run's timeline, unless the ids of its events and comments say that it was read."""
        ids = self.run.many("run-events")
        mark = mark_of([*ids, *(self.run.many("comments") or ())] if ids else ids)
        if self.same("run-events", mark):
            return None
        document = self.part("run-events", self.reader.client.run_events)
        if document and not document.unreadable and set(ids or ()) <= {one.id for one in document.data}:
            self.settled("run-events", mark)
        return document

    def contents(self, plan: Resource | None, apply: Resource | None) -> Contents:
        """What the plan and the apply hold by resource, where it was not read before."""
        held = contents(self.reader, plan, apply, self.marks, self.now)
        self.observations += held.observations
        self.digests |= {told.kind: told.observation for told in held.told if told.observation}
        return held

    def saw(self, what: str, subject: str, path: str, value: Any, part: str = "") -> None:
        seen = observe(subject, self.reader.url + path, value, self.now)
        self.observations.append(seen)
        self.digests[what] = seen.digest
        if what != "run":
            self.lines.setdefault(part, []).append(f"{subject} {seen.digest}")

    def configuration(self) -> tuple[Resource | None, Resource | None]:
        key = self.run.one("configuration-version")
        if not key:
            return None, None
        found = self.included.get("configuration-versions", {}).get(key)
        ingress_key = found.one("ingress-attributes") if found else None
        ingress = self.included.get("ingress-attributes", {}).get(ingress_key or "")
        if not found or (ingress_key and not ingress) or not _says(found, "ingress-attributes"):
            found, ingress = self.fetched_configuration(key)
        if found:
            raw = {"data": found.raw, "included": [ingress.raw] if ingress else []}
            self.saw("configuration", f"configuration-version/{key}", f"/api/v2/configuration-versions/{key}", raw)
        return found, ingress

    def fetched_configuration(self, key: str) -> tuple[Resource | None, Resource | None]:
        document = self.reader.configurations.get(key) or self.reader.client.configuration_version(key)
        if document is None or not document.data:
            self.reader.noted("configuration-versions")
            return None, None
        self.reader.configurations[key] = document
        found = document.data[0]
        return found, document.sideloaded("ingress-attributes", found.one("ingress-attributes"))

    def work(self, what: str, kind: str, fetch: Callable[[str], Document | None]) -> Resource | None:
        """The plan or the apply: sideloaded where the server did so, else asked for by itself."""
        key = self.run.one(what)
        if not key:
            return None
        found = self.included.get(kind, {}).get(key)
        if found is None:
            document = self.tolerant(kind, fetch, key)
            found = document.data[0] if document and document.data else None
            if document is None:
                self.reader.noted(kind)
        if found:
            self.saw(what, f"{what}/{key}", f"/api/v2/{kind}/{key}", found.raw)
        return found

    def part(
        self,
        what: str,
        fetch: Callable[[str], Document | None],
        more: Callable[[Document], Mapping[str, Any]] | None = None,
    ) -> Document | None:
        """A list of the run's own. A server without the endpoint is remembered as such, not reported as an error.

        `more`: what else was read of its members, to be kept with them.
        """
        if told_none(self.run, what) or what in self.reader.absent:
            return None
        failed = len(self.unreadable)
        document = self.tolerant(what, fetch, self.run.id)
        if document is None:
            if len(self.unreadable) == failed:
                self.reader.missed(what)
            return None
        self.reader.present.add(what)
        self.unreadable += [(what, f"{self.run.id}: a member without an id")] * document.unreadable
        if document.data:
            self.reader.told.add(what)
            included = [one.raw for group in document.included.values() for one in group.values()]
            raw = {"data": [one.raw for one in document.data], "included": included, **(more(document) if more else {})}
            self.saw(what, f"{what}/{self.run.id}", f"/api/v2/runs/{self.run.id}/{what}", raw, what)
        return document

    def people(self, events: Document | None) -> dict[str, Resource]:
        """The users this run names, each asked for once in a pass when the server did not sideload it."""
        if events:
            self.reader.know(events)
        wanted = {self.run.one(relation) for relation in ("created-by", "confirmed-by", "canceled-by")}
        wanted |= {event.one("actor") for event in (events.data if events else ())}
        for key in sorted(filter(None, wanted)):
            if key not in self.reader.people:
                self.reader.people[key] = self.person(key)
        return self.reader.people

    def person(self, key: str) -> Resource:
        """The account itself, else as the run sideloads its creator; a bare id when the server shows neither."""
        document = self.tolerant("users", self.reader.client.user, key)
        if document and document.data:
            return document.data[0]
        document = self.tolerant("runs", lambda run: self.reader.client.run(run, "created_by"), self.run.id)
        return (document.sideloaded("users", key) if document else None) or Resource(key, "users", {})

    def tolerant(self, what: str, fetch: Callable[[str], Document | None], key: str) -> Document | None:
        try:
            return fetch(key)
        except (NotUnderstood, TooLarge, Forbidden) as error:
            self.unreadable.append((what, plain(f"{self.run.id}: {error.found}", 300)))
            return None


def _says(resource: Resource, relation: str) -> bool:
    """Whether the relationship carries `data`, even null: an upload without a commit."""
    relations = resource.raw.get("relationships")
    found = relations.get(relation) if isinstance(relations, dict) else None
    return isinstance(found, dict) and "data" in found


def _comments(events: Document | None) -> dict[str, Resource]:
    found = events.included if events else {}
    return {**found.get("comments", {}), **found.get("workspace-comments", {})}
