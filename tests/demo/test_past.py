"""Two days of the past through the real pipeline: every trouble comes out as a change, and a kill anywhere changes nothing."""

import random
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from app.changes.drift import store as drift
from app.changes.drift.rows import EpisodeRow
from app.changes.lineage import store as lineage
from app.changes.project import catch_up, rebuild
from app.changes.write.store import digest_of_all
from app.db.session import APP_ROLE, engine_for, transaction
from app.demo.bank import DATABASE
from app.demo.journal import Wishes
from app.domain.drift import Blindness, Cause, Ended, State
from app.search.tree import EVERYTHING
from sqlalchemy import Engine, event, text

from tests.demo.living import NOW, Living, hours, living, rules

WISHES = Wishes(days=2)
ROWS = "SELECT id, seq, source, type, status, entity, occurred_at, observed_at, recorded_at FROM events ORDER BY seq"


class Killed(BaseException):
    """Nothing in the program catches it, as nothing catches SIGKILL."""


def rows(engine: Engine) -> list[tuple[Any, ...]]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(ROWS))]


def watch(engine: Engine, here: Living, stopping: Callable[[], bool] = lambda: False) -> bool:
    def also(_: datetime) -> None:
        catch_up(engine, here.rules)

    with here.past(engine) as past:
        return past.watch(also, stopping)


@pytest.fixture(scope="module")
def watched(module_database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """A database that has watched the whole past without interruption."""
    engine = engine_for(module_database, role=APP_ROLE)
    with living(tmp_path_factory.mktemp("world"), WISHES) as here:
        assert watch(engine, here)
        catch_up(engine, here.rules)
    yield engine
    engine.dispose()


@pytest.fixture(scope="module")
def changes(watched: Engine) -> list[dict[str, Any]]:
    """As the JSON list tells them."""
    with watched.connect() as connection:
        return [row.item for row in connection.execute(text("SELECT item FROM changes ORDER BY opened_at"))]


def verdict(change: dict[str, Any], control: str) -> str:
    return next(one["verdict"] for one in change["verdicts"] if one["control"] == control)


def gaps(change: dict[str, Any]) -> set[str]:
    return {gap["what"] for gap in change["gaps"]}


def titled(changes: list[dict[str, Any]], title: str) -> dict[str, Any]:
    found = [one for one in changes if title in one["title"]]
    assert found, f"no change is titled {title!r}"
    return found[0]


def test_a_whole_chain_passes(changes: list[dict[str, Any]]) -> None:
    one = titled(changes, "Settlements: database endpoint")
    assert len(one["pull_requests"]) == len(one["applies"]) == len(one["syncs"]) == 1
    assert {run["kind"] for run in one["runs"]} == {"plan_only", "plan_and_apply"}
    assert one["gaps"] == []
    assert one["summary"]["fail"] == one["summary"]["indeterminate"] == 0


def test_a_sync_before_the_namespace_fails_and_is_mended_in_one_change(changes: list[dict[str, Any]]) -> None:
    one = titled(changes, "Settlements: a namespace of its own")
    assert [sync["phase"] for sync in one["syncs"]] == ["Failed", "Succeeded"]
    first, apply, second = one["syncs"][0], one["applies"][0], one["syncs"][1]
    assert first["started_at"] < apply["at"] < second["started_at"]
    missed = [need for need in one["needs"] if need["wants"] == "missing"]
    assert {(need["object"]["is"], need["came"], need["strength"]) for need in missed} == {
        ("namespace settlements", "the sync came first", "derived")
    }
    assert all(need["run"] in need["says"] and need["seconds"] > 0 for need in missed)


def test_a_hard_mandatory_failure_applies_nothing(changes: list[dict[str, Any]]) -> None:
    """The run applied nothing; what it was of stays on the branch, and the next apply of the workspace brings it."""

    def stopped(one: dict[str, Any]) -> set[str]:
        return {p["run"] for p in one["policy"] if p["level"] == "hard-mandatory" and p["verdict"] == "failed"}

    (one,) = [one for one in changes if stopped(one)]
    assert not stopped(one) & {apply["run"] for apply in one["applies"]}


def test_an_overridden_soft_mandatory_policy_is_an_exception_by_name(changes: list[dict[str, Any]]) -> None:
    (one,) = [one for one in changes if any(p["overridden_by"] for p in one["policy"])]
    assert {p["overridden_by"] for p in one["policy"] if p["overridden_by"]} == {"dara-novak"}
    assert (verdict(one, "TEST-3"), verdict(one, "SOD-3")) == ("exception", "pass")
    assert len(one["applies"]) == 1


def test_who_approves_what_they_wrote_breaks_separation(changes: list[dict[str, Any]]) -> None:
    assert verdict(titled(changes, "payments-api: raise the connection pool"), "SOD-1") == "fail"


def test_a_merge_without_a_review_fails(changes: list[dict[str, Any]]) -> None:
    one = titled(changes, "payments-api: log less")
    assert (verdict(one, "AUTH-2"), len(one["syncs"])) == ("fail", 1)


def test_a_push_straight_to_a_protected_branch_is_found_with_who_pushed(changes: list[dict[str, Any]]) -> None:
    *imports, one = [one for one in changes if one["title"].endswith("(pushed straight to main)")]
    assert one["repository"] == "bank/application-manifests"
    assert "raise the memory limit" in one["title"]
    assert imports, "the applications were imported so, too"
    assert one["pull_requests"] == []
    assert (verdict(one, "AUTH-1"), len(one["syncs"])) == ("fail", 1)
    (pusher,) = [who for who in one["people"] if who["role"] == "pusher"]
    assert pusher["person"], "GitHub's own word for who it was, and the bank knows the account"


def test_an_apply_without_a_pull_request_fails_twice(changes: list[dict[str, Any]]) -> None:
    one = titled(changes, "Scale up for month end")
    assert one["pull_requests"] == []
    assert "no pull request" in gaps(one)
    assert (verdict(one, "AUTH-1"), verdict(one, "SOD-2")) == ("fail", "fail")


def test_one_of_two_readers_of_a_parameter_that_was_written_is_stale(watched: Engine, changes: list[dict[str, Any]]) -> None:
    with transaction(watched) as connection:
        found = {one.path: one for one in lineage.every(connection)}
    one = found[DATABASE]
    assert one.states[0] == "stale"
    stand = [(reader.look.application, str(reader.standing.state)) for reader in one.readers]
    assert stand == [("settlements", "stale"), ("payments-api", "fresh")]
    assert {r.standing.since for r in one.readers if r.standing.since} == {one.writers[0].last.at}
    written = titled(changes, "Settlements: database endpoint")
    assert one.writers[0].last.run in {run["id"] for run in written["runs"]}


def test_a_rollback_is_one_and_says_so(changes: list[dict[str, Any]]) -> None:
    one = titled(changes, "Rollback of fraud-detector")
    assert [sync["kind"] for sync in one["syncs"]] == ["rollback"]
    assert verdict(one, "AUTH-1") == "exception"


def test_a_bot_proposes_and_a_person_approves(changes: list[dict[str, Any]]) -> None:
    one = titled(changes, "Update image of payments-api")
    assert {person["name"] for person in one["people"] if person["role"] == "author"} == {"renovate"}
    assert {person["name"] for person in one["people"] if person["role"] == "approver"} <= {
        *("ana-ferreira", "ben-okafor", "chen-wu", "eli-brandt", "mira-haddad")
    }


def test_an_edit_with_kubectl_is_healed(changes: list[dict[str, Any]], watched: Engine) -> None:
    healed = [one for one in changes if one["drift"] and any(sync["kind"] == "self-heal" for sync in one["syncs"])]
    assert healed
    assert "Live state of payments-api left the declared one" in {one["title"] for one in healed}


def test_drift_that_nobody_ends_stays_open(changes: list[dict[str, Any]]) -> None:
    one = titled(changes, "Live state of fraud-detector left the declared one")
    assert one["finished_at"] is None
    assert verdict(one, "SHADOW-4") in ("fail", "indeterminate")


@pytest.fixture(scope="module")
def episodes(watched: Engine) -> list[EpisodeRow]:
    """Of the drift ledger, the newest first."""
    with transaction(watched) as connection:
        return list(drift.episodes_matching(connection, EVERYTHING, None, NOW, limit=500).items)


def standing(episodes: list[EpisodeRow], name: str) -> EpisodeRow:
    (one,) = [one for one in episodes if one.of.name == name and one.of.state is State.OPEN]
    return one


def test_what_differs_now_stands_in_the_ledger_with_why_and_its_limit(watched: Engine, episodes: list[EpisodeRow]) -> None:
    edited, scaled = standing(episodes, "fraud-detector"), standing(episodes, "card-ledger")
    assert (edited.of.cause, [one.manager for one in edited.of.writers if one.manager.startswith("kubectl")]) == (
        *(Cause.LIVE_EDIT, ["kubectl-edit"]),
    )
    assert [(one.live, one.declared, one.by) for one in edited.of.changes or ()] == [('"2Gi"', '"512Mi"', ("kubectl-edit",))]
    assert (edited.of.self_heal, edited.limit) == (False, hours(4))
    assert NOW - edited.of.onset_before > hours(4) > NOW - scaled.of.onset_before
    assert (scaled.of.cause, scaled.limit) == (Cause.CONTROLLER, hours(4))
    waits = {name: standing(episodes, name).of for name in ("card-ledger-config", "card-ledger-rates-2025")}
    assert [one.cause for one in waits.values()] == [Cause.PENDING_COMMIT, Cause.PRUNING_NEEDED]
    with transaction(watched) as connection:
        assert drift.standing_now(connection, NOW)["over"] == 1


def test_a_comparison_that_fails_is_a_blind_spot_with_argo_cds_reason(watched: Engine) -> None:
    with transaction(watched) as connection:
        spots = drift.blind_matching(connection, None, standing=True).items
    (one,) = [one for one in spots if one.application]
    assert (one.why, one.application.rpartition("/")[2]) == (Blindness.UNKNOWN, "statements")
    assert "kustomize build" in one.because


def test_an_assessment_counts_what_drifted_and_a_plan_names_it(episodes: list[EpisodeRow]) -> None:
    of = [one.of for one in episodes if one.of.workspace.endswith("card-ledger-db-production")]
    assert {(one.name, one.size, one.state) for one in of} == {
        ("", 2, State.OPEN),
        ("module.database.aws_db_instance.main", 1, State.OPEN),
        ("module.database.aws_security_group_rule.reporting", 1, State.OPEN),
    }
    assert {one.limit for one in episodes if one.of in of} == {hours(24)}


def test_drift_of_the_past_ended_in_every_way(episodes: list[EpisodeRow]) -> None:
    ended = {(one.of.name, one.of.ended_by) for one in episodes if one.of.changes}
    assert ended >= {
        ("payments-api", Ended.SELF_HEAL),
        ("card-ledger-config", Ended.BY_HAND),
        ("statements", Ended.AUTOMATED_SYNC),
    }


def test_syncs_that_argo_cd_forgot_are_a_gap_of_known_size(changes: list[dict[str, Any]], watched: Engine) -> None:
    one = next(one for one in changes if "history gap" in gaps(one))
    assert "syncs of settlements not seen" in one["title"]
    with watched.connect() as connection:
        (fact,) = connection.execute(text("SELECT status FROM events WHERE type = 'history-gap'")).all()
        failed = connection.execute(text("SELECT source, state FROM failures")).all()
    assert fact is not None
    assert [tuple(row) for row in failed] == [("argocd-prod", "server error")]


def test_nothing_in_the_demo_is_not_understood(watched: Engine) -> None:
    with watched.connect() as connection:
        assert connection.execute(text("SELECT * FROM unknown_values")).all() == []
        assert connection.execute(text("SELECT * FROM events WHERE NOT known")).all() == []
        assert connection.execute(text("SELECT * FROM streams WHERE state <> 'read'")).all() == []


def test_nothing_is_seen_before_it_happened(watched: Engine) -> None:
    with watched.connect() as connection:
        assert connection.execute(text("SELECT type, status FROM events WHERE occurred_at > observed_at")).all() == []


def test_a_rebuild_comes_out_identical(watched: Engine, tmp_path: Path) -> None:
    with transaction(watched) as connection:
        stands = digest_of_all(connection)
    assert rebuild(watched, rules(tmp_path)) == stands


def test_killed_anywhere_and_begun_again_it_is_the_same_ledger(watched: Engine, engine: Engine, tmp_path: Path) -> None:
    """Killed before a transaction is committed, some dozen times; the world begins again with its journal, as its process does."""
    rng, kills = random.Random(1), 0

    @event.listens_for(engine, "commit")
    def before(_: Any) -> None:
        if rng.random() < 0.02:
            raise Killed

    done = False
    while not done:
        with living(tmp_path, WISHES) as here:
            try:
                done = watch(engine, here)
            except Killed:
                kills += 1
                engine.dispose()
    assert kills > 3
    assert rows(engine) == rows(watched)


def test_it_ends_where_the_live_world_begins_and_is_not_watched_twice(watched: Engine, tmp_path: Path) -> None:
    before = rows(watched)
    with living(tmp_path, WISHES) as here, here.past(watched) as past:
        assert past.reached() == past.began == NOW
        assert past.start == NOW - hours(48)
        assert past.over()
    assert rows(watched) == before


def test_it_stops_when_told_and_goes_on_later(engine: Engine, tmp_path: Path) -> None:
    asked = iter([False] * 6)
    with living(tmp_path, WISHES) as here:
        assert not watch(engine, here, lambda: next(asked, True))
        with here.past(engine) as past:
            assert not past.over()
            assert past.start < (past.reached() or past.start) < past.began


def test_what_is_applied_is_not_always_what_was_reviewed(changes: list[dict[str, Any]]) -> None:
    outcomes = {one["title"]: [r["outcome"] for r in one["reviewed"]] for one in changes}
    assert ["same"] in outcomes.values()
    assert outcomes["Settlements: a namespace of its own"] == ["different"]
    assert outcomes["Scale up for month end"] == ["never planned"]
    (added,) = titled(changes, "Settlements: a namespace of its own")["reviewed"][0]["differences"]
    assert (added["reviewed"], added["applied"]) == (None, "create")
    assert any(r["type"] == "aws_eks_node_group" for one in changes for r in one["resources"])
