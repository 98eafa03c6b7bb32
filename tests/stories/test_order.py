"""What had to be there first, from the servers to the pages: a sync missed what a run makes; and who manages what twice."""

import csv
import io
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from app.changes.project import digest
from app.demo.fakes.argocd_types import ApplicationState
from app.demo.fakes.tfe_plan_objects import attributes, manifest
from app.demo.fakes.tfe_plan_resources import PlannedResource, destroyed, kept, made
from app.demo.fakes.tfe_state import RunState, WorkspaceState

from tests.stories.bank import GIT, REPO, Bank

SHA = "7" * 40
ENVIRONMENTS = """
[[environment]]
name = "production"
class = "prod"
workspaces = ["*-production"]
destinations = ["prod-*/*"]
[[environment]]
name = "staging"
class = "non-prod"
workspaces = ["*-staging"]
destinations = ["stage-*/*"]
"""
MINUTE = timedelta(minutes=1)
NAMESPACE = 'one or more objects failed to apply, reason: namespaces "settlements" not found'


class Story:
    """Two hours ago, on the minute: a workspace of the platform, and an application that deploys into a namespace of its own."""

    def __init__(self, bank: Bank) -> None:
        self.bank, self.at = bank, datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(hours=2)
        bank.more = ENVIRONMENTS
        bank.tfe.plans.archivist = bank.urls["tfe"]
        self.place = self.workspace("platform-production")

    def workspace(self, name: str) -> WorkspaceState:
        return self.bank.tfe.add_workspace(name, REPO, name, created_at=self.at - timedelta(days=1))

    def application(self, *resources: tuple[str, str]) -> ApplicationState:
        app = self.bank.argocd.add_application(
            "settlements-api", project="settlements", repository=f"{GIT}/{REPO}.git", path="apps/settlements",
            at=self.at - timedelta(hours=1), revision=SHA, destination="prod-eu/settlements", resources=resources,
        )  # fmt: skip
        self.bank.argocd.commit(SHA, at=self.at, author="Ada Ng", message="Settle")
        return app

    def planned(self, minutes: float, *resources: PlannedResource, place: WorkspaceState | None = None) -> RunState:
        tfe = self.bank.tfe
        run = tfe.add_run(place or self.place, f"Make it, {minutes}", self.at + minutes * MINUTE, "ada", source="tfe-api")
        tfe.plans.tell(run.planned, resources)
        gone = sum("delete" in one.actions for one in resources)
        run.plan(self.at + (minutes + 1) * MINUTE, len(resources) - gone, 0, gone)
        return run

    def applied(self, run: RunState, minutes: float, seconds: int = 0) -> RunState:
        at = self.at + minutes * MINUTE + timedelta(seconds=seconds)
        run.confirm(at - 2 * MINUTE, self.bank.tfe.user("bob"))
        run.apply(at)
        return run

    def fails(self, app: ApplicationState, minutes: float, message: str, **more: Any) -> None:
        at = self.at + minutes * MINUTE
        self.bank.argocd.begin(app, at - timedelta(seconds=5), "alice")
        self.bank.argocd.finish(app, at, "Failed", message, **more)

    def change(self, kind: str, number: int = 0) -> tuple[dict[str, Any], str]:
        """The change of the sync or of the run: its JSON, and the text of its page."""
        rows = self.bank.rows("SELECT id FROM changes WHERE root LIKE :root ORDER BY number", root=f"{kind}:%")
        item, page = self.bank.pages([f"/api/v1/changes/{rows[number].id}", f"/changes/{rows[number].id}"])
        assert (item.status_code, page.status_code) == (200, 200)
        return item.json(), re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.text))

    def rebuilt(self) -> None:
        """A rebuild gives what stands there."""
        engine = self.bank.engine
        try:
            before = digest(engine)
        finally:
            engine.dispose()
        assert before in self.bank.run("rebuild").out


@pytest.fixture
def story(bank: Bank) -> Story:
    return Story(bank)


@pytest.mark.parametrize("first", ["tfe", "argocd"])
def test_a_namespace_that_was_applied_twelve_minutes_too_late(story: Story, first: str) -> None:
    """Whichever source is read first, both changes tell the same."""
    app = story.application()
    story.fails(app, 10, NAMESPACE)
    run = story.applied(story.planned(15, made("kubernetes_namespace.settlements")), 22, 4)
    for kind in (first, "argocd" if first == "tfe" else "tfe"):
        assert story.bank.run("poll", "--source", "tfe-prod" if kind == "tfe" else "argocd-prod").code == 0
    sync, page = story.change("operation")
    theirs, other = story.change("run")
    (need,) = sync["needs"]
    assert theirs["needs"] == [need]
    assert (need["seconds"], need["came"], need["strength"]) == (12 * 60 + 4, "the sync came first", "derived")
    assert need["says"] == (
        f"Namespace settlements is made by {run.id} in workspace platform-production, "
        "applied 12 min 4 s after the sync of settlements-api failed for want of it."
    )
    assert need["address"] == "kubernetes_namespace.settlements"
    for told in (page, other):
        assert "applied 12 min 4 s after the sync" in told
        assert "sync first" in told
    assert [one["rule"] for one in sync["links"]] == [one["rule"] for one in theirs["links"]] == ["made by"]
    found = story.bank.page("/api/v1/changes?q=is:out-of-order").json()["items"]
    assert {one["id"] for one in found} == {sync["id"], theirs["id"]}
    story.rebuilt()


OLD = "one or more synchronization tasks are not valid"
MAKE_SURE = (
    "The Kubernetes API could not find external-secrets.io/ExternalSecret for requested resource settlements/db. "
    'Make sure the "ExternalSecret" CRD is installed on the destination cluster.'
)


@pytest.mark.parametrize(
    ("message", "said"),
    [(OLD, MAKE_SURE), (f"{OLD}: {MAKE_SURE}", MAKE_SURE), (f'{OLD}: ExternalSecret.external-secrets.io "" not found', "")],
    ids=["up to 3.4", "since 3.5", "group served, kind not"],
)
def test_a_crd_that_was_not_there_yet(story: Story, message: str, said: str) -> None:
    app = story.application(("ExternalSecret", "db"), ("Deployment", "settlements-api"))
    story.fails(app, 10, message, failed=["db"])
    if said and app.operation and app.operation.result:
        app.operation.result["resources"][0]["message"] = said
    body = manifest("apiextensions.k8s.io/v1", "CustomResourceDefinition", "externalsecrets.external-secrets.io")
    crd = PlannedResource(address="kubernetes_manifest.crd", actions=("create",), after={"manifest": body})
    chart = PlannedResource(
        address="helm_release.eso", actions=("create",), after=attributes("helm_release.eso", "external-secrets", "platform")
    )
    story.applied(story.planned(15, crd, chart), 40)
    assert story.bank.poll().code == 0
    needs = story.change("operation")[0]["needs"]
    assert [(one["address"], one["does"], one["strength"], one["seconds"]) for one in needs] == [
        ("kubernetes_manifest.crd", "makes", "derived", 30 * 60)  # what surely makes it leaves no word of what may
    ]
    assert needs[0]["object"]["is"] == "the CRD of ExternalSecret (external-secrets.io)"


def test_a_secret_that_came_between_two_attempts(story: Story) -> None:
    """The operation goes on trying, and succeeds once the secret is there: its failed attempt is told, and what it waited for."""
    app = story.application()
    argocd = story.bank.argocd
    argocd.begin(app, story.at, "alice")
    missing = 'one or more objects failed to apply, reason: secrets "db" not found'
    argocd.retrying(app, story.at + MINUTE, missing, story.at + 30 * MINUTE)
    run = story.planned(3, made("kubernetes_secret_v1.db", "db", "settlements"))
    assert story.bank.poll().code == 0
    (waiting,) = story.change("operation")[0]["needs"]
    assert (waiting["stands"], waiting["seconds"], waiting["object"]["is"]) == ("planned", None, "secret db in settlements")
    assert "sync first, not applied yet" in story.change("operation")[1]
    story.applied(run, 20)
    argocd.attempt(app)
    argocd.finish(app, story.at + 31 * MINUTE)
    assert story.bank.poll().code == 0
    (came,) = story.change("operation")[0]["needs"]
    assert (came["stands"], came["seconds"], came["strength"]) == ("applied", 19 * 60, "derived")
    story.rebuilt()


def test_a_namespace_that_is_still_to_come_is_told_before_it_bites(story: Story) -> None:
    app = story.application()
    run = story.planned(5, made("kubernetes_namespace.settlements"))
    assert story.bank.poll().code == 0
    item, page = story.change("run")
    (need,) = item["needs"]
    assert (need["wants"], need["at"], need["came"]) == ("destination", None, "neither has come yet")
    assert "into which settlements-api is to be deployed" in page
    assert "which is planned and waits to be confirmed" in page
    assert item["links"] == []
    story.fails(app, 30, NAMESPACE)
    assert story.bank.poll().code == 0
    assert [one["wants"] for one in story.change("run")[0]["needs"]] == ["missing"]
    story.applied(run, 40)
    argocd = story.bank.argocd
    argocd.sync(app, story.at + 50 * MINUTE, "alice")
    assert story.bank.poll().code == 0
    assert [one["seconds"] for one in story.change("run")[0]["needs"]] == [600]
    assert story.change("operation", 1)[0]["needs"] == []
    story.rebuilt()


def test_two_workspaces_that_make_it_are_both_shown(story: Story) -> None:
    other = story.workspace("edge-production")
    staging = story.workspace("platform-staging")
    story.fails(story.application(), 10, NAMESPACE)
    for place in (story.place, other, staging):
        story.applied(story.planned(15, made("kubernetes_namespace.settlements"), place=place), 30)
    assert story.bank.poll().code == 0
    item, page = story.change("operation")
    assert {(one["workspace"], one["strength"]) for one in item["needs"]} == {
        ("platform-production", "assumed"),
        ("edge-production", "assumed"),
    }
    assert "More than one workspace makes an object of this name" in page


def test_a_run_that_destroyed_the_namespace_is_the_opposite_story(story: Story) -> None:
    story.applied(story.planned(0, destroyed("kubernetes_namespace.settlements")), 5)
    story.fails(story.application(), 12, NAMESPACE)
    assert story.bank.poll().code == 0
    item, page = story.change("operation")
    (need,) = item["needs"]
    assert (need["does"], need["seconds"]) == ("destroys", -7 * 60)
    assert "was destroyed by" in page
    assert "7 min before the sync of settlements-api missed it" in page


def test_what_comes_after_the_workload_that_needs_it_is_a_hint_on_the_sync(story: Story) -> None:
    app = story.application(("Deployment", "settlements-api"), ("ConfigMap", "settings"), ("ServiceAccount", "settlements"))
    waves = {"settlements-api": 0, "settings": 3, "settlements": -1}
    for one in app.resources:
        one.wave = waves[one.name]
    story.bank.argocd.sync(app, story.at, "alice")
    assert story.bank.poll().code == 0
    item, page = story.change("operation")
    assert [(one["object"], one["place"], one["before"]) for one in item["late"]] == [
        ("ConfigMap/settings", "Sync, wave 3", ["Deployment/settlements-api (Sync, wave 0)"])
    ]
    assert "after what needs it" in page


def test_an_object_of_both_is_named_with_both_sides(story: Story) -> None:
    app = story.application(("Deployment", "settlements-api"), ("ConfigMap", "settings"), ("VPC", "edge"))
    app.resources[2].group, app.resources[2].namespace = "ec2.aws.upbound.io", ""
    story.bank.argocd.sync(app, story.at, "alice")
    deployment = made("kubernetes_deployment_v1.api", "settlements-api", "settlements")
    story.applied(story.planned(5, deployment, kept("kubernetes_config_map.extra", "extra", "settlements")), 10)
    assert story.bank.poll().code == 0
    listed, page = story.bank.pages(["/api/v1/ownership", "/ownership"])
    assert [(one["finding"], one["object"]["name"], one["strength"]) for one in listed.json()["items"]] == [
        ("application layer made by Terraform", "extra", "derived"),
        ("infrastructure through Argo CD", "edge", "derived"),
        ("owned twice", "settlements-api", "derived"),
    ]
    twice = listed.json()["items"][2]
    assert twice["terraform"]["address"] == "kubernetes_deployment_v1.api"
    assert twice["argocd"]["application"] == "settlements-api"
    rows = list(csv.DictReader(io.StringIO(story.bank.page("/ownership.csv").text)))
    assert [(row["finding"], row["name"], row["strength"], row["because"]) for row in rows] == [
        (one["finding"], one["object"]["name"], one["strength"], one["because"]) for one in listed.json()["items"]
    ]
    assert (rows[2]["terraform_address"], rows[2]["terraform_at"]) == (twice["terraform"]["address"], twice["terraform"]["at"])
    assert (rows[0]["argocd_application"], rows[0]["beside"], rows[1]["terraform_run"]) == ("", "settlements-api", "")
    assert "Export 3 as CSV" in page.text
    for text in (page.text, story.change("run")[1], story.change("operation")[1]):
        assert "kubernetes_deployment_v1.api in platform-production" in text
        assert "Both declare it" in text
    story.rebuilt()
