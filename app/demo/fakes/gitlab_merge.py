"""What merging does to commits in the fake, by merge method: https://docs.gitlab.com/user/project/merge_requests/methods/."""

from datetime import datetime

from app.demo.fakes.gitlab_state import GitlabState
from app.demo.fakes.gitlab_things import MergeRequest, Project


def merge(state: GitlabState, path: str, iid: int, by: str, at: datetime, *, squash: bool = False, train: bool = False) -> str:
    """As the project's merge method says. Gives the new tip of the target branch."""
    with state.locked():
        return _merged(state, *state.of(path, iid), by, at, squash=squash, train=train)


def _merged(
    state: GitlabState, project: Project, request: MergeRequest, by: str, at: datetime, *, squash: bool, train: bool
) -> str:
    """Moves the target branch and fills in what the API tells of it."""
    before = project.git.branches[request.target]
    fast, git = project.settings["merge_method"] == "ff", project.git
    if train:
        state.note(request, "started a merge train", by, at)
    head = request.head
    if squash:
        base = before if fast else request.base
        paths = sorted({path for sha in request.commits for path in git.commits[sha].paths})
        head = git.add((base,), state.signature(request.author), request.title, paths, at, committer=state.signature(by))
        request.squash, request.squash_commit = True, head
        request.landed.append(head)
    elif fast and request.base != before:
        head = before
        for sha in request.commits:
            one = git.commits[sha]
            head = git.add((head,), one.author, one.message, one.paths, at, committer=state.signature(by))
            request.landed.append(head)
    if not fast:
        named = f"Merge branch '{request.source}' into '{request.target}'"
        message = f"{named}\n\n{request.title}\n\nSee merge request {project.path}!{request.iid}"
        head = git.add((before, head), state.signature(by), message, (), at)
        request.merge_commit = head
    request.landed.append(head)
    git.branches[request.target] = head
    count = len(git.between(before, head))
    state.pushed(project, request.target, before, head, by, at, count)
    state.settle(project, request, by, at)
    return head


def merged_by_push(state: GitlabState, path: str, iid: int, by: str, at: datetime) -> str:
    """Somebody pushed the head straight to the target: GitLab marks the merge request merged, whatever was approved."""
    with state.locked():
        project = state.projects[path]
        request = project.merge_requests[iid]
        before = project.git.branches[request.target]
        project.git.branches[request.target] = request.head
        request.merge_commit = request.head
        request.landed.append(request.head)
        state.pushed(project, request.target, before, request.head, by, at, len(request.commits))
        state.settle(project, request, by, at)
        return request.head
