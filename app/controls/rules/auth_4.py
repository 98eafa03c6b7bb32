"""AUTH-4: somebody let each apply go on."""

from app.controls.acts import BY_ITSELF, applied, automatically, clock, proposal, unproposed
from app.controls.contract import Control, Ruling, failed, heaviest, indeterminate, passed
from app.controls.who import called, weighed
from app.domain.actor import ActorKind
from app.domain.change import Change, Run
from app.domain.finding import Verdict


def decide(change: Change) -> Ruling:
    return heaviest((_confirmed(change, run) for run in applied(change)), "nothing was applied")


def _confirmed(change: Change, run: Run) -> Ruling:
    who = run.confirmer
    if who is None or who.kind is ActorKind.UNKNOWN:
        return indeterminate(f"{run.id}: {who.because if who else 'who confirmed it is not recorded'}")
    if who.kind is ActorKind.AUTOMATION:
        return _by_itself(change, run)
    if who.kind is not ActorKind.HUMAN:
        return indeterminate(f"{run.id} was confirmed by the {who.kind} account {called(who)}; the person behind it is not known")
    return passed(f"{called(who)} confirmed {run.id}" + (f" at {clock(run.confirmed_at)}" if run.confirmed_at else ""))


def _by_itself(change: Change, run: Run) -> Ruling:
    pr, how = proposal(change), automatically(run)
    held = weighed(change, pr) if pr else ()
    if pr and any(approval.valid for approval in held):
        if run.run_source in BY_ITSELF:
            return indeterminate(f"{run.id} was applied {how}; the approval of #{pr.number} is of its code, not of why it ran")
        return passed(f"{run.id} was applied {how}, authorised by the approval of #{pr.number}")
    if any(approval.human and approval.independent is None for approval in held):
        return indeterminate(f"{run.id} was applied {how}, and whether an approval is independent is not known")
    if change.push and change.push.direct is None:
        return unproposed(change.push, "")
    return failed(f"{run.id} was applied {how}, and no approval authorises it")


CONTROL = Control(
    id="AUTH-4",
    title="The apply was let go on",
    rule="A manual apply names the person who confirmed it; an automatic one is authorised by a valid approval of its "
    "pull request. Where a run trigger or a schedule began it, that approval alone does not decide.",
    verdicts=frozenset({Verdict.PASS, Verdict.FAIL, Verdict.NOT_APPLICABLE, Verdict.INDETERMINATE}),
    decide=decide,
)
