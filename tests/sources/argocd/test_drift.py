"""Drift: live changed while what is declared did not. A waiting commit is none, and an unmade comparison is not its absence."""

from tests.sources.argocd.conftest import REPO, SECOND, START, Stage, sha


def drifts(stage: Stage) -> list[tuple[str, str, object]]:
    return [(e.status, e.facts["onset_before"][11:19], e.facts["ended_by"]) for e in stage.events if e.type == "drift"]


def test_a_hand_edit_opens_drift_at_its_announcement_and_a_sync_closes_it(stage: Stage) -> None:
    app = stage.app()
    stage.state.sync(app, stage.to(10), "alice")
    stage.read(30)
    stage.read(60)
    stage.state.edit(app, "payments-api", stage.to(75))
    opened = next(e for e in stage.read(90) if e.type == "drift")
    assert opened.occurred_at == START + 75 * SECOND
    assert opened.facts["onset_after"] == "2026-03-02T09:01:00Z"  # the pass before saw it equal
    assert [r["name"] for r in opened.facts["resources"]] == ["payments-api"]
    stage.read(120)
    stage.state.sync(app, stage.to(130), "bob")
    stage.read(150)
    operation = f"{app.uid}/2026-03-02T09:02:10Z"
    assert drifts(stage) == [("OutOfSync", "09:01:15", None), ("Synced", "09:01:15", operation)]


def test_undone_by_hand_no_operation_ended_it(stage: Stage) -> None:
    app = stage.app()
    stage.state.sync(app, stage.to(10), "alice")
    stage.read(30)
    stage.state.edit(app, "payments-api", stage.to(75))
    stage.read(90)
    stage.state.restore(app, "payments-api", stage.to(100))
    stage.read(120)
    assert drifts(stage)[-1] == ("Synced", "09:01:15", None)


def test_a_heal_between_two_passes_is_a_whole_episode(stage: Stage) -> None:
    app = stage.app(auto_sync=True, self_heal=True)
    stage.state.sync(app, stage.to(10))
    stage.read(30)
    stage.state.edit(app, "payments-api", stage.to(40))
    stage.state.edit(app, "payments-api-config", stage.to(44))
    stage.state.heal(app, stage.to(45))
    stage.read(60)
    assert drifts(stage) == [("OutOfSync", "09:00:40", None), ("Synced", "09:00:40", f"{app.uid}/2026-03-02T09:00:45Z")]
    assert len(stage.operations[-1].facts["resources"]) == 2


def test_two_heals_between_two_passes_are_two_episodes(stage: Stage) -> None:
    app = stage.app(auto_sync=True, self_heal=True)
    stage.state.sync(app, stage.to(10))
    stage.read(30)
    for at in (40, 50):
        stage.state.edit(app, "payments-api", stage.to(at))
        stage.state.heal(app, stage.to(at + 2))
    stage.read(60)
    assert [one[:2] for one in drifts(stage)] == [
        ("OutOfSync", "09:00:40"),
        ("Synced", "09:00:40"),
        ("OutOfSync", "09:00:50"),
        ("Synced", "09:00:50"),
    ]
    assert len(stage.operations) == 3


def test_a_commit_that_waits_is_no_drift(stage: Stage) -> None:
    app = stage.app()
    stage.state.sync(app, stage.to(10), "alice")
    stage.read(30)
    stage.state.push(REPO, sha(2), stage.to(40))
    told = stage.read(60)
    assert [e.status for e in told if e.type == "sync-status"] == ["OutOfSync"]
    assert drifts(stage) == []


def test_a_rollback_is_no_drift(stage: Stage) -> None:
    app = stage.app()
    stage.state.sync(app, stage.to(10), "alice")
    stage.state.push(REPO, sha(2), stage.to(20))
    stage.state.sync(app, stage.to(22), "alice")
    stage.read(40)
    stage.state.rollback(app, stage.to(50), "bob", 0)
    stage.read(70)
    stage.read(100, everything=True)
    assert app.sync == "OutOfSync"
    assert drifts(stage) == []


def test_an_edit_after_main_moved_elsewhere_is_still_drift(stage: Stage) -> None:
    """Monorepo: the compared revision is newer than the deployed one, and the application was equal at it."""
    app = stage.app()
    stage.state.sync(app, stage.to(10), "alice")
    stage.read(30)
    stage.state.push(REPO, sha(2), stage.to(40), paths=["another"])
    stage.read(60)
    stage.state.edit(app, "payments-api", stage.to(75))
    stage.read(90)
    assert [one[:2] for one in drifts(stage)] == [("OutOfSync", "09:01:15")]


def test_a_full_sync_of_a_new_revision_ends_drift_too(stage: Stage) -> None:
    app = stage.app(auto_sync=True)
    stage.state.sync(app, stage.to(10))
    stage.read(30)
    stage.state.edit(app, "payments-api", stage.to(40))
    stage.read(60)
    stage.state.push(REPO, sha(2), stage.to(70))
    stage.state.sync(app, stage.to(71))
    stage.read(90)
    assert drifts(stage)[-1] == ("Synced", "09:00:40", f"{app.uid}/2026-03-02T09:01:11Z")
    assert stage.operations[-1].facts["history_id"] == 1


def test_a_comparison_that_fails_neither_opens_nor_closes_drift(stage: Stage) -> None:
    app = stage.app()
    stage.state.sync(app, stage.to(10), "alice")
    stage.read(30)
    stage.state.edit(app, "payments-api", stage.to(40))
    stage.read(60)
    stage.state.incomparable(app, stage.to(70))
    told = [e for e in stage.read(90) if e.type == "sync-status"]
    assert [e.status for e in told] == ["Unknown"]
    assert "not known" in told[0].facts["message"]
    assert told[0].facts["conditions"][0]["type"] == "ComparisonError"
    assert [one[0] for one in drifts(stage)] == ["OutOfSync"]
    stage.state.comparable(app, stage.to(100))
    stage.read(120)
    assert [one[0] for one in drifts(stage)] == ["OutOfSync"]


def test_first_met_while_drifted_the_onset_has_no_lower_bound(stage: Stage) -> None:
    app = stage.app()
    stage.state.sync(app, stage.to(10), "alice")
    stage.state.edit(app, "payments-api", stage.to(40))
    stage.read(5 * 3600)
    opened = next(e for e in stage.events if e.type == "drift")
    assert opened.facts["onset_after"] is None
    assert opened.facts["announced"] is False


def test_health_turns_at_the_time_argo_cd_says(stage: Stage) -> None:
    app = stage.app()
    stage.state.sync(app, stage.to(10), "alice")
    stage.read(30)
    stage.state.turn_health(app, "Degraded", stage.to(42))
    told = [e for e in stage.read(60) if e.type == "health"]
    assert [(e.status, e.occurred_at) for e in told] == [("Degraded", START + 42 * SECOND)]
