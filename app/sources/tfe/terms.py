"""Terraform Enterprise's own words: run statuses, operations, includes, policy results.

Sources: the Runs, Policy Checks and Policy Evaluations pages of the Terraform Enterprise API reference, and go-tfe's constants.
"""

from app.domain.actor import Role
from app.domain.event import Step

# In the order a run goes through them; ties between second-precise timestamps are settled by this rank.
RUN_STATUSES = (
    "pending",
    "plan_queueable",
    "fetching",
    "fetching_completed",
    "pre_plan_running",
    "pre_plan_completed",
    "pre_plan_awaiting_decision",
    "queuing",
    "plan_queued",
    "planning",
    "planned",
    "tf_policy_checked",
    "tf_policy_override",
    "post_plan_running",
    "post_plan_awaiting_decision",
    "post_plan_completed",
    "cost_estimating",
    "cost_estimated",
    "policy_checking",
    "policy_override",
    "policy_soft_failed",
    "policy_checked",
    "planned_and_saved",
    "planned_and_finished",
    "confirmed",
    "pre_apply_running",
    "pre_apply_completed",
    "queuing_apply",
    "apply_queued",
    "applying",
    "post_apply_running",
    "post_apply_completed",
    "applied",
    "discarded",
    "errored",
    "canceled",
    "force_canceled",
    "assessing",
    "assessed",
)
RANK = {status: rank for rank, status in enumerate(RUN_STATUSES)}

FINAL = frozenset(
    {
        "policy_soft_failed",
        "planned_and_finished",
        "applied",
        "discarded",
        "errored",
        "canceled",
        "force_canceled",
        "assessed",
        "unavailable",
    }
)

RUN_STEPS = {
    "pending": Step.REQUESTED,
    "planned": Step.PLANNED,
    "planned_and_saved": Step.PLANNED,
    "planned_and_finished": Step.PLANNED,
    "tf_policy_checked": Step.JUDGED,
    "tf_policy_override": Step.JUDGED,
    "policy_override": Step.JUDGED,
    "policy_soft_failed": Step.JUDGED,
    "policy_checked": Step.JUDGED,
    "post_plan_awaiting_decision": Step.JUDGED,
    "confirmed": Step.CONFIRMED,
    "applied": Step.APPLIED,
    "discarded": Step.STOPPED,
    "errored": Step.STOPPED,
    "canceled": Step.STOPPED,
    "force_canceled": Step.STOPPED,
}

# Timestamp keys whose stem is not the status: https://developer.hashicorp.com/terraform/enterprise/api-docs/run
TIMESTAMP_STATUS = {"fetched": "fetching_completed"}

OPERATIONS = ("plan_only", "plan_and_apply", "save_plan", "refresh_only", "destroy", "empty_apply")

# Tried in this order; a server that answers 400 to one is asked with the next, and that is remembered.
INCLUDES = (
    "plan,apply,created_by,cost_estimate,configuration_version,configuration_version.ingress_attributes,task_stages",
    "plan,apply,created_by,cost_estimate,configuration_version,configuration_version.ingress_attributes",
    "plan,apply,created_by,configuration_version,configuration_version.ingress_attributes",
    "plan,apply,created_by,configuration_version",
    "",
)

# Runs that no person asks for. https://developer.hashicorp.com/terraform/enterprise/workspaces/settings/deletion
UNATTENDED = {"tfe-infrastructure-lifecycle": "auto-destroy", "tfe-run-trigger": "run trigger"}

WORK_FINISHED = frozenset({"finished", "errored", "canceled"})  # a plan or an apply that has an outcome
WORK_STATUSES = frozenset(
    {"created", "pending", "managed_queued", "queued", "agent_queued", "mfa_waiting", "running", "unreachable"} | WORK_FINISHED
)

SENTINEL, EVALUATION, TERRAFORM_POLICY = "sentinel", "policy-evaluation", "terraform-policy"

CHECK_STEPS = {
    "pending": Step.NOTED,
    "queued": Step.NOTED,
    "running": Step.NOTED,
    "passed": Step.JUDGED,
    "failed": Step.JUDGED,
    "soft_failed": Step.JUDGED,
    "hard_failed": Step.JUDGED,
    "errored": Step.JUDGED,
    "awaiting_override": Step.JUDGED,
    "overridden": Step.OVERRIDDEN,
    "canceled": Step.NOTED,
    "unreachable": Step.NOTED,
}
CHECK_VERDICTS = frozenset({"passed", "failed", "soft_failed", "hard_failed", "errored", "awaiting_override", "overridden"})
# Those that will not change by themselves; a soft failure may still be overridden while its run is open.
SETTLED = frozenset({"passed", "failed", "hard_failed", "errored", "overridden", "canceled", "unreachable"})

# https://developer.hashicorp.com/terraform/enterprise/api-docs/run-tasks/run-task-stages-and-results
STAGE_STEPS = {
    "pending": Step.NOTED,
    "running": Step.NOTED,
    "passed": Step.NOTED,
    "failed": Step.JUDGED,
    "awaiting_override": Step.JUDGED,
    "errored": Step.JUDGED,
    "canceled": Step.NOTED,
    "unreachable": Step.NOTED,
}
TASK_STEPS = {"pending": Step.NOTED, "running": Step.NOTED} | dict.fromkeys(("passed", "failed", "errored"), Step.JUDGED)
TASK_STEPS |= dict.fromkeys(("canceled", "unreachable"), Step.NOTED)

# https://developer.hashicorp.com/terraform/enterprise/api-docs/cost-estimates
COST_STATUSES = frozenset({"pending", "queued", "finished", "canceled", "errored", "unreachable", "skipped_due_to_targeting"})
UNSETTLED = frozenset({"pending", "queued", "running"})

# The action of a run event is an open, undocumented vocabulary. What is not here keeps its text and is reported.
RUN_ACTIONS: dict[str, tuple[Role | None, Step]] = {
    "created": (Role.CREATOR, Step.REQUESTED),
    "queued": (None, Step.NOTED),
    "commented": (None, Step.NOTED),
    "confirmed": (Role.CONFIRMER, Step.CONFIRMED),
    "approved": (Role.CONFIRMER, Step.CONFIRMED),
    "overridden": (Role.OVERRIDER, Step.OVERRIDDEN),
    "policy_overridden": (Role.OVERRIDER, Step.OVERRIDDEN),
    "discarded": (None, Step.STOPPED),
    "canceled": (None, Step.STOPPED),
    "force_canceled": (None, Step.STOPPED),
    "changed_policy_enforcements": (None, Step.NOTED),
    "changed_task_enforcements": (None, Step.NOTED),
    "ignored_policy_sets": (None, Step.NOTED),
}


STILL_OPEN = frozenset({"not", "un", "awaiting", "awaits", "needs", "requested", "requires", "required", "pending"})


def status_of(timestamp: str) -> str:
    """`planned-and-finished-at` → `planned_and_finished`."""
    stem = timestamp.removesuffix("-at").replace("-", "_")
    return TIMESTAMP_STATUS.get(stem, stem)


def action_of(action: str) -> tuple[Role | None, Step, bool]:
    """The role an action gives its actor, its step, and whether the word is known.

    An unknown word gives a role only when it says the deed as done; `applied` does not: the system applies, too.
    """
    word = action.lower().replace("-", "_").replace(" ", "_")
    if word in RUN_ACTIONS:
        return *RUN_ACTIONS[word], True
    tokens = set(word.split("_"))
    if tokens & STILL_OPEN:
        return None, Step.NOTED, False
    if tokens & {"overridden", "overrode"} or word == "override":
        return Role.OVERRIDER, Step.OVERRIDDEN, False
    if tokens & {"confirmed", "confirm", "approved", "approve"}:
        return Role.CONFIRMER, Step.CONFIRMED, False
    if tokens & {"discarded", "discard", "canceled", "cancelled", "cancel"}:
        return None, Step.STOPPED, False
    return None, Step.NOTED, False
