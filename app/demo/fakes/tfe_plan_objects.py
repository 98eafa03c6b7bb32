"""What a plan tells of types that stand for an object outside of Terraform: its names where the provider keeps them, and values.

https://registry.terraform.io/providers/hashicorp/kubernetes/latest/docs and the pages of the other providers.
"""

import re
from typing import Any

JSON = dict[str, Any]
PRINTED = "planted-plan-value"  # readers must not keep it
CALLED = {"aws_ssm_parameter.database_endpoint": "/settlements/production/database-endpoint"}  # what the demo's plans make


def attributes(address: str, name: str | None = None, namespace: str | None = None) -> JSON | None:
    """Of the resource at `address`; None for a type that stands for no such object. Without a name it is called as its address."""
    kind, label = _named(address)
    name = name or CALLED.get(address) or label
    if kind == "kubernetes_manifest":
        return {"manifest": manifest("v1", "ConfigMap", name, namespace or label), "object": {"data": PRINTED}}
    if kind == "kubectl_manifest":
        told = {"api_version": "v1", "kind": "ConfigMap", "name": name, "namespace": namespace or label}
        return {**told, "yaml_body": f"data: {PRINTED}", "yaml_body_parsed": f"data: {PRINTED}"}
    if kind.startswith("kubernetes_"):
        cluster = re.fullmatch(r"kubernetes_(namespace|persistent_volume|cluster_\w+|storage_class|priority_class)(_v\d\w*)?", kind)
        where = {} if cluster else {"namespace": namespace or label}
        metadata = {"name": name, **where, "generate_name": None, "annotations": {"note": PRINTED}, "labels": {"owner": PRINTED}}
        return {"metadata": [metadata], "data": {"key": PRINTED}, "spec": [{"value": PRINTED}], "wait_for": PRINTED}
    stores: dict[str, JSON] = {
        "helm_release": {"name": name, "namespace": namespace or "default", "chart": name, "values": [PRINTED]},
        "aws_ssm_parameter": {"name": name if "/" in name else f"/{name}", "value": PRINTED, "description": PRINTED},
        "aws_secretsmanager_secret": {"name": name, "description": PRINTED, "policy": PRINTED},
        "aws_secretsmanager_secret_version": {
            "secret_id": f"arn:aws:secretsmanager:eu-west-1:123456789012:secret:{name}-AbC123",
            "secret_string": PRINTED,
        },
        "aws_iam_role": {"name": name, "assume_role_policy": PRINTED, "inline_policy": [{"policy": PRINTED}]},
        "vault_generic_secret": {"path": name, "data_json": PRINTED},
        "vault_kv_secret": {"path": name, "data_json": PRINTED},
        "vault_kv_secret_v2": {"mount": namespace or "secret", "name": name, "data_json": PRINTED, "custom_metadata": [PRINTED]},
        "google_secret_manager_secret": {"secret_id": name, "project": namespace or "bank-prod", "labels": {"owner": PRINTED}},
        "google_secret_manager_secret_version": {
            "secret": f"projects/{namespace or 'bank-prod'}/secrets/{name}",
            "secret_data": PRINTED,
        },
        "azurerm_key_vault_secret": {
            "name": name,
            "key_vault_id": f"/subscriptions/0/resourceGroups/r/providers/Microsoft.KeyVault/vaults/{namespace or 'bank'}",
            "value": PRINTED,
        },
    }
    return stores.get(kind)


def manifest(api_version: str, kind: str, name: str, namespace: str | None = None) -> JSON:
    """The `manifest` of a kubernetes_manifest."""
    where = {"namespace": namespace} if namespace else {}
    labels = {"labels": {"owner": PRINTED}, "annotations": {"note": PRINTED}}
    return {
        "apiVersion": api_version,
        "kind": kind,
        "metadata": {"name": name, **where, **labels},
        "data": {"name": PRINTED, "metadata": {"name": PRINTED}},
        "spec": {"name": PRINTED, "namespace": PRINTED},
    }


def _named(address: str) -> tuple[str, str]:
    """Its type, and a name made of its name and its key."""
    bare, _, key = address.partition("[")
    kind, _, name = bare.rpartition(".")
    label = "-".join(part for part in (name, key.rstrip("]").strip('"')) if part)
    return kind.rpartition(".")[2], label.replace("_", "-")
