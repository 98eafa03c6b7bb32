"""TEST-3: the policies passed, or an override with a reason let the run go on."""

from app.controls.acts import clock
from app.controls.contract import Control, Ruling, excepted, failed, heaviest, indeterminate, not_applicable, passed
from app.controls.who import called
from app.domain.actor import ActorKind
from app.domain.change import Change, Run
from app.domain.finding import Verdict
from app.domain.policy import PolicyResult

FAILED = ("hard_failed", "soft_failed", "failed", "awaiting_override")


def decide(change: Change) -> Ruling:
    runs = [run for run in change.runs if not run.proposes_only]
    return heaviest((_judged(run) for run in runs), "there was no run to judge")


def _judged(run: Run) -> Ruling:
    status = run.policy_status
    if run.acted_at is None:
        stopped = status in FAILED
        return not_applicable(f"{run.id} was held by its policies ({status})" if stopped else f"{run.id} applied nothing")
    if status is None:
        return indeterminate(f"no policy was evaluated in {run.id}")
    if status in FAILED:
        return failed(f"{run.id} was applied although its policies say {status}: {_failures(run)}")
    if status == "overridden":
        return _overridden(run)
    if status != "passed":
        return indeterminate(f"the policies of {run.id} ended {status}")
    if not evaluated(run):
        return indeterminate(f"{run.id} passed without a single policy being evaluated")
    advisory = [result.policy for result in run.policy if result.verdict == "failed"]
    return passed(
        f"{evaluated(run)} policies of {run.id} were evaluated"
        + (f", advisory failures: {', '.join(advisory)}" if advisory else "")
    )


def evaluated(run: Run) -> int:
    """How many policies gave a verdict."""
    return max(len(run.policy), sum(run.policy_counts or ()))


def _failures(run: Run) -> str:
    return (
        ", ".join(f"{r.policy} ({r.level or 'level unknown'})" for r in run.policy if r.verdict != "passed")
        or "which ones is not known"
    )


def _overridden(run: Run) -> Ruling:
    overrides = [result for result in run.policy if result.overridden_at]
    if not overrides:
        return indeterminate(f"a policy check of {run.id} was overridden, and which policy had failed is not known")
    return heaviest((_override(run, result) for result in overrides), "")


def _override(run: Run, result: PolicyResult) -> Ruling:
    who = result.overridden_by
    if who and who.kind in (ActorKind.SERVICE, ActorKind.BOT):
        return indeterminate(f"{result.policy} in {run.id} was overridden by the {who.kind} account {called(who)}, not by a person")
    if who is None or who.kind is not ActorKind.HUMAN:
        return indeterminate(f"{result.policy} in {run.id} was overridden by somebody who is not known")
    when = clock(result.overridden_at) if result.overridden_at else "an unknown time"
    what = f"{result.policy}{_level(result)} in {run.id} at {when}"
    if not result.comment.strip():
        return failed(f"{called(who)} overrode {what} without a reason")
    return excepted(f"{called(who)} overrode {what}: “{result.comment.strip()}”")


def _level(result: PolicyResult) -> str:
    """In a policy evaluation both of Sentinel's mandatory levels are called mandatory, and both can be overridden."""
    if (result.system, result.level) == ("policy-evaluation", "mandatory"):
        return " (mandatory; whether hard- or soft-mandatory is not told)" if result.engine == "sentinel" else " (mandatory)"
    return f" ({result.level.replace('_', ' ')})" if result.level else ""


CONTROL = Control(
    id="TEST-3",
    title="The policies passed",
    rule="No mandatory policy of an applied run failed; each override names a person and a reason, and is an exception. "
    "A run that its policies held changed nothing.",
    verdicts=frozenset(Verdict),
    decide=decide,
)
