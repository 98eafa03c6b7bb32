"""Health after an operation: told once for each, with the operation's name, and never from a comparison older than its end."""

from tests.sources.argocd.conftest import Stage


def after_operations(stage: Stage) -> list[tuple[str, str]]:
    return [((e.keys.operation or "").partition("T")[2], e.status) for e in stage.events if e.type == "health" and e.keys.operation]


def test_each_operation_has_the_health_that_was_seen_after_it_though_it_never_turned(stage: Stage) -> None:
    app = stage.app()
    stage.state.sync(app, stage.to(10), "alice")
    stage.read(30)
    stage.state.sync(app, stage.to(70), "bob")
    stage.read(90)
    stage.read(120)
    assert after_operations(stage) == [("09:00:10Z", "Healthy"), ("09:01:10Z", "Healthy")]


def test_a_turn_soon_after_belongs_to_the_operation_and_a_late_one_does_not(stage: Stage) -> None:
    app = stage.app()
    stage.state.sync(app, stage.to(10), "alice")
    stage.read(30)
    stage.state.turn_health(app, "Degraded", stage.to(60))
    stage.read(90)
    assert after_operations(stage) == [("09:00:10Z", "Healthy"), ("09:00:10Z", "Degraded")]
    stage.state.turn_health(app, "Healthy", stage.to(1500))
    stage.read(1530)
    assert [e.keys.operation for e in stage.events if e.type == "health"][-1] is None


def test_a_status_from_before_the_end_is_not_taken_for_the_health_after_it(stage: Stage) -> None:
    app = stage.app()
    stage.state.sync(app, stage.to(10), "alice")
    app.reconciled_at = stage.to(5)
    stage.read(14)
    assert after_operations(stage) == []
    app.reconciled_at = stage.to(16)
    stage.read(20)
    assert after_operations(stage) == [("09:00:10Z", "Healthy")]


def test_a_dry_run_has_no_health_of_its_own(stage: Stage) -> None:
    app = stage.app()
    stage.state.sync(app, stage.to(10), "alice")
    stage.read(30)
    stage.state.sync(app, stage.to(70), "bob", dry_run=True)
    stage.read(90)
    assert after_operations(stage) == [("09:00:10Z", "Healthy")]
