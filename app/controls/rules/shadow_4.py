"""SHADOW-4: nobody wrote past the declared state."""

from app.controls.contract import Control, Ruling, failed, heaviest, indeterminate, passed
from app.domain.change import Change, Drift
from app.domain.finding import Verdict

# Who writes to live objects as part of a cluster's own work.
ALLOWED = frozenset(
    (
        "argocd-application-controller",
        "argocd-controller",
        "cluster-autoscaler",
        "kube-controller-manager",
        "kube-scheduler",
        "kubelet",
    )
)


def decide(change: Change) -> Ruling:
    rulings = [_written(drift) for drift in change.drifts]
    rulings += [
        indeterminate(f"{o.application} healed itself, and what had changed it is not known")
        for o in change.operations
        if o.kind == "self-heal" and not change.drifts
    ]
    return heaviest(rulings, "the live state did not leave the declared one")


def _written(drift: Drift) -> Ruling:
    what = ", ".join(f"{resource.kind}/{resource.name}" for resource in drift.resources) or drift.place
    if drift.workspace:
        many = f"{drift.count} resource{'s' if drift.count != 1 else ''}" if drift.count else "something"
        return indeterminate(f"{many} of workspace {what} differed from what is declared, and a health assessment names nobody")
    if not drift.managers:
        return indeterminate(
            f"{what} differed from its declared state, and the record does not name the field manager that wrote it"
        )
    strange = [name for name in drift.managers if name not in ALLOWED]
    if strange:
        return failed(f"{what} was written by field manager {', '.join(strange)}, which is not on the allow list")
    return passed(f"{what} was written by {', '.join(drift.managers)}, which is on the allow list")


CONTROL = Control(
    id="SHADOW-4",
    title="Nobody wrote past the declared state",
    rule="What differed from the declared state was written by a field manager on the allow list. That an application "
    "healed itself proves "
    "no hand edit: without the manager it is indeterminate.",
    verdicts=frozenset({Verdict.PASS, Verdict.FAIL, Verdict.NOT_APPLICABLE, Verdict.INDETERMINATE}),
    decide=decide,
)
