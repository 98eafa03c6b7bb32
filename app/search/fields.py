"""What can be searched for: one table of keys per list. The help page and docs/search.md are rendered from it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from app.domain.drift import Cause, Ended, Layer
from app.domain.event import Step

VERDICTS = ("pass", "fail", "exception", "indeterminate", "not-applicable")
STATES = ("proposed", "in-progress", "finished", "stopped")
ACCOUNTS_ARE = ("unresolved", "person", "bot", "service", "decided", "seen", "unseen")
CAUSES = tuple(str(cause) for cause in Cause)
ENDS = tuple(str(ended).replace(" ", "-") for ended in Ended)
DRIFTS_ARE = ("open", "closed", "unknown", "drift", "not-drift", "over-limit", "within-limit")
PATHS_ARE = ("stale", "due", "fresh", "pinned", "unknown", "unread", "unwritten", "declared", "inferred")
STEPS = tuple(str(step) for step in Step)


class Kind(StrEnum):
    TEXT = "text"  # any text, case does not matter; * stands for any characters
    CHOICE = "choice"  # one of `values`
    NUMBER = "number"  # a whole number; > >= < <= and a..b
    TIME = "time"  # a date or a time
    COMMIT = "commit"  # the first 5 to 40 characters of a SHA
    PULL = "pull request"  # 412 or bank/infra#412


@dataclass(frozen=True, slots=True)
class Field:
    """One key. `yes` and `no` are its phrases in the sentence above a list, with {} where the values stand.

    `rank`: how few things one value usually finds; the smallest leads the way through the index.
    """

    key: str
    kind: Kind
    example: str
    description: str
    yes: str
    no: str
    values: tuple[str, ...] = ()
    rank: int = 50


Fields = Mapping[str, Field]

LONGEST_VALUE = 500  # characters of a term in the index; what is longer is found by its beginning


def folded(text: str) -> str:
    """`text` as terms hold it, so that case and length never part a value from its search."""
    return text.lower()[:LONGEST_VALUE]


def _table(*fields: Field) -> dict[str, Field]:
    return {field.key: field for field in fields}


T, C = Kind.TEXT, Kind.CHOICE

# fmt: off
CHANGES: Fields = _table(
    Field("env", T, "env:production", "The environment it changed.", "to {}", "not to {}", rank=80),
    Field("app", T, "app:payments-api", "The Argo CD application.", "in application {}", "not in application {}", rank=40),
    Field("workspace", T, "workspace:banking-*", "The Terraform workspace.", "in workspace {}", "not in workspace {}", rank=41),
    Field("project", T, "project:payments", "The Argo CD project.", "in project {}", "not in project {}", rank=43),
    Field("cluster", T, "cluster:prod-eu-1", "The cluster it was synced to.", "on cluster {}", "not on cluster {}", rank=60),
    Field("namespace", T, "namespace:payments", "The namespace it was synced to.",
          "in namespace {}", "not in namespace {}", rank=42),
    Field("repo", T, "repo:bank/infra", "The repository.", "from repository {}", "not from repository {}", rank=45),
    Field("author", T, "author:renovate[bot]", "Who wrote it.", "that {} authored", "that {} did not author", rank=30),
    Field("approver", T, 'approver:"Ben Okafor"', "Who approved it.", "that {} approved", "that {} did not approve", rank=32),
    Field("actor", T, 'actor:"Chen Wu"', "Anybody or anything that took part, in any role.",
          "that {} took part in", "that {} took no part in", rank=31),
    Field("account", T, "account:github:id:1001", "An account that took part, exactly, as the page People names it.",
          "that account {} took part in", "that account {} took no part in", rank=29),
    Field("resource", T, "resource:aws_eks_node_group.*", "A resource that it changed or planned to change: a Terraform address, "
          "type or module (module.eks), or a Kubernetes kind/name or kind.",
          "that touched {}", "that did not touch {}", rank=44),
    Field("class", T, "class:[standard,high]", "Its environment's class.", "of class {}", "not of class {}", rank=81),
    Field("is", C, "is:finished", "Where it stands: proposed, in-progress, finished or stopped; complete or incomplete, when a "
          "step of its chain is missing; drifted, when it holds drift; out-of-order, when a sync missed, or is to miss, what a "
          "Terraform run makes, or applies something after what needs it.", "that are {}", "that are not {}",
          (*STATES, "complete", "incomplete", "drifted", "out-of-order"), rank=91),
    Field("verdict", C, "verdict:fail", "The worst verdict of its controls.", "judged {}", "not judged {}", VERDICTS, rank=90),
    Field("control", T, "control:AUTH-2/fail", "A control that applied to it; with /pass, /fail, /exception or /indeterminate, "
          "what that control said.", "with control {}", "without control {}", rank=71),
    Field("policy", T, "policy:require-tags", "A policy that judged it.", "judged by policy {}", "not judged by policy {}",
          rank=70),
    Field("gap", T, 'gap:"no approval"', "A step its chain is missing.", "with the gap {}", "without the gap {}", rank=72),
    Field("sync", T, "sync:rollback", "An operation of Argo CD by its kind (automated, manual, selective, prune, rollback, "
          "self-heal, dry-run, local, applicationset, injected), by how it went (failed, retried, terminated, forced, replaced, "
          "pruning, pruned, partial), or by the cause of its failure (cause/namespace-missing).",
          "with a sync that is {}", "without a sync that is {}", rank=73),
    Field("drift", T, "drift:*", "A drift in it, by its id.", "with drift {}", "without drift {}", rank=4),
    Field("pr", Kind.PULL, "pr:bank/infra#412", "The pull request; the number alone finds it in any repository.",
          "of pull request {}", "not of pull request {}", rank=3),
    Field("commit", Kind.COMMIT, "commit:4f1c2d9", "A commit; its first 5 characters are enough.",
          "with commit {}", "without commit {}", rank=2),
    Field("run", T, "run:run-Jd8wQ2sVbn4LrPk1", "The Terraform run.", "of run {}", "not of run {}", rank=1),
    Field("number", Kind.NUMBER, "number:4391", "Its number here.", "numbered {}", "not numbered {}", rank=0),
    Field("source", T, "source:tfe-prod", "A source that saw it.", "seen by {}", "not seen by {}", rank=92),
    Field("after", Kind.TIME, "after:2026-09-24", "At this time or later.", "from {}", "up to {}"),
    Field("before", Kind.TIME, "before:2026-10-08", "Earlier than this time.", "up to {}", "from {}"),
)

EVENTS: Fields = _table(
    Field("source", T, "source:argocd-prod", "The source that told it.", "from {}", "not from {}", rank=92),
    Field("app", T, "app:payments-api", "The Argo CD application.", "in application {}", "not in application {}", rank=40),
    Field("workspace", T, "workspace:banking-*", "The Terraform workspace.", "in workspace {}", "not in workspace {}", rank=41),
    Field("repo", T, "repo:bank/infra", "The repository.", "from repository {}", "not from repository {}", rank=45),
    Field("actor", T, "actor:chen-wu", "Who or what did it, by the source's name or id.", "by {}", "not by {}", rank=31),
    Field("type", T, "type:run", "What it is about, in the source's word.", "of type {}", "not of type {}", rank=80),
    Field("step", C, "step:applied", "The house word for what happened.", "of step {}", "not of step {}", STEPS, rank=81),
    Field("status", T, "status:policy_soft_failed", "The source's own word for how it stands.",
          "with status {}", "without status {}", rank=82),
    Field("is", C, "is:unknown", "unknown: the source's word is new to us; observed, reconstructed or inferred: how it is known.",
          "that are {}", "that are not {}", ("unknown", "observed", "reconstructed", "inferred"), rank=90),
    Field("pr", Kind.PULL, "pr:bank/infra#412", "The pull request; the number alone finds it in any repository.",
          "of pull request {}", "not of pull request {}", rank=3),
    Field("commit", Kind.COMMIT, "commit:4f1c2d9", "A commit; its first 5 characters are enough.",
          "with commit {}", "without commit {}", rank=2),
    Field("run", T, "run:run-Jd8wQ2sVbn4LrPk1", "The Terraform run.", "of run {}", "not of run {}", rank=1),
    Field("change", Kind.NUMBER, "change:4391", "The number of the change it belongs to.",
          "of change {}", "not of change {}", rank=0),
    Field("seq", Kind.NUMBER, "seq:1259000..1259100", "Its place in the ledger.",
          "with ledger index {}", "without ledger index {}"),
    Field("after", Kind.TIME, "after:2026-09-24", "At this time or later.", "from {}", "up to {}"),
    Field("before", Kind.TIME, "before:2026-10-08", "Earlier than this time.", "up to {}", "from {}"),
)

PEOPLE: Fields = _table(
    Field("person", T, 'person:"Ana Ferreira"', "Who the account is, as the list or a decision says.", "of {}", "not of {}"),
    Field("account", T, "account:github:id:1001", "The account, as `<system>:<account>`.", "called {}", "not called {}"),
    Field("name", T, "name:ana-ferreira", "What the source calls it.", "named {}", "not named {}"),
    Field("system", T, "system:tfe-prod", "Where the account is: a source, or email.", "in {}", "not in {}"),
    Field("role", T, "role:approver", "A role it has in its newest change.", "in the role {}", "not in the role {}"),
    Field("is", C, "is:unresolved", "unresolved, or whose it is: person, bot or service; decided, when a decision says so; unseen, "
          "when no change has it.", "that are {}", "that are not {}", ACCOUNTS_ARE),
)

DRIFT: Fields = _table(
    Field("env", T, "env:production", "The environment it stands in.", "in {}", "not in {}", rank=80),
    Field("app", T, "app:payments-api", "The Argo CD application.", "in application {}", "not in application {}", rank=40),
    Field("workspace", T, "workspace:banking-*", "The Terraform workspace.", "in workspace {}", "not in workspace {}", rank=41),
    Field("project", T, "project:payments", "The project of the application, or of the workspace.",
          "in project {}", "not in project {}", rank=43),
    Field("cluster", T, "cluster:prod-eu-1", "The cluster.", "on cluster {}", "not on cluster {}", rank=60),
    Field("namespace", T, "namespace:payments", "The namespace of the object, or of its application.",
          "in namespace {}", "not in namespace {}", rank=42),
    Field("resource", T, "resource:Deployment/payments-api", "What differs: a Kubernetes kind/name or kind, or a Terraform "
          "address, type or module.", "of {}", "not of {}", rank=44),
    Field("cause", C, "cause:live-edit", "Why it differs, as far as that is known.", "caused by {}", "not caused by {}", CAUSES,
          rank=70),
    Field("ended", C, "ended:self-heal", "What ended it.", "ended by {}", "not ended by {}", ENDS,
          rank=71),
    Field("manager", T, "manager:kubectl-*", "A program that wrote to it, as Kubernetes names it.",
          "written by {}", "not written by {}", rank=50),
    Field("person", T, "person:alice", "Who did it, where that is known.", "that {} did", "that {} did not do", rank=30),
    Field("actor", T, "actor:alice", "Who or what did it: a person, or a program that wrote to it.",
          "with a part of {}", "without a part of {}", rank=31),
    Field("class", T, "class:[standard,high]", "Its environment's class.", "of class {}", "not of class {}", rank=81),
    Field("layer", C, "layer:kubernetes", "kubernetes (through Argo CD) or terraform.", "of layer {}", "not of layer {}",
          tuple(str(layer) for layer in Layer), rank=90),
    Field("is", C, "is:over-limit", "How it stands: open, closed, or unknown, where nobody can tell; drift, or not-drift (a commit "
          "that is not deployed yet, an object that waits to be pruned); over-limit or within-limit, where a limit is set.",
          "that are {}", "that are not {}", DRIFTS_ARE, rank=91),
    Field("drift", T, "drift:4e6f2a1c-9a56-5f0e-8c8e-2d6d1f7d2b11", "An episode, by its id.",
          "with id {}", "without id {}", rank=1),
    Field("change", Kind.NUMBER, "change:4391", "The number of the change that stands on it, or that ended it.",
          "of change {}", "not of change {}", rank=0),
    Field("source", T, "source:argocd-prod", "The source that told it.", "seen by {}", "not seen by {}", rank=92),
    Field("after", Kind.TIME, "after:2026-09-24", "Still standing at this time, or begun later.", "from {}", "up to {}"),
    Field("before", Kind.TIME, "before:2026-10-08", "Begun earlier than this time.", "up to {}", "from {}"),
)

LINEAGE: Fields = _table(
    Field("path", T, "path:/payments/*", "The path, as it is written or as it is asked for.", "at {}", "not at {}"),
    Field("system", T, "system:aws-ssm", "The store: aws-ssm, aws-secrets-manager, vault, gcp-secret-manager, azure-key-vault.",
          "in {}", "not in {}"),
    Field("workspace", T, "workspace:settlements-*", "A Terraform workspace that writes it.",
          "written by workspace {}", "not written by workspace {}"),
    Field("app", T, "app:payments-api", "An Argo CD application that reads it, or uses the Secret that was made of it.",
          "read by application {}", "not read by application {}"),
    Field("project", T, "project:payments", "The project of a reader.", "read in project {}", "not read in project {}"),
    Field("cluster", T, "cluster:prod-eu-1", "The cluster of a reader.", "read on cluster {}", "not read on cluster {}"),
    Field("namespace", T, "namespace:payments", "The namespace of a reader.", "read in namespace {}", "not read in namespace {}"),
    Field("resource", T, "resource:aws_ssm_parameter.*", "A Terraform address, type or module that writes it; or the kind/name or "
          "kind of an ExternalSecret, a Secret or a workload.", "through {}", "not through {}"),
    Field("run", T, "run:run-Jd8wQ2sVbn4LrPk1", "The run that last changed it.", "changed by run {}", "not changed by run {}"),
    Field("source", T, "source:tfe-prod", "A source that told of it.", "told by {}", "not told by {}"),
    Field("is", C, "is:stale", "stale: a reader has not read the last change, and should have; due: its next refresh will; fresh, "
          "pinned (it asks for one version) or unknown; unread, unwritten: nobody we watch does; declared or inferred: how a "
          "reader is known.", "that are {}", "that are not {}", PATHS_ARE),
)
# fmt: on

LISTS: Mapping[str, Fields] = {"changes": CHANGES, "events": EVENTS, "drift": DRIFT, "people": PEOPLE, "lineage": LINEAGE}
