"""What the lists answer, against a plain reading of the same changes in Python."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from app.changes import store
from app.changes.document import document
from app.changes.rows import even_edges
from app.db.tables.projection import change_terms
from app.domain.change import Change, Gap, Missing
from app.domain.finding import Finding, Verdict
from app.errors import UsageError
from app.search.fields import CHANGES
from app.search.language import parse
from app.search.period import Period
from app.search.sql import changes_filter
from app.search.tree import EVERYTHING, Query
from sqlalchemy import Connection, event, insert, select

from tests.fixtures.changes import APPS, START, WORKSPACES, change, many, pull_request, put, run, sha

MADE = list(many(120))
WHOLE = Period(START, START + timedelta(days=1))


@pytest.fixture
def filled(connection: Connection) -> Connection:
    put(connection, *MADE)
    return connection


def q(text: str) -> Query:
    return parse(text, CHANGES)


def expected(keep: Callable[[Change], bool]) -> list[int]:
    kept = sorted((c for c in MADE if keep(c)), key=lambda c: (c.at, c.id.bytes), reverse=True)
    return [c.number for c in kept]


def listed(connection: Connection, query: Query, period: Period | None = None) -> list[int]:
    return [row.number for row in store.changes_matching(connection, query, period, limit=500).items]


def in_payments(made: Change) -> bool:
    return any(operation.application == APPS[0] for operation in made.operations)


CASES: list[tuple[str, Callable[[Change], bool]]] = [
    ("", lambda c: True),
    ("env:Production", lambda c: c.environment.name == "production"),
    ("-env:production", lambda c: c.environment.name != "production"),
    ("env:[production,staging]", lambda c: True),
    ("class:[standard,high] verdict:fail", lambda c: c.environment.cls in ("standard", "high") and c.verdict == "fail"),
    ("verdict:not-applicable", lambda c: c.verdict == "not_applicable"),
    ("verdict:not_applicable", lambda c: c.verdict == "not_applicable"),
    ("is:in-progress", lambda c: c.state == "in progress"),
    ("is:incomplete", lambda c: bool(c.gaps)),
    ('gap:"no pull request"', lambda c: bool(c.gaps)),
    ("app:payments-api", lambda c: any(o.application == "payments-api" for o in c.operations)),
    ("app:pay*", lambda c: any(o.application.startswith("pay") for o in c.operations)),
    ("app:*", lambda c: bool(c.operations)),
    ("-app:*", lambda c: not c.operations),
    ("workspace:*eks*", lambda c: any("eks" in r.workspace for r in c.runs)),
    ("workspace:banking_eks*", lambda c: False),
    ("app:payments-api env:production", lambda c: in_payments(c) and c.environment.name == "production"),
    ("author:\"chen wu\"", lambda c: c.people[0].name == "Chen Wu"),
    ("-author:\"Chen Wu\"", lambda c: c.people[0].name != "Chen Wu"),
    ("approver:*okafor", lambda c: c.people[1].name == "Ben Okafor"),
    ("number:40", lambda c: c.number == 40),
    ("number:40..42", lambda c: 40 <= c.number <= 42),
    ("-number:>3", lambda c: c.number <= 3),
    ("env:production number:<50", lambda c: c.environment.name == "production" and c.number < 50),
    ("pr:bank/infra#42", lambda c: any(p.number == 42 for p in c.pull_requests)),
    ("pr:42", lambda c: any(p.number == 42 for p in c.pull_requests)),
    ("-pr:*", lambda c: not c.pull_requests),
    ("run:RUN-42", lambda c: any(r.id == "run-42" for r in c.runs)),
    ("commit:" + sha("head42")[:7], lambda c: c.number == 42),
    ("commit:" + sha("head42"), lambda c: c.number == 42),
    ("source:argocd-prod", lambda c: bool(c.operations)),
    ("control:auth-1/fail", lambda c: c.verdict == "fail"),
    ("control:AUTH-1", lambda c: c.verdict != "not_applicable"),
    ("policy:require-tags", lambda c: bool(c.runs)),
    ("cluster:prod-eu-1 namespace:payments", lambda c: bool(c.operations)),
    ("repo:bank/application-manifests", lambda c: bool(c.operations)),
    ("detector", lambda c: "detector" in c.title),
    ("fraud*", lambda c: "fraud" in c.title),
    ("*tector", lambda c: "tector" in c.title),
    ("-detector", lambda c: "detector" not in c.title),
    ('"Change 42"', lambda c: c.number == 42),
    ("run-42", lambda c: any(r.id == "run-42" for r in c.runs)),
    ("after:2026-09-24T01:00Z before:2026-09-24T02:00Z", lambda c: START + timedelta(hours=1) <= c.at < START + timedelta(hours=2)),
    ("app:payments-api before:2026-09-24T02:00Z", lambda c: in_payments(c) and c.at < START + timedelta(hours=2)),
]  # fmt: skip


@pytest.mark.parametrize(("text", "keep"), CASES, ids=[text or "everything" for text, _ in CASES])
def test_a_query_finds_what_it_says(filled: Connection, text: str, keep: Callable[[Change], bool]) -> None:
    assert listed(filled, q(text)) == expected(keep)
    assert store.count_matching(filled, q(text)) == len(expected(keep))


def test_the_period_is_half_open(filled: Connection) -> None:
    inside = Period(MADE[3].at, MADE[9].at)
    assert listed(filled, EVERYTHING, inside) == expected(lambda c: MADE[3].at <= c.at < MADE[9].at)
    assert store.count_matching(filled, q("env:production"), inside) == len(listed(filled, q("env:production"), inside))


@pytest.mark.parametrize("text", ["", "env:production", "env:production detector"])
def test_pages_meet_without_overlap_in_both_directions(filled: Connection, text: str) -> None:
    pages, cursor = [], None
    while True:
        page = store.changes_matching(filled, q(text), None, cursor, limit=7)
        pages.append(page)
        cursor = page.older
        if cursor is None:
            break
    numbers = [row.number for page in pages for row in page.items]
    assert numbers == listed(filled, q(text))
    assert pages[0].newer is None
    back = store.changes_matching(filled, q(text), None, pages[-1].newer, limit=7)
    assert [row.number for row in back.items] == [row.number for row in pages[-2].items]
    first = store.changes_matching(filled, q(text), None, pages[1].newer, limit=7)
    assert (first.items, first.newer) == (pages[0].items, None)
    assert store.changes_matching(filled, q(text), None, first.older, limit=7).items == pages[1].items


@pytest.mark.parametrize(
    "text",
    ["", "workspace:*", "-author:a*", "env:production -verdict:pass", "app:[payments-api,fraud-detector]", "detector -env:x"],
)
def test_a_page_is_the_same_however_many_are_known_to_match(filled: Connection, text: str) -> None:
    few = store.changes_matching(filled, q(text), None, limit=20)
    assert few == store.changes_matching(filled, q(text), None, limit=20, total=store.MANY)
    assert few.items
    newest = store.extent(filled, q(text), None, 7)
    assert newest == (few.items[6].at, few.items[0].at)
    assert newest == store.extent(filled, q(text), None, 7, total=10**9)


def test_rows_that_come_later_never_move_a_page(filled: Connection) -> None:
    page = store.changes_matching(filled, EVERYTHING, None, limit=10)
    put(filled, change(9000, at=datetime(2026, 12, 1, tzinfo=UTC)))
    assert store.changes_matching(filled, EVERYTHING, None, page.older, limit=1).items[0].number == expected(lambda c: True)[10]
    assert (
        store.newer_than(filled, EVERYTHING, None, str(store.changes_matching(filled, EVERYTHING, None, page.older, 1).newer)) == 11
    )


def test_a_foreign_cursor_is_refused(filled: Connection) -> None:
    with pytest.raises(UsageError, match="cursor"):
        store.changes_matching(filled, EVERYTHING, None, "garbage")


def test_a_page_is_one_statement(filled: Connection) -> None:
    statements: list[str] = []
    listen = lambda conn, cursor, statement, *rest: statements.append(statement)  # noqa: E731 -- one event's listener
    event.listen(filled, "before_cursor_execute", listen)
    store.changes_matching(filled, q("env:production detector"), WHOLE)
    assert len(statements) == 1
    store.items_matching(filled, q("app:payments-api"), WHOLE)
    assert len(statements) == 2
    store.facets(filled, q("env:production"), WHOLE)
    assert len(statements) == 4
    event.remove(filled, "before_cursor_execute", listen)


def test_items_are_the_same_page(filled: Connection) -> None:
    items = store.items_matching(filled, q("env:production"), None, limit=20)
    rows = store.changes_matching(filled, q("env:production"), None, limit=20)
    assert [item["number"] for item in items.items] == [row.number for row in rows.items]
    assert items.older == rows.older


@pytest.mark.parametrize("text", ["", "env:production", "env:production detector", "after:2026-09-24T01:00Z"])
def test_density_counts_each_change_once(filled: Connection, text: str) -> None:
    bins = store.density(filled, q(text), WHOLE, even_edges(*WHOLE, 24))
    assert len(bins) == 24
    assert sum(sum(bin_.counts.values()) for bin_ in bins) == store.count_matching(filled, q(text), WHOLE)
    numbers = set(listed(filled, q(text), WHOLE))
    for bin_ in bins:
        inside = [c for c in MADE if c.number in numbers and bin_.start <= c.at < bin_.end]
        assert bin_.counts == {str(v): n for v in Verdict if (n := sum(c.verdict is v for c in inside))}


def test_facets_count_what_is_listed_and_keep_the_spelling(filled: Connection) -> None:
    found = {facet.name: facet for facet in store.facets(filled, q("env:production"), WHOLE, top=3)}
    kept = [c for c in MADE if c.environment.name == "production"]
    authors = {v.label: v.count for v in found["author"].values}
    assert authors == {name: n for name, n in authors.items() if n == sum(c.people[0].name == name for c in kept)}
    assert len(authors) == 3
    assert found["author"].more == 1
    assert "Chen Wu" in {v.label for f in store.facets(filled, EVERYTHING) if f.name == "author" for v in f.values}
    assert sum(v.count for v in found["verdict"].values) <= len(kept)
    assert {v.key for v in found["where"].values} <= {"app", "workspace"}
    gaps = {(v.key, v.value): v.count for v in found["gap"].values}
    assert gaps["gap", "no pull request"] == sum(bool(c.gaps) for c in kept)
    assert gaps["is", "complete"] == len(kept) - sum(bool(c.gaps) for c in kept)
    for facet in found.values():
        for value in facet.values:
            text = f'env:production {value.key}:"{value.value}"'
            assert store.count_matching(filled, q(text), WHOLE) == value.count


def test_facets_of_nothing(connection: Connection) -> None:
    assert [(facet.values, facet.more) for facet in store.facets(connection, EVERYTHING)] == [((), 0)] * len(store.FACETS)
    assert store.extent(connection, EVERYTHING) is None
    assert store.changes_matching(connection, EVERYTHING).items == ()


def test_one_change_is_found_by_id_and_by_number(filled: Connection) -> None:
    whole = store.change_by_number(filled, 42)
    assert whole is not None
    assert whole == store.change_by_id(filled, whole.row.id)
    told = document(MADE[41])
    assert (whole.item, whole.story, whole.digest, whole.row.chain) == (told.item, told.story, told.digest, told.chain)
    assert store.change_by_number(filled, 10**30) is None
    assert store.change_by_number(filled, 9_999) is None


def test_hostile_text_is_kept_and_found(connection: Connection) -> None:
    nasty = "=cmd|'/c calc'!A1 <script>\x00 100% _x_ \\ “é” \ud800"
    long = "x" * 100_000
    put(
        connection,
        change(1, title=nasty, findings=(Finding("A-1", Verdict.FAIL, nasty),), gaps=(Gap(nasty, nasty, Missing.ABSENT),)),
        change(2, title=long, runs=(run("r" * 5000, workspace=long),), pull_requests=(pull_request(1, title=nasty),)),
    )
    assert listed(connection, q('app:"%" _x_')) == []
    assert listed(connection, q("_x_*")) == [1]
    assert listed(connection, q("script")) == [1]
    assert listed(connection, q(f"workspace:{'x' * 700}")) == [2]
    assert listed(connection, q("workspace:*")) == [2]


def test_a_commit_prefix_is_looked_up_in_its_index(filled: Connection) -> None:
    rows = [{"key": "commit", "value": sha(f"c{i}"), "change": MADE[i % 120].id, "at": MADE[i % 120].at} for i in range(20_000)]
    filled.execute(insert(change_terms), rows)
    filled.exec_driver_sql("ANALYZE change_terms, changes")  # whatever an autovacuum saw of them while they were empty
    found = changes_filter(q("commit:" + sha("c7")[:9]), None)
    asked = select(found.id).select_from(found.rows).where(*found.where)
    plan = filled.exec_driver_sql("EXPLAIN " + str(asked.compile(filled, compile_kwargs={"literal_binds": True})))
    assert "change_terms_by_prefix" in "\n".join(row[0] for row in plan)
    assert 1 <= len(listed(filled, q("commit:" + sha("c7")[:9]))) <= 2


def test_every_workspace_is_found(filled: Connection) -> None:
    assert set(listed(filled, q("workspace:*"))) == {n for w in WORKSPACES for n in listed(filled, q(f"workspace:{w}"))}
