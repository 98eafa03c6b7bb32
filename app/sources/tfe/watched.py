"""Which files of its repository a workspace watches, and since when that was seen. Pure.

https://developer.hashicorp.com/terraform/enterprise/api-docs/workspaces: with `file-triggers-enabled` either `trigger-patterns`, or
`trigger-prefixes` together with the working directory; both count from the top of the repository. Without it every commit counts.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from app.canonical import plain
from app.sources.tfe.wire import Resource

EVERYTHING = ("",)
MOST = 50  # paths; one that watches more is taken to watch everything, which holds them all


def paths_of(workspace: Resource) -> tuple[str, ...] | None:
    """Directories, or globs of files, from the top; '' is everything. None where the workspace does not say."""
    attributes = workspace.attributes
    if not isinstance(attributes.get("file-triggers-enabled"), bool) or "working-directory" not in attributes:
        return None
    vcs = attributes.get("vcs-repo")
    if not attributes["file-triggers-enabled"] or (isinstance(vcs, Mapping) and vcs.get("tags-regex")):
        return EVERYTHING
    patterns, prefixes = _texts(attributes.get("trigger-patterns")), _texts(attributes.get("trigger-prefixes"))
    directory = attributes["working-directory"]
    listed = patterns or [directory if isinstance(directory, str) else "", *prefixes]
    paths = tuple(dict.fromkeys(plain(_from_top(one), 300) for one in listed))
    return EVERYTHING if "" in paths or len(paths) > MOST else paths


def seen(before: object, paths: Sequence[str] | None, now: str) -> list[list[Any]]:
    """`[[since, paths], …]`, with what it watches now where that is new."""
    known = [one for one in before if _readable(one)] if isinstance(before, list) else []
    if paths is None or (known and known[-1][1] == list(paths)):
        return known
    return [*known, [now, list(paths)]]


def watched(known: object, at: str) -> tuple[tuple[str, ...], bool]:
    """What it watched at `at`, as seen last before it (True) or, where nobody had looked yet, first after it; everything where it
    never said."""
    told = [one for one in known if _readable(one)] if isinstance(known, list) else []
    if not told:
        return EVERYTHING, False
    before = [one for one in told if one[0] <= at]
    return tuple((before or told[:1])[-1][1]), bool(before)


def _readable(one: object) -> bool:
    return isinstance(one, list) and len(one) == 2 and isinstance(one[0], str) and isinstance(one[1], list)


def _from_top(path: str) -> str:
    return "/".join(part for part in path.split("/") if part not in ("", "."))


def _texts(value: object) -> list[str]:
    return [one for one in value if isinstance(one, str) and one] if isinstance(value, list) else []
