"""One pass over the workspaces: what became of their settings and locks since the last look, and of what their health tells.

Workspace settings have no history in this API (who switched auto-apply on is not known); only comparing looks tells.
https://developer.hashicorp.com/terraform/enterprise/api-docs/workspaces
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from app.canonical import plain
from app.domain.actor import Actor, unknown
from app.errors import NotUnderstood
from app.sources.contract import Connection, Observation, Page, Task
from app.sources.tfe import around, assessments, powers, states, tellings
from app.sources.tfe.acts import person
from app.sources.tfe.assessments import Health
from app.sources.tfe.client import Client
from app.sources.tfe.settings import Snapshot, changed, lock_of, snapshot
from app.sources.tfe.strip import observe
from app.sources.tfe.tellings import Place, Teller
from app.sources.tfe.wire import Document, Resource, moment

INCLUDES = ("current_assessment_result,current_run,locked_by,project", "current_run,locked_by,project", "")
PARTS = ("run triggers", "metadata of states")  # words that not every pass finds anew
UNTOLD = "404 "  # before the time of a result that was not there to be had
GONE = "it is in no list and answers 404: deleted, or out of the token's sight"


def pages(client: Client, connection: Connection, task: Task, who: tellings.Named | None = None) -> Iterator[Page]:
    """A page for each page of the list, and one for what is no longer there. Raises Missing when the organization is not there.

    Memory: `workspace:<id>` {settings, lock, gone}; `health:<id>` a Health; `project:<id>` its name; `around:<id>` and
    `states:<id>`: see those modules; `looked` {at} of the last whole look; `abilities` {include, includes}: what this server takes;
    `server` the same in words; `assessments` how many workspaces stand how. `who` may name who did it.
    """
    yield from _Look(client, connection, task, who).pages()


@dataclass
class _Batch:
    observations: dict[str, Observation] = field(default_factory=dict)
    events: list[Any] = field(default_factory=list)
    remember: dict[str, Any] = field(default_factory=dict)
    unknown: list[tuple[str, str]] = field(default_factory=list)


class _Look:
    def __init__(self, client: Client, connection: Connection, task: Task, who: tellings.Named | None) -> None:
        self.client, self.task, self.memory = client, task, task.memory
        self.url = connection.url.rstrip("/")
        looked = self.memory.get("looked")
        self.after = moment(looked.get("at")) if looked else None
        self.teller = Teller(connection, task.now, self.after, who)
        known = self.memory.get("abilities") or {}
        self.include = 0 if task.everything else int(known.get("include", 0))
        self.projects = {key.removeprefix("project:"): value for key, value in self.memory.items() if key.startswith("project:")}
        self.standing: dict[str, int] = {}
        self.words: dict[str, bool | str] = {}
        self.people: dict[str, Resource] = {}
        self.looks, self.state_looks = around.LOOKS, around.LOOKS
        self.powers: tuple[int, dict[str, int]] = (0, {})
        self.batch = _Batch()

    def pages(self) -> Iterator[Page]:
        met: set[str] = set()
        unreadable = 0
        for document in self._documents():
            met |= {one.id for one in document.data}
            told, found = powers.counted(document.data, powers.POWERS)
            self.powers = (self.powers[0] + told, {n: found.get(n, 0) + self.powers[1].get(n, 0) for n in found | self.powers[1]})
            unreadable += document.unreadable
            self._learn(document)
            for one in document.data:
                self._look_at(one, document)
            self.batch.unknown += [("workspaces", "a member without an id")] * document.unreadable
            yield self._turn(len(document.data))
        if not unreadable:  # which they are is not told, so none can be said to be gone
            self._absent(met)
        self._keep("abilities", {"include": self.include, "includes": INCLUDES[self.include]})
        self._keep("server", self._server())
        self._keep("assessments", self.standing)
        self.batch.remember["looked"] = {"at": self.task.now.isoformat()}
        yield self._turn(0)

    def _server(self) -> dict[str, bool | str]:
        """What the token may do, as the workspaces tell, and what their list carries."""
        told, found = self.powers
        lines = [f"{name} on {n} of {told} workspaces" for name, n in found.items()]
        included = INCLUDES[self.include].replace(",", ", ") or "none"
        words = {"token": powers.word(bool(found) if told else None, lines), "sideloads of workspaces": included}
        kept = {name: value for name, value in (self.memory.get("server") or {}).items() if name in PARTS}
        return words | kept | self.words

    def _documents(self) -> Iterator[Document]:
        """The pages of the list, with the most includes this server takes."""
        while True:
            try:
                yield from self.client.every_workspace(INCLUDES[self.include])
                return
            except NotUnderstood as error:
                if error.status != 400 or not INCLUDES[self.include]:
                    raise
                self.include += 1

    def _turn(self, seen: int) -> Page:
        batch, self.batch = self.batch, _Batch()
        return Page(
            observations=tuple(batch.observations.values()),
            events=tuple(batch.events),
            remember=batch.remember,
            unknown=tuple(batch.unknown),
            seen=seen,
        )

    def _keep(self, key: str, value: Any) -> None:
        if self.memory.get(key) != value:
            self.batch.remember[key] = value

    def _learn(self, document: Document) -> None:
        for key, one in document.included.get("projects", {}).items():
            name = one.attributes.get("name")
            if isinstance(name, str) and name:
                self.projects[key] = plain(name, 200)
                self._keep(f"project:{key}", self.projects[key])

    def _look_at(self, one: Resource, document: Document) -> None:
        now = snapshot(one, self.projects)
        self.batch.unknown += [(f"workspaces.{name}", "wrong type") for name in now.wrong]
        self.batch.unknown += _untimed(one)
        kept = self.memory.get(f"workspace:{one.id}")
        before: Mapping[str, Any] | None = kept.get("settings", kept) if kept else None
        seen = observe(f"workspace/{one.id}", f"{self.url}/api/v2/workspaces/{one.id}", one.raw, self.task.now)
        place = Place(one.id, now.name, now.repository, now.project, seen.digest)
        told = len(self.batch.events)
        self._settings(one, place, now, before, gone=bool(kept and kept.get("gone")))
        lock = self._lock(one, place, kept, document)
        held = {"lock": lock} if lock else {}
        self._keep(f"workspace:{one.id}", {"settings": {**(before or {}), **now.settings}, **held})
        self._health(one, place, document)
        self._around(one, place, now)
        self._states(one, place)
        if len(self.batch.events) > told:
            self.batch.observations[seen.digest] = seen

    def _settings(self, one: Resource, place: Place, now: Snapshot, before: Mapping[str, Any] | None, *, gone: bool) -> None:
        at = {name: moment(one.attributes.get(name)) for name in ("created-at", "updated-at")}
        if before is None:
            new = self.after if self.after and at["created-at"] and at["created-at"] > self.after else None
            self.batch.events.append(self.teller.first(place, now.settings, at["created-at"], new))
            return
        if gone:
            self.batch.events.append(self.teller.stands(place, "returned", {"because": "it is listed again"}))
        if found := changed(before, now.settings):
            self.batch.events.append(self.teller.changed(place, found, now.settings, at["updated-at"]))

    def _lock(self, one: Resource, place: Place, kept: Mapping[str, Any] | None, document: Document) -> Mapping[str, Any] | None:
        """What is known of its lock from now on; who holds it is told where the server tells."""
        lock, was = lock_of(one), kept.get("lock") if kept else None
        if lock is None:
            return was
        if lock.locked != bool(was and was["locked"]):
            self.batch.events.append(self.teller.lock(place, lock, document.included, first=was is None))
        return lock.kept()

    def _around(self, one: Resource, place: Place, now: Snapshot) -> None:
        """Run triggers and sharing of its state, once a day. They changed since they were looked at, not since the last pass."""
        known = self.memory.get(f"around:{one.id}")
        if self.looks <= 0 or not around.due(known, self.task.now):
            return
        self.looks -= 1
        found = around.look(self.client, one, known, self.task.now)
        self.batch.unknown += found.unreadable
        told = set(found.settings)
        self.words |= {"run triggers": "run_triggers" in told}
        if known and (became := changed(known, found.kept | {"at": known["at"]})):
            teller = replace(self.teller, after=moment(known["at"]))
            self.batch.events.append(teller.changed(place, became, {**now.settings, **found.settings}, None))
        self._keep(f"around:{one.id}", found.kept)

    def _states(self, one: Resource, place: Place) -> None:
        """States that no run made, where the connection opts in to their metadata."""
        known = self.memory.get(f"states:{one.id}")
        daily = around.due(known, self.task.now)
        if not self.teller.connection.state_metadata or self.state_looks <= 0 or not (daily or states.due(one, known)):
            return
        self.state_looks -= 1
        found = states.read(self.client, one, place.name, known)
        self.words["metadata of states"] = found is not None
        for state in found.made if found else ():
            seen = observe(f"state-version/{state.id}", f"{self.url}/api/v2/state-versions", state.kept, self.task.now)
            self.batch.observations[seen.digest] = seen
            self.batch.events.append(self.teller.state(replace(place, digest=seen.digest), state, self._maker(state.by)))
        self.batch.unknown += found.unreadable if found else []
        newest = found.newest if found else str((known or {}).get("newest", ""))
        self._keep(
            f"states:{one.id}", {"at": self.task.now.isoformat(), "current": one.one("current-state-version"), "newest": newest}
        )

    def _maker(self, key: str | None) -> Actor:
        if key is None:
            return unknown(tellings.MADE)
        if key not in self.people:
            document = self.client.user(key)
            self.people[key] = document.data[0] if document and document.data else Resource(key, "users", {})
        return person(key, self.people)

    def _health(self, one: Resource, place: Place, document: Document) -> None:
        key = f"health:{one.id}"
        known = Health.of(self.memory.get(key))
        known, result = self._result(one, known, document)
        told = None
        if result:
            known, told = assessments.taken(known, result, self.task.now)
            if told:
                seen = observe(
                    f"assessment/{result.id}", f"{self.url}/api/v2/assessment-results/{result.id}", result.raw, self.task.now
                )
                self.batch.observations[seen.digest] = seen
                self.batch.events.append(self.teller.assessed(place, told, seen.digest))
        known, told = assessments.never(known, one.id, one.attributes, self.task.now)
        if told:
            self.batch.events.append(self.teller.assessed(place, told, place.digest))
        run = document.included.get("runs", {}).get(one.one("current-run") or "")
        if because := assessments.pause_of(known, one.attributes, run, self.task.now):
            known, told = assessments.paused(known, because, self.task.now)
            if told:
                self.batch.events.append(self.teller.assessed(place, told, place.digest))
        if known.kept():
            self._keep(key, known.kept())
        word = known.status or ("not assessed" if one.attributes.get("assessments-enabled") is not False else "switched off")
        self.standing[word] = self.standing.get(word, 0) + 1

    def _result(self, one: Resource, known: Health, document: Document) -> tuple[Health, Resource | None]:
        """The current result: as the list carries it, else asked for when `last-assessment-result-at` tells of another."""
        key = one.one("current-assessment-result")
        shown = document.included.get("assessment-results", {}).get(key or "")
        last = one.attributes.get("last-assessment-result-at")
        asked = "" if self.task.everything and known.asked.startswith(UNTOLD) else known.asked
        if shown or not isinstance(last, str) or not last or last == asked.removeprefix(UNTOLD):
            return known, shown
        answer = self.client.current_assessment(one.id)
        if answer is None:  # asked for again once a day
            self.batch.unknown.append(("current-assessment-result", "the server answers 404"))
            return Health.of({**known.kept(), "asked": f"{UNTOLD}{plain(last, 64)}"}), None
        known = Health.of({**known.kept(), "asked": plain(last, 64)})
        return known, answer.data[0] if answer and answer.data else None

    def _absent(self, met: set[str]) -> None:
        """What was there and is not listed: asked for by itself, since a list may skip a row while others are deleted."""
        for key in [key for key in self.memory if key.startswith("workspace:")]:
            kept, one = self.memory[key], key.removeprefix("workspace:")
            if one in met or kept.get("gone") or self.client.workspace(one) is not None:
                continue
            settings = kept.get("settings", kept)
            place = Place(one, str(settings.get("name", one)), settings.get("repository"), settings.get("project"), None)
            self.batch.events.append(self.teller.stands(place, "unavailable", {"because": GONE}))
            self.batch.remember[key] = {**({"settings": kept} if "settings" not in kept else kept), "gone": True}
            known, told = assessments.paused(
                Health.of(self.memory.get(f"health:{one}")), f"the workspace is gone: {GONE}", self.task.now
            )
            if told:
                self.batch.events.append(self.teller.assessed(place, told, None))
                self.batch.remember[f"health:{one}"] = known.kept()


def _untimed(workspace: Resource) -> Iterator[tuple[str, str]]:
    for name in ("created-at", "updated-at"):
        text = workspace.attributes.get(name)
        if isinstance(text, str) and moment(text) is None:
            yield (f"workspaces.{name}", plain(text, 64))
