"""What a sync deployed: each source of an application, and what stands behind it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Dry:
    """Where hydrated manifests came from. `revision` None: which commit is not known, `because`.

    `known_by`: pair (the hydrator's own record of it was read) or reference (the hydrated commit names it). `hydrate_to`: the
    branch it was pushed to, where a pull request promotes it from there; `pairs`: (hydrated, dry) commits that such a one may hold.
    """

    repository: str | None
    path: str
    revision: str | None
    previous_revision: str | None
    target_revision: str | None = None
    known_by: str = ""
    because: str = ""
    hydrate_to: str | None = None
    pairs: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Artifact:
    """What its registry says of a chart or an OCI artifact. `repository`, `commit`: what its maker says it was made from.

    `because`: why nothing is told of it; empty where it is.
    """

    description: str = ""
    home: str | None = None
    people: tuple[str, ...] = ()  # maintainers or authors, as it names them
    created_at: str | None = None
    version: str | None = None
    repository: str | None = None
    commit: str | None = None
    because: str = ""


@dataclass(frozen=True, slots=True)
class Deployed:
    """One source of an application in one operation: what it was at before, and what it was brought to."""

    repository: str | None
    path: str
    revision: str | None
    previous_revision: str | None
    target_revision: str | None = None
    chart: str = ""
    registry: str = ""  # where a chart or an OCI artifact comes from
    ref: str = ""  # by which other sources name its files: it deploys nothing itself
    artifact: Artifact | None = None
    dry: Dry | None = None  # of rendered manifests: what they were rendered from
