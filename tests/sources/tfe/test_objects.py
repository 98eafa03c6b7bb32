"""Which object a Terraform resource makes: its names, from where its type keeps them, and nothing that stands elsewhere."""

import json
from typing import Any

import pytest
from app.demo.fakes.tfe_plan_objects import PRINTED, attributes, manifest
from app.demo.fakes.tfe_plan_resources import PlannedResource, kept, made, shaped
from app.sources.tfe.objects import FORMS
from app.sources.tfe.plan_json import parts_of, read_plan
from hypothesis import given, settings
from hypothesis import strategies as st

SETTLED = {"untold": {}, "perhaps": []}


def read(*resources: PlannedResource | dict[str, Any], size: int = 50) -> Any:
    shown = [one if isinstance(one, dict) else shaped(one) for one in resources]
    body = json.dumps({"plan_format_version": "1.2", "resource_changes": shown}).encode()
    return read_plan(body[i : i + size] for i in range(0, len(body), size))


def one(address: str, actions: list[str], before: Any, after: Any, **more: Any) -> dict[str, Any]:
    change = {"actions": actions, "before": before, "after": after, "after_unknown": {}, **more}
    return {"address": address, "mode": "managed", "type": address.split(".")[0], "name": "x", "change": change}


def named(system: str, group: str, kind: str, namespace: str | None, name: str | None, **more: Any) -> dict[str, Any]:
    return {"system": system, "group": group, "kind": kind, "namespace": namespace, "name": name, **more}


RBAC = "rbac.authorization.k8s.io"
MADE = [
    ("kubernetes_namespace", ("payments",), named("kubernetes", "", "Namespace", None, "payments")),
    ("kubernetes_namespace_v1", ("payments",), named("kubernetes", "", "Namespace", None, "payments")),
    ("kubernetes_secret_v1", ("db", "payments"), named("kubernetes", "", "Secret", "payments", "db")),
    ("kubernetes_config_map", ("app", "payments"), named("kubernetes", "", "ConfigMap", "payments", "app")),
    ("kubernetes_service_account_v1", ("app", "payments"), named("kubernetes", "", "ServiceAccount", "payments", "app")),
    ("kubernetes_role", ("reader", "payments"), named("kubernetes", RBAC, "Role", "payments", "reader")),
    ("kubernetes_cluster_role_binding_v1", ("reader",), named("kubernetes", RBAC, "ClusterRoleBinding", None, "reader")),
    ("kubernetes_deployment", ("api", "payments"), named("kubernetes", "apps", "Deployment", "payments", "api")),
    ("kubernetes_cron_job_v1", ("nightly", "payments"), named("kubernetes", "batch", "CronJob", "payments", "nightly")),
    ("kubernetes_ingress_v1", ("web", "payments"), named("kubernetes", "networking.k8s.io", "Ingress", "payments", "web")),
    (
        "kubernetes_horizontal_pod_autoscaler_v2beta2",
        ("api", "p"),
        named("kubernetes", "autoscaling", "HorizontalPodAutoscaler", "p", "api"),
    ),
    ("kubernetes_manifest", ("app", "payments"), named("kubernetes", "", "ConfigMap", "payments", "app")),
    ("kubectl_manifest", ("app", "payments"), named("kubernetes", "", "ConfigMap", "payments", "app")),
    (
        "helm_release",
        ("external-secrets", "platform"),
        named("helm", "external-secrets", "Release", "platform", "external-secrets", perhaps=["CustomResourceDefinition"]),
    ),
    ("aws_ssm_parameter", ("/payments/db/endpoint",), named("aws-ssm", "", "Parameter", None, "/payments/db/endpoint")),
    ("aws_secretsmanager_secret", ("payments/db",), named("aws-secrets-manager", "", "Secret", None, "payments/db")),
    ("aws_secretsmanager_secret_version", ("payments/db",), named("aws-secrets-manager", "", "Secret", None, "payments/db")),
    ("aws_iam_role", ("payments-api",), named("aws-iam", "", "Role", None, "payments-api")),
    ("vault_generic_secret", ("secret/payments/db",), named("vault", "", "Secret", None, "secret/payments/db")),
    ("vault_kv_secret", ("kv/payments/db",), named("vault", "", "Secret", None, "kv/payments/db")),
    ("vault_kv_secret_v2", ("payments/db", "kvv2"), named("vault", "", "Secret", "kvv2", "payments/db")),
    ("google_secret_manager_secret", ("db", "bank-p"), named("gcp-secret-manager", "", "Secret", "bank-p", "db")),
    ("azurerm_key_vault_secret", ("db", "bank-kv"), named("azure-key-vault", "", "Secret", "bank-kv", "db")),
]


@pytest.mark.parametrize(("type_", "names", "wanted"), MADE, ids=[type_ for type_, _, _ in MADE])
def test_each_type_names_its_object_and_none_of_its_values(type_: str, names: tuple[str, ...], wanted: dict[str, Any]) -> None:
    plan = read(made(f"{type_}.x", *names), kept(f"{type_}.y", *names))
    assert plan.resources[0]["object"] == wanted
    assert plan.holds == [{"address": f"{type_}.y", "type": type_, "object": wanted}]
    assert plan.unchanged == 1
    assert PRINTED not in json.dumps(parts_of(plan))


def test_the_table_is_tested_whole() -> None:
    """Each system of the table is told by a fake above, and no type of ours is spelled as no provider spells it."""
    assert {form.system for form in FORMS.values()} == {wanted["system"] for _, _, wanted in MADE}
    assert all(attributes(f"{type_}.x") is not None for type_, _, _ in MADE)


def test_a_crd_is_told_by_its_manifest() -> None:
    body = manifest("apiextensions.k8s.io/v1", "CustomResourceDefinition", "externalsecrets.external-secrets.io")
    plan = read(
        one("kubernetes_manifest.crd", ["create"], None, {"manifest": body, "object": None}, after_unknown={"object": True})
    )
    wanted = named("kubernetes", "apiextensions.k8s.io", "CustomResourceDefinition", None, "externalsecrets.external-secrets.io")
    assert plan.resources[0]["object"] == wanted


UNTIL = "unknown until apply"
META = [{"name": None, "generate_name": "db-", "namespace": "payments", "labels": {"a": PRINTED}}]
HARD: list[tuple[dict[str, Any], dict[str, Any]]] = [
    (  # Kubernetes makes the name
        one("kubernetes_secret.x", ["create"], None, {"metadata": META}, after_unknown={"metadata": [{"name": True, "uid": True}]}),
        named("kubernetes", "", "Secret", "payments", None, untold={"name": UNTIL}),
    ),
    (  # what else of its metadata is unknown does not matter
        one("kubernetes_namespace.x", ["create"], None, {"metadata": [{"name": "p"}]}, after_unknown={"metadata": [{"uid": True}]}),
        named("kubernetes", "", "Namespace", None, "p"),
    ),
    (
        one("kubernetes_manifest.x", ["create"], None, {"manifest": None}, after_unknown={"manifest": True}),
        named("kubernetes", None, None, None, None, untold=dict.fromkeys(("kind", "group", "namespace", "name"), UNTIL)),  # type: ignore[arg-type]
    ),
    (  # the whole resource is sensitive
        one("aws_ssm_parameter.x", ["create"], None, {"name": "/a/b"}, after_sensitive=True),
        named("aws-ssm", "", "Parameter", None, None, untold={"name": "sensitive"}),
    ),
    (
        one("aws_ssm_parameter.x", ["create"], None, {"value": PRINTED}, after_sensitive={"value": True}),
        named("aws-ssm", "", "Parameter", None, None, untold={"name": "the plan does not tell it"}),
    ),
    *(
        (
            one("aws_ssm_parameter.x", ["create"], None, {"name": text}),
            named("aws-ssm", "", "Parameter", None, None, untold={"name": "it is no name"}),
        )
        for text in ("two words", "a\x00b", "x" * 5000, "hvs.CAESIJ0123456789abcdefghij", "<script>")
    ),
    (
        one("aws_secretsmanager_secret_version.x", ["create"], None, {"secret_id": "something-else"}),
        named("aws-secrets-manager", "", "Secret", None, None, untold={"name": "it is no name"}),
    ),
    (  # what was destroyed was there before
        one("kubernetes_namespace.x", ["delete"], {"metadata": [{"name": "gone"}]}, None),
        named("kubernetes", "", "Namespace", None, "gone"),
    ),
]


@pytest.mark.parametrize(("resource", "wanted"), HARD)
def test_what_cannot_be_told_says_why(resource: dict[str, Any], wanted: dict[str, Any]) -> None:
    plan = read(resource)
    assert plan.resources[0]["object"] == {**wanted, **({} if "untold" not in wanted else {"untold": wanted["untold"]})}
    assert "object_before" not in plan.resources[0]


def test_a_chart_that_makes_its_namespace_says_so() -> None:
    after = {"name": "cert-manager", "namespace": "cert-manager", "chart": "oci://charts.bank.example/cert-manager"}
    told = [{**after, "create_namespace": flag} for flag in (True, False)]
    plan = read(*(one("helm_release.x", ["create"], None, each) for each in told))
    crd = "CustomResourceDefinition"
    assert [each["object"]["perhaps"] for each in plan.resources] == [[crd, "Namespace"], [crd]]
    assert plan.resources[0]["object"]["group"] == "cert-manager"


def test_a_replacement_by_another_name_tells_both() -> None:
    before, after = ({"metadata": [{"name": name}]} for name in ("old", "new"))
    plan = read(one("kubernetes_namespace.x", ["delete", "create"], before, after))
    assert (plan.resources[0]["object"]["name"], plan.resources[0]["object_before"]["name"]) == ("new", "old")


def test_what_only_reads_makes_nothing() -> None:
    data = one("kubernetes_namespace.x", ["read"], None, {"metadata": [{"name": "a"}]}) | {"mode": "data"}
    plan = read(data, one("aws_instance.x", ["create"], None, {"name": "a"}))
    assert [each.get("object") for each in plan.resources] == [None, None]


SECRET = "PLANTED7f3a91value"
NAMES = {"name", "namespace", "metadata", "manifest", "path", "mount", "secret_id", "secret", "kind", "api_version", "chart"}
values = st.recursive(
    st.just(SECRET) | st.none() | st.booleans(),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["name", "namespace", "metadata", "data", "kind", "x"]), inner, max_size=3)
    ),
    max_leaves=6,
)


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(sorted(FORMS)),
    st.dictionaries(st.sampled_from(["value", "data", "string_data", "spec", "yaml_body", "data_json", "tags", "object"]), values),
    st.dictionaries(st.sampled_from(["annotations", "labels", "uid", "generate_name", "owner"]), values),
    st.integers(1, 30),
)
def test_no_value_beside_the_names_is_ever_kept(type_: str, beside: Any, metadata: Any, size: int) -> None:
    own = attributes(f"{type_}.x", "a", "b") or {}
    own = {**own, **beside}
    if isinstance(own.get("metadata"), list):
        own["metadata"] = [{**own["metadata"][0], **metadata}]
    if isinstance(own.get("manifest"), dict):
        own["manifest"] = {**own["manifest"], **beside, "metadata": {"name": "a", "namespace": "b", **metadata}}
    plan = read(one(f"{type_}.x", ["create"], None, own), one(f"{type_}.x", ["no-op"], own, own), size=size)
    assert SECRET not in repr(plan)
    assert PRINTED not in repr(plan)
    assert plan.resources[0]["object"]["name"]
    assert plan == read(one(f"{type_}.x", ["create"], None, own), one(f"{type_}.x", ["no-op"], own, own), size=10**6)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(FORMS)), st.dictionaries(st.sampled_from(sorted(NAMES)), values), values, values)
def test_no_shape_makes_it_fail(type_: str, after: Any, unknown: Any, sensitive: Any) -> None:
    read(one(f"{type_}.x", ["create"], after, after, after_unknown=unknown, after_sensitive=sensitive), size=7)
