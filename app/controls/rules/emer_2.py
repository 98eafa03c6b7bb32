"""EMER-2: an emergency change is reviewed afterwards."""

from app.controls.acts import clock, emergency, proposal
from app.controls.contract import Control, Ruling, failed, indeterminate, not_applicable, passed
from app.controls.rules.auth_2 import AFTERWARDS, retrospective
from app.controls.who import called, weighed
from app.domain.change import Change
from app.domain.finding import Verdict


def decide(change: Change) -> Ruling:
    pr = proposal(change)
    if pr is None or pr.merged_at is None or emergency(pr) is None:
        return not_applicable("it is not a merged emergency change")
    before = [approval for approval in weighed(change, pr) if approval.valid]
    found = before[0] if before else retrospective(change, pr)
    if found:
        return passed(f"{called(found.review.reviewer)} approved #{pr.number} at {clock(found.review.at)}")
    late = [a for a in weighed(change, pr, at=max((r.at for r in pr.reviews), default=pr.merged_at)) if a.valid]
    if late:
        return failed(f"#{pr.number} was approved only at {clock(late[0].review.at)}, later than 48 hours after its merge")
    return indeterminate(
        f"no independent review of the emergency change #{pr.number} has been seen; due {clock(pr.merged_at + AFTERWARDS)}"
    )


CONTROL = Control(
    id="EMER-2",
    title="Emergencies are reviewed afterwards",
    rule="A change marked as an emergency (label or branch: emergency, hotfix, break-glass) has an independent approval "
    "no later than "
    "48 hours after its merge.",
    verdicts=frozenset({Verdict.PASS, Verdict.FAIL, Verdict.NOT_APPLICABLE, Verdict.INDETERMINATE}),
    decide=decide,
)
