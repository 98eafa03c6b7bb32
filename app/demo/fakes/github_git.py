"""Just enough of Git for the fake: commits with parents and the paths they touch, what is reachable, and in which order."""

import hashlib
import heapq
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Signature:
    """Who a commit says it is by; `login` the account that has this address, None when no account has it."""

    name: str
    email: str
    login: str | None


WEB_FLOW = Signature("GitHub", "noreply@github.com", "web-flow")


@dataclass(frozen=True, slots=True)
class Commit:
    sha: str
    parents: tuple[str, ...]
    author: Signature
    committer: Signature
    message: str
    paths: tuple[str, ...]
    authored_at: datetime
    at: datetime
    index: int


@dataclass
class Git:
    """One repository. `name` and `seed` go into each commit's id, so that the same story has the same ids."""

    name: str
    seed: str
    commits: dict[str, Commit] = field(default_factory=dict)
    branches: dict[str, str] = field(default_factory=dict)

    def add(
        self,
        parents: Sequence[str],
        author: Signature,
        message: str,
        paths: Iterable[str],
        at: datetime,
        *,
        committer: Signature | None = None,
        authored_at: datetime | None = None,
        sha: str | None = None,
    ) -> str:
        """A commit; its id is given, or the SHA-1 of all it is made of."""
        touched = tuple(sorted(set(paths)))
        by = committer or author
        parts = (self.seed, self.name, *parents, author.email, by.email, message, *touched, at.isoformat())
        oid = sha or hashlib.sha1("\x1f".join(parts).encode(), usedforsecurity=False).hexdigest()
        if oid not in self.commits:
            when = authored_at or at
            self.commits[oid] = Commit(oid, tuple(parents), author, by, message, touched, when, at, len(self.commits))
        return oid

    def reachable(self, tip: str) -> set[str]:
        """`tip` and all before it."""
        found, ahead = {tip}, [tip]
        while ahead:
            for parent in self.commits[ahead.pop()].parents:
                if parent not in found:
                    found.add(parent)
                    ahead.append(parent)
        return found

    def between(self, base: str, head: str) -> list[Commit]:
        """In `head` and not in `base`, a parent always before its children."""
        return sorted((self.commits[oid] for oid in self.reachable(head) - self.reachable(base)), key=lambda commit: commit.index)

    def merge_base(self, base: str, head: str) -> str | None:
        shared = self.reachable(base) & self.reachable(head)
        return max(shared, key=lambda oid: self.commits[oid].index, default=None)

    def history(self, tip: str, path: str = "") -> Iterator[Commit]:
        """As `git log <tip> -- <path>`: the newest committer date first; with a path without merges and untouched commits."""
        heap = [(-self.commits[tip].at.timestamp(), -self.commits[tip].index, tip)]
        found = {tip}
        while heap:
            commit = self.commits[heapq.heappop(heap)[2]]
            if not path or (len(commit.parents) < 2 and any(touches(name, path) for name in commit.paths)):
                yield commit
            for parent in commit.parents:
                if parent not in found:
                    found.add(parent)
                    heapq.heappush(heap, (-self.commits[parent].at.timestamp(), -self.commits[parent].index, parent))


def touches(name: str, path: str) -> bool:
    return name == path or name.startswith(path.rstrip("/") + "/")
