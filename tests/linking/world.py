"""A projection in memory: what the shell does with tables, done with dictionaries. Events in, changes out."""

from collections.abc import Iterable, Sequence

from app.domain.change import Change, Entity, EnvironmentRule, Gap, Link
from app.domain.event import Event, entity_of
from app.domain.windows import window
from app.linking.assemble import assemble
from app.linking.stand import Standing, is_root, stand
from app.linking.tokens import neighbourhood, tokens

from tests.linking.build import entities, entries

WINDOWS = (window("Thu 09:00-Thu 12:00 Europe/London"),)  # 08:00 to 11:00 UTC: stories begin at 09:00
RULES = (
    EnvironmentRule("production", "prod", ("*-prod",), ("prod-*/*",), ("*-production",), WINDOWS),
    EnvironmentRule("staging", "non-prod", ("*-staging",), ("stage-*/*",)),
)


class World:
    def __init__(self, events: Iterable[Event], rules: Sequence[EnvironmentRule] = RULES) -> None:
        self.numbered = entries(events)
        self.entities: dict[str, Entity] = {}
        self.index: dict[str, set[str]] = {}
        for key, entity in entities(entry.event for entry in self.numbered).items():
            self.add(key, entity)
        self.standing: dict[str, Standing] = {k: stand(e, neighbourhood(e, self.find), rules) for k, e in self.entities.items()}

    def add(self, key: str, entity: Entity) -> None:
        self.entities[key] = entity
        for token in tokens(entity):
            self.index.setdefault(token, set()).add(key)

    def find(self, wanted: frozenset[str], kinds: tuple[str, ...]) -> list[Entity]:
        keys = {key for token in wanted for key in self.index.get(token, ())}
        return [self.entities[key] for key in keys if key.startswith(kinds)]

    def changes(self, rules: Sequence[EnvironmentRule] = RULES) -> dict[str, Change]:
        """By root key."""
        return {key: self._change(entity, rules) for key, entity in self.entities.items() if is_root(entity, self.standing[key])}

    def _change(self, root: Entity, rules: Sequence[EnvironmentRule]) -> Change:
        members = [key for key, standing in self.standing.items() if any(link.to == root.key for link in standing.homes)]
        links: list[Link] = [*self.standing[root.key].references]
        gaps: list[Gap] = [*self.standing[root.key].gaps]
        for key in members:
            standing = self.standing[key]
            links += [link for link in standing.homes if link.to == root.key] + list(standing.references)
            gaps += standing.gaps
        told = {root.key, *members}
        own = [entry for entry in self.numbered if entity_of(entry.event) in told]
        deployed = [one for key in sorted(told) for one in self.standing[key].deployed]
        needs = [one for key in sorted(told) for one in self.standing[key].needs]
        mine = self.standing[root.key].rules
        return assemble(root, [self.entities[key] for key in members], links, own, rules, gaps, deployed, mine, needs)


def change(events: Iterable[Event], root: str = "") -> Change:
    """The one change of these events, or the one on the root that starts so."""
    found = World(events).changes()
    return next(one for key, one in sorted(found.items()) if key.startswith(root))
