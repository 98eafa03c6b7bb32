"""Causes of what a plan, or a health assessment, found different in a workspace. Each says yes, no or None, and why. Pure.

A plan names the resources that changed outside of Terraform (`resource_drift` of its JSON); an assessment only counts them.
https://developer.hashicorp.com/terraform/internals/json-format and …/enterprise/api-docs/assessment-results.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from app.domain.drift import Cause
from app.drift.causes import Ask
from app.drift.causes_live import Answer

COUNTS = "an assessment counts the resources that drifted and does not name them"


@dataclass(frozen=True, slots=True)
class Found:
    """`named`: a plan names the resource; `actions` are its words for what changed. `unapplied`: of a merged run that brought
    nothing since the last one that was applied, in words. `undrifted`: a plan since then names nothing that changed outside.
    `failed`: a run that ended in an error while it was applied."""

    named: bool
    actions: Sequence[str] = ()
    attributes: Sequence[str] = ()
    unapplied: str | None = None
    undrifted: bool = False
    failed: str | None = None


def live_edit(found: Found) -> Answer:
    if not found.named:
        return (False, "a plan since then names nothing that changed outside of Terraform") if found.undrifted else (None, COUNTS)
    if "delete" in found.actions:
        return False, "it is gone, not changed"
    what = f": {', '.join(found.attributes[:5])}" if found.attributes else ""
    return True, f"a plan found that it changed outside of Terraform{what}"


def missing(found: Found) -> Answer:
    if not found.named:
        return (False, "a plan since then names nothing that is gone") if found.undrifted else (None, COUNTS)
    if "delete" in found.actions:
        return True, "a plan found that it was deleted outside of Terraform"
    return False, "it is there"


def controller(found: Found) -> Answer:
    if found.named and "delete" in found.actions:
        return None, "Terraform does not tell which program deleted it"
    return None, "Terraform does not tell which program wrote it: an autoscaler or an operator may have"


def merged_not_applied(found: Found) -> Answer:
    if found.named:
        return False, "what a plan names here changed outside of Terraform, not in its configuration"
    if found.unapplied and found.undrifted:
        return True, f"{found.unapplied}, and a plan since then names nothing that changed outside of Terraform"
    if found.unapplied:
        return None, f"{found.unapplied}; whether that is what differs is not told"
    return False, "no merged run was seen that was not applied"


def failed_run(found: Found) -> Answer:
    if found.failed:
        return None, f"{found.failed} ended in an error while it was applied; what it left behind is not told"
    return False, "no run was seen that failed while it was applied"


def _not_here(because: str) -> Callable[[Found], Answer]:
    return lambda found: (False, because)


TERRAFORM: Mapping[Cause, Ask[Found]] = {
    Cause.LIVE_EDIT: live_edit,
    Cause.MISSING: missing,
    Cause.MERGED_NOT_APPLIED: merged_not_applied,
    Cause.FAILED_SYNC: failed_run,
    Cause.CONTROLLER: controller,
    Cause.EXTRA: _not_here("Terraform only looks at what its state holds"),
    Cause.PENDING_COMMIT: _not_here("drift is found against the state: a commit that no run brought is no part of it"),
    Cause.PRUNING_NEEDED: _not_here("Terraform destroys what is declared no more in the next run"),
    Cause.SELECTIVE_SYNC: _not_here("that is of Argo CD"),
    Cause.MUTATING_WEBHOOK: _not_here("that is of objects of a cluster"),
}
