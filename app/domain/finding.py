"""What a control says of a change."""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """Five verdicts. Indeterminate is never counted, sorted or coloured as a pass."""

    PASS = "pass"  # noqa: S105 -- a verdict, not a password
    FAIL = "fail"
    EXCEPTION = "exception"
    NOT_APPLICABLE = "not_applicable"
    INDETERMINATE = "indeterminate"


@dataclass(frozen=True, slots=True)
class Finding:
    """`because` is one sentence that a person can check against the evidence."""

    control: str
    verdict: Verdict
    because: str


_WORST = (Verdict.FAIL, Verdict.INDETERMINATE, Verdict.EXCEPTION, Verdict.PASS, Verdict.NOT_APPLICABLE)


def worst(verdicts: "list[Verdict] | tuple[Verdict, ...]") -> Verdict:
    """The verdict a change wears: the worst of its controls'; not applicable when none applied."""
    return min(verdicts, key=_WORST.index, default=Verdict.NOT_APPLICABLE)
