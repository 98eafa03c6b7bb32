"""Which commits of a range touch what a workspace or an application watches: directories, and Terraform's glob patterns.

The Git host answers by directory. Where a pattern asks for less than its directory holds, what it answered is too much, and is
told as such.
"""

from collections.abc import Sequence

from app.domain.change import CommitRange
from app.domain.paths import clean, directory, is_pattern


def commits_touching(span: CommitRange, paths: Sequence[str]) -> tuple[tuple[str, ...], frozenset[str]] | None:
    """The commits that touch one of the paths, in the order of the range; and those of which only a pattern's directory says so.

    None when the range does not answer for one of them.
    """
    sure: set[str] = set()
    loose: set[str] = set()
    for path in paths:
        found = commits_for(span, path)
        if found is not None:
            sure.update(found)
            continue
        wide = _below(span, path)
        if wide is None:
            return None
        (sure if directory(path)[1] else loose).update(wide)
    order = {sha: place for place, sha in enumerate(span.commits)}
    shas = tuple(sorted(sure | loose, key=lambda sha: (order.get(sha, len(order)), sha)))
    return shas, frozenset(loose - sure)


def commits_for(span: CommitRange, path: str | None) -> tuple[str, ...] | None:
    """The commits of the range that touch this path; None when the range does not say."""
    wanted = clean(path or "")
    if wanted == "" and any(name == "" for name, _ in span.paths):
        return tuple(sorted(set(span.commits)))
    listed = [shas for name, shas in span.paths if name == wanted or (wanted and name.startswith(wanted + "/"))]
    if listed:
        return tuple(sorted({sha for shas in listed for sha in shas}))
    return tuple(sorted(set(span.commits))) if wanted == "" and not span.paths else None


def shown(paths: Sequence[str]) -> str:
    """`network, modules/**/*.tf`; the whole repository is said in words."""
    named = [path for path in paths if clean(path)]
    return ", ".join(named) if len(named) == len(paths) and named else "the repository"


def _below(span: CommitRange, pattern: str) -> tuple[str, ...] | None:
    """What touches the directory of a pattern; None for a plain path, and where the range does not say."""
    if not is_pattern(pattern):
        return None
    return commits_for(span, directory(pattern)[0])
