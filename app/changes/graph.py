"""Entities of the ledger as one batch sees them: read once, folded once, found by their tokens."""

from collections.abc import Iterable

from sqlalchemy import Connection

from app.changes.write import store
from app.domain.change import Entity
from app.domain.event import Entry, entity_of
from app.ledger.store import entries_of_entities
from app.linking.fold import fold
from app.linking.names import Names, as_named_now


class Graph:
    """A read-through view; valid for one transaction, after the tokens of what that transaction touches were written.

    Repositories stand under the names they bear now, whatever events called them.
    """

    def __init__(self, connection: Connection, names: Names | None = None) -> None:
        self._connection = connection
        self._names = names or Names()
        self._entities: dict[str, Entity | None] = {}
        self._entries: dict[str, list[Entry]] = {}
        self._holders: dict[str, list[str]] = {}

    def load(self, keys: Iterable[str]) -> None:
        """Read and fold those not yet known, in one query."""
        wanted = [key for key in dict.fromkeys(keys) if key not in self._entities]
        if not wanted:
            return
        stories: dict[str, list[Entry]] = {key: [] for key in wanted}
        held = [key for one in wanted for key in self._names.keys(one)]
        for raw in entries_of_entities(self._connection, held):
            entry = as_named_now(raw, self._names)
            key = entity_of(entry.event)
            if key in stories:  # another repository may have borne this one's name
                stories[key].append(entry)
        for name, story in stories.items():
            self._entries[name], self._entities[name] = story, fold(name, story)

    def get(self, key: str) -> Entity | None:
        self.load([key])
        return self._entities[key]

    def entries(self, key: str) -> list[Entry]:
        self.load([key])
        return self._entries[key]

    def find(self, tokens: frozenset[str], kinds: tuple[str, ...]) -> list[Entity]:
        """Every entity with one of the tokens whose key starts with one of `kinds`, by key."""
        unknown = sorted(token for token in tokens if token not in self._holders)
        if unknown:
            self._holders.update((token, []) for token in unknown)
            for token, key in store.entities_with(self._connection, unknown):
                self._holders[token].append(key)
        keys = sorted({key for token in tokens for key in self._holders[token] if key.startswith(kinds)})
        self.load(keys)
        return [entity for key in keys if (entity := self._entities[key]) is not None]
