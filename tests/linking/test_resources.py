"""Runs by resource: whole lists or none, in any order; the reviewed plan beside the applied one."""

import random
from dataclasses import replace
from typing import Any

import pytest
from app.domain.change import PullRequest, Run
from app.domain.event import Event, Keys, Step
from app.domain.resource import Compared, NamedObject, Reviewed
from app.linking.fold import fold
from app.linking.reviewed import reviewed
from app.sources.tfe.plan_json import Plan, parts_of
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.linking import build

KEYS = Keys(repository=build.REPO, workspace="net-prod", run="run-1")


def listed(part: int, parts: int, *addresses: str, id_: str = "plan-1", keys: Keys = KEYS, **more: Any) -> Event:
    told = [{"address": a, "actions": ["create"], "type": "aws_x", "mode": "managed"} for a in addresses]
    facts = {"part": part, "parts": parts, "resources": told, "drift": [], "modules": None, "providers": None, **more}
    made = build.event("tfe", "plan-resources", f"{id_}/{part}", "listed", Step.NOTED, 22, keys)
    return replace(made, facts=facts)


def told(kind: str, status: str, facts: dict[str, Any], key: str = "plan-1/0") -> Event:
    return replace(build.event("tfe", kind, key, status, Step.NOTED, 22, KEYS), facts=facts)


def run_of(*events: Event, **more: Any) -> Run:
    made = fold("run:tfe:run-1", build.entries([*build.run("run-1", **more), *events]))
    assert isinstance(made, Run)
    return made


def test_all_parts_make_the_list_in_any_order() -> None:
    parts = [listed(n, 4, f"aws_x.a{n}", f"aws_x.b{n}", **({"unchanged": 3} if n == 1 else {})) for n in range(1, 5)]
    whole = run_of(*parts)
    assert [one.address for one in whole.resources or ()] == [f"aws_x.{letter}{n}" for n in range(1, 5) for letter in "ab"]
    assert (whole.unchanged, whole.modules, whole.resource_drift) == (3, None, ())
    events = build.entries([*build.run("run-1"), *parts])
    for seed in range(5):
        random.Random(seed).shuffle(events)
        assert fold("run:tfe:run-1", events) == whole


def test_a_missing_part_makes_the_list_unknown() -> None:
    made = run_of(listed(1, 3, "aws_x.a"), listed(3, 3, "aws_x.c"))
    assert made.resources is None
    assert made.resources_because == "1 of the list’s 3 parts is not in the record"


def test_why_there_is_no_list_is_told_until_there_is_one() -> None:
    gone = told("plan-resources", "unavailable", {"part": 0, "parts": 0, "because": "the server answered 404"})
    assert run_of(gone).resources_because == "the server answered 404"
    assert run_of(gone, listed(1, 1, "aws_x.a")).resources_because == ""
    assert run_of().resources is None


def test_a_plan_without_changes_changes_no_resource() -> None:
    made = run_of()
    events = [e if e.type != "plan" else replace(e, facts={**e.facts, "has_changes": False}) for e in build.run("run-1")]
    empty = fold("run:tfe:run-1", build.entries(events))
    assert made.resources is None
    assert isinstance(empty, Run)
    assert empty.resources == ()


def test_what_names_very_much_is_put_together_again() -> None:
    plan = Plan()
    names = [f"attribute_{i:04}" for i in range(4000)]
    plan.resources = [
        {"address": "aws_x.wide", "actions": ["update"], "attributes": names, "redacted": ["p"], "deposed": "ab"},
        {"address": "aws_x.next", "actions": ["update"], "attributes": ["a"]},
    ]
    parts = parts_of(plan)
    assert len(parts) > 1
    made = run_of(*(told("plan-resources", "listed", part, f"plan-1/{part['part']}") for part in parts))
    assert [(one.address, one.deposed, one.attributes == tuple(names)) for one in made.resources or ()] == [
        ("aws_x.wide", "ab", True),
        ("aws_x.next", "", False),
    ]
    assert (made.resources or ())[0].redacted == ("p",)


def test_what_became_of_each_and_that_some_is_left_open() -> None:
    facts = {
        "part": 1,
        "parts": 1,
        "complete": False,
        "resources": [{"address": "aws_x.a", "action": "create", "result": "errored"}],
    }
    made = run_of(told("apply-resources", "listed", facts, "apply-1/1"))
    assert [(one.address, one.result) for one in made.apply_resources or ()] == [("aws_x.a", "errored")]
    assert "could not be read whole" in made.apply_because


values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5), lambda one: st.lists(one, max_size=3), max_leaves=6
)
entry = st.dictionaries(
    st.sampled_from(["address", "actions", "attributes", "redacted", "deposed", "more", "mode", "importing"]), values, max_size=8
)
facts = st.dictionaries(
    st.sampled_from(["part", "parts", "resources", "drift", "modules", "providers", "because", "unchanged", "complete"]),
    values | st.lists(entry, max_size=3),
    max_size=8,
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["plan-resources", "apply-resources"]), facts), max_size=4))
def test_odd_facts_never_make_it_fail(made: list[tuple[str, dict[str, Any]]]) -> None:
    events = [replace(told(kind, "listed", said, f"x/{i}"), id=build.event("s", kind, f"x/{i}", "", Step.NOTED, 1, KEYS).id)
              for i, (kind, said) in enumerate(made)]  # fmt: skip
    assert run_of(*events).id == "run-1"


# reviewed beside applied


def pull(**more: Any) -> PullRequest:
    made = fold(f"pr:github:{build.REPO}#1", build.entries(build.pull(1)))
    assert isinstance(made, PullRequest)
    return replace(made, **more)


def speculative(*addresses: str, id_: str = "run-0", commit: str = build.sha("head1"), created: float = 2, **more: Any) -> Run:
    keys = replace(KEYS, run=id_)
    events = build.run(id_, kind="plan_only", created=created, commit=commit, number=1, **more)
    made = fold(f"run:tfe:{id_}", [*build.entries([*events, listed(1, 1, *addresses, id_=f"plan-{id_}", keys=keys)])])
    assert isinstance(made, Run)
    return made


def compared(*runs: Run, pr: PullRequest | None = None) -> Reviewed:
    (one,) = reviewed([pr or pull()], runs)
    return one


APPLIED = [listed(1, 1, "aws_x.a", "aws_x.b")]


def test_same_and_different() -> None:
    run = run_of(*APPLIED)
    same = compared(speculative("aws_x.b", "aws_x.a"), run)
    assert (same.outcome, same.plan, same.run) == (Compared.SAME, "run-0", "run-1")
    other = compared(speculative("aws_x.a", "aws_x.c"), run)
    assert other.outcome is Compared.DIFFERENT
    assert [(d.address, d.reviewed, d.applied) for d in other.differences] == [
        ("aws_x.b", None, "create"),
        ("aws_x.c", "create", None),
    ]


def test_the_plan_of_the_head_counts_and_the_last_of_them() -> None:
    run = run_of(*APPLIED)
    old = speculative("aws_x.a", "aws_x.b", commit=build.sha("earlier"))
    missing = compared(old, run)
    assert missing.outcome is Compared.NEVER_PLANNED
    assert "was never planned in net-prod" in missing.because
    again = speculative("aws_x.a", "aws_x.b", id_="run-00", created=5)
    assert compared(speculative("aws_x.z"), again, run).plan == "run-00"
    late = speculative("aws_x.a", "aws_x.b", created=40)
    assert compared(late, run).outcome is Compared.NEVER_PLANNED, "planned after the run began: nobody reviewed it before"
    elsewhere = replace(speculative("aws_x.a", "aws_x.b"), workspace="other")
    assert compared(elsewhere, run).outcome is Compared.NEVER_PLANNED


def test_what_is_not_known_is_unknown_and_never_the_same() -> None:
    assert compared(speculative("aws_x.a"), run_of()).outcome is Compared.UNKNOWN
    assert "applied plan" in compared(speculative("aws_x.a"), run_of()).because
    unread = replace(speculative("aws_x.a"), resources=None, resources_because="the server answered 404")
    assert compared(unread, run_of(*APPLIED)).because == "the reviewed plan’s resources are not known: the server answered 404"
    assert compared(speculative("aws_x.a"), run_of(*APPLIED), pr=pull(head_oid=None)).outcome is Compared.UNKNOWN


def test_a_run_without_a_pull_request_was_never_reviewed() -> None:
    (one,) = reviewed([], [run_of(*APPLIED)])
    assert one.outcome is Compared.NEVER_PLANNED


@pytest.mark.parametrize(("more", "many"), [({"applied": None, "status": "discarded"}, 0), ({"applied": None}, 1), ({}, 1)])
def test_only_what_acts_or_is_about_to_is_compared(more: dict[str, Any], many: int) -> None:
    assert len(reviewed([pull()], [run_of(*APPLIED, **more)])) == many


def test_reading_data_is_no_difference() -> None:
    run = run_of(listed(1, 1, "aws_x.a"))
    assert run.resources
    read = replace(run.resources[0], address="data.aws_ami.x", mode="data", actions=("read",))
    assert compared(speculative("aws_x.a"), replace(run, resources=(*run.resources, read))).outcome is Compared.SAME


def test_the_objects_that_resources_stand_for_are_told_and_anything_else_is_none() -> None:
    names = {"system": "kubernetes", "group": "", "kind": "Namespace", "namespace": None, "name": "payments"}
    plan = Plan()
    plan.resources = [
        {"address": "kubernetes_namespace.a", "actions": ["create"], "object": dict(names), "object_before": dict(names)}
    ]
    plan.resources += [
        {"address": f"aws_x.{i}", "actions": ["create"], "object": odd} for i, odd in enumerate((5, {}, {"system": 3}, []))
    ]
    untold = {**names, "name": None, "untold": {"name": "sensitive"}, "perhaps": ["Namespace"]}
    plan.holds = [
        {"address": "kubernetes_namespace.b", "type": "kubernetes_namespace", "object": untold},
        {"address": "x", "object": 1},
    ]
    events = [replace(listed(n, 1), facts=facts) for n, facts in enumerate(parts_of(plan), 1)]
    run = run_of(*events)
    first, *others = run.resources or ()
    assert first.object == first.object_before == NamedObject(system="kubernetes", kind="Namespace", name="payments")
    assert [one.object for one in others] == [None] * 4
    assert [(one.address, one.object.untold, one.object.perhaps) for one in run.holds or ()] == [
        ("kubernetes_namespace.b", (("name", "sensitive"),), ("Namespace",))
    ]
    assert run_of(listed(1, 1, "aws_x.a")).holds is None
    assert run_of().holds is None
