"""The pull requests of one commit → its event. Pure."""

from collections.abc import Sequence
from typing import Any

from app.domain.event import Event
from app.sources import range_events
from app.sources.github.people import authors, declared
from app.sources.github.telling import Origin
from app.sources.github.wire import Node, at, flag, moment, number, sha, stamp, text


def commit_pulls(origin: Origin, oid: str, commit: Node, pulls: Sequence[Node]) -> Event:
    """All pull requests that GitHub associates with a commit it knows, and what the commit declares of itself."""
    committed = moment(commit, "committedDate")
    said = {
        "headline": text(commit, "message", limit=100_000).partition("\n")[0][:300] or None,
        "authors": authors(commit),
        "committer": declared(at(commit, "committer")),
        "committed_at": stamp(committed),
    }
    return range_events.commit_pulls(origin, oid, [_pull(pull) for pull in pulls], said, committed)


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
