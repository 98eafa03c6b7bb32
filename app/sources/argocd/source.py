"""The Argo CD source: a projected list every half minute, and every application that changed read whole.

One request shows what changed; a changed application costs two more (itself, its announcements) and one for each commit
that is new. Each application is also read whole once an hour, spread over the passes: changes of specification and gaps
that the list cannot show. `refresh` is never sent, and managed resources are asked for only where that cannot refresh.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from app.canonical import plain
from app.errors import Forbidden, Missing, NotUnderstood, ServerFailed, SourceError, TooLarge
from app.sources.argocd import wire
from app.sources.argocd.client import Client, Transport
from app.sources.argocd.listing import Found, Listed, due, find, key_of, levels_of, listed
from app.sources.argocd.memory import Memory, load
from app.sources.argocd.names import askable, instant, stamp
from app.sources.argocd.normalise import View, deleted
from app.sources.argocd.probe import probe
from app.sources.argocd.reader import ONLY_ONE, Reader
from app.sources.contract import Connection, Page, Probe, Stream, Task

STREAM = "applications"


class Argocd:
    """One Argo CD server. Methods raise only SourceError."""

    def __init__(self, connection: Connection, clock: Callable[[], datetime], transport: Transport | None = None) -> None:
        self.connection = connection
        self.client = Client(connection, clock, transport)

    @property
    def requests(self) -> int:
        return self.client.requests

    @property
    def clock_offset(self) -> timedelta | None:
        return self.client.clock_offset

    def streams(self) -> Sequence[Stream]:
        return [Stream(STREAM, timedelta(seconds=30), catches_up=False, forgets_after=timedelta(hours=1))]

    def probe(self, now: datetime) -> Probe:
        return probe(self.client, now)

    def close(self) -> None:
        self.client.close()

    def fetch(self, task: Task) -> Iterator[Page]:
        """A page for each application that changed, was made or went; the last one says how many were looked at.

        A part of a list that was refused fails the pass, when all the rest of it has been read.
        """
        view = View(self.connection.name, self.connection.url, task.now, instant(_text(task.memory.get("pass"))))
        found = find(self.client, task.memory, task.everything)
        unknown = found.unknown
        lines = list(listed(found.items, unknown))
        who = due(task.memory, lines, task.now, task.everything)
        yield from self._read(task, view, found, who.read, unknown)
        if not found.failed:
            yield from self._missing(task, view, {one.key for one in lines}, unknown)
        remember: dict[str, Any] = {"pass": stamp(task.now)}
        for key, value in (("levels", who.levels), ("shards", found.shards)):
            if (value or None) != task.memory.get(key):
                remember[key] = value or None
        yield Page(remember=remember, unknown=unknown, seen=len(found.items))
        if found.failed:
            raise next(iter(found.failed.values()))

    def _read(
        self, task: Task, view: View, found: Found, chosen: Sequence[tuple[Listed, str]], unknown: list[tuple[str, str]]
    ) -> Iterator[Page]:
        """A page for each that could be read. Raises the last failure when none could."""
        reader = Reader(self.client, view, [one for one in task.memory.get("commits") or [] if isinstance(one, str)])
        levels = levels_of(task.memory)
        remembered = {one.key: _levelled(load(task.memory.get(one.key)), levels.get(one.key)) for one, _ in chosen}
        projects = self._projects([one for one, _ in chosen], remembered, found.shards)
        failures: list[SourceError] = []
        for one, _ in chosen:
            memory = remembered[one.key]
            project = one.project or (memory.project if memory else "") or projects.get(one.key, "")
            if not project:
                unknown.append(("application", f"{one.key}: its project is not told"))
                continue
            try:
                page = reader.page(one, project, memory)
            except ONLY_ONE as error:
                failures.append(error)
                unknown.append(("application", f"{one.key}: {plain(str(error), 500)}"))
                continue
            yield page
        if failures and len(failures) == len(chosen):
            raise failures[-1]

    def _projects(self, chosen: Sequence[Listed], remembered: dict[str, Memory | None], shards: Sequence[str]) -> dict[str, str]:
        """Asked only where neither the list nor memory tells a project: servers before 3.5, and new applications."""
        if all(one.project or ((memory := remembered[one.key]) and memory.project) for one in chosen):
            return {}
        out = {}
        answers = [self.client.projects_of_applications([one]) for one in shards] or [self.client.projects_of_applications()]
        for item in (one for answer in answers for one in wire.items_of(answer.body, "the list of applications")):
            try:
                app = wire.read(item, wire.Application, "an application")
            except NotUnderstood:
                continue  # the list itself reports it
            project = (app.spec.project if app.spec else "") or "default"
            if askable(app.metadata.name) and askable(project):
                out[key_of(app.metadata.namespace, app.metadata.name)] = project
        return out

    def _missing(self, task: Task, view: View, present: set[str], unknown: list[tuple[str, str]]) -> Iterator[Page]:
        """Applications that the list no longer holds: gone only when asking for them by project says 404."""
        for key in sorted(set(task.memory) - present):
            memory = load(task.memory[key]) if key.startswith("application/") else None
            if memory is None:
                continue
            try:
                self.client.application(memory.name, memory.namespace, memory.project)
            except Missing:
                yield Page(events=[deleted(memory, view)], remember={key: None}, seen=1)
            except Forbidden:
                unknown.append(("application", f"{key}: no longer listed, and the token may no longer read its project"))
            except (NotUnderstood, ServerFailed, TooLarge) as error:
                unknown.append(("application", f"{key}: no longer listed ({plain(str(error), 300)})"))


def _levelled(memory: Memory | None, level: str | None) -> Memory | None:
    """With the revision at which the list last showed it equal, in the place of the one at which it was last read equal."""
    if memory and level and len(memory.synced) == 3:
        memory.synced[2] = level
    return memory


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
