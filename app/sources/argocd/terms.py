"""Argo CD's own words, and what they mean in the house's.

Names and values: https://argo-cd.readthedocs.io/en/stable/user-guide/ and the project's published Application schema.
"""

from enum import StrEnum

from app.domain.event import Step

KIND = "argocd"


class Kind(StrEnum):
    """What sort of operation it was."""

    AUTOMATED = "automated"
    SELF_HEAL = "self-heal"
    MANUAL = "manual"
    SELECTIVE = "selective"
    PRUNE = "prune"
    ROLLBACK = "rollback"
    LOCAL = "local"
    DRY_RUN = "dry-run"
    APPLICATIONSET = "applicationset"
    INJECTED = "injected"
    UNKNOWN = "unknown"  # only the history tells of it, and names nobody: servers before 2.11 name none there


RUNNING = "Running"
SUCCEEDED = "Succeeded"
FAILED = "Failed"
UNSEEN = "Unseen"  # ours: the next operation replaced the record before its end was read
PHASES = frozenset({RUNNING, "Terminating", SUCCEEDED, FAILED, "Error"})
OVER = frozenset({SUCCEEDED, FAILED, "Error"})

SYNCED, OUT_OF_SYNC, INCOMPARABLE = "Synced", "OutOfSync", "Unknown"
SYNC_STATUSES = frozenset({SYNCED, OUT_OF_SYNC, INCOMPARABLE})
UNCOMPARED = frozenset({"ComparisonError", "InvalidSpecError", "UnknownError"})  # conditions under which nothing was compared
HEALTHS = frozenset({"Healthy", "Suspended", "Progressing", "Missing", "Degraded", "Unknown"})

REASONS = frozenset(
    {
        "StatusRefreshed",
        "ResourceCreated",
        "ResourceUpdated",
        "ResourceDeleted",
        "ResourceActionRan",
        "OperationStarted",
        "OperationCompleted",
    }
)

ROLLING_SYNC = "applicationset-controller"  # the name that an ApplicationSet's rolling sync gives as its initiator

# Only allow-listed fields leave the list endpoint; the rest is dropped without a word. `items.spec.project` and
# `items.status.sync.revision` come from 3.5 on, `items.status.sourceHydrator` from 3.2 on.
LIST_FIELDS = ",".join(
    [
        "metadata.resourceVersion",
        "items.metadata.name",
        "items.metadata.namespace",
        "items.metadata.creationTimestamp",
        "items.metadata.deletionTimestamp",
        "items.spec.project",
        "items.operation.sync",
        "items.status.sync.status",
        "items.status.sync.revision",
        "items.status.health",
        "items.status.summary",
        "items.status.sourceHydrator",
        "items.status.operationState.phase",
        "items.status.operationState.startedAt",
        "items.status.operationState.finishedAt",
    ]
)
PROJECT_FIELDS = "items.metadata.name,items.metadata.namespace,items.spec"  # how servers before 3.5 tell the project
SECRETS_FIELDS = ",".join(f"items.{name}" for name in ("group", "kind", "namespace", "name", "targetState", "liveState"))

# What may be asked, and with which parameters. `refresh` is in neither: it would write to the Application.
NAME = r"[A-Za-z0-9._%~-]+"
PATHS = (
    r"/api/version",
    r"/api/v1/session/userinfo",
    r"/api/v1/account/can-i/applications/[a-z]+/\*/\*",
    r"/api/v1/projects",
    r"/api/v1/clusters",
    r"/api/v1/applicationsets",
    rf"/api/v1/applicationsets/{NAME}",
    rf"/api/v1/applicationsets/{NAME}/events",
    r"/api/v1/applications",
    rf"/api/v1/applications/{NAME}",
    rf"/api/v1/applications/{NAME}/events",
    rf"/api/v1/applications/{NAME}/managed-resources",
    rf"/api/v1/applications/{NAME}/revisions/[0-9a-f]{{40,64}}/metadata",
    rf"/api/v1/applications/{NAME}/revisions/{NAME}/(?:chartdetails|ocimetadata)",
)
STREAM_PATH = "/api/v1/stream/applications"  # held open, not polled
PARAMETERS = frozenset({"fields", "projects", "project", "appNamespace", "appsetNamespace", "sourceIndex", "versionId"})
WRITES = ("sync", "update", "delete", "override", "action", "create")

SUCCESS_STEP = {
    Kind.SELF_HEAL: Step.HEALED,
    Kind.ROLLBACK: Step.REVERTED,
    Kind.DRY_RUN: Step.NOTED,
}


def step_of(kind: str, phase: str) -> Step:
    """The house word for an operation's phase."""
    if phase == RUNNING:
        return Step.REQUESTED
    if phase == SUCCEEDED:
        return SUCCESS_STEP.get(Kind(kind), Step.SYNCED)
    return Step.STOPPED if phase in OVER else Step.NOTED
