"""From a Terraform resource to the workload that reads what it wrote: names and versions, never a value.

A Terraform resource writes a path of a secret store; an ExternalSecret of an application reads that path and makes a Secret;
workloads use the Secret. External Secrets Operator: https://external-secrets.io/latest/api/spec/
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class System(StrEnum):
    """Where a path stands, in the words of `domain/resource.NamedObject`; a store of any other provider is `OTHER`."""

    SSM = "aws-ssm"  # AWS Systems Manager Parameter Store
    SECRETS_MANAGER = "aws-secrets-manager"
    VAULT = "vault"
    GOOGLE = "gcp-secret-manager"
    AZURE = "azure-key-vault"
    OTHER = "other"
    UNKNOWN = "unknown"  # the store that would say it is not among what was read


CALLED = {
    System.SSM: "AWS Parameter Store",
    System.SECRETS_MANAGER: "AWS Secrets Manager",
    System.VAULT: "Vault",
    System.GOOGLE: "Google Secret Manager",
    System.AZURE: "Azure Key Vault",
    System.OTHER: "another store",
    System.UNKNOWN: "a store that was not read",
}


class Match(StrEnum):
    """Why a reader is taken to read what a writer wrote."""

    EXACT = "exact"  # both name the same path, in the same words
    DERIVED = "derived"  # the same path once both are spelled alike
    INFERRED = "inferred"  # a name alone, a prefix or a pattern says so


class Freshness(StrEnum):
    """How a reader stands to the last change of what it reads."""

    STALE = "stale"  # it should have read the change by now, and was seen not to have
    DUE = "due"  # its next refresh will read it
    FRESH = "fresh"  # it was refreshed after the change
    PINNED = "pinned"  # it asks for one version, whatever the newest is
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """A run that changed a path. `value_changed` None: the value may have changed, the plan does not tell, or the apply failed.

    The change lies between `began_at` and `at`. `gone`: from then on nobody writes the path. `held`: the run's plan left it as it
    was, and so only says that the workspace has it.
    """

    source: str
    workspace: str
    run: str
    address: str
    type: str
    system: System
    path: str
    at: datetime
    began_at: datetime | None = None
    action: str = ""
    value_changed: bool | None = True
    gone: bool = False
    held: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """A SecretStore, or a ClusterSecretStore (no namespace). `prefix` goes before every key; `place` is Google's project, or the
    name of Azure's vault."""

    kind: str
    name: str
    namespace: str = ""
    system: System = System.UNKNOWN
    provider: str = ""
    mount: str = ""  # of Vault
    prefix: str = ""
    region: str = ""
    place: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One thing that an ExternalSecret asks its store for. `how`: data · extract (a key), find (whatever fits)."""

    key: str
    how: str = "data"
    property: str = ""
    version: str = ""
    pattern: str = ""  # of find: the regular expression for names
    store_kind: str = ""
    store: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class External:
    """An ExternalSecret or ClusterExternalSecret. `interval` in seconds, 0: it never refreshes by itself; None: not known."""

    kind: str
    name: str
    namespace: str = ""
    target: str = ""
    interval: int | None = None
    refreshed_at: datetime | None = None
    synced_version: str = ""
    ready: bool | None = None
    reason: str = ""
    live: bool = True  # False: declared, and not in the cluster yet
    asks: tuple[Asked, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """`uses`: pairs of a Secret's name and how it is used (env, volume, pull, tls)."""

    kind: str
    name: str
    namespace: str = ""
    group: str = ""
    uses: tuple[tuple[str, str], ...] = ()
    restarted_at: datetime | None = None  # when somebody last asked for a restart of its pods, and they were all replaced
    rolled_at: datetime | None = None  # when its last rollout ended
    reloader: bool = False  # it asks a controller to restart it when a Secret changes


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What one application's objects said of secrets when they were last read; `at` is the comparison that they are of.

    `unread_because`: why they could not be read since `unread_since`.
    """

    source: str
    uid: str
    application: str
    at: datetime
    project: str | None = None
    destination: str | None = None
    stores: tuple[Store, ...] = ()
    externals: tuple[External, ...] = ()
    workloads: tuple[Workload, ...] = ()
    seq: int | None = None
    unread_because: str = ""
    unread_since: datetime | None = None


ORDER = ("stale", "due", "unknown", "unwritten", "unread", "pinned", "fresh")  # of states, the first leads


@dataclass(frozen=True, slots=True)
class Standing:
    """`since`: of a stale reader when the path changed; `due_at`: when its schedule reads it next, or should have."""

    state: Freshness
    because: str
    since: datetime | None = None
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Writer:
    """One Terraform resource. `changed`: the last change of the value, None where none was read; `last`: the last that was told
    of it; `gone`: the act after which it writes no more."""

    last: Write
    changed: Write | None
    gone: Write | None


@dataclass(frozen=True, slots=True)
class User:
    workload: Workload
    application: str
    ways: tuple[str, ...]
    standing: Standing


@dataclass(frozen=True, slots=True)
class Reader:
    """One ExternalSecret, by one key. `properties`: the parts of the value that it takes; empty: the whole."""

    look: Look
    external: External
    ask: Asked
    store: Store | None
    properties: tuple[str, ...]
    match: Match | None
    because: str
    standing: Standing
    users: tuple[User, ...]


@dataclass(frozen=True, slots=True)
class Path:
    """`states` in the order of `ORDER`; `gaps`: (what is missing, because)."""

    system: System
    path: str
    writers: tuple[Writer, ...]
    readers: tuple[Reader, ...]
    states: tuple[str, ...]
    gaps: tuple[tuple[str, str], ...]

    @property
    def inferred(self) -> bool:
        return any(one.match is Match.INFERRED for one in self.readers)
