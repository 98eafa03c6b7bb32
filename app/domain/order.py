"""What comes before what, across Terraform and Argo CD: an object that a sync needs, and the run that makes it or takes it away."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

CLUSTER_WIDE = frozenset(
    (
        *("namespace", "clusterrole", "clusterrolebinding", "customresourcedefinition", "storageclass", "persistentvolume"),
        *("priorityclass", "ingressclass"),
    )
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """An object of a cluster as somebody names it: `kind` in lower case and singular. Of a CRD the name is `*.<group>`, since who
    misses one names the kind and not the CRD; `defines` is that kind."""

    kind: str
    namespace: str
    name: str
    defines: str = ""

    @property
    def says(self) -> str:
        """`namespace settlements`, `secret db in payments`, `the CRD of ExternalSecret (external-secrets.io)`."""
        if self.kind == "customresourcedefinition":
            of = self.name.removeprefix("*.")
            return f"the CRD of {self.defines} ({of})" if self.defines else f"a CRD of {of}"
        return f"{self.kind} {self.name}" + (f" in {self.namespace}" if self.namespace else "")


@dataclass(frozen=True, slots=True)
class Lack:
    """An object that a sync found missing, in Argo CD's cause and words; `first_at` and `last_at` are attempts that ended so."""

    object: Wanted
    cause: str
    words: str
    first_at: datetime
    last_at: datetime


class Wants(StrEnum):
    MISSING = "missing"  # a sync failed for want of it
    DESTINATION = "destination"  # an application is to be deployed into it


class Does(StrEnum):
    MAKES = "makes"
    PERHAPS = "perhaps makes"  # a chart may bring it
    DESTROYS = "destroys"


class Stands(StrEnum):
    """How far the run is that makes it, or takes it away."""

    PLANNED = "planned"  # and waits for somebody
    CONFIRMED = "confirmed"
    APPLYING = "applying"
    APPLIED = "applied"
    FAILED = "failed"  # while it was applied; whether the object was made by then is not told


class Came(StrEnum):
    """Which was first: the sync or the run."""

    SYNC_FIRST = "the sync came first"
    DURING = "the sync came while it was applied"
    RUN_FIRST = "the run came first"
    OPEN = "neither has come yet"


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """`wanted_by` and `run_key` are entity keys. `seconds`: from the sync's failure to the apply, negative where the apply came
    first; None while it is not applied. `says` tells the order in one sentence, `because` why both are taken to be one object."""

    object: Wanted
    wants: Wants
    wanted_by: str
    application: str
    at: datetime | None  # when it was first missed; None: it was not yet
    run_key: str
    run: str
    workspace: str
    address: str
    does: Does
    stands: Stands
    run_at: datetime | None  # when it was applied
    came: Came
    seconds: int | None
    strength: str
    says: str
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Late:
    """An object that one sync applies after what needs it. `place` and `before` tell phases and waves; `before` is empty where its
    own wave is not known, so that nobody can say."""

    operation: str  # an entity's key
    application: str
    object: str  # kind/name
    namespace: str
    place: str
    before: tuple[str, ...]
    because: str
