"""What branches ask for, and what `check` learns."""

import pytest
from app.errors import NotUnderstood, Refused, Unauthorized
from app.sources.contract import Want

from tests.sources.gitlab.conftest import LATER, REPO, World, after
from tests.sources.harness import run_pass, run_until_error


def test_the_rules_of_the_default_branch_as_first_seen(world: World) -> None:
    (seen,) = world.events("rules")
    assert (seen.type, seen.status, seen.ref.id) == ("branch-rules", "seen", f"{REPO}@main")
    rules = seen.facts["rules"]
    assert (rules["protected"], rules["required_approvals"], rules["required_checks"]) == (True, 1, ["pipeline"])
    assert (rules["dismiss_stale_reviews"], rules["force_pushes"], rules["deletions"]) == (False, False, None)
    assert (rules["merge_requests_author_approval"], rules["push_levels"]) == (False, ["Maintainers"])
    assert (rules["admins_included"], set(rules["untold"])) == (None, {"admins_included", "last_push_approval", "deletions"})
    assert world.events("rules") == []


def test_what_changed_between_two_looks(world: World) -> None:
    world.events("rules")
    project = world.state.projects[REPO]
    project.approvals["merge_requests_author_approval"] = True
    project.protected["main"]["allow_force_push"] = True
    (changed,) = world.events("rules", at=after(days=40))
    assert changed.status == "changed"
    assert changed.facts["changed"] == {"force_pushes": [False, True], "merge_requests_author_approval": [False, True]}
    del project.protected["main"]
    (open_,) = world.events("rules", at=after(days=41))
    assert open_.facts["changed"]["protected"] == [True, False]


def test_what_may_not_be_seen_is_unavailable_once_and_comes_back(world: World) -> None:
    world.events("rules")
    for _ in range(2):
        world.state.fail_next(1, 403, path="/protected_branches")
    (gone,) = world.events("rules")
    assert (gone.status, gone.facts["rules"]) == ("unavailable", None)
    assert "403" in gone.facts["because"]
    assert world.events("rules", at=after(days=31)) == []
    (back,) = world.events("rules", at=after(days=32))
    assert (back.status, back.facts["changed"]) == ("seen", {})


def test_what_was_changed_while_nothing_could_be_seen_is_told_against_the_last_look(world: World) -> None:
    world.events("rules")
    world.state.fail_next(1, 403, path="/protected_branches")
    world.events("rules")
    world.state.projects[REPO].protected["main"]["allow_force_push"] = True
    (back,) = world.events("rules", at=after(days=32))
    assert (back.status, back.facts["changed"]) == ("changed", {"force_pushes": [False, True]})


def test_what_the_server_can_do_is_remembered_for_the_page_sources(world: World) -> None:
    n = world.request()
    world.state.approve(REPO, n, "bob", after(hours=2))
    world.state.premium = world.state.dated_approvals = False
    memory: dict[str, dict[str, object]] = {"pull-requests": {}, "rules": {}}
    for stream, held in memory.items():
        run_pass(world.source(), stream, held, LATER)
    told = {"times of approvals": False, "approvals": True, "state events": True, "status checks": False, "pipelines": True}
    assert memory["pull-requests"]["server"] == told
    assert memory["rules"]["server"] == {
        f"{REPO}: protected branches": True,
        f"{REPO}: approval settings": False,
        f"{REPO}: approval rules": False,
        f"{REPO}: merge settings": True,
    }


def test_the_free_edition_has_no_approval_settings(world: World) -> None:
    world.state.premium = False
    (seen,) = world.events("rules")
    rules = seen.facts["rules"]
    assert (rules["required_approvals"], rules["dismiss_stale_reviews"], rules["merge_queue"]) == (None, None, None)
    assert {"required_approvals", "dismiss_stale_reviews", "merge_queue"} <= set(rules["untold"])
    assert "404" in rules["untold"]["required_approvals"]


# probe


def test_all_is_well(world: World) -> None:
    found = world.source().probe(LATER)
    assert (found.problems, found.read_only, found.version) == ((), True, "18.6.1-ee")
    assert found.clock_offset is not None
    assert found.capabilities == {
        "scopes": "read_api",
        f"{REPO}: merge settings": True,
        f"{REPO}: protected branches": True,
        f"{REPO}: approval rules": True,
    }


def test_an_older_server_tells_its_version_elsewhere(world: World) -> None:
    world.state.version = "14.10.5"
    world.state.fail_next(1, 404, path="/metadata")
    assert world.source().probe(LATER).version == "14.10.5"


@pytest.mark.parametrize(("scopes", "read_only", "says"), [
    (("read_api",), True, ""), (("read_api", "read_repository"), True, ""), (("api",), False, "scope api, which can write"),
    (("read_api", "write_repository"), False, "write_repository"), (("read_api", "tomorrows"), False, "tomorrows"),
    (("read_repository",), True, "no scope read_api"), (None, None, "cannot be proved"),
])  # fmt: skip
def test_a_token_is_judged_by_its_scopes(world: World, scopes: tuple[str, ...] | None, read_only: bool | None, says: str) -> None:
    world.state.scopes = scopes
    if scopes is None:
        world.state.fail_next(1, 404, path="/personal_access_tokens/self")
    found = world.source().probe(LATER)
    assert found.read_only is read_only
    assert says in "; ".join(found.problems)


def test_each_project_that_cannot_be_read_is_a_line(world: World) -> None:
    world.state.move(REPO, "bank/platform/infrastructure")
    found = world.source(repositories=(REPO, "bank/hidden/one")).probe(LATER)
    assert len(found.problems) == 2
    assert "is now bank/platform/infrastructure" in found.problems[0]
    assert "bank/hidden/one" in found.problems[1]
    assert found.state == "not found"


def test_no_project_is_a_problem(world: World) -> None:
    assert "no repository" in world.source(repositories=()).probe(LATER).problems[0]


def test_a_wrong_token_and_an_address_that_is_none_of_gitlab(world: World) -> None:
    with pytest.raises(Unauthorized):
        world.source(token="wrong").probe(LATER)
    world.state.fail_next(1, 200, b"<html>")
    with pytest.raises(NotUnderstood):
        world.source().probe(LATER)


@pytest.mark.parametrize("suffix", ["", "/", "/api/v4", "/api/v4/"])
def test_the_address_may_be_given_with_its_api(world: World, suffix: str) -> None:
    assert world.source(url=world.address + suffix).probe(LATER).version


def test_only_what_reads_is_asked(world: World) -> None:
    client = world.source()._client
    for path in (
        *("/projects/1/variables", "/projects/1/merge_requests/1/approve", "/projects/1/merge_requests/1/merge", "/users"),
        *(
            "/projects/1/jobs/1/trace",
            "/projects/1/repository/files/a/raw",
            "/projects/1/repository/compare",
            "/projects/../version",
        ),
    ):
        with pytest.raises(Refused):
            client.http.get(path)
    assert world.state.asked == []


def test_a_stream_that_is_not_there(world: World) -> None:
    _, error = run_until_error(world.source(), "issues", {}, LATER, [Want(REPO, "0" * 40)])
    assert "no stream" in str(error)
    assert [stream.name for stream in world.source().streams()] == ["pull-requests", "ranges", "pushes", "rules"]
