"""What a workspace was at before a run changed it: in whatever order runs are read, and whatever became of them."""

import random
from datetime import UTC, datetime, timedelta

import pytest
from app.demo.fakes.tfe_state import RunState
from app.domain.event import Event, entity_of
from app.sources.contract import Page, Want
from app.sources.tfe.watched import paths_of, seen, watched
from app.sources.tfe.wire import Resource

from tests.sources.harness import events_of, observations_of
from tests.sources.tfe.conftest import Bench, of


def applied(bench: Bench, letter: str, hours: float = 3, **options: object) -> RunState:
    run = bench.run(f"Change {letter}", hours, **{"commit": letter * 40, **options})
    run.plan(bench.now - timedelta(hours=hours, minutes=-5), 1, 1)
    run.confirm(bench.now - timedelta(hours=hours, minutes=-10), bench.state.user("bob"))
    run.apply(bench.now - timedelta(hours=hours, minutes=-20))
    return run


def failed(bench: Bench, letter: str, hours: float, status: str, counts: tuple[int, int, int, int] | None) -> RunState:
    """Its apply ended with this status, after it had changed so much; None where the server does not tell how much."""
    run = bench.run(f"Change {letter}", hours, commit=letter * 40)
    at = bench.now - timedelta(hours=hours)
    run.plan(at + timedelta(minutes=5), 3)
    run.confirm(at + timedelta(minutes=10), bench.state.user("bob"))
    run.reach("apply_queued", at + timedelta(minutes=11))
    run.reach("applying", at + timedelta(minutes=12))
    run.applied.finish(
        "errored" if status == "errored" else "canceled", run.stamps["applying-at"], at + timedelta(minutes=15), counts
    )
    run.reach(status, at + timedelta(minutes=15))
    return run


def bases(pages: list[Page]) -> dict[str, Event]:
    """The last that was told of each run."""
    return {event.keys.run or "": event for event in of(events_of(pages), "run-base")}


def facts(event: Event) -> tuple[object, ...]:
    return event.status, event.facts["previous_run"], event.facts["previous_commit"]


def wants(pages: list[Page]) -> list[Want]:
    return [want for page in pages for want in page.wants]


def test_each_apply_stands_on_the_one_before_it_and_the_git_host_is_asked_what_lies_between(bench: Bench) -> None:
    bench.workspace.working_directory = "stacks/payments"
    first, second = applied(bench, "a", 5), applied(bench, "b", 4)
    waiting = bench.run("Waits", 1, commit="c" * 40)
    waiting.plan(bench.now - timedelta(minutes=50), 1)
    pages = bench.look()
    found = bases(pages)
    assert set(found) == {first.id, second.id}
    assert facts(found[first.id]) == ("first", None, None)
    assert facts(found[second.id]) == ("after", first.id, "a" * 40)
    event = found[second.id]
    assert (event.facts["commit"], event.facts["repository"], event.facts["branch"]) == ("b" * 40, "bank/infra", "main")
    assert (event.facts["paths"], event.facts["paths_then"]) == (["stacks/payments"], False)
    assert (event.occurred_at, entity_of(event)) == (second.stamps["applying-at"], f"run:tfe-prod:{second.id}")
    assert event.observation in {one.digest for one in observations_of(pages)}
    assert wants(pages) == [
        Want("bank/infra", "a" * 40),
        Want("bank/infra", "b" * 40, "a" * 40, "stacks/payments"),
    ]
    assert bases(bench.look()) == {}
    waiting.confirm(bench.now, bench.state.user("bob"))
    waiting.reach("applying", bench.now)
    assert facts(bases(bench.look())[waiting.id]) == ("after", second.id, "b" * 40)
    waiting.apply(bench.now)
    assert bases(bench.look()) == {}


def test_an_apply_that_failed_counts_when_it_changed_something(bench: Bench) -> None:
    whole = applied(bench, "a", 9)
    partly = failed(bench, "b", 8, "errored", (1, 0, 0, 0))
    third = applied(bench, "c", 7)
    nothing = failed(bench, "d", 6, "errored", (0, 0, 0, 0))
    last = applied(bench, "e", 5)
    found = bases(bench.look())
    assert facts(found[partly.id]) == ("after", whole.id, "a" * 40)
    assert facts(found[third.id]) == ("after", partly.id, "b" * 40)
    assert "the rest of its commit came with this run" in found[third.id].facts["because"]
    assert nothing.id not in found
    assert facts(found[last.id]) == ("after", third.id, "c" * 40)


@pytest.mark.parametrize("status", ["canceled", "force_canceled", "errored"])
def test_an_apply_of_which_nobody_knows_what_it_did_makes_the_next_unknown(bench: Bench, status: str) -> None:
    applied(bench, "a", 9)
    cut = failed(bench, "b", 8, status, None)
    third, fourth = applied(bench, "c", 7), applied(bench, "d", 6)
    pages = bench.look()
    found = bases(pages)
    assert facts(found[third.id]) == ("unknown", None, None)
    assert found[third.id].facts["because"] == (
        f"{cut.id} became {status} while it was applied, and whether it changed anything is not told"
    )
    assert facts(found[fourth.id]) == ("after", third.id, "c" * 40)
    assert Want("bank/infra", "c" * 40) in wants(pages)
    cut.applied.counts = (0, 2, 0, 0)  # and now it is told
    found = bases(bench.look())
    assert facts(found[third.id]) == ("after", cut.id, "b" * 40)


def test_a_saved_plan_stands_where_it_was_applied_and_a_destroyed_workspace_is_said_to_be(bench: Bench) -> None:
    saved = bench.run("Saved", 9, commit="a" * 40, operation="save_plan")
    saved.plan(bench.now - timedelta(hours=8, minutes=50), 1)
    second = applied(bench, "b", 5)
    saved.confirm(bench.now - timedelta(hours=2), bench.state.user("bob"))
    saved.apply(bench.now - timedelta(hours=1))
    gone = applied(bench, "c", 0.9, operation="destroy")
    last = applied(bench, "d", 0.4)
    found = bases(bench.look())
    assert facts(found[second.id]) == ("first", None, None)
    assert facts(found[saved.id]) == ("after", second.id, "b" * 40)
    assert facts(found[gone.id]) == ("after", saved.id, "a" * 40)
    assert facts(found[last.id]) == ("after", gone.id, "c" * 40)
    assert "destroyed everything" in found[last.id].facts["because"]


def test_uploads_have_no_commit_and_another_repository_no_range(bench: Bench) -> None:
    upload = applied(bench, "a", 9, commit=None)
    second = applied(bench, "b", 8)
    found = bases(pages := bench.look())
    assert facts(found[second.id]) == ("after", upload.id, None)
    assert found[second.id].facts["because"] == f"{upload.id} was made from an upload, which names no commit"
    assert found[upload.id].facts["because"] == f"{upload.id} was made from an upload, which names no commit"
    assert wants(pages) == [Want("bank/infra", "b" * 40)]
    bench.workspace.repository = "bank/elsewhere"
    third = applied(bench, "c", 0.5)
    again = applied(bench, "c", 0.1)
    bench.memory.clear()
    bench.workspace.repository = "bank/infra"
    pages = bench.look()
    found = bases(pages)
    assert facts(found[third.id]) == ("after", second.id, "b" * 40)
    assert facts(found[again.id]) == ("after", third.id, "c" * 40)
    assert Want("bank/infra", "c" * 40, "c" * 40) not in wants(pages)


def test_a_run_that_is_found_late_comes_between_two_others_and_both_are_told_again(bench: Bench) -> None:
    first, late, last = applied(bench, "a", 9), applied(bench, "b", 8), applied(bench, "c", 7)
    bench.state.runs.remove(late)
    assert facts(bases(bench.look())[last.id]) == ("after", first.id, "a" * 40)
    bench.state.runs.append(late)
    pages = bench.look(everything=True)
    found = bases(pages)
    assert facts(found[last.id]) == ("after", late.id, "b" * 40)
    assert facts(found[late.id]) == ("after", first.id, "a" * 40)
    assert first.id not in found


@pytest.mark.parametrize("seed", range(4))
def test_whatever_the_order_and_wherever_it_is_stopped_the_last_word_is_the_same(bench: Bench, seed: int) -> None:
    runs = [applied(bench, letter, 30 - n) for n, letter in enumerate("abcdef0123456789")]
    chance = random.Random(seed)
    chance.shuffle(bench.state.runs)
    bench.state.page_size = 3
    told: dict[str, Event] = {}
    ids: set[object] = set()
    for stop in [*(chance.choice([1, 2, 5]) for _ in range(40)), None]:
        bench.source = bench.connect()
        events = events_of(bench.look(pages=stop))
        assert not ids & {event.id for event in events}
        ids |= {event.id for event in events}
        told |= {event.keys.run or "": event for event in of(events, "run-base")}
    assert {key: event.facts["previous_run"] for key, event in told.items()} == {
        one.id: before.id if before else None for before, one in zip([None, *runs], runs, strict=False)
    }


def test_what_was_applied_more_than_a_year_ago_is_looked_up_in_the_workspaces_own_list(bench: Bench) -> None:
    bench.workspace.created_at = datetime(2022, 5, 1, tzinfo=UTC)
    old = applied(bench, "a", 24 * 500)
    plan = bench.run("Only a plan", 24 * 400, commit="b" * 40, speculative=True)
    plan.plan(bench.now - timedelta(days=400, minutes=-5), 1)
    new = applied(bench, "c", 3)
    pages = bench.look()
    assert set(bases(pages)) == {new.id}
    assert facts(bases(pages)[new.id]) == ("after", old.id, "a" * 40)
    assert bench.asked(f"/workspaces/{bench.workspace.id}/runs") == 2  # and once for its count
    later = applied(bench, "d", 0)
    assert facts(bases(bench.look())[later.id]) == ("after", new.id, "c" * 40)
    assert bench.asked(f"/workspaces/{bench.workspace.id}/runs") == 2


def test_where_the_workspaces_own_list_shows_nothing_older_it_is_the_first_and_where_it_cannot_be_read_that_is_unknown(
    bench: Bench,
) -> None:
    bench.workspace.created_at = datetime(2022, 5, 1, tzinfo=UTC)
    other = bench.state.add_workspace("other", "bank/infra", created_at=datetime(2022, 5, 1, tzinfo=UTC))
    first = applied(bench, "a", 3)
    bench.state.fail_next(404, 9, path=f"/workspaces/{other.id}/runs")
    bench.workspace, mine = other, bench.workspace
    unseen = applied(bench, "b", 3)
    bench.workspace = mine
    found = bases(bench.look())
    assert facts(found[first.id]) == ("first", None, None)
    assert facts(found[unseen.id]) == ("unknown", None, None)
    assert "the workspace's own could not be" in found[unseen.id].facts["because"]


def test_the_share_of_the_lists_that_happen_now_is_left(bench: Bench) -> None:
    for n in range(14):
        bench.workspace = bench.state.add_workspace(f"old-{n}", "bank/infra", created_at=datetime(2022, 5, 1, tzinfo=UTC))
        applied(bench, "a", 3 + n)
    found = bases(bench.look())
    assert len(found) == 10
    assert len(found | bases(bench.look())) == 14


def test_years_back_each_apply_stands_on_the_one_before_and_the_first_is_the_first(bench: Bench) -> None:
    bench.workspace.created_at = datetime(2022, 5, 1, tzinfo=UTC)
    days = (1300, 1000, 900, 600, 420)
    runs = [applied(bench, letter, 24 * ago) for letter, ago in zip("abcde", days, strict=True)]
    bench.state.page_size = 1
    told: dict[str, Event] = {}
    for _ in range(40):
        bench.source = bench.connect()
        told |= bases(bench.look("backfill", pages=2))
        if "done_at" in bench.memory["progress"]:
            break
    told |= bases(bench.look("backfill"))
    assert [facts(told[one.id])[1] for one in runs] == [None, *(one.id for one in runs[:-1])]
    assert told[runs[0].id].status == "first"


def test_where_the_first_year_is_set_what_lies_before_is_not_known(bench: Bench) -> None:
    bench.workspace.created_at = datetime(2022, 5, 1, tzinfo=UTC)
    applied(bench, "a", 24 * 1000)
    second = applied(bench, "b", 24 * 600)
    bench.source = bench.connect(backfill_from=2024)
    found = bases(bench.look("backfill"))
    assert facts(found[second.id]) == ("unknown", None, None)
    assert found[second.id].facts["because"] == "runs before 2024 are not read"


def test_without_the_organizations_list_the_workspaces_lists_hold_everything(bench: Bench) -> None:
    bench.workspace.created_at = datetime(2022, 5, 1, tzinfo=UTC)
    bench.state.missing.add("organization-runs")
    old, new = applied(bench, "a", 24 * 600), applied(bench, "b", 3)
    found = bases(bench.look())
    assert facts(found[old.id]) == ("first", None, None)
    assert facts(found[new.id]) == ("after", old.id, "a" * 40)


def test_the_paths_are_those_that_were_watched_then(bench: Bench) -> None:
    bench.state.estate.change(bench.workspace, bench.now, trigger_prefixes=["/modules/vpc/"], file_triggers_enabled=True)
    bench.workspace.working_directory = "/stacks/prod/"
    bench.look()
    first = applied(bench, "a", 0)
    pages = bench.look()
    event = bases(pages)[first.id]
    assert (event.facts["paths"], event.facts["paths_then"]) == (["stacks/prod", "modules/vpc"], True)
    bench.state.estate.change(bench.workspace, bench.now, trigger_patterns=["/live/**/*.tf", "*.hcl"])
    second = applied(bench, "b", 0.33)
    pages = bench.look()
    assert bases(pages)[second.id].facts["paths"] == [
        "stacks/prod",
        "modules/vpc",
    ]  # nobody had seen the patterns when it was applied
    third = applied(bench, "c", 0)
    pages = bench.look()
    assert bases(pages)[third.id].facts["paths"] == ["live/**/*.tf", "*.hcl"]
    assert [want.path for want in wants(pages)] == ["live/**/*.tf", "*.hcl"]


def watching(**attributes: object) -> tuple[str, ...] | None:
    names = {name.replace("_", "-"): value for name, value in attributes.items()}
    return paths_of(Resource("ws-1", "workspaces", {"attributes": names}))


def test_what_a_workspace_watches() -> None:
    on = {"file_triggers_enabled": True, "working_directory": "a"}
    assert watching(**on) == ("a",)
    assert watching(**on, trigger_prefixes=["b", "./c/"]) == ("a", "b", "c")
    assert watching(**on, trigger_prefixes=["b"], trigger_patterns=["/d/**"]) == ("d/**",)
    assert watching(**{**on, "working_directory": ""}, trigger_prefixes=["b"]) == ("",)
    assert watching(**{**on, "working_directory": None}) == ("",)
    assert watching(**{**on, "file_triggers_enabled": False}) == ("",)
    assert watching(**on, vcs_repo={"tags-regex": "v.*"}) == ("",)
    assert watching(**on, trigger_prefixes=[7, None, {}]) == ("a",)
    assert watching(**on, trigger_prefixes=[str(n) for n in range(60)]) == ("",)
    assert watching(working_directory="a") is None
    assert watching(file_triggers_enabled=True) is None
    assert watching(file_triggers_enabled="yes", working_directory="a") is None


def test_what_was_seen_of_it_is_kept_by_when() -> None:
    known = seen(None, ("a",), "2026-01-01")
    known = seen(known, ("a",), "2026-01-02")
    known = seen(known, None, "2026-01-03")
    known = seen(known, ("b",), "2026-01-04")
    assert known == [["2026-01-01", ["a"]], ["2026-01-04", ["b"]]]
    assert watched(known, "2025-12-31") == (("a",), False)
    assert watched(known, "2026-01-03") == (("a",), True)
    assert watched(known, "2026-01-05") == (("b",), True)
    assert watched("odd", "2026-01-05") == (("",), False)
    assert seen([7, "x"], ("a",), "t") == [["t", ["a"]]]
