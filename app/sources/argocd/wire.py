"""Argo CD's answers as they come: only what we read, every field allowed to be absent or null.

Shapes: the Application resource and the Kubernetes core Event, JSON names. Whatever cannot be read as such raises
NotUnderstood for that one object; the rest of an answer goes on.
"""

from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

import msgspec

from app.errors import NotUnderstood

Whole = Annotated[int, msgspec.Meta(ge=0, le=2**53 - 1)]


class Wire(msgspec.Struct, rename="camel"):
    """Anything Argo CD sends. Unknown fields are ignored."""


class Owner(Wire):
    """The Kubernetes object that made this one, and with which it goes."""

    kind: str | None = None
    name: str | None = None


class Metadata(Wire):
    name: str
    namespace: str | None = None
    uid: str | None = None
    resource_version: str | None = None
    generation: Whole | None = None
    creation_timestamp: str | None = None
    deletion_timestamp: str | None = None
    annotations: dict[str, str] | None = None
    owner_references: list[Owner] | None = None


class Helm(Wire):
    value_files: list[str] | None = None


class Source(Wire):
    repo_url: str | None = msgspec.field(default=None, name="repoURL")
    path: str | None = None
    target_revision: str | None = None
    chart: str | None = None
    ref: str | None = None
    helm: Helm | None = None


class Destination(Wire):
    server: str | None = None
    namespace: str | None = None
    name: str | None = None


class Automated(Wire):
    prune: bool | None = None
    self_heal: bool | None = None
    enabled: bool | None = None


class SyncPolicy(Wire):
    automated: Automated | None = None


class DrySource(Wire):
    repo_url: str | None = msgspec.field(default=None, name="repoURL")
    target_revision: str | None = None
    path: str | None = None


class SyncSource(Wire):
    target_branch: str | None = None
    path: str | None = None
    repo_url: str | None = msgspec.field(default=None, name="repoURL")


class Hydrator(Wire):
    """Dry manifests in one place, rendered ones in another: https://argo-cd.readthedocs.io/en/stable/user-guide/source-hydrator/."""

    dry_source: DrySource | None = None
    sync_source: SyncSource | None = None
    hydrate_to: SyncSource | None = None


class Spec(Wire):
    source: Source | None = None
    sources: list[Source] | None = None
    source_hydrator: Hydrator | None = None
    destination: Destination | None = None
    project: str | None = None
    sync_policy: SyncPolicy | None = None
    revision_history_limit: int | None = None


class InitiatedBy(Wire):
    username: str | None = None
    automated: bool | None = None


class Strategy(Wire):
    apply: dict[str, Any] | None = None
    hook: dict[str, Any] | None = None


class Health(Wire):
    status: str | None = None
    last_transition_time: str | None = None


class Item(Wire):
    """A resource, as an operation names, touches or compares it."""

    kind: str | None = None
    name: str | None = None
    namespace: str | None = None
    group: str | None = None
    status: str | None = None
    message: str | None = None
    hook: bool | None = None
    requires_pruning: bool | None = None
    health: Health | None = None
    hook_type: str | None = None
    hook_phase: str | None = None
    sync_phase: str | None = None
    sync_wave: int | None = None
    images: list[str] | None = None


class Sync(Wire):
    revision: str | None = None
    revisions: list[str] | None = None
    dry_run: bool | None = None
    prune: bool | None = None
    sync_options: list[str] | None = None
    sync_strategy: Strategy | None = None
    resources: list[Item] | None = None
    manifests: list[Any] | None = None
    source: Source | None = None
    sources: list[Source] | None = None
    auto_heal_attempts_count: Whole | None = None


class Info(Wire):
    name: str | None = None
    value: str | None = None


class Operation(Wire):
    sync: Sync | None = None
    initiated_by: InitiatedBy | None = None
    info: list[Info] | None = None


class SyncResult(Wire):
    revision: str | None = None
    revisions: list[str] | None = None
    source: Source | None = None
    sources: list[Source] | None = None
    resources: list[Item] | None = None


class OperationState(Wire):
    operation: Operation | None = None
    phase: str | None = None
    message: str | None = None
    started_at: str | None = None
    finished_at: str | None = None
    retry_count: Whole | None = None
    sync_result: SyncResult | None = None


class History(Wire):
    id: Whole
    revision: str | None = None
    revisions: list[str] | None = None
    source: Source | None = None
    sources: list[Source] | None = None
    deploy_started_at: str | None = None
    deployed_at: str | None = None
    initiated_by: InitiatedBy | None = None


class ComparedTo(Wire):
    source: Source | None = None
    sources: list[Source] | None = None


class SyncStatus(Wire):
    status: str | None = None
    revision: str | None = None
    revisions: list[str] | None = None
    compared_to: ComparedTo | None = None


class Condition(Wire):
    type: str | None = None
    message: str | None = None
    last_transition_time: str | None = None


class Hydrated(Wire):
    """An operation of the hydrator: the dry commit, and the commit it was rendered into."""

    dry_sha: str | None = msgspec.field(default=None, name="drySHA")
    hydrated_sha: str | None = msgspec.field(default=None, name="hydratedSHA")
    phase: str | None = None
    message: str | None = None
    started_at: str | None = None
    finished_at: str | None = None
    source_hydrator: Hydrator | None = None


class Hydration(Wire):
    last_successful_operation: Hydrated | None = None
    current_operation: Hydrated | None = None
    last_compared_dry_revision: str | None = None


class Summary(Wire):
    images: list[str] | None = None


class Status(Wire):
    sync: SyncStatus | None = None
    health: Health | None = None
    history: list[History] | None = None
    operation_state: OperationState | None = None
    resources: list[Item] | None = None
    conditions: list[Condition] | None = None
    reconciled_at: str | None = None
    summary: Summary | None = None
    source_hydrator: Hydration | None = None


class Application(Wire):
    metadata: Metadata
    spec: Spec | None = None
    operation: Operation | None = None
    status: Status | None = None


class Involved(Wire):
    uid: str | None = None


class Component(Wire):
    component: str | None = None


class KubernetesEvent(Wire):
    metadata: Metadata
    reason: str | None = None
    message: str | None = None
    source: Component | None = None
    first_timestamp: str | None = None
    last_timestamp: str | None = None
    event_time: str | None = None
    involved_object: Involved | None = None


class Referred(Wire):
    """A commit that a commit names by its `Argocd-reference-commit-*` trailers; nothing of it is vouched for."""

    author: str | None = None
    date: str | None = None
    subject: str | None = None
    sha: str | None = None
    repo_url: str | None = msgspec.field(default=None, name="repoUrl")


class Reference(Wire):
    commit: Referred | None = None


class RevisionMetadata(Wire):
    author: str | None = None
    date: str | None = None
    message: str | None = None
    references: list[Reference] | None = None


T = TypeVar("T")


def read(body: Any, shape: type[T], what: str) -> T:
    """`body` (decoded JSON) as `shape`. Raises NotUnderstood naming `what` and the field that does not fit."""
    try:
        return msgspec.convert(body, shape, strict=False)
    except (msgspec.ValidationError, RecursionError) as error:
        raise NotUnderstood(
            f"{what}: {error}", "the shape Argo CD documents", "check its version against docs/sources.md"
        ) from error


def revision(body: Any, sha: str) -> RevisionMetadata:
    """Raises NotUnderstood also for an answer that tells nothing of the commit."""
    found = read(body, RevisionMetadata, f"commit {sha}")
    if not (found.author or found.date or found.message):
        raise NotUnderstood(f"commit {sha} has neither author nor date nor message", "what git knows of it")
    return found


def items_of(body: Any, what: str) -> list[Any]:
    """`items` of a list answer; null is empty. Raises NotUnderstood when the answer is no list: each has metadata or items."""
    if not isinstance(body, Mapping) or not body.keys() & {"items", "metadata"}:
        said = "an object without items" if isinstance(body, Mapping) else type(body).__name__
        raise NotUnderstood(f"{what} is {said}", "an object with items", "check the url and any proxy between")
    items = body.get("items")
    if items is None:
        return []
    if not isinstance(items, list):
        raise NotUnderstood(f"{what} holds {type(items).__name__} as items", "a list", "check the url and any proxy between")
    return items
