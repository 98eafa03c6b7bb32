"""Years back: newest first, within a share of the limits, resumable after any page, and walked again for what disappeared."""

from datetime import UTC, datetime, timedelta

import pytest
from app.demo.fakes.tfe_state import RunState
from app.errors import Missing, ServerFailed, Throttled
from app.sources.tfe.pace import BACKFILL, LIVE, WHOLE, Lists, Spent

from tests.sources.harness import events_of, run_pass, run_until_error
from tests.sources.tfe.conftest import Bench, told

LISTS = "/organizations/bank-platform/runs"


@pytest.fixture
def aged(bench: Bench) -> Bench:
    """A workspace of 2022, so that there are years to read."""
    bench.workspace.created_at = datetime(2022, 5, 1, tzinfo=UTC)
    return bench


def years(bench: Bench, each: int = 3) -> list[RunState]:
    """Runs of 2023, 2024 and the beginning of 2025; the bench stands in March 2026."""
    return [bench.run(f"Run {n} of {days}", hours=24 * days + n) for days in (1000, 600, 420) for n in range(each)]


def back(bench: Bench, **options: object) -> set[str]:
    return {e.keys.run for e in events_of(bench.look("backfill", **options)) if e.keys.run}


def test_every_year_is_read_and_then_nothing_is_asked(aged: Bench) -> None:
    runs = years(aged)
    recent = aged.run("Recent", hours=24 * 30)
    assert back(aged) == {run.id for run in runs}
    assert recent.id not in str(aged.memory)
    progress = aged.memory["progress"]
    assert (progress["from"], progress["to"], progress["done"], progress["runs"]) == (2022, 2025, [2025, 2024, 2023, 2022], 9)
    assert progress["done_at"] == aged.now.isoformat()
    before = len(aged.state.requests)
    assert back(aged) == set()
    assert len(aged.state.requests) == before


def test_the_first_year_can_be_told_and_may_be_changed(aged: Bench) -> None:
    runs = years(aged)
    aged.source = aged.connect(backfill_from=2024)
    assert back(aged) == {run.id for run in runs if run.created_at.year >= 2024}
    aged.source = aged.connect(backfill_from=2023)
    assert back(aged) == {run.id for run in runs if run.created_at.year == 2023}
    assert aged.memory["progress"]["from"] == 2023


def test_a_young_estate_has_nothing_to_backfill(bench: Bench) -> None:
    bench.run()
    assert back(bench) == set()
    assert bench.memory["progress"]["done_at"]
    assert bench.asked(LISTS) == 0


def test_three_years_killed_after_every_page_and_resumed(aged: Bench) -> None:
    aged.state.page_size = 2
    runs = years(aged, each=4)
    met: set[str] = set()
    for _ in range(80):
        aged.source = aged.connect()  # a new process each time
        found = back(aged, pages=1)
        assert not found & met, "nothing is told twice"
        met |= found
        if "done_at" in aged.memory["progress"]:
            break
    assert met == {run.id for run in runs}
    assert aged.memory["progress"]["runs"] == 12


def test_it_keeps_to_its_share_and_says_how_far_it_has_come(aged: Bench) -> None:
    aged.state.page_size = 1
    runs = years(aged, each=5)
    aged.source = aged.connect(backfill_share=0.2)
    seen = back(aged)
    assert aged.asked(LISTS) == 6
    assert aged.memory["progress"]["year"] == 2025
    while len(seen) < len(runs):
        before = aged.asked(LISTS)
        seen |= back(aged)
        assert aged.asked(LISTS) - before <= 6
    assert seen == {run.id for run in runs}


def test_live_reading_goes_on_beside_it(aged: Bench) -> None:
    aged.state.page_size = 1
    years(aged)
    new = aged.run("New", hours=0)
    live: dict[str, object] = {}
    for page in aged.source.fetch(_task(aged, "backfill")):
        assert page
        break  # it is in the middle of its work
    assert {e.keys.run for e in events_of(run_pass(aged.source, "runs", live, aged.now))} == {new.id}
    assert aged.asked(LISTS) <= 30


def _task(bench: Bench, stream: str):  # type: ignore[no-untyped-def]
    from app.sources.contract import Task

    return Task(stream=stream, now=bench.now, memory=dict(bench.memory))


def test_the_live_stream_asks_for_no_old_run_again(aged: Bench) -> None:
    old = years(aged, each=1)
    aged.look()
    aged.memory[f"run:{old[0].id}"] = {"digest": "x", "created": old[0].created_at.isoformat(), "status": "applied", "closed": True}
    aged.look(everything=True)
    assert aged.asked(old[0].id) == 0


def test_what_disappeared_of_years_ago_is_found_a_week_later(aged: Bench) -> None:
    runs = years(aged)
    back(aged)
    aged.state.runs.remove(runs[0])
    assert back(aged) == set()
    aged.later(days=8)
    pages = aged.look("backfill")
    (gone,) = told(pages, "run", "unavailable")
    assert (gone.keys.run, gone.facts["workspace_visible"]) == (runs[0].id, True)
    assert aged.memory["progress"]["walk"] == 2


def test_a_server_without_the_organizations_list_needs_none(aged: Bench) -> None:
    runs = years(aged)
    aged.state.missing.add("organization-runs")
    assert back(aged) == set()
    assert "those of its workspaces hold every year" in aged.memory["progress"]["because"]
    memory: dict[str, object] = {}
    assert {e.keys.run for e in events_of(run_pass(aged.source, "runs", memory, aged.later(minutes=2)))} >= {run.id for run in runs}


def test_an_organization_that_is_not_there_is_missing(aged: Bench) -> None:
    _, error = run_until_error(aged.connect(organization="elsewhere"), "backfill", {}, aged.now)
    assert isinstance(error, Missing)


@pytest.mark.parametrize(("status", "kind"), [(503, ServerFailed), (429, Throttled)])
def test_a_failure_keeps_what_was_read_and_goes_on_from_there(aged: Bench, status: int, kind: type[Exception]) -> None:
    runs = years(aged)
    aged.state.page_size = 2
    pages = aged.look("backfill", pages=2)
    aged.state.fail_next(status, 9, headers={"x-ratelimit-reset": "30"}, path=LISTS)
    more, error = run_until_error(aged.source, "backfill", aged.memory, aged.later(minutes=2))
    assert isinstance(error, kind)
    assert not isinstance(error, Spent)
    aged.state.failures.clear()
    met = {e.keys.run for e in events_of([*pages, *more])}
    for _ in range(5):
        met |= back(aged)
    assert met == {run.id for run in runs}


def test_the_minute_is_shared() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    lists = Lists(lambda: now, 0.5)
    lists.backfilling = True
    for _ in range(15):
        lists.take(LIVE)
        lists.take(BACKFILL)
    for who in (LIVE, BACKFILL, WHOLE):
        with pytest.raises(Spent) as spent:
            lists.take(who)
        assert spent.value.retry_after == pytest.approx(60)
    lists.backfilling = False
    now += timedelta(seconds=61)
    for _ in range(30):
        lists.take(LIVE)
    with pytest.raises(Spent):
        lists.take(LIVE)
