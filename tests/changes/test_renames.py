"""A repository that is renamed in the middle of its story: one pull request stays one change, however the ledger was read."""

import random
from datetime import timedelta

import pytest
from app.changes.project import Rules, catch_up, digest, rebuild
from app.db.session import transaction
from app.domain.event import Event
from app.ledger import store as ledger
from sqlalchemy import Engine, text

from tests.linking.build import at, base, named, pull, push, review, run, sha, span
from tests.linking.build import human as person
from tests.linking.world import RULES

OLD, NEW = "bank/infra", "bank/platform"


def story() -> list[Event]:
    """Opened and reviewed under the old name, merged under the new; Terraform Enterprise goes on with the old."""
    opened, merged = pull(7)
    _, later = pull(7, repository=NEW)
    events = [named(1, OLD), opened, review(7, person("eve"), 10), named(15, NEW, OLD), later]
    assert merged.id == later.id
    events += run(commit=sha("merge7"))
    events.append(base(previous=sha("a"), paths=[""]))
    events.append(push(sha("x"), repository=NEW, minutes=21))
    ranged = span(sha("merge7"), sha("a"), [sha("x"), sha("merge7")])
    return [*events, ranged, push(sha("y"), minutes=12)]


def append(engine: Engine, events: list[Event]) -> None:
    with transaction(engine) as connection:
        ledger.append(connection, events, at(0) + timedelta(days=2))


def changes(engine: Engine) -> dict[str, list[str]]:
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT root, item->'runs' AS runs FROM changes"))
        return {row.root: [one["id"] for one in row.runs] for row in rows}


def found(engine: Engine, key: str, value: str) -> int:
    with engine.connect() as connection:
        statement = text("SELECT count(*) FROM change_terms WHERE key = :key AND value = :value")
        return int(connection.execute(statement, {"key": key, "value": value}).scalar_one())


def test_one_pull_request_stays_one_change_under_the_present_name(engine: Engine) -> None:
    append(engine, story())
    catch_up(engine, Rules(RULES))
    assert changes(engine) == {
        f"pr:github:{NEW}#7": ["run-1"],
        f"push:github:{NEW}@{sha('x')}": ["run-1"],
        f"push:github:{NEW}@{sha('y')}": [],
    }
    assert found(engine, "pr", f"{OLD}#7") == found(engine, "pr", f"{NEW}#7") == 1
    assert found(engine, "repo", OLD) == found(engine, "repo", NEW) == 3


@pytest.mark.parametrize("seed", range(3))
def test_it_does_not_matter_when_the_rename_was_read(engine: Engine, seed: int) -> None:
    """Leaf by leaf, in any order, and at once: the same bytes."""
    events = story()
    random.Random(seed).shuffle(events)
    for event in events:
        append(engine, [event])
        catch_up(engine, Rules(RULES))
    here = digest(engine)
    assert here == rebuild(engine, Rules(RULES)) == rebuild(engine, Rules(RULES), batch=2)
    assert f"pr:github:{NEW}#7" in changes(engine)
    assert f"pr:github:{OLD}#7" not in changes(engine)
