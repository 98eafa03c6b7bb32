"""The Argo CD source: a projected list every half minute, and every application that changed read whole.

One request shows what changed; a changed application costs two more (itself, its announcements) and one for each commit
that is new. Each application is also read whole once an hour, spread over the passes: changes of specification and gaps
that the list cannot show. `refresh` is never sent, and managed resources are asked for only where that cannot refresh.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from app.canonical import plain
from app.errors import Forbidden, Missing, NotUnderstood, ServerFailed, SourceError, TooLarge
from app.sources.argocd import wire
from app.sources.argocd.artifacts import KEPT, Artifacts
from app.sources.argocd.client import Client, Transport
from app.sources.argocd.clusters import Clusters
from app.sources.argocd.counts import KEY as COUNTED
from app.sources.argocd.counts import Counts
from app.sources.argocd.counts import pages as counts_pages
from app.sources.argocd.farewell import gone, last_words
from app.sources.argocd.listing import Found, Listed, due, find, key_of, levels_of, listed
from app.sources.argocd.live import FIELDS, QUIET, Live
from app.sources.argocd.memory import Memory, load
from app.sources.argocd.names import askable, instant, stamp
from app.sources.argocd.probe import probe
from app.sources.argocd.pulse import Pulse
from app.sources.argocd.reader import Reader
from app.sources.argocd.revisions import ONLY_ONE
from app.sources.argocd.risk import clock, kept_of
from app.sources.argocd.sets import Rolled, Sets
from app.sources.argocd.sightings import Sightings
from app.sources.argocd.sightings import found as sighted
from app.sources.argocd.skew import Skew
from app.sources.argocd.view import View
from app.sources.contract import Connection, Page, Probe, Stream, Task

STREAM = "applications"
PULSE = "pulse"  # of how old comparisons were
SKEW = "skew"  # of the server's clock
PACE = timedelta(seconds=30)
CLOCK = "at-risk"  # the key under which the evidence-at-risk clock is remembered


class Argocd:
    """One Argo CD server. Methods raise only SourceError."""

    def __init__(self, connection: Connection, clock: Callable[[], datetime], transport: Transport | None = None) -> None:
        self.connection, self.clock = connection, clock
        self.client = Client(connection, clock, transport)
        self.counts = Counts(connection, clock, transport)
        self.ahead = timedelta()

    @property
    def requests(self) -> int:
        return self.client.requests

    @property
    def clock_offset(self) -> timedelta | None:
        return self.ahead or self.client.clock_offset

    def streams(self) -> Sequence[Stream]:
        return [Stream(STREAM, PACE, catches_up=False, forgets_after=timedelta(hours=1))]

    def probe(self, now: datetime) -> Probe:
        return probe(self.client, now)

    def close(self) -> None:
        self.client.close()
        self.counts.close()

    @property
    def watched(self) -> str | None:
        return STREAM if self.connection.stream else None

    def watch(self, memory: Mapping[str, Any]) -> Live:
        ahead = Skew.of(memory.get(SKEW)).ahead
        return Live(self.client.stream(FIELDS, QUIET), (STREAM,), memory, lambda: self.clock() + ahead)

    def _view(self, now: datetime, last: datetime | None, pulse: Pulse, skew: Skew, clusters: Mapping[str, str]) -> View:
        """By the server's clock."""
        self.ahead = skew.ahead
        before = last + skew.ahead if last else None
        return View(self.connection.name, self.connection.url, now + skew.ahead, before, pulse, skew.ahead, clusters)

    def fetch(self, task: Task) -> Iterator[Page]:
        """A page for each application that changed, was made or went; the last one says how many were looked at.

        Between two lists only what the live stream named is read. A part of a list that was refused fails the pass, when all the
        rest of it has been read.
        """
        pulse = Pulse(task.memory.get(PULSE), timedelta(seconds=self.connection.reconciliation))
        clusters = Clusters(self.client, task.now, task.memory)
        last, news, skew = instant(_text(task.memory.get("pass"))), sighted(task.memory), Skew.of(task.memory.get(SKEW))
        if (again := self._list_due(task, last, news)) > task.now:
            view = self._view(task.now, last, pulse, skew, clusters.known())
            yield from self._named(_Pass(task, view, Found(), [], news), again)
            return
        sample = self.counts.sample(task.memory, task.now)  # before the list: what it counted is then there to be read
        found = find(self.client, task.memory, task.everything)
        lines = list(listed(found.items, found.unknown))
        skew = skew.measured(task.memory, lines, last, task.now)
        view = self._view(task.now, last, pulse, skew, clusters.names(task.everything))
        who = due(task.memory, lines, view.now, task.everything)
        this = _Pass(task, view, found, found.unknown, news)
        present, chosen = {"", *(one.key for one in lines)}, {one.key for one, _ in who.read}
        named = {one.key for one in news.lines(task.memory)} - chosen
        who.read += [(one, "news") for one in lines if one.key in named]
        kept = kept_of(task.memory, (one.key for one in lines))
        rolled = Rolled()
        for page in self._read(this, who.read):
            kept |= kept_of(page.remember, page.remember)
            rolled.note(page)
            yield page
        if sample:
            yield from counts_pages(sample, present - {"", *(one.key for one, _ in who.read)}, task.memory, view)
        sets = Sets(self.client, self.connection.name, task.now, task.memory)
        yield from sets.pages(rolled.operations, rolled.owners, task.everything)
        this.unknown += [*sets.unknown, *clusters.unknown]
        if not found.failed:
            yield from self._missing(this, present)
        this.forget(key for key in news.keys if key not in this.behind and (key in present or not found.failed))
        failed = [*found.failed.values(), *(this.failures if len(this.failures) == len(who.read) else ())]
        remember: dict[str, Any] = {**this.forgotten, CLOCK: clock(kept, this.late(), task.now)}
        remember |= sets.remember() | clusters.remember() | ({} if failed else {"pass": stamp(task.now)})
        able = {**(task.memory.get("server") or {}), **clusters.abilities, **sets.abilities}
        if sample or self.counts.because:
            able["count of operations"] = self.counts.because or True
            remember[COUNTED] = stamp(task.now)
        for key, value in (
            ("artifacts", this.artifacts),
            ("levels", who.levels),
            ("shards", found.shards),
            (PULSE, pulse.dump()),
            (SKEW, skew.kept()),
            ("server", able),
        ):
            if (value or None) != task.memory.get(key):
                remember[key] = value or None
        yield Page(remember=remember, unknown=this.unknown, seen=len(found.items))
        if failed:
            raise failed[-1]

    def _list_due(self, task: Task, last: datetime | None, news: Sightings) -> datetime:
        """When the list is read again, if until then what is named is enough."""
        every = timedelta(seconds=self.connection.poll_every) if self.connection.poll_every else PACE
        if task.everything or not news.by or news.whole or last is None:
            return task.now
        return last + every

    def _named(self, this: "_Pass", again: datetime) -> Iterator[Page]:
        """Between two lists: the applications that the live stream named, and no others."""
        lines = this.news.lines(this.task.memory)
        rolled = Rolled()
        for page in self._read(this, [(one, "news") for one in lines]):
            rolled.note(page)
            yield page
        this.forget(key for key in this.news.keys if key not in this.behind)
        remember = {**this.forgotten, PULSE: (this.view.pulse.dump() if this.view.pulse else None) or None}
        remember |= {"artifacts": this.artifacts} if this.artifacts != (this.task.memory.get("artifacts") or {}) else {}
        if rolled.operations:
            sets = Sets(self.client, self.connection.name, this.task.now, this.task.memory)
            yield from sets.pages(rolled.operations, rolled.owners, False)
            remember, this.unknown = remember | sets.remember(), this.unknown + sets.unknown
        yield Page(remember=remember, unknown=this.unknown, seen=len(lines), again=again)
        if this.failures and len(this.failures) == len(lines):
            raise this.failures[-1]

    def _read(self, this: "_Pass", due: Sequence[tuple[Listed, str]]) -> Iterator[Page]:
        """A page for each that could be read."""
        chosen = [one for one, _ in due]
        memory = this.task.memory
        commits = [one for one in memory.get("commits") or [] if isinstance(one, str)]
        levels, late = levels_of(memory), this.before
        artifacts = Artifacts(self.client, this.artifacts)
        remembered = {one.key: _levelled(load(memory.get(one.key)), levels.get(one.key)) for one in chosen}
        projects = self._projects(chosen, remembered, this.found.shards)
        for one, reason in due:
            known = remembered[one.key]
            project = one.project or (known.project if known else "") or projects.get(one.key, "")
            if not project:
                this.note(one.key, "its project is not told")
                continue
            # one that could not be read is as it was last seen, which is longer ago than the last pass
            behind = instant(late[one.key]) if one.key in late else None
            view = replace(this.view, last_pass=behind + this.view.ahead) if behind else this.view
            try:
                seen = tuple(this.news.by.get(one.key, ()))
                reader = Reader(self.client, view, commits, artifacts)
                page = reader.page(one, project, known, quietly=reason == "watch", seen=seen)
            except Missing as error:  # listed a moment ago, and gone since: no failure of the server
                this.note(one.key, str(error))
            except ONLY_ONE as error:
                this.failures.append(error)
                this.note(one.key, str(error))
            else:
                yield replace(page, remember={**page.remember, **this.news.forgotten(one.key)})

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

    def _missing(self, this: "_Pass", present: set[str]) -> Iterator[Page]:
        """Applications that the list no longer holds: gone only when asking for them by project says 404."""
        for key in sorted({*this.task.memory, *this.news.by} - present):
            memory = load(this.task.memory.get(key)) if key.startswith("application/") else None
            if memory is None:
                if words := list(last_words(this.news.by.get(key, ()), "", None, this.view)):
                    yield Page(events=words, remember=this.news.forgotten(key))
                continue
            try:
                self.client.application(memory.name, memory.namespace, memory.project)
            except Missing:
                words = list(last_words(this.news.by.get(key, ()), "", memory, this.view))
                end = gone(memory, this.view, this.view.now, "the application is gone")
                yield Page(events=[*words, end], remember={key: None, **this.news.forgotten(key)}, seen=1)
            except Forbidden:
                this.note(key, "no longer listed, and the token may no longer read its project")
            except (NotUnderstood, ServerFailed, TooLarge) as error:
                this.note(key, f"no longer listed ({plain(str(error), 300)})")


@dataclass(slots=True)
class _Pass:
    """What one pass gathers beside its pages. `behind`: why an application with news could not be read; `forgotten`: sightings
    that are dealt with."""

    task: Task
    view: View
    found: Found
    unknown: list[tuple[str, str]]
    news: Sightings
    failures: list[SourceError] = field(default_factory=list)
    behind: dict[str, str] = field(default_factory=dict)
    forgotten: dict[str, Any] = field(default_factory=dict)
    artifacts: dict[str, Any] = field(default_factory=dict)  # what is known of charts and artifacts

    def __post_init__(self) -> None:
        held = self.task.memory.get("artifacts")
        self.artifacts = dict(list(held.items())[-KEPT:]) if isinstance(held, dict) else {}

    def forget(self, keys: Iterable[str]) -> None:
        for key in keys:
            self.forgotten |= self.news.forgotten(key)

    def note(self, key: str, because: str) -> None:
        self.unknown.append(("application", f"{key}: {plain(because, 500)}"))
        self.behind[key] = plain(because, 300)

    @property
    def before(self) -> dict[str, str]:
        """Since when applications were behind at the end of the pass before."""
        told = self.task.memory.get(CLOCK)
        late = (told.get("behind") or []) if isinstance(told, dict) else []
        return {one["application"]: one["since"] for one in late if isinstance(one, dict) and {"application", "since"} <= set(one)}

    def late(self) -> dict[str, tuple[str, str]]:
        """Since when, and why: as long as it was before, else since the pass before, which saw it unchanged."""
        before, last = self.before, _text(self.task.memory.get("pass")) or stamp(self.task.now)
        return {key: (before.get(key, last), because) for key, because in self.behind.items()}


def _levelled(memory: Memory | None, level: str | None) -> Memory | None:
    """With the revision at which the list last showed it equal, in the place of the one at which it was last read equal."""
    if memory and level and len(memory.synced) == 3:
        memory.synced[2] = level
    return memory


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
