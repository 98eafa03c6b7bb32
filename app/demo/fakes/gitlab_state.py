"""What happens in the fake GitLab: every act carries its time, so that history can be laid down at once.

`premium` False answers 404 and fewer fields where the vendor's Free tier does; `dated_approvals` False is a server before
`approved_at`.
"""

import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from app.clock import now
from app.demo.fakes.github_git import Git, Signature
from app.demo.fakes.gitlab_things import (
    MergeRequest,
    Note,
    Pipeline,
    Planned,
    Project,
    Turn,
    User,
    Version,
    approval_settings,
    protection,
    settings,
)

Change = tuple[str | None, str, str, Sequence[str]]  # sha (None: made up from the content), author, message, paths
NONE = "0" * 40


@dataclass
class GitlabState:
    """`token` None lets everybody in; `scopes` are the token's, None where the server does not tell (an OAuth token)."""

    seed: str = "throughline"
    token: str | None = None
    scopes: tuple[str, ...] | None = ("read_api",)
    version: str = "18.6.1-ee"
    premium: bool = True
    dated_approvals: bool = True
    page_size: int = 100
    ratelimit: int | None = 2000
    projects: dict[str, Project] = field(default_factory=dict)
    moved: dict[str, int] = field(default_factory=dict)  # former path → project id
    users: dict[str, User] = field(default_factory=dict)
    planned: list[Planned] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)  # every request: path and query
    serial: int = 100

    def __post_init__(self) -> None:
        self._lock = threading.RLock()

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Answers and acts exclude each other."""
        with self._lock:
            yield

    # -- knobs

    def fail_next(
        self,
        times: int = 1,
        status: int = 503,
        body: bytes = b"",
        headers: dict[str, str] | None = None,
        path: str | re.Pattern[str] = "",
    ) -> None:
        """The next `times` requests whose path holds `path` are answered so."""
        with self.locked():
            self.planned += [Planned(status, body, headers or {}, path)] * times

    def throttle(self, seconds: float, times: int = 1, *, reset: bool = False) -> None:
        """https://docs.gitlab.com/administration/settings/user_and_ip_rate_limits/#response-headers"""
        headers = {"ratelimit-reset": f"{now().timestamp() + seconds:.0f}"} if reset else {"retry-after": f"{seconds:g}"}
        self.fail_next(times, 429, b"Retry later\n", {**headers, "ratelimit-remaining": "0"})

    def next_id(self) -> int:
        self.serial += 1
        return self.serial

    # -- people and projects

    def add_user(self, username: str, name: str = "") -> User:
        with self.locked():
            self.users[username] = User(username, name or username.replace("-", " ").title())
            return self.users[username]

    def user(self, username: str) -> User:
        return self.users.get(username) or self.add_user(username)

    def signature(self, username: str) -> Signature:
        user = self.user(username)
        return Signature(user.name, user.email, username)

    def add_project(self, path: str, at: datetime, *, default_branch: str = "main", merge_method: str = "merge") -> Project:
        """With a first commit, and its default branch protected."""
        with self.locked():
            git = Git(path, self.seed)
            git.branches[default_branch] = git.add((), self.signature("root"), "Initial commit", ("README.md",), at)
            project = Project(self.next_id(), path, git, at, default_branch, settings(merge_method))
            project.protected[default_branch], project.approvals = protection(default_branch), approval_settings()
            self.projects[path] = project
            return project

    def move(self, old: str, new: str) -> None:
        """A rename, or a transfer to another group."""
        with self.locked():
            project = self.projects.pop(old)
            project.path = new
            self.projects[new] = project
            self.moved[old] = project.id

    def of(self, path: str, iid: int) -> tuple[Project, MergeRequest]:
        project = self.projects[path]
        return project, project.merge_requests[iid]

    # -- pushes

    def pushed(
        self, project: Project, branch: str, before: str | None, after: str | None, by: str, at: datetime, count: int = 1
    ) -> None:
        """https://docs.gitlab.com/api/events/#list-all-visible-events-for-a-project"""
        self.user(by)
        action = "created" if before is None else "removed" if after is None else "pushed"
        names = {"created": "pushed new", "removed": "deleted", "pushed": "pushed to"}
        commit = project.git.commits.get(after or "")
        project.events.append(
            {
                "id": self.next_id(),
                "action_name": names[action],
                "at": at,
                "author": by,
                "push_data": {
                    "commit_count": count if after else 0,
                    "action": action,
                    "ref_type": "branch",
                    "commit_from": before,
                    "commit_to": after,
                    "ref": branch,
                    "commit_title": commit.message.partition("\n")[0] if commit else None,
                    "ref_count": None,
                },
            }
        )

    def direct_push(
        self,
        path: str,
        by: str,
        at: datetime,
        paths: Sequence[str],
        message: str = "Direct push",
        *,
        branch: str = "",
        author: str = "",
        onto: str | None = None,
    ) -> str:
        """A commit on a branch that no merge request brought; `onto` another commit rewrites history. Gives its id."""
        with self.locked():
            project = self.projects[path]
            branch = branch or project.default_branch
            before = project.git.branches.get(branch)
            sha = project.git.add((onto or before or project.tip,), self.signature(author or by), message, paths, at)
            project.git.branches[branch] = sha
            self.pushed(project, branch, before, sha, by, at)
            return sha

    def remove_branch(self, path: str, branch: str, by: str, at: datetime) -> None:
        with self.locked():
            project = self.projects[path]
            self.pushed(project, branch, project.git.branches.pop(branch), None, by, at)

    # -- merge requests

    def open(
        self,
        path: str,
        title: str,
        author: str,
        at: datetime,
        branch: str,
        labels: Sequence[str] = (),
        commits: Sequence[Change] = (),
        description: str = "",
        *,
        target: str = "",
        pusher: str = "",
    ) -> int:
        """Opened at `at`; its commits are a minute apart before that, and pushed a second before. Gives its iid."""
        with self.locked():
            project = self.projects[path]
            into = target or project.default_branch
            base = parent = project.git.branches[into]
            listed = []
            for i, (sha, who, message, paths) in enumerate(commits):
                when = at - timedelta(minutes=len(commits) - i)
                parent = project.git.add((parent,), self.signature(who), message, paths, when, sha=sha)
                listed.append(parent)
            project.git.branches[branch] = parent
            self.user(author)
            self.pushed(project, branch, None, parent, pusher or author, at - timedelta(seconds=1), len(listed))
            iid = len(project.merge_requests) + 1
            found = MergeRequest(self.next_id(), iid, title, description, author, at, at, branch, into, base, parent, tuple(labels))
            found.commits = listed
            found.versions.append(Version(self.next_id(), parent, base, at))
            project.merge_requests[iid] = found
            return iid

    def note(self, request: MergeRequest, body: str, by: str, at: datetime, *, system: bool = True) -> None:
        self.user(by)
        request.notes.append(Note(self.next_id(), body, by, at, system))
        request.updated_at = max(request.updated_at, at)

    def comment(self, path: str, iid: int, by: str, body: str, at: datetime) -> None:
        with self.locked():
            self.note(self.of(path, iid)[1], body, by, at, system=False)

    def push(
        self,
        path: str,
        iid: int,
        by: str,
        message: str,
        paths: Sequence[str],
        at: datetime,
        *,
        author: str = "",
        force: bool = False,
    ) -> str:
        """Another commit on the source branch, or one in place of all of them. Approvals go where the project resets them."""
        with self.locked():
            project, request = self.of(path, iid)
            before = request.head
            parent = request.base if force else before
            sha = project.git.add((parent,), self.signature(author or by), message, paths, at)
            request.commits = [sha] if force else [*request.commits, sha]
            request.head = project.git.branches[request.source] = sha
            version = Version(self.next_id(), sha, request.base, at)
            request.versions.append(version)
            link = f"/{project.path}/-/merge_requests/{iid}/diffs?diff_id={version.id}&start_sha={before}"
            items = f"<ul><li>{sha[:8]} - {message}</li></ul>"
            self.note(request, f"added 1 commit\n\n{items}\n\n[Compare with previous version]({link})", by, at)
            self.pushed(project, request.source, before, sha, by, at)
            if project.approvals.get("reset_approvals_on_push") and request.approved_by:
                names = " and ".join(f"@{name}" for name in request.approved_by)
                request.approved_by.clear()
                self.note(request, f"reset approvals from {names} by pushing to the branch", by, at + timedelta(seconds=10))
            return sha

    def approve(self, path: str, iid: int, by: str, at: datetime, *, noted: bool = True) -> None:
        with self.locked():
            request = self.of(path, iid)[1]
            request.approved_by[self.user(by).username] = at
            if noted:
                self.note(request, "approved this merge request", by, at + timedelta(seconds=1))

    def unapprove(self, path: str, iid: int, by: str, at: datetime) -> None:
        with self.locked():
            request = self.of(path, iid)[1]
            request.approved_by.pop(by, None)
            self.note(request, "unapproved this merge request", by, at)

    def request_changes(self, path: str, iid: int, by: str, at: datetime) -> None:
        with self.locked():
            self.note(self.of(path, iid)[1], "requested changes", by, at)

    def auto_merge(self, path: str, iid: int, by: str, at: datetime) -> None:
        with self.locked():
            request = self.of(path, iid)[1]
            request.auto_merge = self.user(by).username
            self.note(request, f"enabled an automatic merge when all merge checks for {request.head} pass", by, at)

    def pipeline(self, path: str, iid: int, status: str, at: datetime, finished_at: datetime | None = None) -> None:
        """Of the head; it does not touch `updated_at`."""
        with self.locked():
            request = self.of(path, iid)[1]
            request.pipelines.append(Pipeline(self.next_id(), request.head, status, at, finished_at))

    def external_check(self, path: str, iid: int, name: str, status: str) -> None:
        with self.locked():
            request = self.of(path, iid)[1]
            request.external.append(
                {"id": self.next_id(), "name": name, "external_url": "https://scan.bank.example", "status": status}
            )

    def close(self, path: str, iid: int, by: str, at: datetime) -> None:
        with self.locked():
            request = self.of(path, iid)[1]
            request.state, request.closed_at, request.closed_by, request.updated_at = "closed", at, by, at
            request.turns.append(Turn(self.next_id(), "closed", self.user(by).username, at))

    def reopen(self, path: str, iid: int, by: str, at: datetime) -> None:
        with self.locked():
            request = self.of(path, iid)[1]
            request.state, request.closed_at, request.closed_by, request.updated_at = "opened", None, None, at
            request.turns.append(Turn(self.next_id(), "reopened", self.user(by).username, at))

    def label(self, path: str, iid: int, labels: Sequence[str], at: datetime) -> None:
        with self.locked():
            request = self.of(path, iid)[1]
            request.labels, request.updated_at = tuple(labels), at

    def settle(self, project: Project, request: MergeRequest, by: str, at: datetime) -> None:
        """The merge request is merged from now on."""
        request.state, request.merged_at, request.merged_by = "merged", at, self.user(by).username
        request.updated_at = at
        request.turns.append(Turn(self.next_id(), "merged", by, at))

    def found(self, number: int) -> Project | None:
        return next((one for one in self.projects.values() if one.id == number), None)

    def told(self) -> dict[str, Any]:
        return {"version": self.version, "revision": "0f1e2d3c4b5", "enterprise": self.version.endswith("-ee")}
