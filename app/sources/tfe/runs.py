"""One pass over the runs: the newest of each list, the open and the cooling ones, and now and then all of them.

There is no "updated since" in this API. So a pass reads the head of the run lists until everything on a page is known,
final and older than the overlap; asks again for each open or cooling run it did not meet there; and when everything is asked
for reads every list to its end, in both forms, to find what was missed and what has gone.
"""

from collections.abc import Generator, Iterator
from datetime import datetime, timedelta

from app.canonical import plain
from app.errors import Forbidden, Missing, NotUnderstood, SourceError, Throttled
from app.sources.contract import Connection, Page, Task
from app.sources.tfe import counts
from app.sources.tfe.abilities import FORMS, NAMED, PLAIN, Abilities, First
from app.sources.tfe.client import Client
from app.sources.tfe.contents import LOG, PLAN
from app.sources.tfe.details import Reader
from app.sources.tfe.memory import Known, Reading
from app.sources.tfe.pace import Spent
from app.sources.tfe.policy_systems import LOGS
from app.sources.tfe.server import met, words
from app.sources.tfe.standing import Earlier, Standing
from app.sources.tfe.strip import observe
from app.sources.tfe.terms import INCLUDES
from app.sources.tfe.visits import Visits
from app.sources.tfe.wire import Document, Resource, forward, moment

ROTATION = 10  # workspaces without a sign of change whose lists are read in a pass, where there is no organization list
SETTLE = timedelta(seconds=5)
REACH = timedelta(days=364)  # of the organization's list, where no year is named; a little less than a year


class RunsPass:
    """`pages()` may be stopped after any page; the next pass goes on from what was remembered."""

    def __init__(self, client: Client, connection: Connection, task: Task) -> None:
        self.client, self.now = client, task.now
        self.memory = dict(task.memory)
        self.abilities = Abilities.of(self.memory.get("abilities"))
        absent, present = set(self.abilities.absent), set(self.abilities.present)
        wanted = frozenset(name for name, on in _wanted(connection) if on)
        self.reader = Reader(client, connection.url.rstrip("/"), absent=absent, present=present, wanted=wanted)
        self.reader.told |= set(self.abilities.told)
        self.visits = Visits(client, connection.name, connection.url, self.memory, task.now, self.reader)
        self.everything = task.everything
        self.firsts: dict[str, dict[str, First]] = {}
        self.marks: dict[str, str] = {}
        self.headed = False  # the newest of each list was read

    def pages(self) -> Iterator[Page]:
        try:
            yield from self._pages()
        except SourceError:
            if self.visits.batch:
                yield self.visits.turn()
            raise

    def _pages(self) -> Iterator[Page]:
        self._begin()
        throttled: Throttled | None = None
        try:
            yield from self._lists()
        except Throttled as error:
            throttled = error
        yield from self._revisit([key for key, known in self._all() if not known.gone and (not known.final or known.due(self.now))])
        self._keep_abilities()
        if (found := words(self.abilities, self.client.http.told)) != self.memory.get("server"):
            self.visits.remember("server", found)
        if "reconciling" in self.memory and not throttled:
            yield from self._reconciled()
        if self.headed and "reconciled" in self.memory:
            yield from self._standing().pages()
        if throttled:
            raise throttled
        if self.abilities.organization_runs and "reconciling" not in self.memory:
            yield from self._counted()
        yield self.visits.turn()

    def _counted(self) -> Iterator[Page]:
        """A few workspaces a pass: where one counts other runs than are known of it, its list of the year is read."""
        form, year = counts.form_of(self.abilities), self.now.year
        for place in counts.due(self.memory, self.now) if form else ():
            before = {**(self.memory.get(f"counted:{place}") or {}), "at": ""}
            mine = counts.known(self.memory, year)[place]
            try:
                total = self.client.run_count(place, year, operations=form == NAMED)
                told = {"at": "", "total": total, "known": mine}
                if total is not None and total != mine and told != before:
                    yield from self._recounted(place, year)
                    told["known"] = counts.known(self.memory, year)[place]
            except (Missing, Forbidden):
                told = {"at": ""}  # gone, or not to be read: the stream of the workspaces tells that
            except Spent:
                return
            if told.get("total") != told.get("known") and told != before:
                said = f"{self.visits.name_of(place)}: the list of {year} counts {told['total']}, and holds {told['known']}"
                self.visits.batch.unknown.append(("runs.total-count", plain(said, 300)))
            self.visits.remember(f"counted:{place}", {**told, "at": self.now.isoformat()})

    def _recounted(self, place: str, year: int) -> Iterator[Page]:
        """The list of a year, page by page; then each run of it that was known and is not there."""
        yield from self._fulls(f"count-{place}", self.client.workspace_runs(place), year)
        for form in FORMS:
            self.visits.remember(f"full:count-{place}:{form}", None)
        here = [(key, known) for key, known in self._all() if known.workspace == place and not known.gone]
        mine = [key for key, known in here if known.created.startswith(f"{year}-")]
        yield from self._revisit(mine)

    def _standing(self) -> Standing:
        """Once all was read, and the newest again: nothing lies between two runs that are known."""
        horizon = moment(self.memory.get("horizon")) if self.abilities.organization_runs else None
        earlier = Earlier(self.client, self.visits, lambda path, page: self._asked(path, page, PLAIN, None), horizon)
        return Standing(self.visits, earlier.find, lambda created: True)

    def _begin(self) -> None:
        """A reconciliation starts when one is asked for, or there never was one; one that is under way goes on."""
        last = self.memory.get("reconciled")
        if (last is None or self.everything) and "reconciling" not in self.memory:
            number = (last["number"] if last else 0) + 1
            self.visits.remember("reconciling", {"since": self.now.isoformat(), "number": number})
            for key in [key for key in self.memory if key.startswith("before:") and "unseen" in self.memory[key]]:
                self.visits.remember(key, None)  # what could not be read is looked for again
                self.visits.moved.add(key.removeprefix("before:"))
            if "horizon" not in self.memory:
                self.visits.remember("horizon", (self.now - REACH).isoformat())
            self.abilities = self.abilities.renewed()
            self.reader.absent.clear()
        self.client.stage_form = self.abilities.stage_form
        if "reconciling" in self.memory:
            self.visits.scan = self.memory["reconciling"]["number"]

    def _keep_abilities(self) -> None:
        self.abilities.stage_form = self.client.stage_form
        self.abilities.absent, self.abilities.present = sorted(self.reader.absent), sorted(self.reader.present)
        self.abilities.told = sorted(self.reader.told)
        if self.abilities.kept() != self.memory.get("abilities"):
            self.visits.remember("abilities", self.abilities.kept())

    def _all(self) -> list[tuple[str, Known]]:
        prefix = "run:"
        return [(key.removeprefix(prefix), Known.of(value)) for key, value in self.memory.items() if key.startswith(prefix)]

    def _lists(self) -> Iterator[Page]:
        if self.abilities.organization_runs:
            try:
                yield from self._organization_lists()
                return
            except Missing:
                self.client.organization_document()  # Missing again when it is the organization that is not there
                self.abilities.organization_runs = False
        yield from self._workspace_lists()

    def _organization_lists(self) -> Iterator[Page]:
        path = self.client.organization_runs()
        yield from self._heads("organization", path)
        self.headed = True
        if "reconciling" in self.memory:
            self._workspaces()
            yield from self._fulls("organization", path)

    def _workspace_lists(self) -> Iterator[Page]:
        """Where there is no organization list: the changed workspaces first, then those not looked at for longest."""
        workspaces = self._workspaces()
        changed = [one for one in workspaces if self.memory[f"workspace:{one}"].get("mark") != self.marks[one]]
        quiet = sorted((one for one in workspaces if one not in set(changed)), key=self._listed)
        for key in changed + quiet[: 0 if "reconciling" in self.memory else ROTATION]:
            yield from self._workspace_head(key)
        self.headed = True
        if "reconciling" in self.memory:
            for key in workspaces:
                yield from self._tolerated(key, full=True)

    def _workspace_head(self, key: str) -> Iterator[Page]:
        yield from self._tolerated(key, full=False)
        self.visits.remember(f"workspace:{key}", {**self.memory[f"workspace:{key}"], "mark": self.marks[key]})

    def _tolerated(self, key: str, *, full: bool) -> Iterator[Page]:
        """A workspace that was deleted since it was listed has no list; its runs are asked for one by one."""
        path = self.client.workspace_runs(key)
        try:
            yield from self._fulls(key, path) if full else self._heads(key, path)
        except Missing:
            self.visits.batch.unknown.append(("workspaces", f"{key}: its list of runs answers 404"))

    def _listed(self, key: str) -> str:
        return min(Reading.of(self.memory.get(f"head:{key}:{form}")).listed for form in self.abilities.forms)

    def _workspaces(self) -> list[str]:
        """Every workspace the token sees, with a mark that changes when something happened in it."""
        for document in self.client.every_workspace():
            for one in document.data:
                self.visits.learn(one)
                self.marks[one.id] = observe("", "", one.raw, self.now).digest[7:23]
        return sorted(self.marks)

    def _heads(self, name: str, path: str) -> Iterator[Page]:
        """The newest of one list. A list that was never read to its end is the reconciliation's to read."""
        for form in self.abilities.forms:
            reading = Reading.of(self.memory.get(f"head:{name}:{form}"))
            if not reading.mark and "reconciling" in self.memory:
                continue
            yield from self._read(name, path, form, reading, "head")
        self._compare(name)

    def _fulls(self, name: str, path: str, year: int | None = None) -> Iterator[Page]:
        for form in FORMS:
            reading = Reading.of(self.memory.get(f"full:{name}:{form}"))
            if reading.listed:
                continue
            yield from self._read(name, path, form, reading, "full", year)
        self._compare(name)

    def _read(self, name: str, path: str, form: str, reading: Reading, kind: str, year: int | None = None) -> Iterator[Page]:
        page: int | None = reading.page
        before: set[str] = set()
        while page:
            document = self._asked(path, page, form, year)
            before = forward(document, before, page, path)
            settled = yield from self._take(
                document, reading, None if path == self.client.organization_runs() else name.removeprefix("count-")
            )
            if page == 1:
                runs = [(one.id, at) for one in document.data if (at := _created(one))]
                self.firsts.setdefault(name, {})[form] = First.of(runs, bool(document.next_page))
            page = None if kind == "head" and reading.enough(settled) else document.following(page)
            if page:
                reading.page = page
                self.visits.remember(f"{kind}:{name}:{form}", reading.kept())
            else:  # that the list was read to its end is remembered with its last page: a pass may be stopped after any
                self._ended(name, form, reading, kind)
            yield self.visits.turn()

    def _ended(self, name: str, form: str, reading: Reading, kind: str) -> None:
        done = reading.ended(self.now)
        if kind == "full":
            self.visits.remember(f"full:{name}:{form}", {**done.kept(), "oldest": reading.oldest})
            if name.startswith(("year-", "count-")) or Reading.of(self.memory.get(f"head:{name}:{form}")).mark:
                return
        self.visits.remember(f"head:{name}:{form}", done.kept())

    def _take(self, document: Document, reading: Reading, workspace: str | None) -> Generator[Page, None, bool]:
        """Each run of a list's page. True when nothing on it was new or still open."""
        settled = True
        self.reader.know(document)
        self.abilities.met = met(self.abilities.met, document)
        self.visits.batch.unknown += [("runs", "a member without an id")] * document.unreadable
        for run in document.data:
            if created := _created(run):
                reading.saw(created)
            settled = self.visits.take(run, document.included, workspace) and settled
            if self.visits.batch.full:
                yield self.visits.turn()
        self.abilities.disordered = self.abilities.disordered or reading.disordered
        return settled

    def _asked(self, path: str, page: int, form: str, year: int | None) -> Document:
        """One page of a list, with the most includes this server takes. A filter it refuses gives an empty list."""
        while True:
            include, named = INCLUDES[self.abilities.include], form == NAMED
            try:
                return self.client.run_list(path, page, include=include, operations=named, year=year)
            except NotUnderstood as error:
                if error.status != 400:
                    raise
                if include:
                    self.abilities.include += 1
                elif named or year:
                    self.visits.batch.unknown += [("runs", f"the server refuses to list those of {year}")] if year else []
                    self.abilities.named_missed = self.abilities.named_missed or named
                    return Document([], {})
                else:
                    raise

    def _compare(self, name: str) -> None:
        """Which form of the list missed something, from two first pages read in this pass."""
        read = self.firsts.get(name, {})
        if len(read) == len(FORMS):
            offset = self.client.http.clock_offset or timedelta()
            self.abilities.compare(read[NAMED], read[PLAIN], self.now + offset - SETTLE)

    def _revisit(self, keys: list[str]) -> Iterator[Page]:
        """Runs that were not met in a list, one by one."""
        for key in keys:
            if key in self.visits.visited:
                continue
            document = self.client.run(key, INCLUDES[self.abilities.include])
            if document is None:
                self.visits.gone(key)
            elif not document.data:
                self.visits.batch.unknown.append(("runs", f"{key}: answered without the run"))
            else:
                self.reader.know(document)
                self.visits.take(document.data[0], document.included)
            if self.visits.batch.full:
                yield self.visits.turn()

    def _listed_here(self, known: Known) -> bool:
        """Whether a list that was read would show it: the organization's holds twelve months, what is older the backfill reads."""
        created = moment(known.created)
        return not self.abilities.organization_runs or created is None or self.now - created < REACH

    def _reconciled(self) -> Iterator[Page]:
        """Every list was read to its end: what was in none of them is asked for by itself, and the scan is closed."""
        number = self.memory["reconciling"]["number"]
        unmet = [(key, known) for key, known in self._all() if not known.gone and known.scan != number]
        yield from self._revisit([key for key, known in unmet if self._listed_here(known)])
        for key in [key for key in self.memory if key.startswith("full:")]:
            self.visits.remember(key, None)
        self.visits.remember("reconciling", None)
        self.visits.remember("reconciled", {"at": self.now.isoformat(), "number": number})


def _wanted(connection: Connection) -> tuple[tuple[str, bool], ...]:
    return (PLAN, connection.plan_json), (LOG, connection.apply_log), (LOGS, connection.policy_log)


def _created(run: Resource) -> datetime | None:
    return moment(run.attributes.get("created-at"))
