"""Whose an object of a cluster is: managed by Terraform and by Argo CD at once, or by the layer it does not belong to."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Finding(StrEnum):
    TWICE = "owned twice"
    TERRAFORM = "application layer made by Terraform"
    ARGOCD = "infrastructure through Argo CD"


WORKLOADS = (
    *("configmap", "cronjob", "daemonset", "deployment", "horizontalpodautoscaler", "ingress", "job", "pod", "poddisruptionbudget"),
    *("service", "statefulset"),
)
"""Kinds of the application layer, in lower case: what Argo CD deploys, where it deploys."""

CLOUD = r"(^|\.)(upbound\.io|crossplane\.io|services\.k8s\.aws|cnrm\.cloud\.google\.com|azure\.com)$"
"""API groups whose objects are cloud resources: Crossplane's providers, AWS Controllers for Kubernetes, Google's Config Connector,
Azure Service Operator. https://docs.crossplane.io · https://aws-controllers-k8s.github.io/docs · https://cloud.google.com/config-connector"""

CONTROL = ("apiextensions.crossplane.io", "pkg.crossplane.io")  # how Crossplane itself is set up: no cloud resource


@dataclass(frozen=True, slots=True, kw_only=True)
class ByTerraform:
    """The workspace's newest word on it: the run that made it or left it as it was, and when."""

    source: str
    workspace: str
    address: str
    run: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ByArgoCD:
    source: str
    application: str
    project: str
    destination: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Owned:
    """One object and both sides, None where there is only one. `beside`: applications that deploy into its namespace."""

    finding: Finding
    group: str
    kind: str
    namespace: str
    name: str
    environment: str | None
    terraform: ByTerraform | None
    argocd: ByArgoCD | None
    beside: str = ""

    @property
    def assumed(self) -> bool:
        """No environment is set for one of the two, so that they may be of different clusters."""
        return self.finding is not Finding.ARGOCD and self.environment is None

    @property
    def because(self) -> str:
        if self.finding is Finding.ARGOCD:
            return f"objects of {self.group} are cloud resources: no plan shows them and no Terraform policy judges them"
        if self.finding is Finding.TWICE:
            return "both declare it, so each may undo what the other did" + self._assumed
        return f"Argo CD deploys into its namespace ({self.beside}), and Git does not show that this runs there too" + self._assumed

    @property
    def _assumed(self) -> str:
        return "; that both are of one cluster is assumed, no environment is set for one of them" if self.assumed else ""
