"""A pass: what it saves, what it does when it is cut short, overtaken or refused."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from app.canonical import random_id
from app.errors import NotUnderstood, SourceError, Throttled, Unauthorized
from app.ingest.poll import Outcome, declare, pause_after, read_stream
from app.ingest.streams import store as streams
from app.sources.contract import Page, Task, Want
from sqlalchemy import Engine, text

from tests.ingest.scripted import START, Hand, Scripted, page


def run(engine: Engine, source: Scripted, clock: Hand, *, only_due: bool = False) -> Outcome:
    declare(engine, source, clock())
    return read_stream(engine, source, source.streams()[0], random_id(), clock, only_due=only_due)


def rows(engine: Engine, sql: str) -> list[tuple[object, ...]]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(sql))]


def pages(*made: Page) -> Scripted:
    return Scripted(lambda task: iter(made))


def test_a_page_is_saved_whole(engine: Engine) -> None:
    outcome = run(engine, pages(page("a", "b", remember={"mark": {"at": 1}}), page("c")), Hand())
    assert (outcome.state, outcome.seen, outcome.new, outcome.requests) == ("read", 3, 3, 2)
    assert rows(engine, "select seq, subject_id from events order by seq") == [(0, "a"), (1, "b"), (2, "c")]
    assert rows(engine, "select count(*) from observations") == [(3,)]
    assert rows(engine, "select key, value from stream_memory") == [("mark", {"at": 1})]


def test_the_same_pass_again_adds_nothing(engine: Engine) -> None:
    source = pages(page("a", "b"))
    run(engine, source, Hand())
    assert run(engine, source, Hand()).new == 0
    assert rows(engine, "select count(*) from events") == [(2,)]
    assert rows(engine, "select count(*) from observations") == [(2,)]


def test_memory_is_given_back_and_can_be_forgotten(engine: Engine) -> None:
    source = pages(page("a", remember={"keep": 1, "drop": 2}))
    run(engine, source, Hand())
    source.script = lambda task: iter([page("b", remember={"drop": None})])
    run(engine, source, Hand())
    run(engine, source, Hand())
    assert [dict(task.memory) for task in source.tasks] == [{}, {"keep": 1, "drop": 2}, {"keep": 1}]


def test_what_came_before_a_failure_stays_and_the_next_pass_goes_on(engine: Engine) -> None:
    def cut(task: Task) -> Iterator[Page]:
        yield page("a", remember={"done": "a"})
        raise NotUnderstood("tfe-prod answered 200 with an HTML page", "JSON", "check the url")

    source = Scripted(cut)
    outcome = run(engine, source, Hand())
    assert outcome.state == "not understood"
    assert outcome.new == 1
    assert "HTML page" in outcome.error
    assert rows(engine, "select state, failures, lease_until from streams") == [("not understood", 1, None)]
    source.script = lambda task: iter([page("a", "b")])
    assert run(engine, source, Hand()).new == 1
    assert rows(engine, "select state, failures, error from streams") == [("read", 0, None)]


def test_a_page_that_cannot_be_saved_leaves_no_trace(engine: Engine) -> None:
    outcome = run(engine, pages(page("a"), page("b", remember={"x": float("nan")})), Hand())
    assert outcome.state == "defect"
    assert rows(engine, "select subject_id from events") == [("a",)]
    assert rows(engine, "select max(seq) from leaves") == [(0,)]


def test_another_worker_is_kept_out_while_the_lease_holds(engine: Engine) -> None:
    clock, seen = Hand(), []

    def slow(task: Task) -> Iterator[Page]:
        seen.append(read_stream(engine, pages(page("z")), source.streams()[0], random_id(), clock, only_due=False).state)
        yield page("a")

    source = Scripted(slow)
    assert run(engine, source, clock).state == "read"
    assert seen == ["busy"]


def test_a_worker_that_slept_past_its_lease_saves_nothing_more(engine: Engine) -> None:
    clock = Hand()

    def sleeps(task: Task) -> Iterator[Page]:
        yield page("a")
        clock.move(minutes=10)
        assert read_stream(engine, pages(page("b")), source.streams()[0], random_id(), clock, only_due=False).state == "read"
        yield page("lost")

    source = Scripted(sleeps)
    outcome = run(engine, source, clock)
    assert outcome.state == "busy"
    assert [row[0] for row in rows(engine, "select subject_id from events order by seq")] == ["a", "b"]
    assert rows(engine, "select state, owner from streams") == [("read", None)]


def test_only_what_is_due_is_read(engine: Engine) -> None:
    clock, source = Hand(), pages(page("a"))
    assert run(engine, source, clock, only_due=True).state == "read"
    assert run(engine, source, clock, only_due=True).state == "busy"
    clock.move(seconds=70)
    assert run(engine, source, clock, only_due=True).state == "read"


def test_a_quicker_pace_takes_effect_at_once(engine: Engine) -> None:
    clock, source = Hand(), pages(page("a"))
    source.every = timedelta(hours=12)
    run(engine, source, clock)
    source.every = timedelta(seconds=10)
    clock.move(seconds=30)
    declare(engine, source, clock())
    clock.move(seconds=11)
    assert read_stream(engine, source, source.streams()[0], random_id(), clock).state == "read"


def test_failures_break_coverage_even_where_the_pace_is_slow(engine: Engine) -> None:
    clock, source = Hand(), pages(page("a"))
    source.every = timedelta(hours=12)
    run(engine, source, clock)

    def refuses(task: Task) -> Iterator[Page]:
        raise Unauthorized("tfe-prod answered 401", "a valid token", "renew it")
        yield

    good, source.script = source.script, refuses
    clock.move(hours=1)
    run(engine, source, clock)
    source.script = good
    clock.move(hours=5)
    run(engine, source, clock)
    assert rows(engine, "select from_at, to_at from coverage order by 1") == [(START, START), (clock(), clock())]


def test_coverage_goes_on_while_reading_does_and_breaks_when_it_did_not(engine: Engine) -> None:
    clock, source = Hand(), pages(page("a"))
    for _ in range(3):
        run(engine, source, clock)
        clock.move(seconds=60)
    clock.move(hours=2)
    run(engine, source, clock)
    found = rows(engine, "select from_at, to_at from coverage order by from_at")
    assert found == [(START, START + timedelta(seconds=120)), (clock(), clock())]


def test_a_list_that_catches_up_covers_the_pause(engine: Engine) -> None:
    clock, source = Hand(), pages(page("a"))
    source.catches_up = True
    run(engine, source, clock)
    clock.move(hours=5)
    run(engine, source, clock)
    assert rows(engine, "select from_at, to_at from coverage") == [(START, clock())]


def test_a_failure_is_not_coverage_and_is_told_once(engine: Engine) -> None:
    clock = Hand()

    def refuses(task: Task) -> Iterator[Page]:
        raise Unauthorized("tfe-prod answered 401", "a valid token", "renew it")
        yield

    source = Scripted(refuses)
    for _ in range(3):
        assert run(engine, source, clock).state == "unauthorized"
        clock.move(minutes=1)
    assert rows(engine, "select count(*) from coverage") == [(0,)]
    assert rows(engine, "select state, times from failures") == [("unauthorized", 3)]


def test_a_throttled_stream_waits_as_long_as_it_was_told(engine: Engine) -> None:
    def limited(task: Task) -> Iterator[Page]:
        raise Throttled("tfe-prod answered 429", retry_after=900)
        yield

    clock = Hand()
    run(engine, Scripted(limited), clock)
    [(waits,)] = rows(engine, f"select next_poll_at - timestamptz '{clock().isoformat()}' from streams")
    assert timedelta(seconds=900) <= waits <= timedelta(seconds=902)


@pytest.mark.parametrize("failures", [0, 1, 5, 60])
def test_pauses_grow_and_end_at_a_quarter_of_an_hour(failures: int) -> None:
    pause = pause_after(SourceError("x"), timedelta(seconds=30), failures)
    assert timedelta(seconds=20) <= pause <= timedelta(minutes=18)


def test_wants_reach_the_git_host_and_are_settled(engine: Engine) -> None:
    want = Want("bank/infra", "b" * 40, "a" * 40, "eks/production")
    asks = pages(page("a", wants=[want, want]))
    host = Scripted(
        lambda task: iter([page("r", settled=list(task.wants))]), "github", stream="ranges", repositories=("Bank/Infra",)
    )
    clock = Hand()
    run(engine, host, clock)
    run(engine, asks, clock)
    with engine.connect() as connection:
        assert streams.due(connection, ["github"], clock()) == [("github", "ranges")]
    run(engine, host, clock)
    assert list(host.tasks[-1].wants) == [want]
    run(engine, host, clock)
    assert list(host.tasks[-1].wants) == []
    run(engine, asks, clock)
    assert rows(engine, "select count(*), count(settled_at) from wants") == [(1, 1)]


def test_unknown_values_are_counted(engine: Engine) -> None:
    odd = pages(page("a", unknown=[("run.status", "frobnicated"), ("run.status", "frobnicated")]))
    run(engine, odd, Hand())
    run(engine, odd, Hand())
    assert rows(engine, "select field, value, times from unknown_values") == [("run.status", "frobnicated", 4)]


def test_a_body_is_kept_once_and_unpacks_to_what_came(engine: Engine) -> None:
    import zstandard

    run(engine, pages(page("a"), page("a", "b")), Hand())
    found = rows(engine, "select body, size from bodies order by size, body")
    assert sorted(zstandard.decompress(bytes(body)) for body, _ in found) == [b"a", b"b"]  # type: ignore[arg-type]
