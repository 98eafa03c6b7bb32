"""`throughline people`: who is who, seen and decided from the command line.

`import` checks a list and records nothing. A row of it is the directory's word, not a decision of whoever runs the command: as
decisions in their name the rows would say what nobody decided, and would stand for ever where the directory has moved on.
"""

import os
import pwd
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, Engine

from app import clock
from app.changes.people import listing, store
from app.changes.people.decide import Wish, decide
from app.changes.project import Rules, catch_up, projected_by
from app.commands import compose
from app.commands.people import hosts_of, identities_of, read
from app.commands.table import table
from app.config import Settings
from app.db.session import read_only, transaction
from app.domain.actor import Actor
from app.domain.identity import BOT, JOINED, SEPARATED, Identities
from app.errors import UsageError

VERBS = {"join": JOINED, "separate": SEPARATED, "bot": BOT}


@dataclass(frozen=True, slots=True)
class Asked:
    what: str
    which: str | None
    person: str | None
    because: str | None
    by: str | None
    new: bool
    unresolved: bool


def run(settings: Settings, asked: Asked) -> int:
    """Raises UsageError for words that do not belong together."""
    if asked.what == "list":
        return _list(settings, asked)
    if asked.what == "import":
        return _check(settings, asked)
    return _decide(settings, asked)


def _list(settings: Settings, asked: Asked) -> int:
    identities = identities_of(settings)
    with compose.database(settings) as engine, read_only(engine) as connection:
        rows = _rows(connection, identities)
        shown = [row for row in rows if row.stands == "unresolved" or not asked.unresolved]
        tallies = store.tallies(connection, [(row.system, row.account, row.change) for row in shown if row.change])
    counts = {place: tally.count for place, tally in tallies.items()}
    cells = [
        (
            row.stands,
            row.person,
            str(row),
            row.name,
            f"{counts.get((row.system, row.account), 0):,}",
            f"{row.at:%Y-%m-%d %H:%M} UTC" if row.at else "never",
            row.known_by,
        )
        for row in shown
    ]
    print(table(("stands", "person", "account", "name", "changes", "newest", "known by"), cells))
    return 0


def _rows(connection: Connection, identities: Identities) -> list[listing.Row]:
    return listing.rows(store.seen(connection), identities.with_decisions(store.decisions(connection)))


def _decide(settings: Settings, asked: Asked) -> int:
    if not asked.which or (asked.what == "join") != bool(asked.person):
        needed = "SYSTEM:ACCOUNT PERSON" if asked.what == "join" else "SYSTEM:ACCOUNT"
        raise UsageError(f"people {asked.what} was called with other words", needed, "try: throughline people --help")
    if not asked.because:
        raise UsageError("no reason is given", "--because with one sentence on how it is known")
    identities, by, rules = identities_of(settings), _by(asked.by), compose.rules_of(settings)
    wish = Wish(asked.which, VERBS[asked.what], asked.because, asked.person or "", asked.new)
    with compose.database(settings) as engine:
        with transaction(engine) as connection:
            made = decide(connection, identities, wish, by, clock.now())
        if made.entry is None:
            print(f"{made.account}: that was decided already; nothing is recorded")
            return 0
        met = f"{made.changes:,} change{'s' if made.changes != 1 else ''}" if made.changes else "no change so far"
        print(f"entry {made.entry.seq:,}: {made.entry.event.ref.id} {made.entry.event.status}, decided by {by.name}; met in {met}")
        _follow(engine, rules)
    return 0


def _follow(engine: Engine, rules: Rules) -> None:
    """Judge anew what it concerns, unless another program's list and settings made what stands there."""
    if projected_by(engine) in ("", rules.version):
        catch_up(engine, rules)
        print("the changes that it concerns are judged anew")
    else:
        print("a worker with its own settings judges the changes that it concerns; without one run: throughline rebuild")


def _by(named: str | None) -> Actor:
    """Who decides: the system's user, or whom they name."""
    uid = os.getuid()
    try:
        user = pwd.getpwuid(uid).pw_name
    except KeyError:
        user = f"uid {uid}"
    name = " ".join((named or user).split())
    if not name or len(name) > 200 or not name.isprintable():
        raise UsageError(f"--by {name[:80]!r} is no name", "1 to 200 characters, all of them visible")
    return Actor(name, because=f"named on the command line by the system user {user}" if named else "the command’s system user")


def _check(settings: Settings, asked: Asked) -> int:
    """What a list would settle. Raises SettingsError, a line for each row that is wrong."""
    if not asked.which or asked.person:
        raise UsageError("people import was called with other words", "FILE")
    path = Path(asked.which)
    rows = read(path, {source.name: source.kind for source in settings.source} or None)
    kinds = [str(row.kind) for row in rows]
    accounts = sum(1 for row in rows for _ in row.accounts())
    counted = ", ".join(f"{kinds.count(kind):,} {kind}" for kind in ("human", "bot", "service"))
    print(f"{path}: {len(rows):,} rows ({counted}), {accounts:,} accounts; no row is wrong")
    with compose.database(settings) as engine, read_only(engine) as connection:
        now = _rows(connection, identities_of(settings))
        then = _rows(connection, Identities(tuple(rows), settings.identities.same_username, hosts_of(settings)))
    before, after = (sum(row.stands == "unresolved" for row in some) for some in (now, then))
    print(f"unresolved accounts: {before:,} now, {after:,} with this list")
    print(f'nothing is recorded: a list holds while the settings name it, [identities] file = "{path}"; then start anew')
    return 0
