"""The runs of years that the organization's list does not show unless a year is named, newest year first.

A pass works for a short while within its share and stops; the next goes on from the page where this one was. When every year was
read, what was not met is asked for by itself. Years are walked again every week, since runs of years ago can disappear too.
"""

from collections.abc import Generator, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

from app.errors import Missing
from app.sources.contract import Connection, Page, Stream, Task
from app.sources.tfe.applies import Applied
from app.sources.tfe.client import Client
from app.sources.tfe.memory import Reading
from app.sources.tfe.pace import Spent
from app.sources.tfe.runs import RunsPass
from app.sources.tfe.standing import Before, Standing
from app.sources.tfe.wire import Document, moment

STREAM = Stream("backfill", every=timedelta(seconds=30))
SPELL = timedelta(seconds=20)  # of work in one pass, so that the streams that follow what happens now are not kept waiting
AGAIN = timedelta(days=7)
LIVE = timedelta(days=364)  # younger runs are in the list that names no year, and the stream `runs` reads them
EARLIEST = 2014
COVERED = "there is no list of an organization's runs; those of its workspaces hold every year, and the stream runs reads them"


class Backfill(RunsPass):
    """Memory as that of the runs' stream, and `progress` {from, to, year, done, runs, runs_before, walk, since, at, done_at,
    because}."""

    def __init__(self, client: Client, connection: Connection, task: Task) -> None:
        super().__init__(client, connection, task)
        self.first = connection.backfill_from
        self.progress: dict[str, Any] = dict(self.memory.get("progress") or {})
        self.started = client.now()

    def _pages(self) -> Iterator[Page]:
        self.client.lists.backfilling = self._due()
        if not self.client.lists.backfilling:
            return
        with suppress(Spent):  # the share of this minute is used up; the next pass goes on
            yield from self._walk()
        self._keep_abilities()
        self.visits.remember("progress", self._said())
        yield self.visits.turn()

    def _due(self) -> bool:
        done = moment(self.progress.get("done_at"))
        if done and self.first == self.progress.get("asked") and self.now - done < AGAIN:
            return False
        if not self.progress or done:
            walk = int(self.progress.get("walk", 0)) + 1
            self.progress = {"walk": walk, "done": [], "asked": self.first, "since": self.now.isoformat()}
            self.progress["runs_before"] = self._count()
            self.abilities = self.abilities.renewed()
            self.reader.absent.clear()
        self.visits.scan = self.progress["walk"]
        return True

    def _walk(self) -> Iterator[Page]:
        if "to" not in self.progress:
            self._plan()
        path = self.client.organization_runs()
        for year in range(self.progress["to"], self.progress["from"] - 1, -1):
            if year in self.progress["done"]:
                continue
            self.progress["year"] = year
            try:
                yield from self._spell(self._fulls(f"year-{year}", path, year=year))
            except Missing:
                self.client.organization_document()  # Missing again when it is the organization that is not there
                self._ended_walk(COVERED)
                return
            if self._tired():
                return
            self.progress["done"] = [*self.progress["done"], year]
            yield from self._standing().pages()
        unmet = [key for key, known in self._all() if not known.gone and known.scan != self.progress["walk"]]
        yield from self._spell(self._revisit(unmet))
        if not self._tired():
            self._ended_walk()
            yield from self._standing().pages()

    def _standing(self) -> Standing:
        """Of the years that were read whole; of their first applies when the last of them was."""
        done, whole = {str(year) for year in self.progress["done"]}, "done_at" in self.progress

        def earlier(place: str, first: Applied) -> Before | None:
            made = moment((self.memory.get(f"workspace:{place}") or {}).get("created"))
            if not whole:
                return None
            if made and made.year >= self.progress["from"]:
                return Before()
            return Before(unseen=f"runs before {self.progress['from']} are not read")

        return Standing(self.visits, earlier, lambda created: whole or created[:4] in done, look=False)

    def _plan(self) -> None:
        """Which years: from the one that is configured, else from the year in which the oldest workspace was made."""
        made: list[int] = []
        for document in self.client.every_workspace():
            for one in document.data:
                self.visits.learn(one)
                at = moment(one.attributes.get("created-at"))
                made += [at.year] if at else []
        earliest = self.first or min(made, default=EARLIEST)
        self.progress |= {"from": max(EARLIEST, earliest), "to": (self.now - LIVE).year}

    def _spell(self, pages: Iterator[Page]) -> Iterator[Page]:
        """Until the spell is over. Every page can be the last: what was read of a list is remembered with it."""
        for page in pages:
            yield replace(page, remember={**page.remember, "progress": self._said()})
            if self._tired():
                return

    def _tired(self) -> bool:
        return self.client.now() - self.started >= SPELL

    def _take(self, document: Document, reading: Reading, workspace: str | None) -> Generator[Page, None, bool]:
        """Only what the stream `runs` does not read."""
        ages = [(run, moment(run.attributes.get("created-at"))) for run in document.data]
        old = [run for run, at in ages if at is None or self.now - at >= LIVE]
        kept = Document(old, document.included, document.next_page, document.unreadable)
        return (yield from super()._take(kept, reading, workspace))

    def _ended_walk(self, because: str | None = None) -> None:
        for key in [key for key in self.memory if key.startswith("full:")]:
            self.visits.remember(key, None)
        self.progress |= {"done_at": self.now.isoformat(), "because": because}
        self.progress.pop("year", None)

    def _said(self) -> dict[str, Any]:
        """How far it has come."""
        return {**self.progress, "runs": self._count(), "at": self.client.now().isoformat()}

    def _count(self) -> int:
        return sum(key.startswith("run:") for key in self.memory)
