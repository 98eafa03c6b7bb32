"""Which cause it is: every one is asked, those that say no are ruled out with their reason, and nothing is guessed. Pure.

What is drift outranks what is none: where a commit waits and a program wrote to the live object too, it is drift.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from app.domain.drift import Cause, RuledOut
from app.drift import causes_git, causes_live
from app.drift.causes_live import Answer
from app.drift.evidence import Evidence

E = TypeVar("E")
Ask = Callable[[E], Answer]

KUBERNETES: Mapping[Cause, Ask[Evidence]] = {  # in the order in which they outrank one another
    Cause.LIVE_EDIT: causes_live.live_edit,
    Cause.MISSING: causes_live.missing,
    Cause.EXTRA: causes_live.extra,
    Cause.CONTROLLER: causes_live.controller,
    Cause.MUTATING_WEBHOOK: causes_live.mutating_webhook,
    Cause.FAILED_SYNC: causes_git.failed_sync,
    Cause.SELECTIVE_SYNC: causes_git.selective_sync,
    Cause.MERGED_NOT_APPLIED: causes_git.merged_not_applied,
    Cause.PRUNING_NEEDED: causes_git.pruning_needed,
    Cause.PENDING_COMMIT: causes_git.pending_commit,
}


@dataclass(frozen=True, slots=True)
class Found:
    """`possible`: causes that hold as well, or that what is known does not rule out."""

    cause: Cause
    because: str
    ruled_out: tuple[RuledOut, ...]
    possible: tuple[RuledOut, ...]


def decide(evidence: E, causes: Mapping[Cause, Ask[E]], otherwise: str) -> Found:
    """`otherwise` says why it is not known, where no cause says yes."""
    answers = {cause: ask(evidence) for cause, ask in causes.items()}
    first = next((cause for cause, (holds, _) in answers.items() if holds), Cause.UNKNOWN)
    ruled = tuple(RuledOut(cause, why) for cause, (holds, why) in answers.items() if holds is False)
    left = tuple(RuledOut(cause, why) for cause, (holds, why) in answers.items() if holds is not False and cause is not first)
    return Found(first, answers[first][1] if first in answers else otherwise, ruled, left)
