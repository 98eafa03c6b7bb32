"""How a pull request was merged, and who had asked that it be: inferred, for GitHub keeps no record of the method."""

from typing import Any

from app.sources.github.people import account
from app.sources.github.telling import timeline
from app.sources.github.terms import MERGE_METHODS
from app.sources.github.wire import Node, at, moment, nodes, number, sha, stamp, text
from app.sources.people import as_facts
from app.sources.telling import Unknown

QUEUE = ("AddedToMergeQueueEvent", "RemovedFromMergeQueueEvent")
AUTO = {"AutoMergeEnabledEvent": None, "AutoSquashEnabledEvent": "squash", "AutoRebaseEnabledEvent": "rebase"}


def merge_method(node: Node) -> str | None:
    """As far as timeline and merge commit tell.

    In the queue when it was merged: queue. Two parents: merge. One parent that also came from this pull request: rebase; that did
    not, though the pull request has several commits: squash; with one commit, squash and rebase look alike: the method that
    auto-merge was set to, else None. A commit of the branch itself: push.
    """
    if _queued(node):
        return "queue"
    if sha(node, "mergeCommit", "oid") in {sha(c, "commit", "oid") for c in nodes(node, "commits")}:
        return "push"
    parents = list(nodes(node, "mergeCommit", "parents"))
    count = number(node, "mergeCommit", "parents", "totalCount")
    if count is None or count != len(parents):
        return "merge" if (count or 0) > 1 else None
    if count > 1:
        return "merge"
    if any(at(pull, "id") == at(node, "id") for parent in parents for pull in nodes(parent, "associatedPullRequests")):
        return "rebase"
    if (number(node, "commits", "totalCount") or 0) > 1:
        return "squash"
    last = _auto(node)
    return AUTO[last["__typename"]] if last else None


def _queued(node: Node) -> bool:
    """The last that was told of the queue before the merge is that it went in, or that it left for having been merged."""
    merged = moment(node, "mergedAt")
    items = [item for item in timeline(node, *QUEUE) if (when := moment(item, "createdAt")) and merged and when <= merged]
    if not items:
        return False
    last = max(items, key=lambda item: (moment(item, "createdAt") or merged, item["__typename"] == QUEUE[1]))
    return last["__typename"] == QUEUE[0] or text(last, "reason", limit=100).lower() in ("merge", "merged")


def auto_merge(node: Node, new: Unknown) -> dict[str, Any] | None:
    """The request that stands; GitHub empties the field when it merges."""
    asked = at(node, "autoMergeRequest")
    if not isinstance(asked, dict):
        return None
    method = text(asked, "mergeMethod", limit=100)
    if method not in MERGE_METHODS:
        new.append(("auto-merge.mergeMethod", method))
    return {
        "by": as_facts(account(at(asked, "enabledBy"), new)),
        "method": MERGE_METHODS.get(method, method),
        "at": stamp(moment(asked, "enabledAt")),
    }


def auto_merge_by(node: Node, new: Unknown) -> dict[str, Any] | None:
    """Who asked that it be merged by itself, as the timeline keeps it; None when nobody did, or somebody took it back."""
    last = _auto(node)
    if last is not None:
        return as_facts(account(at(last, "actor"), new))
    standing = auto_merge(node, [])
    return standing["by"] if standing else None


def _auto(node: Node) -> Node | None:
    items = [item for item in timeline(node, *AUTO, "AutoMergeDisabledEvent") if moment(item, "createdAt")]
    last = max(items, key=lambda item: str(stamp(moment(item, "createdAt"))), default=None)
    return last if last is not None and last["__typename"] in AUTO else None
