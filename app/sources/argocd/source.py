"""The Argo CD source: a projected list every half minute, and every application that changed read whole.

One request shows what changed; a changed application costs two more (itself, its announcements) and one for each commit
that is new. Each application is also read whole once an hour, spread over the passes: changes of specification and gaps
that the list cannot show. `refresh` is never sent, and nothing that renders or refreshes is ever asked.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from app.canonical import digest, plain
from app.domain.event import Event, Step
from app.errors import Forbidden, Missing, NotUnderstood, ServerFailed, SourceError, TooLarge
from app.sources.argocd import wire
from app.sources.argocd.announcements import announcement
from app.sources.argocd.client import Client, Transport, dumped
from app.sources.argocd.maker import maker
from app.sources.argocd.memory import Memory, dump, load
from app.sources.argocd.names import askable, instant, is_commit, stamp
from app.sources.argocd.normalise import Reading, Story, View, deleted, tell
from app.sources.argocd.operations import Heard
from app.sources.argocd.probe import probe
from app.sources.contract import Connection, Observation, Page, Probe, Stream, Task

STREAM = "applications"
SWEEP = timedelta(hours=1)
ONLY_ONE = (Forbidden, Missing, NotUnderstood, ServerFailed, TooLarge)  # one application's failure is not the server's
COMMITS = 1000  # how many commits are remembered as asked about


@dataclass(frozen=True, slots=True)
class Listed:
    """One line of the list. `seen` is what is compared between passes."""

    key: str
    name: str
    namespace: str
    project: str | None
    seen: list[str]


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
        """A page for each application that changed, was made or went; the last one says how many were looked at."""
        unknown: list[tuple[str, str]] = []
        view = View(self.connection.name, self.connection.url, task.now, instant(_text(task.memory.get("pass"))))
        items = wire.items_of(self.client.applications().body, "the list of applications")
        listed = list(_listed(items, unknown))
        yield from self._read_changed(task, view, listed, unknown)
        yield from self._missing(task, view, {one.key for one in listed}, unknown)
        yield Page(remember={"pass": stamp(task.now)}, unknown=unknown, seen=len(items))

    def _read_changed(self, task: Task, view: View, listed: Sequence[Listed], unknown: list[tuple[str, str]]) -> Iterator[Page]:
        commits = [one for one in task.memory.get("commits") or [] if isinstance(one, str)]
        due = list(_due(task, listed))
        projects = self._projects(due)
        failures: list[SourceError] = []
        for one, memory in due:
            project = one.project or (memory.project if memory else "") or projects.get(one.key, "")
            if not project:
                unknown.append(("application", f"{one.key}: its project is not told"))
                continue
            try:
                page = self._page(one, project, memory, view, commits)
            except ONLY_ONE as error:
                failures.append(error)
                unknown.append(("application", f"{one.key}: {plain(str(error), 500)}"))
                continue
            yield page
        if failures and len(failures) == len(due):
            raise failures[-1]

    def _projects(self, due: Sequence[tuple[Listed, Memory | None]]) -> dict[str, str]:
        """Asked only where neither the list nor memory tells a project: servers before 3.5, and new applications."""
        if all(one.project or (memory and memory.project) for one, memory in due):
            return {}
        out = {}
        for item in wire.items_of(self.client.projects_of_applications().body, "the list of applications"):
            try:
                app = wire.read(item, wire.Application, "an application")
            except NotUnderstood:
                continue  # the list itself reports it
            project = (app.spec.project if app.spec else "") or "default"
            if askable(app.metadata.name) and askable(project):
                out[_key(app.metadata.namespace, app.metadata.name)] = project
        return out

    def _page(self, one: Listed, project: str, memory: Memory | None, view: View, commits: list[str]) -> Page:
        got = self.client.application(one.name, one.namespace, project)
        app = wire.read(got.body, wire.Application, f"application {one.key}")
        kept = [got.observed(f"application/{one.key}")]
        heard, odd = self._heard(one, project, kept)
        spec = digest(dumped(got.body.get("spec"))) if isinstance(got.body, Mapping) else ""
        reading = Reading(app, heard, spec, kept[0].digest, kept[1].digest if len(kept) > 1 else None)
        story = tell(reading, memory, view)
        events = story.events + list(self._commits(app, one, project, story, view, commits, kept))
        story.memory.seen, story.memory.read = seen_of(app), stamp(view.now)
        remember: dict[str, Any] = {one.key: dump(story.memory)}
        if commits:
            remember["commits"] = commits[-COMMITS:]
        return Page(observations=kept, events=events, remember=remember, wants=story.wants, unknown=[*story.unknown, *odd], seen=1)

    def _heard(self, one: Listed, project: str, kept: list[Observation]) -> tuple[Heard, list[tuple[str, str]]]:
        """Read after the application, so that what announced its operation is among them."""
        try:
            got = self.client.events(one.name, one.namespace, project)
            items = wire.items_of(got.body, f"events of {one.key}")
        except ONLY_ONE as error:
            return Heard(None, failure=plain(str(error), 300)), [("events", f"{one.key}: {plain(str(error), 500)}")]
        kept.append(got.observed(f"events/{one.key}"))
        said, odd = [], []
        for item in items:
            try:
                found = announcement(wire.read(item, wire.KubernetesEvent, f"an event of {one.key}"))
            except NotUnderstood as error:
                odd.append(("event", plain(str(error), 500)))
                continue
            if found:
                said.append(found)
            else:
                odd.append(("event", f"{one.key}: an event without an id or a time"))
        return Heard(tuple(said)), odd

    def _commits(
        self, app: wire.Application, one: Listed, project: str, story: Story, view: View, known: list[str], kept: list[Observation]
    ) -> Iterator[Event]:
        """What Argo CD says of each commit that operations brought, asked once for each."""
        make = maker(view.source, view.base, app, story.memory.uid, view.now)
        for sha, repo, index, number in _new_commits(story, known):
            try:
                got = self.client.revision(one.name, one.namespace, project, sha, index, number)
                told = wire.read(got.body, wire.RevisionMetadata, f"commit {sha}")
            except ONLY_ONE as error:
                story.unknown.append(("revision", f"{sha[:12]}: {plain(str(error), 300)}"))
                continue
            seen = got.observed(f"revision/{sha}")
            kept.append(seen)
            known.append(sha)
            at = instant(told.date) or view.now
            facts = {"author": plain(told.author, 300), "message": plain(told.message, 2000), "date": plain(told.date, 64)}
            yield make.event("revision", sha, "known", Step.NOTED, at, facts, unique=repo or "", commits=(sha,), repo=repo)

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


def _new_commits(story: Story, known: Sequence[str]) -> Iterator[tuple[str, str | None, int | None, int | None]]:
    """(sha, repository, index of the source, history id) of commits that this story's operations name first."""
    done = set(known)
    for event in story.events:
        if event.type != "operation":
            continue
        sources = event.facts.get("sources") or []
        for i, source in enumerate(sources):
            sha = source["revision"]
            if is_commit(sha) and not source["chart"] and sha not in done:
                done.add(sha)
                yield sha, source["repository"], i if len(sources) > 1 else None, event.facts.get("history_id")


def _listed(items: Sequence[Any], unknown: list[tuple[str, str]]) -> Iterator[Listed]:
    for item in items:
        try:
            app = wire.read(item, wire.Application, "an application in the list")
        except NotUnderstood as error:
            unknown.append(("application", plain(str(error), 500)))
            continue
        space, name = app.metadata.namespace or "", app.metadata.name
        project = app.spec.project if app.spec else None
        if askable(name) and (not space or askable(space)):
            yield Listed(_key(space, name), name, space, project if project and askable(project) else None, seen_of(app))
        else:
            unknown.append(("application", f"{plain(name, 200)!r} cannot be asked for: Kubernetes has no such names"))


def _key(namespace: str | None, name: str) -> str:
    return f"application/{quote(namespace or '')}/{quote(name)}"


def seen_of(app: wire.Application) -> list[str]:
    """What the list shows of an application, from the list or from the application itself. The revision comes last:
    servers before 3.5 do not list it."""
    status = app.status or wire.Status()
    state, sync, health = status.operation_state or wire.OperationState(), status.sync or wire.SyncStatus(), status.health
    requested = bool(app.operation and app.operation.sync)
    shown = [
        app.metadata.creation_timestamp,
        app.metadata.deletion_timestamp,
        "requested" if requested else "",
        state.started_at,
        state.finished_at,
        state.phase,
        sync.status,
        health.status if health else "",
        sync.revision,
    ]
    return [plain(one, 100) for one in shown]


def _due(task: Task, listed: Sequence[Listed]) -> Iterator[tuple[Listed, Memory | None]]:
    """New, changed, unfinished or unsettled applications, and a share of those last read whole an hour ago."""
    share = max(5, len(listed) // 60)
    for one in listed:
        memory = load(task.memory.get(one.key))
        if memory is None or task.everything or memory.unsettled or _changed(memory.seen, one.seen):
            yield one, memory
        elif share and task.now - (instant(memory.read) or task.now - 2 * SWEEP) > SWEEP:
            share -= 1
            yield one, memory


def _changed(before: Sequence[str], now: Sequence[str]) -> bool:
    return list(before[:-1]) != list(now[:-1]) or bool(now[-1] and before[-1:] != [now[-1]])


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
