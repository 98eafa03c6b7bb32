"""One repository in one pass, and whether it is still the one that was read before: a name may be given to another."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.errors import Missing
from app.sources.contract import Task
from app.sources.github.client import Client
from app.sources.github.wire import Node, needed_id


@dataclass(frozen=True, slots=True)
class Reading:
    """`repository` is the name in the settings, under which everything is remembered; `asked` the one GitHub is asked for."""

    client: Client
    source: str
    repository: str
    asked: str
    task: Task

    @property
    def now(self) -> datetime:
        return self.task.now

    @property
    def memory(self) -> Mapping[str, Any]:
        return self.task.memory

    def recalled(self, key: str, kind: type) -> Any:
        """What is remembered of this repository under `key`, if it has the right type; else None."""
        found = self.memory.get(f"{key}:{self.repository}")
        return found if isinstance(found, kind) else None

    def same(self, answer: Node) -> dict[str, Any]:
        """What to remember of who this is. Raises Replaced when the name is another repository's than it was."""
        identity, before = needed_id(answer, f"the repository {self.asked}"), self.recalled("id", str)
        if before is not None and before != identity:
            raise Replaced(
                f"{self.asked} is the name of another repository now ({identity}, it was {before})",
                "the one that was read before",
                "to read the new one too, give it a [[source]] of its own",
                identity=before,
            )
        return {f"id:{self.repository}": identity}


class Replaced(Missing):
    """`identity` is the node id of the repository that had the name."""

    def __init__(self, found: str, expected: str = "", do: str = "", *, identity: str = "") -> None:
        super().__init__(found, expected, do)
        self.identity = identity
