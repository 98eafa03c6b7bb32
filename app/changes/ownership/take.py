"""Ownership's part of a batch: what its runs made, what its plans left as it was, which objects its applications manage."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from app.changes.ownership import store
from app.domain.change import UNCLASSIFIED, Application, Entity, EnvironmentRule, Run
from app.domain.event import Entry, Event
from app.domain.resource import NamedObject, ResourceChange
from app.linking.environment import environment_of
from app.linking.fold_resources import named_object

Row = dict[str, Any]
STAYS = {"create", "replace", "create and forget", "update", "import", "move"}
GOES = {"delete", "forget"}


def take(
    connection: Connection,
    entries: Sequence[Entry],
    entity: Callable[[str], Entity | None],
    rules: Sequence[EnvironmentRule],
) -> None:
    """`entity` folds a key. Whatever the batches were, the tables come out the same."""
    events = [entry.event for entry in entries]
    runs = sorted({(event.source, event.keys.run) for event in events if event.keys.run})
    folded = {key: found for key in runs if isinstance(found := entity(f"run:{key[0]}:{key[1]}"), Run)}
    store.set_made(connection, runs, [row for run in folded.values() for row in _made(run, rules)])
    plans = [event for event in events if event.type == "plan-resources" and event.status == "listed"]
    held = [row for event in plans if (run := folded.get((event.source, str(event.keys.run)))) for row in _held(event, run, rules)]
    store.keep_held(connection, held)
    touched = sorted({f"app:{e.source}:{e.ref.id.partition('/')[0]}" for e in events if e.type in ("application", "managed")})
    standing = [one for key in touched if isinstance(one := entity(key), Application)]
    managed = [row for one in standing for row in _managed(one, rules)]
    store.set_managed(connection, [(one.source, one.uid) for one in standing], managed)


def _made(run: Run, rules: Sequence[EnvironmentRule]) -> list[Row]:
    """Of a run that was applied whole; of one whose apply failed only what its log tells to be complete."""
    if run.acted_at is None or run.proposes_only:
        return []
    done = {one.address for one in run.apply_resources or () if one.result == "complete"}
    rows = {}
    for one in run.resources or ():
        if run.applied_at is None and one.address not in done:
            continue
        for named, gone in _stands(one):
            if row := _row(named, _environment(run, rules)):
                more = {"source": run.source, "run": run.id, "address": one.address, "gone": gone, "workspace": run.workspace}
                rows[one.address, gone] = row | more | {"at": run.acted_at}
    return list(rows.values())


def _stands(one: ResourceChange) -> Iterator[tuple[NamedObject | None, bool]]:
    if one.mode == "managed" and one.action in STAYS:
        yield one.object, False
    elif one.mode == "managed" and one.action in GOES:
        yield one.object, True


def _held(event: Event, run: Run, rules: Sequence[EnvironmentRule]) -> Iterator[Row]:
    listed = event.facts.get("holds")
    for one in listed if isinstance(listed, list | tuple) else ():
        address = one.get("address") if isinstance(one, Mapping) else None
        row = _row(named_object(one.get("object")), _environment(run, rules)) if isinstance(address, str) else None
        if row:
            side = {"source": run.source, "workspace": run.workspace, "address": address, "run": run.id}
            yield row | side | {"at": event.occurred_at}


def _managed(one: Application, rules: Sequence[EnvironmentRule]) -> list[Row]:
    if one.gone:
        return []
    more = {"source": one.source, "uid": one.uid, "application": one.application, "project": one.project or ""}
    more |= {"destination": one.destination or ""}
    rows = {}
    for each in one.objects or ():
        named = NamedObject(system="kubernetes", group=each.group, kind=each.kind, namespace=each.namespace, name=each.name)
        if row := _row(named, _environment(one, rules)):
            rows[row["token"]] = row | more
    return list(rows.values())


def _environment(of: Run | Application, rules: Sequence[EnvironmentRule]) -> str:
    found = environment_of(of, rules)
    return found.name if found and found != UNCLASSIFIED else ""


def _row(named: NamedObject | None, environment: str) -> Row | None:
    """None for what is no object of a cluster, or has no name that is known."""
    if named is None or named.system != "kubernetes" or not named.kind or not named.name:
        return None
    group, namespace = named.group or "", named.namespace or ""
    return {
        "token": f"{group}/{named.kind.lower()}/{namespace}/{named.name}",
        "api_group": group,
        "kind": named.kind,
        "namespace": namespace,
        "name": named.name,
        "environment": environment,
    }
