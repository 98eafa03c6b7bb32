"""What people and queues do to branches of the fake GitHub, beside pull requests that are merged one by one."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from app.demo.fakes.github_git import WEB_FLOW
from app.demo.fakes.github_state import GithubState
from app.demo.fakes.github_things import NO_COMMIT, Check, Protection, PullRequest, Repository

QUEUE = "github-merge-queue[bot]"


def protect(state: GithubState, repo: str, branch: str, protection: Protection | None, at: datetime | None = None) -> None:
    """From now on; None takes the protection away."""
    with state.locked():
        repository = state.repositories[repo]
        repository.rules_updated = at
        if protection is None:
            repository.protected.pop(branch, None)
        else:
            repository.protected[branch] = protection


def add_branch(state: GithubState, repo: str, branch: str, by: str, at: datetime) -> str:
    """From the tip of the default branch. Gives the commit it stands at."""
    with state.locked():
        repository = state.repositories[repo]
        repository.git.branches[branch] = tip = repository.tip
        state.record(repository, "branch_creation", branch, NO_COMMIT, tip, at, by)
        return tip


def delete_branch(state: GithubState, repo: str, branch: str, by: str, at: datetime) -> None:
    with state.locked():
        repository = state.repositories[repo]
        before = repository.git.branches.pop(branch)
        state.record(repository, "branch_deletion", branch, before, NO_COMMIT, at, by)


def force_push(
    state: GithubState, repo: str, by: str, at: datetime, onto: str, paths: Sequence[str] = (), *, branch: str | None = None
) -> str:
    """History is rewritten: the branch goes back to `onto`, with a commit on top where there are `paths`. Gives the new tip."""
    with state.locked():
        repository = state.repositories[repo]
        branch = branch or repository.default_branch
        before = repository.git.branches[branch]
        after = repository.git.add((onto,), state.person(by), "Rewritten", paths, at) if paths else onto
        repository.git.branches[branch] = after
        state.record(repository, "force_push", branch, before, after, at, by)
        return after


def push_merged(state: GithubState, repo: str, number: int, by: str, at: datetime, *, locally: bool = False) -> str:
    """The pull request's commits are pushed straight to its base, which marks it merged, protected or not. Gives the new tip.

    `locally`: with a merge commit made on somebody's own machine; else the branch is moved on to the head, which must be ahead.
    """
    with state.locked():
        repository = state.repositories[repo]
        pull = repository.pull_requests[number]
        before = repository.git.branches[pull.base]
        after = pull.head
        if locally:
            message = f"Merge branch '{pull.branch}'"
            after = repository.git.add((before, pull.head), state.person(by), message, (), at)
            repository.landed.setdefault(after, set()).add(number)
        repository.git.branches[pull.base] = after
        state.record(repository, "push", pull.base, before, after, at, by)
        state.merged(pull, after, by, at)
        return after


def enqueue(state: GithubState, repo: str, number: int, by: str, at: datetime) -> None:
    with state.locked():
        pull = state.repositories[repo].pull_requests[number]
        pull.queued = at
        state.note(pull, "AddedToMergeQueueEvent", at, by, enqueuer=by)
        state.touch(pull, at)


def dequeue(state: GithubState, repo: str, number: int, by: str, at: datetime, reason: str = "failed checks") -> None:
    with state.locked():
        pull = state.repositories[repo].pull_requests[number]
        pull.queued = None
        state.note(pull, "RemovedFromMergeQueueEvent", at, by, message=reason, enqueuer=by)
        state.touch(pull, at)


def merge_queue(state: GithubState, repo: str, numbers: Sequence[int], at: datetime) -> list[str]:
    """The queue lands these at once: a merge commit for each, one entry of activity for all. Gives the commits."""
    with state.locked():
        repository = state.repositories[repo]
        pulls = [repository.pull_requests[number] for number in numbers]
        before = tip = repository.git.branches[pulls[0].base]
        landed = []
        for pull in pulls:
            message = f"Merge pull request #{pull.number} from {pull.branch}\n\n{pull.title}"
            tip = repository.git.add((tip, pull.head), state.person(QUEUE), message, (), at, committer=WEB_FLOW)
            repository.landed.setdefault(tip, set()).add(pull.number)
            landed.append(tip)
        repository.git.branches[pulls[0].base] = tip
        state.record(repository, "merge_queue_merge", pulls[0].base, before, tip, at, QUEUE)
        for pull, commit in zip(pulls, landed, strict=True):
            state.merged(pull, commit, QUEUE, at)
        return landed


def retarget(state: GithubState, repo: str, number: int, by: str, base: str, at: datetime) -> None:
    with state.locked():
        repository = state.repositories[repo]
        pull = repository.pull_requests[number]
        state.note(pull, "BaseRefChangedEvent", at, by, before=pull.base, after=base)
        pull.base, pull.base_oid = base, repository.git.branches[base]
        state.touch(pull, at)


def turn_draft(state: GithubState, repo: str, number: int, by: str, at: datetime, *, draft: bool) -> None:
    with state.locked():
        pull = state.repositories[repo].pull_requests[number]
        pull.draft = draft
        state.note(pull, "ConvertToDraftEvent" if draft else "ReadyForReviewEvent", at, by)
        state.touch(pull, at)


def check(
    state: GithubState,
    repo: str,
    number: int,
    name: str,
    conclusion: str | None,
    at: datetime,
    *,
    app: str | None = "github-actions",
) -> str:
    """A check on the pull request's head that ended at `at` (None: it runs since). A later one of that name takes its place.

    `app` None: a commit status. It does not touch the pull request. Gives its id.
    """
    with state.locked():
        repository = state.repositories[repo]
        pull = repository.pull_requests[number]
        listed = repository.checks.setdefault(pull.head, [])
        repository.check_count += 1
        identity = repository.database_id % 1_000_000 * 1_000_000 + repository.check_count
        pusher = _pusher(repository, pull)
        done = conclusion is not None
        status = "COMPLETED" if done else "IN_PROGRESS"
        made = Check(identity, name, status, conclusion, at - timedelta(minutes=2), at if done else None, app, pusher)
        listed[:] = [one for one in listed if one.name != name] + [made]
        return made.node_id


def _pusher(repository: Repository, pull: PullRequest) -> str | None:
    moved = [act.actor for act in repository.activity if act.after == pull.head and act.ref == f"refs/heads/{pull.branch}"]
    return moved[-1] if moved else pull.author
