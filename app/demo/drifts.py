"""Stories of drift: what came to differ and was put right, and what still stands when the past ends.

What is open is of `cast.QUIET`, or of the application that people sync, where no live story goes: it stays while the demo lives.
"""

from datetime import datetime, timedelta
from random import Random

from app.demo import stories
from app.demo.bank import Bank, Brings
from app.demo.cast import PIPELINE, QUIET, QUIET_WORKSPACE, Application
from app.demo.fakes import argocd_drift as drift
from app.demo.fakes.tfe_plan_resources import PlannedResource
from app.demo.script import Story, Tell

CARDS, STATEMENTS = QUIET
MEMORY = "spec.template.spec.containers[{name}].resources.limits.memory"
DATABASE = "module.database.aws_db_instance.main"
RULE = "module.database.aws_security_group_rule.reporting"


def edited_and_forgotten(bank: Bank, app: Application) -> Tell:
    """In an incident somebody gives the live deployment more memory; nothing heals it, and nobody takes it to Git."""

    def tell(at: datetime) -> Story:
        drift.set_field(bank.argocd, bank.touch(app), app.name, MEMORY.format(name=app.name), "2Gi", at)
        yield timedelta(minutes=1)

    return tell


def scaled_and_healed(bank: Bank, app: Application, rng: Random) -> Tell:
    """Right after a rollout somebody scales it by hand; Argo CD puts back what it has just deployed."""

    def tell(at: datetime) -> Story:
        author, reviewer = stories.two(rng)
        pr = bank.propose(app.repository, f"{app.name}: probe more often", author, at, [f"{app.path}/deployment.yaml"])
        at = yield timedelta(minutes=25)
        bank.approve(pr, reviewer, at)
        at = yield timedelta(minutes=15)
        bank.merge(pr, author, at)
        at = yield timedelta(seconds=70)
        at = yield from stories.synced(bank, app, at)
        at = yield timedelta(seconds=12)
        drift.set_field(bank.argocd, bank.touch(app), app.name, "spec.replicas", 6, at, manager="kubectl-scale")
        at = yield timedelta(seconds=9)
        bank.heal(app, at)

    return tell


def edited_and_put_back(bank: Bank) -> Tell:
    """Somebody raises a limit for an hour, and sets it back by hand."""

    def tell(at: datetime) -> Story:
        drift.set_field(bank.argocd, bank.touch(CARDS), "card-ledger-config", "data.daily-limit", "9000", at)
        at = yield timedelta(minutes=50)
        drift.revert(bank.argocd, bank.touch(CARDS), "card-ledger-config", at)

    return tell


def edited_and_overtaken(bank: Bank, rng: Random) -> Tell:
    """What somebody scaled by hand is put back as a by-product, by the sync of the next commit."""

    def tell(at: datetime) -> Story:
        drift.set_field(bank.argocd, bank.touch(STATEMENTS), STATEMENTS.name, "spec.replicas", 1, at, manager="kubectl-scale")
        author, reviewer = stories.two(rng)
        title = "statements: send them an hour earlier"
        pr = bank.propose(STATEMENTS.repository, title, author, at, [f"{STATEMENTS.path}/config.yaml"])
        at = yield timedelta(minutes=45)
        bank.approve(pr, reviewer, at)
        at = yield timedelta(minutes=15)
        bank.merge(pr, author, at, Brings(STATEMENTS, {"statements-config": {"data.send-at": "05:00"}}))
        at = yield timedelta(minutes=2)
        yield from stories.synced(bank, STATEMENTS, at)

    return tell


def not_deployed_yet(bank: Bank, rng: Random) -> Tell:
    """A commit waits for somebody to sync it: one object is declared otherwise, and one no more."""

    def tell(at: datetime) -> Story:
        author, reviewer = stories.two(rng)
        title = "card-ledger: a higher daily limit, and last year's rates go"
        paths = [f"{CARDS.path}/config.yaml", f"{CARDS.path}/rates-2025.yaml"]
        pr = bank.propose(CARDS.repository, title, author, at, paths)
        at = yield timedelta(minutes=40)
        bank.approve(pr, reviewer, at)
        at = yield timedelta(minutes=20)
        brings = Brings(CARDS, {"card-ledger-config": {"data.daily-limit": "2500"}}, removed=("card-ledger-rates-2025",))
        bank.merge(pr, author, at, brings)

    return tell


def autoscaled(bank: Bank) -> Tell:
    """Its HorizontalPodAutoscaler sets the replicas that Git declares too."""

    def tell(at: datetime) -> Story:
        drift.autoscale(bank.argocd, bank.touch(CARDS), CARDS.name, 7, at)
        yield timedelta(minutes=1)

    return tell


def not_comparable(bank: Bank) -> Tell:
    """Argo CD can no longer render what is declared: whether it is live, nobody can tell."""

    def tell(at: datetime) -> Story:
        why = "Failed to load target state: failed to generate manifest for source 1 of 1: kustomize build: no rates.yaml"
        bank.argocd.incomparable(bank.touch(STATEMENTS), at, why)
        yield timedelta(minutes=1)

    return tell


def assessed(bank: Bank) -> Tell:
    """A health assessment counts two resources that drifted; the plan that follows names them, and is applied by nobody."""

    def tell(at: datetime) -> Story:
        bank.tfe.estate.assess(bank.tfe.workspace_named(QUIET_WORKSPACE.name), at, drifted=2, undrifted=14)
        at = yield timedelta(minutes=12)
        pipeline = bank.tfe.user(PIPELINE, service=True)
        run = bank.tfe.add_run(QUIET_WORKSPACE.name, "What drifted?", at, pipeline, source="tfe-api", speculative=True)
        found = [_changed(DATABASE, "backup_retention_period", "deletion_protection"), _changed(RULE, "cidr_blocks")]
        bank.tfe.plans.tell(run.planned, found, drift=found)
        at = yield timedelta(minutes=1)
        run.plan(at, 0, 2)

    return tell


def _changed(address: str, *attributes: str) -> PlannedResource:
    before, after = ({"name": address.rpartition(".")[2], **dict.fromkeys(attributes, value)} for value in ("declared", "live"))
    return PlannedResource(address=address, actions=("update",), before=before, after=after)
