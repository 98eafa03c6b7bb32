"""DEPL-3: no elevated mode, or an approved one."""

from collections.abc import Iterator

from app.controls.acts import NOTHING_DONE, Act, acts, proposal
from app.controls.contract import Control, Ruling, excepted, failed, heaviest, indeterminate, passed
from app.controls.who import weighed
from app.domain.change import Change, Operation
from app.domain.finding import Verdict

ELEVATED = {
    "destroy": "destroyed the workspace's resources",
    "empty_apply": "was allowed an empty apply",
    "prune": "only pruned",
    "selective": "synced selected resources only",
    "local": "deployed manifests from outside Git",
}
FORCED = {"force": "was forced", "replace": "replaced objects instead of applying them"}


def decide(change: Change) -> Ruling:
    return heaviest((_mode(change, act) for act in acts(change)), NOTHING_DONE)


def _mode(change: Change, act: Act) -> Ruling:
    if act.member.kind == "unknown":
        return indeterminate(f"the mode of {act.name} is not known")
    if act.member.kind == "injected":
        return indeterminate(f"the mode of {act.name} is not known: put in past the API, it may show what the one before left")
    what = " and ".join(_elevated(act))
    if not what:
        return passed(f"{act.name} ran in the ordinary way ({act.member.kind})")
    pr = proposal(change)
    if pr and any(approval.valid for approval in weighed(change, pr)):
        return excepted(f"{act.name} {what}, in the approved #{pr.number}")
    return failed(f"{act.name} {what}, and no approval covers that")


def _elevated(act: Act) -> Iterator[str]:
    member = act.member
    if member.kind in ELEVATED:
        yield ELEVATED[member.kind]
    if isinstance(member, Operation):
        yield from (FORCED[name] for name in member.also if name in FORCED)
        if member.pruned and not member.automated and member.kind != "prune":
            yield f"pruned {len(member.pruned)} resource{'s' if len(member.pruned) != 1 else ''} by hand"


CONTROL = Control(
    id="DEPL-3",
    title="No elevated mode",
    rule="No destroy run, no allowed empty apply, no prune-only, selective or local sync, none that was forced or replaced what "
    "it should apply, and none by hand that pruned; in an approved pull request one is an exception. What was put in past the API "
    "is indeterminate.",
    verdicts=frozenset(Verdict),
    decide=decide,
)
