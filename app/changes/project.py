"""From the ledger to changes: a cursor over the leaves, and for each batch just the changes it touches.

Every step is a function of what the ledger holds, never of the order in which it was read: any split into batches, and a
rebuild from nothing, give the same rows (tests/changes/test_project.py).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Connection, Engine

from app import log
from app.canonical import sha256
from app.changes.document import document
from app.changes.drift.follow import follow
from app.changes.graph import Graph
from app.changes.lineage import take as lineage
from app.changes.ownership import take as ownership
from app.changes.people import store as people
from app.changes.write import store
from app.controls import judge_all
from app.db.session import transaction
from app.domain.change import Change, Entity, EnvironmentRule, Strength, Tenures
from app.domain.event import REPOSITORIES, Entry, entity_of
from app.domain.finding import worst
from app.domain.identity import Identities
from app.domain.limits import DriftLimit
from app.ledger import store as ledger
from app.linking.assemble import assemble
from app.linking.fold import fold
from app.linking.identities import Resolver, met, resolve
from app.linking.names import Names, as_named_now, names_of
from app.linking.stand import Standing, is_root, stand
from app.linking.tokens import affected, neighbourhood, tokens
from app.search.fields import folded

BATCH = 1000  # leaves a transaction
AT_ONCE = 200  # changes held in memory while a decision is followed up
VERSION = "25"  # of fold, rules, controls and documents; another version rebuilds by itself

logger = log.get(__name__)


@dataclass(frozen=True, slots=True)
class Rules:
    """What a bank's configuration says about changes."""

    environments: tuple[EnvironmentRule, ...] = ()
    identities: Identities = field(default_factory=Identities)
    limits: tuple[DriftLimit, ...] = ()

    @property
    def version(self) -> str:
        return f"{VERSION} {sha256(repr(self).encode()).hex()[:16]}"


def catch_up(engine: Engine, rules: Rules, *, stopping: Callable[[], bool] = lambda: False) -> int:
    """Project what the ledger has gained. How many leaves; 0 when another worker is at it, or there is nothing new."""
    done = 0
    while not stopping():
        with transaction(engine) as connection:
            read = _batch(connection, rules) if store.alone(connection) else 0
        done += read
        if read < BATCH:
            break
    return done


def projected_by(engine: Engine) -> str:
    """The version of the rules that made what stands there; nothing while nothing does."""
    with transaction(engine) as connection:
        return store.position(connection)[1]


def digest(engine: Engine) -> str:
    """Of the whole projection as it stands."""
    with transaction(engine) as connection:
        return store.digest_of_all(connection)


def rebuild(
    engine: Engine, rules: Rules, progress: Callable[[int, int], None] = lambda done, of: None, *, batch: int = BATCH
) -> str:
    """Drop the projection and make it again, `batch` leaves at a time. Its digest, which no size of batch changes."""
    with transaction(engine) as connection:
        store.wait_alone(connection)
        store.empty(connection)
        of, done = ledger.size(connection), 0
        while read := _batch(connection, rules, batch):
            done += read
            progress(done, of)
        return store.digest_of_all(connection)


def _batch(connection: Connection, rules: Rules, size: int = BATCH) -> int:
    seq, version = store.position(connection)
    names = _names(connection)
    wanted = f"{rules.version} {sha256(str(names).encode()).hex()[:16]}" if names.moved else rules.version
    if version not in ("", wanted):
        logger.debug("the rules, or the names of repositories, have changed: projecting anew")
        store.empty(connection)
        seq = 0
    entries = ledger.entries(connection, seq - 1, size)
    if not entries:
        return 0
    Projector(connection, rules, names).take([as_named_now(entry, names) for entry in entries])
    store.move(connection, entries[-1].seq + 1, wanted)
    return len(entries)


def _names(connection: Connection) -> Names:
    """As the whole ledger tells them, also what lies ahead: a rename, which is rare, makes everything anew."""
    found = fold(REPOSITORIES, ledger.entries_of_entities(connection, [REPOSITORIES]))
    return names_of(found if isinstance(found, Tenures) else None)


class Projector:
    """One batch, in one transaction."""

    def __init__(self, connection: Connection, rules: Rules, names: Names) -> None:
        self.connection, self.rules, self.identities, self.names = connection, rules, rules.identities, names
        self.graph = Graph(connection, names)
        self.standings: dict[str, Standing] = {}

    def take(self, entries: Sequence[Entry]) -> None:
        self.identities = self.rules.identities.with_decisions(people.decisions(self.connection, entries[-1].seq))
        touched = sorted({key for entry in entries if (key := entity_of(entry.event))})
        members = self._index(touched)
        roots = self._settle(members) | set(touched)
        self._write(sorted(roots))
        lineage.take(self.connection, entries, self.graph.get)
        ownership.take(self.connection, entries, self.graph.get, self.rules.environments)
        decided = [decision for decision in self.identities.decisions if decision.seq >= entries[0].seq]
        follow(self.connection, entries, self.rules.environments, self.rules.limits)
        self._judge_anew([root for root in people.concerned(self.connection, decided) if root not in roots] if decided else [])

    def _judge_anew(self, roots: Sequence[str]) -> None:
        """The changes that a decision concerns: what they are made of is as it was, only who took part is seen anew."""
        for start in range(0, len(roots), AT_ONCE):
            self.graph, self.standings = Graph(self.connection, self.names), {}
            self._write(roots[start : start + AT_ONCE])

    def _index(self, touched: Sequence[str]) -> set[str]:
        """Refresh the tokens of what was touched. The members whose home may be another now."""
        before = store.tokens_of(self.connection, touched)
        self.graph.load(touched)
        gone, new = [], []
        for key in touched:
            entity = self.graph.get(key)
            now, was = set(tokens(entity)) if entity else set(), before.get(key, set())
            gone += [(token, key) for token in sorted(was - now)]
            new += [(token, key) for token in sorted(now - was)]
        kinds = ("run:", "operation:", "pr:", "push:")
        members = {e for _, e in store.entities_with(self.connection, {t for t, _ in gone}) if e.startswith(kinds)}
        store.set_tokens(self.connection, gone, new)
        for key in touched:
            if entity := self.graph.get(key):
                members.update(affected(entity, self.graph.find))
        return members

    def _settle(self, members: Iterable[str]) -> set[str]:
        """Decide each member's home. The roots it left and the roots it came to."""
        ordered = sorted(members)
        old = store.roots_of(self.connection, ordered)
        roots: set[str] = set().union(*old.values()) if old else set()
        for key in ordered:
            new = {link.to for link in self._standing(key).homes}
            if new != old.get(key, set()):
                store.set_roots(self.connection, key, new)
            roots |= new | {key}
        return roots

    def _standing(self, key: str) -> Standing:
        if key not in self.standings:
            entity = self.graph.get(key)
            self.standings[key] = (
                stand(entity, neighbourhood(entity, self.graph.find), self.rules.environments) if entity else Standing()
            )
        return self.standings[key]

    def _write(self, keys: Sequence[str]) -> None:
        """Make each root's change anew; what is no root (any more) carries none."""
        self.graph.load(keys)
        members = store.members_of(self.connection, keys)
        self.graph.load([member for found in members.values() for member in found])
        before = store.digests_of(self.connection, keys)
        made, gone = [], []
        for key in keys:
            root = self.graph.get(key)
            if root is not None and is_root(root, self._standing(key)):
                made.append(self._made(root, members.get(key, [])))
            elif key in before:
                gone.append(key)
        fresh = [one for one in made if one.row["digest"] != before.get(one.row["root"])]
        store.drop_changes(self.connection, gone)
        store.save_changes(
            self.connection,
            [one.row for one in fresh],
            [term for one in fresh for term in one.terms],
            [event for one in fresh for event in one.events],
            [account for one in fresh for account in one.accounts],
        )

    def _made(self, root: Entity, members: Sequence[str]) -> "Made":
        keys = [root.key, *(member for member in members if member != root.key)]
        standings = {key: self._standing(key) for key in keys}
        links = [
            link for s in standings.values() for link in (*s.homes, *s.references) if link in s.references or link.to == root.key
        ]
        gaps = [gap for standing in standings.values() for gap in standing.gaps]
        stories = {key: self.graph.entries(key) for key in keys}
        entries = [entry for story in stories.values() for entry in story]
        entities = [entity for key in keys[1:] if (entity := self.graph.get(key)) is not None]
        kinds = {key: story[0].event.kind for key, story in stories.items() if story}
        whole = [root, *entities]
        who = [Resolver(self.identities, kinds[entity.key], getattr(entity, "source", None)) for entity in whole]
        resolved = [resolve(entity, one) for entity, one in zip(whole, who, strict=True)]
        deployed = [one for standing in standings.values() for one in standing.deployed]
        mine = standings[root.key].rules
        needs = [one for standing in standings.values() for one in standing.needs]
        change = assemble(resolved[0], resolved[1:], links, entries, self.rules.environments, gaps, deployed, mine, needs)
        change = replace(change, accounts=met(who, change.people))
        told = document(judged(change))
        known = dict.fromkeys((key, value) for key, named in told.terms for value in self._called(key, named))
        terms = [{"key": key, "value": value, "change": change.id, "at": change.at} for key, value in known]
        places = {key: _place(standings[key], root.key) for key in keys}
        events = [{"seq": e.seq, "change": change.id, "place": places[key]} for key, story in stories.items() for e in story]
        return Made(told.row, terms, events, people.rows(change))

    def _called(self, key: str, value: str) -> list[str]:
        """A repository and its pull requests are found by former names too."""
        if key not in ("repo", "pr") or not self.names.moved:
            return [value]
        name, mark, rest = value.partition("#")
        return [folded(one) + mark + rest for one in self.names.ever(name)]


@dataclass(frozen=True, slots=True)
class Made:
    """The rows of one change, in its four tables."""

    row: Mapping[str, Any]
    terms: Sequence[Mapping[str, Any]]
    events: Sequence[Mapping[str, Any]]
    accounts: Sequence[Mapping[str, Any]]


def _place(standing: Standing, root: str) -> int:
    """0 where this is the member's own change; more where it stands in several, the weaker links later."""
    order = list(Strength)
    homes = sorted(standing.homes, key=lambda link: (order.index(link.strength), link.to))
    return next((i for i, link in enumerate(homes) if link.to == root), 0)


def judged(change: Change) -> Change:
    """The change with its findings, and the verdict it wears."""
    findings = judge_all(change)
    return replace(change, findings=findings, verdict=worst([finding.verdict for finding in findings]))
