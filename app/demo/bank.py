"""The three fake servers as one bank: what people do there, in one call each."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.demo.cast import (
    CLUSTER,
    INFRA,
    MANIFESTS,
    ORGANIZATION,
    PIPELINE,
    QUIET,
    QUIET_WORKSPACE,
    Application,
    applications,
    workspaces,
)
from app.demo.cast import Workspace as Place
from app.demo.fakes import argocd_drift as drift
from app.demo.fakes import argocd_secrets as secrets
from app.demo.fakes import github_branches as branches
from app.demo.fakes.argocd_state import ArgocdState
from app.demo.fakes.argocd_types import ApplicationState, ResourceState
from app.demo.fakes.github_state import GithubState
from app.demo.fakes.github_things import Protection
from app.demo.fakes.tfe_state import PolicyState, PullRequestState, RunState, TfeState
from app.demo.journal import Wishes

Policies = Sequence[tuple[str, str, bool, str]]  # set, policy, passed, level

GIT = "https://github.bank.example"
TOKENS = {"tfe": "tfe-demo-token", "argocd": "argocd-demo-token", "github": "github-demo-token"}
DESCRIPTIONS = {
    "restrict-ingress-cidr": "No security group opens a port to the whole internet",
    "encrypt-at-rest": "Every store of cardholder data is encrypted",
    "require-change-ticket": "The run's message or its commit names a change ticket",
}


@dataclass(frozen=True, slots=True)
class Proposal:
    """A pull request as stories pass it on."""

    repository: str
    number: int
    title: str
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Brings:
    """What a commit changes of an application: fields of objects ({name: {path: value}}), and which it declares no more."""

    app: Application
    changes: Mapping[str, Mapping[str, str]]
    removed: tuple[str, ...] = ()


CHECK = "validate"
DATABASE = "/settlements/production/database-endpoint"
READERS = {"payments-api": "1h", "settlements": "0"}  # by how often they read it
MORE: Mapping[str, Mapping[str, Mapping[str, str]]] = {  # application → its ConfigMaps → their data
    "fraud-detector": {"fraud-detector-config": {"threshold": "0.82"}},
    "card-ledger": {
        "card-ledger-config": {"daily-limit": "2000", "currency": "EUR"},
        "card-ledger-rates-2025": {"interchange": "0.2"},
    },
    "statements": {"statements-config": {"send-at": "06:00"}},
}
PROTECTION = Protection(checks=(CHECK,), approvals=1, dismiss_stale=True, admins=True)


class Bank:
    """`argocd_acts` counts what Argo CD did: it forgets, so whoever replays history must read after each.

    A branch that moved is no act of Argo CD: its sync follows within minutes, and is one.
    """

    def __init__(self, wishes: Wishes, since: datetime, clock: Callable[[], datetime]) -> None:
        self.workspaces, self.applications = workspaces(wishes.workspaces), applications(wishes.apps)
        self.github = GithubState(seed=str(wishes.seed), token=TOKENS["github"])
        self.tfe = TfeState(ORGANIZATION, TOKENS["tfe"], wishes.seed, now=clock, created_at=since)
        self.argocd = ArgocdState(clock, token=TOKENS["argocd"], seed=wishes.seed)
        self.argocd_acts, self.argocd_down = 0, False
        self._versions: dict[str, int] = {}
        self._build(since)

    def _build(self, since: datetime) -> None:
        self.github.admin = True  # the portal's token may read protection, as an auditor's should
        for name in (INFRA, MANIFESTS):
            self.github.add_repository(name, since)
        self.tfe.user(PIPELINE, service=True)
        for place in (*self.workspaces, QUIET_WORKSPACE):
            self.tfe.add_workspace(place.name, INFRA, place.directory, place.auto_apply, created_at=since)
        for app in (*self.applications, *QUIET):
            paths = [f"{app.path}/deployment.yaml"]
            first = self.push_directly(app.repository, "eli-brandt", since, paths, f"Import {app.name}")
            self.argocd.add_application(
                app.name,
                project=app.project,
                repository=f"{GIT}/{app.repository}.git",
                path=app.path,
                at=since,
                revision=first,
                destination=f"{CLUSTER}/{app.namespace}",
                by="eli-brandt",
                auto_sync=app.auto_sync,
                self_heal=app.self_heal,
            )
            self._declares(app)
            self._reads(app, since)
            self.begin_sync(app, since + timedelta(minutes=1), "eli-brandt")
            self.finish_sync(app, since + timedelta(minutes=2))
        for name in (INFRA, MANIFESTS):
            branches.protect(self.github, name, "main", PROTECTION, since + timedelta(minutes=3))

    def _declares(self, app: Application) -> None:
        """What Git says of the objects of which single fields come to differ."""
        if app.name in MORE:
            state = self.argocd.applications[app.name]
            container = {"name": app.name, "image": f"registry.bank.example/{app.name}:2.4.0"}
            pods = {"containers": [{**container, "resources": {"limits": {"memory": "512Mi"}}}]}
            drift.declare(state, app.name, {"spec": {"replicas": 3, "template": {"spec": pods}}})
            for name, data in MORE[app.name].items():
                if all(one.name != name for one in state.resources):
                    state.resources.append(ResourceState("ConfigMap", name, "", app.namespace))
                drift.declare(state, name, {"data": data})

    def _reads(self, app: Application, since: datetime) -> None:
        """Two applications read a parameter that a run writes: one every hour, the other once and never again by itself."""
        if app.name in READERS:
            state, name, every = self.argocd.applications[app.name], f"{app.name}-database", READERS[app.name]
            secrets.add_store(state, "parameters")
            secrets.add_external(state, name, [DATABASE], since, every=every)
            secrets.add_workload(state, app.name, env=[name])

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Nobody is answered meanwhile."""
        with self.tfe.lock, self.argocd.lock, self.github.locked():
            yield

    def forget_requests(self) -> None:
        """The fakes note every request for the tests; a demo that runs for days must not."""
        for noted in (self.tfe.requests, self.argocd.requests, self.github.asked):
            noted.clear()

    def next_version(self, name: str) -> str:
        self._versions[name] = number = self._versions.get(name, 0) + 1
        return f"2.{4 + number // 10}.{number % 10}"

    # -- Git

    def propose(
        self,
        repository: str,
        title: str,
        author: str,
        at: datetime,
        paths: Sequence[str],
        *,
        labels: Sequence[str] = (),
        ticket: bool = False,
    ) -> Proposal:
        number = len(self.github.repositories[repository].pull_requests) + 1
        body = f"CHG{1000000 + 37 * number}" if ticket else ""
        branch = f"{'renovate' if author.endswith('[bot]') else author}/{number}"
        made = self.github.add_pull_request(
            repository, title, author, at, branch, labels, [(None, author, title, list(paths))], body
        )
        return Proposal(repository, made, title, tuple(paths))

    def push(self, pr: Proposal, author: str, message: str, paths: Sequence[str], at: datetime) -> None:
        self.github.push(pr.repository, pr.number, author, message, paths, at)

    def review(self, pr: Proposal, reviewer: str, state: str, at: datetime) -> None:
        self.github.review(pr.repository, pr.number, reviewer, state, at)

    def approve(self, pr: Proposal, reviewer: str, at: datetime) -> None:
        self.review(pr, reviewer, "APPROVED", at)

    def merge(self, pr: Proposal, by: str, at: datetime, brings: Brings | None = None) -> str:
        """Squashed onto the default branch, which Argo CD then finds to have moved. Raises ValueError without its approvals.

        Without `brings` it changes something of every object whose application's path it touches.
        """
        state = self.github.repositories[pr.repository].pull_requests[pr.number]
        approved = {one.author for one in state.reviews if one.state == "APPROVED" and one.commit == state.head} - {state.author}
        if len(approved) < self._approvals(pr.repository):
            raise ValueError(f"{pr.repository}#{pr.number} has too few approvals to be merged")
        branches.check(self.github, pr.repository, pr.number, CHECK, "SUCCESS", at - timedelta(seconds=30))
        sha = self.github.merge(pr.repository, pr.number, by, at, "squash")
        self._landed(pr.repository, sha, pr.paths, by, at, brings)
        return sha

    def push_directly(self, repository: str, by: str, at: datetime, paths: Sequence[str], message: str) -> str:
        """Raises ValueError where the branch asks for approvals."""
        if self._approvals(repository):
            raise ValueError(f"main of {repository} takes no push without a pull request")
        sha = self.github.direct_push(repository, by, at, paths, message)
        self._landed(repository, sha, paths, by, at)
        return sha

    def _approvals(self, repository: str) -> int:
        found = self.github.repositories[repository].protected.get("main")
        return (found.approvals or 0) if found else 0

    @contextmanager
    def lifted(self, repository: str, at: datetime) -> Iterator[None]:
        """An administrator, whom the rules bind too, takes them off, and puts them back before anybody reads them."""
        branches.protect(self.github, repository, "main", None, at)
        try:
            yield
        finally:
            branches.protect(self.github, repository, "main", PROTECTION, at)

    def _landed(self, repository: str, sha: str, paths: Sequence[str], by: str, at: datetime, brings: Brings | None = None) -> None:
        message = self.github.repositories[repository].git.commits[sha].message
        self.argocd.commit(sha, at=at, author=by, message=message)
        everything = (*self.applications, *QUIET) if brings is None else ()
        touched = [app.path for app in everything if any(path.startswith(f"{app.path}/") for path in paths)]
        self.argocd.push(f"{GIT}/{repository}.git", sha, at, paths=touched)
        if brings:
            drift.commit(self.argocd, self.touch(brings.app), sha, at, brings.changes, removed=brings.removed)

    def close(self, pr: Proposal, by: str, at: datetime) -> None:
        self.github.close(pr.repository, pr.number, by, at)

    # -- Terraform Enterprise

    def policies(self, told: Policies) -> list[PolicyState]:
        return [PolicyState(s, name, passed, level, DESCRIPTIONS.get(name, "")) for s, name, passed, level in told]

    def speculative(self, pr: Proposal, place: Place, author: str, at: datetime) -> RunState:
        """The run that Terraform Enterprise starts for a pull request; it is over when its policies are judged."""
        head = self.github.repositories[pr.repository].pull_requests[pr.number].head
        url = f"{GIT}/{pr.repository}/pull/{pr.number}"
        told = PullRequestState(pr.number, pr.title, url)
        return self.tfe.add_run(
            place.name, pr.title, at, PIPELINE, head, told, speculative=True, sender=author, branch=f"{author}/{pr.number}"
        )

    def run(self, place: Place, sha: str, author: str, at: datetime) -> RunState:
        """What a merge to the default branch starts."""
        message = self.github.repositories[INFRA].git.commits[sha].message.splitlines()[0]
        return self.tfe.add_run(place.name, message, at, PIPELINE, sha, sender=author)

    # -- Argo CD

    def _acted(self) -> None:
        if not self.argocd_down:
            self.argocd_acts += 1

    def touch(self, app: Application) -> ApplicationState:
        """The fake's, to which something is done that Argo CD sees: a knob of `argocd_drift`, say."""
        self._acted()
        return self.argocd.applications[app.name]

    def waits_for_sync(self, app: Application) -> bool:
        """Whether automation has anything to do."""
        return self.argocd.applications[app.name].sync != "Synced"

    def is_busy(self, app: Application) -> bool:
        """Argo CD runs one operation at a time for an application."""
        return self.argocd.applications[app.name].requested is not None

    def begin_sync(self, app: Application, at: datetime, by: str | None) -> None:
        """To the tip of the branch, as Argo CD does; `by` None is automation."""
        self.argocd.begin(self.argocd.applications[app.name], at, by)

    def finish_sync(self, app: Application, at: datetime, failure: str | None = None) -> None:
        """At `at` its health has turned too."""
        self._acted()
        state, end = self.argocd.applications[app.name], at - timedelta(seconds=1)
        if failure is None:
            self.argocd.finish(state, end)
        else:
            self.argocd.finish(state, end, "Failed", failure)

    def heal(self, app: Application, at: datetime) -> None:
        """Over at `at`."""
        self._acted()
        self.argocd.heal(self.argocd.applications[app.name], at - timedelta(seconds=2))

    def roll_back(self, app: Application, by: str, at: datetime) -> bool:
        """To the deployment before the present one, over at `at`; False when there is none to go back to."""
        state = self.argocd.applications[app.name]
        if len(state.history) < 2:
            return False
        self._acted()
        self.argocd.rollback(state, at - timedelta(seconds=3), by, int(state.history[-2]["id"]))
        return True

    def degraded(self, app: Application, at: datetime) -> None:
        self._acted()
        self.argocd.turn_health(self.argocd.applications[app.name], "Degraded", at)

    def goes_down(self) -> None:
        """Argo CD's server answers nobody; its controller works on."""
        self._acted()
        self.argocd_down = True
        self.argocd.fail_next(503, 1_000_000)

    def comes_back(self) -> None:
        self.argocd_down = False
        self.argocd.failures.clear()
        self._acted()
