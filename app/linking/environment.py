"""Which environments a change touches, by the configured patterns: the first rule that matches, for each run and application."""

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

from app.domain.change import UNCLASSIFIED, Drift, Entity, Environment, EnvironmentRule, HistoryGap, Operation, Run, WorkspaceAct


def environments_of(entities: Iterable[Entity], rules: Sequence[EnvironmentRule]) -> tuple[Environment, ...]:
    """The most critical first: class `prod`, then what no rule knows (it may be production), then in the order of the rules."""
    touched = {environment for entity in entities if (environment := environment_of(entity, rules))}
    order = {(rule.name, rule.cls): place for place, rule in reversed(list(enumerate(rules)))}
    return tuple(sorted(touched, key=lambda e: (_criticality(e), order.get((e.name, e.cls), 0), e.name))) or (UNCLASSIFIED,)


def environment_of(entity: Entity, rules: Sequence[EnvironmentRule]) -> Environment | None:
    """None for what touches no system: a pull request, a range."""
    if isinstance(entity, Run | WorkspaceAct) or (isinstance(entity, Drift) and entity.workspace):
        found = next(
            (rule for rule in rules if _any(rule.workspaces, entity.workspace) or _any(rule.projects, entity.project)), None
        )
    elif isinstance(entity, Operation | Drift | HistoryGap):
        found = next(
            (rule for rule in rules if _any(rule.destinations, entity.destination) or _any(rule.projects, entity.project)), None
        )
    else:
        return None
    return Environment(found.name, found.cls) if found else UNCLASSIFIED


def _any(patterns: Iterable[str], name: str | None) -> bool:
    return name is not None and any(fnmatchcase(name, pattern) for pattern in patterns)


def _criticality(environment: Environment) -> int:
    if environment.cls == "prod":
        return 0
    return 1 if environment == UNCLASSIFIED else 2
