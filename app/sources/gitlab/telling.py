"""What every event of a merge request has in common: where it came from, its keys, its facts, the heads it had."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.sources import telling
from app.sources.gitlab.wire import Commit, MergeRequest, Note, Project, Turn, Version, rows, sha, when
from app.sources.telling import Unknown

Met = dict[str, bool | str]  # what this server, and this token, were found to be able to: words for the page Sources


class Origin(telling.Origin):
    __slots__ = ()
    kind = "gitlab"


@dataclass(frozen=True, slots=True)
class Head:
    """A version of the merge request: which commit was its head from when on. `forced` None: not known."""

    id: int
    sha: str
    at: datetime
    before: str | None
    forced: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling(telling.Proposal):
    """One merge request while it is being told. `whole` is everything that was asked of it, as it is kept."""

    mark = "!"
    whole: Mapping[str, Any]
    request: MergeRequest
    project: Project
    heads: Sequence[Head]
    notes: Sequence[Note]

    def head_at(self, at: datetime) -> Head | None:
        """The newest version that was there at `at`."""
        return next((head for head in reversed(self.heads) if head.at <= at), None)

    def commits(self) -> list[Commit]:
        return list(rows(Commit, self.whole.get("commits")))

    def turns(self) -> list[tuple[Turn, datetime]]:
        """Oldest first; one without a time cannot be placed."""
        found = [(turn, at) for turn in rows(Turn, self.whole.get("state_events")) if (at := when(turn.created_at))]
        return sorted(found, key=lambda one: (one[1], one[0].id or 0))


def heads(whole: Mapping[str, Any], new: Unknown) -> list[Head]:
    """Oldest first. `whole.forced` holds, by version id, what was asked about pairs that the list of commits does not settle."""
    listed = {sha(commit.id) for commit in rows(Commit, whole.get("commits"))}
    asked = whole.get("forced") if isinstance(whole.get("forced"), Mapping) else {}
    found, before = [], None
    for version in sorted(_placed(whole, new), key=lambda one: (one[1], one[0].id or 0)):
        row, at, oid = version[0], version[1], sha(version[0].head_commit_sha)
        if oid is None or row.id is None or oid == before:
            continue
        told = asked.get(str(row.id)) if isinstance(asked, Mapping) else None
        forced = False if before is None or before in listed else told if isinstance(told, bool) else None
        found.append(Head(row.id, oid, at, before, forced))
        before = oid
    return found


def _placed(whole: Mapping[str, Any], new: Unknown) -> list[tuple[Version, datetime]]:
    out = []
    for version in rows(Version, whole.get("versions")):
        at = when(version.created_at)
        if at is None:
            new.append(("version.created_at", str(version.created_at)[:64]))
        else:
            out.append((version, at))
    return out
