"""What a token may do, as the server's own answers tell: on workspaces, on runs, in the organization. Pure.

https://developer.hashicorp.com/terraform/enterprise/users-teams-organizations/permissions
"""

from collections.abc import Iterable, Mapping, Sequence

from app.sources.tfe.wire import Resource

# What a reader must not have.
POWERS = (
    "can-update",
    "can-queue-run",
    "can-queue-apply",
    "can-queue-destroy",
    "can-destroy",
    "can-lock",
    "can-unlock",
    "can-force-unlock",
    "can-update-variable",
    "can-create-state-versions",
)
SIGHTS = ("can-read-variable", "can-read-state-versions", "can-read-state-outputs")
STATES = "can-read-state-versions"  # what the metadata of states needs, where a connection opts in to it
RUN_POWERS = ("can-apply", "can-cancel", "can-discard", "can-force-execute", "can-force-cancel", "can-override-policy-check")
# Those of an organization's own token, and of its owners.
ORGANIZATION_POWERS = (
    "can-update",
    "can-destroy",
    "can-create-workspace",
    "can-create-team",
    "can-create-project",
    "can-create-module",
    "can-manage-users",
    "can-manage-varsets",
    "can-manage-tags",
    "can-update-api-token",
    "can-update-oauth",
    "can-update-sentinel",
    "can-update-agent-pools",
)
WRITES, SEES = "the token can write", "the token sees more than runs"


def counted(resources: Iterable[Resource], powers: Sequence[str]) -> tuple[int, dict[str, int]]:
    """Of how many resources the permissions are told, and on how many of them the token has each power that it has at all."""
    told, found = 0, dict[str, int]()
    for one in resources:
        permissions = one.attributes.get("permissions")
        if not isinstance(permissions, Mapping):
            continue
        told += 1
        for name in powers:
            if permissions.get(name) is True:
                found[name] = found.get(name, 0) + 1
    return told, found


def writes(resources: Sequence[Resource], powers: Sequence[str], of: str) -> tuple[bool | None, list[str]]:
    """Whether the token can write, and a line for each power; None where no permissions are told."""
    told, found = counted(resources, powers)
    return (None if not told else bool(found)), [f"{WRITES}: {name} on {n} of {told} {of}" for name, n in found.items()]


def sees(workspaces: Sequence[Resource], wanted: frozenset[str] = frozenset()) -> list[str]:
    """A line for each thing that a reader of runs need not see. `wanted`: what the connection opted in to."""
    told, found = counted(workspaces, [name for name in SIGHTS if name not in wanted])
    return [f"{SEES}: {name} on {n} of {told} workspaces" for name, n in found.items()]


def word(can_write: bool | None, lines: Sequence[str] = ()) -> str:
    """`read-only`, `can write: can-lock on 2 of 9 workspaces`, or that it is not told."""
    if can_write is None:
        return "not told what it may do"
    return "can write: " + ", ".join(line.removeprefix(f"{WRITES}: ") for line in lines) if can_write else "read-only"
