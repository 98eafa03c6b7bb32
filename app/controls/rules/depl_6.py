"""DEPL-6: production is changed within its maintenance windows."""

from datetime import datetime

from app.controls.acts import Act, acts, clock, emergency, proposal
from app.controls.contract import Control, Ruling, excepted, failed, heaviest, indeterminate, passed
from app.domain.change import Change, Run
from app.domain.finding import Verdict
from app.domain.windows import Expected

UNSET = "nothing was applied or synced where maintenance windows are set"


def decide(change: Change) -> Ruling:
    done = {act.key: act for act in acts(change)}
    rulings = [_act(done[one.act], one, change) for one in change.expected if one.act in done and not _healed(done[one.act])]
    gap = change.history_gap
    if gap and not gap.heals and any(one.act == gap.key for one in change.expected):
        rulings.append(indeterminate(f"{gap.lost} of {gap.application} {gap.were} never seen, so when they began is not known"))
    return heaviest(rulings, UNSET)


def _healed(act: Act) -> bool:
    """A self-heal brings nothing new: it may come at any time."""
    return not isinstance(act.member, Run) and act.member.kind == "self-heal"


def _act(act: Act, expected: Expected, change: Change) -> Ruling:
    if expected.windows is None:
        return indeterminate(f"{act.name}: its environment is not classified, so which maintenance windows count is not known")
    if not _dated(act):
        return indeterminate(f"when {act.name} began is not known")
    if found := next((span for window in expected.windows if (span := window.around(act.started))), None):
        return passed(f"{act.name} began at {clock(act.started)}, within a window of {expected.environment}{_over(act, found[1])}")
    windows = ", ".join(window.text for window in expected.windows)
    because = f"{act.name} began at {clock(act.started)}, outside of the windows of {expected.environment} ({windows})"
    pr = proposal(change)
    if pr and (word := emergency(pr)):
        return excepted(f"{because}, as an emergency change (#{pr.number}: {word})")
    return failed(because)


def _dated(act: Act) -> bool:
    return not isinstance(act.member, Run) or act.member.applying_at is not None or act.member.confirmed_at is not None


def _over(act: Act, until: datetime) -> str:
    ended = act.member.acted_at
    return f", and ran on after its end at {clock(until)}" if ended and ended > until else ""


CONTROL = Control(
    id="DEPL-6",
    title="Within the maintenance windows",
    rule="Where maintenance windows are set for an environment, every apply and sync there began within one of them; "
    "self-heals may come at any time. Outside of them an emergency change is an exception.",
    verdicts=frozenset(Verdict),
    decide=decide,
)
