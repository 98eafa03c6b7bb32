"""A live stream through the whole line: ten minutes between polls, and a change stands within seconds."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from app.commands import compose
from app.config import load
from app.demo.fakes.argocd_types import ApplicationState
from app.worker.scheduler import Worker

from tests.stories.bank import Bank
from tests.stories.gate import answer

SOURCE = "argocd-prod"
READ = "SELECT count(*) = 1 AND bool_and(succeeded_at IS NOT NULL) FROM streams"
HELD = "SELECT count(*) = 1 FROM watches WHERE state = 'connected'"


def until(true: Callable[[], Any], seconds: float = 40) -> float:
    """How long it took, which a busy machine stretches."""
    began = time.monotonic()
    while not true():
        assert time.monotonic() - began < seconds, "it never came true"
        time.sleep(0.05)
    return time.monotonic() - began


@pytest.fixture
def argo(bank: Bank) -> Bank:
    """Argo CD alone, polled every ten minutes, with one application that is synced."""
    bank.kinds = ("argocd",)
    bank.settings["argocd"] = {"poll_every": 600}
    bank.tell()
    return bank


def app_of(bank: Bank) -> ApplicationState:
    return bank.argocd.applications["payments-api"]


@contextmanager
def working(bank: Bank, many: int = 1) -> Iterator[list[Worker]]:
    settings = load({"THROUGHLINE_CONFIG": str(bank.write())})
    with ExitStack() as opened:
        made = []
        for _ in range(many):
            engine = bank.engine
            opened.callback(engine.dispose)
            work = compose.work_of(settings, engine, opened.enter_context(compose.sources(settings)))
            made.append(Worker(work))
            made[-1].start()
            opened.callback(made[-1].stop)
        yield made


def now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def synced(bank: Bank, *phases: str) -> list[tuple[str, str]]:
    rows = bank.rows("SELECT subject_id, status FROM events WHERE type = 'operation' ORDER BY occurred_at, status")
    return [(row.subject_id, row.status) for row in rows if not phases or row.status in phases]


def kinds(bank: Bank) -> list[str]:
    return [sync["kind"] for change in bank.page("/api/v1/changes").json()["items"] for sync in change["syncs"]]


def test_a_change_stands_within_seconds_of_its_beginning_although_the_next_poll_is_minutes_away(argo: Bank) -> None:
    with working(argo, 2):
        until(lambda: argo.one(READ) and argo.one(HELD))
        assert argo.argocd.streams == 1, "two workers, one stream"
        time.sleep(2.5)  # the pass that the first one asked for, if any
        before = len(synced(argo))
        asked = len(argo.argocd.requests)
        argo.argocd.sync(app_of(argo), now(), "carol")
        told = until(lambda: len(synced(argo)) == before + 2)
        shown = until(lambda: "Manual sync of payments-api" in argo.page("/changes").text)
        assert told + shown < 10, "2 s on a quiet machine"
        paths = [path for path, _ in argo.argocd.requests[asked:]]
        assert "/api/v1/applications" not in paths, "only the application that was named is read"
        assert "connected" in argo.page("/sources").text
        assert "payments-api; " in argo.page("/sources").text
        (held,) = argo.page("/api/v1/sources").json()["live"]
        assert (held["state"], held["last_about"], held["error"]) == ("connected", "payments-api", None)
    assert argo.argocd.streams == 1
    until(lambda: not argo.argocd.listeners, 5)
    (held,) = argo.page("/api/v1/sources").json()["live"]
    assert held["state"] == "not connected"


def test_two_heals_of_one_interval_are_two_changes(argo: Bank) -> None:
    app = app_of(argo)
    app.auto_sync = app.self_heal = True
    with working(argo):
        until(lambda: argo.one(READ) and argo.one(HELD))
        for _ in range(2):
            argo.argocd.edit(app, "payments-api", now())
            argo.argocd.heal(app, now(), duration=timedelta())
            time.sleep(1.1)
        until(lambda: len([s for _, s in synced(argo, "Succeeded")]) == 3)
        until(lambda: len([k for k in kinds(argo) if k == "self-heal"]) == 2)
    assert argo.one("SELECT count(*) FROM events WHERE type IN ('history-gap', 'unwitnessed')") == 0


def test_a_cut_is_told_and_mended_and_nothing_is_lost(argo: Bank) -> None:
    with working(argo):
        until(lambda: argo.one(READ) and argo.one(HELD))
        argo.gates["argocd"].where = "stream"
        argo.gates["argocd"].fault = answer(504, b"<html>Gateway time-out</html>", kind="text/html")
        argo.argocd.cut_streams()
        until(lambda: argo.one("SELECT count(*) = 1 FROM watches WHERE state = 'waiting' AND failures > 1"))
        page = argo.page("/sources").text
        assert "not connected" in page
        assert "504" in page
        assert "tried again" in page
        argo.argocd.sync(app_of(argo), now(), "carol")
        argo.gates["argocd"].fault = None
        until(lambda: argo.one(HELD))
        until(lambda: len(synced(argo, "Succeeded")) == 2)
    assert argo.one("SELECT count(*) FROM failures") == 0, "the polls themselves never failed"


def test_a_server_that_says_no_is_told_and_left_alone(argo: Bank) -> None:
    argo.gates["argocd"].fault, argo.gates["argocd"].where = answer(403, {"error": "permission denied"}), "stream"
    with working(argo):
        until(lambda: argo.one(READ))
        until(lambda: argo.one("SELECT count(*) = 1 FROM watches WHERE error IS NOT NULL"))
        asked = argo.gates["argocd"].asked
        time.sleep(3)
        assert argo.gates["argocd"].asked == asked, "it is not asked again for minutes"
        row = argo.rows("SELECT retry_at - now() AS wait, error FROM watches")[0]
        assert timedelta(minutes=10) < row.wait < timedelta(minutes=20)
        assert "403" in row.error
        assert argo.argocd.token not in row.error


def test_switched_off_it_is_not_asked_for(argo: Bank) -> None:
    argo.settings["argocd"] = {"poll_every": 600, "stream": False}
    with working(argo):
        until(lambda: argo.one(READ))
        time.sleep(1)
    assert argo.argocd.streams == 0
    assert "switched off" in argo.page("/sources").text


def test_told_to_stop_it_lets_go_within_a_second(argo: Bank) -> None:
    with working(argo) as (worker,):
        until(lambda: argo.one(READ) and argo.one(HELD))
        began = time.monotonic()
        worker.work.stopping.set()
        for thread in worker._watching:
            thread.join(timeout=10)
        assert time.monotonic() - began < 2, "a second on a quiet machine"
        until(lambda: not argo.argocd.listeners, 5)
        assert argo.one("SELECT lease_until IS NULL AND owner IS NULL FROM watches")


def test_the_lease_of_a_worker_that_died_runs_out(argo: Bank) -> None:
    with working(argo):
        until(lambda: argo.one(READ) and argo.one(HELD))
    assert argo.one("SELECT count(*) = 1 FROM watches WHERE state = 'waiting'")
    from app.canonical import random_id
    from app.db.session import engine_for, transaction
    from app.ingest.watches import store as watches

    engine, at = engine_for(argo.database), datetime.now(UTC)
    first, second = random_id(), random_id()
    with transaction(engine) as connection:
        assert watches.claim(connection, SOURCE, first, at)
        assert not watches.claim(connection, SOURCE, second, at + timedelta(seconds=29))
        assert watches.keep(connection, SOURCE, first, at + timedelta(seconds=10))
        assert not watches.claim(connection, SOURCE, second, at + timedelta(seconds=31))
        assert watches.claim(connection, SOURCE, second, at + timedelta(seconds=41))
        assert not watches.keep(connection, SOURCE, first, at + timedelta(seconds=42)), "it is another's by now"
    engine.dispose()
