"""What had to be there first: a sync and the run that makes what it missed find each other, whichever comes first."""

from random import Random
from typing import Any

import pytest
from app.domain.change import Change, Operation, Run
from app.domain.event import Event
from app.domain.order import Came, Does, Stands
from app.linking.stand import stand
from app.linking.tokens import affected, neighbourhood
from app.linking.wanted import singular
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.linking.build import application, at, attempt, kube, makes, missing, operation, run
from tests.linking.world import RULES, World

NAMESPACE = kube("Namespace", "payments")
GONE = missing("namespace-missing", "payments")
RBAC = "rbac.authorization.k8s.io"


def failed(minutes: float = 25, *failures: dict[str, Any], **more: Any) -> list[Event]:
    return operation(minutes, phase="Failed", failures=list(failures or [GONE]), **more)


def changes(*events: Any, rules: Any = RULES) -> dict[str, Change]:
    flat = [one for each in events for one in (each if isinstance(each, list) else [each])]
    world = World(flat, rules)
    return {key.split(":")[0]: change for key, change in world.changes(rules).items()}


def test_the_run_that_made_the_namespace_later_stands_on_both_changes_with_by_how_much() -> None:
    found = changes(failed(25), run("run-1", applied=38, commit=None, repository=None), makes("run-1", NAMESPACE))
    ours, theirs = found["operation"], found["run"]
    assert ours.needs == theirs.needs
    (need,) = ours.needs
    assert (need.came, need.does, need.stands, need.seconds) == (Came.SYNC_FIRST, Does.MAKES, Stands.APPLIED, 12 * 60)
    assert need.says == (
        "Namespace payments is made by run-1 in workspace net-prod, "
        "applied 12 min after the sync of payments-api failed for want of it."
    )
    assert (need.strength, need.because) == ("derived", "Both are of the environment production.")
    (link,) = [one for one in ours.links if one.rule == "made by"]
    assert link in theirs.links
    assert (link.to, link.strength) == ("run:tfe:run-1", "derived")


@pytest.mark.parametrize(
    ("events", "stands", "says"),
    [
        (run("run-1", applied=None), Stands.PLANNED, "which is planned and waits to be confirmed"),
        (
            [one for one in run("run-1", applied=60) if one.status in ("pending", "planned", "finished", "confirmed")][:4],
            Stands.CONFIRMED,
            "which is confirmed and waits to be applied",
        ),
    ],
)
def test_a_run_that_is_not_applied_yet_says_how_far_it_is(events: list[Event], stands: Stands, says: str) -> None:
    (need,) = changes(failed(25), events, makes("run-1", NAMESPACE))["operation"].needs
    assert (need.stands, need.seconds, need.came) == (stands, None, Came.SYNC_FIRST)
    assert says in need.says
    assert need.says.endswith("the sync of payments-api came before the apply that makes it.")


def test_while_it_was_being_applied_is_told_and_so_is_an_apply_that_failed() -> None:
    during = changes(failed(36.5), run("run-1", applied=38), makes("run-1", NAMESPACE))["operation"].needs[0]
    assert (during.came, during.seconds) == (Came.DURING, 30)
    assert "while it was being applied" in during.says
    half = changes(failed(25), run("run-1", applied=38, apply_status="errored"), makes("run-1", NAMESPACE))["operation"].needs[0]
    assert half.stands is Stands.FAILED
    assert "its apply failed 12 min after" in half.says


def test_a_run_that_came_first_explains_nothing_and_is_only_assumed() -> None:
    (need,) = changes(failed(65), run("run-1", applied=30), makes("run-1", NAMESPACE))["operation"].needs
    assert (need.came, need.seconds, need.strength) == (Came.RUN_FIRST, -36 * 60, "assumed")
    assert "came 36 min after the apply that made it; why it was missed is not told" in need.says


def test_a_run_that_destroyed_it_is_the_opposite_story() -> None:
    found = changes(failed(45), run("run-1", applied=30), makes("run-1", NAMESPACE, actions=["delete"]))
    (need,) = found["operation"].needs
    assert need.does is Does.DESTROYS
    assert need.says == (
        "Namespace payments was destroyed by run-1 in workspace net-prod, 16 min before the sync of payments-api missed it."
    )
    assert [one.rule for one in found["run"].links] == ["destroyed by"]
    later = changes(failed(25), run("run-1", applied=30), makes("run-1", NAMESPACE, actions=["delete"]))
    assert later["operation"].needs == ()


def test_destroyed_and_made_again_are_both_told() -> None:
    again = [*run("run-2", created=50, applied=60), makes("run-2", NAMESPACE)]
    first = [*run("run-0", created=1, applied=9), makes("run-0", NAMESPACE)]
    gone = [*run("run-1", applied=30), makes("run-1", NAMESPACE, actions=["delete"])]
    needs = World([*failed(45), *again, *gone, *first]).changes()
    told = next(change for key, change in needs.items() if key.startswith("operation:")).needs
    assert [(one.run, one.does, one.seconds) for one in told] == [
        ("run-1", Does.DESTROYS, -16 * 60),
        ("run-2", Does.MAKES, 14 * 60),
    ]
    assert {one.because for one in told} == {"Both are of the environment production."}


def test_several_workspaces_are_all_shown_and_none_is_chosen() -> None:
    other = [*run("run-2", applied=50, workspace="dns-prod"), makes("run-2", NAMESPACE, workspace="dns-prod")]
    needs = changes(failed(25), run("run-1", applied=38), makes("run-1", NAMESPACE), other)["operation"].needs
    assert [(one.run, one.strength) for one in needs] == [("run-1", "assumed"), ("run-2", "assumed")]
    assert all("More than one workspace" in one.because for one in needs)


def test_a_workspace_of_another_environment_makes_another_cluster_s() -> None:
    staging = [*run("run-2", applied=38, workspace="net-staging"), makes("run-2", NAMESPACE, workspace="net-staging")]
    assert changes(failed(25), staging)["operation"].needs == ()
    (need,) = changes(failed(25), staging, rules=())["operation"].needs
    assert (need.strength, need.because) == (
        "assumed",
        "That it is the same cluster is assumed: no environment is set for net-staging.",
    )


def test_what_can_never_be_applied_or_was_given_up_makes_nothing() -> None:
    plan = [*run("run-1", kind="plan_only", applied=None), makes("run-1", NAMESPACE)]
    given_up = [*run("run-2", applied=None, status="discarded"), makes("run-2", NAMESPACE)]
    updated = [*run("run-3", applied=38), makes("run-3", NAMESPACE, actions=["update"])]
    assert changes(failed(25), plan, given_up, updated)["operation"].needs == ()


OF = {"group": "apps", "kind": "Deployment", "namespace": "payments", "name": "api"}


@pytest.mark.parametrize(
    ("failure", "made", "says"),
    [
        (missing("secret-missing", "db", of=OF), kube("Secret", "db", "payments"), "Secret db in payments"),
        (missing("secret-missing", "db"), kube("Secret", "db", "payments"), "Secret db in payments"),
        (
            missing("role-missing", "app", kind="serviceaccounts", of=OF),
            kube("ServiceAccount", "app", "payments"),
            "Serviceaccount app in payments",
        ),
        (missing("role-missing", "ops", kind="clusterroles"), kube("ClusterRole", "ops", None, RBAC), "Clusterrole ops"),
        (
            missing("object-missing", "app", kind="configmaps", of=OF),
            kube("ConfigMap", "app", "payments"),
            "Configmap app in payments",
        ),
        (
            missing("kind-missing", kind="ExternalSecret", group="external-secrets.io"),
            kube("CustomResourceDefinition", "externalsecrets.external-secrets.io", None, "apiextensions.k8s.io"),
            "The CRD of ExternalSecret (external-secrets.io)",
        ),
    ],
)
def test_each_missing_object_is_found(failure: dict[str, Any], made: dict[str, Any], says: str) -> None:
    (need,) = changes(failed(25, failure), run("run-1", applied=38), makes("run-1", made))["operation"].needs
    assert need.says.startswith(f"{says} is made by run-1")
    other = {**made, "name": f"other-{made['name']}"} if made["kind"] != "CustomResourceDefinition" else {**made, "name": "a.b.io"}
    assert changes(failed(25, failure), run("run-1", applied=38), makes("run-1", other))["operation"].needs == ()


def test_a_crd_of_another_kind_of_the_group_is_not_taken() -> None:
    failure = missing("kind-missing", kind="ExternalSecret", group="external-secrets.io")
    other = kube("CustomResourceDefinition", "secretstores.external-secrets.io", None, "apiextensions.k8s.io")
    assert changes(failed(25, failure), run("run-1", applied=38), makes("run-1", other))["operation"].needs == ()


def test_a_chart_may_bring_a_crd_and_its_namespace() -> None:
    chart = {"system": "helm", "group": "external-secrets", "kind": "Release", "namespace": "payments", "name": "eso"}
    chart["perhaps"] = ["CustomResourceDefinition", "Namespace"]
    failure = missing("kind-missing", kind="ExternalSecret", group="external-secrets.io")
    needs = changes(failed(25, failure, GONE), run("run-1", applied=38), makes("run-1", chart))["operation"].needs
    assert [(one.does, one.strength) for one in needs] == [(Does.PERHAPS, "assumed")] * 2
    assert "may be brought by run-1" in needs[0].says
    assert "a chart’s objects are not in the plan" in needs[0].because


def test_attempts_count_from_the_first_that_missed_it_and_say_when_it_was_still_missed() -> None:
    tried = [*operation(25), attempt(25, 26, GONE), attempt(25, 40, GONE, number=2)]
    (need,) = changes(tried, run("run-1", applied=38), makes("run-1", NAMESPACE))["operation"].needs
    assert (need.at, need.seconds, need.strength) == (at(26), 12 * 60, "assumed")
    assert "still missed 2 min after that" in need.says
    once = [*operation(25), attempt(25, 26, GONE)]
    (need,) = changes(once, run("run-1", applied=38), makes("run-1", NAMESPACE))["operation"].needs
    assert need.strength == "derived"


# ---- before it bites

WAITS = [*run("run-1", applied=None), makes("run-1", NAMESPACE)]


def test_an_application_that_was_never_synced_is_told_on_the_change_of_the_run() -> None:
    found = changes(application(), WAITS)
    assert set(found) == {"run"}
    (need,) = found["run"].needs
    assert (need.came, need.at, need.wanted_by, need.wants) == (Came.OPEN, None, "app:argocd:uid-1", "destination")
    assert need.says == (
        "Namespace payments, into which payments-api is to be deployed, is made by run-1 in workspace net-prod, "
        "which is planned and waits to be confirmed."
    )
    assert found["run"].links == ()


@pytest.mark.parametrize(
    "more",
    [
        operation(10),  # it was deployed there before: the namespace is another's, or there
        [application(5, status="deleted")],
        [application(5, status="changed", destination="prod-eu/other")],
        run("run-1", applied=38),
        run("run-1", applied=None, status="discarded"),
    ],
)
def test_nothing_is_said_before_it_bites_where_it_cannot(more: list[Event]) -> None:
    assert changes(application(), WAITS, more)["run"].needs == ()


def test_a_sync_that_has_not_succeeded_tells_of_the_run_that_waits() -> None:
    found = changes(application(), WAITS, operation(40, phase="Running"))
    (need,) = found["operation"].needs
    assert found["run"].needs == (need,)
    assert (need.wants, need.wanted_by[:10], need.came) == ("destination", "operation:", Came.OPEN)


# ---- whichever comes first

TOLD: list[Event] = [
    application(),
    *failed(25, GONE, missing("secret-missing", "db")),
    *operation(50, phase="Running", uid="uid-2"),
    *operation(10, uid="uid-3"),
    *run("run-1", applied=38),
    makes("run-1", NAMESPACE, kube("Secret", "db", "payments")),
    *run("run-2", applied=None, workspace="dns-prod"),
    makes("run-2", NAMESPACE, workspace="dns-prod"),
    *run("run-3", applied=20),
    makes("run-3", NAMESPACE, actions=["delete"]),
]
CHART = {"system": "helm", "group": "external-secrets", "kind": "Release", "namespace": "eso", "name": "eso"}
CRD = kube("CustomResourceDefinition", "externalsecrets.external-secrets.io", None, "apiextensions.k8s.io")
TOLD += [
    *failed(25, missing("kind-missing", kind="ExternalSecret", group="external-secrets.io"), uid="uid-4"),
    *run("run-4", applied=38),
    makes("run-4", {**CHART, "perhaps": ["CustomResourceDefinition"]}),
    *run("run-5", created=22, applied=45, workspace="eso-prod"),
    makes("run-5", CRD, workspace="eso-prod"),
]
WHOLE = World(TOLD)


def test_what_surely_makes_it_leaves_no_word_of_what_may_on_any_change() -> None:
    told = {need.run for standing in WHOLE.standing.values() for need in standing.needs if need.object.kind != "namespace"}
    assert told == {"run-1", "run-5"}


@settings(max_examples=40, deadline=None)
@given(st.randoms(use_true_random=False))
def test_no_order_of_events_changes_what_is_told(dice: Random) -> None:
    assert World(dice.sample(TOLD, len(TOLD))).standing == WHOLE.standing
    assert any(isinstance(WHOLE.entities[key], Run) and one.needs for key, one in WHOLE.standing.items())
    assert any(isinstance(WHOLE.entities[key], Operation) and one.needs for key, one in WHOLE.standing.items())


@settings(max_examples=30, deadline=None)
@given(st.permutations(sorted(WHOLE.entities)))
def test_arriving_one_by_one_ends_as_arriving_at_once(order: list[str]) -> None:
    here = World([])
    for key in order:
        here.add(key, WHOLE.entities[key])
        for again in {key, *affected(WHOLE.entities[key], here.find)}:
            here.standing[again] = stand(here.entities[again], neighbourhood(here.entities[again], here.find), RULES)
    assert here.standing == WHOLE.standing


@pytest.mark.parametrize(
    ("plural", "one"),
    [("namespaces", "namespace"), ("Ingress", "ingress"), ("ingresses", "ingress"), ("networkpolicies", "networkpolicy")],
)
def test_kinds_are_told_alike(plural: str, one: str) -> None:
    assert singular(plural) == one
