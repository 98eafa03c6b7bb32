"""The raw stream: the same language, over the ledger's own columns."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from app.changes import store
from app.domain.event import Event, How, Keys, Step
from app.domain.ref import Ref
from app.search.fields import EVENTS
from app.search.language import parse
from app.search.period import Period
from app.search.tree import EVERYTHING, Query
from sqlalchemy import Connection

from tests.fixtures.changes import START, append, change, event, put, sha

MADE = [
    event(i) if i % 3 else replace(
        event(i), source="argocd-prod", kind="argocd", type="operation", step=Step.SYNCED, status="Succeeded", actor=None,
        known=i % 2 == 0, how=How.RECONSTRUCTED, ref=Ref("application", f"uid-{i}", "Payments-API"),
        keys=Keys(application="Payments-API", commits=(sha("shared"), sha(i))),
    )
    for i in range(40)
]  # fmt: skip
ARGO = [e for e in MADE if e.kind == "argocd"]


@pytest.fixture
def filled(connection: Connection) -> Connection:
    append(connection, *MADE)
    return connection


def q(text: str) -> Query:
    return parse(text, EVENTS)


CASES: list[tuple[str, Callable[[Event], bool]]] = [
    ("", lambda e: True),
    ("source:argocd-prod", lambda e: e.kind == "argocd"),
    ("-source:ARGOCD-prod", lambda e: e.kind != "argocd"),
    ("app:payments-api", lambda e: e.kind == "argocd"),
    ("app:pay*", lambda e: e.kind == "argocd"),
    ("app:nothing", lambda e: False),
    ("-app:*", lambda e: e.kind != "argocd"),
    ("workspace:*eks*", lambda e: e.keys.workspace is not None and "eks" in e.keys.workspace),
    ("-workspace:banking-eks-production", lambda e: e.keys.workspace != "banking-eks-production"),
    ("repo:Bank/Infra", lambda e: e.keys.repository is not None),
    ("pr:7", lambda e: e.keys.pull_request == 7),
    ("pr:bank/infra#7", lambda e: e.keys.pull_request == 7),
    ("pr:other/infra#7", lambda e: False),
    ("-pr:*", lambda e: e.keys.pull_request is None),
    ("commit:" + sha("shared")[:6], lambda e: e.kind == "argocd"),
    ("commit:" + sha("shared"), lambda e: e.kind == "argocd"),
    ("-commit:" + sha(7), lambda e: sha(7) not in e.keys.commits),
    ("run:run-7", lambda e: e.keys.run == "run-7"),
    ("run:run-*", lambda e: e.keys.run is not None),
    ('actor:"chen wu"', lambda e: e.actor is not None and e.actor.name == "Chen Wu"),
    ("actor:user-1", lambda e: e.actor is not None and e.actor.id == "user-1"),
    ("-actor:user-1", lambda e: e.actor is None or e.actor.id != "user-1"),
    ("type:operation step:synced status:succeeded", lambda e: e.kind == "argocd"),
    ("is:unknown", lambda e: not e.known),
    ("-is:unknown", lambda e: e.known),
    ("is:reconstructed", lambda e: e.how is How.RECONSTRUCTED),
    ("payments", lambda e: e.kind == "argocd"),
    ("-payments", lambda e: e.kind != "argocd"),
    ('"pay*"', lambda e: False),
    ("seq:3..5", lambda e: MADE.index(e) in (3, 4, 5)),
    ("after:2026-09-24T00:10Z before:2026-09-24T00:12Z", lambda e: e in MADE[10:12]),
]


@pytest.mark.parametrize(("text", "keep"), CASES, ids=[text or "everything" for text, _ in CASES])
def test_a_query_finds_what_it_says(filled: Connection, text: str, keep: Callable[[Event], bool]) -> None:
    wanted = [e.id for e in reversed(MADE) if keep(e)]
    assert [row.id for row in store.events_matching(filled, q(text), limit=500).items] == wanted
    assert store.count_events(filled, q(text)) == len(wanted)


def test_pages_meet_without_overlap(filled: Connection) -> None:
    first = store.events_matching(filled, EVERYTHING, None, limit=15)
    second = store.events_matching(filled, EVERYTHING, None, first.older, limit=15)
    third = store.events_matching(filled, EVERYTHING, None, second.older, limit=15)
    assert [row.seq for page in (first, second, third) for row in page.items] == list(range(39, -1, -1))
    assert third.older is None
    assert store.events_matching(filled, EVERYTHING, None, third.newer, limit=15).items == second.items


def test_the_period_is_half_open(filled: Connection) -> None:
    inside = Period(START + timedelta(minutes=5), START + timedelta(minutes=8))
    assert [row.seq for row in store.events_matching(filled, EVERYTHING, inside).items] == [7, 6, 5]


def test_a_row_is_the_event_with_its_leaf(filled: Connection) -> None:
    row = next(row for row in store.events_matching(filled, q("seq:7")).items)
    assert (row.id, row.commits, row.leaf_hash is not None) == (MADE[7].id, (sha(7),), True)
    (item,) = store.event_items_matching(filled, q("seq:7")).items
    assert item["facts"] == {"title": "Run 7"}
    assert item["subject"]["type"] == "run"
    assert item["actor"] == {"name": "Dara Novak", "person": None, "source": "tfe-prod", "id": "user-3"}
    assert item["occurred_at"] == "2026-09-24T00:07:00Z"
    assert (item["change"], item["leaf_hash"]) == (None, row.leaf_hash)
    (nobody,) = store.event_items_matching(filled, q("seq:0")).items
    assert nobody["actor"] is None


def test_events_and_changes_know_each_other(filled: Connection) -> None:
    mine, other = change(4391), change(4392)
    put(filled, mine, other, events=[(7, mine.id), (9, mine.id), (8, other.id)])
    assert [row.seq for row in store.events_of_change(filled, mine.id)] == [7, 9]
    found = store.changes_of_events(filled, [7, 8, 10])
    assert {seq: of.number for seq, of in found.items()} == {7: 4391, 8: 4392}
    assert [row.seq for row in store.events_matching(filled, q("change:4391")).items] == [9, 7]
    (item,) = store.event_items_matching(filled, q("seq:9")).items
    assert item["change"] == str(mine.id)
    assert store.event_facts(filled, [7])[7]["facts"] == {"title": "Run 7"}


def test_argo_events_are_there() -> None:
    assert len(ARGO) == 14
