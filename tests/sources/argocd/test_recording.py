"""A day of a real server: every operation it ran stands, with the one who began it or nobody, and nothing else stands."""

from datetime import datetime
from typing import Any

import pytest
from app.domain.actor import ActorKind
from app.sources.contract import Page

from tests.recordings.replay import Replay
from tests.sources.argocd.day import Shown, operations, read_day, truth
from tests.sources.harness import events_of

FOLDER = "argocd-a"


@pytest.fixture(scope="module")
def day() -> tuple[list[Page], Replay, dict[str, Any]]:
    memory: dict[str, Any] = {}
    pages, server, _ = read_day(FOLDER, 5, memory)
    return pages, server, memory


def matched(pages: list[Page]) -> tuple[list[tuple[dict[str, Any], Shown]], list[dict[str, Any]], list[Shown]]:
    """(what ran and what was shown), what was not shown, what did not run."""
    left, pairs, missing = operations(pages), [], []
    for ran in truth(FOLDER):
        started = datetime.fromisoformat(ran["started"])
        near = [s for s in left.values() if s.uid == ran["uid"] and abs((s.started - started).total_seconds()) <= 1]
        if not near:
            missing.append(ran)
            continue
        best = min(near, key=lambda s: abs((s.started - started).total_seconds()))
        pairs.append((ran, left.pop(best.id)))
    return pairs, missing, list(left.values())


def check(ran: dict[str, Any], shown: Shown) -> None:
    named = {a.name for a in shown.actors if a.kind is ActorKind.HUMAN}
    if not ran["announced"]:
        assert not named
        assert all(a.kind is ActorKind.UNKNOWN and a.because for a in shown.actors)
        assert shown.facts["operation_kind"] == "injected"
    elif ran["initiated_by"].get("automated"):
        assert {a.name for a in shown.actors} == {"Argo CD"}
        assert shown.facts["automated"]
    else:
        assert named == {ran["initiated_by"]["username"]}
    assert shown.facts["revisions"] == (ran.get("revisions") or [ran["revision"]])
    # the recorder lost the end of some: a Running one that was never seen to retry again had succeeded
    ended = ran["phase"] if ran["phase"] != "Running" else "Failed" if "Retrying" in ran["message"] else "Succeeded"
    assert shown.ended == ended
    assert shown.phases.count("Running") == 1
    assert len(shown.phases) == 2


def test_every_operation_of_the_day_stands_once_and_no_other(day: tuple[list[Page], Replay, dict[str, Any]]) -> None:
    pairs, missing, invented = matched(day[0])
    assert not missing
    assert not invented
    assert len(pairs) == 39
    for ran, shown in pairs:
        check(ran, shown)


@pytest.mark.parametrize("step", [30, 60])
def test_read_seldom_every_operation_still_stands_or_lies_in_a_declared_gap(step: float) -> None:
    pages, _, _ = read_day(FOLDER, step)
    pairs, missing, invented = matched(pages)
    assert not missing
    assert not invented
    for ran, shown in pairs:
        check(ran, shown)
    # entries that left the history between two passes stand all the same: they were announced
    assert not [e for e in events_of(pages) if e.type in ("history-gap", "unwitnessed")]


def test_the_injected_operation_wears_alices_name_and_she_is_not_blamed(day: tuple[list[Page], Replay, dict[str, Any]]) -> None:
    told = [e for e in events_of(day[0]) if e.keys.application == "ledger-core" and "02:31:53" in (e.keys.operation or "")]
    assert {e.type for e in told} == {"operation", "history", "health", "announcement"}
    told = [e for e in told if e.type in ("operation", "history")]
    for event in told:
        assert event.actor is not None
        assert event.actor.kind is ActorKind.UNKNOWN
        assert "alice" not in str(event.facts)
        assert "alice" not in event.actor.because


def test_kinds_are_what_was_done(day: tuple[list[Page], Replay, dict[str, Any]]) -> None:
    kinds = {(s.application, s.started.strftime("%H:%M:%S")): s.facts["operation_kind"] for s in operations(day[0]).values()}
    assert kinds["payments-api", "02:26:55"] == "selective"
    assert kinds["payments-api", "02:27:01"] == "dry-run"
    assert kinds["payments-api", "02:27:10"] == "rollback"
    assert kinds["payments-api", "02:31:59"] == "self-heal"
    assert kinds["fraud-detector", "02:32:33"] == "self-heal"
    assert kinds["fraud-detector", "02:26:48"] == "automated"  # a new revision that undid a hand edit on its way
    assert sorted(set(kinds.values())) == ["automated", "dry-run", "injected", "manual", "rollback", "selective", "self-heal"]


def test_the_terminated_operation_names_who_ended_it(day: tuple[list[Page], Replay, dict[str, Any]]) -> None:
    one = next(s for s in operations(day[0]).values() if s.application == "ledger-core" and s.ended == "Failed")
    assert one.facts["terminated_by"] == "bob"
    assert {a.name for a in one.actors} == {"alice"}


def test_previous_revisions_come_from_the_history_entry_before(day: tuple[list[Page], Replay, dict[str, Any]]) -> None:
    by_id = {s.facts["history_id"]: s.facts for s in operations(day[0]).values() if s.application == "reporting"}
    assert by_id[0]["previous_revision"] is None
    assert all(by_id[n]["previous_revision"] == by_id[n - 1]["revision"] for n in range(1, 15))
    asked = {(w.repository, w.base, w.head) for page in day[0] for w in page.wants}
    assert ("bank/application-manifests", by_id[4]["revision"], by_id[5]["revision"]) in asked
    assert all(base != head for _, base, head in asked)


def test_drift_is_told_where_live_changed_and_not_where_a_commit_waits(day: tuple[list[Page], Replay, dict[str, Any]]) -> None:
    told = [(e.keys.application, e.status, e.facts["onset_before"][11:19]) for e in events_of(day[0]) if e.type == "drift"]
    assert told == [
        ("payments-api", "OutOfSync", "02:26:18"),
        ("payments-api", "Synced", "02:26:18"),
        ("payments-api", "OutOfSync", "02:31:59"),
        ("payments-api", "Synced", "02:31:59"),
        ("fraud-detector", "OutOfSync", "02:32:33"),
        ("fraud-detector", "Synced", "02:32:33"),
    ]
    closed = [e for e in events_of(day[0]) if e.type == "drift" and e.status == "Synced"]
    assert closed[0].facts["ended_by"].endswith("/2026-11-24T02:26:45Z")
    assert closed[0].facts["resources"][0]["name"] == "payments-api"


def test_an_application_deleted_and_made_again_is_two(day: tuple[list[Page], Replay, dict[str, Any]]) -> None:
    told = [e for e in events_of(day[0]) if e.type == "application" and e.keys.application == "card-tokenizer"]
    assert [e.status for e in told] == ["created", "deleted", "created"]
    assert told[0].ref.id == told[1].ref.id != told[2].ref.id


def test_who_changed_the_policy_and_what_of_it(day: tuple[list[Page], Replay, dict[str, Any]]) -> None:
    told = [e for e in events_of(day[0]) if e.type == "application" and e.status == "changed"]
    assert [(e.actor and e.actor.name, e.facts["changed"], e.facts["self_heal"]) for e in told] == [
        ("bob", ["auto_sync", "self_heal"], True),
        ("bob", ["auto_sync", "self_heal"], False),
    ]


def test_nothing_is_told_twice_and_little_is_asked(day: tuple[list[Page], Replay, dict[str, Any]]) -> None:
    pages, server, memory = day
    ids = [e.id for e in events_of(pages)]
    assert len(ids) == len(set(ids))
    assert len(server.log) < 400
    assert not [query for _, query in server.log if "refresh" in query]
    per_app = [(path, query) for path, query in server.log if path.startswith("/api/v1/applications/")]
    assert all("project=" in query for _, query in per_app)
    assert len(str(memory)) < 64_000
