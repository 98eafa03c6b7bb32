"""The fake's answers: JSON:API resources as Terraform Enterprise shapes them, secrets included, so that readers must drop them."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from app.demo.fakes import tfe_policy_shapes
from app.demo.fakes.tfe_state import (
    CheckState,
    PolicyState,
    RunEventState,
    RunState,
    TfeState,
    UserState,
    WorkspaceState,
    WorkState,
)

JSON = dict[str, Any]
SIGNED = "https://archivist.tfe.example/v1/object/planted-capability-url"
PRINTED = "planted-plan-value"
PLANTED = ("planted-capability-url", PRINTED, "planted-webhook", "ot-planted", "planted-variable-value", "planted@bank.example")


def precise(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def stamp(at: datetime) -> str:
    return at.isoformat(timespec="seconds")


def stamps(times: Mapping[str, datetime]) -> dict[str, str]:
    return {key: stamp(at) for key, at in times.items()}


def linked(kind: str, key: str | None) -> JSON:
    return {"data": {"id": key, "type": kind} if key else None}


def run(one: RunState) -> JSON:
    """https://developer.hashicorp.com/terraform/enterprise/api-docs/run#get-run-details"""
    waits = one.status in ("planned", "policy_checked", "cost_estimated")
    attributes: JSON = {
        "actions": {
            "is-cancelable": not one.final,
            "is-confirmable": waits,
            "is-discardable": waits or one.status == "policy_override",
            "is-force-cancelable": False,
        },
        "allow-config-generation": False,
        "allow-empty-apply": one.operation == "empty_apply",
        "auto-apply": one.auto_apply,
        "canceled-at": precise(one.stamps["canceled-at"]) if "canceled-at" in one.stamps else None,
        "created-at": precise(one.created_at),
        "has-changes": bool(one.planned.counts and any(one.planned.counts)),
        "is-destroy": one.operation == "destroy",
        "message": one.message,
        "permissions": {"can-apply": False, "can-cancel": False, "can-discard": False, "can-override-policy-check": False},
        "plan-only": one.plan_only,
        "refresh": True,
        "refresh-only": one.operation == "refresh_only",
        "save-plan": one.operation == "save_plan",
        "source": one.source,
        "status": one.status,
        "status-timestamps": stamps(one.stamps),
        "terraform-version": one.workspace.terraform_version,
        "trigger-reason": one.trigger_reason,
        "updated-at": precise(max([one.created_at, *one.stamps.values()])),
        "variables": [{"key": "region", "value": '"planted-variable-value"'}],
    }
    relations = {
        "workspace": linked("workspaces", one.workspace.id),
        "plan": linked("plans", one.planned.id),
        "apply": linked("applies", one.applied.id),
        "configuration-version": linked("configuration-versions", one.configuration),
        "created-by": linked("users", one.creator.id if one.creator else None),
        "confirmed-by": linked("users", one.confirmed_by.id if one.confirmed_by else None),
        "canceled-by": linked("users", one.canceled_by.id if one.canceled_by else None),
        "policy-checks": {"data": [{"id": check.id, "type": "policy-checks"} for check in one.checks]},
        "run-events": {"data": [{"id": event.id, "type": "run-events"} for event in one.events]},
        "comments": {"data": [{"id": comment_id(event), "type": "workspace-comments"} for event in one.events if event.comment]},
        **tfe_policy_shapes.relations(one),
    }
    return {
        "id": one.id,
        "type": "runs",
        "attributes": attributes,
        "relationships": relations,
        "links": {"self": f"/api/v2/runs/{one.id}"},
    }


def work(kind: str, one: WorkState, log: str | None = None) -> JSON:
    """https://developer.hashicorp.com/terraform/enterprise/api-docs/plans · …/applies"""
    added, changed, destroyed, imported = one.counts or (None, None, None, None)
    attributes = {
        "status": one.status,
        "status-timestamps": stamps(one.stamps),
        "resource-additions": added,
        "resource-changes": changed,
        "resource-destructions": destroyed,
        "resource-imports": imported,
        "log-read-url": log or f"{SIGNED}/{one.id}",
    }
    if kind == "plans":
        attributes["has-changes"] = bool(one.counts and any(one.counts))
    return {"id": one.id, "type": kind, "attributes": attributes, "links": {"self": f"/api/v2/{kind}/{one.id}"}}


def configuration(one: RunState) -> JSON:
    """https://developer.hashicorp.com/terraform/enterprise/api-docs/configuration-versions"""
    attributes = {
        "auto-queue-runs": True,
        "error": None,
        "error-message": None,
        "provisional": False,
        "source": "github" if one.ingress else "tfe-api",
        "speculative": one.plan_only,
        "status": "archived" if one.final else "uploaded",
        "status-timestamps": {"uploaded-at": stamp(one.created_at)},
        "upload-url": SIGNED,
    }
    relations = {"ingress-attributes": linked("ingress-attributes", one.ingress)}
    return {"id": one.configuration, "type": "configuration-versions", "attributes": attributes, "relationships": relations}


def ingress(one: RunState) -> JSON:
    """https://developer.hashicorp.com/terraform/enterprise/api-docs/configuration-versions#show-a-configuration-version-s-commit-information"""
    pull, repository = one.pull_request, one.workspace.repository or ""
    attributes = {
        "branch": one.branch,
        "clone-url": f"https://git:planted-variable-value@github.bank.example/{repository}.git",
        "commit-message": one.message,
        "commit-sha": one.commit,
        "commit-url": f"https://github.bank.example/{repository}/commit/{one.commit}",
        "identifier": repository,
        "is-pull-request": pull is not None,
        "on-default-branch": pull is None and one.branch == one.workspace.branch,
        "pull-request-number": pull.number if pull else None,
        "pull-request-title": pull.title if pull else None,
        "pull-request-url": pull.url if pull else None,
        "sender-username": one.sender,
        "sender-avatar-url": "https://avatars.bank.example/planted-capability-url",
        "tag": None,
    }
    return {"id": one.ingress, "type": "ingress-attributes", "attributes": attributes}


def user(one: UserState) -> JSON:
    """https://developer.hashicorp.com/terraform/enterprise/api-docs/users"""
    attributes = {
        "username": one.username,
        "is-service-account": one.service,
        "avatar-url": "https://avatars.bank.example/x",
        "auth-method": "tfc",
        "v2-only": False,
    }
    return {"id": one.id, "type": "users", "attributes": attributes, "links": {"self": f"/api/v2/users/{one.id}"}}


def run_event(one: RunEventState) -> JSON:
    """No public page; the shape is that of go-tfe's RunEvent."""
    relations = {
        "actor": linked("users", one.actor.id if one.actor else None),
        "comment": linked("comments", comment_id(one) if one.comment else None),
    }
    attributes = {"action": one.action, "description": None, "created-at": precise(one.at)}
    return {"id": one.id, "type": "run-events", "attributes": attributes, "relationships": relations}


def comment_id(one: RunEventState) -> str:
    return "wsc-" + one.id.removeprefix("re-")


def comment(one: RunEventState) -> JSON:
    """https://developer.hashicorp.com/terraform/enterprise/api-docs/comments"""
    return {"id": comment_id(one), "type": "comments", "attributes": {"body": one.comment}}


def check(one: CheckState) -> JSON:
    """https://developer.hashicorp.com/terraform/enterprise/api-docs/policy-checks"""
    failed = [policy for policy in one.policies if not policy.passed]
    counts = {level: sum(p.level == level for p in failed) for level in ("hard-mandatory", "soft-mandatory", "advisory")}
    result = {
        "result": not counts["hard-mandatory"] and not counts["soft-mandatory"],
        "passed": len(one.policies) - len(failed),
        "total-failed": len(failed),
        "hard-failed": counts["hard-mandatory"],
        "soft-failed": counts["soft-mandatory"],
        "advisory-failed": counts["advisory"],
        "duration-ms": 12,
        "sentinel": {"schema": 1, "data": {name: _set(name, one.policies) for name in sorted({p.set for p in one.policies})}},
    }
    attributes = {
        "scope": one.scope,
        "status": one.status,
        "status-timestamps": stamps(one.stamps),
        "actions": {"is-overridable": one.status == "soft_failed"},
        "permissions": {"can-override": False},
        "result": result,
    }
    return {
        "id": one.id,
        "type": "policy-checks",
        "attributes": attributes,
        "links": {"output": f"/api/v2/policy-checks/{one.id}/output"},
    }


def _set(name: str, policies: Iterable[PolicyState]) -> JSON:
    mine = [policy for policy in policies if policy.set == name]
    hard = any(not p.passed and p.level == "hard-mandatory" for p in mine)
    passed = all(p.passed or p.level == "advisory" for p in mine)
    return {"can-override": not hard, "error": None, "result": passed, "policies": [_policy(policy) for policy in mine]}


def _policy(one: PolicyState) -> JSON:
    rule = {"desc": "", "ident": "main", "position": {"filename": f"{one.name}.sentinel", "line": 1}, "value": one.passed}
    trace = {"description": one.description, "error": None, "print": PRINTED, "result": one.passed, "rules": {"main": rule}}
    allowed = one.level == "advisory"
    return {"allowed-failure": allowed, "error": None, "policy": f"{one.set}/{one.name}", "result": one.passed, "trace": trace}


def workspace(one: WorkspaceState, current: RunState | None, organization: str, runs: int) -> JSON:
    """https://developer.hashicorp.com/terraform/enterprise/api-docs/workspaces"""
    vcs = {
        "identifier": one.repository,
        "display-identifier": one.repository,
        "branch": one.branch,
        "ingress-submodules": False,
        "oauth-token-id": "ot-planted",
        "webhook-url": "https://tfe.example/webhooks/vcs/planted-webhook",
        "repository-http-url": f"https://github.bank.example/{one.repository}",
        "service-provider": "github_enterprise",
    }
    attributes: JSON = {
        "name": one.name,
        "created-at": precise(one.created_at),
        "updated-at": precise(one.updated_at),
        "auto-apply": one.auto_apply,
        "auto-apply-run-trigger": False,
        "allow-destroy-plan": True,
        "assessments-enabled": False,
        "execution-mode": "remote",
        "file-triggers-enabled": bool(one.working_directory),
        "locked": False,
        "queue-all-runs": False,
        "speculative-enabled": True,
        "terraform-version": one.terraform_version,
        "working-directory": one.working_directory,
        "vcs-repo": vcs if one.repository else None,
        "workspace-kpis-runs-count": runs,
        "tag-names": [],
        "permissions": PERMISSIONS,
        **one.settings,
    }
    relations = {
        "organization": linked("organizations", organization),
        "current-run": linked("runs", current.id if current else None),
    }
    return {
        "id": one.id,
        "type": "workspaces",
        "attributes": attributes,
        "relationships": relations,
        "links": {"self": f"/api/v2/organizations/{organization}/workspaces/{one.name}"},
    }


# A team that may read runs: https://developer.hashicorp.com/terraform/enterprise/users-teams-organizations/permissions
PERMISSIONS = {
    "can-read-run": True,
    "can-read-settings": True,
    "can-read-assessment-results": False,
    "can-update": False,
    "can-queue-run": False,
    "can-queue-apply": False,
    "can-queue-destroy": False,
    "can-destroy": False,
    "can-lock": False,
    "can-unlock": False,
    "can-force-unlock": False,
    "can-read-variable": False,
    "can-update-variable": False,
    "can-read-state-versions": False,
    "can-read-state-outputs": False,
}


def organization(state: TfeState) -> JSON:
    """https://developer.hashicorp.com/terraform/enterprise/api-docs/organizations"""
    attributes = {
        "name": state.organization,
        "created-at": precise(state.created_at),
        "email": "planted@bank.example",
        "collaborator-auth-policy": "password",
        "permissions": {"can-update": False, "can-destroy": False, "can-traverse": True, **state.estate.powers},
    }
    return {"id": state.organization, "type": "organizations", "attributes": attributes}
