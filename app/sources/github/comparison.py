"""What lies between two commits, and which of it touches a path. REST, every page.

https://docs.github.com/en/rest/commits/commits#compare-two-commits and #list-commits
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from app.canonical import digest
from app.errors import NotUnderstood
from app.sources.contract import Observation
from app.sources.github.client import Client
from app.sources.github.wire import Node, cleaned, moment, needed_list, needed_object, nodes, number, sha, text
from app.sources.range_events import Between


@dataclass(frozen=True, slots=True)
class Comparison(Between[datetime | None]):
    """Commits with their committer dates. `parents`: of each of `commits`."""

    parents: dict[str, tuple[str, ...]] = field(default_factory=dict)


def compare(client: Client, repository: str, base: str, head: str, now: datetime) -> Comparison:
    """Both directions where there are two. Raises Missing when GitHub does not know a commit or sees no common ancestor."""
    parents: dict[str, tuple[str, ...]] = {}
    status, commits, whole, seen = _one_way(client, repository, base, head, now, parents)
    undone: dict[str, datetime | None] = {}
    if status in ("behind", "diverged"):
        _, undone, undone_whole, swapped = _one_way(client, repository, head, base, now)
        whole, seen = whole and undone_whole, seen + swapped
    return Comparison(base, head, status, commits, undone, whole, seen, parents)


def _one_way(
    client: Client, repository: str, base: str, head: str, now: datetime, parents: dict[str, tuple[str, ...]] | None = None
) -> tuple[str, dict[str, datetime | None], bool, tuple[Observation, ...]]:
    commits: dict[str, datetime | None] = {}
    observations: list[Observation] = []
    path, page, status, total = f"/repos/{repository}/compare/{base}...{head}", 1, "", 0
    while True:
        answer, body, _ = client.rest_page(path, page)
        if page == 1:
            status, total = text(body, "status", limit=100), _total(body, path)
        listed = [needed_object(commit) for commit in needed_list(body, "commits")]
        commits.update(_dated(listed))
        if parents is not None:
            parents.update((text(one, "sha"), _parents(one)) for one in listed)
        kept = cleaned(_slim(body))[1]
        observations.append(Observation(f"range/{repository}/{base}..{head}", answer.url, kept, digest(kept), now))
        if not listed or len(commits) >= total:
            return status, commits, len(commits) == total, tuple(observations)
        page += 1


def _parents(commit: Node) -> tuple[str, ...]:
    return tuple(oid for parent in nodes(commit, "parents") if (oid := sha(parent, "sha")))


def _total(body: Any, path: str) -> int:
    total = number(body, "total_commits")
    if total is None:
        raise NotUnderstood(f"{path} does not say how many commits it has", "total_commits")
    return total


def _dated(listed: list[Node]) -> dict[str, datetime | None]:
    out = {}
    for commit in listed:
        oid = sha(commit, "sha")
        if oid is None:
            raise NotUnderstood(f"a commit of a range has the id {text(commit, 'sha', limit=100)!r}", "a full commit id")
        out[oid] = moment(commit, "commit", "committer", "date")
    return out


def _slim(body: Node) -> dict[str, Any]:
    """Without the changed lines of files: they are the bank's source code, and may hold its secrets."""
    files = body.get("files")
    names = [
        {key: file.get(key) for key in ("sha", "filename", "status", "previous_filename") if key in file}
        for file in (files if isinstance(files, list) else [])
        if isinstance(file, dict)
    ]
    return {**body, "files": names}


def touching(client: Client, repository: str, tip: str, path: str, wanted: dict[str, datetime | None]) -> list[str]:
    """Those of `wanted`, all reachable from `tip`, that touch `path`, in the order of `wanted`.

    The list is walked until all of it is older than the oldest wanted commit. GitHub lists as git does, the newest
    committer date first among the commits whose children were shown; every commit on a way from `tip` to a wanted one is
    wanted itself, so none can follow after a commit older than all of them. `since` would not do: it stops too early.
    """
    found: set[str] = set()
    dates = [when for when in wanted.values() if when]
    oldest = min(dates) if len(dates) == len(wanted) and dates else None
    page, more = 1, bool(wanted)
    while more:
        _, body, more = client.rest_page(f"/repos/{repository}/commits", page, sha=tip, path=path)
        listed = _dated([needed_object(commit) for commit in needed_list(body)])
        found |= listed.keys() & wanted.keys()
        if not listed or len(found) == len(wanted) or _past(listed, wanted, oldest):
            break
        page += 1
    return [oid for oid in wanted if oid in found]


def _past(listed: dict[str, datetime | None], wanted: Collection[str], oldest: datetime | None) -> bool:
    """True when a page holds nothing wanted and all of it is older than anything that is."""
    return (
        oldest is not None and not any(oid in wanted for oid in listed) and all(when and when < oldest for when in listed.values())
    )
