"""What a sync applies after what needs it: a hint only where phases or waves say so."""

from typing import Any

import pytest
from app.domain.change import Operation
from app.linking.waves import late

from tests.linking.build import entities, operation


def sync(*resources: tuple[str, ...], kind: str = "automated") -> Operation:
    """Resources as (kind/name, wave, phase, status)."""
    told: list[dict[str, Any]] = []
    for named, wave, *more in resources:
        kind_, _, name = named.partition("/")
        phase, status = more[0] if more else "Sync", more[1] if len(more) > 1 else "Synced"
        group = name.partition(".")[2] if kind_ == "CustomResourceDefinition" else "external-secrets.io" if "Ext" in kind_ else ""
        space = "" if kind_ in ("Namespace", "CustomResourceDefinition") else "payments"
        one = {"kind": kind_, "name": name, "namespace": space, "group": group, "wave": wave, "phase": phase, "status": status}
        told.append({key: value for key, value in one.items() if value})
    (made,) = [one for one in entities(operation(25, resources=told, kind=kind)).values() if isinstance(one, Operation)]
    return made


def hints(*resources: tuple[str, ...], **more: Any) -> list[tuple[str, tuple[str, ...]]]:
    return [(one.object, one.before) for one in late(sync(*resources, **more))]


API = ("Deployment/api", "0")


@pytest.mark.parametrize(
    "kind", ["ServiceAccount", "Role", "RoleBinding", "Secret", "ConfigMap", "ExternalSecret", "PersistentVolumeClaim"]
)
def test_what_every_workload_comes_before_is_pointed_out(kind: str) -> None:
    found = late(sync(API, (f"{kind}/app", "2")))
    assert [(one.object, one.place, one.before) for one in found] == [
        (f"{kind}/app", "Sync, wave 2", ("Deployment/api (Sync, wave 0)",))
    ]
    assert "its manifest says, which is not read" in found[0].because


def test_kinds_within_a_wave_and_a_workload_beside_it_raise_no_alarm() -> None:
    assert hints(API, ("ConfigMap/app", "0")) == []
    assert hints(("ConfigMap/app", "-1"), API) == []
    assert hints(("Deployment/database", "0"), ("ConfigMap/app", "1"), ("Deployment/api", "1")) == []
    assert hints(("Job/migrate", "0", "PreSync"), ("ConfigMap/app", "0"), API) == []


def test_a_namespace_and_a_crd_after_any_object_of_theirs_are_pointed_out() -> None:
    assert hints(("ConfigMap/app", "0"), ("Namespace/payments", "1"), ("Deployment/api", "2")) == [
        ("Namespace/payments", ("ConfigMap/app (Sync, wave 0)",))
    ]
    crd = ("CustomResourceDefinition/externalsecrets.external-secrets.io", "1")
    found = late(sync(("ExternalSecret/db", "0"), crd, ("Deployment/api", "2")))
    assert [(one.object, one.before, one.because) for one in found] == [
        (crd[0], ("ExternalSecret/db (Sync, wave 0)",), "ExternalSecret/db is applied before it")
    ]


def test_phases_count_before_waves() -> None:
    assert hints(("Job/migrate", "5", "PreSync"), ("Secret/db", "-3")) == [("Secret/db", ("Job/migrate (PreSync, wave 5)",))]
    assert hints(("Secret/db", "9", "PreSync"), ("Deployment/api", "-9", "Sync")) == []
    assert hints(API, ("ConfigMap/after", "0", "SyncFail")) == []


def test_an_unknown_wave_is_said_to_be_unknown() -> None:
    (one,) = late(sync(("Deployment/api", "1"), ("ConfigMap/app", "")))
    assert (one.before, one.place) == ((), "Sync, wave not known")
    assert "waves only of what is live" in one.because
    assert hints(("Deployment/api", ""), ("ConfigMap/app", "")) == []


def test_what_is_pruned_and_a_dry_run_have_no_order() -> None:
    assert hints(API, ("ConfigMap/app", "2", "Sync", "Pruned")) == []
    assert hints(API, ("ConfigMap/app", "2"), kind="dry-run") == []


@pytest.mark.parametrize("wave", ["x", "1e3", "٣", "-", "99999999999"])
def test_a_wave_that_is_no_number_is_not_known(wave: str) -> None:
    assert [one.before for one in late(sync(("Deployment/api", "1"), ("ConfigMap/app", wave)))] == [()]
