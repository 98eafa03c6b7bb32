"""What a control is: a rule over one change, with a verdict and a sentence that can be checked against the evidence.

Production, non-production and unclassified changes are judged alike: the environment decides which changes a reader counts,
never how one of them is judged. So a change cannot escape a control by being misclassified. Only DEPL-6 asks for what is set for an
environment, its maintenance windows; where the environment is not known, that is indeterminate.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from app.controls.frameworks import Clause, clauses
from app.domain.change import Change
from app.domain.finding import Finding, Verdict, worst

Ruling = tuple[Verdict, str]


@dataclass(frozen=True, slots=True)
class Control:
    """`rule` is the text an examiner reads; `verdicts` are those that `decide` can give."""

    id: str
    title: str
    rule: str
    verdicts: frozenset[Verdict]
    decide: Callable[[Change], Ruling]

    @property
    def frameworks(self) -> tuple[Clause, ...]:
        return clauses(self.id)

    def judge(self, change: Change) -> Finding:
        verdict, because = self.decide(change)
        return Finding(self.id, verdict, because)


def passed(because: str) -> Ruling:
    return Verdict.PASS, because


def failed(because: str) -> Ruling:
    return Verdict.FAIL, because


def excepted(because: str) -> Ruling:
    return Verdict.EXCEPTION, because


def not_applicable(because: str) -> Ruling:
    return Verdict.NOT_APPLICABLE, because


def indeterminate(because: str) -> Ruling:
    return Verdict.INDETERMINATE, because


def heaviest(rulings: Iterable[Ruling], otherwise: str) -> Ruling:
    """The worst verdict of several subjects, with every reason for it; not applicable, for `otherwise`, when there are none."""
    given = list(rulings)
    if not given:
        return not_applicable(otherwise)
    verdict = worst([ruling[0] for ruling in given])
    return verdict, "; ".join(dict.fromkeys(because for ruled, because in given if ruled is verdict))
