"""What every event of a merge request has in common: where it came from, its keys, its facts, the heads it had."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from app.canonical import fit, stable_id
from app.domain.event import Event, Keys, Step
from app.domain.ref import Ref
from app.sources.gitlab.wire import Commit, MergeRequest, Note, Project, Turn, Version, rows, sha, shown, when

KIND = "gitlab"
Unknown = list[tuple[str, str]]
Met = dict[str, bool | str]  # what this server, and this token, were found to be able to: words for the page Sources


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an answer came from: the source's name, the project's path as it is now, when, and the payload's digest."""

    source: str
    repository: str
    observed_at: datetime
    observation: str | None = None


@dataclass(frozen=True, slots=True)
class Head:
    """A version of the merge request: which commit was its head from when on. `forced` None: not known."""

    id: int
    sha: str
    at: datetime
    before: str | None
    forced: bool | None


@dataclass(frozen=True, slots=True)
class Telling:
    """One merge request while it is being told. `whole` is everything that was asked of it, as it is kept."""

    whole: Mapping[str, Any]
    request: MergeRequest
    project: Project
    origin: Origin
    id: str
    iid: int
    facts: Mapping[str, Any]
    heads: Sequence[Head]
    notes: Sequence[Note]
    new: Unknown = field(default_factory=list)

    @property
    def name(self) -> str:
        return f"{self.origin.repository}!{self.iid}"

    @property
    def url(self) -> str | None:
        return shown(self.request.web_url, 2000)

    def event(self, type_: str, ref: Ref, step: Step, status: str, at: datetime, *more: str, **rest: Any) -> Event:
        """`more` tells apart events of one thing with one status; it is part of the id."""
        commits: tuple[str | None, ...] = rest.pop("commits", ())
        known = tuple(dict.fromkeys(one for one in commits if one is not None))
        return Event(
            id=stable_id(self.origin.source, type_, ref.id, status, *more),
            source=self.origin.source,
            kind=KIND,
            type=type_,
            step=step,
            status=status,
            ref=ref,
            occurred_at=at,
            observed_at=self.origin.observed_at,
            keys=Keys(repository=self.origin.repository, pull_request=self.iid, commits=known),
            observation=self.origin.observation,
            **rest,
        )

    def told(self, step: Step, status: str, at: datetime, *more: str, **rest: Any) -> Event:
        """An event of the merge request itself."""
        ref = Ref("pull-request", self.id, self.name, self.url)
        return self.event("pull-request", ref, step, status, at, *more, facts=fit({**self.facts, **rest.pop("facts", {})}), **rest)

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
