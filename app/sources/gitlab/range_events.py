"""Answers about commits → events. Pure.

A long range is told in several events (`part` of `parts`), each within the size of a leaf. Keys of `paths` are ASCII: a path
that is not is percent-encoded there, and stands as it is in `path`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote

from app.canonical import canonical_json, digest, fit, plain, stable_id
from app.domain.event import Event, Keys, Step
from app.domain.ref import Ref
from app.sources.contract import Observation, Want
from app.sources.gitlab.commits import Landed
from app.sources.gitlab.landing import landing
from app.sources.gitlab.people import authors, committer
from app.sources.gitlab.telling import KIND
from app.sources.gitlab.terms import COMMIT_ID, STATES
from app.sources.gitlab.wire import Commit, Project, sha, shown, stamp, when, whole

PER_PART = 400  # commits in one event: 400 × 43 bytes, twice (in `commits` and in `paths`), is well under 64 KiB


@dataclass(frozen=True, slots=True)
class Between:
    """`commits`: in `head` and not in `base`, oldest first. `undone`: in `base` and not in `head`.

    `status`: ahead, behind (head is older: a rollback), diverged, identical. `complete` False: the list has a hole.
    """

    base: str
    head: str
    status: str
    commits: dict[str, Commit]
    undone: dict[str, Commit] = field(default_factory=dict)
    complete: bool = True
    observation: Observation | None = None


def path_key(path: str) -> str:
    """The key of `paths` for a wanted path."""
    text = plain(path)
    return text if text.isascii() else quote(text, safe=" !#$&'()*+,/:;=?@[]~")


def range_events(source: str, want: Want, found: Between, touching: Sequence[str] | None, now: datetime) -> Iterator[Event]:
    """One event per PER_PART commits, at least one. `touching`: those of the range, and of what it undoes, that touch the path;

    None when the path is the whole repository.
    """
    chosen = None if touching is None else set(touching)
    listed = [("commits", oid) for oid in found.commits] + [("undone", oid) for oid in found.undone]
    slices = [listed[i : i + PER_PART] for i in range(0, len(listed), PER_PART)] or [[]]
    said = {
        "base": found.base,
        "head": found.head,
        "status": found.status,
        "rollback": found.status == "behind",
        "complete": found.complete,
        "because": None if found.complete else "GitLab's list of commits does not reach the commit before the range",
        "total": len(found.commits),
        "total_undone": len(found.undone),
        "parts": len(slices),
        "path": plain(want.path) or None,
    }
    tip = found.commits.get(found.head)
    at = min((when(tip.committed_date) if tip else None) or now, now)
    for i, part in enumerate(slices, start=1):
        lists = {name: [oid for kind, oid in part if kind == name] for name in ("commits", "undone")}
        hits = {name: [oid for oid in lists[name] if chosen is None or oid in chosen] for name in lists}
        paths, undone = ({path_key(want.path): hits[name]} for name in ("commits", "undone"))
        facts = {**said, **lists, "paths": paths, "undone_paths": undone, "part": i}
        yield _range(source, want, found.status, facts, at, now, found.observation.digest if found.observation else None)


def unavailable(source: str, want: Want, because: str, now: datetime) -> Event:
    """The want cannot be answered; this says so, and why. Of a want without a base the range is `..<head>`.

    It is never told as `commit-pulls`: that would say that the commit has no merge request.
    """
    facts: dict[str, Any] = {
        "base": plain(want.base, 100),
        "head": plain(want.head, 100),
        "status": "unavailable",
        "because": plain(because),
        "rollback": None,
        "complete": False,
        "total": None,
        "total_undone": None,
        "commits": [],
        "undone": [],
        "paths": {},
        "undone_paths": {},
        "path": plain(want.path) or None,
        "part": 1,
        "parts": 1,
    }
    return _range(source, want, "unavailable", facts, now, now, None)


def _range(
    source: str, want: Want, status: str, facts: Mapping[str, Any], at: datetime, now: datetime, observation: str | None
) -> Event:
    name = f"{plain(want.base, 100)}..{plain(want.head, 100)}"
    return Event(
        id=stable_id(source, "range", f"{plain(want.repository)}:{name}", status, plain(want.path, 4000), str(facts["part"])),
        source=source,
        kind=KIND,
        type="range",
        step=Step.NOTED,
        status=status,
        ref=Ref("range", name, f"{plain(want.repository)} {_short(want.base)}..{_short(want.head)}"),
        occurred_at=at,
        observed_at=now,
        keys=Keys(repository=plain(want.repository), commits=(want.head,) if COMMIT_ID.fullmatch(want.head) else ()),
        facts=facts,
        observation=observation,
    )


def _short(oid: str | None) -> str:
    return oid[:7] if oid and COMMIT_ID.fullmatch(oid) else plain(oid, 40)


def commit_pulls(
    source: str, repository: str, oid: str, commit: Commit, project: Project, landed: Sequence[Landed], now: datetime
) -> Event:
    """All merge requests that GitLab associates with a commit it knows, and what the commit declares of itself."""
    where, told = plain(repository), [_pull(one, project) for one in landed if whole(one.request.iid) is not None]
    status = "associated" if told else "none"
    facts = {
        "sha": oid,
        "pulls": told,
        "headline": shown((commit.message or commit.title).partition("\n")[0], 300),
        "authors": authors(commit),
        "committer": committer(commit),
        "committed_at": stamp(when(commit.committed_date)),
    }
    return Event(
        # a commit gains merge requests, and they are merged: each answer that differs is an event of its own
        id=stable_id(source, "commit-pulls", f"{where}@{oid}", status, digest(canonical_json(told))),
        source=source,
        kind=KIND,
        type="commit-pulls",
        step=Step.NOTED,
        status=status,
        ref=Ref("commit-pulls", oid, f"{where}@{oid[:7]}"),
        occurred_at=min(when(commit.committed_date) or now, now),
        observed_at=now,
        keys=Keys(repository=where, commits=(oid,)),
        facts=fit(facts),
    )


def _pull(one: Landed, project: Project) -> dict[str, Any]:
    request = one.request
    return {
        "number": whole(request.iid),
        "url": shown(request.web_url),
        "state": STATES.get(request.state, plain(request.state, 100)),
        "merged": request.state == "merged",
        "merged_at": stamp(when(request.merged_at)),
        "base": plain(request.target_branch, 300),
        "head_oid": sha(request.sha),
        "merge_commit": landing(request, project, ()).commit,
        "repository": one.repository,
    }
