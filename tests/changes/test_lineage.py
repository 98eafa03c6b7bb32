"""Lineage in the projection: every cut into batches gives the same tables, a look counts when it is whole, what is gone is gone."""

from dataclasses import replace
from typing import Any

import pytest
from app.canonical import stable_id
from app.changes.lineage import store
from app.changes.project import Rules, catch_up, rebuild
from app.db.session import transaction
from app.domain.event import Event, Step
from app.domain.lineage import Look
from app.ledger import store as ledger
from sqlalchemy import Engine

from tests.linking import build
from tests.web.lineage_world import PATH, asked, lineage, planned

RULES = Rules()


def parts(app: str, minutes: float, keys: list[str], **more: Any) -> list[Event]:
    """One look, told in as many parts as it has keys; the ExternalSecret stands in the first."""
    whole = asked(app, minutes, keys, **more)
    lists = ("stores", "externals", "workloads", "uses")
    out = []
    for n in range(len(keys)):
        facts = {**whole.facts, "part": n, "parts": len(keys), "refs": [whole.facts["refs"][n]]}
        facts |= {} if n == 0 else {name: [] for name in lists}
        out.append(replace(whole, id=stable_id(app, str(minutes), str(n)), facts=facts))
    return out


def unavailable(app: str, minutes: float, because: str) -> Event:
    one = asked(app, minutes, [PATH], read=0)
    facts = {"because": because, "part": 0, "parts": 1}
    return replace(one, id=stable_id(app, str(minutes), because), status="unavailable", facts=facts)


def deleted(app: str, minutes: float) -> Event:
    keys = build.Keys(application=app)
    return build.event("argocd", "application", f"uid-of-{app}", "deleted", Step.NOTED, minutes, keys)


def story() -> list[Event]:
    return [
        *build.run("run-1", created=0, applied=10, workspace="db"),
        planned("run-1", 5, [PATH, "/second"], workspace="db"),
        asked("api", 20, [PATH], read=-5),
        planned("run-2", 25, [], workspace="db", held=(PATH, "/second")),
        *parts("api", 30, [PATH, "/second", "/third"], read=25),
        unavailable("api", 40, "frozen"),
        unavailable("api", 45, "too old"),
        asked("gone", 50, [PATH], read=25),
        deleted("gone", 60),
        *build.run("run-3", created=70, applied=80, workspace="db"),
        planned("run-3", 75, [PATH], workspace="db"),
        planned("run-0", 2, [], workspace="db", held=(PATH,)),
    ]


def append(engine: Engine, events: list[Event]) -> None:
    with transaction(engine) as connection:
        ledger.append(connection, events, build.at(100))


def looks(engine: Engine) -> list[Look]:
    with transaction(engine) as connection:
        return store.looks(connection)


def test_every_cut_into_batches_gives_the_same_tables(engine: Engine) -> None:
    append(engine, [*story(), *lineage(["/odd", "\x00"])])
    digests = {rebuild(engine, RULES, batch=size) for size in (1, 2, 3, 5, 1000)}
    assert len(digests) == 1
    with transaction(engine) as connection:
        assert [one.run for one in store.writes(connection) if one.held and one.path == PATH and one.workspace == "db"] == ["run-2"]
        assert {one.run for one in store.writes(connection) if not one.held and one.workspace == "db"} == {"run-1", "run-3"}


def test_what_grows_leaf_by_leaf_is_what_a_rebuild_makes(engine: Engine) -> None:
    for event in story():
        append(engine, [event])
        catch_up(engine, RULES)
    grown = looks(engine)
    with transaction(engine) as connection:
        lines = list(store.lines_of_all(connection))
    rebuild(engine, RULES)
    assert looks(engine) == grown
    with transaction(engine) as connection:
        assert list(store.lines_of_all(connection)) == lines


def test_a_look_counts_when_its_last_part_is_there(engine: Engine) -> None:
    first, (one, two) = asked("api", 20, [PATH], read=-5), parts("api", 30, ["/a", "/b"], read=25)
    append(engine, [first, one])
    catch_up(engine, RULES)
    assert [ask.key for look in looks(engine) for ask in look.externals[0].asks] == [PATH]
    append(engine, [two])
    catch_up(engine, RULES)
    assert [ask.key for look in looks(engine) for ask in look.externals[0].asks] == ["/a", "/b"]


def test_what_could_not_be_looked_at_since_is_said_with_the_first_time_and_the_last_reason(engine: Engine) -> None:
    append(engine, story())
    catch_up(engine, RULES)
    (look,) = looks(engine)
    assert (look.application, look.unread_because, look.unread_since) == ("api", "too old", build.at(41))
    with transaction(engine) as connection:
        assert store.unread(connection) == [("argocd", "api", "too old")]
    append(engine, [asked("api", 90, [PATH], read=85)])
    catch_up(engine, RULES)
    assert [one.unread_because for one in looks(engine)] == [""]


def test_what_is_read_again_is_told_once(engine: Engine) -> None:
    append(engine, story())
    catch_up(engine, RULES)
    append(engine, story())
    assert catch_up(engine, RULES) == 0


HOSTILE: list[Any] = [None, [], {}, 7, "x", [None], [{"name": 3}], [{"name": "x", "kind": []}], [["x"]]]


@pytest.mark.parametrize("odd", HOSTILE)
def test_facts_of_a_strange_shape_break_nothing(engine: Engine, odd: Any) -> None:
    one = asked("api", 20, [PATH], read=-5)
    names = ("stores", "externals", "refs", "workloads", "uses", "look", "compared_at")
    plan = planned("run-1", 5, [PATH], workspace="db")
    events = [replace(one, id=stable_id("odd", name), facts={**one.facts, name: odd}) for name in names]
    events += [replace(plan, id=stable_id("odd", name), facts={**plan.facts, name: odd}) for name in ("resources", "holds")]
    append(engine, [*build.run("run-1", created=0, applied=10, workspace="db"), *events])
    rebuild(engine, RULES)
    with transaction(engine) as connection:
        store.every(connection)
