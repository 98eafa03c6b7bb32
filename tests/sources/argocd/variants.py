"""Other days out of the recorded one: what a second recording would tell in another way. Each gives a folder to be replayed."""

import json
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from tests.recordings.replay import lines

TIME = re.compile(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?=Z|\+00:00)")
NAMES = {
    "payments-api": "a",
    "fraud-detector": "gateway.v2",
    "ledger-core": "x-9",
    "reporting": "zz-last",
    "settlements": "payments-api-two",
    "card-tokenizer": "fraud",
}
Change = Callable[[dict[str, Any]], dict[str, Any]]


def text(change: Callable[[str], str]) -> Change:
    return lambda line: json.loads(change(json.dumps(line)))


def shifted(by: timedelta) -> Change:
    """Another day: every time is so much later."""

    def later(found: re.Match[str]) -> str:
        at = datetime.fromisoformat(found[0]) + by
        return at.isoformat(timespec="microseconds" if "." in found[0] else "seconds")

    return text(lambda said: TIME.sub(later, said))


def renamed() -> Change:
    """Other applications: short names, names that begin as another's, names with a dot."""
    pattern = re.compile(r"(?<![\w.-])(" + "|".join(NAMES) + r")(?![\w-])")
    return text(lambda said: pattern.sub(lambda found: NAMES[found[1]], said))


def spread() -> Change:
    """Each application in a namespace of its own."""

    def moved(line: dict[str, Any]) -> dict[str, Any]:
        body = line.get("body")
        if line.get("path", "").startswith("/api/v1/applications") and isinstance(body, dict):
            for one in [body, *(body.get("items") or [])]:
                if isinstance(one, dict) and isinstance(one.get("spec"), dict) and "project" in one["spec"]:
                    one["metadata"]["namespace"] = f"team-{one['metadata']['name']}"
        return line

    return moved


def short(limit: int) -> Change:
    """A history that keeps so few entries."""

    def cut(line: dict[str, Any]) -> dict[str, Any]:
        body = line.get("body")
        for one in [body, *((body.get("items") or []) if isinstance(body, dict) else [])]:
            status = one.get("status") if isinstance(one, dict) else None
            if isinstance(status, dict) and isinstance(one.get("spec"), dict):
                one["spec"]["revisionHistoryLimit"] = limit
                if status.get("history"):
                    status["history"] = status["history"][-limit:]
        return line

    return cut


def made(source: str, folder: Path, *changes: Change) -> Path:
    """The recording `source` with every line of its three files changed so."""
    for name in ("exchanges", "operations"):
        with (folder / f"{name}.jsonl").open("w", encoding="utf-8") as out:
            for line in lines(source, name):
                told = line
                for change in changes:
                    told = change(told)
                out.write(json.dumps(told) + "\n")
    return folder
