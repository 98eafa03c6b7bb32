"""A sync that waits for an ExternalSecret, and the run that writes the path it asks for: both pages, JSON, before and after."""

from typing import Any

import pytest
from app.demo.fakes import argocd_secrets as secrets
from app.demo.fakes.argocd_types import ApplicationState
from app.demo.fakes.tfe_plan_resources import made

from tests.stories.bank import Bank
from tests.stories.test_order import MINUTE, Story

PATH = "/settlements/database-url"
WAITS = "waiting for healthy state of external-secrets.io/ExternalSecret/db"


@pytest.fixture
def story(bank: Bank) -> Story:
    return Story(bank)


def waiting(story: Story, *keys: str, seen: bool = True) -> ApplicationState:
    """Its ExternalSecret is in the cluster and not ready. `seen`: its objects were looked at before the sync that waits."""
    app = story.application()
    secrets.add_store(app, "parameters")
    secrets.add_external(app, "db", keys, story.at)
    story.bank.argocd.sync(app, story.at, "alice")
    secrets.fail(app, "db", story.at)
    if seen:
        assert story.bank.poll().code == 0
    story.bank.argocd.begin(app, story.at + 10 * MINUTE, "alice")
    story.bank.argocd.progress(app, WAITS)
    return app


def awaits(story: Story, kind: str, number: int = 0) -> tuple[list[dict[str, Any]], str]:
    item, page = story.change(kind, number)
    return item["awaits"], page


def test_a_path_that_is_planned_then_applied_after_the_sync_began_to_wait(story: Story) -> None:
    app = waiting(story, PATH)
    run = story.planned(5, made("aws_ssm_parameter.url", PATH))
    assert story.bank.poll().code == 0
    (row,), page = awaits(story, "operation", 1)
    assert (row["run"], row["stands"], row["applied_at"], row["strength"]) == (run.id, "planned", None, "declared")
    assert row["external"] == {"kind": "ExternalSecret", "name": "db", "ready": False}
    assert row["address"] == "aws_ssm_parameter.url"
    for told in (
        f"Path {PATH} of AWS Parameter Store",
        "which is planned and waits to be confirmed: the sync of settlements-api came before the apply",
        "sync first, not applied yet",
    ):
        assert told in page
    (theirs,), other = awaits(story, "run")
    assert (theirs["application"], theirs["run"], theirs["wanted_by"]) == ("settlements-api", run.id, None)
    assert "db of settlements-api waits for it" in other

    story.applied(run, 22, 4)
    assert story.bank.poll().code == 0
    (row,), page = awaits(story, "operation", 1)
    assert (row["stands"], row["seconds"], row["came"]) == ("applied", 12 * 60 + 4, "the sync came first")
    assert "applied 12 min 4 s after the sync of settlements-api began" in page

    secrets.refresh(app, "db", story.at + 23 * MINUTE)
    story.bank.argocd.finish(app, story.at + 24 * MINUTE)
    assert story.bank.poll().code == 0
    (row,), page = awaits(story, "operation", 1)
    assert (row["seconds"], row["external"]["ready"]) == (12 * 60 + 4, True), "what it waited for is told once it is over"
    assert awaits(story, "run")[0] == [], "nothing waits for it any more"
    story.rebuilt()


def test_a_path_that_nobody_we_watch_writes(story: Story) -> None:
    app = waiting(story, "/nobody/writes/this", seen=False)
    assert story.bank.poll().code == 0
    (row,), page = awaits(story, "operation", 1)
    assert (row["run"], row["external"], row["strength"], row["came"]) == (None, None, "unknown", "not known")
    assert "The sync of settlements-api waits for ExternalSecret db; what that asks for is not known" in page
    story.bank.argocd.finish(app, story.at + 20 * MINUTE, "Failed", "Operation terminated")
    assert story.bank.poll().code == 0
    (row,), page = awaits(story, "operation", 1)
    assert (row["run"], row["stands"], row["came"]) == (None, None, "nobody we watch writes it")
    assert "Nobody we watch writes path /nobody/writes/this of AWS Parameter Store: no plan that was read names" in page
    assert "nobody we watch writes it" in page


def test_a_sync_that_left_its_application_degraded_by_a_secret_that_had_been_written(story: Story) -> None:
    story.applied(story.planned(1, made("aws_ssm_parameter.url", PATH)), 4)
    app = waiting(story, PATH)
    app.resource("db").health = "Degraded"
    story.bank.argocd.finish(app, story.at + 20 * MINUTE)
    story.bank.argocd.turn_health(app, "Degraded", story.at + 20 * MINUTE)
    assert story.bank.poll().code == 0
    (row,), page = awaits(story, "operation", 1)
    assert (row["seconds"], row["came"]) == (-6 * 60, "the run came first")
    assert "applied 6 min before the sync of settlements-api began; why it waits all the same is not told" in page
    assert "was not ready when it was looked at" in row["because"]
    assert "(SecretSyncedError)" in row["because"]
