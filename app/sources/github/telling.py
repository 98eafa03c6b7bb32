"""What every event of a pull request shares."""

from collections.abc import Iterator
from dataclasses import dataclass

from app.sources import telling
from app.sources.github.wire import Node, nodes


class Origin(telling.Origin):
    __slots__ = ()
    kind = "github"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pull(telling.Proposal):
    """`node` is all that was asked of it."""

    mark = "#"
    node: Node

    def timeline(self, *kinds: str) -> Iterator[Node]:
        return timeline(self.node, *kinds)


def timeline(node: Node, *kinds: str) -> Iterator[Node]:
    """The items of these kinds, in GitHub's order."""
    return (item for item in nodes(node, "timelineItems") if item.get("__typename") in kinds)
