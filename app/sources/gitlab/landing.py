"""Which commit a merged merge request became on its target, and how: no field says so, and which fields are null depends on it.

https://docs.gitlab.com/user/project/merge_requests/methods/
"""

from collections.abc import Sequence
from dataclasses import dataclass

from app.sources.gitlab.terms import TRAIN
from app.sources.gitlab.wire import MergeRequest, Note, Project, sha


@dataclass(frozen=True, slots=True)
class Landing:
    """`commit` None: not merged, or not told; then `because` says why."""

    commit: str | None
    method: str | None
    because: str = ""


def landing(request: MergeRequest, project: Project, notes: Sequence[Note]) -> Landing:
    """Merge, semi-linear: merge_commit_sha. The same with squash: both. Fast-forward: neither, and the head itself landed. With
    squash: squash_commit_sha. A train may rebase what it fast-forwards: then the landed commit is not told. A merge_commit_sha
    that is the head itself: somebody pushed the head to the target, and that marked the request merged.
    """
    if request.state != "merged":
        return Landing(None, None)
    head, merge, squash = (sha(one) for one in (request.sha, request.merge_commit_sha, request.squash_commit_sha))
    train = any(TRAIN.match(note.body) for note in notes)
    if merge is not None and merge == head:
        return Landing(merge, "push")
    if merge is not None:
        return Landing(merge, "train" if train else "squash" if squash else "merge")
    if squash is not None:
        return Landing(squash, "train" if train else "squash")
    if train:
        return Landing(None, "train", "a fast-forward train may land other commits than the branch had; GitLab does not name them")
    if project.merge_method == "ff" and head is not None:
        return Landing(head, "fast-forward")
    how = project.merge_method or "a method that is not told"
    return Landing(None, None, f"GitLab names no merge commit, though the project now merges by {how}")
