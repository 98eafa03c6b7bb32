"""SOD-3: who overrode a policy had no part in the work."""

from collections.abc import Iterator

from app.controls.contract import Control, Ruling, heaviest, indeterminate
from app.controls.rules.sod_2 import compare
from app.controls.who import called, worked
from app.domain.actor import Actor, ActorKind
from app.domain.change import Change, Run
from app.domain.finding import Verdict


def decide(change: Change) -> Ruling:
    rulings = [ruling for run in change.runs for ruling in _overrides(change, run)]
    return heaviest(rulings, "no policy was overridden")


def _overrides(change: Change, run: Run) -> Iterator[Ruling]:
    others = [*worked(change), *([(run.source, run.creator)] if run.creator and _human(run) else [])]
    for result in run.policy:
        if result.overridden_at is None:
            continue
        if result.overridden_by is None or result.overridden_by.kind is not ActorKind.HUMAN:
            because = _because(result.overridden_by)
            yield indeterminate(f"who overrode {result.policy} in {run.id} is not known" + (f": {because}" if because else ""))
        else:
            yield compare(change, (run.source, result.overridden_by), others, f"overrode {result.policy} in {run.id}")
    if run.policy_status == "overridden" and not run.policy:
        yield indeterminate(f"a policy check of {run.id} was overridden, and its policies are not known")


def _because(who: Actor | None) -> str:
    if who and who.kind in (ActorKind.SERVICE, ActorKind.BOT):
        return f"it was the {who.kind} account {called(who)}"
    return who.because if who else ""


def _human(run: Run) -> bool:
    return run.creator is not None and run.creator.kind is ActorKind.HUMAN


CONTROL = Control(
    id="SOD-3",
    title="The overrider is not a contributor",
    rule="Who overrode a policy neither created the run nor contributed to its pull request.",
    verdicts=frozenset({Verdict.PASS, Verdict.FAIL, Verdict.NOT_APPLICABLE, Verdict.INDETERMINATE}),
    decide=decide,
)
