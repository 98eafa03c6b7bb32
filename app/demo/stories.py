"""What happens at the bank. Each story is a generator over one change; the pauses are those of a working day."""

from collections.abc import Generator
from datetime import datetime, timedelta
from random import Random

from app.demo.bank import Bank, Policies
from app.demo.cast import BOT, COMPLIANCE, ENGINEERS, PIPELINE, Application, Workspace
from app.demo.fakes import argocd_drift as drift
from app.demo.script import Story, Tell

PCI, SOX = "pci-dss", "sox"
PASSING: Policies = (
    (PCI, "restrict-ingress-cidr", True, "hard-mandatory"),
    (PCI, "encrypt-at-rest", True, "hard-mandatory"),
    (SOX, "require-change-ticket", True, "soft-mandatory"),
)


def minutes(rng: Random, low: float, high: float) -> timedelta:
    return timedelta(seconds=round(60 * rng.uniform(low, high)))


def two(rng: Random) -> tuple[str, str]:
    """Two different engineers: who proposes, who reviews."""
    first, second = rng.sample(ENGINEERS, 2)
    return first, second


def synced(
    bank: Bank, app: Application, at: datetime, *, by: str | None = None, failure: str | None = None
) -> Generator[timedelta, datetime, datetime]:
    """A sync, when the one before it is over; `by` None is automation, which leaves alone what is in sync."""
    while bank.is_busy(app):
        at = yield timedelta(seconds=5)
    if by is None and not bank.waits_for_sync(app):
        return at
    bank.begin_sync(app, at, by)
    at = yield timedelta(seconds=20)
    bank.finish_sync(app, at, failure)
    return at


def release(bank: Bank, app: Application, rng: Random) -> Tell:
    """A new version: proposed, approved by someone else, merged, synced, healthy."""

    def tell(at: datetime) -> Story:
        author, reviewer = two(rng)
        title = f"{app.name} {bank.next_version(app.name)}"
        pr = bank.propose(app.repository, title, author, at, [f"{app.path}/deployment.yaml"])
        at = yield minutes(rng, 12, 150)
        bank.approve(pr, reviewer, at)
        at = yield minutes(rng, 12, 60)
        bank.merge(pr, author, at)
        at = yield minutes(rng, 1, 3)
        yield from synced(bank, app, at, by=None if app.auto_sync else author)

    return tell


def bump(bank: Bank, app: Application, rng: Random) -> Tell:
    """Renovate raises an image; a person approves, nobody else is behind it."""

    def tell(at: datetime) -> Story:
        pr = bank.propose(
            app.repository,
            f"Update image of {app.name} to {bank.next_version(app.name)}",
            BOT,
            at,
            [f"{app.path}/deployment.yaml"],
            labels=["dependencies"],
        )
        at = yield minutes(rng, 60, 400)
        bank.approve(pr, rng.choice(ENGINEERS), at)
        at = yield minutes(rng, 12, 30)
        bank.merge(pr, BOT, at)
        at = yield minutes(rng, 1, 3)
        yield from synced(bank, app, at, by=None if app.auto_sync else rng.choice(ENGINEERS))

    return tell


WORK = (
    ("Raise the node group's limit to {n}", (0, 1, 0)),
    ("Add an alarm on replication lag over {n} s", (1, 0, 0)),
    ("Peer the statements VPC, route {n}", (3, 1, 0)),
    ("Rotate the log bucket's key, generation {n}", (1, 1, 1)),
    ("Let the payments role read parameter {n}", (1, 0, 0)),
)


def provision(bank: Bank, workspace: Workspace, rng: Random, policies: Policies = PASSING) -> Tell:
    """Infrastructure: proposed with a speculative plan, approved, merged, planned, judged, confirmed by another, applied."""

    def tell(at: datetime) -> Story:
        author, reviewer = two(rng)
        text, counts = rng.choice(WORK)
        pr = bank.propose(
            "bank/infra",
            text.format(n=rng.randint(3, 40)),
            author,
            at,
            [f"{workspace.directory}/main.tf"],
            ticket=rng.random() < 0.7,
        )
        at = yield minutes(rng, 0.5, 1.5)
        plan = bank.speculative(pr, workspace, author, at)
        at = yield timedelta(seconds=20)
        plan.plan(at, *counts, awaits_policy=True)
        at = yield minutes(rng, 0.5, 1)
        plan.policy(at, bank.policies(policies))
        at = yield minutes(rng, 20, 200)
        bank.approve(pr, reviewer, at)
        at = yield minutes(rng, 12, 60)
        sha = bank.merge(pr, author, at)
        at = yield minutes(rng, 0.5, 1.5)
        run = bank.run(workspace, sha, author, at)
        at = yield minutes(rng, 0.5, 1.5)
        run.plan(at, *counts, awaits_policy=True)
        at = yield minutes(rng, 0.5, 1)
        run.policy(at, bank.policies(policies))
        if not run.final:
            if run.status == "policy_override":
                at = yield minutes(rng, 10, 40)
                run.override(at, bank.tfe.user(COMPLIANCE), "Ticket was raised in the old tracker; accepted for this change")
            at = yield minutes(rng, 2, 30)
            run.confirm(
                at, None if run.auto_apply else bank.tfe.user(reviewer), None if run.auto_apply else "window open, plan read"
            )
            at = yield minutes(rng, 1, 8)
            run.apply(at)

    return tell


def hard_failure(bank: Bank, workspace: Workspace, rng: Random) -> Tell:
    """A hard-mandatory policy stops the run: nothing reaches production."""
    failed: Policies = ((PCI, "restrict-ingress-cidr", False, "hard-mandatory"), *PASSING[1:])
    return provision(bank, workspace, rng, failed)


def overridden(bank: Bank, workspace: Workspace, rng: Random) -> Tell:
    """A soft-mandatory policy fails, and compliance lets it pass with a comment."""
    failed: Policies = (*PASSING[:2], (SOX, "require-change-ticket", False, "soft-mandatory"))
    return provision(bank, workspace, rng, failed)


def self_approved(bank: Bank, app: Application, rng: Random) -> Tell:
    """The one who approves has written a part of it."""

    def tell(at: datetime) -> Story:
        author, second = two(rng)
        pr = bank.propose(app.repository, f"{app.name}: raise the connection pool", author, at, [f"{app.path}/config.yaml"])
        at = yield minutes(rng, 5, 20)
        bank.push(pr, second, "And the timeout", [f"{app.path}/config.yaml"], at)
        at = yield minutes(rng, 1, 4)
        bank.approve(pr, second, at)
        at = yield minutes(rng, 1, 4)
        bank.merge(pr, second, at)
        at = yield minutes(rng, 1, 3)
        yield from synced(bank, app, at, by=None if app.auto_sync else second)

    return tell


def unreviewed(bank: Bank, app: Application, rng: Random) -> Tell:
    """Merged by its author four minutes after it was opened, past rules that were lifted for it; nobody looked."""

    def tell(at: datetime) -> Story:
        author = rng.choice(ENGINEERS)
        pr = bank.propose(app.repository, f"{app.name}: log less", author, at, [f"{app.path}/config.yaml"])
        at = yield timedelta(minutes=4)
        with bank.lifted(pr.repository, at):
            bank.merge(pr, author, at)
        at = yield minutes(rng, 1, 3)
        yield from synced(bank, app, at, by=None if app.auto_sync else author)

    return tell


def pushed_directly(bank: Bank, app: Application, rng: Random) -> Tell:
    """Late in the evening somebody who may lift the protection pushes straight to main; Argo CD takes it like any other."""

    def tell(at: datetime) -> Story:
        who = rng.choice(ENGINEERS)
        paths = [f"{app.path}/deployment.yaml"]
        with bank.lifted(app.repository, at):
            bank.push_directly(app.repository, who, at, paths, f"{app.name}: raise the memory limit, orders pile up")
        at = yield minutes(rng, 1, 3)
        yield from synced(bank, app, at, by=None if app.auto_sync else who)

    return tell


def apply_without_pull_request(bank: Bank, workspace: Workspace, rng: Random) -> Tell:
    """A run started by hand from a laptop, confirmed by the same person."""

    def tell(at: datetime) -> Story:
        who = rng.choice(ENGINEERS)
        run = bank.tfe.add_run(workspace.name, "Scale up for month end", at, who, source="terraform+cloud")
        at = yield minutes(rng, 0.5, 1)
        run.plan(at, 0, 2, 0, awaits_policy=True)
        at = yield minutes(rng, 0.5, 1)
        run.policy(at, bank.policies(PASSING))
        at = yield minutes(rng, 1, 3)
        run.confirm(at, bank.tfe.user(who))
        at = yield minutes(rng, 1, 4)
        run.apply(at)

    return tell


def discarded(bank: Bank, workspace: Workspace, rng: Random) -> Tell:
    """A pipeline's run whose plan destroys more than anyone meant; a person discards it."""

    def tell(at: datetime) -> Story:
        run = bank.tfe.add_run(workspace.name, "Nightly reconcile", at, bank.tfe.user(PIPELINE, service=True), source="tfe-api")
        at = yield minutes(rng, 0.5, 1)
        run.plan(at, 0, 0, 7, awaits_policy=True)
        at = yield minutes(rng, 0.5, 1)
        run.policy(at, bank.policies(PASSING))
        at = yield minutes(rng, 10, 60)
        run.discard(at, bank.tfe.user(rng.choice(ENGINEERS)), "This would delete the audit bucket")

    return tell


def abandoned(bank: Bank, app: Application, rng: Random) -> Tell:
    """Proposed, refused, closed."""

    def tell(at: datetime) -> Story:
        author, reviewer = two(rng)
        pr = bank.propose(app.repository, f"{app.name}: drop the readiness probe", author, at, [f"{app.path}/deployment.yaml"])
        at = yield minutes(rng, 10, 90)
        bank.review(pr, reviewer, "CHANGES_REQUESTED", at)
        at = yield minutes(rng, 60, 300)
        bank.close(pr, author, at)

    return tell


def edited_and_healed(bank: Bank, app: Application, rng: Random) -> Tell:
    """Somebody edits the live deployment with kubectl; Argo CD puts it back."""

    def tell(at: datetime) -> Story:
        drift.set_field(bank.argocd, bank.touch(app), app.name, "spec.replicas", 4, at)
        at = yield timedelta(seconds=rng.randint(8, 40))
        while bank.is_busy(app):
            at = yield timedelta(seconds=5)
        bank.heal(app, at)

    return tell


def drift_left_open(bank: Bank, app: Application, rng: Random) -> Tell:
    """The same on an application that does not heal itself, and nobody comes."""

    def tell(at: datetime) -> Story:
        drift.set_field(bank.argocd, bank.touch(app), f"{app.name}-config", "data.threshold", "0.95", at)
        yield timedelta(minutes=1)

    return tell


def rollback(bank: Bank, app: Application, rng: Random) -> Tell:
    """The new version misbehaves; someone goes back to the one before."""

    def tell(at: datetime) -> Story:
        bank.degraded(app, at)
        at = yield minutes(rng, 2, 9)
        while bank.is_busy(app):
            at = yield timedelta(seconds=5)
        bank.roll_back(app, rng.choice(ENGINEERS), at)

    return tell


def whole_chain(bank: Bank, app: Application, workspace: Workspace, rng: Random, *, too_early: bool = False) -> Tell:
    """One pull request with infrastructure and manifests. `too_early`: the sync starts before Terraform has made the namespace,
    and what is applied creates one resource more than the plan that was reviewed."""

    def tell(at: datetime) -> Story:
        author, reviewer = two(rng)
        title = (
            "Settlements: a namespace of its own"
            if too_early
            else f"Settlements: database endpoint and worker {bank.next_version(app.name)}"
        )
        counts = (2, 0, 0) if too_early else (2, 1, 0)
        pr = bank.propose(
            app.repository, title, author, at, [f"{workspace.directory}/main.tf", f"{app.path}/worker.yaml"], ticket=True
        )
        at = yield minutes(rng, 0.5, 1.5)
        plan = bank.speculative(pr, workspace, author, at)
        at = yield timedelta(seconds=20)
        plan.plan(at, *counts, awaits_policy=True)
        at = yield minutes(rng, 0.5, 1)
        plan.policy(at, bank.policies(PASSING))
        at = yield minutes(rng, 30, 120)
        bank.approve(pr, reviewer, at)
        at = yield minutes(rng, 5, 40)
        sha = bank.merge(pr, reviewer, at)
        at = yield minutes(rng, 0.5, 1)
        run = bank.run(workspace, sha, author, at)
        if too_early:
            at = yield minutes(rng, 0.5, 1)
            why = 'one or more objects failed to apply, reason: namespaces "settlements" not found'
            at = yield from synced(bank, app, at, failure=why)
        at = yield minutes(rng, 0.5, 1)
        run.plan(at, counts[0] + too_early, *counts[1:], awaits_policy=True)
        at = yield minutes(rng, 0.5, 1)
        run.policy(at, bank.policies(PASSING))
        at = yield minutes(rng, 2, 10)
        run.confirm(at, bank.tfe.user(reviewer), "namespace first, then the sync" if too_early else "plan as reviewed")
        at = yield minutes(rng, 1, 4)
        run.apply(at)
        at = yield minutes(rng, 1, 3)
        yield from synced(bank, app, at, by=reviewer if too_early else None)

    return tell


def outage(bank: Bank, app: Application, rng: Random) -> Tell:
    """Argo CD cannot be read for hours in which it syncs more often than its history remembers: a gap of known size."""

    def tell(at: datetime) -> Story:
        bank.goes_down()
        at = yield timedelta(minutes=5)
        for _ in range(13):
            author, reviewer = two(rng)
            title = f"{app.name}: tune the workers, step {bank.next_version(app.name)}"
            pr = bank.propose(app.repository, title, author, at, [f"{app.path}/tuning.yaml"])
            at = yield timedelta(minutes=6)
            bank.approve(pr, reviewer, at)
            at = yield timedelta(minutes=3)
            bank.merge(pr, author, at)
            at = yield timedelta(minutes=1)
            yield from synced(bank, app, at)
            at = yield timedelta(minutes=4)
        yield timedelta(minutes=110)
        bank.comes_back()

    return tell
