"""Dry commits behind hydrated revisions: pairs as they are seen, commits that name theirs, failures, promotion by pull request."""

from typing import Any

import pytest
from app.demo.fakes.argocd_hydrator import HydratorState
from app.demo.fakes.argocd_types import ApplicationState
from app.domain.change import Operation
from app.domain.event import Entry, Event, entity_of
from app.linking.fold import fold
from app.linking.stand import Standing, stand
from app.sources.contract import Want

from tests.linking.build import pull
from tests.sources.argocd.conftest import REPO, START, Stage, sha

DRY = "https://git.bank.example/bank/charts.git"
REPOSITORY = "bank/charts"


def hydrated(stage: Stage, staged: str = "", **more: Any) -> ApplicationState:
    """Rendered into `env/prod` of the application's repository from the dry one."""
    app = stage.app(target_revision="env/prod", revision=sha(100), **more)
    app.hydrator = HydratorState(DRY, "payments", "env/prod", "payments-api", staged=staged, hydrated_repository=REPO)
    app.resources[0].health = "Healthy"
    for n in range(100, 130):
        stage.state.commit(sha(n), at=START, author="Argo CD <argo-cd@bank.example>", message=f"{sha(n - 100)[:7]}: Change {n}")
    return app


def deploy(stage: Stage, app: ApplicationState, dry: int, at: float, *, rendered: int | None = None) -> None:
    stage.state.hydrate(app, sha(dry), sha(rendered or 100 + dry), stage.to(at))
    stage.state.sync(app, stage.to(at + 10))


def told(events: list[Event], kind: str) -> list[tuple[str, Any, Any]]:
    return [(e.status, e.facts["dry"], e.facts["hydrated"]) for e in events if e.type == kind]


def standing(events: list[Event], others: list[Event]) -> list[tuple[Operation, Standing]]:
    """Each operation among what a Git host told, as linking places it."""
    stories: dict[str, list[Entry]] = {}
    for n, one in enumerate([*events, *others]):
        if key := entity_of(one):
            stories.setdefault(key, []).append(Entry(n, one, one.observed_at))
    entities = [found for key, story in stories.items() if (found := fold(key, story))]
    operations = sorted((one for one in entities if isinstance(one, Operation)), key=lambda one: one.started_at)
    return [(one, stand(one, [other for other in entities if other is not one])) for one in operations]


def test_an_operation_belongs_to_the_pull_request_of_the_dry_commit(stage: Stage) -> None:
    app = hydrated(stage)
    deploy(stage, app, 1, 10)
    stage.read(30)
    deploy(stage, app, 2, 60)
    events = stage.read(90)
    assert told(events, "dry-source") == [("known", sha(2), sha(102))]
    assert told(events, "hydration") == [("Hydrated", sha(2), sha(102))]
    assert Want(REPOSITORY, sha(2), sha(1), "payments") in stage.pages[-2].wants
    last = standing(stage.events, pull(7, repository=REPOSITORY, merge=sha(2)))[-1]
    assert [(link.to, str(link.strength)) for link in last[1].homes] == [(f"pr:github:{REPOSITORY}#7", "exact")]
    assert f"{sha(102)[:12]} was hydrated from {sha(2)[:12]} (the hydrator's record of the pair)" in last[1].homes[0].because
    assert [(one.repository, one.base, one.head, one.paths) for one in last[1].deployed] == [
        (REPOSITORY, sha(1), sha(2), ("payments",))
    ]


def test_the_hydrator_made_the_hydrated_commit_and_is_nobody(stage: Stage) -> None:
    deploy(stage, hydrated(stage), 1, 10)
    (commit,) = [e for e in stage.read(30) if e.type == "revision"]
    assert commit.facts["hydrated"] is True
    assert commit.actor
    assert (commit.actor.name, str(commit.actor.kind)) == ("Argo CD's hydrator", "automation")
    assert {e.actor.kind for e in stage.events if e.type in ("hydration", "dry-source") and e.actor} == {commit.actor.kind}


def test_a_failed_hydration_is_told_with_its_message_and_deploys_nothing(stage: Stage) -> None:
    app = hydrated(stage)
    deploy(stage, app, 1, 10)
    stage.read(30)
    stage.state.hydrate(app, sha(2), "", stage.to(60), failure="failed to render manifests: chart not found")
    (one,) = [e for e in stage.read(90) if e.type == "hydration"]
    assert (one.status, one.facts["dry"], one.facts["message"]) == (
        "Failed", sha(2), "failed to render manifests: chart not found",
    )  # fmt: skip
    assert stage.read(120) == []
    assert len(stage.operations) == 1


def test_a_hydration_seen_going_on_and_then_done_is_two_events_of_one(stage: Stage) -> None:
    app = hydrated(stage)
    app.hydrator.begin(sha(1), stage.to(10))
    stage.read(12)
    app.hydrator.end(sha(101), stage.to(20))
    stage.read(30)
    seen = [e for e in stage.events if e.type == "hydration"]
    assert [e.status for e in seen] == ["Hydrating", "Hydrated"]
    assert len({e.ref.id for e in seen}) == 1


def lost(stage: Stage, app: ApplicationState) -> None:
    """The pair of 102 was overwritten by the next before it was read."""
    deploy(stage, app, 1, 10)
    stage.read(30)
    deploy(stage, app, 2, 60)
    stage.state.hydrate(app, sha(3), sha(103), stage.to(80))


def test_a_pair_that_was_overwritten_is_a_gap_and_not_a_guess(stage: Stage) -> None:
    app = hydrated(stage)
    stage.state.commit(sha(102), at=START, author="Argo CD", message="hydrated manifests")
    lost(stage, app)
    assert told(stage.read(90), "dry-source") == [("unknown", None, sha(102))]
    _, last = standing(stage.events, pull(7, repository=REPOSITORY, merge=sha(2)))[-1]
    assert last.homes == ()
    (gap,) = [gap for gap in last.gaps if "hydrated from" in gap.because]
    assert (gap.what, str(gap.missing)) == ("range unknown", "unobserved")
    assert f"which dry commit {sha(102)[:12]} was hydrated from was not seen" in gap.because
    assert not [gap for gap in last.gaps if str(gap.missing) == "absent"]


def test_a_pair_that_was_lost_is_derived_from_a_trailer_of_the_dry_repository(stage: Stage) -> None:
    app = hydrated(stage)
    refers = {"sha": sha(2), "repoUrl": "git@git.bank.example:bank/charts.git", "author": "Alice Ng <alice@bank.example>"}
    stage.state.commit(sha(102), at=START, author="Argo CD", message="Change", references=[refers])
    lost(stage, app)
    events = stage.read(90)
    assert told(events, "dry-source") == [("known", sha(2), sha(102))]
    assert next(e.facts["known_by"] for e in events if e.type == "dry-source") == "reference"
    _, last = standing(stage.events, pull(7, repository=REPOSITORY, merge=sha(2)))[-1]
    assert [(link.to, str(link.strength)) for link in last.homes] == [(f"pr:github:{REPOSITORY}#7", "derived")]


@pytest.mark.parametrize(
    ("message", "refers"),
    [
        ("Change", {"sha": sha(2), "repoUrl": "https://git.bank.example/bank/payments-code.git"}),
        ("Change", {"sha": sha(2)}),
        ("Change", {"sha": "main", "repoUrl": DRY}),
        ("ffffff1: Change", {"sha": sha(2), "repoUrl": DRY}),
    ],
)
def test_a_trailer_of_another_repository_or_that_the_message_contradicts_proves_nothing(
    stage: Stage, message: str, refers: dict[str, str]
) -> None:
    app = hydrated(stage)
    stage.state.commit(sha(102), at=START, author="Argo CD", message=message, references=[refers])
    lost(stage, app)
    assert told(stage.read(90), "dry-source") == [("unknown", None, sha(102))]


def test_a_pair_that_comes_late_is_told_over_the_unknown(stage: Stage) -> None:
    app = hydrated(stage)
    stage.state.commit(sha(101), at=START, author="Argo CD", message="hydrated manifests")
    app.sources[0].revision = sha(101)
    stage.state.sync(app, stage.to(10))
    assert told(stage.read(30), "dry-source") == [("unknown", None, sha(101))]
    app.hydrator.begin(sha(1), stage.to(40))
    app.hydrator.end(sha(101), stage.to(45))
    assert told(stage.read(60), "dry-source") == [("known", sha(1), sha(101))]
    operation, _ = standing(stage.events, [])[-1]
    assert operation.sources[0].dry
    assert (operation.sources[0].dry.revision, operation.sources[0].dry.known_by) == (sha(1), "pair")


def test_dry_commits_that_render_to_the_same_are_behind_the_next_range_once(stage: Stage) -> None:
    app = hydrated(stage)
    deploy(stage, app, 1, 10)
    stage.read(30)
    stage.state.hydrate(app, sha(2), sha(101), stage.to(40))  # nothing of it changed
    stage.read(55)
    deploy(stage, app, 3, 60)
    events = stage.read(90)
    assert next(e.facts["dry_before"] for e in events if e.type == "dry-source") == sha(2)


def test_a_promotion_is_a_pull_request_of_its_own_and_refers_to_the_dry_ones(stage: Stage) -> None:
    app = hydrated(stage, staged="env/prod-next")
    deploy(stage, app, 1, 10)
    app.sources[0].revision = sha(120)
    stage.state.commit(sha(120), at=START, author="Ben <ben@bank.example>", message="Merge pull request #9")
    stage.state.sync(app, stage.to(40))
    stage.read(60)
    assert Want(REPOSITORY, sha(1), None, "payments") in stage.pages[0].wants
    promoting = pull(9, repository="bank/application-manifests", merge=sha(120), head=sha(101))
    for event in promoting:
        event.facts["head"] = "env/prod-next"  # type: ignore[index]
    _, last = standing(stage.events, promoting + pull(7, repository=REPOSITORY, merge=sha(1)))[-1]
    assert [link.to for link in last.homes] == ["pr:github:bank/application-manifests#9"]
    assert [(link.to, link.rule) for link in last.references] == [(f"pr:github:{REPOSITORY}#7", "promoted dry commit")]
    assert not [gap for gap in last.gaps if "hydrated from" in gap.because]
    (merge,) = [e for e in stage.events if e.type == "revision" and e.ref.id == sha(120)]
    assert merge.actor is None
    assert "hydrated" not in merge.facts


def test_older_lists_do_not_show_hydration_and_the_hourly_reading_does(stage: Stage) -> None:
    stage.state.version = "v3.1.0"
    app = hydrated(stage)
    deploy(stage, app, 1, 10)
    stage.read(30)
    stage.state.hydrate(app, sha(2), "", stage.to(60), failure="boom")
    assert stage.read(90) == []
    assert told(stage.read(4000), "hydration") == [("Failed", sha(2), None)]
