"""What nobody, a pipeline or a setting did in Terraform Enterprise, from its server to the page.

Never is it a person's approval, and never a pass.
"""

import re
import signal
from datetime import UTC, datetime, timedelta
from typing import Any

from app.demo.fakes.tfe_state import PolicyState, RunState, WorkspaceState

from tests.stories.bank import REPO, Bank
from tests.stories.test_workers import until, worker

AGO = timedelta(hours=3)


def start() -> datetime:
    return datetime.now(UTC).replace(microsecond=0) - AGO


def done(run: RunState, at: datetime, by: Any, comment: str | None = None) -> RunState:
    run.plan(at + timedelta(minutes=1), 1)
    run.confirm(at + timedelta(minutes=5), by, comment)
    run.apply(at + timedelta(minutes=9))
    return run


def words_of(bank: Bank, path: str) -> str:
    page = bank.page(path)
    assert page.status_code == 200
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.text))


def change_of(bank: Bank, run: RunState) -> tuple[dict[str, Any], str]:
    id_ = bank.one("SELECT id FROM changes WHERE runs LIKE :run", run=f"%{run.id}%")
    item = bank.page(f"/api/v1/changes/{id_}")
    assert item.status_code == 200
    return item.json(), words_of(bank, f"/changes/{id_}")


def verdicts(item: dict[str, Any]) -> dict[str, tuple[str, str]]:
    return {one["control"]: (one["verdict"], one["because"]) for one in item["verdicts"]}


def roles(item: dict[str, Any]) -> dict[str, str]:
    return {one["role"]: one["name"] for one in item["people"]}


def test_a_run_that_a_run_trigger_began_and_applied_names_nobody(bank: Bank) -> None:
    at = start()
    place = bank.tfe.add_workspace("payments-production", REPO, "payments", created_at=at)
    run = bank.tfe.add_run(place, "Triggered", at, None, source="tfe-run-trigger", auto_apply=True)
    done(run, at, None)
    assert bank.poll().code == 0
    item, page = change_of(bank, run)
    assert "confirmer" not in roles(item) or roles(item)["confirmer"] == "auto-apply"
    assert "run trigger" in page
    assert verdicts(item)["AUTH-4"][0] != "pass"
    assert not [one for one in item["people"] if one["role"] in ("confirmer", "creator") and one["name"] in bank.tfe.users]


def test_a_pipelines_account_confirms_as_what_it_is(bank: Bank) -> None:
    at = start()
    place = bank.tfe.add_workspace("payments-production", REPO, "payments", created_at=at)
    pipeline = bank.tfe.user("infra-pipeline", service=True)
    run = done(bank.tfe.add_run(place, "By the pipeline", at, pipeline), at, pipeline, "Nightly")
    assert bank.poll().code == 0
    item, page = change_of(bank, run)
    assert roles(item)["confirmer"] == "infra-pipeline"
    assert verdicts(item)["AUTH-4"][0] != "pass", "a service account is no person who approved"
    assert "infra-pipeline" in page
    assert "Nightly" in page


def test_a_run_without_any_policy_says_so_and_it_is_not_a_pass(bank: Bank) -> None:
    at = start()
    place = bank.tfe.add_workspace("payments-production", REPO, "payments", created_at=at)
    run = done(bank.tfe.add_run(place, "Unjudged", at, "ada"), at, bank.tfe.user("bob"))
    assert bank.poll().code == 0
    item, page = change_of(bank, run)
    assert item["policy"] == []
    verdict, because = verdicts(item)["TEST-3"]
    assert verdict != "pass", because
    assert "no policy" in page.lower()


def test_who_overrode_a_run_when_and_with_which_words(bank: Bank) -> None:
    at = start()
    place = bank.tfe.add_workspace("payments-production", REPO, "payments", created_at=at)
    run = bank.tfe.add_run(place, "Overridden", at, "ada")
    run.plan(at + timedelta(minutes=1), 1)
    run.policy(at + timedelta(minutes=2), [PolicyState("bank", "cost", False, "soft-mandatory", "Too dear")])
    run.override(at + timedelta(minutes=6), bank.tfe.user("carol"), "Agreed in CHG-41")
    run.confirm(at + timedelta(minutes=8), bank.tfe.user("bob"))
    run.apply(at + timedelta(minutes=9))
    assert bank.poll().code == 0
    item, page = change_of(bank, run)
    (policy,) = item["policy"]
    assert (policy["overridden_by"], policy["comment"]) == ("carol", "Agreed in CHG-41")
    assert "Agreed in CHG-41" in page
    assert roles(item)["overrider"] == "carol"


SETTINGS = (
    ({"auto_apply": True}, "auto-apply switched on"),
    ({"execution_mode": "local"}, "execution mode remote → local"),
    ({"trigger_patterns": ["live/**"]}, "trigger patterns modules/** → live/**"),
    ({"global_remote_state": True}, "sharing of its state with the whole organization switched on"),
    ({"project_remote_state": True}, "sharing of its state with its project switched on"),
    ({"tag_names": ["frozen"]}, "tags none → frozen"),
)
SHOWN: dict[str, Any] = {"trigger_patterns": ["modules/**"], "global_remote_state": False, "project_remote_state": False}


def test_what_became_of_workspaces_is_a_change_of_its_own_on_the_page(bank: Bank) -> None:
    at = start() - timedelta(days=3)
    places = [bank.tfe.add_workspace(f"ws-{n}-production", REPO, "x", created_at=at) for n in range(len(SETTINGS) + 4)]
    for place in places:
        bank.tfe.estate.change(place, at, **SHOWN)
    assert bank.poll().code == 0
    now = datetime.now(UTC)
    for place, (settings, _) in zip(places, SETTINGS, strict=False):
        bank.tfe.estate.change(place, now, **settings)
    moved, locked, other, gone = places[len(SETTINGS) :]
    bank.tfe.estate.put_in(moved, "shared")
    bank.tfe.estate.lock(locked, bank.tfe.user("dara"), "Freeze for the audit")
    other.repository = "bank/elsewhere"
    bank.tfe.workspaces.remove(gone)
    assert bank.poll().code == 0
    titles = {row.title for row in bank.rows("SELECT title FROM changes")}
    wanted = {f"{place.name}: {said}" for place, (_, said) in zip(places, SETTINGS, strict=False)}
    wanted |= {f"{moved.name}: project Default Project → shared", f"{locked.name}: locked by dara"}
    wanted |= {f"{other.name}: VCS repository {REPO} → bank/elsewhere", f"{gone.name}: workspace gone from sight"}
    assert wanted <= titles, wanted - titles
    page = words_of(bank, "/changes?q=workspace:ws-*")
    assert "auto-apply switched on" in page


def old(bank: Bank, place: WorkspaceState, many: int) -> list[RunState]:
    now = datetime.now(UTC).replace(microsecond=0)
    return [
        done(bank.tfe.add_run(place, f"Old {n}", at, "ada"), at, bank.tfe.user("bob"))
        for n in range(many)
        for at in [_back(now, n)]
    ]


def _back(now: datetime, n: int) -> datetime:
    return now - timedelta(days=400 + 300 * (n % 3), hours=n)


def test_years_back_are_read_while_what_happens_now_is_told_and_the_page_says_how_far(bank: Bank) -> None:
    place = bank.tfe.add_workspace("payments-production", REPO, "payments", created_at=datetime.now(UTC) - timedelta(days=1200))
    runs = old(bank, place, 9)
    bank.tfe.page_size = 4
    bank.settings["tfe"] = {"poll_every": 5}
    working = worker(bank)
    try:
        until(bank, "SELECT count(*) > 0 FROM stream_memory WHERE key = 'progress' AND value ->> 'done' <> '[]'")
        fresh = done(
            bank.tfe.add_run(place, "Now", datetime.now(UTC) - timedelta(minutes=10), "ada"), start(), bank.tfe.user("bob")
        )
        until(bank, f"SELECT count(*) > 0 FROM changes WHERE runs LIKE '%{fresh.id}%'")
        until(bank, "SELECT count(*) > 0 FROM stream_memory WHERE key = 'progress' AND value ->> 'done_at' IS NOT NULL", 90)
        for run in runs:
            until(bank, f"SELECT count(*) > 0 FROM changes WHERE runs LIKE '%{run.id}%'")
    finally:
        working.send_signal(signal.SIGINT)
        working.wait(timeout=20)
    page = words_of(bank, "/sources")
    assert re.search(r"all \d years from \d{4} to \d{4} read, 9 runs, ended", page)
    assert "This server: version: 1.1.0; token: read-only; has " in page
    assert ", organization run list, " in page
