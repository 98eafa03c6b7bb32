"""Each rule of linking: what belongs where, how strongly, and what is said where it cannot be known."""

import pytest
from app.domain.change import Missing, Strength
from app.domain.event import Event

from tests.linking.build import (
    APPS,
    commit,
    commits_between,
    drift,
    history_gap,
    operation,
    operation_id,
    pull,
    pulls_of,
    run,
    sha,
)
from tests.linking.world import World, change

PR = f"pr:github:bank/infra#{7}"
M7 = sha("merge7")


def homes(events: list[Event], member: str) -> list[tuple[str, str, Strength]]:
    return [(link.to, link.rule, link.strength) for link in World(events).standing[member].homes]


def test_a_speculative_run_belongs_to_the_pull_request_its_ingress_names() -> None:
    events = pull(7) + run("run-s", kind="plan_only", number=7, commit=sha("head7"))
    assert homes(events, "run:tfe:run-s") == [(PR, "ingress pull request", Strength.EXACT)]


def test_repository_names_differ_only_in_case() -> None:
    events = pull(7) + run("run-s", kind="plan_only", number=7, repository="Bank/Infra")
    assert homes(events, "run:tfe:run-s") == [(PR, "ingress pull request", Strength.EXACT)]


def test_an_applied_run_of_the_merge_commit_is_exact() -> None:
    assert homes(pull(7) + run(commit=M7), "run:tfe:run-1") == [(PR, "merge commit", Strength.EXACT)]


def test_the_association_of_the_host_is_derived() -> None:
    events = [*pull(7), *run(commit=sha("rebased")), pulls_of(sha("rebased"), 7, repository="bank/infra")]
    assert homes(events, "run:tfe:run-1") == [(PR, "commit of a pull request", Strength.DERIVED)]


@pytest.mark.parametrize("title", ["Open the port (#7)", "Merge pull request #7 from bank/topic\n\nOpen the port"])
def test_a_number_in_the_message_is_an_assumption(title: str) -> None:
    found = homes(pull(7) + run(commit=sha("other"), title=title), "run:tfe:run-1")
    assert [(to, strength) for to, _, strength in found] == [(PR, Strength.ASSUMED)]
    assert "heuristic" in found[0][1]


def test_a_heuristic_never_stands_beside_something_exact() -> None:
    events = pull(7) + pull(8) + run(commit=M7, title="Port (#8)")
    assert homes(events, "run:tfe:run-1") == [(PR, "merge commit", Strength.EXACT)]


def test_a_message_does_not_link_to_an_open_pull_request() -> None:
    assert homes(pull(7, merged=None) + run(commit=sha("x"), title="Port (#7)"), "run:tfe:run-1") == []


def test_several_associated_pull_requests_are_each_assumed() -> None:
    events = [*pull(7), *pull(8), *run(commit=sha("x")), pulls_of(sha("x"), 7, 8, repository="bank/infra")]
    assert [strength for _, _, strength in homes(events, "run:tfe:run-1")] == [Strength.ASSUMED, Strength.ASSUMED]


def test_a_run_without_a_commit_stands_alone_and_says_so() -> None:
    made = change(pull(7) + run(commit=None, repository=None), "run:")
    assert made.root == "run:tfe:run-1"
    assert [(gap.what, gap.missing) for gap in made.gaps] == [("no pull request", Missing.ABSENT)]


def test_a_direct_push_is_told_from_a_pull_request_that_was_not_read() -> None:
    pushed = change([*run(commit=sha("x")), pulls_of(sha("x"), repository="bank/infra")], "run:")
    unread = change([*run(commit=sha("x")), pulls_of(sha("x"), 9, repository="bank/infra")], "run:")
    unknown = change(run(commit=sha("x")), "run:")
    assert [gap.missing for gap in pushed.gaps] == [Missing.ABSENT]
    assert [gap.missing for gap in unread.gaps] == [Missing.UNOBSERVED]
    assert "bank/infra#9" in unread.gaps[0].because
    assert [gap.missing for gap in unknown.gaps] == [Missing.UNOBSERVED]


A, B, C, D = sha("a"), sha("b"), sha("c"), sha("d")
OP = f"operation:argocd:{operation_id(25)}"


def deployed(**changes: object) -> list[Event]:
    """Pull requests 1 (merged as b), 2 (as c, another path), 3 (as d) and a sync from a to d."""
    pulls = [one for n, at_ in ((1, B), (2, C), (3, D)) for one in pull(n, repository=APPS, merge=at_)]
    return pulls + operation(revision=D, previous=A, **changes)  # type: ignore[arg-type]


def test_a_sync_deploys_every_pull_request_of_its_range_that_touches_its_path() -> None:
    events = [*deployed(), commits_between(A, D, [B, C, D], paths={"payments": [B, D]})]
    assert homes(events, OP) == [
        (f"pr:github:{APPS}#1", "deployed range", Strength.DERIVED),
        (f"pr:github:{APPS}#3", "merge commit", Strength.EXACT),
    ]
    assert World(events).standing[OP].gaps == ()


def test_a_commit_of_the_range_is_joined_by_the_association_too() -> None:
    events = [*deployed(), commits_between(A, D, [sha("r"), D], paths={"./payments/": [sha("r")]}), pulls_of(sha("r"), 2)]
    assert homes(events, OP) == [(f"pr:github:{APPS}#2", "deployed range", Strength.DERIVED)]


def test_without_the_range_only_the_tip_is_linked_and_that_is_said() -> None:
    standing = World(deployed()).standing[OP]
    assert [(link.to, link.strength) for link in standing.homes] == [(f"pr:github:{APPS}#3", Strength.EXACT)]
    assert [(gap.what, gap.missing) for gap in standing.gaps] == [("range unknown", Missing.UNOBSERVED)]


@pytest.mark.parametrize(
    ("spans", "word"),
    [
        ([commits_between(A, D, [B, D], paths={"payments": [B, D]}, complete=False)], "whole range"),
        ([commits_between(A, D, [B, D], paths={"ledger": [B]})], "path"),
    ],
)
def test_a_range_that_does_not_answer_the_question_is_no_range(spans: list[Event], word: str) -> None:
    standing = World([*deployed(), *spans]).standing[OP]
    assert [link.to for link in standing.homes] == [f"pr:github:{APPS}#3"]
    assert word in standing.gaps[0].because


def test_deployed_commits_without_a_pull_request_are_counted() -> None:
    span = commits_between(A, D, [B, sha("push"), D], paths={"payments": [B, sha("push"), D]})
    gaps = World([*deployed(), span, pulls_of(sha("push"))]).standing[OP].gaps
    assert [(gap.what, gap.size, gap.missing) for gap in gaps] == [("no pull request", 1, Missing.ABSENT)]


def test_a_helm_version_is_not_a_commit() -> None:
    made = change(operation(revision="1.2.3", previous="1.2.2"), "operation:")
    assert "1.2.3 is not a commit" in made.gaps[1].because or "1.2.3 is not a commit" in made.gaps[0].because


def test_one_sync_stands_in_each_pull_request_it_deployed() -> None:
    events = [*deployed(), commits_between(A, D, [B, D], paths={"payments": [B, D]})]
    changes = World(events).changes()
    assert {key for key, one in changes.items() if one.operations} == {f"pr:github:{APPS}#1", f"pr:github:{APPS}#3"}


def test_a_self_heal_belongs_to_the_drift_it_ended() -> None:
    events = drift(40, ended=45, ended_by=operation_id(44)) + operation(44, kind="self-heal", revision=D, previous=D)
    made = change(events, "drift:")
    assert made.state == "finished"
    assert [operation.kind for operation in made.operations] == ["self-heal"]
    assert {link.rule for link in made.links} == {"ended drift", "ended by"}


def test_a_heal_that_moved_the_revision_is_a_deployment() -> None:
    events = pull(3, repository=APPS, merge=D) + operation(revision=D, previous=A, kind="self-heal")
    assert [to for to, _, _ in homes(events, OP)] == [f"pr:github:{APPS}#3"]


def test_a_deployment_that_also_ended_a_drift_only_refers_to_it() -> None:
    events = [*deployed(), *drift(20, ended=26, ended_by=operation_id(25))]
    standing = World(events).standing[OP]
    assert [link.to for link in standing.homes] == [f"pr:github:{APPS}#3"]
    assert [link.rule for link in standing.references] == ["ended drift"]


def test_a_rollback_stands_alone_and_refers_to_what_it_went_back_to() -> None:
    events = pull(1, repository=APPS, merge=B) + operation(kind="rollback", revision=B, previous=D)
    standing = World(events).standing[OP]
    assert standing.homes == ()
    assert [(link.to, link.rule, link.strength) for link in standing.references] == [
        (f"pr:github:{APPS}#1", "rolled back to", Strength.DERIVED)
    ]
    assert change(events, "operation:").title.startswith("Rollback of payments-api")


def test_the_same_revision_again_is_a_change_of_its_own() -> None:
    events = pull(1, repository=APPS, merge=B) + operation(kind="manual", revision=B, previous=B)
    standing = World(events).standing[OP]
    assert (standing.homes, [link.rule for link in standing.references]) == ((), ["deployed already"])


def test_a_dry_run_changes_nothing_and_says_so() -> None:
    made = change(pull(3, repository=APPS, merge=D) + operation(kind="dry-run", revision=D, previous=A), "operation:")
    assert "nothing was changed" in made.title
    assert made.at == made.opened_at


def test_a_local_sync_belongs_to_no_pull_request() -> None:
    made = change(operation(kind="local", revision=None), "operation:")
    assert "in no commit" in made.gaps[0].because


def test_a_hole_in_the_history_is_a_change_of_known_size() -> None:
    made = change(history_gap())
    assert made.title == "4 syncs of payments-api not seen"
    assert [(gap.what, gap.size, gap.missing) for gap in made.gaps] == [("history gap", 4, Missing.UNOBSERVED)]


def test_a_commit_of_the_branch_is_enough_where_the_host_was_not_asked() -> None:
    events = [*pull(7), commit(7, "own", 1), *run(commit=sha("own"))]
    assert homes(events, "run:tfe:run-1") == [(PR, "commit of a pull request", Strength.DERIVED)]
