"""Names, times and keys out of Argo CD's spellings."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import unquote, urlsplit

from app.canonical import plain
from app.domain.moment import moment_of
from app.sources.argocd import wire

SHA = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
SCP = re.compile(r"(?:[^@/\s]+@)?([^:/\s]+):(?!//)(.+)")  # git@host:owner/name.git


def instant(text: str | None) -> datetime | None:
    """RFC 3339 as aware UTC; None when there is none, or when it is no time."""
    return moment_of(text)


def stamp(at: datetime) -> str:
    """`2026-11-24T02:25:09Z`, with microseconds only where there are any."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def askable(name: str) -> bool:
    """Whether it may stand in a path. Kubernetes' own rule is narrower: at most 253 of a-z, 0-9, `-` and `.`."""
    return 0 < len(name) <= 253 and name.isprintable() and "/" not in name and name.strip(".") != ""


def is_commit(revision: str | None) -> bool:
    """A full Git SHA; Helm chart versions, branches and OCI tags are not."""
    return bool(revision and SHA.fullmatch(revision))


def repository(url: str | None) -> str | None:
    """`owner/name` of a Git URL (https, ssh or scp form); None for anything that names no repository."""
    if not url or len(url) > 2000:
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    path = parts.path if parts.scheme and parts.netloc else ""
    if parts.scheme == "oci":
        return None
    if not path and (scp := SCP.fullmatch(url.strip())):
        path = scp.group(2)
    path = unquote(path).strip().strip("/").removesuffix(".git").removeprefix("scm/")
    return plain(path, 300) if "/" in path else None


def destination(spec: wire.Spec | None, clusters: Mapping[str, str] | None = None) -> str | None:
    """`cluster/namespace`: the cluster's name where it has one, or `clusters` (by address, or by Argo CD's own name) tells one;
    else the host of its server."""
    place = spec.destination if spec else None
    if place is None or not (place.name or place.server):
        return None
    known = clusters or {}
    cluster = known.get(place.name or "") or place.name or known.get((place.server or "").rstrip("/")) or place.server or ""
    if not place.name and "://" in cluster:
        cluster = cluster.split("://", 1)[1].split("/", 1)[0] or cluster
    return plain(f"{cluster}/{place.namespace or ''}", 300)


TRACKED = "argocd.argoproj.io/tracking-id"


def set_of(meta: wire.Metadata) -> str:
    """The ApplicationSet that made the application; "" where none did."""
    return next((plain(one.name, 300) for one in meta.owner_references or [] if one.kind == "ApplicationSet" and one.name), "")


def manager_of(meta: wire.Metadata) -> str:
    """The application whose manifests hold this object, as its tracking id says; "" where none does."""
    tracked = (meta.annotations or {}).get(TRACKED, "").partition(":")[0]
    return plain(tracked, 300) if tracked and tracked != meta.name else ""


def sources_of(holder: wire.Spec | wire.History | wire.SyncResult | wire.Sync | wire.ComparedTo | None) -> list[wire.Source]:
    """The sources in order: several, or one, or none. Of a hydrated application what it syncs: its rendered manifests."""
    if holder is None:
        return []
    if isinstance(holder, wire.Spec) and (rendered := hydrated_source(holder.source_hydrator)):
        return [rendered]
    if holder.sources:
        return holder.sources
    return [holder.source] if holder.source and holder.source.repo_url else []


def hydrated_source(hydrator: wire.Hydrator | None) -> wire.Source | None:
    """Where the hydrator's rendered manifests are synced from; its repository is the dry one's unless it names another."""
    dry, place = (hydrator.dry_source, hydrator.sync_source) if hydrator else (None, None)
    url = (place.repo_url if place else None) or (dry.repo_url if dry else None)
    return wire.Source(repo_url=url, path=place.path if place else None, target_revision=place.target_branch) if place else None


def revisions_of(holder: wire.SyncStatus | wire.History | wire.SyncResult | wire.Sync | None) -> list[str]:
    """The revisions in the order of the sources; empty for a local sync, which has none."""
    if holder is None:
        return []
    if holder.revisions:
        return [plain(one, 200) for one in holder.revisions]
    return [plain(holder.revision, 200)] if holder.revision else []
