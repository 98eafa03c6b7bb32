"""The page People: every account and who that is, what is not resolved first; and the form on which one account is decided."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from urllib.parse import urlencode

from app.changes.people.listing import STANDS, Row
from app.changes.people.store import Tally
from app.search.language import print_term
from app.search.tree import Term, Word
from app.search.words import Sentence
from app.web.asked import Asked
from app.web.times import Time, Zone, shown_or_none
from app.web.views.lists import Box, Empty, Pager, PeriodForm
from app.web.views.marks import VERDICTS, Badge
from app.web.views.shell import Choice, Shell

PATH = "/people"
NAMES = {"unresolved": "Unresolved", "person": "Persons", "bot": "Bots", "service": "Automated accounts"}
SAYS = {
    "unresolved": "Nothing exact says who this is: a control that would have to know is indeterminate.",
    "person": "By the bank’s list, or by a decision made here; never by likeness.",
    "bot": "Listed, decided, or said by the source itself; nobody’s second person.",
    "service": "They act for a system; the person behind them is not known.",
}
CHOICES = (("All", ""), *((NAMES[stands], f"is:{stands}") for stands in STANDS), ("Decided here", "is:decided"))
MOST_OFFERED = 300  # persons that the form offers; beyond, a name is typed


@dataclass(frozen=True, slots=True)
class Line:
    account: str
    system: str
    name: str
    person: str
    note: str
    known_by: str
    entry: str
    roles: str
    changes: str
    all_changes: str
    newest: Time | None
    newest_number: str
    newest_href: str
    settle: str
    settle_word: str


@dataclass(frozen=True, slots=True)
class Group:
    key: str
    name: str
    says: str
    badge: Badge | None
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Form:
    """`hidden` goes back as it is; `chosen` and the texts are what was sent, when that could not be done (`error`)."""

    account: str
    name: str
    stands: str
    known_by: str
    covers: str
    closed: str
    by: str
    hidden: tuple[tuple[str, str], ...]
    persons: tuple[str, ...]
    chosen: str
    person: str
    because: str
    error: str
    cancel: str


@dataclass(frozen=True, slots=True)
class People:
    shell: Shell
    box: Box
    period: PeriodForm
    sentence: Sentence | None
    choices: tuple[Choice, ...]
    form: Form | None
    groups: tuple[Group, ...]
    pager: Pager
    empty: Empty | None
    error: bool
    closed: str
    csv: str
    json: str
    export: str


def choices(asked: Asked) -> tuple[Choice, ...]:
    return tuple(Choice(text, asked.address(PATH, q=q or None), asked.q == q) for text, q in CHOICES)


def of_account(account: str) -> str:
    """The query that finds exactly this account."""
    return print_term(Term("account", (Word(account),)))


def settling(asked: Asked, account: str) -> str:
    """The address at which this account is decided, with the list as it is."""
    here = asked.address(PATH)
    return f"{here}{'&' if '?' in here else '?'}{urlencode({'settle': account})}#settle"


def groups(rows: Sequence[Row], tallies: Mapping[tuple[str, str], Tally], asked: Asked, zone: Zone) -> tuple[Group, ...]:
    out = []
    for key, some in groupby(rows, key=lambda row: row.stands):
        lines = tuple(_line(row, tallies.get((row.system, row.account)), asked, zone) for row in some)
        out.append(Group(key, NAMES[key], SAYS[key], VERDICTS["indeterminate"] if key == "unresolved" else None, lines))
    return tuple(out)


def _line(row: Row, tally: Tally | None, asked: Asked, zone: Zone) -> Line:
    period = {"from": asked.from_, "to": asked.to}
    query = urlencode({"q": of_account(str(row)), **{name: value for name, value in period.items() if value}})
    return Line(
        account=str(row),
        system=row.system,
        name=row.name or row.account,
        person=row.person,
        note="as commits declare it" if row.declared else "" if row.at else "met in no change",
        known_by=row.known_by,
        entry=f"/events/{row.decision.seq}" if row.decision else "",
        roles=row.roles,
        changes=f"{tally.count:,}" if tally else "0",
        all_changes=f"/changes?{query}" if tally else "",
        newest=shown_or_none(row.at, zone),
        newest_number=f"{tally.number}" if tally else "",
        newest_href=f"/changes/{row.change}" if tally else "",
        settle=settling(asked, str(row)) if row.at or row.decision else "",
        settle_word="Settle" if row.stands == "unresolved" else "Decide anew",
    )
