"""What the fake GitHub knows: repositories, pull requests, reviews. Every act carries its time, so that two weeks of history
can be laid down at once and life goes on after it."""

import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from app.clock import now
from app.demo.fakes.github_git import WEB_FLOW, Git, Signature
from app.demo.fakes.github_things import NO_COMMIT, Activity, Item, Planned, PullRequest, Repository, Review, User

Change = tuple[str | None, str, str, Sequence[str]]  # sha (None: made up from the content), author, message, paths


@dataclass
class GithubState:
    """`token` None lets everybody in; `scopes` is the x-oauth-scopes of a classic token; `enterprise` a GHES version."""

    seed: str = "throughline"
    token: str | None = None
    scopes: str | None = None
    enterprise: str | None = None
    page_size: int = 100
    nested_page_size: int = 100
    lacking: frozenset[str] = frozenset()  # fields of PullRequest that this server is too old for
    absent: frozenset[str] = frozenset()  # parts of paths (`/activity`, `/rules/`) that are not there, or not for this token
    admin: bool = False  # whether the token sees classic protection rules
    checks_permitted: bool = True
    required_told: bool = True  # whether isRequired is answered
    repositories: dict[str, Repository] = field(default_factory=dict)
    renamed: dict[str, str] = field(default_factory=dict)
    users: dict[str, User] = field(default_factory=dict)
    planned: list[Planned] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)  # every request: method, path, operation
    remaining: int = 5000

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
        path: str = "",
        operation: str = "",
    ) -> None:
        """The next `times` requests whose path holds `path`, and whose query is named `operation`, are answered so."""
        with self.locked():
            self.planned += [Planned(status, body, headers or {}, path, operation)] * times

    def throttle(self, seconds: float, times: int = 1, status: int = 429) -> None:
        """403 says it as GitHub's primary limit does, with the remaining budget and its reset; 429 with Retry-After."""
        headers = {"retry-after": f"{seconds:g}"}
        if status == 403:
            headers = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(now().timestamp() + seconds)}
        self.fail_next(times, status, b'{"message":"API rate limit exceeded"}', headers)

    # -- people

    def add_user(self, login: str, name: str = "", typename: str = "User") -> User:
        with self.locked():
            self.users[login] = User(login, typename, name or login.replace("-", " ").title())
            return self.users[login]

    def delete_user(self, login: str) -> None:
        """From now on GitHub answers null wherever the account acted."""
        with self.locked():
            self.users.pop(login, None)

    def person(self, login: str) -> Signature:
        plain = login.removesuffix("[bot]")
        if plain not in self.users:
            self.add_user(plain, typename="Bot" if plain != login else "User")
        if plain != login:
            return Signature(login, f"{self.users[plain].database_id}+{login}@users.noreply.github.com", None)
        return Signature(self.users[plain].name, f"{plain}@bank.example", plain)

    # -- acts

    def add_repository(self, name: str, at: datetime, *, default_branch: str = "main", permission: str = "READ") -> Repository:
        """With a first commit by `web-flow`, so that there is a tip."""
        with self.locked():
            git = Git(name, self.seed)
            git.branches[default_branch] = first = git.add((), WEB_FLOW, "Initial commit", ("README.md",), at)
            self.repositories[name] = made = Repository(name, git, at, default_branch, permission)
            self.record(made, "branch_creation", default_branch, NO_COMMIT, first, at, None)
            return made

    def rename(self, old: str, new: str) -> None:
        with self.locked():
            repository = self.repositories.pop(old)
            repository.name = new
            self.repositories[new] = repository
            self.renamed[old] = new

    def add_pull_request(
        self,
        repo: str,
        title: str,
        author: str,
        at: datetime,
        branch: str,
        labels: Sequence[str] = (),
        commits: Sequence[Change] = (),
        body: str = "",
        *,
        base: str | None = None,
        fork: str | None = None,
        draft: bool = False,
    ) -> int:
        """Opened at `at` from the tip of `base` (the default branch); its commits are a minute apart before that. Gives its number.

        `fork`: the repository that holds the branch, where it is not this one.
        """
        with self.locked():
            repository = self.repositories[repo]
            self.person(author)
            number = len(repository.pull_requests) + 1
            base = base or repository.default_branch
            tip = repository.git.branches[base]
            pull = PullRequest(
                repository=repository.git.name,
                number=number,
                title=title,
                body=body,
                author=author.removesuffix("[bot]"),
                created_at=at,
                updated_at=at,
                branch=branch,
                base=base,
                base_oid=tip,
                head=tip,
                labels=tuple(labels),
                fork=fork,
                draft=draft,
            )
            repository.pull_requests[number] = pull
            for i, change in enumerate(commits):
                self._commit(repository, pull, change, at - timedelta(minutes=len(commits) - i))
            if commits and not fork:
                self.record(repository, "branch_creation", branch, NO_COMMIT, pull.head, at - timedelta(minutes=1), author)
            return number

    def push(
        self, repo: str, number: int, author: str, message: str, paths: Sequence[str], at: datetime, *, force: bool = False
    ) -> str:
        """A commit on top of the branch; with `force` in place of all that was on it. Gives the commit's id."""
        with self.locked():
            repository = self.repositories[repo]
            pull = repository.pull_requests[number]
            before = pull.head
            if force:
                pull.head, pull.commits = pull.base_oid, []
            oid = self._commit(repository, pull, (None, author, message, paths), at)
            if force:
                self.note(pull, "HeadRefForcePushedEvent", at, author, before=before, after=oid)
            if not pull.fork:
                self.record(repository, "force_push" if force else "push", pull.branch, before, oid, at, author)
            self.touch(pull, at)
            return oid

    def _commit(self, repository: Repository, pull: PullRequest, change: Change, at: datetime) -> str:
        sha, author, message, paths = change
        oid = repository.git.add((pull.head,), self.person(author), message, paths, at, sha=sha)
        pull.commits.append(oid)
        pull.head = repository.git.branches[pull.branch] = oid
        repository.landed.setdefault(oid, set()).add(pull.number)
        return oid

    def review(self, repo: str, number: int, reviewer: str, state: str, at: datetime, body: str = "") -> str:
        """Gives the review's id."""
        with self.locked():
            pull = self.repositories[repo].pull_requests[number]
            self.person(reviewer)
            identity = f"PRR_{pull.id}_{len(pull.reviews) + 1}"
            submitted = None if state == "PENDING" else at
            pull.reviews.append(Review(identity, reviewer.removesuffix("[bot]"), state, submitted, at, pull.head, body))
            self.touch(pull, at)
            return identity

    def dismiss(
        self, repo: str, number: int, review: str, by: str, at: datetime, message: str = "", *, stale: bool = False
    ) -> None:
        """The review's own state is overwritten; what it was stays only in the timeline."""
        with self.locked():
            pull = self.repositories[repo].pull_requests[number]
            found = next(one for one in pull.reviews if one.id == review)
            self.note(
                pull,
                "ReviewDismissedEvent",
                at,
                by,
                review=review,
                previous_state=found.state,
                message=message,
                stale_by=pull.head if stale else None,
            )
            found.state, found.updated_at = "DISMISSED", at
            self.touch(pull, at)

    def label(self, repo: str, number: int, labels: Iterable[str], at: datetime) -> None:
        with self.locked():
            pull = self.repositories[repo].pull_requests[number]
            pull.labels = tuple(labels)
            self.touch(pull, at)

    def enable_auto_merge(self, repo: str, number: int, by: str, method: str, at: datetime) -> None:
        with self.locked():
            pull = self.repositories[repo].pull_requests[number]
            pull.auto_merge = (by, method.upper(), at)
            kind = {"squash": "AutoSquash", "rebase": "AutoRebase"}.get(method, "AutoMerge")
            self.note(pull, f"{kind}EnabledEvent", at, by, enqueuer=by)
            self.touch(pull, at)

    def merge(self, repo: str, number: int, by: str, at: datetime, method: str = "merge") -> str:
        """Gives the id of the merge commit: of a squash the one commit, of a rebase the last."""
        with self.locked():
            repository = self.repositories[repo]
            pull = repository.pull_requests[number]
            self.person(by)
            land = {"merge": self._land_merge, "squash": self._land_squash, "rebase": self._land_rebase}[method]
            landed = land(repository, pull, by, at)
            before = repository.git.branches[pull.base]
            for oid in landed:
                repository.landed.setdefault(oid, set()).add(number)
            repository.git.branches[pull.base] = landed[-1]
            self.record(repository, "pr_merge", pull.base, before, landed[-1], at, by)
            self.merged(pull, landed[-1], by, at)
            return landed[-1]

    def merged(self, pull: PullRequest, commit: str, by: str, at: datetime) -> None:
        """The pull request is merged as `commit`; what it landed on the branch is the caller's."""
        pull.state, pull.merged_at, pull.closed_at, pull.merge_commit = "MERGED", at, at, commit
        pull.merged_by, pull.auto_merge, pull.queued = by.removesuffix("[bot]"), None, None
        self.note(pull, "MergedEvent", at, by, after=commit)
        self.note(pull, "ClosedEvent", at, by)
        self.touch(pull, at)

    def _land_merge(self, repository: Repository, pull: PullRequest, by: str, at: datetime) -> list[str]:
        message = f"Merge pull request #{pull.number} from {pull.branch}\n\n{pull.title}"
        tip = repository.git.branches[pull.base]
        return [repository.git.add((tip, pull.head), self.person(by), message, (), at, committer=WEB_FLOW)]

    def _land_squash(self, repository: Repository, pull: PullRequest, by: str, at: datetime) -> list[str]:
        commits = [repository.git.commits[oid] for oid in pull.commits]
        author = self.person(pull.author or by)
        others = {c.author for c in commits if c.author.email != author.email}
        trailers = [f"Co-authored-by: {one.name} <{one.email}>" for one in sorted(others, key=lambda one: one.email)]
        message = "\n".join([f"{pull.title} (#{pull.number})", *([""] if trailers else []), *trailers])
        paths = [path for commit in commits for path in commit.paths]
        tip = repository.git.branches[pull.base]
        return [repository.git.add((tip,), author, message, paths, at, committer=WEB_FLOW)]

    def _land_rebase(self, repository: Repository, pull: PullRequest, by: str, at: datetime) -> list[str]:
        landed: list[str] = []
        for oid in pull.commits:
            old = repository.git.commits[oid]
            tip = landed[-1] if landed else repository.git.branches[pull.base]
            landed.append(
                repository.git.add(
                    (tip,), old.author, old.message, old.paths, at, committer=self.person(by), authored_at=old.authored_at
                )
            )
        return landed

    def close(self, repo: str, number: int, by: str, at: datetime) -> None:
        with self.locked():
            pull = self.repositories[repo].pull_requests[number]
            pull.state, pull.closed_at = "CLOSED", at
            self.note(pull, "ClosedEvent", at, by)
            self.touch(pull, at)

    def reopen(self, repo: str, number: int, by: str, at: datetime) -> None:
        with self.locked():
            pull = self.repositories[repo].pull_requests[number]
            pull.state, pull.closed_at = "OPEN", None
            self.note(pull, "ReopenedEvent", at, by)
            self.touch(pull, at)

    def direct_push(
        self,
        repo: str,
        author: str,
        at: datetime,
        paths: Sequence[str],
        message: str = "Direct push",
        *,
        branch: str | None = None,
        by: str | None = None,
    ) -> str:
        """A commit on the branch (the default one) that no pull request brought, pushed `by` its author. Gives its id."""
        with self.locked():
            repository = self.repositories[repo]
            branch = branch or repository.default_branch
            before = repository.git.branches[branch]
            oid = repository.git.add((before,), self.person(author), message, paths, at)
            repository.git.branches[branch] = oid
            self.record(repository, "push", branch, before, oid, at, by or author)
            return oid

    def record(self, repository: Repository, kind: str, branch: str, before: str, after: str, at: datetime, by: str | None) -> None:
        """What the activity view has of a branch that moved."""
        if by:
            self.person(by)
        identity = repository.database_id % 1_000_000 * 1_000_000 + len(repository.activity) + 1
        login = by.removesuffix("[bot]") if by else None
        repository.activity.append(Activity(identity, kind, f"refs/heads/{branch}", before, after, at, login))

    def note(
        self,
        pull: PullRequest,
        typename: str,
        at: datetime,
        actor: str,
        *,
        review: str | None = None,
        previous_state: str | None = None,
        message: str | None = None,
        before: str | None = None,
        after: str | None = None,
        stale_by: str | None = None,
        enqueuer: str | None = None,
    ) -> None:
        """An item of the timeline."""
        self.person(actor)
        identity = f"{typename[:3].upper()}_{pull.id}_{len(pull.timeline) + 1}"
        login = actor.removesuffix("[bot]")
        item = Item(typename, identity, at, login, review, previous_state, message, before, after, stale_by, enqueuer)
        pull.timeline.append(item)

    def touch(self, pull: PullRequest, at: datetime) -> None:
        pull.updated_at = max(pull.updated_at, at)
