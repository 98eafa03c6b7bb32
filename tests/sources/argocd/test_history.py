"""The history: what it keeps, what left it, and that nothing is told twice however it is read."""

from app.domain.event import How

from tests.sources.argocd.conftest import REPO, Stage, sha


def syncs(stage: Stage, n: int, start: float, user: str | None = None, first: int = 2) -> None:
    app = stage.state.applications["payments-api"]
    for i in range(n):
        stage.state.push(REPO, sha(first + i), stage.to(start + 10 * i))
        stage.state.sync(app, stage.to(start + 10 * i + 2), user)


def test_a_jump_of_ids_is_a_gap_of_exact_size(stage: Stage) -> None:
    app = stage.app(revision_history_limit=3)
    stage.state.sync(app, stage.to(10))
    stage.read(30)
    stage.state.announces = False
    syncs(stage, 8, 100)
    events = stage.read(300)
    gaps = [e for e in events if e.type == "history-gap"]
    assert [(e.ref.id, e.how, e.facts["size"]) for e in gaps] == [(f"{app.uid}/1-5", How.INFERRED, 5)]
    assert [e.facts["history_id"] for e in events if e.type == "history"] == [6, 7, 8]
    assert len(stage.operations) == 4
    # the first that is left does not know what stood before it
    six = next(s for s in stage.operations if s.facts["history_id"] == 6)
    assert six.facts["previous_revision"] is None


def test_what_left_the_history_is_reconstructed_while_it_is_announced(stage: Stage) -> None:
    stage.app(revision_history_limit=3)
    stage.state.sync(stage.state.applications["payments-api"], stage.to(10))
    stage.read(30)
    syncs(stage, 8, 100)
    stage.read(300)
    assert len(stage.operations) == 9
    assert [s.facts["revisions"] for s in stage.operations] == [[sha(n)] for n in range(1, 10)]
    assert {s.facts["operation_kind"] for s in stage.operations} == {"automated"}


def test_a_person_who_left_the_history_may_have_run_dry_and_that_is_said(stage: Stage) -> None:
    app = stage.app(revision_history_limit=1)
    stage.state.sync(app, stage.to(10), "alice")
    stage.read(30)
    stage.state.sync(app, stage.to(60), "bob")
    stage.state.sync(app, stage.to(70), "carol")
    stage.read(90)
    bob = stage.operations[1]
    assert bob.facts["operation_kind"] == "manual"
    assert bob.facts["perhaps_dry_run"] is True


def test_reading_everything_again_tells_nothing_new(stage: Stage) -> None:
    stage.app()
    syncs(stage, 3, 10, "alice")
    first = stage.read(100)
    assert first
    assert stage.read(130) == []
    assert stage.read(160, everything=True) == []


def test_a_reader_without_memory_tells_the_same_ids(stage: Stage) -> None:
    app = stage.app()
    syncs(stage, 3, 10, "alice")
    stage.state.selective(app, stage.to(60), "bob", ["payments-api"])
    stage.state.sync(app, stage.to(70), "carol")
    first = {e.id for e in stage.read(100) if e.type in {"operation", "history", "announcement", "application"}}
    stage.memory.clear()
    again = {e.id for e in stage.read(100) if e.type in {"operation", "history", "announcement", "application"}}
    assert first == again


def test_recreated_between_two_passes_the_old_one_is_gone_and_the_new_starts_anew(stage: Stage) -> None:
    app = stage.app()
    syncs(stage, 2, 10, "alice")
    stage.read(60)
    new = stage.state.recreate(app, stage.to(70), "bob")
    stage.state.sync(new, stage.to(75), "bob")
    told = stage.read(90)
    assert [(e.status, e.ref.id) for e in told if e.type == "application"] == [("deleted", app.uid), ("created", new.uid)]
    assert not [e for e in told if e.type == "history-gap"]
    assert [e.facts["history_id"] for e in told if e.type == "history"] == [0]


def test_deleted_is_told_once_with_who_when_that_was_announced(stage: Stage) -> None:
    app = stage.app()
    stage.read(10)
    stage.state.delete(app, stage.to(20), "bob", finalizing=True)
    stage.read(30)
    stage.state.delete(app, stage.to(40))
    told = [e for e in stage.read(60) if e.type == "application"]
    assert [(e.status, e.actor and e.actor.name, e.occurred_at) for e in told] == [("deleted", "bob", stage.to(20))]
    assert stage.read(90) == []


def test_a_project_that_is_hidden_is_not_a_deletion(stage: Stage) -> None:
    stage.app()
    stage.app("ledger-core", project="platform")
    stage.read(10)
    stage.state.hidden.add("platform")
    assert [e for e in stage.read(60) if e.type == "application"] == []
    assert any("no longer listed" in value for _, value in stage.pages[-1].unknown)
    stage.state.hidden.clear()
    assert [e for e in stage.read(90) if e.type == "application"] == []


def test_old_entries_found_at_first_are_no_gap(stage: Stage) -> None:
    stage.app(revision_history_limit=2)
    syncs(stage, 6, 10)
    told = stage.read(4 * 3600)
    assert not [e for e in told if e.type == "history-gap"]
    assert sorted(e.facts["history_id"] for e in told if e.type == "history") == [4, 5]


def test_a_history_that_was_emptied_and_begins_again_was_rewritten_by_nobody(stage: Stage) -> None:
    """Its limit was 0 for a time: number 0 is given again, to another, later sync, which is told."""
    app = stage.app()
    stage.state.sync(app, stage.to(10), "alice")
    stage.read(30)
    app.revision_history_limit = 0
    stage.state.sync(app, stage.to(60), "bob")
    app.revision_history_limit = None
    stage.state.sync(app, stage.to(90), "carol")
    stage.read(120)
    (found,) = [event for event in stage.events if event.type == "integrity"]
    assert (found.status, found.facts["otherwise"]) == ("restarted", "its limit may have been 0 for a time, which empties it")
    assert [(one.actors[-1].name, one.facts["history_id"]) for one in stage.operations] == [
        ("alice", 0),
        ("bob", None),
        ("carol", 0),
    ]
    assert stage.read(150) == []
