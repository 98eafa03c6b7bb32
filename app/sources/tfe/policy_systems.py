"""Reads what judged a run: policy checks with their logs, task stages with what is in them, Terraform policy.

One request a policy-check list, a stage, an evaluation's outcomes; none for what the run says is not there, or is settled and was
read before.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from app.canonical import digest, plain
from app.errors import NotUnderstood, SourceError, Throttled, Unauthorized
from app.sources.tfe import wire
from app.sources.tfe.client import Client
from app.sources.tfe.policy import levels_open
from app.sources.tfe.policy_log import Logged, read_policy_log
from app.sources.tfe.story import Evaluation
from app.sources.tfe.strip import clean
from app.sources.tfe.terms import FINAL, SETTLED, TERRAFORM_POLICY, UNSETTLED
from app.sources.tfe.wire import Document, Resource

Fetch = Callable[[str], Document | None]
# Statuses that a run has only been in where it has some of these.
SIGNS = {
    "policy-checks": ("policy-checked", "policy-soft-failed", "policy-override", "policy-checking"),
    "task-stages": ("pre-plan-", "post-plan-", "pre-apply-", "post-apply-"),
}
LOGS = "policy-log"  # as `Reader.wanted` names the logs of checks whose policies all passed


class Asker(Protocol):
    """One run being read: `details.Reading`."""

    run: Resource
    included: Mapping[str, Mapping[str, Resource]]
    unreadable: list[tuple[str, str]]

    @property
    def client(self) -> Client: ...

    @property
    def every_log(self) -> bool: ...

    def saw(self, what: str, subject: str, path: str, value: Any, part: str = "") -> None: ...

    def part(self, what: str, fetch: Fetch, more: Callable[[Document], Mapping[str, Any]] | None = None) -> Document | None: ...

    def tolerant(self, what: str, fetch: Fetch, key: str) -> Document | None: ...

    def noted(self, what: str) -> None: ...

    def same(self, part: str, mark: str) -> bool: ...

    def settled(self, part: str, mark: str) -> None: ...


@dataclass
class Judged:
    """`told`: whether the server said which policies were checked, or that none was."""

    checks: Sequence[Resource] = ()
    logs: dict[str, list[Logged] | None] = field(default_factory=dict)
    evaluations: list[Evaluation] = field(default_factory=list)
    stages: list[Resource] = field(default_factory=list)
    tasks: list[Resource] = field(default_factory=list)
    told: bool = False
    missing: bool = False  # something that the run names did not answer


def judged(asker: Asker) -> Judged:
    out = Judged()
    _checks(asker, out)
    _stages(asker, out)
    _terraform(asker, out)
    out.told = (out.told or bool(out.evaluations)) and not out.missing
    return out


def mark_of(ids: Sequence[str] | None) -> str:
    """Tells a set of ids from another; nothing where the server does not say the ids."""
    return digest(",".join(sorted(ids)).encode())[7:23] if ids else ""


def told_none(run: Resource, what: str) -> bool:
    """Whether the run says that it has none of these, and nothing else of it says that it has."""
    if run.many(what) != [] or what == "run-events":  # every run has at least the event of its creation
        return False
    stamps = run.attributes.get("status-timestamps")
    reached = {*(str(key) for key in stamps), f"{run.attributes.get('status')}-at"} if isinstance(stamps, dict) else set()
    return not any(key.replace("_", "-").startswith(SIGNS.get(what, ())) for key in reached)


def _checks(asker: Asker, out: Judged) -> None:
    what, ids = "policy-checks", asker.run.many("policy-checks")
    mark = mark_of(ids)
    if told_none(asker.run, what) or asker.same(what, mark):
        out.told = True
        return

    def logs(document: Document) -> Mapping[str, Any]:
        out.logs = {one.id: _log(asker, one) for one in document.data if _log_wanted(asker, one)}
        told = {key: [[p.policy, p.level, p.verdict] for p in found] for key, found in out.logs.items() if found}
        return {"logs": told} if told else {}

    document = asker.part(what, asker.client.policy_checks, logs)
    out.told = document is not None
    out.checks = document.data if document else ()
    closed = asker.run.status in FINAL
    statuses = SETTLED | ({"soft_failed"} if closed else set())
    if document and not document.unreadable and None not in out.logs.values() and _all(out.checks, statuses):
        asker.settled(what, mark)


def _log_wanted(asker: Asker, check: Resource) -> bool:
    """The log is read where a level is open that matters: of a policy that failed, or of every one where the bank wants that."""
    found, _ = wire.read(wire.CheckAttributes, check.attributes)
    return bool(found.result) and found.status not in UNSETTLED and levels_open(found.result, every=asker.every_log)


def _log(asker: Asker, check: Resource) -> list[Logged] | None:
    """None when there is none to read now; it is not the check's own answer, so failing to read it stops nothing."""
    try:
        with asker.client.policy_log(check.id) as streamed:
            found = None if streamed.status == 204 else read_policy_log(streamed.chunks)
            unread = streamed.status != 204 and found is None
    except (Throttled, Unauthorized):
        raise
    except SourceError as error:
        asker.unreadable += [(LOGS, plain(f"{check.id}: {error.found}", 300))] if isinstance(error, NotUnderstood) else []
        return None
    if unread:
        asker.unreadable.append((LOGS, f"{check.id}: not the log of a policy check"))
    return found


def _stages(asker: Asker, out: Judged) -> None:
    ids = asker.run.many("task-stages") or None
    if told_none(asker.run, "task-stages"):
        return
    mark = _stages_mark(asker, ids)
    if asker.same("task-stages", mark):
        return
    if ids is None:
        listed = asker.part("task-stages", asker.client.task_stages)
        ids = [one.id for one in listed.data] if listed else []
    before = len(asker.unreadable)
    for key in ids:
        document = asker.tolerant("task-stages", asker.client.task_stage, key)
        if document and document.data:
            _stage(asker, document, out)
    _note_missing(asker, out, "task-stages", len(ids) - len(out.stages), before)
    whole = len(out.stages) == len(ids) and len(asker.unreadable) == before
    read = [one.resource for one in out.evaluations]
    whole = whole and all(one.outcomes is not None for one in out.evaluations)
    if whole and _all([*out.stages, *read, *out.tasks], SETTLED):
        asker.settled("task-stages", mark)


def _note_missing(asker: Asker, out: Judged, what: str, missing: int, before: int) -> None:
    """Where what the run names is not there, or could not be read, nobody has said how it was judged."""
    out.missing = out.missing or missing > 0
    if missing > 0 and len(asker.unreadable) == before:
        asker.noted(what)


def _stages_mark(asker: Asker, ids: Sequence[str] | None) -> str:
    """Of the stages as the list sideloads them: their statuses and members; nothing where it does not."""
    held = asker.included.get("task-stages", {})
    if not ids or any(key not in held for key in ids):
        return ""
    return digest(repr([clean(held[key].raw) for key in sorted(ids)]).encode())[7:23]


def _stage(asker: Asker, document: Document, out: Judged) -> None:
    stage = document.data[0]
    evaluations = _members(asker, document, stage, "policy-evaluations")
    tasks = _members(asker, document, stage, "task-results")
    asker.saw(f"stage/{stage.id}", f"task-stage/{stage.id}", f"/api/v2/task-stages/{stage.id}", stage.raw, "task-stages")
    out.stages.append(stage)
    for task in tasks:
        asker.saw(f"task/{task.id}", f"task-result/{task.id}", f"/api/v2/task-results/{task.id}", _quiet(task), "task-stages")
    out.tasks += tasks
    for one in evaluations:
        outcomes = None
        if one.status not in UNSETTLED:
            outcomes = asker.tolerant("policy-set-outcomes", asker.client.policy_set_outcomes, one.id)
        path = f"/api/v2/policy-evaluations/{one.id}/policy-set-outcomes"
        out.evaluations.append(_evaluation(asker, Evaluation(one, None, stage), outcomes, path, "task-stages"))


def _quiet(task: Resource) -> dict[str, Any]:
    """Without the addresses that the task's own system gave, which may open something."""
    kept = {name: value for name, value in task.attributes.items() if name not in ("url", "task-url")}
    return {**task.raw, "attributes": kept}


def _members(asker: Asker, document: Document, stage: Resource, kind: str) -> list[Resource]:
    """The stage's evaluations or results: sideloaded, else asked for."""
    ids, held = stage.many(kind), document.included.get(kind, {})
    if ids is not None and all(key in held for key in ids):
        return [held[key] for key in ids]
    if kind == "policy-evaluations":
        found = asker.tolerant(kind, asker.client.policy_evaluations, stage.id)
        return found.data if found else []
    each = [asker.tolerant(kind, asker.client.task_result, key) for key in ids or ()]
    return [one for found in each if found for one in found.data]


def _evaluation(asker: Asker, one: Evaluation, outcomes: Document | None, path: str, part: str) -> Evaluation:
    raw = {"data": one.resource.raw, "outcomes": [each.raw for each in outcomes.data] if outcomes else None}
    name = f"{one.system}/{one.resource.id}"
    asker.saw(name, name, path, raw, part)
    return Evaluation(one.resource, [each.attributes for each in outcomes.data] if outcomes else None, one.stage, one.system)


def _terraform(asker: Asker, out: Judged) -> None:
    """Terraform policy: asked for where the run names evaluations, or has been in one of its states."""
    what, ids = "tf-policy-evaluations", asker.run.many("tf-policy-evaluations")
    stamps = asker.run.attributes.get("status-timestamps")
    reached = isinstance(stamps, dict) and any(str(key).startswith("tf-policy") for key in stamps)
    reached = reached or asker.run.status.startswith("tf_policy")
    mark = mark_of(ids)
    if ids == [] or (ids is None and not reached) or asker.same(what, mark):
        return
    if ids is None:
        listed = asker.part(what, asker.client.terraform_evaluations)
        ids = [one.id for one in listed.data] if listed else []
    found, before = [], len(asker.unreadable)
    for key in ids:
        document = asker.tolerant(what, asker.client.terraform_evaluation, key)
        if document and document.data:
            found.append(document.data[0])
            one = Evaluation(document.data[0], None, None, TERRAFORM_POLICY)
            outcomes = _outcomes(asker, document)
            out.evaluations.append(_evaluation(asker, one, outcomes, f"/api/v2/{what}/{key}", what))
    _note_missing(asker, out, what, len(ids) - len(found), before)
    if len(found) == len(ids) and _all(found, SETTLED):
        asker.settled(what, mark)


def _outcomes(asker: Asker, document: Document) -> Document | None:
    """Sideloaded; asked for where the server left them out."""
    one = document.data[0]
    ids, held = one.many("tf-policy-set-outcomes"), document.included.get("tf-policy-set-outcomes", {})
    if ids is not None and all(key in held for key in ids):
        return Document([held[key] for key in ids], {})
    if one.status in UNSETTLED:
        return None
    return asker.tolerant("tf-policy-set-outcomes", asker.client.terraform_outcomes, one.id)


def _all(resources: Sequence[Resource], statuses: frozenset[str] | set[str]) -> bool:
    return all(one.status in statuses for one in resources)
