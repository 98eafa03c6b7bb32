"""A tiny world for each kind of source, in which every endpoint that the source asks has something to tell.

A new kind of source joins the fault matrix by a row in `ROWS`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from app.demo.fakes import tfe_policies as stages
from app.demo.fakes.argocd import argocd_app
from app.demo.fakes.argocd_state import TOKEN as ARGOCD_TOKEN
from app.demo.fakes.argocd_state import ArgocdState
from app.demo.fakes.github import github_app
from app.demo.fakes.github_state import GithubState
from app.demo.fakes.tfe import tfe_app
from app.demo.fakes.tfe_state import PolicyState, PullRequestState, TfeState
from app.sources.contract import Want
from app.sources.registry import KINDS

START = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOST = "fake.bank.example"
REPO = "bank/infra"
GITHUB_TOKEN = "ghp_0123456789abcdefABCDEF0123456789"


@dataclass(frozen=True)
class Told:
    """A fake with its story. `names` are the words in its paths that name a thing; `settings` go into the connection."""

    app: Any
    token: str
    names: frozenset[str]
    settings: Mapping[str, Any] = field(default_factory=dict)
    wants: Sequence[Want] = ()
    path: str = ""  # of the connection's url


@dataclass(frozen=True)
class Row:
    kind: str
    tell: Callable[[list[datetime]], Told]

    @property
    def connect(self) -> Callable[..., Any]:
        return KINDS[self.kind]


def tfe(clock: list[datetime]) -> Told:
    """Four runs: one of everything, one judged in the three systems, one plan of a pull request, one of two years ago."""
    return _tfe(TfeState(created_at=START - timedelta(days=3), now=lambda: clock[0]))


def older_tfe(clock: list[datetime]) -> Told:
    """The same on a server without a list for the organization, without sideloads, and with the other spelling of its stages'."""
    state = TfeState(created_at=START - timedelta(days=3), now=lambda: clock[0])
    state.missing, state.includes = {"organization-runs"}, set()
    state.policies.include_dashes, state.estate.includes = True, set()
    return _tfe(state)


def _tfe(state: TfeState) -> Told:
    state.lists_per_minute, state.page_size = 10_000, 2
    place = state.add_workspace("payments-production", REPO, "prod", created_at=START - timedelta(days=700))
    other = state.add_workspace("fraud-production", REPO, "fraud", created_at=START - timedelta(days=2))
    state.add_workspace("third-production", REPO, "third", created_at=START - timedelta(days=2))
    carol, bob = state.user("carol"), state.user("bob")
    begin = START - timedelta(hours=3)
    run = state.add_run(place, "Add a subnet", begin, "alice", "a" * 40, sender="alice-gh")
    run.plan(begin + MINUTE, 1, 2)
    stages.estimate(run, begin + 2 * MINUTE, "1.0", "2.0", "1.0")
    soft, fine = PolicyState("bank", "cost", False, "soft-mandatory", "Too dear"), PolicyState("bank", "tags")
    run.policy(begin + 3 * MINUTE, [soft, fine])
    run.override(begin + 4 * MINUTE, carol, "Agreed in CHG-1")
    run.confirm(begin + 5 * MINUTE, bob, "Go")
    run.apply(begin + 6 * MINUTE)
    state.plans.schemas = 0
    state.plans.archivist = state.policies.archivist = f"https://archivist.{HOST}"
    state.plans.log(run.applied, [("aws_subnet.a", "create", "complete")])
    judged = state.add_run(other, "Judged", begin + MINUTE, "alice", "c" * 40, sender="alice-gh")
    judged.plan(begin + 2 * MINUTE, 1)
    judged.evaluate(begin + 3 * MINUTE, [soft])
    stages.task(judged, begin + 4 * MINUTE, "scanner")
    stages.override_stage(judged, begin + 5 * MINUTE, carol, "agreed")
    stages.terraform_policy(judged, begin + 6 * MINUTE, [soft])
    stages.override_terraform(judged, begin + 7 * MINUTE, carol)
    pull = PullRequestState(7, "Add a subnet", "https://github.bank.example/bank/infra/pull/7")
    plan = state.add_run(place, "Add a subnet", begin - MINUTE, "alice", "b" * 40, pull, speculative=True, sender="alice-gh")
    plan.plan(begin, 1)
    old = state.add_run(place, "Begin", START - timedelta(days=690), "alice", "d" * 40, sender="alice-gh")
    old.plan(old.created_at + MINUTE, 1)
    old.confirm(old.created_at + 2 * MINUTE, bob, "Go")
    old.apply(old.created_at + 3 * MINUTE)
    state.plans.log(old.applied, [("aws_vpc.a", "create", "complete")])
    state.estate.assess(place, START - MINUTE, 2)
    state.estate.lock(other, bob, "maintenance")
    state.audit.hcp = True
    state.audit.note(begin + 5 * MINUTE, bob, ("run", run.id), "apply", {"comment": "Go"})
    settings = {"organization": state.organization, "audit_token": state.audit.token, "apply_log": True, "policy_log": True}
    return Told(tfe_app(state), state.token, frozenset({state.organization}), settings)


def argocd(clock: list[datetime]) -> Told:
    """Three applications: synced by a person, healed, drifted."""
    return _argocd(ArgocdState(now=lambda: clock[0]))


def older_argocd(clock: list[datetime]) -> Told:
    """The same on a server whose list tells no projects."""
    return _argocd(ArgocdState(now=lambda: clock[0], version="v2.14.9+fake"))


def _argocd(state: ArgocdState) -> Told:
    for n in range(1, 5):
        state.commit(f"{n:040x}", at=START - timedelta(days=1), author="Alice Ng <alice@bank.example>", message=f"Change {n}")
    at = START - timedelta(minutes=40)
    names = ("ledger", "payments-api", "settlements")
    for n, name in enumerate(names):
        app = state.add_application(
            name,
            project="payments-production",
            repository=f"https://github.bank.example/{REPO}.git",
            path=name,
            at=at,
            revision=f"{n + 1:040x}",
            destination="prod-eu/payments",
        )
        state.sync(app, at + 5 * MINUTE, "bob", revision=f"{n + 2:040x}")
    state.edit(state.applications["ledger"], state.applications["ledger"].resources[0].name, at + 9 * MINUTE)
    state.heal(state.applications["settlements"], at + 10 * MINUTE)
    return Told(argocd_app(state), ARGOCD_TOKEN, frozenset(names))


def github(clock: list[datetime]) -> Told:
    """Two pull requests, one merged with a review, in pages of one; and a range that was deployed."""
    return _github(GithubState(token=GITHUB_TOKEN, nested_page_size=1))


def enterprise(clock: list[datetime]) -> Told:
    """The same on a GitHub Enterprise Server that is too old for some fields."""
    lacking = frozenset({"mergeQueueEntry", "isInMergeQueue"})
    return _github(GithubState(token=GITHUB_TOKEN, nested_page_size=1, enterprise="3.17.2", lacking=lacking))


def _github(state: GithubState) -> Told:
    begin = START - timedelta(days=1)
    base = state.add_repository(REPO, begin).tip
    commits = [(None, "ada", f"Change {n}", [f"prod/{n}.tf"]) for n in range(2)]
    number = state.add_pull_request(REPO, "Add a subnet", "ada", begin + 60 * MINUTE, "subnet", ["network"], commits)
    state.review(REPO, number, "bob", "CHANGES_REQUESTED", begin + 61 * MINUTE, "Why?")
    state.push(REPO, number, "ada", "Change 3", ["prod/3.tf"], begin + 62 * MINUTE, force=True)
    state.push(REPO, number, "ada", "Change 4", ["prod/4.tf"], begin + 63 * MINUTE, force=True)
    state.push(REPO, number, "ada", "Change 5", ["prod/5.tf"], begin + 63 * MINUTE)
    state.review(REPO, number, "bob", "APPROVED", begin + 64 * MINUTE, "Right")
    head = state.merge(REPO, number, "bob", begin + 65 * MINUTE)
    second = state.add_pull_request(REPO, "Another", "ada", begin + 70 * MINUTE, "another", (), commits[:1])
    state.merge(REPO, second, "bob", begin + 75 * MINUTE, "squash")
    tip = state.repositories[REPO].tip
    state.repositories[REPO].landed[tip].add(number)
    wants = (Want(REPO, tip, base, "prod"), Want(REPO, head), Want(REPO, base, head))
    names = frozenset(REPO.split("/"))
    path = "/api/v3" if state.enterprise else ""
    return Told(github_app(state), state.token or "", names, {"repositories": (REPO,)}, wants, path)


ROWS = {
    "tfe": Row("tfe", tfe),
    "tfe, older": Row("tfe", older_tfe),
    "argocd": Row("argocd", argocd),
    "argocd, older": Row("argocd", older_argocd),
    "github": Row("github", github),
    "github enterprise": Row("github", enterprise),
}
