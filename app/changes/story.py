"""The story of a change, line by line: its events in the order of time, and a line for each step that is missing."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from app.changes.told import iso, name_of
from app.domain.change import Change, Gap, Missing, Moment

# By an event's type: which mark on the throughline tells it.
# fmt: off
STEPS = {
    "pull-request": "pr", "commit": "pr", "range": "pr", "commit-pulls": "pr", "review": "approval",
    "run": "plan", "run-actor": "approval", "run-event": "plan", "plan": "plan", "policy-check": "policy", "apply": "apply",
    "task-stage": "policy", "task-result": "policy", "cost-estimate": "plan", "audit": "plan",
    "operation": "sync", "attempt": "sync", "waiting": "sync", "operation-results": "sync", "history": "sync",
    "history-gap": "sync", "unwitnessed": "sync", "integrity": "sync", "announcement": "sync", "revision": "sync",
    "sync-status": "health", "health": "health", "drift": "drift",
    "workspace": "apply", "assessment": "drift", "state-version": "apply",
    "push": "pr", "head-push": "pr", "check": "policy", "branch-rules": "pr", "repository": "pr", "run-base": "plan",
}
HOUSE = {
    "confirmed": "approval", "overridden": "policy", "applied": "apply", "healed": "drift", "drifted": "drift", "judged": "policy",
}
GAPS = {
    "no pull request": "pr", "range unknown": "pr", "nothing deployed": "sync", "no approval": "approval", "no policy": "policy",
    "confirmer unknown": "approval", "initiator unknown": "sync", "outcome": "apply", "no run or sync": "apply",
    "health": "health", "not observed": "sync", "history gap": "sync", "possible gap": "sync",
}
FAILED = {
    "errored", "hard_failed", "soft_failed", "awaiting_override", "failed", "unreachable", "policy_soft_failed", "mandatory_failed",
    "Failed", "Error", "Degraded", "Missing", "OutOfSync", "failure", "timed_out", "startup_failure",
    "rewritten", "shortened", "altered",
}
STOPPED = {"discarded", "canceled", "force_canceled", "closed"}
# fmt: on
WORDS = {
    ("pull-request", "open"): "opened",
    ("pull-request", "head"): "pushed",
    ("head-push", "push"): "pushed",
    ("head-push", "force_push"): "force-pushed",
    ("push", "push"): "pushed",
    ("push", "force_push"): "force-pushed",
    ("push", "pr_merge"): "merged",
    ("push", "merge_queue_merge"): "merged by the queue",
    ("branch-rules", "changed"): "rules changed",
    ("attempt", "Failed"): "attempt failed",
    ("waiting", "Running"): "waits",
    ("run-base", "after"): "follows another",
    ("run-base", "first"): "first apply",
    ("run-base", "unknown"): "before it unknown",
}


def story(change: Change) -> list[dict[str, Any]]:
    """Each line: {event, seq, at, after_seconds, step, mark, word, who, says, source, type, status, how, known, from, to, missing}.

    `after_seconds` is the time since the event before; of a gap its length, where both ends are known.
    """
    lines: list[tuple[datetime | None, dict[str, Any]]] = []
    before: Moment | None = None
    for moment in change.story:
        lines.append((moment.at, _moment(moment, before)))
        before = moment
    for gap in change.gaps:
        lines.insert(_place([at for at, _ in lines], gap), (None, _gap(gap)))
    return [line for _, line in lines]


def _moment(moment: Moment, before: Moment | None) -> dict[str, Any]:
    after = int((moment.at - before.at).total_seconds()) if before else None
    return {
        "event": str(moment.event),
        "seq": moment.seq,
        "at": iso(moment.at),
        "after_seconds": after,
        "step": HOUSE.get(moment.step) or STEPS.get(moment.type, "note"),
        "mark": _mark(moment),
        "word": _word(moment),
        "who": name_of(moment.actor),
        "says": moment.says,
        "source": moment.source,
        "type": moment.type,
        "status": moment.status,
        "how": moment.how,
        "known": moment.known,
        "from": None,
        "to": None,
        "missing": None,
    }


def _word(moment: Moment) -> str:
    """The source's own word; a Git host's capitals and the underscores of Terraform Enterprise are put into plain writing."""
    word = WORDS.get((moment.type, moment.status)) or moment.status.replace("_", " ").replace("-", " ")
    return word.lower() if moment.type == "review" else word


def _mark(moment: Moment) -> str:
    if not moment.known or moment.how == "inferred" or moment.status == "unavailable":
        return "unknown"
    if moment.status in FAILED:
        return "failed"
    if moment.status in STOPPED:
        return "stopped"
    return "exception" if moment.status == "overridden" else "solid"


def _gap(gap: Gap) -> dict[str, Any]:
    whole = int((gap.to - gap.from_).total_seconds()) if gap.from_ and gap.to and gap.to >= gap.from_ else None
    return {
        "event": None,
        "seq": None,
        "at": iso(gap.to or gap.from_),
        "after_seconds": whole,
        "step": GAPS.get(gap.what, "note"),
        "mark": "pending" if gap.missing is Missing.PENDING else "gap",
        "word": gap.what,
        "who": None,
        "says": gap.because,
        "source": None,
        "type": None,
        "status": None,
        "how": None,
        "known": True,
        "from": iso(gap.from_),
        "to": iso(gap.to),
        "missing": str(gap.missing),
    }


def _place(times: Sequence[datetime | None], gap: Gap) -> int:
    """Before the first event at or after its time; without a time a missing proposal stands first, the rest last."""
    at = gap.to or gap.from_
    if gap.missing is Missing.PENDING:
        return len(times)
    if at is None:
        return 0 if GAPS.get(gap.what) == "pr" else len(times)
    return next((i for i, time in enumerate(times) if time and time >= at), len(times))
