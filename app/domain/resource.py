"""What Terraform says of single resources: what a plan would do to each, what an apply did, how two plans compare. Names only."""

from dataclasses import dataclass
from enum import StrEnum

_WORDS = {
    ("create",): "create",
    ("update",): "update",
    ("delete",): "delete",
    ("delete", "create"): "replace",
    ("create", "delete"): "replace",
    ("read",): "read",
    ("forget",): "forget",
    ("create", "forget"): "create and forget",
    (): "unknown",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedObject:
    """An object outside of Terraform by its names; never what it holds.

    `system`: kubernetes · helm (a release, whose `group` is its chart) · aws-iam · where secrets and settings are kept: aws-ssm,
    aws-secrets-manager, vault, gcp-secret-manager, azure-key-vault. `group` is Kubernetes' API group, empty for the core one.
    `namespace`: of a store the mount, project or vault that it is in. None is what there is not, or what `untold` says why it is
    not known. `perhaps`: kinds of objects that it may bring beside itself (a chart its CRDs), which nobody tells.
    """

    system: str
    kind: str | None
    name: str | None
    group: str | None = ""
    namespace: str | None = None
    untold: tuple[tuple[str, str], ...] = ()
    perhaps: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Held:
    """A resource of a workspace that a plan leaves as it is, and the object that it stands for."""

    address: str
    type: str
    object: NamedObject


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceChange:
    """`actions` and `reason` are Terraform's own words. `attributes` are the names of what changes; `redacted` those of which it
    is not told whether they do. `deposed`: the key of an object left behind by a replacement. `object`: what it makes, of what is
    destroyed what it was, None where its type makes none that we know; `object_before`: another one that it made until then."""

    address: str
    actions: tuple[str, ...]
    mode: str = "managed"
    type: str = ""
    name: str = ""
    module: str = ""
    provider: str = ""
    previous_address: str | None = None
    reason: str = ""
    importing: bool = False
    deposed: str = ""
    attributes: tuple[str, ...] = ()
    redacted: tuple[str, ...] = ()
    object: NamedObject | None = None
    object_before: NamedObject | None = None

    @property
    def action(self) -> str:
        """One word for its actions; what is only imported or moved is called so."""
        if self.actions == ("no-op",):
            return "import" if self.importing else "move" if self.previous_address else "no-op"
        return _WORDS.get(self.actions) or " and ".join(self.actions)

    @property
    def local(self) -> str:
        """Its address within its module."""
        return self.address.removeprefix(f"{self.module}.") if self.module else self.address


@dataclass(frozen=True, slots=True)
class ModuleCall:
    """A call of a module in the configuration; source and version as written there, empty where they are not."""

    address: str
    source: str = ""
    version: str = ""


@dataclass(frozen=True, slots=True)
class ProviderUse:
    """A provider in the configuration; `version` is the constraint written there."""

    name: str
    version: str = ""
    module: str = ""


@dataclass(frozen=True, slots=True)
class AppliedResource:
    """`result`: complete · errored · started (the log says no more)."""

    address: str
    action: str
    result: str


class Compared(StrEnum):
    SAME = "same"
    DIFFERENT = "different"
    NEVER_PLANNED = "never planned"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Difference:
    """What the reviewed and the applied plan say of one resource; None where one says nothing of it."""

    address: str
    reviewed: str | None
    applied: str | None


@dataclass(frozen=True, slots=True)
class Reviewed:
    """A run beside the speculative plan of the pull request's head in the same workspace: both are run ids."""

    run: str
    workspace: str
    plan: str | None
    outcome: Compared
    because: str
    differences: tuple[Difference, ...] = ()
