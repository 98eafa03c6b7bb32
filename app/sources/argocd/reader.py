"""One application read whole: itself, its announcements, and what Argo CD says of commits that are new."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from app.canonical import digest, plain
from app.domain.event import Event
from app.errors import NotUnderstood
from app.sources.argocd import compared, secret_events, wire
from app.sources.argocd.announcements import announcement
from app.sources.argocd.artifacts import Artifacts
from app.sources.argocd.client import Client, Got, dumped
from app.sources.argocd.hydration import dry_events
from app.sources.argocd.listing import Listed, seen_of
from app.sources.argocd.maker import maker
from app.sources.argocd.memory import Memory, dump
from app.sources.argocd.names import instant, stamp
from app.sources.argocd.normalise import Reading, Story, tell
from app.sources.argocd.operations import Heard
from app.sources.argocd.revisions import ONLY_ONE, Asking
from app.sources.argocd.risk import keeps
from app.sources.argocd.sightings import Sighting
from app.sources.argocd.view import View
from app.sources.contract import Observation, Page

COMMITS = 1000  # how many commits are remembered as asked about


@dataclass(slots=True)
class Reader:
    """For one pass. `commits` are those that Argo CD was asked about already, oldest first."""

    client: Client
    view: View
    commits: list[str] = field(default_factory=list)
    artifacts: Artifacts | None = None

    def page(
        self, one: Listed, project: str, memory: Memory | None, *, quietly: bool = False, seen: tuple[Sighting, ...] = ()
    ) -> Page:
        """What is new of the application, and what to remember of it. `quietly`: a reading that tells nothing is not kept; `seen`:
        what the live stream showed of it.

        Raises SourceError.
        """
        before = list(memory.seen) if memory else None
        got = self.client.application(one.name, one.namespace, project)
        app = wire.read(got.body, wire.Application, f"application {one.key}")
        kept = [got.observed(f"application/{one.key}")]
        heard, odd = self._heard(one, project, kept)
        self.view = self.view.not_before((*_times(app), *(said.at for said in heard.said or ())))
        spec = digest(dumped(got.body.get("spec"))) if isinstance(got.body, Mapping) else ""
        reading = Reading(app, heard, spec, kept[0].digest, kept[1].digest if len(kept) > 1 else None, seen, got.alike)
        story = tell(reading, memory, self.view)
        make = maker(self.view.source, self.view.base, app, story.memory.uid, self.view.now, self.view.clusters)
        make = replace(make, ahead=self.view.ahead)
        asking = Asking(
            self.client, one.name, one.namespace, project, app, story.memory, make, self.commits, kept, story.unknown
        )  # fmt: skip
        events = [*story.events, *asking.told(story.events)]
        events += self._dry(app, story, asking.begins)
        place = (one.name, one.namespace, project)
        for event, want in self.artifacts.told(make, place, story.events, kept, story.unknown) if self.artifacts else ():
            story.wants += [want] if want and want not in story.wants else []
            events.append(event)
        events += self._managed(app, one, project, story, kept)
        story.memory.seen, story.memory.read = seen_of(app), stamp(self.view.now)
        if self.view.pulse and story.now:
            quiet = before == story.memory.seen and not story.events and not _stirred(story, self.view)
            self.view.pulse.saw(story.memory.uid, self.view.now, story.now.compared_at, quiet)
        kept = [] if quietly and not events else kept
        story.memory.keeps = keeps(app, heard, story.memory, self.view.now)
        remember: dict[str, Any] = {one.key: dump(story.memory)}
        if self.commits:
            remember["commits"] = self.commits[-COMMITS:]
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

    def _managed(self, app: wire.Application, one: Listed, project: str, story: Story, kept: list[Observation]) -> list[Event]:
        """What its objects differ in, and which secrets they name, where that may be new and can be asked without making
        Argo CD write: at most one request."""
        now, make, memory = story.now, story.make, story.memory
        if now is None or make is None:
            return []
        held = secret_events.holds(app)
        differs, because = compared.due(now, memory, self.view.now)
        named, why = secret_events.due(held, now, memory, self.view.now)
        events = list(secret_events.gone(make, now, memory)) if not held else []
        if differs or named:
            try:
                got = self.client.managed(one.name, one.namespace, project, differences=differs, secrets=named)
            except ONLY_ONE as error:
                story.unknown.append(("managed-resources", f"{one.key}: {plain(str(error), 300)}"))
                because, why = (plain(str(error), 300) if asked else "" for asked in (differs, named))
            else:
                events += self._seen(one, story, held, got, kept)
        events += compared.unavailable(make, now, memory, because) if because else ()
        events += secret_events.unavailable(make, memory, why) if why else ()
        return events

    @staticmethod
    def _seen(one: Listed, story: Story, held: Sequence[str], got: Got, kept: list[Observation]) -> list[Event]:
        """What an answer tells; it is kept where it tells something, and of what does not differ the names of secrets alone."""
        assert story.now is not None and story.make is not None  # noqa: S101, PT018 -- asked only where both stand
        items, secrets = got.body["items"], got.body["secrets"]
        body = {} if items is None else {"items": [item for item in items if item["difference"] != "none"]}
        body |= {} if secrets is None else {"secrets": secrets}
        seen = Got(body, got.url, got.at).observed(f"managed-resources/{one.key}")
        make = replace(story.make, whole=seen.digest)
        events = list(compared.comparison_events(make, story.now, story.memory, items)) if items is not None else []
        events += secret_events.told(make, story.now, held, story.memory, secrets) if secrets is not None else []
        kept += [seen] if events else []
        return events

    def _dry(self, app: wire.Application, story: Story, said: Mapping[str, str]) -> Iterator[Event]:
        """The dry commits behind what operations deployed; what to ask of them is added to the story."""
        hydrator = app.spec.source_hydrator if app.spec else None
        for event, want in dry_events(story.make, hydrator, story.memory, story.history, said) if story.make else ():
            story.wants += [want] if want and want not in story.wants else []
            yield event


def _stirred(story: Story, view: View) -> bool:
    """An operation ended of late, which is followed by a comparison in any case."""
    ends = [deed.end for deed in story.memory.deeds if deed.end]
    return bool(view.pulse and ends and view.now - max(ends) <= view.pulse.limit)


def _times(app: wire.Application) -> Iterator[datetime | None]:
    """When the server last did something to it."""
    status = app.status or wire.Status()
    state = status.operation_state or wire.OperationState()
    return map(instant, (app.metadata.creation_timestamp, status.reconciled_at, state.started_at, state.finished_at))
