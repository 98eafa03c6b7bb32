"""The shapes of what plans tell, resource by resource, and of the order across Terraform and Argo CD."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from app.web.schema_git import Shape


class Module(Shape):
    address: str
    source: str | None
    version: str | None = Field(description="as the configuration writes it")


class Provider(Shape):
    name: str
    version: str | None = Field(description="the constraint that the configuration writes")
    module: str | None


class Plan(Shape):
    run: str
    proposed: bool = Field(description="a plan that can never be applied")
    acted: bool
    resources: int | None = Field(description="how many resources it names; null when its resources are not known")
    drift: int | None
    because: str | None = Field(description="why they are not known")
    unchanged: int | None
    modules: list[Module] | None = Field(description="null when the plan does not tell them")
    providers: list[Provider] | None
    applied: int | None = Field(description="how many acts the apply's log names; null when only counts are known")
    applied_because: str | None


class ObjectOf(Shape):
    """An object by its names; what it holds is never kept."""

    system: str = Field(description="kubernetes, helm, aws-iam, or the store of secrets or settings it is in")
    group: str | None = Field(description="the API group, empty for the core one; of a Helm release its chart")
    kind: str | None
    namespace: str | None = Field(description="of a store the mount, project or vault")
    name: str | None
    untold: dict[str, str] = Field(description="why a part is not known")
    perhaps: list[str] = Field(description="kinds of objects that it may bring beside itself")


class HeldOf(Shape):
    run: str
    address: str
    type: str | None
    object: ObjectOf


class ResourceOf(Shape):
    run: str
    address: str
    previous_address: str | None
    module: str | None
    mode: str
    type: str | None
    name: str | None
    provider: str | None
    action: str
    actions: list[str] = Field(description="Terraform's own words")
    reason: str | None
    importing: bool
    deposed: str | None
    attributes: list[str] = Field(description="names of what changes; values are never kept")
    redacted: list[str] = Field(description="names of sensitive attributes of which it is not told whether they change")
    result: str | None = Field(description="complete, errored or started, from the apply's log; null when it does not tell")
    object: ObjectOf | None = Field(description="which object it makes, or made; null when it makes none that is known")
    object_before: ObjectOf | None = Field(description="another object that it made until then")


class DifferenceOf(Shape):
    address: str
    reviewed: str | None
    applied: str | None


class ReviewedOf(Shape):
    run: str
    workspace: str
    plan: str | None = Field(description="the run whose plan was reviewed")
    outcome: Literal["same", "different", "never planned", "unknown"]
    because: str
    differences: list[DifferenceOf]


class WantedOf(Shape):
    kind: str = Field(description="in lower case")
    namespace: str | None
    name: str = Field(description="of a CRD `*.<group>`: who misses one names its kind")
    is_: str = Field(alias="is")


class NeedOf(Shape):
    """An object that a sync missed, or that an application is to be deployed into, and a run that makes or destroyed it."""

    object: WantedOf
    wants: Literal["missing", "destination"]
    application: str
    wanted_by: str = Field(description="the key of the sync or of the application")
    at: datetime | None = Field(description="when it was first missed; null: not yet")
    run: str
    workspace: str
    address: str
    does: Literal["makes", "perhaps makes", "destroys"]
    stands: Literal["planned", "confirmed", "applying", "applied", "failed"]
    applied_at: datetime | None
    came: str = Field(description="which was first")
    seconds: int | None = Field(description="from the sync's failure to the apply; negative where the apply came first")
    strength: Literal["derived", "assumed"]
    says: str
    because: str


class ExternalOf(Shape):
    kind: str
    name: str
    ready: bool | None = Field(description="when it was last looked at")


class AwaitOf(Shape):
    """A path of a secret store that an ExternalSecret asks for, and the run that writes it; null where nobody we watch does."""

    object: WantedOf
    wants: Literal["secret"]
    application: str
    external: ExternalOf | None = Field(description="that asks; null: it was not read")
    wanted_by: str | None = Field(description="the key of the sync that waits; null: told of the ExternalSecret alone")
    at: datetime | None = Field(description="when that sync began")
    source: str | None
    run: str | None
    workspace: str | None
    address: str | None
    does: Literal["makes", "destroys"] | None
    stands: Literal["planned", "confirmed", "applying", "applied", "failed"] | None
    applied_at: datetime | None
    came: str = Field(description="which was first")
    seconds: int | None = Field(description="from the sync's beginning to the apply; negative where the apply came first")
    strength: Literal["declared", "inferred", "unknown"]
    says: str
    because: str


class LateOf(Shape):
    """An object that a sync applies in a later phase or wave than what needs it."""

    operation: str
    application: str
    object: str
    namespace: str | None
    place: str
    before: list[str] = Field(description="what is applied before it; empty where its wave is not known")
    because: str
