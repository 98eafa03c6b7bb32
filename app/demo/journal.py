"""What the demo world must not forget between two starts: when it began, with which wishes, and which live stories it began when.

One JSON object a line, flushed to the disk before the story begins, so that a killed process takes nothing back: on the next
start the same stories are told again, to the same ends, with the same ids.
"""

import json
import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from app.errors import UsageError


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the world was made with; another wish needs a fresh one."""

    seed: int = 7
    apps: int = 3
    workspaces: int = 3
    days: int = 14

    def __str__(self) -> str:
        return f"--seed {self.seed} --apps {self.apps} --workspaces {self.workspaces} --days {self.days}"


class Journal:
    """`began` is the moment history ends and the live world begins."""

    def __init__(self, path: Path, wishes: Wishes, now: datetime) -> None:
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = self._read()
        if not lines:
            lines = [
                {
                    "began": now.isoformat(),
                    "seed": wishes.seed,
                    "apps": wishes.apps,
                    "workspaces": wishes.workspaces,
                    "days": wishes.days,
                }
            ]
            self._append(lines[0])
        try:
            self.began = datetime.fromisoformat(lines[0]["began"])
            self.wishes = Wishes(*(int(lines[0][name]) for name in ("seed", "apps", "workspaces", "days")))
            self.live = [datetime.fromisoformat(line["live"]) for line in lines[1:]]
        except (KeyError, TypeError, ValueError) as error:
            raise self._damaged() from error
        if self.wishes != wishes:
            raise UsageError(f"{path.parent} holds a world made with {self.wishes}", str(wishes), "add --fresh to forget it")

    def _damaged(self) -> UsageError:
        return UsageError(f"{self._path} cannot be read", "the journal of an earlier start", "add --fresh to forget it")

    def _read(self) -> list[Any]:
        """Whole lines only: a line cut by a kill was not begun."""
        try:
            text = self._path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return []
        whole = text[: text.rfind("\n") + 1]
        if whole != text:
            with self._path.open("r+", encoding="utf-8") as file:
                file.truncate(len(whole.encode()))
        try:
            return [json.loads(line) for line in whole.splitlines()]
        except ValueError as error:
            raise self._damaged() from error

    def _append(self, line: dict[str, object]) -> None:
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
            file.flush()
            os.fsync(file.fileno())

    def begin_live(self, at: datetime) -> int:
        """Note that a live story begins now; which one it is."""
        self._append({"live": at.isoformat()})
        self.live.append(at)
        return len(self.live) - 1
