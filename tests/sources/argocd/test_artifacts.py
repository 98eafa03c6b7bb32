"""Helm charts and OCI artifacts: described once, per source, joined to a commit where they say which they were made from."""

from typing import Any

import pytest
from app.demo.fakes.argocd_types import ApplicationState, SourceState
from app.domain.event import Event
from app.linking.says import says
from app.sources.argocd.artifacts import _made_from
from app.sources.contract import Want

from tests.linking.build import pull
from tests.sources.argocd.conftest import REPO, Stage, sha
from tests.sources.argocd.test_hydrator import standing

CHARTS, OCI = "https://charts.bank.example", "oci://registry.bank.example/payments"
DIGEST = "sha256:" + "a" * 64
MADE = "https://git.bank.example/bank/payments-code"


def described(stage: Stage) -> list[Event]:
    return [e for e in stage.events if e.type == "artifact"]


def chart(stage: Stage, version: str = "1.2.3+build.7", name: str = "payments-api") -> ApplicationState:
    details = {"description": "Payments", "home": "https://bank.example", "maintainers": ["Ana Ng <ana@bank.example>", "Ben"]}
    stage.state.charts[f"payments {version}"] = details
    app = stage.app(name, repository=CHARTS, path="", target_revision="1.x", revision=version)
    app.sources[0].chart = "payments"
    return app


def oci(stage: Stage, **says: str) -> ApplicationState:
    stage.state.artifacts[DIGEST] = {"description": "Rendered", "authors": "Ana Ng <ana@bank.example>", **says}
    return stage.app(repository=OCI, path=".", target_revision="1.2.3", revision=DIGEST)


def test_a_new_version_of_a_chart_is_described_once_however_many_deploy_it(stage: Stage) -> None:
    for name in ("one", "two"):
        stage.state.sync(chart(stage, name=name), stage.to(10))
    stage.read(30)
    assert {(e.keys.application, e.facts["description"], tuple(e.facts["maintainers"])) for e in described(stage)} == {
        ("one", "Payments", ("Ana Ng", "Ben")), ("two", "Payments", ("Ana Ng", "Ben")),
    }  # fmt: skip
    asked = [path for path, _ in stage.state.requests if path.endswith("/chartdetails")]
    assert len(asked) == 1
    stage.state.sync(stage.state.applications["one"], stage.to(60), "alice")
    stage.read(90)
    assert len([path for path, _ in stage.state.requests if path.endswith("/chartdetails")]) == 1
    operation, _ = standing(stage.events, [])[0]
    assert operation.sources[0].artifact
    assert (operation.sources[0].registry, operation.sources[0].artifact.people) == (CHARTS, ("Ana Ng", "Ben"))
    assert "payments 1.2.3+build.7: Payments" in {says(e) for e in described(stage)}


def test_what_cannot_be_described_is_said_and_asked_for_again_with_the_next_sync(stage: Stage) -> None:
    app = chart(stage)
    stage.state.fail_next(500, 9, path="/chartdetails")
    stage.state.sync(app, stage.to(10))
    stage.read(30)
    assert [(e.status, bool(e.facts["because"])) for e in described(stage)] == [("unavailable", True)]
    stage.state.failures.clear()
    stage.state.sync(app, stage.to(60), "alice")
    stage.read(90)
    assert [e.status for e in described(stage)] == ["unavailable", "known"]


def test_an_artifact_that_says_which_commit_it_was_made_from_is_joined_to_what_brought_it(stage: Stage) -> None:
    app = oci(stage, sourceUrl=f"{MADE}/commit/{sha(5)}", createdAt="2026-03-01T12:00:00Z", version="1.2.3")
    stage.state.sync(app, stage.to(10))
    stage.read(30)
    assert Want("bank/payments-code", sha(5), None, "") in [w for page in stage.pages for w in page.wants]
    operation, placed = standing(stage.events, pull(7, repository="bank/payments-code", merge=sha(5)))[-1]
    assert [(link.to, str(link.strength)) for link in placed.homes] == [("pr:github:bank/payments-code#7", "derived")]
    assert f"says it was made from {sha(5)[:12]}" in placed.homes[0].because
    assert operation.sources[0].artifact
    assert operation.sources[0].artifact.people == ("Ana Ng",)


@pytest.mark.parametrize(
    ("url", "version", "made"),
    [
        (f"{MADE}/tree/{sha(5)}", "1.0", ("bank/payments-code", sha(5))),
        (f"https://gitlab.bank.example/bank/payments-code/-/commit/{sha(5)}", "", ("bank/payments-code", sha(5))),
        (f"{MADE}.git#{sha(5)}", "1.0", ("bank/payments-code", sha(5))),
        (MADE, sha(6), ("bank/payments-code", sha(6))),
        (MADE, "1.2.3", ("bank/payments-code", None)),
        ("", sha(6), (None, None)),
        ("not an address", "", (None, None)),
        (f"{MADE}/commit/abc123", "1.0", ("bank/payments-code/commit/abc123", None)),
    ],
)
def test_the_commit_behind_an_artifact(url: str, version: str, made: tuple[str | None, str | None]) -> None:
    assert _made_from(url, version) == made


def test_a_chart_and_its_values_have_each_their_own_revision(stage: Stage) -> None:
    values: dict[str, Any] = {"valueFiles": ["$values/envs/prod/payments.yaml", "$values/envs/base.yaml", "/own.yaml"]}
    app = chart(stage)
    app.sources[0].helm = {**values, "values": "password: planted-helm-value"}
    app.sources.append(SourceState(REPO, "", "main", sha(1), ref="values"))
    app.several = True
    app.compared, app.compared_sources = app.revisions, [one.json() for one in app.sources]
    stage.state.sync(app, stage.to(10))
    app.sources[1].revision = sha(2)
    stage.state.sync(app, stage.to(40), "alice")
    stage.read(60)
    _, (operation, _) = [one for one in standing(stage.events, []) if one[0].kind == "manual"] * 2
    assert [(one.chart, one.repository, one.path, one.revision, one.previous_revision) for one in operation.sources] == [
        ("payments", None, "", "1.2.3+build.7", "1.2.3+build.7"),
        ("", "bank/application-manifests", "envs", sha(2), sha(1)),
    ]
    assert [one.ref for one in operation.sources] == ["", "values"]
    assert Want("bank/application-manifests", sha(2), sha(1), "envs") in [w for page in stage.pages for w in page.wants]
    assert {query for path, query in stage.state.requests if path.endswith("/chartdetails") and "sourceIndex=0" in query}
    assert "planted-helm-value" not in repr(stage.pages)


def test_value_files_are_no_part_of_what_a_history_is_compared_by(stage: Stage) -> None:
    """Prints made before value files were read are the same, so nothing looks rewritten."""
    app = chart(stage)
    stage.state.sync(app, stage.to(10))
    stage.read(30)
    for entry in app.history:
        entry["source"] = {**entry["source"], "helm": {"valueFiles": ["$values/a.yaml"]}}
    stage.state.touch(app)
    stage.read(4000, everything=True)
    assert not [e for e in stage.events if e.type == "integrity"]
