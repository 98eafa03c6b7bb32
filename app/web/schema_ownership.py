"""The shapes of `/api/v1/ownership`."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from app.web.schema_git import Shape


class OwnedObject(Shape):
    group: str = Field(description="the API group, empty for the core one")
    kind: str
    namespace: str | None
    name: str


class TerraformSide(Shape):
    source: str
    workspace: str
    address: str
    run: str = Field(description="the workspace's newest word on it: it made it, or left it as it was")
    at: datetime


class ArgoSide(Shape):
    source: str
    application: str
    project: str | None
    destination: str | None


class OwnedOf(Shape):
    finding: Literal["owned twice", "application layer made by Terraform", "infrastructure through Argo CD"]
    object: OwnedObject
    environment: str | None = Field(description="that both sides are of; null where it is not set for one of them")
    terraform: TerraformSide | None
    argocd: ArgoSide | None
    beside: str | None = Field(description="applications that deploy into its namespace")
    strength: Literal["derived", "assumed"]
    because: str


class OwnershipList(Shape):
    items: list[OwnedOf]
    next: str | None = Field(description="always null: they are all here")
    sentence: str
