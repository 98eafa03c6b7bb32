"""The drift ledger as it is stored: any cut of the ledger into batches gives the same rows, and lists answer as they say."""

import random
from datetime import timedelta

import pytest
from app.changes.drift import store
from app.changes.project import Rules, catch_up, digest, rebuild
from app.db.session import transaction
from app.domain.change import EnvironmentRule
from app.domain.drift import Cause, Ended, Layer, State
from app.domain.event import Event
from app.domain.limits import DriftLimit
from app.ledger import store as ledger
from app.search.fields import DRIFT
from app.search.language import parse
from app.search.period import Period
from app.search.tree import EVERYTHING
from sqlalchemy import Engine, text

from tests.drift import build
from tests.drift.build import (
    CONFIG,
    DEPLOYMENT,
    NEW,
    assessment,
    at,
    change,
    comparison,
    differing,
    gap,
    manager,
    operation,
    plan,
)

RENAMED = "banking-data-production"
HOUR = timedelta(hours=1)
RULES = Rules(
    (EnvironmentRule("production", "prod", ("*-production",), ("prod-*/*",)),),
    limits=(DriftLimit("production", HOUR), DriftLimit("prod", 3 * HOUR, 24 * HOUR)),
)


def story() -> list[Event]:
    """A hand edit that stands, one that was healed, a commit that waits, a blind hour, a workspace that is given another name."""
    edit = comparison(10, DEPLOYMENT, change(by=["kubectl-edit"]), managers=[manager("kubectl-edit", 9)], target=False, live=True)
    renamed = build.of_workspace(
        "workspace",
        "changed",
        60,
        "ws-1",
        workspace="banking-data-production",
        changed={"name": [build.WS, "banking-data-production"]},
    )
    late = build.of_workspace(
        "run", "applied", 90, "run-3", "run-3", workspace="banking-data-production", run_kind="plan_and_apply"
    )
    return [
        differing(0),
        differing(10, DEPLOYMENT, after=9),
        edit,
        gap(20, after=19),
        plan(1, "run-1"),
        plan(30, "run-2", ("aws_db_instance.main", "update", ("engine_version",))),
        assessment(40, "drifted", 2, "asmtres-40"),
        gap(20, until=80),
        operation(30, 31, "self-heal", CONFIG),
        differing(81, DEPLOYMENT, CONFIG, after=80, compared=NEW),
        comparison(81, CONFIG, change("data.rate"), target=True, live=False, compared=NEW),
        renamed,
        late,
        operation(95, 96, "automated", revision=NEW),
        differing(97, DEPLOYMENT, after=95, compared=NEW, deployed=NEW, operation=f"{build.UID}/{build.iso(95)}"),
        build.of_workspace("run", "applied", 100, "run-4", "run-4", run_kind="plan_and_apply"),  # the old name is another's now
    ]


def append(engine: Engine, events: list[Event]) -> None:
    with transaction(engine) as connection:
        ledger.append(connection, events, at(5000))


@pytest.fixture
def filled(engine: Engine) -> Engine:
    append(engine, story())
    catch_up(engine, RULES)
    return engine


def found(engine: Engine, query: str = "", minutes: float = 200, period: Period | None = None) -> list[str]:
    with engine.connect() as connection:
        asked, now = parse(query, DRIFT), at(minutes)
        page = store.episodes_matching(connection, asked, period, now, limit=100)
        assert store.count_episodes(connection, asked, period, now) == len(page.items)
        return sorted(row.object or "counted" for row in page.items)


def test_every_cut_into_batches_and_growth_leaf_by_leaf_give_one_digest(engine: Engine) -> None:
    for event in story():
        append(engine, [event])
        catch_up(engine, RULES)
    grown = digest(engine)
    assert grown == rebuild(engine, RULES, batch=1) == rebuild(engine, RULES, batch=3) == rebuild(engine, RULES, batch=17)
    assert grown == rebuild(engine, RULES)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM episodes")).scalar_one() == 5


def test_the_digest_covers_what_is_said_of_drift(filled: Engine) -> None:
    before = digest(filled)
    for statement in (
        "UPDATE episodes SET told = jsonb_set(told, '{because}', '\"nothing\"')",
        "UPDATE blind_spots SET because = 'x'",
        "UPDATE drift_state SET standing = 'as declared'",
    ):
        with transaction(filled) as connection:
            connection.execute(text(statement))
        assert digest(filled) != before
        assert rebuild(filled, RULES) == before


def test_rows_are_whole(filled: Engine) -> None:
    with filled.connect() as connection:
        page = store.episodes_matching(connection, EVERYTHING, None, at(200))
        by_name = {row.object: row for row in page.items}
        edit, config = by_name["Deployment/payments-api"], next(r for r in page.items if r.of.ended_by is Ended.AUTOMATED_SYNC)
        assert (edit.of.state, edit.of.cause, edit.environment, edit.limit) == (State.OPEN, Cause.LIVE_EDIT, "production", HOUR)
        assert (edit.stood(at(200)).seconds, edit.stood(at(200)).over) == (190 * 60, True)
        assert (config.of.cause, config.limit, config.of.is_drift) == (Cause.PENDING_COMMIT, None, False)
        resource = by_name["aws_db_instance.main"]
        assert (resource.of.workspace, resource.of.ended_by, resource.limit) == (RENAMED, Ended.RUN, 24 * HOUR)
        counted = by_name[""]
        assert (counted.of.layer, counted.of.size, counted.of.workspace) == (Layer.TERRAFORM, 2, build.WS)
        blind = store.blind_during(connection, [edit])[edit.id]
        assert [(one.since_before, one.ended_at) for one in blind] == [(at(20), at(80))]
        assert store.episode_by_id(connection, edit.id) == edit
        assert {one.seq for one in store.events_of(connection, edit)} == set(edit.of.seqs)
        assert store.counted(connection).standing == {"differs": 2, "never compared": 1}


@pytest.mark.parametrize(
    ("query", "objects"),
    [
        ("is:open", ["Deployment/payments-api", "counted"]),
        ("is:unknown", []),
        ("is:drift", ["ConfigMap/payments-api-config", "Deployment/payments-api", "aws_db_instance.main", "counted"]),
        ("is:not-drift", ["ConfigMap/payments-api-config"]),
        ("is:over-limit", ["Deployment/payments-api"]),
        ("is:within-limit", ["ConfigMap/payments-api-config", "aws_db_instance.main", "counted"]),
        ("cause:live-edit", ["Deployment/payments-api", "aws_db_instance.main"]),
        ("ended:self-heal", ["ConfigMap/payments-api-config"]),
        ('ended:"terraform run"', ["aws_db_instance.main"]),
        ("manager:kubectl-*", ["Deployment/payments-api"]),
        ("actor:kubectl-edit", ["Deployment/payments-api"]),
        ("resource:ConfigMap", ["ConfigMap/payments-api-config", "ConfigMap/payments-api-config"]),
        ("resource:aws_db_instance.*", ["aws_db_instance.main"]),
        ("layer:terraform", ["aws_db_instance.main", "counted"]),
        ("workspace:banking-data-*", ["aws_db_instance.main"]),
        ("cluster:prod-eu -resource:ConfigMap", ["Deployment/payments-api"]),
        ("namespace:payments source:argocd-prod is:open", ["Deployment/payments-api"]),
        ("class:prod env:production -app:payments-api", ["aws_db_instance.main", "counted"]),
        ("payments", ["ConfigMap/payments-api-config", "ConfigMap/payments-api-config", "Deployment/payments-api"]),
        ("person:*", []),
        ("change:1", []),
        (f"after:{at(98).isoformat()[:19]}Z", ["Deployment/payments-api", "counted"]),
        (f"before:{at(25).isoformat()[:19]}Z", ["Deployment/payments-api"]),
    ],
)
def test_a_search_finds_what_it_says(filled: Engine, query: str, objects: list[str]) -> None:
    assert found(filled, query) == objects


def test_over_and_within_the_limit_say_in_sql_what_a_row_says(filled: Engine) -> None:
    for minutes in (100, 130, 5000):
        with filled.connect() as connection:
            rows = store.episodes_matching(connection, EVERYTHING, None, at(minutes)).items
            for word, over in (("over-limit", True), ("within-limit", False)):
                page = store.episodes_matching(connection, parse(f"is:{word}", DRIFT), None, at(minutes))
                assert {row.id for row in page.items} == {row.id for row in rows if row.stood(at(minutes)).over is over}


def test_pages_go_on_where_they_ended(filled: Engine) -> None:
    with filled.connect() as connection:
        whole = store.episodes_matching(connection, EVERYTHING, None, at(200)).items
        cursor, seen = None, []
        while True:
            page = store.episodes_matching(connection, EVERYTHING, None, at(200), cursor, limit=2)
            seen += page.items
            if not (cursor := page.older):
                break
        assert seen == list(whole) == sorted(whole, key=lambda row: (row.of.onset_before, row.id), reverse=True)


def test_exposure_counts_overlaps_once_and_what_nobody_could_tell_apart(filled: Engine) -> None:
    with filled.connect() as connection:
        (first, *_) = store.exposure(connection, parse("app:payments-api", DRIFT), Period(at(0), at(120)), at(5000))
        assert (first.name, first.seconds, first.beyond, first.unknown) == ("payments-api", 110 * 60, 50 * 60, 0)
        half = store.exposure(connection, parse("resource:Deployment/payments-api", DRIFT), Period(at(60), at(90)), at(5000))
        assert [(one.intervals, one.seconds) for one in half] == [(((at(60), at(90)),), 30 * 60)]


def test_random_orders_of_two_subjects_keep_each_its_own(engine: Engine) -> None:
    """Subjects do not know of one another: however their events are interleaved, each tells the same."""
    events, seen = story(), set()
    apps, spaces = [e for e in events if e.kind == "argocd"], [e for e in events if e.kind == "tfe"]
    for seed in range(3):
        chance, mixed, one, other = random.Random(seed), list[Event](), list(apps), list(spaces)
        while one or other:
            mixed.append((one if one and (not other or chance.random() < 0.5) else other).pop(0))
        told = build.told(mixed)[0]
        seen.add(tuple(sorted((key, e.state, e.cause, e.ended_by, e.ended_at) for key, e in told.items() if e.application)))
    assert len(seen) == 1
    append(engine, apps)
    catch_up(engine, RULES)
    with engine.connect() as connection:
        stored = store.episodes_matching(connection, EVERYTHING, None, at(200), limit=100).items
        assert {row.of.key for row in stored} == {key for key, *_ in seen.pop()}
