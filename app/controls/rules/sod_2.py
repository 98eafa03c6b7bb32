"""SOD-2: who confirmed the apply had no part in the work."""

from app.controls.acts import applied, automatically
from app.controls.contract import Control, Ruling, failed, heaviest, indeterminate, not_applicable, passed
from app.controls.who import Placed, called, same_person, worked
from app.domain.actor import Actor, ActorKind
from app.domain.change import Change, Run
from app.domain.finding import Verdict


def decide(change: Change) -> Ruling:
    return heaviest((_apart(change, run) for run in applied(change)), "nothing was applied")


def _apart(change: Change, run: Run) -> Ruling:
    who = run.confirmer
    if who and who.kind is ActorKind.AUTOMATION:
        return not_applicable(f"{run.id} was applied {automatically(run)}")
    if who and who.kind in (ActorKind.SERVICE, ActorKind.BOT):
        return indeterminate(f"{run.id} was confirmed by the {who.kind} account {called(who)}; the person behind it is not known")
    if who is None or who.kind is not ActorKind.HUMAN:
        return indeterminate(f"the person who confirmed {run.id} is not known")
    others = worked(change) or ([(run.source, run.creator)] if run.creator else [])
    return compare(change, (run.source, who), others, f"confirmed {run.id}")


def compare(change: Change, one: Placed, others: list[Placed], did: str) -> Ruling:
    """One actor against everyone who did the work: fail when it is one of them, indeterminate when that cannot be told."""
    if not others:
        return indeterminate(f"{called(one[1])} {did}, and who did the work is not known")
    answers = [(other, same_person(change, one, other)) for other in others]
    if any(same for _, same in answers):
        return failed(f"{called(one[1])} {did} and had a part in the work")
    unsure = [other for other, same in answers if same is None]
    if unsure:
        return indeterminate(f"{called(one[1])} {did}; {_why(one, unsure[0])}")
    return passed(f"{called(one[1])} {did} and had no part in the work of {_names([other for _, other in others])}")


def _why(one: Placed, other: Placed) -> str:
    if one[0] == other[0]:
        return f"{called(other[1])} is not named well enough to compare"
    alike = ", equal names in two systems prove nothing" if one[1].name.casefold() == other[1].name.casefold() else ""
    return f"whether {one[0]}'s {called(one[1])} is {other[0]}'s {called(other[1])} is not resolved{alike}"


def _names(actors: list[Actor]) -> str:
    return ", ".join(dict.fromkeys(called(actor) for actor in actors))


CONTROL = Control(
    id="SOD-2",
    title="The confirmer is not a contributor",
    rule="Who confirmed a manual apply neither opened the pull request nor contributed to it, nor pushed it (without "
    "either: did not create the run). "
    "Accounts of two systems are one person only where their identities are resolved.",
    verdicts=frozenset({Verdict.PASS, Verdict.FAIL, Verdict.NOT_APPLICABLE, Verdict.INDETERMINATE}),
    decide=decide,
)
