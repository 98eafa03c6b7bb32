"""The stream of rules: what a branch asks, what changed in it, and never "no rule" for what is only not told."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from app.demo.fakes import github_branches as branches
from app.demo.fakes.github_things import Protection
from app.domain.event import Event
from app.errors import Missing, ServerFailed, SourceError, Throttled, Unauthorized
from app.ledger.leaf import leaf_bytes
from app.sources.github.rules_events import OURS, snapshot

from tests.sources.github.conftest import LATER, REPO, World, after
from tests.sources.harness import events_of, run_pass, run_until_error

FULL = Protection(
    checks=("build", "scan"), approvals=2, dismiss_stale=True, last_push=True, code_owners=True, force_pushes=False, deletions=False
)


def read(world: World, *, at: datetime = LATER, **settings: Any) -> list[Event]:
    return events_of(run_pass(world.source(**settings), "rules", world.memory, at))


def rules(events: list[Event], branch: str = "main") -> list[Event]:
    return [event for event in events if event.type == "branch-rules" and event.ref.id == f"{REPO}@{branch}"]


def protect(world: World, **settings: Any) -> None:
    branches.protect(world.state, REPO, "main", replace(FULL, **settings))


def test_a_ruleset_is_open_to_every_reader(world: World) -> None:
    protect(world, ruleset=True, queue=True)
    (seen,) = rules(read(world))
    told = seen.facts["rules"]
    assert seen.status == "seen"
    assert {name: told[name] for name in OURS if name != "admins_included"} == {
        "protected": True, "required_approvals": 2, "required_checks": ["build", "scan"], "dismiss_stale_reviews": True,
        "last_push_approval": True, "code_owner_review": True, "force_pushes": False, "deletions": False, "merge_queue": True,
    }  # fmt: skip
    assert set(told["untold"]) == {"admins_included"}
    assert {rule["type"] for rule in told["rulesets"]} >= {"pull_request", "required_status_checks", "merge_queue"}


def test_classic_protection_is_told_to_readers_in_its_summary(world: World) -> None:
    protect(world)
    (seen,) = rules(read(world))
    told = seen.facts["rules"]
    assert (told["protected"], told["required_approvals"], told["force_pushes"]) == (True, 2, False)
    assert told["required_checks"] == ["build", "scan"]
    for name in ("dismiss_stale_reviews", "last_push_approval", "admins_included", "merge_queue"):
        assert told[name] is None
        assert "administrators only" in told["untold"][name]


def test_and_to_administrators_in_full(world: World) -> None:
    protect(world)
    world.state.admin = True
    told = rules(read(world))[0].facts["rules"]
    assert (told["dismiss_stale_reviews"], told["last_push_approval"], told["admins_included"]) == (True, True, True)
    assert set(told["untold"]) == {"merge_queue"}


def test_a_branch_without_rules_is_one_only_where_everything_is_told(world: World) -> None:
    told = rules(read(world))[0].facts["rules"]
    assert (told["protected"], told["required_approvals"], told["force_pushes"]) == (False, 0, True)
    world.memory.clear()
    world.state.absent = frozenset({"/rules/"})
    told = rules(read(world))[0].facts["rules"]
    assert {name: told[name] for name in OURS} == dict.fromkeys(OURS)
    assert set(told["untold"]) == set(OURS)


def test_protected_and_not_told_how(world: World) -> None:
    """The list says it is protected, and neither way of asking shows by what."""
    untold = snapshot(
        {"rulesets": [], "branch": {"ref": {"refUpdateRule": None, "branchProtectionRule": None}, "failed": {}}}, True
    )
    assert untold.rules["protected"] is True
    assert {untold.rules[name] for name in OURS[1:]} == {None}
    assert "does not tell how" in untold.untold["required_approvals"]


def test_nothing_told_at_all_is_unavailable_and_said_once(world: World) -> None:
    world.state.absent = frozenset({"/rules/"})
    error = b'{"path": ["repository", "ref"], "type": "FORBIDDEN", "message": "no"}'
    refused = b'{"data": {"repository": {"ref": null}}, "errors": [' + error + b"]}"
    world.state.fail_next(9, 200, refused, operation="Rules")
    (told,) = rules(read(world))
    assert told.status == "unavailable"
    assert "404" in told.facts["because"]
    assert rules(read(world)) == []
    world.state.planned.clear()
    world.state.absent = frozenset()
    (back,) = rules(read(world))
    assert back.status == "changed"


def test_a_change_says_what_it_was_before(world: World) -> None:
    protect(world, ruleset=True)
    read(world)
    assert read(world, at=LATER + timedelta(minutes=15)) == []
    protect(world, ruleset=True, approvals=1, checks=("build",))
    (changed,) = rules(read(world, at=LATER + timedelta(minutes=30)))
    assert changed.status == "changed"
    assert changed.occurred_at == LATER + timedelta(minutes=30)
    assert changed.facts["changed"]["required_approvals"] == [2, 1]
    assert changed.facts["changed"]["required_checks"] == [["build", "scan"], ["build"]]
    assert set(changed.facts["changed"]) == {"required_approvals", "required_checks", "rulesets"}
    protect(world, ruleset=True)
    (back,) = rules(read(world, at=LATER + timedelta(minutes=45)))
    protect(world, ruleset=True, approvals=1, checks=("build",))
    (again,) = rules(read(world, at=LATER + timedelta(minutes=60)))
    assert len({changed.id, back.id, again.id}) == 3, "there and back is not the same change"
    branches.protect(world.state, REPO, "main", None)
    (gone,) = rules(read(world, at=LATER + timedelta(hours=2)))
    assert gone.facts["changed"]["protected"] == [True, False]


def test_the_branches_pull_requests_were_merged_into_are_read_too(world: World) -> None:
    branches.add_branch(world.state, REPO, "dev/ü x", "dave", after(minutes=10))
    n = world.state.add_pull_request(
        REPO, "T", "ada", after(hours=1), "t", commits=[(None, "ada", "m", ["a"])], base="dev/ü x"
    )  # fmt: skip
    world.state.merge(REPO, n, "carol", after(hours=2))
    branches.protect(world.state, REPO, "dev/ü x", Protection(approvals=3, ruleset=True))
    events = read(world)
    assert rules(events, "main")
    assert rules(events, "dev/ü x")[0].facts["rules"]["required_approvals"] == 3
    branches.delete_branch(world.state, REPO, "dev/ü x", "dave", after(hours=3))
    assert rules(read(world, at=LATER + timedelta(hours=2)), "dev/ü x") == []


def test_an_older_server_is_asked_without_the_newest_fields(world: World) -> None:
    protect(world)
    odd = b'{"errors": [{"message": "Field \'requireLastPushApproval\' doesn\'t exist on type \'BranchProtectionRule\'"}]}'
    world.state.fail_next(1, 200, odd, operation="Rules")
    assert rules(read(world))[0].facts["rules"]["required_approvals"] == 2


def test_names_of_the_repository(world: World) -> None:
    def named(at: datetime) -> list[tuple[str, str, Any]]:
        events = read(world, at=at, repositories=(REPO,))
        return [(e.status, e.facts["name"], e.facts.get("former")) for e in events if e.type == "repository"]

    assert named(LATER) == [("seen", REPO, None)]
    assert named(LATER + timedelta(minutes=15)) == []
    world.state.rename(REPO, "bank/infrastructure")
    assert named(LATER + timedelta(minutes=30)) == [("renamed", "bank/infrastructure", REPO)]
    world.state.rename("bank/infrastructure", "group/infrastructure")
    world.state.renamed[REPO] = "group/infrastructure"
    assert named(LATER + timedelta(minutes=45)) == [("transferred", "group/infrastructure", "bank/infrastructure")]
    repository = world.state.repositories.pop("group/infrastructure")
    memory = world.memory
    for _ in range(2):
        pages, error = run_until_error(world.source(repositories=(REPO,)), "rules", memory, LATER + timedelta(hours=1))
        assert isinstance(error, Missing)
    assert [e.status for e in events_of(pages)] == [], "said once"
    world.state.repositories["group/infrastructure"] = repository
    assert named(LATER + timedelta(hours=2)) == [("seen", "group/infrastructure", None)]


def test_a_repository_that_is_gone_is_said(world: World) -> None:
    read(world)
    repository = world.state.repositories.pop(REPO)
    pages, error = run_until_error(world.source(repositories=(REPO,)), "rules", world.memory, LATER)
    assert isinstance(error, Missing)
    (event,) = events_of(pages)
    assert (event.type, event.status, event.ref.id) == ("repository", "unavailable", repository.id)
    assert event.facts["because"]


FAULTS: list[tuple[int, bytes, type[SourceError]]] = [
    (401, b"{}", Unauthorized), (429, b"{}", Throttled), (500, b"", ServerFailed),
]  # fmt: skip


@pytest.mark.parametrize(("status", "body", "kind"), FAULTS)
@pytest.mark.parametrize("path", ["/rules/branches/", "/branches", "/graphql"])
def test_a_failure_has_its_name_and_loses_nothing(
    world: World, path: str, status: int, body: bytes, kind: type[SourceError]
) -> None:
    protect(world, ruleset=True)
    world.state.fail_next(12, status, body, path=path)
    pages, error = run_until_error(world.source(), "rules", world.memory, LATER)
    assert isinstance(error, kind)
    assert rules(events_of(pages)) == []
    world.state.planned.clear()
    assert len(rules(read(world))) == 1


HOSTILE: list[Any] = [
    None,
    7,
    "x",
    [],
    {},
    [None],
    True,
    "\x00\ud800",
    {"nodes": 3},
    [{"type": "odd", "parameters": [{}]}],
    2**80,
    1.5,
]


def test_any_value_in_any_place_is_survived() -> None:
    plain: dict[str, Any] = {
        "rulesets": [{"type": "pull_request", "ruleset_id": 1, "parameters": {"required_approving_review_count": 1}}],
        "branch": {"ref": {"refUpdateRule": {"requiredApprovingReviewCount": 1}, "branchProtectionRule": {}}, "failed": {}},
        "untold_rulesets": "", "untold_branch": "",
    }  # fmt: skip
    for value in HOSTILE:
        for key in plain:
            found = snapshot({**plain, key: value}, False)
            assert found.digest == snapshot({**plain, key: value}, False).digest
        ref = {**plain, "branch": {"ref": {"refUpdateRule": value, "branchProtectionRule": value}, "failed": {}}}
        assert snapshot(ref, False).digest
        rule = {
            "type": value,
            "ruleset_id": value,
            "ruleset_source": value,
            "parameters": {"x": value, "required_status_checks": value},
        }
        assert snapshot({**plain, "rulesets": [rule]}, True).digest


def test_many_rules_still_fit_a_leaf(world: World) -> None:
    branches.protect(world.state, REPO, "main", Protection(checks=tuple("é" * 200 + str(i) for i in range(400)), ruleset=True))
    (event,) = rules(read(world))
    assert len(leaf_bytes(event, LATER)) < 65_536
    branches.protect(world.state, REPO, "main", None)
    (event,) = rules(read(world, at=LATER + timedelta(hours=2)))
    assert len(leaf_bytes(event, LATER)) < 65_536
