"""The events of what judged a run: its policies in three systems, its run tasks, its cost. Pure.

https://developer.hashicorp.com/terraform/enterprise/api-docs/policy-checks · …/policy-evaluations ·
…/run-tasks/run-task-stages-and-results · …/cost-estimates. Terraform policy (beta) is in the OpenAPI document only.
"""

from collections.abc import Mapping
from datetime import datetime

from app.canonical import JSON, plain
from app.domain.actor import unknown
from app.domain.event import How, Step
from app.sources.tfe import wire
from app.sources.tfe.policy import check_facts, count, evaluation_facts
from app.sources.tfe.story import Evaluation, Story
from app.sources.tfe.terms import (
    CHECK_STEPS,
    CHECK_VERDICTS,
    COST_STATUSES,
    SENTINEL,
    STAGE_STEPS,
    TASK_STEPS,
    UNSETTLED,
    status_of,
)
from app.sources.tfe.wire import Resource, moment

NOBODY = unknown("the policy result does not name who overrode it")


def tell_check(story: Story, resource: Resource) -> None:
    check = story.read(wire.CheckAttributes, resource, "policy-checks")
    logged = story.sheet.logs.get(resource.id)
    facts = {"system": SENTINEL, "scope": plain(check.scope, 60) or None, **check_facts(check.result, logged)}
    if check.result and not facts["parsed"]:
        story.unknown.append(("policy-checks.result.sentinel", resource.id))
    unread = "" if facts["parsed"] else "/unread"
    if resource.id in story.sheet.logs and logged is None:
        unread += "/unlogged"
    _judged(story, resource.id, check, facts, "policy-checks", unread)


def tell_evaluation(story: Story, evaluation: Evaluation) -> None:
    """An evaluation that failed, in a stage that was let go on, was overridden: its own status may not say so."""
    resource = evaluation.resource
    found = story.read(wire.EvaluationAttributes, resource, "policy-evaluations")
    facts: dict[str, JSON] = {"system": evaluation.system, "scope": "task-stage" if evaluation.stage else "run"}
    facts["policy_kind"] = plain(found.policy_kind, 60) or None
    facts["stage"] = _text(evaluation.stage, "stage") or plain(found.stage_type, 60) or None
    facts |= evaluation_facts(found.result_count, evaluation.outcomes)
    unread = "" if facts["parsed"] else "/unread"
    of = f"{evaluation.system}/{resource.id}"
    times = _judged(story, resource.id, found, facts, of, unread)
    at = overridden_at(story, evaluation.stage) if evaluation.stage else None
    if at and found.status == "failed" and "overridden" not in times:
        _let_go(story, "policy-check", resource.id, at, facts, of, f"overridden{unread}")


def _judged(
    story: Story,
    key: str,
    check: wire.CheckAttributes | wire.EvaluationAttributes,
    facts: Mapping[str, JSON],
    of: str,
    unread: str,
) -> dict[str, datetime]:
    """One event for each status it went through; counts and policies come with those that are a verdict."""
    times = {status_of(k): at for k, at in story.stamps(check.status_timestamps, "policy-checks").items()}
    if check.status and check.status not in times:
        times[check.status] = max([*times.values()], default=story.latest)
    for name, at in times.items():
        verdict = name in CHECK_VERDICTS or name not in CHECK_STEPS
        told = facts if verdict else {key: facts[key] for key in ("system", "scope")}
        actor = NOBODY if name == "overridden" else None
        step = CHECK_STEPS.get(name, Step.NOTED)
        part = name + (unread if verdict else "")  # when it can be read later, that is news
        story.tell("policy-check", key, name, step, at, part=part, known=name in CHECK_STEPS, actor=actor, facts=told, of=of)
    return times


def tell_stage(story: Story, stage: Resource) -> None:
    """Its statuses. A time that is overwritten when the stage goes on is another event, not the same one moved."""
    found = story.read(wire.StageAttributes, stage, "task-stages")
    facts: dict[str, JSON] = {"stage": plain(found.stage, 60) or None}
    times = {status_of(k): at for k, at in story.stamps(found.status_timestamps, "task-stages").items()}
    if found.status and found.status not in times:
        times[found.status] = moment(found.updated_at) or max([*times.values()], default=story.latest)
    for name, at in times.items():
        step, known = STAGE_STEPS.get(name, Step.NOTED), name in STAGE_STEPS
        part = f"{name}/{at.isoformat()}"
        story.tell("task-stage", stage.id, name, step, at, part=part, known=known, facts=facts, of=f"stage/{stage.id}")
    at_last = overridden_at(story, stage)
    if at_last and not any(one.stage is stage and _failed(one.resource) for one in story.sheet.evaluations):
        _let_go(story, "task-stage", stage.id, at_last, facts, f"stage/{stage.id}", "overridden")


def _let_go(story: Story, kind: str, key: str, at: datetime, facts: Mapping[str, JSON], of: str, part: str) -> None:
    facts = {**facts, "dated_by": "the task stage, which awaited an override and went on"}
    story.tell(kind, key, "overridden", Step.OVERRIDDEN, at, part=part, actor=NOBODY, how=How.RECONSTRUCTED, facts=facts, of=of)


def _failed(evaluation: Resource) -> bool:
    return evaluation.status in ("failed", "overridden")


def overridden_at(story: Story, stage: Resource) -> datetime | None:
    """When a stage that awaited an override went on; None when it did not."""
    found = story.read(wire.StageAttributes, stage, "task-stages")
    times = {status_of(k): at for k, at in wire.moments(found.status_timestamps)[0].items()}
    waited = times.get("awaiting_override")
    if waited is None or found.status not in ("running", "passed"):
        return None
    return min((times[name] for name in ("running", "passed") if name in times and times[name] >= waited), default=None)


def tell_task(story: Story, resource: Resource) -> None:
    """What a run task said of the run, once it has. https://developer.hashicorp.com/terraform/enterprise/api-docs/run-tasks"""
    task = story.read(wire.TaskAttributes, resource, "task-results")
    if task.status in UNSETTLED or not task.status:
        return
    stamps = {status_of(k): at for k, at in story.stamps(task.status_timestamps, "task-results").items()}
    at = stamps.get(task.status) or moment(task.updated_at) or max([*stamps.values()], default=story.latest)
    facts: dict[str, JSON] = {
        "stage": plain(task.stage, 60) or None,
        "task": plain(task.task_name, 200) or None,
        "level": plain(task.workspace_task_enforcement_level, 60) or None,
        "message": plain(task.message, 1000) or None,
        "outcomes": count(task.task_result_outcomes_count),
    }
    step, known = TASK_STEPS.get(task.status, Step.NOTED), task.status in TASK_STEPS
    story.tell("task-result", resource.id, task.status, step, at, known=known, facts=facts, of=f"task/{resource.id}")


def tell_cost(story: Story, resource: Resource) -> None:
    """Once there is one, or it is known that there will be none."""
    cost = story.read(wire.CostAttributes, resource, "cost-estimates")
    if cost.status in UNSETTLED or not cost.status:
        return
    stamps = {status_of(k): at for k, at in story.stamps(cost.status_timestamps, "cost-estimates").items()}
    at = stamps.get(cost.status) or max([*stamps.values()], default=story.latest)
    facts: dict[str, JSON] = {
        "prior": plain(cost.prior_monthly_cost, 60) or None,
        "proposed": plain(cost.proposed_monthly_cost, 60) or None,
        "delta": plain(cost.delta_monthly_cost, 60) or None,
        "resources": count(cost.resources_count),
        "unmatched": count(cost.unmatched_resources_count),
        "message": plain(cost.error_message, 500) or None,
    }
    known = cost.status in COST_STATUSES
    story.tell("cost-estimate", resource.id, cost.status, Step.NOTED, at, known=known, facts=facts, of="cost-estimate")


def _text(resource: Resource | None, name: str) -> str:
    value = resource.attributes.get(name) if resource else None
    return plain(value, 60) if isinstance(value, str) else ""
