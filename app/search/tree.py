"""What a query means: terms that must all hold. A term without a key is free text."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Word:
    """A value. `wild`: it was not quoted and each * in it stands for any characters."""

    text: str
    wild: bool = False


@dataclass(frozen=True, slots=True)
class Span:
    """Numbers from `low` to `high`; None is open, and an end that is not `_in` does not belong to it."""

    low: int | None = None
    high: int | None = None
    low_in: bool = True
    high_in: bool = True


Value = Word | Span


@dataclass(frozen=True, slots=True)
class Term:
    """Any of `values`; with `negated`, none of them. `position` is where it stands in the text (0-based)."""

    key: str
    values: tuple[Value, ...]
    negated: bool = False
    position: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Query:
    """Every term holds. No terms: everything."""

    terms: tuple[Term, ...] = ()


EVERYTHING = Query()
