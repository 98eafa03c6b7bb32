"""Two days of real servers through the whole line: the timeline tells what the servers told, and nothing else."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from app.canonical import random_id
from app.changes.drift.store import episodes_matching
from app.changes.project import Rules, catch_up, digest, rebuild
from app.changes.store import items_matching
from app.db.session import read_only, transaction
from app.domain.drift import Cause, State
from app.errors import Missing
from app.ingest.poll import declare, read_stream
from app.ledger.checkpoint import encode_vkey, generate_key
from app.ledger.store import seal
from app.ledger.witness.store import verify_database
from app.search.fields import CHANGES
from app.search.language import parse
from app.search.tree import EVERYTHING
from app.sources import registry
from app.sources.contract import Connection
from sqlalchemy import Engine, text

from tests.recordings.replay import Replay, lines

Changes = list[dict[str, Any]]


def began(server: Replay) -> datetime:
    first = next(one for told in server.recording.answers.values() for answers in told.values() for one in answers)
    return datetime.fromisoformat(first["at"].replace("Z", "+00:00")) - timedelta(seconds=first["t"])


def watch(
    engine: Engine, folder: str, kind: str, step: float, hurried: int = 1, speed: float = 0, ahead: timedelta = timedelta()
) -> list[str]:
    """Poll the recording every `step` seconds of its day, as `throughline worker` would. The states the passes ended with.

    With a `speed` the day runs by itself, so many times as fast, and is polled as often as that allows, at most every `step`.
    `ahead`: how far our clock is ahead of the server's.
    """
    states, second = [], 0.0
    begun = time.monotonic()
    with Replay(folder, token="auditor-secret") as server:
        zero = began(server) + ahead
        source = registry.connect(
            Connection(folder, kind, server.url, token="auditor-secret", organization="bank-platform", per_second=10_000),
            lambda: zero + timedelta(seconds=second * hurried),  # the run lists' limit is a minute's; the day is shorter
        )
        declare(engine, source, zero)
        owner = random_id()
        while second <= server.end + 2 * step:
            server.move(min(second, server.end))
            for stream in source.streams():
                now = zero + timedelta(seconds=second)
                states.append(read_stream(engine, source, stream, owner, _at(now), only_due=stream.name == "sweep").state)
            catch_up(engine, Rules())
            second += step
            if speed:
                time.sleep(max(0.0, second / speed - (time.monotonic() - begun)))
                second = max(second, (time.monotonic() - begun) * speed)
        source.close()
    return states


def _at(now: datetime) -> Callable[[], datetime]:
    return lambda: now


def timeline(engine: Engine) -> Changes:
    """Every change, page by page, as the JSON door gives it."""
    found: Changes = []
    cursor = None
    with read_only(engine) as connection:
        while True:
            page = items_matching(connection, parse("", CHANGES), None, cursor, 20)
            found += page.items
            cursor = page.older
            if cursor is None:
                return found


@pytest.mark.parametrize(("step", "speed"), [(6, 0), (1, 10), (60, 0)], ids=["every 6 s", "ten times as fast", "jumps of a minute"])
def test_every_operation_of_a_real_argo_cd_stands_on_the_timeline(engine: Engine, step: float, speed: float) -> None:
    states = watch(engine, "argocd-a", "argocd", step, speed=speed)
    changes = timeline(engine)
    assert set(states[states.index("read") :]) <= {"read", "busy"}, "before that the recording holds no list yet"
    shown = {(s["application"], s["started_at"], tuple(s["revisions"])): s for change in changes for s in change["syncs"]}
    told = lines("argocd-a", "operations")
    assert len(told) == 39
    entries: set[tuple[str, int]] = set()
    seldom = step == 60 or speed  # on a busy machine ten times as fast is seldom too: then what went is declared
    for ran in told:
        key = (ran["application"], ran["started"], tuple(ran.get("revisions") or [ran["revision"]]))
        sync = shown.pop(key)
        retried = ran["phase"] == "Running" and "Retrying" in ran.get("message", "")
        assert sync["phase"] == ("Failed" if retried else "Succeeded" if ran["phase"] == "Running" else ran["phase"])
        if ran["announced"] is None:
            assert sync["initiator"] is None, (
                "an operation put in with kubectl wears the last person's name; nobody is to be blamed"
            )
        elif ran["initiated_by"].get("automated"):
            assert sync["automated"] is True
        else:
            assert sync["initiator"] == ran["initiated_by"]["username"]
            assert sync["automated"] is False
        if ran.get("history") and not (seldom and sync["history_id"] is None):
            assert sync["history_id"] == ran["history"][0]
            entries.add((ran["application"], ran["history"][0]))
    assert not shown, "an operation that never was"
    holes = [(change["title"], gap["size"]) for change in changes for gap in change["gaps"] if "not seen" in change["title"]]
    written = {(ran["application"], ran["history"][0]) for ran in told if ran.get("history")}
    gone = sorted(number for application, number in written - entries if application == "reporting")
    assert len(written - entries) == len(gone), "only the application that synced fifteen times forgets"
    assert holes == [], "what left the history was announced: it stands, so it is no gap"
    assert gone == ([3, 4] if step == 60 else gone if speed else [])
    people = {(p["name"], p["role"]) for change in changes for p in change["people"] if change["syncs"]}
    assert {name for name, role in people if role == "initiator"} <= {"alice", "bob"}
    _drift(engine)
    _sound(engine)


def _drift(engine: Engine) -> None:
    """One object was seen after somebody edited it, and no other is said to have been; nobody is named for it."""
    edits = {(deed["app"], deed["path"].rpartition("/")[2]) for deed in lines("argocd-a", "truth") if deed["what"] == "edit"}
    with read_only(engine) as connection:
        told = [row.of for row in episodes_matching(connection, EVERYTHING, None, _at_end(), limit=500).items]
    assert told
    assert {(one.application, one.name) for one in told if one.cause is Cause.LIVE_EDIT} <= edits
    assert {one.writers[0].manager for one in told if one.cause is Cause.LIVE_EDIT} <= {"kubectl-edit", "kubectl-patch"}
    assert all(one.person is not None and not one.person.name for one in told)
    assert all(one.state is State.CLOSED for one in told), "what was left open at the end was not looked at any more"


def _at_end() -> datetime:
    return datetime.fromisoformat("2026-11-24T04:00:00+00:00")


def test_every_run_of_a_server_that_is_not_tfe_stands_on_the_timeline(engine: Engine) -> None:
    states = watch(engine, "tfe-api-driven", "tfe", 4, hurried=60)
    assert Missing.state in states, "the organization was not there yet"
    changes = timeline(engine)
    runs = {run["id"]: run for change in changes for run in change["runs"]}
    deeds = lines("tfe-api-driven", "truth")
    asked = {deed["run"]: deed for deed in deeds if deed["what"] == "run"}
    ends = {deed["run"]: deed["status"] for deed in deeds if deed["what"] == "status"}
    assert set(runs) == set(asked)
    for key, run in runs.items():
        assert run["status"] == ends[key]
        assert run["workspace"]
        change = next(c for c in changes if key in [r["id"] for r in c["runs"]])
        assert ("otf", "creator") in [(p["name"], p["role"]) for p in change["people"]]
        assert not [p for p in change["people"] if p["role"] == "confirmer"], "nobody told who confirmed"
        applied = [a for a in change["applies"] if a["run"] == key]
        assert bool(applied) == (
            run["status"] == "applied" or asked[key]["message"] == "Applies half, then fails" or run["status"] == "canceled"
        )
        assert all(a["added"] is None for a in applied), "this server gives no counts: 0 would be an invention"
    with engine.connect() as connection:
        leaves = connection.execute(text("select string_agg(convert_from(leaf, 'UTF8'), '') from leaves")).scalar_one()
    assert "planted" not in leaves
    _sound(engine)


def _sound(engine: Engine) -> None:
    """Sealed and verified; and rebuilt, however the leaves are cut into batches, to what grew while it was watched."""
    key = generate_key()
    with transaction(engine) as connection:
        seal(connection, key, "bank.example/ledger", datetime.fromisoformat("2026-11-24T04:00:00+00:00"))
    with engine.connect() as connection:
        report = verify_database(connection, encode_vkey("bank.example/ledger", key.public))
    assert report.sound, report.faults
    grown = digest(engine)
    assert {rebuild(engine, Rules(), batch=size) for size in (1000, 17, 1)} == {grown}
