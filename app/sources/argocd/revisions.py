"""What Argo CD says of what operations brought: the author, date and message of a commit. Asked once, until it is told."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.canonical import plain
from app.domain.actor import automation
from app.domain.event import Event, Step
from app.errors import Forbidden, Missing, NotUnderstood, ServerFailed, SourceError, TooLarge
from app.sources.argocd import wire
from app.sources.argocd.client import Client, Got
from app.sources.argocd.hydration import HYDRATOR, begins_with, referred, unpaired
from app.sources.argocd.maker import Maker
from app.sources.argocd.memory import Memory, Owed
from app.sources.argocd.names import instant, is_commit
from app.sources.contract import Observation

ONLY_ONE = (Forbidden, Missing, NotUnderstood, ServerFailed, TooLarge)  # one application's failure is not the server's
TRIES = 48  # of a commit that Argo CD does not tell: each time its application is read whole, which is two days at least


@dataclass(slots=True)
class Asking:
    """Of one application in one pass. `commits` are those that were asked about already, oldest first; `kept`, `unknown` and
    `begins` (hydrated commit → how its message begins) gather what is found."""

    client: Client
    name: str
    namespace: str
    project: str
    app: wire.Application
    memory: Memory
    make: Maker
    commits: list[str]
    kept: list[Observation]
    unknown: list[tuple[str, str]]
    begins: dict[str, str] = field(default_factory=dict)

    def told(self, events: Sequence[Event]) -> Iterator[Event]:
        """Of commits that are owed, and of those that operations among `events` name first."""
        again = unpaired(self.app, self.memory)
        every = [*self.memory.owed, *_named(events)]
        self.memory.owed = []
        for owed in {owed.sha: owed for owed in every if owed.sha not in self.commits or owed.sha in again}.values():
            try:
                got = self.client.revision(self.name, self.namespace, self.project, owed.sha, owed.index, owed.history_id)
                told = wire.revision(got.body, owed.sha)
            except ONLY_ONE as error:
                self._later(owed, error)
                continue
            self.kept.append(got.observed(f"revision/{owed.sha}"))
            yield self._event(owed, told, got, owed.sha in self.commits)
            self.commits += [] if owed.sha in self.commits else [owed.sha]

    def _later(self, owed: Owed, error: SourceError) -> None:
        self.unknown.append(("revision", f"{owed.sha[:12]}: {plain(str(error), 300)}"))
        owed.tries += 1
        self.memory.owed += [owed] if owed.tries < TRIES else []

    def _event(self, owed: Owed, told: wire.RevisionMetadata, got: Got, again: bool) -> Event:
        """Of a commit that the hydrator made the author is the hydrator, whatever name its commits bear."""
        sha, repo = owed.sha, owed.repository
        facts: dict[str, Any] = {
            "author": plain(told.author, 300),
            "message": plain(told.message, 2000),
            "date": plain(told.date, 64),
        }
        hydrator = self.app.spec.source_hydrator if self.app.spec else None
        if hydrator:
            self.begins[sha] = begins_with(told)
        if references := referred(self.memory, hydrator, sha, told):
            facts["references"] = references[:20]
        rendered = bool(hydrator) and (sha in self.memory.pairs or sha in self.memory.referred)
        facts |= {"hydrated": True} if rendered else {}
        unique = f"{repo or ''}{' asked again' if again else ''}"
        who = automation(HYDRATOR) if rendered else None
        at = instant(told.date) or self.make.now
        return self.make.event("revision", sha, "known", Step.NOTED, at, facts, unique=unique, commits=(sha,), repo=repo, actor=who)


def _named(events: Sequence[Event]) -> Iterator[Owed]:
    done = set[str]()
    for facts in (event.facts for event in events if event.type == "operation"):
        sources: Sequence[Mapping[str, Any]] = facts.get("sources") or []
        for i, source in enumerate(sources):
            sha = source["revision"]
            if is_commit(sha) and not source["chart"] and sha not in done:
                done.add(sha)
                yield Owed(sha, source["repository"], i if len(sources) > 1 else None, facts.get("history_id"))
