"""Which environments a change touches, by the configured patterns: the first rule that matches, for each run and application."""

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

from app.domain.change import (
    UNCLASSIFIED,
    AlteredRecord,
    Application,
    Drift,
    Entity,
    Environment,
    EnvironmentRule,
    HistoryGap,
    Operation,
    Run,
    WorkspaceAct,
)
from app.domain.windows import Expected

Placed = Run | WorkspaceAct | Operation | Drift | HistoryGap | AlteredRecord | Application  # what touches a system


def environments_of(entities: Iterable[Entity], rules: Sequence[EnvironmentRule]) -> tuple[Environment, ...]:
    """The most critical first: class `prod`, then what no rule knows (it may be production), then in the order of the rules."""
    touched = {environment for entity in entities if (environment := environment_of(entity, rules))}
    order = {(rule.name, rule.cls): place for place, rule in reversed(list(enumerate(rules)))}
    return tuple(sorted(touched, key=lambda e: (_criticality(e), order.get((e.name, e.cls), 0), e.name))) or (UNCLASSIFIED,)


def expected(entities: Iterable[Entity], rules: Sequence[EnvironmentRule]) -> tuple[Expected, ...]:
    """When each act was expected, where maintenance windows are set for its environment, or it cannot be known for which."""
    if not any(rule.windows for rule in rules):
        return ()
    out = []
    for entity in entities:
        rule = _rule(entity, rules) if isinstance(entity, Run | Operation | HistoryGap) else None
        if isinstance(entity, Run | Operation | HistoryGap) and (rule is None or rule.windows):
            name, windows = (rule.name, rule.windows) if rule else (UNCLASSIFIED.name, None)
            out.append(Expected(entity.key, name, windows))
    return tuple(out)


def environment_of(entity: Entity, rules: Sequence[EnvironmentRule]) -> Environment | None:
    """None for what touches no system: a pull request, a range."""
    if not isinstance(entity, Placed):
        return None
    found = _rule(entity, rules)
    return Environment(found.name, found.cls) if found else UNCLASSIFIED


def _rule(entity: Placed, rules: Sequence[EnvironmentRule]) -> EnvironmentRule | None:
    if isinstance(entity, Run | WorkspaceAct) or (isinstance(entity, Drift) and entity.workspace):
        return rule_for(rules, workspace=entity.workspace, project=entity.project)
    return rule_for(rules, destination=entity.destination, project=entity.project)


def rule_for(
    rules: Sequence[EnvironmentRule], *, workspace: str | None = None, destination: str | None = None, project: str | None = None
) -> EnvironmentRule | None:
    """The first rule that matches a workspace, or a destination (`cluster/namespace`), or the project of either."""
    for rule in rules:
        if _any(rule.workspaces, workspace) or _any(rule.destinations, destination) or _any(rule.projects, project):
            return rule
    return None


def _any(patterns: Iterable[str], name: str | None) -> bool:
    return name is not None and any(fnmatchcase(name, pattern) for pattern in patterns)


def _criticality(environment: Environment) -> int:
    if environment.cls == "prod":
        return 0
    return 1 if environment == UNCLASSIFIED else 2
