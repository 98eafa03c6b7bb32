"""How the fake's task stages, evaluations, results, estimates and logs look: as in the vendor's OpenAPI document."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from app.demo.fakes.tfe_policies import Judgement, StageState, TaskState

JSON = dict[str, Any]
PRINTED = "planted-plan-value"


def stamps(times: Mapping[str, datetime]) -> dict[str, str]:
    return {key: at.isoformat(timespec="seconds") for key, at in times.items()}


def linkage(kind: str, ones: Iterable[Any]) -> JSON:
    return {"data": [{"id": one.id, "type": kind} for one in ones]}


def stage(run: Any, one: StageState) -> JSON:
    """https://developer.hashicorp.com/terraform/enterprise/api-docs/run-tasks/run-task-stages-and-results"""
    return {
        "id": one.id,
        "type": "task-stages",
        "attributes": {
            "stage": one.stage,
            "status": one.status,
            "status-timestamps": stamps(one.stamps),
            "created-at": _precise(one.at),
            "updated-at": _precise(max([one.at, *one.stamps.values()])),
            "permissions": {"can-override-policy": False, "can-override-tasks": False, "can-override": False},
            "actions": {"is-overridable": one.status == "awaiting_override"},
        },
        "relationships": {
            "run": {"data": {"id": run.id, "type": "runs"}},
            "policy-evaluations": linkage("policy-evaluations", one.evaluations),
            "task-results": linkage("task-results", one.tasks),
        },
        "links": {"self": f"/api/v2/task-stages/{one.id}"},
    }


def task_result(one: TaskState) -> JSON:
    attributes = {
        "message": one.message,
        "status": one.status,
        "status-timestamps": stamps(one.stamps),
        "url": "https://tasks.bank.example/results/planted-webhook",
        "created-at": _precise(min(one.stamps.values())),
        "updated-at": _precise(max(one.stamps.values())),
        "task-id": "task-1",
        "task-name": one.name,
        "task-url": "https://tasks.bank.example/planted-webhook",
        "task-result-outcomes-count": 0,
        "stage": "post_plan",
        "is-speculative": False,
        "workspace-task-id": "wstask-1",
        "workspace-task-enforcement-level": one.level,
        "agent-pool-id": None,
    }
    return {"id": one.id, "type": "task-results", "attributes": attributes, "links": {"self": f"/api/v2/task-results/{one.id}"}}


def evaluation(one: Judgement) -> JSON:
    """https://developer.hashicorp.com/terraform/enterprise/api-docs/policy-evaluations"""
    attributes = {"status": one.status, "result-count": _counts(one.policies), "status-timestamps": stamps(one.stamps)}
    attributes |= {"policy-kind": one.kind, "policy-tool-version": "0.44.0"}
    return {
        "id": one.id,
        "type": "policy-evaluations",
        "attributes": attributes,
        "relationships": {
            "policy-set-outcomes": {"links": {"related": f"/api/v2/policy-evaluations/{one.id}/policy-set-outcomes"}}
        },
    }


def outcomes(one: Judgement) -> list[JSON]:
    """https://developer.hashicorp.com/terraform/enterprise/api-docs/policy-evaluations#list-policy-outcomes"""
    bare = one.id.partition("-")[2]
    return [_outcome(f"psout-{bare}-{n}", name, one) for n, name in enumerate(sorted({p.set for p in one.policies}))]


def _outcome(key: str, name: str, one: Judgement) -> JSON:
    listed = [
        {
            "policy_name": policy.name,
            "status": "passed" if policy.passed else "failed",
            "enforcement_level": "advisory" if policy.level == "advisory" else "mandatory",
            "description": policy.description,
            "query": "data.terraform.main.main" if one.kind == "opa" else None,
            "output": [{"print": PRINTED}],
        }
        for policy in one.policies
        if policy.set == name
    ]
    attributes = {"policy-set-name": name, "overridable": True, "error": None, "warnings": [], "outcomes": listed}
    attributes |= {"policy-set-description": None, "result-count": _counts(one.policies), "policy-tool-version": "0.44.0"}
    return {"id": key, "type": "policy-set-outcomes", "attributes": attributes}


def _counts(policies: Iterable[Any]) -> dict[str, int]:
    every = list(policies)
    failed = [policy for policy in every if not policy.passed]
    return {
        "advisory-failed": sum(p.level == "advisory" for p in failed),
        "mandatory-failed": sum(p.level != "advisory" for p in failed),
        "passed": len(every) - len(failed),
        "errored": 0,
    }


def terraform_evaluation(run: Any, one: Judgement) -> JSON:
    attributes = {"status": one.status, "stage-type": "Plan", "status-timestamps": stamps(one.stamps)}
    attributes |= {"result-count": {**_counts(one.policies), "unknown": 0}}
    held = [{"id": each["id"], "type": "tf-policy-set-outcomes"} for each in terraform_outcomes(one)]
    relations = {"run": {"data": {"id": run.id, "type": "runs"}}, "tf-policy-set-outcomes": {"data": held}}
    return {"id": one.id, "type": "tf-policy-evaluations", "attributes": attributes, "relationships": relations}


def terraform_outcomes(one: Judgement) -> list[JSON]:
    levels = {"advisory": "advisory", "soft-mandatory": "mandatory_overridable"}
    out = []
    for number, name in enumerate(sorted({policy.set for policy in one.policies})):
        listed = [
            {
                "policy_name": policy.name,
                "description": policy.description,
                "file_name": f"{policy.name}.policy.hcl",
                "enforcement_level": levels.get(policy.level, "mandatory"),
                "status": "passed" if policy.passed else "failed",
                "diagnostics": [{"code": PRINTED, "summary": PRINTED, "resources": [{"resource_name": "a.b", "code": PRINTED}]}],
                "passed_resources": [{"resource_name": "a.c", "info_messages": [PRINTED]}],
            }
            for policy in one.policies
            if policy.set == name
        ]
        attributes = {"policy-set-name": name, "overridable": True, "outcomes": listed, "policy-set-description": None}
        key = f"tfpsout-{one.id.partition('-')[2]}-{number}"
        out.append({"id": key, "type": "tf-policy-set-outcomes", "attributes": attributes})
    return out


def cost_estimate(run: Any) -> JSON:
    """https://developer.hashicorp.com/terraform/enterprise/api-docs/cost-estimates"""
    told = run.cost
    attributes = {
        "status": "finished",
        "status-timestamps": stamps({"finished-at": told["at"]}),
        "prior-monthly-cost": told["prior"],
        "proposed-monthly-cost": told["proposed"],
        "delta-monthly-cost": told["delta"],
        "resources-count": 3,
        "matched-resources-count": 2,
        "unmatched-resources-count": 1,
        "error-message": None,
    }
    return {"id": cost_id(run), "type": "cost-estimates", "attributes": attributes}


def cost_id(run: Any) -> str:
    return "ce-" + str(run.id).removeprefix("run-")


def relations(run: Any) -> JSON:
    """What a run's own relationships say of all this."""
    found = {"task-stages": linkage("task-stages", run.stages)}
    found["tf-policy-evaluations"] = linkage("tf-policy-evaluations", run.terraform_policy)
    found["cost-estimate"] = {"data": {"id": cost_id(run), "type": "cost-estimates"} if run.cost else None}
    return found


def sideloads(run: Any, include: set[str]) -> list[JSON]:
    found = [stage(run, one) for one in run.stages] if "task_stages" in include else []
    return found + ([cost_estimate(run)] if "cost_estimate" in include and run.cost else [])


def log_text(policies: Sequence[Any]) -> str:
    """As Sentinel prints it, with what a policy printed in it."""
    passed = all(p.passed or p.level == "advisory" for p in policies)
    lines = [f"Sentinel Result: {str(passed).lower()}", "", f"{len(policies)} policies evaluated.", ""]
    for number, one in enumerate(policies, 1):
        lines += [f"## Policy {number}: {one.set}/{one.name} ({one.level})", "", f"Result: {str(one.passed).lower()}", ""]
        lines += ["Print messages:", "", PRINTED, "", f'{str(one.passed).upper()} - {one.name}.sentinel:1:1 - Rule "main"', ""]
    return "\n".join(lines)


def _precise(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
