"""The throughline of a change in a list: one cell for each step, a missing step as a labelled gap.

A cell is {step, mark, word, detail, at, missing}. Marks: `solid` it happened · `failed` · `exception` it stands, but not as it
should · `unknown` it cannot be known · `pending` still to come · `gap` evidence is missing, `word` stands in the break ·
`skip` not needed here · `stopped` nothing further happened. `missing` says of a gap (or of a weak step) why: absent,
unobserved, pending, or accepted where the change stands by an exception.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from app.changes.told import counts, iso, length, name_of, some
from app.domain.actor import ActorKind
from app.domain.approval import approvals
from app.domain.change import BranchRules, Change, Drift, Gap, Missing, Operation, PullRequest, Push, Run, WorkspaceAct
from app.domain.finding import Verdict

Cell = dict[str, Any]

STOPPING = ("discarded", "canceled", "force_canceled", "policy_soft_failed", "errored")
FAILED_PHASES = ("Failed", "Error")
SICK = ("Degraded", "Missing")


def chain(change: Change) -> list[Cell]:
    """The cells in order: pr, plan, policy, approval, apply, sync, (drift where there is any,) health."""
    runs = [run for run in change.runs if not run.proposes_only] or list(change.runs)
    synced = [operation for operation in change.operations if operation.kind != "dry-run"]
    cells = [_pull_request(change), _plan(runs), _policy(change, runs), _approval(change, runs, synced), _apply(change, runs)]
    cells.append(_sync(change, synced))
    if change.drifts:
        cells.append(_drift(change.drifts))
    cells.append(_health(change, synced))
    return [_accepted(cell) for cell in cells] if change.verdict is Verdict.EXCEPTION else cells


def cell(
    step: str, mark: str, word: str = "", detail: str = "", at: datetime | None = None, missing: Missing | None = None
) -> Cell:
    return {"step": step, "mark": mark, "word": word, "detail": detail, "at": iso(at), "missing": missing and str(missing)}


def _accepted(found: Cell) -> Cell:
    """Nothing of this change fails, and something stands by an exception: what is missing was accepted."""
    if found["missing"] != Missing.ABSENT:
        return found
    return {**found, "mark": "exception" if found["mark"] == "failed" else found["mark"], "missing": "accepted"}


def gap_of(change: Change, what: str) -> Gap | None:
    """The gap of this name, the worst first: absent, then unobserved, then pending."""
    order = list(Missing)
    return min((gap for gap in change.gaps if gap.what == what), key=lambda gap: order.index(gap.missing), default=None)


def _missing(step: str, gap: Gap, word: str, unseen: str) -> Cell:
    if gap.missing is Missing.PENDING:
        return cell(step, "pending", step, "not yet", missing=gap.missing)
    return cell(step, "gap", unseen if gap.missing is Missing.UNOBSERVED else word, at=gap.to, missing=gap.missing)


def _pull_request(change: Change) -> Cell:
    gap = gap_of(change, "no pull request")
    pulls = change.pull_requests
    if change.push:
        return _pushed(change.push)
    if change.root.startswith("rules:") and change.rules:
        return _rules(change.rules)
    if not pulls:
        return _missing("pr", gap, "no pull request", "pull request not seen") if gap else cell("pr", "skip")
    word = "PR " + some((str(pr.number) for pr in pulls), most=2)
    who, at = some(name_of(pr.author) for pr in pulls) or "author unknown", pulls[0].opened_at
    if gap and gap.missing is not Missing.PENDING:
        detail = f"{gap.size or 'some'} commit{'' if gap.size == 1 else 's'} without one"
        return cell("pr", "failed" if gap.missing is Missing.ABSENT else "unknown", word, detail, at, gap.missing)
    closed = all(pr.state == "closed" for pr in pulls)
    return cell("pr", "stopped" if closed else "solid", f"{word} closed" if closed else word, who, at)


def _pushed(push: Push) -> Cell:
    """It stands where a pull request would, and is none."""
    who = name_of(push.pusher) or "by somebody unknown"
    if push.direct is None:
        return cell("pr", "unknown", "push unclear", who, push.at, Missing.UNOBSERVED)
    return cell("pr", "failed", "force push" if push.forced else "direct push", who, push.at, Missing.ABSENT)


def _rules(rules: BranchRules) -> Cell:
    word = "rules weakened" if rules.weaker else "rules changed"
    detail = some(one.name.replace("_", " ") for one in rules.changed) or rules.branch
    return cell("pr", "failed" if rules.weaker else "solid", word, detail, rules.at)


def _plan(runs: Sequence[Run]) -> Cell:
    if not runs:
        return cell("plan", "skip")
    run, detail = runs[-1], some(run.id for run in reversed(runs))
    failed = [run for run in runs if run.status == "errored" and run.planned_at is None]
    if failed:
        return cell("plan", "failed", "errored", some(run.id for run in failed), failed[-1].ended_at)
    if run.planned_at or run.plan:
        return cell("plan", "solid", counts(run.plan) or "planned", detail, run.planned_at)
    if run.status == "unavailable":
        return cell("plan", "unknown", "not known", detail, missing=Missing.UNOBSERVED)
    if run.ended_at:
        return cell("plan", "stopped", _words(run.status), detail, run.ended_at)
    return cell("plan", "pending", "plan", _words(run.status))


def _policy(change: Change, runs: Sequence[Run]) -> Cell:
    judged = [run for run in runs if run.policy_status is not None]
    gap = gap_of(change, "no policy")
    if not judged or (gap and gap.missing is not Missing.PENDING):
        return _missing("policy", gap, "no policy", "policy not seen") if gap else cell("policy", "skip")
    run = max(judged, key=lambda run: _SEVERITY.get(str(run.policy_status), 2))
    status, at = str(run.policy_status), run.policy_at
    passed = sum((run.policy_counts or (0, 0, 0, 0))[0] for run in judged)
    bad = [result for run in judged for result in run.policy if result.verdict != "passed" and result.level != "advisory"]
    if status == "passed":
        return cell("policy", "solid", f"{passed} passed" if passed else "passed", some(r.set or r.policy for r in run.policy), at)
    if status == "overridden":
        who = some(name_of(result.overridden_by) for result in bad) or "by somebody unknown"
        return cell("policy", "exception", "overridden", who, at)
    mark = "failed" if status in _SEVERITY else "unknown"
    return cell("policy", mark, _words(status), some(result.policy for result in bad), at)


_SEVERITY = {"passed": 0, "overridden": 1, "failed": 3, "soft_failed": 3, "unreachable": 4, "errored": 4, "hard_failed": 5}


def _approval(change: Change, runs: Sequence[Run], synced: Sequence[Operation]) -> Cell:
    if change.pull_requests:
        return _reviewed(change)
    confirmed = [run for run in runs if run.confirmer and run.confirmer.kind is ActorKind.HUMAN]
    if confirmed:
        return cell("approval", "solid", "confirmed", some(name_of(run.confirmer) for run in confirmed), confirmed[-1].confirmed_at)
    acted = bool(change.push or change.drifts) or any(run.acted_at for run in runs) or any(o.acted_at for o in synced)
    gap = gap_of(change, "no pull request")
    if not acted or gap is None:
        return cell("approval", "skip")
    return _missing("approval", gap, "no approval", "approval not seen")


def _reviewed(change: Change) -> Cell:
    pulls = change.pull_requests
    valid = {pr.key: [approval for approval in approvals(pr) if approval.valid] for pr in pulls}
    held = [approval for found in valid.values() for approval in found]
    if held and all(valid.values()):
        at = max(approval.review.at for approval in held)
        return cell("approval", "solid", "approved", some(name_of(approval.review.reviewer) for approval in held), at)
    gap = gap_of(change, "no approval")
    if gap is None:
        return cell("approval", "skip")
    if held:
        detail = some(name_of(approval.review.reviewer) for approval in held)
        return cell("approval", "failed", f"{sum(map(bool, valid.values()))} of {len(pulls)}", detail, missing=gap.missing)
    late = _late(pulls)
    if late and gap.missing is Missing.ABSENT:
        return late
    if gap.missing is Missing.UNOBSERVED:
        who = some(name_of(review.reviewer) for pr in pulls for review in pr.reviews if review.state.upper() == "APPROVED")
        return cell("approval", "unknown", "approval unclear", who, gap.to, gap.missing)
    return _missing("approval", gap, "no approval", "approval unclear")


def _late(pulls: Sequence[PullRequest]) -> Cell | None:
    """A review that came after the merge it should have come before."""
    for pr in pulls:
        after = [a for a in approvals(pr, max((r.at for r in pr.reviews), default=None)) if a.valid]
        late = [a for a in after if pr.merged_at and a.review.at > pr.merged_at]
        if late and pr.merged_at:
            word = f"{length(late[0].review.at - pr.merged_at)} later"
            return cell("approval", "failed", word, name_of(late[0].review.reviewer) or "", late[0].review.at, Missing.ABSENT)
    return None


def _apply(change: Change, runs: Sequence[Run]) -> Cell:
    if change.workspace_act:
        return _workspace(change.workspace_act)
    whole = [run for run in runs if not run.proposes_only]
    if not whole:
        gap = gap_of(change, "no run or sync")
        waits = bool(gap) or (change.state == "proposed" and bool(runs))
        return (
            cell("apply", "pending", "apply" if runs else "no run or sync", "not yet", missing=Missing.PENDING)
            if waits
            else cell("apply", "skip")
        )
    acted = [run for run in whole if run.acted_at]
    broken = [run for run in acted if not run.applied_at]
    if broken:
        return cell(
            "apply",
            "failed",
            _words(broken[-1].apply_status or broken[-1].status),
            f"{counts(broken[-1].apply)} applied".strip(),
            broken[-1].acted_at,
        )
    open_ = [run for run in whole if run.ended_at is None]
    if open_:
        return cell("apply", "pending", "apply", _words(open_[-1].status), missing=Missing.PENDING)
    if acted:
        word = "applied" if len(acted) == len(whole) else f"{len(acted)} of {len(whole)} applied"
        return cell("apply", "solid", word, counts(acted[-1].apply), acted[-1].acted_at)
    return _unapplied(whole[-1])


def _workspace(act: WorkspaceAct) -> Cell:
    """What was done to a workspace outside of its runs stands where an apply would."""
    if act.kind == "state":
        return cell("apply", "failed", "outside of every run", f"state {act.serial}", act.at, Missing.ABSENT)
    if act.kind == "unavailable":
        return cell("apply", "unknown", "gone from sight", act.workspace, act.at, Missing.UNOBSERVED)
    detail = some(setting.name.replace("_", " ") for setting in act.settings) or act.workspace
    return cell("apply", "solid", "settings changed" if act.kind == "changed" else _words(act.kind), detail, act.at)


def _unapplied(run: Run) -> Cell:
    if run.status == "unavailable":
        return cell("apply", "unknown", "outcome unknown", run.id, run.ended_at, Missing.UNOBSERVED)
    if run.status in STOPPING:
        return cell("apply", "stopped", _words(run.status), name_of(run.stopper) or "", run.ended_at)
    return cell("apply", "skip")


def _sync(change: Change, synced: Sequence[Operation]) -> Cell:
    if change.history_gap:
        word = f"{change.history_gap.lost} {'may be missing' if change.history_gap.possible else 'not observed'}"
        return cell("sync", "gap", word, change.history_gap.application, change.history_gap.at, Missing.UNOBSERVED)
    if record := change.altered_record:
        mark, missing = ("failed", None) if record.certain else ("unknown", Missing.UNOBSERVED)
        return cell("sync", mark, f"record {record.kind}", record.application, record.at, missing)
    if not synced:
        tried = [operation for operation in change.operations if operation.kind == "dry-run"]
        return cell("sync", "stopped", "dry run", "changed nothing", tried[-1].started_at) if tried else cell("sync", "skip")
    outside = [o for o in synced if o.kind in ("local", "injected")]
    last, apps = (outside or synced)[-1], some((o.application for o in synced), most=1)
    failed = [o for o in synced if o.phase in FAILED_PHASES]
    if failed:
        return cell("sync", "failed", _failed(failed, len(synced)), _why(failed), failed[-1].finished_at)
    running = [o for o in synced if o.phase in ("Running", "Terminating")]
    if running:
        return _running(running[-1])
    if any(o.phase != "Succeeded" for o in synced):
        return cell("sync", "unknown", "outcome unknown", apps, last.started_at, Missing.UNOBSERVED)
    several = len({o.application for o in synced})
    word = SYNCED.get(last.kind, "synced") if several == 1 else f"{several} synced"
    mark, missing = ("failed", Missing.ABSENT) if outside else ("solid", None)
    return cell("sync", mark, word, _revision(last), last.finished_at or last.started_at, missing)


# What a success is called by its kind; a local or injected one happened, and is not as it should be.
SYNCED = {
    "rollback": "rolled back",
    "self-heal": "self-healed",
    "prune": "pruned",
    "selective": "synced in part",
    "local": "not from Git",
    "injected": "past the API",
}


def _failed(failed: Sequence[Operation], among: int) -> str:
    if among > 1:
        return f"{len(failed)} of {among} failed"
    if failed[0].terminated:
        return "terminated"
    tries = failed[0].retry_count
    return f"failed, {tries} retr{'y' if tries == 1 else 'ies'}" if tries else "failed"


def _why(failed: Sequence[Operation]) -> str:
    """Which application; of a single one what was missing, where it can be said in a word."""
    only = failed[0] if len(failed) == 1 else None
    missing = next((one.name for one in only.failures if one.cause.endswith("-missing") and one.name), "") if only else ""
    return f"no {missing}" if missing else some((o.application for o in failed), most=1)


def _running(operation: Operation) -> Cell:
    if operation.attempts or operation.retry_count:
        many = max(operation.retry_count, len(operation.attempts))
        return cell("sync", "failed", "retrying", f"after {many} failed", operation.started_at)
    if operation.waits_for:
        return cell("sync", "solid", "waiting", _revision(operation), operation.started_at)
    return cell("sync", "solid", "syncing", _revision(operation), operation.started_at)


def _revision(operation: Operation) -> str:
    known = (operation.revision or "")[:7] or operation.application
    return known if operation.how == "observed" else f"{known}, from history"


def _drift(drifts: Sequence[Drift]) -> Cell:
    what = some((f"{r.kind}/{r.name}" for drift in drifts for r in drift.resources), most=1)
    by = some((manager for drift in drifts for manager in drift.managers), most=1)
    of_workspace = bool(drifts[0].workspace)
    many = drifts[0].count
    detail = what or by or (f"{many} resource{'s' if many != 1 else ''}" if of_workspace and many else drifts[0].place)
    return cell("drift", "failed", "drifted" if of_workspace else "OutOfSync", detail, drifts[0].onset_before, Missing.ABSENT)


def _health(change: Change, synced: Sequence[Operation]) -> Cell:
    if not synced:
        return _healed(change.drifts[-1]) if change.drifts else cell("health", "skip")
    done = [o for o in synced if o.phase == "Succeeded"]
    if not done:
        running = any(o.phase in ("Running", "Terminating") for o in synced)
        return cell("health", "pending", "health", "not yet", missing=Missing.PENDING) if running else cell("health", "skip")
    sick = [o for o in done if o.health in SICK]
    unseen = [o for o in done if o.health is None or o.health == "Unknown"]
    if sick:
        return cell("health", "failed", str(sick[-1].health), some((o.application for o in sick), most=1), sick[-1].health_at)
    if unseen:
        return cell("health", "gap", "not observed", some((o.application for o in unseen), most=1), missing=Missing.UNOBSERVED)
    last = done[-1]
    after = f"after {length(last.health_at - last.finished_at)}" if last.health_at and last.finished_at else ""
    return cell("health", "solid" if last.health == "Healthy" else "pending", str(last.health), after, last.health_at)


def _healed(drift: Drift) -> Cell:
    if drift.unknown_since:
        return cell("health", "unknown", "not known since", drift.place, drift.unknown_since, Missing.UNOBSERVED)
    if drift.ended_at is None:
        return cell("health", "pending", "not healed", "yet", missing=Missing.PENDING)
    return cell("health", "solid", "healed", f"after {length(drift.ended_at - drift.onset_before)}", drift.ended_at)


def _words(status: str) -> str:
    return status.replace("_", " ")
