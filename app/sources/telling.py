"""What every event that a Git host tells has in common: where it came from, its id and its keys."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

from app.canonical import fit, stable_id
from app.domain.event import Event, Keys, Step
from app.domain.ref import Ref

Unknown = list[tuple[str, str]]  # (field, value) pairs that are new to us


@dataclass(frozen=True, slots=True)
class Normalised:
    events: tuple[Event, ...]
    unknown: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an answer came from: the source's name, the repository as the host names it now, when, and the payload's digest.

    Each host has its own, which says its `kind`.
    """

    kind: ClassVar[str]
    source: str
    repository: str
    observed_at: datetime
    observation: str | None = None

    def event(
        self,
        type_: str,
        ref: Ref,
        step: Step,
        status: str,
        at: datetime,
        *more: str,
        key: str = "",
        number: int | None = None,
        commits: Iterable[str | None] = (),
        **rest: Any,
    ) -> Event:
        """Its id is made of its natural key (`key`, else the id of `ref`), its status, and `more`.

        `more` tells apart events of one thing with one status; `rest` are fields of the event.
        """
        return Event(
            id=stable_id(self.source, type_, key or ref.id, status, *more),
            source=self.source,
            kind=self.kind,
            type=type_,
            step=step,
            status=status,
            ref=ref,
            occurred_at=at,
            observed_at=self.observed_at,
            keys=Keys(
                repository=self.repository,
                pull_request=number,
                commits=tuple(dict.fromkeys(oid for oid in commits if oid is not None)),
            ),
            observation=self.observation,
            **rest,
        )


@dataclass(frozen=True, slots=True)
class Proposal:
    """One pull request, or merge request, while it is being told. `mark` stands before its number."""

    mark: ClassVar[str]
    origin: Origin
    id: str
    number: int
    url: str | None
    facts: Mapping[str, Any]
    new: Unknown = field(default_factory=list)

    @property
    def name(self) -> str:
        return f"{self.origin.repository}{self.mark}{self.number}"

    def event(self, type_: str, ref: Ref, step: Step, status: str, at: datetime, *more: str, **rest: Any) -> Event:
        """`more` and `rest` as those of `Origin.event`."""
        return self.origin.event(type_, ref, step, status, at, *more, number=self.number, **rest)

    def told(self, step: Step, status: str, at: datetime, *more: str, **rest: Any) -> Event:
        """An event of the pull request itself."""
        ref = Ref("pull-request", self.id, self.name, self.url)
        return self.event("pull-request", ref, step, status, at, *more, facts=fit({**self.facts, **rest.pop("facts", {})}), **rest)
