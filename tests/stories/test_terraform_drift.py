"""Drift of a workspace, from the fake Terraform Enterprise to the ledger of drift: its JSON, its files and its pages."""

import csv
import io
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from app.changes.project import digest
from app.demo.fakes.tfe_plan_resources import PlannedResource, updated
from app.demo.fakes.tfe_state import PullRequestState, RunState, WorkspaceState

from tests.stories.bank import REPO, Bank

PLACE, BUCKET, QUEUE = "payments-production", "aws_s3_bucket.logs", "aws_sqs_queue.payments"
LIMITS = """[[environment]]
name = "production"
class = "prod"
workspaces = ["*-production"]
[drift_limits]
production = { terraform = "24h" }
"""
JSON = dict[str, Any]


def ago(minutes: float) -> datetime:
    return datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=minutes)


def place_of(bank: Bank, **settings: Any) -> WorkspaceState:
    place = bank.tfe.add_workspace(PLACE, REPO, "payments", created_at=ago(60 * 24 * 9))
    bank.more = LIMITS
    if settings:
        bank.tfe.estate.change(place, place.created_at, **settings)
    return place


def planned(bank: Bank, place: WorkspaceState, at: datetime, drift: Sequence[PlannedResource] = (), **more: Any) -> RunState:
    """A run whose plan changes one thing, and found that much changed outside of Terraform."""
    run = bank.tfe.add_run(place, "Tune the queue", at - timedelta(minutes=1), "ada", **more)
    bank.tfe.plans.tell(run.planned, [updated(QUEUE, "delay_seconds")], drift=drift)
    run.plan(at, 0, 1)
    return run


def applied(bank: Bank, run: RunState, at: datetime) -> RunState:
    run.confirm(at - timedelta(minutes=2), bank.tfe.user("bob"))
    run.apply(at)
    return run


def polled(bank: Bank) -> None:
    ran = bank.poll()
    assert ran.code == 0, ran.lines


def drift_of(bank: Bank, q: str = "") -> list[JSON]:
    """What the JSON tells, and that the file tells the same rows."""
    items: list[JSON] = bank.page(f"/api/v1/drift?q={q}").json()["items"]
    rows = list(csv.DictReader(io.StringIO(bank.page(f"/drift.csv?q={q}").text.removeprefix("\ufeff"))))
    assert [(row["id"], row["state"], row["cause"], row["ended_by"]) for row in rows] == [
        (one["id"], one["state"], one["cause"], one["ended_by"] or "") for one in items
    ]
    return items


def blind_of(bank: Bank) -> list[JSON]:
    items: list[JSON] = bank.page("/api/v1/blind-spots").json()["items"]
    return sorted(items, key=lambda one: (one["since_before"], one["ended_at"] or "~"))


def words_of(bank: Bank, path: str) -> str:
    page = bank.page(path)
    assert page.status_code == 200
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.text.replace("<wbr>", "")))


def same(told: str | None, at: datetime) -> bool:
    return told is not None and datetime.fromisoformat(told) == at


def rebuilt_alike(bank: Bank) -> None:
    engine = bank.engine
    try:
        before = digest(engine)
        assert bank.run("rebuild").code == 0
        assert digest(engine) == before
    finally:
        engine.dispose()


def test_what_is_over_without_a_run_was_put_back_outside_of_terraform(bank: Bank) -> None:
    place = place_of(bank)
    fine, onset, end = ago(300), ago(200), ago(100)
    bank.tfe.estate.assess(place, fine)
    polled(bank)
    assert drift_of(bank) == []
    bank.tfe.estate.assess(place, onset, drifted=3)
    polled(bank)
    (one,) = drift_of(bank)
    assert (one["state"], one["size"], one["cause"], one["changes"], one["ended_by"]) == ("open", 3, "unknown", None, None)
    assert same(one["onset_after"], fine)
    assert same(one["onset_before"], onset)
    assert (one["subject"]["workspace"], one["environment"], one["limit_seconds"], one["over_limit"]) == (
        PLACE,
        "production",
        86400,
        False,
    )
    assert "3 resources of payments-production" in words_of(bank, "/drift")
    bank.tfe.estate.assess(place, end)
    polled(bank)
    (one,) = drift_of(bank)
    assert (one["state"], one["ended_by"], one["ended_operation"], one["ended_change"]) == (
        "closed",
        "reverted by hand",
        None,
        None,
    )
    assert same(one["ended_after"], onset)
    assert same(one["ended_at"], end)
    assert "outside of Terraform" in one["ended_because"]
    assert "by whom is not told" in words_of(bank, f"/drift/{one['id']}")
    assert one["person"] is None
    rebuilt_alike(bank)


def test_an_applied_run_ended_it_also_where_the_result_is_read_before_the_run(bank: Bank) -> None:
    place = place_of(bank)
    bank.tfe.estate.assess(place, ago(60 * 40))
    bank.tfe.estate.assess(place, ago(60 * 30), drifted=1)
    polled(bank)
    (one,) = drift_of(bank)
    assert one["over_limit"] is True, "a day and more"
    assert "over its limit" in words_of(bank, "/drift")
    run = applied(bank, planned(bank, place, ago(90)), ago(80))
    bank.tfe.estate.assess(place, ago(20))
    polled(bank)
    (one,) = drift_of(bank)
    assert (one["state"], one["ended_by"], one["ended_operation"]) == ("closed", "terraform run", f"run:tfe-prod:{run.id}")
    assert same(one["ended_at"], run.stamps["applied-at"])
    assert one["over_limit"] is True
    change = bank.one("SELECT id FROM changes WHERE runs LIKE :run", run=f"%{run.id}%")
    assert one["ended_change"] == str(change)
    page = bank.page(f"/drift/{one['id']}").text
    assert f"/changes/{change}" in page
    assert run.id in page
    rebuilt_alike(bank)


def test_a_plan_names_what_differs_and_a_later_one_or_a_run_ends_it(bank: Bank) -> None:
    place = place_of(bank)
    first, second, third = ago(300), ago(240), ago(180)
    bank.tfe.estate.assess(place, ago(360))
    planned(bank, place, first, speculative=True)
    both = [updated(BUCKET, "acl", "versioning"), updated(QUEUE, "tags")]
    planned(bank, place, second, both, speculative=True)
    polled(bank)
    found = {one["subject"]["name"]: one for one in drift_of(bank)}
    assert set(found) == {BUCKET, QUEUE}
    for one in found.values():
        assert (one["state"], one["cause"], one["size"]) == ("open", "live-edit", 1)
        assert same(one["onset_after"], first)
        assert same(one["onset_before"], second)
    assert {change["path"] for change in found[BUCKET]["changes"]} >= {"acl", "versioning"}
    assert not [change for change in found[BUCKET]["changes"] if change["values_told"] or change["live"] or change["declared"]]
    assert BUCKET in words_of(bank, "/drift")
    assert "acl" in words_of(bank, f"/drift/{found[BUCKET]['id']}")
    run = planned(bank, place, third, [updated(QUEUE, "tags")])
    polled(bank)
    found = {one["subject"]["name"]: one for one in drift_of(bank)}
    assert (found[BUCKET]["ended_by"], found[QUEUE]["state"]) == ("reverted by hand", "open")
    assert same(found[BUCKET]["ended_after"], second)
    assert same(found[BUCKET]["ended_at"], third)
    applied(bank, run, ago(60))
    polled(bank)
    found = {one["subject"]["name"]: one for one in drift_of(bank)}
    assert (found[QUEUE]["ended_by"], found[QUEUE]["ended_operation"]) == ("terraform run", f"run:tfe-prod:{run.id}")
    assert found[QUEUE]["ended_change"]
    assert f"/changes/{found[QUEUE]['ended_change']}" in bank.page(f"/drift/{found[QUEUE]['id']}").text
    rebuilt_alike(bank)


def test_where_assessments_pause_fail_or_are_switched_off_nothing_is_called_fine(bank: Bank) -> None:
    place = place_of(bank)
    fine, onset, failed = ago(400), ago(300), ago(200)
    bank.tfe.estate.assess(place, fine)
    bank.tfe.estate.assess(place, onset, drifted=2)
    polled(bank)
    speculative = bank.tfe.add_run(place, "A pull request", ago(250), "ada", speculative=True)
    speculative.error(ago(249))
    polled(bank)
    (one,) = drift_of(bank)
    (paused,) = blind_of(bank)
    assert (one["state"], one["ended_at"], one["exposure_seconds"], one["over_limit"]) == ("unknown", None, None, None)
    assert same(one["unknown_since"], onset)
    assert (paused["why"], paused["ended_at"]) == ("skipped", None)
    assert speculative.id in paused["because"]
    assert same(paused["since_after"], onset)
    assert "cannot be compared" in words_of(bank, "/drift")
    planned(bank, place, ago(240)).discard(ago(239), bank.tfe.user("bob"))
    bank.tfe.estate.assess(place, failed, error="the provider timed out")
    polled(bank)
    (one,) = drift_of(bank)
    assert one["state"] == "unknown"
    assert {spot["why"] for spot in blind_of(bank)} == {"skipped", "unknown"}
    assert all(spot["ended_at"] is None for spot in blind_of(bank))
    assert "the provider timed out" in words_of(bank, "/drift")
    done = applied(bank, planned(bank, place, ago(150)), ago(140))
    bank.tfe.estate.assess(place, ago(120), drifted=2)
    polled(bank)
    (one,) = drift_of(bank)
    assert (one["state"], one["unknown_since"]) == ("open", None)
    assert len(one["blind_spots"]) == 2
    assert all(spot["ended_at"] for spot in blind_of(bank))
    bank.tfe.estate.change(place, datetime.now(UTC), assessments_enabled=False)
    polled(bank)
    (one,) = drift_of(bank)
    assert (one["state"], "switched off" in one["unknown_because"]) == ("unknown", True)
    bank.tfe.estate.change(place, datetime.now(UTC), assessments_enabled=True)
    polled(bank)
    assert drift_of(bank)[0]["state"] == "unknown", "switched on is not compared"
    assert "none was made since" in words_of(bank, "/drift")
    bank.tfe.estate.assess(place, datetime.now(UTC))
    polled(bank)
    (one,) = drift_of(bank)
    assert (one["state"], one["ended_by"]) == ("closed", "reverted by hand"), done.id
    assert all(spot["ended_at"] for spot in blind_of(bank))
    assert len(blind_of(bank)) == 4
    rebuilt_alike(bank)


def test_a_workspace_of_which_no_assessment_was_ever_made_is_not_as_declared(bank: Bank) -> None:
    place = place_of(bank, assessments_enabled=True)
    off = bank.tfe.add_workspace("settlements-production", REPO, "settlements", created_at=ago(600))
    polled(bank)
    polled(bank)
    told = {spot["workspace"]: spot for spot in blind_of(bank)}
    assert {name: (spot["why"], spot["ended_at"]) for name, spot in told.items()} == {
        PLACE: ("skipped", None), off.name: ("skipped", None),
    }  # fmt: skip
    assert "no health assessment of the workspace was made yet" in told[PLACE]["because"]
    assert "switched off" in told[off.name]["because"]
    compared = bank.page("/api/v1/drift").json()["compared"]
    assert (compared["as_declared"], compared["never_compared"]) == (0, 2)
    assert "is not known" in words_of(bank, "/drift") or "cannot be compared" in words_of(bank, "/drift")
    bank.tfe.estate.assess(place, datetime.now(UTC))
    polled(bank)
    told = {spot["workspace"]: spot for spot in blind_of(bank)}
    assert told[PLACE]["ended_at"]
    assert told[off.name]["ended_at"] is None
    compared = bank.page("/api/v1/drift").json()["compared"]
    assert (compared["as_declared"], compared["never_compared"]) == (1, 1)
    rebuilt_alike(bank)


def merged(bank: Bank, at: datetime) -> tuple[str, PullRequestState]:
    number = bank.github.add_pull_request(
        REPO, "A longer delay", "ada", at, "ada/delay", [], [(None, "ada", "Delay", ["payments/q.tf"])]
    )
    bank.github.review(REPO, number, "bob", "APPROVED", at + timedelta(minutes=2))
    return bank.github.merge(REPO, number, "bob", at + timedelta(minutes=4), "squash"), PullRequestState(number, "A longer delay")


def test_merged_and_not_applied_is_the_cause_only_where_nothing_else_can_be(bank: Bank) -> None:
    place = place_of(bank)
    bank.tfe.estate.assess(place, ago(500))
    sha, _ = merged(bank, ago(440))
    waits = planned(bank, place, ago(430), commit=sha)
    bank.tfe.estate.assess(place, ago(300), drifted=1)
    polled(bank)
    (one,) = drift_of(bank)
    assert (one["state"], one["cause"]) == ("open", "unknown"), "its plan is of before the drift: it rules nothing out"
    assert "merged-not-applied" in {each["cause"] for each in one["possible"]}
    planned(bank, place, ago(200), speculative=True)
    polled(bank)
    (one,) = drift_of(bank)
    assert (one["cause"], waits.id in one["because"], "waits" in one["because"]) == ("merged-not-applied", True, True)
    assert "merged, not applied" in words_of(bank, "/drift")
    applied(bank, waits, ago(100))
    bank.tfe.estate.assess(place, ago(50))
    polled(bank)
    (one,) = drift_of(bank)
    assert (one["ended_by"], one["ended_operation"]) == ("terraform run", f"run:tfe-prod:{waits.id}")
    rebuilt_alike(bank)


def test_what_was_merged_after_the_drift_is_not_why_it_drifted(bank: Bank) -> None:
    place = place_of(bank)
    bank.tfe.estate.assess(place, ago(500))
    bank.tfe.estate.assess(place, ago(460), drifted=1)
    sha, _ = merged(bank, ago(440))
    planned(bank, place, ago(430), commit=sha)
    polled(bank)
    (one,) = drift_of(bank)
    assert one["cause"] == "unknown"
    assert "merged-not-applied" in {each["cause"] for each in one["ruled_out"]}
