"""Pages of the list of changes, early and late in lists of every size, against the page's bare SQL through psycopg."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from statistics import median
from typing import Any

import psycopg
from app.changes import store
from app.changes.cursor import Cursor
from app.db.session import read_only
from app.search.fields import CHANGES
from app.search.language import parse
from app.search.tree import Query
from sqlalchemy import Connection

from bench.figure import Figure, milliseconds, seconds, times
from bench.many_changes import many_changes
from bench.place import Place

LIMIT = 50
LATE = 1000  # the late page; the last one where there are fewer
GOAL_BARE, GOAL_GROWTH = 3.0, 1.5
TURNS = 4  # times the bench's repetitions: a page is a few milliseconds
FILTERS = (  # what is asked, its key; a list found by a value of one change alone has one page
    ("everything", None),
    ("workspace:", "workspace"),
    ("verdict:fail", "verdict"),
    ("env:production", "env"),
    ("control:auth-2/fail", "control"),
    ("actor:ana-ferreira", "actor"),
    ("resource:aws_type_7.*", "resource"),
    ("workspace:risk-*", "workspace"),
    ("commit:", "commit"),
    ("pr:", "pr"),
    ("run:", "run"),
)
ALONE = ("commit", "pr", "run")
Plain = psycopg.Connection[Any]
BUSIEST = "SELECT value FROM change_terms WHERE key = 'workspace' GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1"
WILD = "EXISTS (SELECT FROM change_terms t WHERE t.change = c.id AND t.key = %s AND t.value LIKE %s)"
NEWEST = "SELECT value FROM change_terms WHERE key = %s ORDER BY at DESC, length(value) DESC, value LIMIT 1"
COLUMNS = ", ".join(f'c."{name}"' for name in store._LISTED)


@dataclass(slots=True)
class _Asked:
    """One page of one list: how the program is asked for it, and its bare SQL."""

    connection: Connection
    plain: Plain
    query: Query
    cursor: str | None
    sql: str
    values: list[Any]
    many: int
    ours: list[float] = field(default_factory=list)
    bare: list[float] = field(default_factory=list)
    whole: bool = False

    def page(self) -> Sequence[Any]:
        return store.changes_matching(self.connection, self.query, cursor=self.cursor, limit=LIMIT, total=self.many).items

    def rows(self) -> Sequence[Any]:
        return self.plain.execute(self.sql, self.values).fetchall()

    def turn(self, which: int) -> None:
        for lengths, call in ((self.ours, self.page), (self.bare, self.rows))[:: -1 if which % 2 else 1]:
            lengths.append(seconds(call))

    def warm(self) -> None:
        """Until both statements are prepared, and to see that both find the same."""
        for _ in range(12):
            found, wanted = [row.id for row in self.page()], [row[0] for row in self.rows()[:LIMIT]]
            assert found == wanted, "the bare SQL finds another page"
            assert found, "the page is empty"
            self.whole = len(found) == LIMIT
        self.ours.clear(), self.bare.clear()


def run(place: Place) -> Iterator[Figure]:
    sizes = place.size.changes
    with ExitStack() as stack:
        lists = [_opened(place, stack, size) for size in sizes]
        for name, key in FILTERS:
            for late in (False,) if key in ALONE else (False, True):
                asked = [_asked(*one, name, key, late=late) for one in lists]
                yield _measured(f"pages: {asked[-1][0]}, {asked[-1][1]}", [one for *_, one in asked], sizes, place.size.repetitions)


def _opened(place: Place, stack: ExitStack, size: int) -> tuple[Connection, Plain]:
    """The program's connection to the list of this size, and one of psycopg's own."""
    name = many_changes(place, size)
    return stack.enter_context(read_only(place.engine(name))), stack.enter_context(psycopg.connect(place.url(name)))


def _asked(connection: Connection, plain: Plain, name: str, key: str | None, *, late: bool) -> tuple[str, str, _Asked]:
    if name.endswith(":"):
        value = plain.execute(NEWEST if key in ALONE else BUSIEST, [key] if key in ALONE else []).fetchall()[0][0]
        name = f"{key}:{value}"
    wild = name.endswith("*") and not name.endswith(".*")
    source, at, id_, where, values = "changes c", "c.at", "c.id", [], []
    if key and wild:
        where, values = [WILD], [key, name.partition(":")[2].replace("*", "%")]
    elif key:
        source, at, id_ = "change_terms t JOIN changes c ON c.id = t.change", "t.at", "t.change"
        where, values = ["t.key = %s AND t.value = %s"], [key, name.partition(":")[2].removesuffix(".*")]
    cursor, number = None, 1
    if late:
        number, cursor = _late(plain, source, at, id_, where, values)
        where, values = [*where, f"({at}, {id_}) < (%s, %s)"], [*values, cursor.at, cursor.id]
    conditions = f"WHERE {' AND '.join(where)} " if where else ""
    many = plain.execute(f"SELECT count(*) FROM {source} {conditions}", values).fetchall()[0][0]  # as the page counts them, before
    sql = f"SELECT {COLUMNS} FROM {source} {conditions}ORDER BY {at} DESC, {id_} DESC LIMIT {LIMIT + 1}"
    query = parse(name, CHANGES) if key else Query()
    told = f"{key}: of one" if key in ALONE else name
    return told, f"page {number:,}", _Asked(connection, plain, query, str(cursor) if cursor else None, sql, values, many)


def _late(plain: Plain, source: str, at: str, id_: str, where: list[str], values: list[Any]) -> tuple[int, Cursor]:
    """Page LATE and the cursor before it, or those of the last whole page."""
    conditions = f" WHERE {' AND '.join(where)}" if where else ""
    count = plain.execute(f"SELECT count(*) FROM {source}{conditions}", values).fetchone()[0]
    number = max(2, min(LATE, count // LIMIT))
    order = f"ORDER BY {at} DESC, {id_} DESC OFFSET {min((number - 1) * LIMIT, count - 1) - 1} LIMIT 1"
    return number, Cursor(*plain.execute(f"SELECT {at}, {id_} FROM {source}{conditions} {order}", values).fetchone())


def _measured(name: str, asked: Sequence[_Asked], sizes: Sequence[int], repetitions: int) -> Figure:
    for one in asked:
        one.warm()
    for which in range(repetitions * TURNS):
        for one in asked if which % 2 else reversed(asked):
            one.turn(which)
    bare = max(median(mine / other for mine, other in zip(one.ours, one.bare, strict=True)) for one in asked)
    whole = next((one for one in asked if one.whole), asked[-1])  # a page that is not full costs less
    growth = median(large / little for large, little in zip(asked[-1].ours, whole.ours, strict=True))
    wild = WILD in asked[-1].sql  # looked for change by change: how far depends on what the list holds, and is only told
    alone = any(name.startswith(f"pages: {key}: of one") for key in ALONE)  # no page: a millisecond of ours beside a look-up
    promised = "" if alone else "≤ 3× bare SQL" if wild else "≤ 3× bare SQL, ≤ 1.5× grown"
    return Figure(
        name,
        f"{milliseconds(median(asked[-1].ours))} of {sizes[-1]:,}",
        f"{times(bare)} bare, {times(growth)} grown",
        promised,
        bare <= GOAL_BARE and (wild or growth <= GOAL_GROWTH) if promised else None,
    )
