"""What this server was found to do: which includes, which run lists, which form of a list tells the truth. Pure.

A filter is never trusted because it answered 200. The `named` form of a run list names all six operations in
`filter[operation]`; the `plain` form does not filter. Terraform Enterprise leaves plan-only runs out of the plain form, and
servers that speak its API have been seen to leave out everything else of the named one.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any

NAMED, PLAIN = "named", "plain"
FORMS = (NAMED, PLAIN)


@dataclass(slots=True)
class Abilities:
    """`named_missed`: the named form once missed a run that the plain one held; `plain_missed` the reverse.

    `absent` and `present`: the details of a run that this server has no endpoint for, and those that it has; `told` those of which
    one was not empty. `met`: what its lists were found to carry, see `server.met`. `disordered`: a list was not newest first.
    """

    include: int = 0
    stage_form: int = 0  # which spelling of the task stages' includes it takes
    organization_runs: bool = True
    named_missed: bool = False
    plain_missed: bool = False
    absent: list[str] = field(default_factory=list)
    present: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    met: dict[str, Any] = field(default_factory=dict)
    disordered: bool = False

    @classmethod
    def of(cls, value: Mapping[str, Any] | None) -> "Abilities":
        return cls(**{name: value[name] for name in cls.__slots__ if name in value}) if value else cls()

    def kept(self) -> dict[str, Any]:
        return asdict(self)

    def renewed(self) -> "Abilities":
        """For a new reconciliation: servers are upgraded, so everything is tried again; what a form missed stays known."""
        return replace(self, include=0, stage_form=0, organization_runs=True, absent=[])

    @property
    def forms(self) -> tuple[str, ...]:
        """The forms a head scan reads: the one that was never caught missing a run, both while neither or each was."""
        if self.named_missed == self.plain_missed:
            return FORMS
        return (PLAIN,) if self.named_missed else (NAMED,)

    def compare(self, named: "First", plain: "First", before: datetime) -> None:
        """Two first pages of one list, read in one pass. Runs created after `before` may have come between the requests."""
        floor = max((first.reach for first in (named, plain) if first.reach), default=None)

        def within(first: First) -> set[str]:
            return {key for key, at in first.runs if at < before and (floor is None or at >= floor)}

        self.named_missed = self.named_missed or bool(within(plain) - within(named))
        self.plain_missed = self.plain_missed or bool(within(named) - within(plain))


@dataclass(frozen=True, slots=True)
class First:
    """The runs of a list's first page, (id, created-at). `reach`: how far back it goes, None when it is the whole list."""

    runs: tuple[tuple[str, datetime], ...]
    reach: datetime | None

    @classmethod
    def of(cls, runs: Iterable[tuple[str, datetime]], more: bool) -> "First":
        listed = tuple(runs)
        return cls(listed, min((at for _, at in listed), default=None) if more else None)
