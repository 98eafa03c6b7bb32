"""A parameter that Terraform changed, an ExternalSecret that did not read it, and then did: from the fakes to page and rebuild."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from app.demo.fakes import argocd_secrets as secrets
from app.demo.fakes.argocd_types import ApplicationState
from app.demo.fakes.tfe_plan_resources import PlannedResource, destroyed, made
from app.demo.fakes.tfe_state import RunState

from tests.stories.bank import GIT, REPO, Bank

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
URL, KEY = "/payments/production/database-url", "/payments/production/signing-key"
VAULT = {"vault": {"server": "https://vault.bank.example", "path": "secret", "version": "v2"}}


def apply(bank: Bank, at: datetime, *resources: PlannedResource, workspace: str = "payments-db") -> RunState:
    """A run of the workspace, applied three minutes after `at`."""
    if workspace not in {one.name for one in bank.tfe.workspaces}:
        bank.tfe.add_workspace(workspace, REPO, "db", created_at=at)
    run = bank.tfe.add_run(workspace, "Rotate", at, "ada", source="tfe-api")
    bank.tfe.plans.tell(run.planned, resources)
    run.plan(at + MINUTE, len(resources))
    run.confirm(at + 2 * MINUTE, bank.tfe.user("bob"))
    run.apply(at + 3 * MINUTE)
    return run


def application(bank: Bank, at: datetime) -> ApplicationState:
    """It reads the parameter once and never again by itself, and a path of Vault that is written by nobody."""
    app = bank.argocd.add_application(
        "payments-api", project="payments", repository=f"{GIT}/{REPO}.git", path="apps/payments", at=at, revision="7" * 40,
        destination="prod-eu-1/payments",
    )  # fmt: skip
    secrets.add_store(app, "parameters")
    secrets.add_store(app, "vault", VAULT)
    secrets.add_external(app, "database", [URL], at, every="0")
    secrets.add_external(app, "api", ["payments/api"], at, store="vault")
    secrets.add_workload(app, "payments-api", env=["database"], volumes=["api"])
    bank.argocd.sync(app, at + MINUTE, "alice")
    return app


def paths(bank: Bank, query: str = "") -> dict[str, Any]:
    answer = bank.page(f"/api/v1/lineage?q={query}")
    assert answer.status_code == 200
    return {item["path"]: item for item in answer.json()["items"]}


@pytest.fixture
def stale(bank: Bank) -> tuple[Bank, ApplicationState, RunState]:
    """The parameter was made, read, and changed an hour ago."""
    now = datetime.now(UTC)
    url = "module.db.aws_ssm_parameter.url"
    apply(bank, now - 5 * HOUR, made(url, URL), made("aws_ssm_parameter.key", KEY))
    app = application(bank, now - 4 * HOUR)
    run = apply(bank, now - HOUR, made(url, URL))
    ran = bank.poll()
    assert ran.code == 0, ran.out + ran.err
    return bank, app, run


def test_a_stale_reader_is_shown_and_is_fresh_once_it_was_refreshed(stale: tuple[Bank, ApplicationState, RunState]) -> None:
    bank, app, run = stale
    found = paths(bank)
    assert {path: item["states"] for path, item in found.items()} == {
        URL: ["stale"],
        KEY: ["unread"],
        "/bank/quiet": ["unread"],  # every plan of the fake leaves it as it is
        "secret/payments/api": ["unwritten"],
    }
    assert next(iter(found)) == URL
    (writer,), (reader,) = found[URL]["writers"], found[URL]["readers"]
    assert (writer["workspace"], writer["changed_by"]) == ("payments-db", run.id)
    assert (reader["application"], reader["match"], reader["secret"]) == ("payments-api", "exact", "database")
    assert reader["stale_since"] == writer["changed_at"]
    assert [(w["name"], w["uses"], w["state"]) for w in reader["workloads"]] == [("payments-api", ["env"], "stale")]
    page = bank.page("/lineage?q=is:stale").text
    assert "database, stale" in page
    change = bank.one("SELECT c.id FROM changes c WHERE runs LIKE :run", run=f"%{run.id}%")
    assert "payments-api, declared" in bank.page(f"/changes/{change}").text

    secrets.refresh(app, "database", datetime.now(UTC) - MINUTE)
    bank.argocd.sync(app, datetime.now(UTC) - 30 * timedelta(seconds=1), "alice")
    bank.poll()
    assert paths(bank)[URL]["states"] == ["fresh"]
    assert bank.page("/api/v1/lineage?q=is:stale").json()["items"] == []
    assert bank.argocd.refreshed == []


def test_a_rebuild_comes_out_identical_and_no_value_is_anywhere(stale: tuple[Bank, ApplicationState, RunState]) -> None:
    bank, _, _ = stale
    before = paths(bank)
    digests = {bank.run("rebuild").out.split()[-1] for _ in range(2)}
    assert len(digests) == 1
    assert paths(bank) == before
    shown = b"".join(answer.content for answer in bank.pages(["/lineage", "/lineage.csv", "/api/v1/lineage"]))
    for data in (bank.dump(), shown, bank.ran.err.encode()):
        assert b"planted" not in data


def test_a_parameter_that_is_destroyed_leaves_its_readers_without_a_writer(stale: tuple[Bank, ApplicationState, RunState]) -> None:
    bank, _, _ = stale
    gone = PlannedResource(
        address="module.db.aws_ssm_parameter.url", actions=("delete",), before=made("aws_ssm_parameter.url", URL).after
    )
    run = apply(bank, datetime.now(UTC) - 10 * MINUTE, gone, destroyed("aws_s3_bucket.logs"))
    bank.poll()
    item = paths(bank, f"path:{URL}")[URL]
    assert item["states"] == ["unwritten"]
    assert item["gaps"][0]["because"] == f"run {run.id} of workspace payments-db took it away"
    assert item["writers"][0]["gone_by"] == run.id


def test_an_update_that_leaves_the_value_alone_makes_nobody_stale(stale: tuple[Bank, ApplicationState, RunState]) -> None:
    bank, app, run = stale
    secrets.refresh(app, "database", datetime.now(UTC) - 30 * MINUTE)
    bank.argocd.sync(app, datetime.now(UTC) - 20 * MINUTE, "alice")
    one = made("module.db.aws_ssm_parameter.url", URL)
    tags = PlannedResource(address=one.address, actions=("update",), before=one.after, after={**(one.after or {}), "tags": {}})
    apply(bank, datetime.now(UTC) - 10 * MINUTE, tags)
    bank.poll()
    item = paths(bank)[URL]
    assert item["states"] == ["fresh"]
    assert item["writers"][0]["changed_by"] == run.id != item["writers"][0]["last_told_by"]
