"""DEPL-3: no elevated mode, or an approved one."""

from app.controls.acts import NOTHING_DONE, Act, acts, proposal
from app.controls.contract import Control, Ruling, excepted, failed, heaviest, indeterminate, passed
from app.controls.who import weighed
from app.domain.change import Change
from app.domain.finding import Verdict

ELEVATED = {
    "destroy": "destroyed the workspace's resources",
    "empty_apply": "was allowed an empty apply",
    "prune": "only pruned",
    "selective": "synced selected resources only",
    "local": "deployed manifests from outside Git",
}


def decide(change: Change) -> Ruling:
    return heaviest((_mode(change, act) for act in acts(change)), NOTHING_DONE)


def _mode(change: Change, act: Act) -> Ruling:
    if act.member.kind == "unknown":
        return indeterminate(f"the mode of {act.name} is not known")
    what = ELEVATED.get(act.member.kind)
    if what is None:
        return passed(f"{act.name} ran in the ordinary way ({act.member.kind})")
    pr = proposal(change)
    if pr and any(approval.valid for approval in weighed(change, pr)):
        return excepted(f"{act.name} {what}, in the approved #{pr.number}")
    return failed(f"{act.name} {what}, and no approval covers that")


CONTROL = Control(
    id="DEPL-3",
    title="No elevated mode",
    rule="No destroy run, no allowed empty apply, no prune-only, selective or local sync; in an approved pull request "
    "one is an exception.",
    verdicts=frozenset(Verdict),
    decide=decide,
)
