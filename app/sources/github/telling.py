"""What every event of a pull request shares."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from app.canonical import fit, stable_id
from app.domain.event import Event, Keys, Step
from app.domain.ref import Ref
from app.sources.github.people import Unknown
from app.sources.github.wire import Node, nodes, text


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an answer came from: the source's name, the repository as GitHub now names it, when, and the payload's digest."""

    source: str
    repository: str
    observed_at: datetime
    observation: str | None = None


@dataclass(frozen=True, slots=True)
class Normalised:
    events: tuple[Event, ...]
    unknown: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Pull:
    """One pull request while it is being told."""

    node: Node
    origin: Origin
    id: str
    number: int
    facts: Mapping[str, Any]
    new: Unknown = field(default_factory=list)

    @property
    def name(self) -> str:
        return f"{self.origin.repository}#{self.number}"

    def event(self, type_: str, ref: Ref, step: Step, status: str, at_: datetime, *more: str, **rest: Any) -> Event:
        """`more` tells apart events of one thing with one status; it is part of the id."""
        commits: tuple[str | None, ...] = rest.pop("commits", ())
        return Event(
            id=stable_id(self.origin.source, type_, ref.id, status, *more),
            source=self.origin.source,
            kind="github",
            type=type_,
            step=step,
            status=status,
            ref=ref,
            occurred_at=at_,
            observed_at=self.origin.observed_at,
            keys=Keys(
                repository=self.origin.repository, pull_request=self.number, commits=tuple(c for c in commits if c is not None)
            ),
            observation=self.origin.observation,
            **rest,
        )

    def told(self, step: Step, status: str, at_: datetime, *more: str, **rest: Any) -> Event:
        """An event of the pull request itself."""
        ref = Ref("pull-request", self.id, self.name, text(self.node, "url") or None)
        return self.event("pull-request", ref, step, status, at_, *more, facts=fit({**self.facts, **rest.pop("facts", {})}), **rest)

    def timeline(self, *kinds: str) -> Iterator[Node]:
        return timeline(self.node, *kinds)


def timeline(node: Node, *kinds: str) -> Iterator[Node]:
    """The items of these kinds, in GitHub's order."""
    return (item for item in nodes(node, "timelineItems") if item.get("__typename") in kinds)
