"""Paths of a repository: directories, and glob patterns of files as Terraform's workspaces write them.

A pattern stands from the top of the repository: `*` and `?` are within one name, `**` is any number of directories.
https://developer.hashicorp.com/terraform/cloud-docs/workspaces/settings/vcs#automatic-run-triggering
"""

WILD = frozenset("*?[{")
WHOLE = ("**", "**/*", "*/**", "**/**")  # all there is below a directory


def clean(path: str) -> str:
    """A path as both sides write it: no leading `./`, no slash at either end; the whole repository is empty."""
    return "/".join(part for part in path.split("/") if part not in ("", "."))


def is_pattern(path: str) -> bool:
    return bool(WILD & set(path))


def directory(pattern: str) -> tuple[str, bool]:
    """The directory that holds all a pattern can match, and whether it matches all of it. A plain path is its own.

    Git hosts list commits by directory or file, never by pattern.
    """
    parts = clean(pattern).split("/")
    fixed = next((i for i, part in enumerate(parts) if is_pattern(part)), len(parts))
    return "/".join(parts[:fixed]), fixed == len(parts) or "/".join(parts[fixed:]) in WHOLE
