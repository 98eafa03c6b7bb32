"""Asking GitLab about commits: what lies between two, which touch a path, which merge requests one came from.

https://docs.gitlab.com/api/commits/ — `ref_name` may be a revision range; `/repository/compare` would send the changed lines too.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from app.canonical import plain
from app.errors import Missing, NotUnderstood
from app.sources.gitlab.client import Client
from app.sources.gitlab.wire import Commit, MergeRequest, needed_object, read, rows, sha


@dataclass(frozen=True, slots=True)
class Landed:
    """A merge request that GitLab associates with a commit. `repository` is the project it was merged into."""

    request: MergeRequest
    repository: str | None


@dataclass
class Commits:
    """One project during one pass; what was asked once is not asked again."""

    client: Client
    project: int
    path: str
    _of: dict[str, list[Landed]] = field(default_factory=dict)
    _own: dict[int, frozenset[str]] = field(default_factory=dict)

    def one(self, commit: str) -> tuple[Commit, Mapping[str, Any]]:
        """Raises Missing when GitLab does not know it."""
        node = self.client.one(f"/projects/{self.project}/repository/commits/{commit}", stats="false")
        return read(Commit, node), node

    def between(self, base: str, head: str, path: str = "") -> tuple[dict[str, Commit], list[Any]]:
        """In `head` and not in `base`, newest first, and the answers as they came. Raises Missing when one of them is not there."""
        params = {"ref_name": f"{base}..{head}", "path": path} if path else {"ref_name": f"{base}..{head}"}
        found: dict[str, Commit] = {}
        kept: list[Any] = []
        for items in self.client.pages(f"/projects/{self.project}/repository/commits", **params):
            for item in items:
                commit = read(Commit, needed_object(item, "a commit of a range"))
                oid = sha(commit.id)
                if oid is None:
                    raise NotUnderstood(f"a commit of a range has the id {plain(commit.id, 100)!r}", "a full commit id")
                found[oid] = commit
                kept.append(item)
        return found, kept

    def merge_base(self, one: str, other: str) -> str | None:
        """None when they have no common ancestor. Raises Missing when one of them is not there."""
        try:
            node = self.client.one(f"/projects/{self.project}/repository/merge_base", **{"refs[]": [one, other]})
        except NotUnderstood as error:
            if error.status == 400:
                raise Missing(f"GitLab does not know {one} or {other} in {self.path}", "two commits of the project") from error
            raise
        except Missing:
            return None
        return sha(read(Commit, node).id)

    def requests_of(self, commit: str) -> list[Landed]:
        """Every merge request that GitLab associates with it, whatever its state. Raises Missing for an unknown commit."""
        if commit not in self._of:
            items = self.client.every(f"/projects/{self.project}/repository/commits/{commit}/merge_requests")
            self._of[commit] = [Landed(read(MergeRequest, item), self._where(item)) for item in items if isinstance(item, Mapping)]
        return self._of[commit]

    def _where(self, item: Mapping[str, Any]) -> str | None:
        if item.get("target_project_id") == self.project:
            return self.path
        references = item.get("references")
        full = references.get("full") if isinstance(references, Mapping) else None
        return plain(full.rpartition("!")[0], 300) or None if isinstance(full, str) else None

    def own(self, iid: int) -> frozenset[str]:
        """The commits of a merge request."""
        if iid not in self._own:
            items = self.client.every(f"/projects/{self.project}/merge_requests/{iid}/commits")
            self._own[iid] = frozenset(oid for commit in rows(Commit, items) if (oid := sha(commit.id)))
        return self._own[iid]
