"""One story told by each version of the server from 2.8 to 3.5: the same operations, and what a version cannot say is unknown."""

from datetime import timedelta
from typing import Any

import pytest
from app.demo.fakes.argocd_types import ApplicationState
from app.demo.fakes.argocd_versions import as_told_by
from app.sources.argocd.probe import number, parts

from tests.sources.argocd.conftest import REPO, START, Stage, sha
from tests.sources.argocd.test_hydrator import standing

VERSIONS = ["v2.8.0", "v2.10.4", "v2.11.0", "v2.13.1", "v2.14.0", "v3.0.0", "v3.1.9", "v3.2.0", "v3.4.7", "v3.5.1+unknown"]
STORY = [
    ("automated", "Succeeded", None, sha(1)),
    ("manual", "Succeeded", "alice", sha(2)),
    ("self-heal", "Succeeded", None, sha(2)),
    ("manual", "Failed", "bob", sha(2)),
    ("rollback", "Succeeded", "alice", sha(1)),
]
FAILED = 'one or more objects failed to apply, reason: namespaces "payments" not found'


def story(stage: Stage, every: float) -> ApplicationState:
    """Read every `every` seconds. After the rollback, which leaves it OutOfSync, somebody edits by hand; nobody repairs it."""
    app = stage.app(auto_sync=True, self_heal=True)
    acts: list[tuple[float, Any]] = [
        (10, lambda at: stage.state.sync(app, at)),
        (70, lambda at: stage.state.push(REPO, sha(2), at)),
        (80, lambda at: stage.state.sync(app, at, "alice")),
        (130, lambda at: stage.state.edit(app, "payments-api", at)),
        (132, lambda at: stage.state.heal(app, at)),
        (190, lambda at: stage.state.sync(app, at, "bob", phase="Failed", message=FAILED)),
        (250, lambda at: stage.state.change(app, at, "alice", auto_sync=False)),
        (252, lambda at: stage.state.rollback(app, at, "alice", 0)),
        (310, lambda at: stage.state.push(REPO, sha(1), at, paths=[])),
        (312, lambda at: stage.state.sync(app, at, "alice")),
        (370, lambda at: stage.state.edit(app, "payments-api", at)),
    ]
    for at, act in acts:
        act(stage.to(at))
        if at % every == 0 or every < 60:
            stage.read(at + 20)
    return app


@pytest.mark.parametrize("version", VERSIONS)
def test_every_version_tells_the_same_operations(stage: Stage, version: str) -> None:
    stage.state.version = version
    story(stage, 30)
    stage.read(480)
    shown = [one for one, _ in standing(stage.events, [])]
    told = [
        (one.kind, one.phase, one.initiator.name if one.initiator and str(one.initiator.kind) == "human" else None, one.revision)
        for one in shown
    ]
    assert told == [*STORY, ("manual", "Succeeded", "alice", sha(1))]
    assert all(not one.because for one in [one.initiator for one in shown if one.initiator])
    assert [one.failures[0].cause for one in shown if one.failures] == ["namespace-missing"]
    numbers = [one.heal_attempt for one in shown]
    assert (1 in numbers) is (parts(number(version)) >= (2, 13)), "heals are numbered from 2.13 on, and never before"
    opened = [e for e in stage.events if e.type == "drift" and e.status == "OutOfSync"]
    assert START + timedelta(seconds=370) in {e.occurred_at for e in opened}
    assert not [one for page in stage.pages for one in page.unknown]


@pytest.mark.parametrize("version", VERSIONS)
def test_a_reader_who_comes_late_knows_what_the_history_says_and_no_more(stage: Stage, version: str) -> None:
    """Announcements are gone: the history names who, from 2.11 on; that is no proof, and before that it is nothing at all."""
    stage.state.version = version
    story(stage, 10**6)
    stage.read(3 * 3600)
    shown = [one for one, _ in standing(stage.events, [])]
    assert [(one.history_id, one.revision) for one in shown if one.history_id is not None] == [
        (0, sha(1)), (1, sha(2)), (2, sha(1)), (3, sha(1)),
    ]  # fmt: skip
    assert {str(one.initiator.kind) for one in shown if one.initiator} == {"unknown"}
    assert all(one.initiator and one.initiator.because for one in shown)
    kinds = {one.history_id: one.kind for one in shown if one.history_id in (0, 1)}
    named = parts(number(version)) >= (2, 11)
    assert kinds == ({0: "automated", 1: "manual"} if named else {0: "unknown", 1: "unknown"})
    assert {one.how for one in shown if one.history_id == 0} == {"reconstructed"}


@pytest.mark.parametrize(
    ("version", "reads"),
    [("v2.8.0", 2), ("v3.1.9", 2), ("v3.2.0", 2), ("v3.4.7", 2), ("v3.5.1", 1)],
)
def test_what_a_list_tells_decides_how_often_it_is_asked_and_never_what_is_found(stage: Stage, version: str, reads: int) -> None:
    """Before 3.5 the list tells no project: once more, when an application is new."""
    stage.state.version = version
    stage.state.sync(stage.app(), stage.to(10))
    stage.read(30)
    assert sum(path == "/api/v1/applications" for path, _ in stage.state.requests) == reads
    stage.state.requests.clear()
    stage.read(60)
    assert [path for path, _ in stage.state.requests] == ["/api/v1/applications"]


@pytest.mark.parametrize("version", VERSIONS)
def test_the_probe_reads_the_number_and_says_what_this_server_can(stage: Stage, version: str) -> None:
    stage.state.version = version
    stage.app()
    probe = stage.source.probe(stage.now)
    assert probe.problems == []
    assert probe.version == version.removeprefix("v").removesuffix("+unknown")
    assert probe.capabilities["initiator in the history"] is (parts(probe.version) >= (2, 11))
    assert probe.capabilities["revision in lists"] is (parts(probe.version) >= (3, 5))
    assert probe.capabilities["ApplicationSets"] is True


def test_an_older_answer_holds_nothing_that_came_later() -> None:
    sync = {"revision": sha(1), "source": {"repoURL": REPO}, "autoHealAttemptsCount": 2, "syncStrategy": {"hook": {}}}
    back = {"revision": sha(1), "source": {"repoURL": REPO}, "syncStrategy": {"apply": {}}}
    body: dict[str, Any] = {
        "operation": {"sync": back},
        "status": {
            "history": [{"id": 0, "initiatedBy": {"username": "alice"}}],
            "health": {"status": "Healthy", "lastTransitionTime": "2026-03-02T09:00:00Z"},
            "operationState": {"operation": {"sync": sync}, "syncResult": {"resources": [{"kind": "Pod", "images": ["a"]}]}},
            "resourceHealthSource": "appTree",
            "sourceHydrator": {},
        },
    }
    old = as_told_by((2, 8), body)
    assert old["status"] == {
        "history": [{"id": 0}],
        "health": {"status": "Healthy"},
        "operationState": {
            "operation": {"sync": {"revision": sha(1), "syncStrategy": {"hook": {}}}},
            "syncResult": {"resources": [{"kind": "Pod"}]},
        },
    }
    assert old["operation"]["sync"] == back
    assert as_told_by((3, 5), body) == body
