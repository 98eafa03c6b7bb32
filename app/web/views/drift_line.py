"""The line of one episode: declared, deployed, as declared until, and then it left the line; and what brought it back."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from app.changes.drift.rows import EpisodeRow
from app.domain.drift import Cause, Ended, Layer, State
from app.web.times import Zone, shown
from app.web.views.chain import Chain, Step

UNEXPLAINED = (Cause.LIVE_EDIT, Cause.MISSING, Cause.EXTRA)  # nothing that we hold asked for it: the line breaks
ENDS = {Ended.GIT_CHANGE: "pr", Ended.BY_HAND: "note", Ended.REMOVED: "note", Ended.UNKNOWN: "note", Ended.RUN: "apply"}


@dataclass(frozen=True, slots=True)
class Deployed:
    """What was deployed before it differed: a sync, or an apply."""

    at: datetime
    status: str
    who: str
    approvers: Sequence[str] = ()


def line(row: EpisodeRow, deployed: Deployed | None, zone: Zone) -> Chain:
    of = row.of
    steps = [_declared(row)]
    if deployed and deployed.approvers:
        more = len(deployed.approvers) - 1
        steps.append(_mark("approval", "approved", deployed.approvers[0] + (f" and {more} more" if more else "")))
    if deployed:
        word = "applied" if of.layer is Layer.TERRAFORM else "synced"
        steps.append(_mark("apply" if word == "applied" else "sync", word, f"{_at(deployed.at, zone)}, {deployed.who}"))
    if of.onset_after:
        steps.append(
            _mark("health", "as declared" if of.layer is Layer.TERRAFORM else "in sync", f"until {_at(of.onset_after, zone)}")
        )
    else:
        steps.append(_gap("never seen as declared", "indeterminate"))
    if of.is_drift and of.cause in UNEXPLAINED:
        steps.append(_gap("no change found", "fail"))
    elif of.cause is Cause.UNKNOWN:
        steps.append(_gap("cause not known", "indeterminate"))
    return Chain(f"Line of episode {of.number}", tuple(_joined([*steps, *_left(row, zone)])))


def _declared(row: EpisodeRow) -> Step:
    revisions = row.of.revisions
    detail = revisions[0][:12] if len(revisions) == 1 else f"{len(revisions)} revisions" if revisions else ""
    return _mark("pr", "declared", detail)


def _left(row: EpisodeRow, zone: Zone) -> list[Step]:
    """It differs; and what became of that."""
    of = row.of
    word = "drifted" if of.layer is Layer.TERRAFORM else "OutOfSync"
    detail = f"since {_at(of.onset_before, zone)}"
    steps = [_mark("drift", word, detail, "failed" if of.is_drift else "solid")]
    if of.ended_at:
        how = "not known how" if of.ended_by in (None, Ended.UNKNOWN) else str(of.ended_by)
        return [*steps, _mark(ENDS.get(of.ended_by or Ended.UNKNOWN, "sync"), how, _at(of.ended_at, zone))]
    if of.state is State.UNKNOWN:
        return [*steps, _gap(f"not known since {_at(of.unknown_since or of.onset_before, zone)}", "indeterminate")]
    return [*steps, Step("health", "pending", "Health", "as declared again", "not yet", " step--ahead", drawn=True)]


def _mark(step: str, word: str, detail: str, state: str = "solid") -> Step:
    return Step(step, state, word, word, detail, " is-fail" if state == "failed" else "", drawn=True)


def _gap(word: str, tone: str) -> Step:
    return Step("note", "gap", "Missing", word, "", f" step--gap is-{tone}")


def _joined(steps: Sequence[Step]) -> list[Step]:
    """The line ends before a gap and begins again after it; it leads in dashes to what is still to come."""
    out = []
    for n, step in enumerate(steps):
        last, gap = n == len(steps) - 1, "step--gap" in step.classes
        after = steps[n + 1] if not last else None
        classes = step.classes + (" step--last" if last else "")
        if after and "step--ahead" in after.classes and not gap:
            classes += " step--ahead-next"
        step = replace(step, classes=classes)
        if gap:
            before = n > 0 and "step--gap" not in steps[n - 1].classes
            step = replace(step, cap_end=before, cap_start=bool(after and "step--gap" not in after.classes))
        out.append(step)
    return out


def _at(at: datetime, zone: Zone) -> str:
    return shown(at, zone).short
