"""Reconciliation by counts, and what is told of runs that are gone."""

from app.demo.fakes.tfe_state import RunState

from tests.sources.tfe.conftest import Bench, told


def counted(bench: Bench) -> dict[str, object]:
    return dict(bench.memory[f"counted:{bench.workspace.id}"])


def test_each_workspace_is_counted_once_a_day_by_one_small_answer(bench: Bench) -> None:
    bench.story()
    bench.look()
    lists = f"/workspaces/{bench.workspace.id}/runs"
    assert (bench.asked(lists), counted(bench)["total"], counted(bench)["known"]) == (1, 3, 3)
    bench.look()
    assert bench.asked(lists) == 1
    bench.later(hours=24)
    bench.look()
    assert bench.asked(lists) == 2


def test_a_run_that_no_list_showed_is_found_by_its_count(bench: Bench) -> None:
    _, missed, _ = bench.story()
    bench.look()
    bench.later(days=2)
    bench.look()
    late = RunState(
        id="run-late", workspace=bench.workspace, message="Late", created_at=missed.created_at, creator=bench.state.user("alice")
    )
    bench.state.runs.append(late)
    bench.state.by_id[late.id] = late
    bench.later(days=1)  # older than what the newest of the list are read for
    bench.state.page_size = 1
    assert told(bench.look(), "run", run=late.id)
    assert (counted(bench)["total"], counted(bench)["known"]) == (4, 4)


def test_a_run_that_disappeared_is_found_by_its_count_and_told_with_its_workspace(bench: Bench) -> None:
    run, *_ = bench.story()
    bench.look()
    bench.later(days=3)
    bench.look()
    bench.state.runs.remove(run)
    bench.later(days=1)
    (gone,) = told(bench.look(), "run", "unavailable")
    assert (gone.keys.run, gone.facts["workspace_visible"]) == (run.id, True)
    assert "its workspace is still there: the run alone was deleted" in gone.facts["because"]


def test_runs_of_a_workspace_that_is_gone_too_say_so(bench: Bench) -> None:
    run, *others = bench.story()
    bench.look()
    bench.state.workspaces.clear()
    for one in (run, *others):
        bench.state.runs.remove(one)
    pages = bench.look(everything=True)
    gone = told(pages, "run", "unavailable")
    assert {one.keys.run for one in gone} == {run.id, *(one.id for one in others)}
    assert {one.facts["workspace_visible"] for one in gone} == {False}
    assert all("so does its workspace" in one.facts["because"] for one in gone)


def test_a_count_that_its_own_list_does_not_bear_out_is_reported_once(bench: Bench) -> None:
    bench.story()
    bench.look()
    body = '{"data": [], "meta": {"pagination": {"total-count": 9}}}'
    seen = []
    for _ in range(2):
        bench.later(days=1)
        bench.state.fail_next(200, 1, body, path=f"/workspaces/{bench.workspace.id}/runs")
        seen += [pair for page in bench.look() for pair in page.unknown]
        bench.state.failures.clear()
    assert seen == [("runs.total-count", "payments-production: the list of 2026 counts 9, and holds 3")]


def test_a_list_without_a_count_or_without_access_stops_nothing(bench: Bench) -> None:
    bench.story()
    for body, status in (('{"data": []}', 200), (None, 404), (None, 403)):
        bench.memory.pop(f"counted:{bench.workspace.id}", None)
        bench.state.fail_next(status, 1, body, path=f"/workspaces/{bench.workspace.id}/runs")
        bench.look()
        assert counted(bench)["at"] == bench.now.isoformat()
