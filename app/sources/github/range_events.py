"""Answers about commits → events. Pure.

A long range is told in several events (`part` of `parts`), each within the size of a leaf. Keys of `paths` are ASCII: a path
that is not is percent-encoded there, and stands as it is in `path`.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote

from app.canonical import canonical_json, digest, fit, plain, stable_id
from app.domain.event import Event, Keys, Step
from app.domain.ref import Ref
from app.sources.contract import Want
from app.sources.github.comparison import Comparison
from app.sources.github.people import authors, declared
from app.sources.github.terms import COMMIT_ID, COMPARE_STATUSES
from app.sources.github.wire import Node, at, flag, moment, number, sha, stamp, text

PER_PART = 400  # commits in one event: 400 × 43 bytes, twice (in `commits` and in `paths`), is well under 64 KiB


def path_key(path: str) -> str:
    """The key of `paths` for a wanted path."""
    shown = plain(path)
    return shown if shown.isascii() else quote(shown, safe=" !#$&'()*+,/:;=?@[]~")


def range_name(want: Want) -> str:
    """`<base>..<head>` from text that may be anything."""
    return f"{plain(want.base, 100)}..{plain(want.head, 100)}"


def range_events(source: str, want: Want, found: Comparison, touching: Sequence[str] | None, now: datetime) -> Iterator[Event]:
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
        "total": len(found.commits),
        "total_undone": len(found.undone),
        "parts": len(slices),
        "path": plain(want.path) or None,
    }
    when = min(found.commits.get(found.head) or now, now)
    for i, part in enumerate(slices, start=1):
        lists = {name: [oid for kind, oid in part if kind == name] for name in ("commits", "undone")}
        hits = {name: [oid for oid in lists[name] if chosen is None or oid in chosen] for name in lists}
        paths, undone = ({path_key(want.path): hits[name]} for name in ("commits", "undone"))
        observation = found.observations[0].digest if found.observations else None
        yield _range(
            source, want, found.status, {**said, **lists, "paths": paths, "undone_paths": undone, "part": i}, when, now, observation
        )


def unavailable(source: str, want: Want, because: str, now: datetime) -> Event:
    """The want cannot be answered; this says so, and why. Of a want without a base the range is `..<head>`.

    It is never told as `commit-pulls`: that would say that the commit has no pull request.
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
    source: str, want: Want, status: str, facts: Mapping[str, Any], when: datetime, now: datetime, observation: str | None
) -> Event:
    name = range_name(want)
    return Event(
        id=stable_id(source, "range", f"{plain(want.repository)}:{name}", status, plain(want.path, 4000), str(facts["part"])),
        source=source,
        kind="github",
        type="range",
        step=Step.NOTED,
        status=status,
        ref=Ref("range", name, f"{plain(want.repository)} {_short(want.base)}..{_short(want.head)}"),
        occurred_at=when,
        observed_at=now,
        known=status in COMPARE_STATUSES or status == "unavailable",
        keys=Keys(repository=plain(want.repository), commits=(want.head,) if COMMIT_ID.fullmatch(want.head) else ()),
        facts=facts,
        observation=observation,
    )


def _short(oid: str | None) -> str:
    return oid[:7] if oid and COMMIT_ID.fullmatch(oid) else plain(oid, 40)


def commit_pulls(source: str, repository: str, oid: str, commit: Node, pulls: Sequence[Node], now: datetime) -> Event:
    """All pull requests that GitHub associates with a commit it knows, and what the commit declares of itself."""
    where, told = plain(repository), [_pull(pull) for pull in pulls]
    status = "associated" if told else "none"
    facts = {
        "sha": oid,
        "pulls": told,
        "headline": text(commit, "message", limit=100_000).partition("\n")[0][:300] or None,
        "authors": authors(commit),
        "committer": declared(at(commit, "committer")),
        "committed_at": stamp(moment(commit, "committedDate")),
    }
    return Event(
        # a commit gains pull requests, and they are merged: each answer that differs is an event of its own
        id=stable_id(source, "commit-pulls", f"{where}@{oid}", status, digest(canonical_json(told))),
        source=source,
        kind="github",
        type="commit-pulls",
        step=Step.NOTED,
        status=status,
        ref=Ref("commit-pulls", oid, f"{where}@{oid[:7]}"),
        occurred_at=min(moment(commit, "committedDate") or now, now),
        observed_at=now,
        keys=Keys(repository=where, commits=(oid,)),
        facts=fit(facts),
    )


def _pull(node: Node) -> dict[str, Any]:
    return {
        "number": number(node, "number"),
        "url": text(node, "url") or None,
        "state": text(node, "state", limit=100),
        "merged": flag(node, "merged"),
        "merged_at": stamp(moment(node, "mergedAt")),
        "base": text(node, "baseRefName", limit=300),
        "head_oid": sha(node, "headRefOid"),
        "merge_commit": sha(node, "mergeCommit", "oid"),
        "repository": text(node, "baseRepository", "nameWithOwner", limit=300) or None,
    }
