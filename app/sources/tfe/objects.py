"""Which object a Terraform resource makes, from the few attributes of its type that are names. Never a value.

`FORMS` says for each type where its names stand; nothing that stands elsewhere is looked at. Types and their attributes:
https://registry.terraform.io/providers/hashicorp/kubernetes/latest/docs (metadata, manifest), …/gavinbunney/kubectl/latest/docs
(api_version, kind, name and namespace, which it computes from a yaml_body that is never read), and the pages of helm, aws, vault,
google and azurerm.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from app.canonical import JSON
from app.domain.secret import without_secrets

KUBERNETES = "kubernetes"
UNTIL_APPLY, SENSITIVE, NOT_TOLD, NO_NAME = "unknown until apply", "sensitive", "the plan does not tell it", "it is no name"


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """Where a type's names stand: dotted paths, a list's index left out. `kind` and `group` are the type's own, unless there are
    paths for them. `within` takes a name out of a longer id; its groups are `name` and perhaps `namespace`."""

    system: str
    name: str
    kind: str = ""
    group: str = ""
    namespace: str = ""
    kind_at: str = ""
    api_version_at: str = ""  # `apps/v1`: the group is what stands before the slash
    group_at: str = ""
    within: str = ""
    perhaps: tuple[str, ...] = ()  # kinds of objects that it may bring beside, nobody says which
    perhaps_at: tuple[tuple[str, str], ...] = ()  # (path of a flag, kind): the same where the flag is true


def _kubernetes(group: str, **kinds: str) -> dict[str, Form]:
    """Types of the kubernetes provider without their version, by the kind they make."""
    return {
        f"kubernetes_{name}": Form(system=KUBERNETES, group=group, kind=kind, name="metadata.name", namespace="metadata.namespace")
        for name, kind in kinds.items()
    }


_CORE = {
    "namespace": "Namespace",
    "secret": "Secret",
    "config_map": "ConfigMap",
    "service": "Service",
    "service_account": "ServiceAccount",
    "persistent_volume": "PersistentVolume",
    "persistent_volume_claim": "PersistentVolumeClaim",
    "pod": "Pod",
    "resource_quota": "ResourceQuota",
    "limit_range": "LimitRange",
}
_APPS = {"deployment": "Deployment", "stateful_set": "StatefulSet", "daemonset": "DaemonSet", "daemon_set": "DaemonSet"}
_RBAC = {
    "role": "Role",
    "role_binding": "RoleBinding",
    "cluster_role": "ClusterRole",
    "cluster_role_binding": "ClusterRoleBinding",
}
_VAULT = r"^/*(?P<name>.+?)/*$"
_ARN = r"^(?:arn:[\w-]+:secretsmanager:[\w-]*:\d*:secret:(?P<name>.+)-[A-Za-z0-9]{6})$"
_GOOGLE = r"^projects/(?P<namespace>[^/]+)/secrets/(?P<name>[^/]+)$"

FORMS: dict[str, Form] = {
    **_kubernetes("", **_CORE),
    **_kubernetes("apps", **_APPS),
    **_kubernetes("batch", job="Job", cron_job="CronJob"),
    **_kubernetes("networking.k8s.io", ingress="Ingress", network_policy="NetworkPolicy", ingress_class="IngressClass"),
    **_kubernetes("rbac.authorization.k8s.io", **_RBAC),
    **_kubernetes("storage.k8s.io", storage_class="StorageClass"),
    **_kubernetes("autoscaling", horizontal_pod_autoscaler="HorizontalPodAutoscaler"),
    **_kubernetes("policy", pod_disruption_budget="PodDisruptionBudget"),
    **_kubernetes("scheduling.k8s.io", priority_class="PriorityClass"),
    "kubernetes_manifest": Form(
        system=KUBERNETES,
        name="manifest.metadata.name",
        namespace="manifest.metadata.namespace",
        kind_at="manifest.kind",
        api_version_at="manifest.apiVersion",
    ),
    "kubectl_manifest": Form(system=KUBERNETES, name="name", namespace="namespace", kind_at="kind", api_version_at="api_version"),
    "helm_release": Form(
        system="helm",
        kind="Release",
        name="name",
        namespace="namespace",
        group_at="chart",
        perhaps=("CustomResourceDefinition",),
        perhaps_at=(("create_namespace", "Namespace"),),
    ),
    "aws_ssm_parameter": Form(system="aws-ssm", kind="Parameter", name="name"),
    "aws_secretsmanager_secret": Form(system="aws-secrets-manager", kind="Secret", name="name"),
    "aws_secretsmanager_secret_version": Form(system="aws-secrets-manager", kind="Secret", name="secret_id", within=_ARN),
    "aws_iam_role": Form(system="aws-iam", kind="Role", name="name"),
    "vault_generic_secret": Form(system="vault", kind="Secret", name="path", within=_VAULT),
    "vault_kv_secret": Form(system="vault", kind="Secret", name="path", within=_VAULT),
    "vault_kv_secret_v2": Form(system="vault", kind="Secret", name="name", namespace="mount"),
    "google_secret_manager_secret": Form(system="gcp-secret-manager", kind="Secret", name="secret_id", namespace="project"),
    "google_secret_manager_secret_version": Form(system="gcp-secret-manager", kind="Secret", name="secret", within=_GOOGLE),
    "azurerm_key_vault_secret": Form(system="azure-key-vault", kind="Secret", name="name", namespace="key_vault_id"),
}
_VERSION = re.compile(r"_v\d+(?:(?:alpha|beta)\d+)?$")
_LAST = frozenset({"key_vault_id", "chart"})  # an id, a path or an address: its last part is the name
_NAME = re.compile(r"[\w./@:+=-]{1,300}", re.ASCII)


def _paths(form: Form) -> set[str]:
    named = {form.name, form.namespace, form.kind_at, form.api_version_at, form.group_at}
    return (named | {path for path, _ in form.perhaps_at}) - {""}


PATHS = frozenset(path for form in FORMS.values() for path in _paths(form))
HEADS = frozenset(path.partition(".")[0] for path in PATHS)  # the attributes that are looked into while a resource is read


def object_of(type_: str, told: Mapping[str, str], unknown: set[str], sensitive: set[str]) -> dict[str, JSON] | None:
    """The fact `object` of a resource of this type, None where it makes none that we know. `told` holds the texts at `PATHS`;
    `unknown` and `sensitive` the paths, or what stands above them, that are marked so ("" is all of it)."""
    form = _form(type_)
    if form is None:
        return None
    out: dict[str, JSON] = {"system": form.system, "group": form.group, "kind": form.kind, "namespace": None, "name": None}
    untold: dict[str, JSON] = {}
    wanted = {"kind": form.kind_at, "group": form.group_at or form.api_version_at, "namespace": form.namespace, "name": form.name}
    for part, path in wanted.items():
        if not path:
            continue
        text = told.get(path)
        if _marked(path, sensitive):
            text, untold[part] = None, SENSITIVE
        elif _marked(path, unknown):
            text, untold[part] = None, UNTIL_APPLY
        elif text and (_NAME.fullmatch(text) is None or without_secrets(text) != text):
            text, untold[part] = None, NO_NAME
        elif not text and part in ("kind", "name"):
            untold[part] = NOT_TOLD
        out[part] = _part(part, path, text, form)
    _taken(form, out, untold)
    perhaps: list[JSON] = [*form.perhaps, *(kind for path, kind in form.perhaps_at if told.get(path) == "true")]
    return out | ({"untold": untold} if untold else {}) | ({"perhaps": perhaps} if perhaps else {})


def _form(type_: str) -> Form | None:
    found = FORMS.get(type_)
    return found or (FORMS.get(_VERSION.sub("", type_)) if type_.startswith("kubernetes_") else None)


def _part(part: str, path: str, text: str | None, form: Form) -> str | None:
    if not text:
        return None
    if part == "group" and form.api_version_at:
        return text.rpartition("/")[0]
    return text.rstrip("/").rpartition("/")[2] if path in _LAST else text


def _taken(form: Form, out: dict[str, JSON], untold: dict[str, JSON]) -> None:
    """The name out of a longer id; an id of another form is not told."""
    if not form.within or not isinstance(out["name"], str):
        return
    found = re.match(form.within, out["name"])
    if found is None:
        out["name"], untold["name"] = None, NO_NAME
    else:
        out |= found.groupdict()


def _marked(path: str, marks: set[str]) -> bool:
    return any(mark == "" or path == mark or path.startswith(mark + ".") or mark.startswith(path + ".") for mark in marks)
