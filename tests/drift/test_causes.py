"""Each cause by itself: when it says yes, when no, when it cannot tell; and which of several it is."""

import dataclasses
from typing import Any

import pytest
from app.domain.drift import NOT_DRIFT, Cause, FieldChange, Writer
from app.drift.causes import KUBERNETES, decide
from app.drift.causes_terraform import TERRAFORM, Found
from app.drift.evidence import Evidence, Synced, of_people

from tests.drift.build import at

ARGO = Writer("argocd-controller", "Update")


def owned(*names: str, path: str = "spec.replicas") -> tuple[FieldChange, ...]:
    return (FieldChange(path, "5", "2", names),)


def by(name: str, minute: float = 9.5, subresource: str | None = None) -> Writer:
    return Writer(name, "Update", subresource, at(minute))


EDIT = Evidence(
    difference="modified", changes=owned("kubectl-edit"), writers=(ARGO, by("kubectl-edit")), onset_after=at(9), behind=False,
    target_changed=False, live_changed=True, moved=False,
)  # fmt: skip
SCALED = {"changes": owned("kube-controller-manager"), "writers": (ARGO, by("kube-controller-manager", 9.5, "scale"))}
ALONE = {"changes": owned("argocd-controller"), "writers": (ARGO,)}
UNREAD: dict[str, Any] = {"difference": None, "changes": None, "writers": (), "target_changed": None, "live_changed": None}
MISSING: dict[str, Any] = {"difference": "missing", "changes": (), "writers": ()}
EXTRA: dict[str, Any] = {"difference": "extra", "changes": ()}
PENDING: dict[str, Any] = {**ALONE, "behind": True, "target_changed": True, "live_changed": False, "moved": True}
NEVER = {"virgin": True, "behind": None, "target_changed": None, "live_changed": None}


def case(cause: Cause, holds: bool | None, words: str, /, **more: Any) -> Any:
    return pytest.param(cause, holds, words, dataclasses.replace(EDIT, **more), id=f"{cause}-{holds}-{words[:40]}")


CASES = [
    case(Cause.LIVE_EDIT, True, "kubectl-edit wrote to it (Update) at 2026-10-01T09:09:30Z, in no sync"),
    case(Cause.LIVE_EDIT, True, "helm wrote", changes=owned("helm"), writers=(ARGO, by("helm"))),
    case(Cause.LIVE_EDIT, True, "argocd-server wrote", changes=owned("argocd-server"), writers=(ARGO, by("argocd-server"))),
    case(Cause.LIVE_EDIT, True, "no owner any more", changes=owned(), writers=(ARGO, by("kubectl-patch"))),
    case(Cause.LIVE_EDIT, True, "alice patched it, as Argo CD announced", **(UNREAD | {"acts": ("alice patched it",)})),
    case(Cause.LIVE_EDIT, False, "before it was last seen as declared", writers=(ARGO, by("kubectl-edit", 1))),
    case(Cause.LIVE_EDIT, False, "only Argo CD's own syncs own", **ALONE),
    case(Cause.LIVE_EDIT, False, "no program that people use owns", **SCALED),
    case(Cause.LIVE_EDIT, False, "no live object", **MISSING),
    case(Cause.LIVE_EDIT, False, "more than is declared", **EXTRA),
    case(Cause.LIVE_EDIT, None, "not read", **UNREAD),
    case(Cause.LIVE_EDIT, None, "has no owner", changes=owned(), writers=(ARGO,)),
    case(Cause.LIVE_EDIT, None, "whether that was before what is deployed now", onset_after=None, behind=True),
    case(Cause.CONTROLLER, True, "an autoscaler: kube-controller-manager wrote to it (Update, scale)", **SCALED),
    case(Cause.CONTROLLER, True, "neither Argo CD, kubectl nor Helm", changes=owned("vpa"), writers=(ARGO, by("vpa"))),
    case(Cause.CONTROLLER, False, "no controller owns"),
    case(Cause.CONTROLLER, False, "last seen as declared", changes=owned("vpa"), writers=(ARGO, by("vpa", 1))),
    case(Cause.CONTROLLER, None, "not read", **UNREAD),
    case(Cause.CONTROLLER, None, "has no owner", changes=owned(), writers=(ARGO, by("vpa"))),
    case(
        Cause.CONTROLLER,
        False,
        "no controller owns",
        changes=owned("argocd-controller"),
        writers=(ARGO, by("kube-controller-manager", 9.5, "status")),
        owners=(("argocd-controller", "Update", ""),),
    ),
    case(Cause.MUTATING_WEBHOOK, True, "after each of 2 successful syncs", **ALONE, syncs=2),
    case(Cause.MUTATING_WEBHOOK, None, "after one successful sync", **ALONE, syncs=1),
    case(Cause.MUTATING_WEBHOOK, None, "no sync of it was seen", **ALONE),
    case(Cause.MUTATING_WEBHOOK, False, "kubectl-edit owns", syncs=5),
    case(Cause.MUTATING_WEBHOOK, False, "was not applied yet", **PENDING),
    case(Cause.MUTATING_WEBHOOK, False, "was not applied yet", **PENDING | {"syncs": 2}),  # a rollback, and a sync before it
    case(Cause.MUTATING_WEBHOOK, None, "is not known", **ALONE, syncs=2, behind=None),
    case(Cause.MUTATING_WEBHOOK, None, "not read", **UNREAD),
    case(Cause.MISSING, True, "is not there", **MISSING | {"live_changed": None}),
    case(Cause.MISSING, True, "live at the look before", **MISSING | {"behind": True}),
    case(Cause.MISSING, True, "bob deleted it", **MISSING | {"acts": ("bob deleted it",)}),
    case(Cause.MISSING, False, "it is live"),
    case(Cause.MISSING, False, "was ever deployed", **MISSING | NEVER),
    case(Cause.MISSING, False, "what declares it is new", **MISSING | PENDING | {"difference": "missing"}),
    case(Cause.MISSING, False, "not live at the look before", **MISSING | {"behind": True, "live_changed": False}),
    case(Cause.MISSING, None, "not known", **MISSING | {"behind": True, "live_changed": None}),
    case(Cause.MISSING, None, "not read", **UNREAD),
    case(Cause.EXTRA, True, "kubectl-create made it, and Argo CD never applied it", **EXTRA, writers=(by("kubectl-create"),)),
    case(Cause.EXTRA, False, "Argo CD applied it once", **EXTRA),
    case(Cause.EXTRA, False, "declared at the look before", **EXTRA | {"target_changed": True}),
    case(Cause.EXTRA, False, "it is declared"),
    case(Cause.EXTRA, None, "not read", **EXTRA, writers=()),
    case(Cause.PRUNING_NEEDED, True, "declared no more", **EXTRA),
    case(Cause.PRUNING_NEEDED, True, "declared at the look before", **EXTRA | {"target_changed": True}),
    case(Cause.PRUNING_NEEDED, False, "never applied it", **EXTRA, writers=(by("kubectl-create"),)),
    case(Cause.PRUNING_NEEDED, False, "it is declared"),
    case(Cause.PRUNING_NEEDED, None, "not known", **EXTRA, writers=()),
    case(Cause.PENDING_COMMIT, True, "changed since the look before", **PENDING),
    case(Cause.PENDING_COMMIT, True, "nothing of the application was deployed", **MISSING | NEVER),
    case(Cause.PENDING_COMMIT, True, "no other program owns", **PENDING | {"target_changed": None}),
    case(Cause.PENDING_COMMIT, False, "is deployed"),
    case(Cause.PENDING_COMMIT, False, "the same as at the look before", behind=True),
    case(Cause.PENDING_COMMIT, False, "had changed when it began", **PENDING | {"target_changed": None, "moved": False}),
    case(Cause.PENDING_COMMIT, False, "waits to be pruned", **EXTRA),
    case(Cause.PENDING_COMMIT, None, "which revision is deployed", **PENDING | {"behind": None, "target_changed": None}),
    case(Cause.PENDING_COMMIT, None, "was not read", **UNREAD | {"behind": True, "moved": True}),
    case(Cause.PENDING_COMMIT, None, "is not known", behind=True, moved=True, target_changed=None),
    case(Cause.SELECTIVE_SYNC, True, "left it out", **PENDING, selective=Synced(at(5), named=False)),
    case(Cause.SELECTIVE_SYNC, False, "no sync of some resources"),
    case(Cause.FAILED_SYNC, True, "failed on it: quota", **PENDING, failed=Synced(at(5), named=True, message="quota")),
    case(Cause.FAILED_SYNC, True, "failed before it", **PENDING, failed=Synced(at(5), named=False)),
    case(Cause.FAILED_SYNC, False, "no sync failed"),
    case(Cause.MERGED_NOT_APPLIED, False, "not deployed yet"),
]


@pytest.mark.parametrize(("cause", "holds", "words", "evidence"), CASES)
def test_a_cause_says_yes_no_or_that_it_cannot_tell(cause: Cause, holds: bool | None, words: str, evidence: Evidence) -> None:
    answered, because = KUBERNETES[cause](evidence)
    assert (answered, words in because) == (holds, True), because


@pytest.mark.parametrize("cause", [cause for cause in Cause if cause not in (Cause.UNKNOWN, Cause.MERGED_NOT_APPLIED)])
def test_each_cause_is_found_ruled_out_and_left_open(cause: Cause) -> None:
    """A cause that could never be ruled out, or never be found, would be none."""
    answers = {parameters.values[1] for parameters in CASES if parameters.values[0] is cause}
    assert {True, False} <= answers


@pytest.mark.parametrize(
    ("more", "cause", "beside"),
    [
        ({}, Cause.LIVE_EDIT, set()),
        (SCALED, Cause.CONTROLLER, set()),
        (PENDING, Cause.PENDING_COMMIT, set()),
        ({"behind": True, "target_changed": True}, Cause.LIVE_EDIT, {Cause.PENDING_COMMIT}),
        (PENDING | {"selective": Synced(at(5), named=False)}, Cause.SELECTIVE_SYNC, {Cause.PENDING_COMMIT}),
        (PENDING | {"failed": Synced(at(5), named=True)}, Cause.FAILED_SYNC, {Cause.PENDING_COMMIT}),
        (ALONE | {"syncs": 3}, Cause.MUTATING_WEBHOOK, set()),
        (MISSING, Cause.MISSING, set()),
        (EXTRA, Cause.PRUNING_NEEDED, set()),
        (ALONE, Cause.UNKNOWN, {Cause.MUTATING_WEBHOOK}),
    ],
)
def test_what_is_drift_outranks_what_is_none_and_every_cause_is_accounted_for(
    more: dict[str, Any], cause: Cause, beside: set[Cause]
) -> None:
    found = decide(dataclasses.replace(EDIT, **more), KUBERNETES, "nothing tells")
    assert (found.cause, {one.cause for one in found.possible}) == (cause, beside)
    named = {found.cause, *(one.cause for one in (*found.ruled_out, *found.possible))} - {Cause.UNKNOWN}
    assert named == set(KUBERNETES)
    assert all(one.because for one in (*found.ruled_out, *found.possible))


def test_the_causes_of_both_layers_are_all_asked_and_drift_goes_first() -> None:
    for table in (KUBERNETES, TERRAFORM):
        assert set(table) == set(Cause) - {Cause.UNKNOWN}
    assert set(list(KUBERNETES)[-len(NOT_DRIFT) :]) == NOT_DRIFT


@pytest.mark.parametrize(
    ("manager", "people"),
    [
        ("kubectl", True), ("kubectl-edit", True), ("kubectl-client-side-apply", True), ("helm", True), ("Mozilla", True),
        ("argocd-server", True), ("HashiCorp/1.0", True), ("python-requests/2.31", True), ("argocd-controller", False),
        ("argocd-application-controller", False), ("argocd", False), ("kube-controller-manager", False), ("ocs-operator", False),
        ("helmrelease", False), ("", False),
    ],
)  # fmt: skip
def test_programs_that_people_use_are_told_from_controllers(manager: str, people: bool) -> None:
    assert of_people(manager) is people


@pytest.mark.parametrize(
    ("found", "cause", "possible"),
    [
        (Found(True, ("update",), ("size",)), Cause.LIVE_EDIT, {Cause.CONTROLLER}),
        (Found(True, ("delete",)), Cause.MISSING, {Cause.CONTROLLER}),
        (Found(False), Cause.UNKNOWN, {Cause.LIVE_EDIT, Cause.MISSING, Cause.CONTROLLER}),
        (Found(False, unapplied="run-1", undrifted=True), Cause.MERGED_NOT_APPLIED, {Cause.CONTROLLER}),
        (
            Found(False, unapplied="run-1"), Cause.UNKNOWN,
            {Cause.LIVE_EDIT, Cause.MISSING, Cause.CONTROLLER, Cause.MERGED_NOT_APPLIED},
        ),
        (Found(True, ("update",), failed="run-2"), Cause.LIVE_EDIT, {Cause.CONTROLLER, Cause.FAILED_SYNC}),
    ],
)  # fmt: skip
def test_the_causes_of_a_workspace(found: Found, cause: Cause, possible: set[Cause]) -> None:
    decided = decide(found, TERRAFORM, "counts")
    assert (decided.cause, {one.cause for one in decided.possible}) == (cause, possible)
