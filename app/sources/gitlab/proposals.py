"""Which commits of a push came by a merge request that was merged into that branch, and which by none."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from app.sources.gitlab.commits import Commits, Landed
from app.sources.gitlab.wire import Commit, sha


@dataclass
class Proposed:
    """`pulls`: iids by commit. `unproposed`: no merge request brought it. `indirect`: marked merged because its head was pushed.

    `merge`: the tip itself is what a merge made. `pending`: it belongs to a merge request that is not merged (yet).
    """

    pulls: dict[str, int] = field(default_factory=dict)
    unproposed: list[str] = field(default_factory=list)
    indirect: set[int] = field(default_factory=set)
    merge: bool = False
    pending: bool = False


def proposed(commits: Commits, branch: str, tip: str, listed: Mapping[str, Commit]) -> Proposed:
    """Along the first parents from `tip`, as far as `listed` goes. Raises SourceError."""
    found = Proposed()
    chain = first_parents(tip, listed)
    for place, oid in enumerate(chain):
        if oid in found.pulls:
            continue
        brought = _side(oid, listed)
        merged = _merged(commits, branch, oid, found)
        if merged is None:
            found.unproposed.append(oid)
            _beside(commits, branch, brought, found)
            continue
        iid = int(merged.request.iid or 0)
        landed = (sha(merged.request.merge_commit_sha), sha(merged.request.squash_commit_sha))
        if sha(merged.request.merge_commit_sha) == sha(merged.request.sha):
            found.indirect.add(iid)
        elif oid == tip:
            found.merge = True
        own = commits.own(iid)
        if oid not in (*landed, *own):  # a train rebased them: as many commits as the request has, and none of its own
            brought |= set(chain[place : place + len(own)])
        found.pulls |= dict.fromkeys({oid, *brought, *(own & listed.keys())}, iid)
    found.unproposed = [oid for oid in listed if oid in set(found.unproposed)]
    return found


def first_parents(tip: str, listed: Mapping[str, Commit]) -> list[str]:
    """From the tip back, as far as the list goes."""
    chain: list[str] = []
    at = tip
    while at in listed and at not in chain[-1:]:
        chain.append(at)
        parents = listed[at].parent_ids or []
        at = parents[0] if parents else ""
    return chain


def _side(oid: str, listed: Mapping[str, Commit]) -> set[str]:
    """What a merge commit brought in: reachable from it, and not by its first parent."""
    main = set(first_parents(oid, listed))
    found: set[str] = set()
    ahead = list((listed[oid].parent_ids or [])[1:])
    while ahead:
        at = ahead.pop()
        if at in listed and at not in found and at not in main:
            found.add(at)
            ahead += listed[at].parent_ids or []
    return found


def _merged(commits: Commits, branch: str, oid: str, found: Proposed) -> Landed | None:
    """The request merged into this very branch; of several the one whose merge made this commit."""
    into = [
        one
        for one in commits.requests_of(oid)
        if one.repository == commits.path and one.request.target_branch == branch and one.request.iid is not None
    ]
    found.pending = found.pending or any(one.request.state in ("opened", "locked") for one in into)
    merged = [one for one in into if one.request.state == "merged"]
    made = [one for one in merged if oid in (one.request.merge_commit_sha, one.request.squash_commit_sha)]
    return next(iter(made or merged), None)


def _beside(commits: Commits, branch: str, brought: set[str], found: Proposed) -> None:
    """The commits of a merge that no request made: each may still be of one."""
    for oid in sorted(brought):
        if oid in found.pulls:
            continue
        merged = _merged(commits, branch, oid, found)
        if merged is None:
            found.unproposed.append(oid)
        else:
            found.pulls[oid] = int(merged.request.iid or 0)
