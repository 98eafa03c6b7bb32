"""Tells of each run that changed its workspace what that was at before, and asks the Git host what lies between.

What a stream remembers of its runs orders them. Before the first of them lies what no list showed: `Earlier` finds it in the
workspace's own list, which goes back to its beginning.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from app.canonical import plain
from app.errors import Forbidden, Missing, NotUnderstood, TooLarge
from app.sources.contract import Page, Want
from app.sources.tfe.applies import Applied, applied_of, committed, stood, tell_stood
from app.sources.tfe.client import Client
from app.sources.tfe.memory import Known
from app.sources.tfe.pace import Spent
from app.sources.tfe.visits import Visits
from app.sources.tfe.watched import watched
from app.sources.tfe.wire import Document, Resource, forward, moment

PER_PAGE = 100  # answers in one page
LOOKS = 10  # workspaces' own lists in one pass, so that what happens now keeps its share of the lists


@dataclass(frozen=True, slots=True)
class Before:
    """What was applied before the first apply that is known; None where there was nothing, or where `unseen` says why not."""

    applied: Applied | None = None
    unseen: str = ""


@dataclass
class Standing:
    """`earlier` finds what no list showed, and None while it cannot be told; `ready` says of a run, by its `created`, whether what
    lies before it was read."""

    visits: Visits
    earlier: Callable[[str, Applied], Before | None]
    ready: Callable[[str], bool]
    look: bool = True  # at each workspace, as it is now

    def pages(self) -> Iterator[Page]:
        for place, applies in sorted(self._due().items()):
            last: Applied | None = None
            read = True  # what lies before
            for one in applies:
                known, whole = self.visits.known(one.run), read
                read = known is not None and self.ready(known.created)
                if known and read and whole:
                    before = Before(last) if last else self.earlier(place, one)
                    if before:
                        self._tell(place, one, known, before)
                last = one
                if len(self.visits.batch.events) >= PER_PAGE:
                    yield self.visits.turn()

    def _due(self) -> dict[str, list[Applied]]:
        """The applies of each workspace in which something is still to be told, in their order."""
        due, found = set(self.visits.moved), dict[str, list[Applied]]()
        for key, value in self.visits.memory.items():
            if key.startswith("run:") and value.get("applied") and value.get("workspace"):
                found.setdefault(value["workspace"], []).append(Applied.of(key.removeprefix("run:"), value["applied"]))
                if not value.get("stood"):
                    due.add(value["workspace"])
        return {place: sorted(found[place], key=lambda one: one.place) for place in due if place in found}

    def _tell(self, place: str, one: Applied, known: Known, before: Before) -> None:
        found = stood(one, before.applied, before.unseen)
        number, _, told = known.stood.partition(":")
        if told == found.mark(one):
            return
        if self.look:
            self.visits.look_at(place)
        paths, then = watched((self.visits.memory.get(f"workspace:{place}") or {}).get("watched"), one.at)
        mark = f"{int(number or 0) + 1}:{found.mark(one)}"
        event, seen = tell_stood(one, found, paths, then, mark, self.visits.seen_in(place))
        self.visits.batch.events.append(event)
        self.visits.batch.observations.append(seen)
        self.visits.remember(f"run:{one.run}", {**known.kept(), "stood": mark})
        self._want(one, found.previous_commit, paths)

    def _want(self, one: Applied, previous: str | None, paths: tuple[str, ...]) -> None:
        """What lies between, of each path; only whose the commit is, where nothing is known to lie before it."""
        if not one.commit or not one.repository or previous == one.commit:
            return
        wants = [Want(one.repository, one.commit, previous, path) for path in (paths if previous else ("",))]
        self.visits.batch.wants += [want for want in wants if want not in self.visits.batch.wants]


@dataclass
class Earlier:
    """`ask` gives a page of a workspace's own list. The lists that were read hold everything since `horizon`; all, where None."""

    client: Client
    visits: Visits
    ask: Callable[[str, int], Document]
    horizon: datetime | None
    looks: int = LOOKS

    def find(self, place: str, first: Applied) -> Before | None:
        made = moment((self.visits.memory.get(f"workspace:{place}") or {}).get("created"))
        if self.horizon is None or (made and made >= self.horizon):
            return Before()
        kept = self.visits.memory.get(f"before:{place}")
        if kept is None:
            kept = self._looked(place, first)
        if kept is None:
            return None
        if run := kept.get("run"):
            return Before(Applied.of(run, kept))
        return Before(unseen=str(kept.get("unseen", "")))

    def _looked(self, place: str, first: Applied) -> dict[str, str] | None:
        if self.looks <= 0:
            return None
        self.looks -= 1
        try:
            found = self._found(place, first)
            kept = {"run": found.run, **found.kept()} if found else {"first": first.run}
        except Spent:
            self.looks = 0
            return None
        except (Missing, NotUnderstood, Forbidden, TooLarge) as error:
            because = f"runs before it are in no list that was read, and the workspace's own could not be: {error.found}"
            kept = {"unseen": plain(because, 500)}
        self.visits.remember(f"before:{place}", kept)
        return kept

    def _found(self, place: str, first: Applied) -> Applied | None:
        """The last apply before `first`: the list is read until the end of a page that holds one."""
        page: int | None = 1
        ids: set[str] = set()
        while page:
            document = self.ask(self.client.workspace_runs(place), page)
            ids = forward(document, ids, page, place)
            met = [(found, run) for run in document.data if (found := self._applied(run, document))]
            older = [pair for pair in met if pair[0].place < first.place and pair[0].run != first.run]
            if older:
                found, run = max(older, key=lambda pair: pair[0].place)
                return committed(found, self._ingress(run, document))
            page = document.following(page)
        return None

    def _applied(self, run: Resource, document: Document) -> Applied | None:
        apply, key = document.sideloaded("applies", run.one("apply")), run.one("apply")
        if apply is None and key and applied_of(run, None, None):
            answer = self.client.apply(key)
            apply = answer.data[0] if answer and answer.data else None
        return applied_of(run, apply, None)

    def _ingress(self, run: Resource, document: Document) -> Resource | None:
        key = run.one("configuration-version")
        made = document.sideloaded("configuration-versions", key)
        if made and (found := document.sideloaded("ingress-attributes", made.one("ingress-attributes"))):
            return found
        answer = self.client.configuration_version(key) if key else None
        made = answer.data[0] if answer and answer.data else None
        return answer.sideloaded("ingress-attributes", made.one("ingress-attributes")) if answer and made else None
