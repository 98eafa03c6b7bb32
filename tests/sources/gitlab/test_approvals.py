"""Approvals as GitLab has them: when given, what they covered, how they went away. And who pushed which head."""

from datetime import timedelta

import pytest
from app.domain.actor import ActorKind
from app.domain.approval import approvals
from app.domain.event import Entry, Event, How
from app.linking.fold_pull_request import pull_request

from tests.sources.gitlab.conftest import LATER, REPO, World, after, of


def folded(events: list[Event]) -> object:
    return [Entry(i, event, event.observed_at) for i, event in enumerate(events)]


def heads(world: World) -> list[str]:
    return [version.head for version in world.state.projects[REPO].merge_requests[1].versions]


@pytest.mark.parametrize("dated", [True, False])
def test_an_approval_covers_the_version_that_was_the_newest_then(world: World, dated: bool) -> None:
    world.state.dated_approvals = dated
    n = world.request()
    world.state.approve(REPO, n, "bob", after(hours=2))
    world.state.push(REPO, n, "ada", "One more", ["x"], after(hours=3))
    world.merge(n, after(hours=4))
    events = world.events()
    (approved,) = of(events, "review")
    first, second = heads(world)
    assert (approved.status, approved.facts["commit"], approved.facts["head_oid"]) == ("APPROVED", first, second)
    assert approved.facts["dated_by"] == ("approved_at" if dated else "note")
    assert "newest then" in approved.facts["because"]
    found = pull_request("pr", events)
    assert found
    (counted,) = approvals(found)
    assert counted.covers_head is False


def test_an_approval_withdrawn_and_given_again(world: World) -> None:
    n = world.request()
    world.state.approve(REPO, n, "bob", after(hours=2))
    world.state.unapprove(REPO, n, "bob", after(hours=3))
    world.state.approve(REPO, n, "bob", after(hours=4))
    told = of(world.events(), "review")
    assert [(e.status, e.occurred_at.hour) for e in told] == [("APPROVED", 10), ("DISMISSED", 11), ("APPROVED", 12)]
    assert len({e.ref.id for e in told}) == 1
    assert told[1].facts["dismissed_by"]["name"] == "bob"


def test_a_push_that_resets_approvals_dismisses_them_all(world: World) -> None:
    world.state.projects[REPO].approvals["reset_approvals_on_push"] = True
    n = world.request()
    world.state.approve(REPO, n, "bob", after(hours=2))
    world.state.approve(REPO, n, "carol.d", after(hours=2, minutes=1))
    sha = world.state.push(REPO, n, "eve", "One more", ["x"], after(hours=3))
    gone = of(world.events(), "review", "DISMISSED")
    assert {e.actor and e.actor.name for e in gone} == {"bob", "carol.d"}
    for event in gone:
        assert (event.facts["stale_by"], event.facts["dismissed_by"]["name"]) == (sha, "eve")
        assert event.how is How.OBSERVED


def test_a_row_that_is_gone_without_a_word_is_inferred_to_be_dismissed(world: World) -> None:
    n = world.request()
    world.state.approve(REPO, n, "bob", after(hours=2))
    world.state.approve(REPO, n, "carol", after(hours=4))
    world.state.push(REPO, n, "ada", "One more", ["x"], after(hours=3))
    world.state.projects[REPO].merge_requests[n].approved_by.clear()
    gone = {e.actor.name: e for e in of(world.events(), "review", "DISMISSED") if e.actor}
    assert gone["bob"].occurred_at == after(hours=3)  # the push after it
    assert gone["carol"].occurred_at == LATER  # nothing came after it
    assert {e.how for e in gone.values()} == {How.INFERRED}
    assert {e.facts["dismissed_by"] for e in gone.values()} == {None}


def test_an_approval_without_a_note(world: World) -> None:
    n = world.request()
    world.state.approve(REPO, n, "bob", after(hours=2), noted=False)
    (approved,) = of(world.events(), "review")
    assert (approved.occurred_at, approved.facts["dated_by"]) == (after(hours=2), "approved_at")


def test_an_approval_that_nothing_dates_is_not_dated_by_guess(world: World) -> None:
    world.state.dated_approvals = False
    n = world.request()
    world.state.approve(REPO, n, "bob", after(hours=2), noted=False)
    assert of(world.events(at=after(hours=3)), "review") == []  # its note may be on its way
    world.merge(n, after(hours=4))
    (approved,) = of(world.events(), "review")
    assert (approved.occurred_at, approved.how, approved.facts["commit"]) == (LATER, How.INFERRED, None)
    assert "not when" in approved.facts["because"]


def test_changes_asked_for(world: World) -> None:
    n = world.request()
    world.state.approve(REPO, n, "bob", after(hours=2))
    world.state.request_changes(REPO, n, "bob", after(hours=3))
    world.merge(n, after(hours=4))
    events = world.events()
    assert [e.status for e in of(events, "review")] == ["APPROVED", "CHANGES_REQUESTED"]
    found = pull_request("pr", events)
    assert found
    assert approvals(found) == ()


def test_what_people_write_is_no_approval(world: World) -> None:
    n = world.request()
    world.state.comment(REPO, n, "bob", "approved this merge request", after(hours=2))
    assert of(world.events(), "review") == []


def test_nobody_approves_by_a_token(world: World) -> None:
    n = world.request()
    for name in (f"project_{world.project}_bot_a1b2c3", "group_9_bot", "service_account_group_9_1f"):
        world.state.approve(REPO, n, name, after(hours=2))
    world.state.approve(REPO, n, "gone", after(hours=2))
    del world.state.users["gone"]
    told = of(world.events(), "review", "APPROVED")
    assert {e.actor and e.actor.kind for e in told} == {ActorKind.SERVICE, ActorKind.UNKNOWN}


# heads


def test_every_head_with_who_pushed_it(world: World) -> None:
    n = world.request(by="ada")
    world.state.push(REPO, n, "eve", "More", ["x"], after(hours=3), author="ada")
    events = world.events()
    assert [(e.actor and e.actor.name, e.facts["before"]) for e in of(events, "head-push", "push")] == [
        ("ada", None),
        ("eve", heads(world)[0]),
    ]
    found = pull_request("pr", events)
    assert found
    assert "eve" in {who.name for who in found.contributors}


def test_a_pusher_whom_no_note_names_is_in_the_push_events_of_that_day(world: World) -> None:
    n = world.request(by="ada")
    world.state.push(REPO, n, "eve", "More", ["x"], after(hours=3))
    request = world.state.projects[REPO].merge_requests[n]
    request.notes.clear()
    assert [e.actor and e.actor.name for e in of(world.events(), "head-push")] == ["ada", "eve"]
    world.state.projects[REPO].events.clear()
    world.memory.clear()
    for event in of(world.events(), "head-push"):
        assert event.actor
        assert event.actor.kind is ActorKind.UNKNOWN
        assert "says who pushed" in event.actor.because


def test_a_pusher_who_may_still_be_told_is_waited_for(world: World) -> None:
    world.request(at=after(hours=1))
    events, world.state.projects[REPO].events = world.state.projects[REPO].events, []
    assert of(world.events(at=after(hours=1, minutes=1)), "head-push") == []
    world.state.projects[REPO].events = events
    (told,) = of(world.events(at=after(hours=1, minutes=12)), "head-push")
    assert told.actor
    assert told.actor.name == "ada"


def test_a_force_push_is_one_that_was_not_built_on_the_head_before(world: World) -> None:
    n = world.request(2)
    world.state.push(REPO, n, "ada", "Plain", ["x"], after(hours=2))
    world.state.push(REPO, n, "eve", "Rewritten", ["y"], after(hours=3), force=True)
    assert [e.status for e in of(world.events(), "head-push")] == ["push", "push", "force_push"]


def test_heads_that_are_gone_are_not_called_a_force_push(world: World) -> None:
    n = world.request(2)
    world.state.push(REPO, n, "eve", "Rewritten", ["y"], after(hours=3), force=True)
    world.state.fail_next(1, 400, path="/repository/merge_base")
    (first, second) = of(world.events(), "head-push")
    assert (first.status, second.status) == ("push", "push")
    assert "does not say" in second.facts["because"]


# auto-merge, trains, drafts


def test_who_set_it_to_merge_by_itself(world: World) -> None:
    n = world.request()
    world.state.auto_merge(REPO, n, "carol", after(hours=2))
    world.merge(n, after(hours=3), by="carol", train=True)
    events = world.events()
    assert [e.status for e in of(events, "pull-request") if e.status not in ("open", "head", "merged")] == [
        "auto_merge_enabled",
        "added_to_merge_queue",
    ]
    (done,) = of(events, "pull-request", "merged")
    assert done.facts["auto_merge_by"]["name"] == "carol"


def test_notes_of_the_request_itself(world: World) -> None:
    n = world.request()
    request = world.state.projects[REPO].merge_requests[n]
    said = [
        "marked this merge request as **draft**",
        "marked this merge request as **ready**",
        "changed target branch from `main` to `release`",
        "enabled an automatic merge when the pipeline for 0123abcd succeeds",
        "canceled the automatic merge",
        "removed this merge request from the merge train because the pipeline failed",
        "changed the description",
    ]
    for i, text in enumerate(said):
        world.state.note(request, text, "bob", after(hours=2, minutes=i))
    events = of(world.events(), "pull-request")
    told = [e for e in events if e.status not in ("open", "head")]
    assert [e.status for e in told] == [
        *("convert_to_draft", "ready_for_review", "base_changed", "auto_merge_enabled", "auto_merge_disabled"),
        "removed_from_merge_queue",
    ]
    assert (told[2].facts["before"], told[2].facts["after"]) == ("main", "release")
    assert told[0].facts["auto_merge_by"] is None


# checks


def test_the_pipeline_of_the_head_and_external_checks(world: World) -> None:
    n = world.request()
    world.state.pipeline(REPO, n, "failed", after(hours=2), after(hours=2, minutes=5))
    world.state.external_check(REPO, n, "licence scan", "passed")
    checks = {e.facts["name"]: e for e in of(world.events(), "check")}
    assert (checks["pipeline"].status, checks["pipeline"].facts["word"]) == ("failure", "failed")
    assert checks["pipeline"].occurred_at == after(hours=2, minutes=5)
    assert checks["pipeline"].facts["head_oid"] == heads(world)[0]
    assert (checks["licence scan"].status, checks["licence scan"].facts["required"]) == ("success", None)
    assert "do not tell" in checks["licence scan"].facts["because"]


def test_a_pipeline_that_is_run_again_is_told_again(world: World) -> None:
    n = world.request()
    for hour, status in enumerate(("success", "failed", "success"), start=2):
        world.state.projects[REPO].merge_requests[n].pipelines.clear()
        world.state.pipeline(REPO, n, status, after(hours=2), after(hours=hour))
        world.state.projects[REPO].merge_requests[n].pipelines[0].id = 77
        (check,) = of(world.events(at=after(hours=hour, minutes=30)), "check")
        assert check.occurred_at == after(hours=hour)
        assert world.memory


def test_no_check_and_none_that_may_be_seen(world: World) -> None:
    world.request()
    (none,) = of(world.events(at=after(hours=2)), "check")
    assert (none.status, none.facts["name"], none.facts["because"]) == ("none", None, None)
    world.state.projects[REPO].settings["only_allow_merge_if_pipeline_succeeds"] = None
    world.state.pipeline(REPO, 1, "odd", after(hours=2))
    pages = world.pages(at=after(hours=3))
    (check,) = of([event for page in pages for event in page.events], "check")
    assert (check.status, check.known, check.facts["required"]) == ("odd", False, None)
    assert ("pipeline.status", "odd") in {pair for page in pages for pair in page.unknown}


@pytest.mark.parametrize("ref", ["refs/merge-requests/1/merge", "refs/merge-requests/1/train"])
def test_a_pipeline_on_a_commit_that_gitlab_made_is_that_of_the_head(world: World, ref: str) -> None:
    from app.sources.gitlab.normalise import normalise
    from app.sources.gitlab.telling import Origin

    made = {"id": 5, "sha": "9" * 40, "ref": ref, "status": "success", "finished_at": "2025-03-03T10:00:00Z"}
    request = {"id": 1, "iid": 1, "state": "opened", "created_at": "2025-03-03T09:00:00Z", "sha": "8" * 40, "head_pipeline": made}
    (check,) = of(list(normalise({"merge_request": request}, Origin("gitlab", REPO, LATER)).events), "check")
    assert (check.facts["head_oid"], check.facts["pipeline_oid"]) == ("8" * 40, "9" * 40)
    assert LATER - check.observed_at == timedelta()
