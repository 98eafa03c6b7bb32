"""Events as a busy estate makes them: whole stories of changes, with the facts, sizes and keys that the sources give them.

Two in five stories are infrastructure (pull request, review, Terraform run with plan, policy check and apply), three are
applications (pull request, review, deployed range, Argo CD operation, health). Some are incomplete or fail.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from app.canonical import canonical_json, digest, stable_id
from app.domain.actor import Actor, ActorKind, automation
from app.domain.event import Event, Keys, Step
from app.domain.ref import Ref

DAWN = datetime(2026, 1, 5, 8, tzinfo=UTC)
PEOPLE = ("ana-ferreira", "ben-okafor", "chen-wu", "dan-novak", "eva-lindqvist", "farid-haddad", "grace-mensah", "hugo-martin")
TEAMS = ("payments", "ledger", "cards", "lending", "identity", "risk", "treasury", "onboarding")
STAGES = ("production", "production", "staging", "development")


@dataclass(frozen=True, slots=True)
class Page:
    """Events as one page brings them, and the raw payloads they were made of, by digest: each on the first page that names it."""

    events: list[Event]
    payloads: dict[str, bytes]


def pages(number: int, width: int = 1000) -> Iterator[Page]:
    """The first `number` pages of the estate's events, in the order in which they would be collected."""
    waiting: list[Event] = []
    payloads: dict[str, bytes] = {}
    stories = count()
    for _ in range(number):
        while len(waiting) < width:
            told = _Story(next(stories))
            waiting += told.events()
            payloads.update((digest(body), body) for body in told.payloads.values())
        yield Page(waiting[:width], payloads)
        waiting, payloads = waiting[width:], {}


class _Story:
    def __init__(self, n: int) -> None:
        self.n, self.team, self.stage = n, TEAMS[n % len(TEAMS)], STAGES[n // 7 % len(STAGES)]
        self.author, self.reviewer = _person(n), _person(n + 3)
        self.infra = n % 5 < 2
        self.repository = "bank/infra" if self.infra else "bank/application-manifests"
        self.head, self.merge = _sha("head", n), _sha("merge", n)
        self.title = f"Raise the connection limit of {self.team} in {self.stage} ({n})"
        self.payloads = {kind: _payload(kind, n) for kind in ("github", "tfe" if self.infra else "argocd")}
        self.observations = {kind: digest(body) for kind, body in self.payloads.items()}

    def events(self) -> Iterator[Event]:
        """Every event of one change: about thirteen."""
        yield from self.pull_request()
        yield from self.run() if self.infra else self.sync()

    def at(self, minutes: float) -> datetime:
        return DAWN + timedelta(seconds=self.n * 29) + timedelta(minutes=minutes, microseconds=self.n * 7919 % 1_000_000)

    def event(
        self, kind: str, type_: str, id_: str, status: str, step: Step, minutes: float, ref: Ref, keys: Keys, who: Actor | None,
        facts: dict[str, Any],
    ) -> Event:  # fmt: skip
        source = {"github": "github", "tfe": "tfe-prod", "argocd": "argocd-prod"}[kind]
        return Event(
            id=stable_id(source, type_, id_, status), source=source, kind=kind, type=type_, step=step, status=status, ref=ref,
            occurred_at=self.at(minutes), observed_at=self.at(minutes) + timedelta(seconds=41), actor=who, keys=keys, facts=facts,
            observation=self.observations[kind],
        )  # fmt: skip

    def pull_request(self) -> Iterator[Event]:
        number, id_ = self.n + 1, f"PR_kwDOBench{self.n:09d}"
        url = f"https://github.bank.example/{self.repository}/pull/{number}"
        ref, keys = Ref("pull request", id_, f"#{number}", url), Keys(repository=self.repository, pull_request=number)
        facts = {
            "number": number, "title": self.title, "base": "main", "head": f"feature/{self.team}-{self.n}", "head_oid": self.head,
            "merge_commit": self.merge, "labels": ["change", f"team/{self.team}"], "body_digest": digest(self.title.encode()),
            "state": "MERGED",
        }  # fmt: skip
        yield self.event("github", "pull-request", id_, "open", Step.PROPOSED, 0, ref, keys, self.author, facts)
        yield self.commit(number)
        if self.n % 9:
            told = {"number": number, "commit": self.head, "head_oid": self.head}
            review = Ref("review", f"PRR_{self.n}", f"review of #{number}", f"{url}#pullrequestreview-{self.n}")
            yield self.event("github", "review", f"PRR_{self.n}", "APPROVED", Step.REVIEWED, 14, review, keys, self.reviewer, told)
        yield self.event("github", "pull-request", id_, "merged", Step.MERGED, 20, ref, keys, self.reviewer, facts)

    def commit(self, number: int) -> Event:
        facts = {
            "number": number, "sha": self.head, "headline": self.title, "authored_at": self.at(-4).isoformat(),
            "author": {"login": self.author.name, "name": self.author.name, "email": f"{self.author.name}@bank.example"},
            "committer": {"login": self.author.name, "name": self.author.name, "email": f"{self.author.name}@bank.example"},
        }  # fmt: skip
        ref = Ref("commit", self.head, self.head[:12], f"https://github.bank.example/{self.repository}/commit/{self.head}")
        keys = Keys(repository=self.repository, pull_request=number, commits=(self.head,))
        return self.event("github", "commit", self.head, "committed", Step.PUSHED, -4, ref, keys, self.author, facts)

    def run(self) -> Iterator[Event]:
        run, workspace = f"run-{self.n:016d}", f"{self.team}-{max(0, self.n // 5 % 9 - 5)}-{self.stage}"
        url = f"https://tfe.bank.example/app/bank-platform/workspaces/{workspace}/runs/{run}"
        keys = Keys(repository=self.repository, pull_request=self.n + 1, commits=(self.merge,), workspace=workspace, run=run)
        ref, created = Ref("run", run, workspace, url), self.at(21)
        facts = {
            "title": self.title, "run_kind": "plan_and_apply", "run_source": "tfe-configuration-version",
            "trigger_reason": "manual", "auto_apply": False, "vcs_sender": self.author.name, "on_default_branch": True,
            "speculative": False, "created_at": created.isoformat(),
        }  # fmt: skip
        for status, step, minutes in _RUN:
            who = self.author if status == "pending" else None
            yield self.event("tfe", "run", run, status, step, minutes, ref, keys, who, facts)
        counts = {"added": self.n % 5, "changed": self.n % 3, "destroyed": self.n % 2, "imported": 0}
        plan, apply = Ref("plan", f"plan-{self.n}", workspace, url), Ref("apply", f"apply-{self.n}", workspace, url)
        yield self.event("tfe", "plan", plan.id, "finished", Step.PLANNED, 22, plan, keys, None, {**counts, "has_changes": True})
        yield self.policy(keys, url)
        yield self.event("tfe", "run-actor", run, "confirmed-by", Step.CONFIRMED, 26, ref, keys, self.reviewer, {})
        yield self.event("tfe", "apply", apply.id, "finished", Step.APPLIED, 28, apply, keys, None, counts)

    def policy(self, keys: Keys, url: str) -> Event:
        names = ("require-tags", "restrict-instance-types", "encryption-at-rest", "no-public-ingress")
        policies = [{"set": "bank-baseline", "policy": name, "level": "soft-mandatory", "verdict": "passed",
                     "description": f"Every resource must satisfy {name}."} for name in names]  # fmt: skip
        counts = {"passed": len(names), "hard_failed": 0, "soft_failed": 0, "advisory_failed": 0}
        facts = {"scope": "organization", "parsed": True, "counts": counts, "policies": policies}
        ref = Ref("policy check", f"polchk-{self.n:016d}", keys.workspace or "", url)
        return self.event("tfe", "policy-check", ref.id, "passed", Step.JUDGED, 23, ref, keys, None, facts)

    def sync(self) -> Iterator[Event]:
        place, before = self.n % 97, _sha("merge", self.n - 97 * 5)
        uid, application = f"0b6c5d3e-1f2a-4b3c-8d4e-{place:012d}", f"{TEAMS[place % len(TEAMS)]}-api-{place}"
        started = self.at(24)
        operation = f"{uid}/{started.isoformat()}"
        keys = Keys(
            repository=self.repository, commits=(self.merge,), application=application, project=f"{self.team}-{self.stage}",
            destination=f"{'prod' if self.stage == 'production' else 'stage'}-eu-1/{self.team}", operation=operation,
        )  # fmt: skip
        ref = Ref("application", uid, application, f"https://argocd.bank.example/applications/{application}")
        yield self.range(before, f"apps/{application}/{self.stage}")
        facts = self.operation(started, before, application, uid)
        running = {**facts, "finished_at": None}
        who = automation("Argo CD") if self.n % 3 else self.reviewer
        yield self.event("argocd", "operation", operation, "Running", Step.REQUESTED, 24, ref, keys, who, running)
        yield self.event("argocd", "operation", operation, "Succeeded", Step.SYNCED, 25, ref, keys, who, facts)
        for status, minutes in (("Progressing", 25.2), ("Healthy", 26)):
            yield self.event(
                "argocd", "health", f"{operation} {status}", status, Step.ASSESSED, minutes, ref, keys, None, {"uid": uid}
            )
        tip = {"author": self.author.name, "message": self.title, "date": self.at(20).isoformat()}
        at_rest = Keys(repository=self.repository, commits=(self.merge,), application=application)
        yield self.event("argocd", "revision", self.merge, "known", Step.NOTED, 25, ref, at_rest, None, tip)

    def operation(self, started: datetime, before: str, application: str, uid: str) -> dict[str, Any]:
        kinds = ("Deployment", "Service", "ConfigMap", "HorizontalPodAutoscaler")
        return {
            "operation_kind": "automated" if self.n % 3 else "manual", "revision": self.merge, "revisions": [self.merge],
            "path": f"apps/{application}/{self.stage}", "target_revision": "main", "previous_revision": before,
            "started_at": started.isoformat(), "finished_at": self.at(25).isoformat(),
            "message": "successfully synced (all tasks run)", "history_id": self.n, "retry_count": 0,
            "automated": bool(self.n % 3), "uid": uid,
            "resources": [{"kind": kind, "name": application, "namespace": self.team, "status": "Synced"} for kind in kinds],
        }  # fmt: skip

    def range(self, before: str, path: str) -> Event:
        id_ = f"{before}..{self.merge}"
        facts = {"base": before, "head": self.merge, "status": "ahead", "commits": [self.merge], "paths": {path: [self.merge]},
                 "complete": True}  # fmt: skip
        ref = Ref("range", id_, f"{before[:12]}..{self.merge[:12]}", f"https://github.bank.example/{self.repository}/compare/{id_}")
        return self.event("github", "range", id_, "ahead", Step.NOTED, 25, ref, Keys(repository=self.repository), None, facts)


_RUN = (
    ("pending", Step.REQUESTED, 21), ("plan_queued", Step.NOTED, 21.1), ("planning", Step.NOTED, 21.3),
    ("planned", Step.PLANNED, 22), ("policy_checking", Step.NOTED, 22.5), ("policy_checked", Step.JUDGED, 23),
    ("confirmed", Step.CONFIRMED, 26), ("applying", Step.NOTED, 26.2), ("applied", Step.APPLIED, 28),
)  # fmt: skip


def _payload(kind: str, n: int) -> bytes:
    """About 3 KB of JSON, as an answer about one thing has them."""
    lines = {
        f"attribute-{i}": {"id": f"{kind}-{n:08d}-{i}", "self": f"/api/v2/{kind}/{n}/{i}", "ok": i % 3 == 0} for i in range(32)
    }
    return canonical_json({"data": {"type": kind, "number": n, "attributes": lines}})


def _person(n: int) -> Actor:
    name = PEOPLE[n % len(PEOPLE)]
    return Actor(name, kind=ActorKind.HUMAN, id=name)


def _sha(name: str, n: int) -> str:
    return hashlib.sha1(f"{name} {n}".encode(), usedforsecurity=False).hexdigest()
