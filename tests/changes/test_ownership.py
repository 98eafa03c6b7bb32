"""Who manages what: Terraform's newest word and what applications list, the same however the ledger was cut."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from app.changes.ownership import store
from app.changes.project import Rules, catch_up, rebuild
from app.db.session import transaction
from app.domain.event import Event, Keys, Step
from app.domain.ownership import Finding, Owned
from app.ledger import store as ledger
from sqlalchemy import Engine

from tests.linking.build import application, at, event, kube, makes, run
from tests.linking.world import RULES

NET, API = kube("Namespace", "payments"), kube("Deployment", "api", "payments", "apps")
APP = {"kind": "Deployment", "name": "api", "namespace": "payments", "group": "apps"}
CONFIG = {"kind": "ConfigMap", "name": "app", "namespace": "payments", "group": ""}


def manages(*objects: dict[str, str], uid: str = "uid-1", minutes: float = 5, destination: str = "prod-eu/payments") -> Event:
    keys = Keys(application="payments-api", project="payments-production", destination=destination)
    facts = {"look": f"look-{minutes}", "parts": 1, "resources": list(objects)}
    made = event("argocd", "managed", f"{uid}/1", "listed", Step.NOTED, minutes, keys, **facts, part=minutes)
    return replace(made, facts={"part": 1, **facts})


def holds(run_: str, *objects: dict[str, Any]) -> Event:
    made = makes(run_)
    held = [{"address": f"kubernetes_x.y[{n}]", "type": "kubernetes_x", "object": one} for n, one in enumerate(objects)]
    return replace(made, facts={**made.facts, "holds": held})


def owned(engine: Engine, events: Sequence[Event], *asked: Any) -> list[Owned]:
    with transaction(engine) as connection:
        ledger.append(connection, list(events), at(0) + timedelta(days=2))
    catch_up(engine, Rules(RULES))
    with engine.connect() as connection:
        return store.owned(connection, *asked)


def told(found: Sequence[Owned]) -> list[tuple[str, str, str, bool]]:
    return [
        (one.finding, f"{one.kind}/{one.name}", f"{one.terraform.run if one.terraform else ''}>{bool(one.argocd)}", one.assumed)
        for one in found
    ]


BOTH = [application(), manages(APP, CONFIG), *run("run-1", applied=30), makes("run-1", API)]


def test_an_object_of_both_names_both_sides(engine: Engine) -> None:
    (one,) = owned(engine, BOTH)
    assert told([one]) == [(Finding.TWICE, "Deployment/api", "run-1>True", False)]
    assert one.terraform is not None
    assert one.argocd is not None
    assert (one.terraform.workspace, one.terraform.address, one.terraform.at) == ("net-prod", "kubernetes_x.y[0]", at(30))
    assert (one.argocd.application, one.argocd.destination, one.environment) == ("payments-api", "prod-eu/payments", "production")
    with engine.connect() as connection:
        assert told(store.owned(connection, ["net-prod"], [])) == told(store.owned(connection, [], ["payments-api"])) == told([one])
        assert store.owned(connection, ["other"], ["other"]) == []


@pytest.mark.parametrize(
    "more",
    [
        [*run("run-2", created=40, applied=50), makes("run-2", API, actions=["delete"])],
        [*run("run-2", created=40, applied=50), makes("run-2", API, actions=["forget"])],
        [application(40, status="deleted")],
        [manages(CONFIG, minutes=40)],
    ],
)
def test_what_one_side_gave_up_is_no_longer_both_s(engine: Engine, more: list[Event]) -> None:
    assert Finding.TWICE not in {one.finding for one in owned(engine, [*BOTH, *more])}


def test_a_plan_that_was_not_applied_makes_nothing_and_one_that_leaves_it_as_it_is_holds_it(engine: Engine) -> None:
    planned = [application(), manages(APP), *run("run-1", applied=None), makes("run-1", API)]
    assert owned(engine, planned) == []
    left = [*run("run-2", applied=None, created=50), holds("run-2", API)]
    assert told(owned(engine, left)) == [(Finding.TWICE, "Deployment/api", "run-2>True", False)]


def test_workloads_of_terraform_stand_out_only_beside_argo_cd(engine: Engine) -> None:
    config = kube("ConfigMap", "tf", "payments")
    alone = [*run("run-1", applied=30), makes("run-1", config, NET, kube("Secret", "db", "payments"))]
    assert owned(engine, alone) == []
    (one,) = owned(engine, [application(), manages(APP)])
    assert told([one]) == [(Finding.TERRAFORM, "ConfigMap/tf", "run-1>False", False)]
    assert one.beside == "payments-api"


def test_cloud_resources_through_argo_cd_stand_out(engine: Engine) -> None:
    groups = [
        "ec2.aws.upbound.io",
        "ec2.services.k8s.aws",
        "compute.cnrm.cloud.google.com",
        "network.azure.com",
        "x.aws.crossplane.io",
    ]
    cloud = [{"kind": "VPC", "name": f"v{n}", "namespace": "", "group": group} for n, group in enumerate(groups)]
    fine = [{"kind": "Composition", "name": "c", "namespace": "", "group": "apiextensions.crossplane.io"}, CONFIG]
    fine += [{"kind": "X", "name": "x", "namespace": "", "group": "notupbound.io"}]
    found = owned(engine, [application(), manages(*cloud, *fine)])
    assert told(found) == [(Finding.ARGOCD, f"VPC/v{n}", ">True", False) for n in range(5)]
    assert "no plan shows them" in found[0].because


def test_another_environment_s_object_is_another_and_an_unknown_one_is_assumed(engine: Engine) -> None:
    staging = [*run("run-1", applied=30, workspace="net-staging"), makes("run-1", API, workspace="net-staging")]
    assert owned(engine, [application(), manages(APP), *staging]) == []
    unknown = [*run("run-2", applied=30, workspace="net-lab"), makes("run-2", API, workspace="net-lab")]
    assert told(owned(engine, unknown)) == [(Finding.TWICE, "Deployment/api", "run-2>True", True)]


def test_no_cut_into_batches_changes_it(engine: Engine) -> None:
    more = [*run("run-2", created=40, applied=50), holds("run-2", API, NET), manages(CONFIG, minutes=40), manages(APP, minutes=60)]
    first = told(owned(engine, [*BOTH, *more]))
    whole = rebuild(engine, Rules(RULES))
    for size in (1, 3, 7):
        assert rebuild(engine, Rules(RULES), batch=size) == whole
    with engine.connect() as connection:
        assert told(store.owned(connection)) == first
