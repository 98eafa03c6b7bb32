"""An apply's structured log as it streams by: what became of each resource. Everything else in it is dropped unread.

https://developer.hashicorp.com/terraform/internals/machine-readable-ui

The log may hold values (outputs, diagnostics, what a provisioner prints), so that only three kinds of line are taken, and of
them an address, an action and how it ended. Pure.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from app.canonical import JSON
from app.sources.tfe.plan_json import PART, packed
from app.sources.tfe.plan_tokens import ADDRESS, NAME, named

LONGEST_LINE = 1024 * 1024  # bytes; what is longer is no line of ours
START, END = b"\x02", b"\x03"
RESULTS = {"apply_start": "started", "apply_complete": "complete", "apply_errored": "errored"}
_TAKEN = tuple(f'"{kind}"'.encode() for kind in RESULTS)


@dataclass(slots=True)
class Log:
    """`resources` are entries as the facts of `apply-resources` hold them, in the order they began. `structured` is False for
    a log of plain text, `complete` for one whose end mark is missing; `unread` counts lines that should have told something."""

    resources: list[dict[str, JSON]] = field(default_factory=list)
    begun: bool = False  # it has the mark of a log's start
    structured: bool = False
    complete: bool = False
    unread: int = 0


def read_log(chunks: Iterable[bytes]) -> Log:
    """Never raises for what is in the log."""
    log = Log()
    told: dict[tuple[str, str], dict[str, JSON]] = {}
    for line in _lines(chunks, log):
        if not line.startswith(b"{"):
            continue
        log.structured = log.structured or b'"@level"' in line
        if any(kind in line for kind in _TAKEN):
            _take(line, told, log)
    log.resources = list(told.values())
    return log


def log_parts_of(log: Log) -> list[dict[str, JSON]]:
    """The facts of each part, at least one."""
    packs = packed((("resources", entry) for entry in log.resources), PART)
    parts: list[dict[str, JSON]] = [
        {"part": place, "parts": len(packs), "resources": [entry for _, entry in pack]} for place, pack in enumerate(packs, 1)
    ]
    parts[0] |= {"complete": log.complete, "unread": log.unread}
    return parts


def _lines(chunks: Iterable[bytes], log: Log) -> Iterator[bytes]:
    """Whole lines without the marks of start and end. One that is too long is left out, and never held."""
    rest, dropping, last = b"", False, b""
    for chunk in chunks:
        log.begun = log.begun or (not last and chunk.startswith(START))
        last = chunk[-1:] or last
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            if dropping:
                dropping = False
            else:
                yield line.strip(START + END + b" \r\t")
        if len(rest) > LONGEST_LINE:
            log.unread += not dropping
            rest, dropping = b"", True
    log.complete = last == END
    if rest and not dropping:
        yield rest.strip(START + END + b" \r\t")


def _take(line: bytes, told: dict[tuple[str, str], dict[str, JSON]], log: Log) -> None:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        log.unread += 1
        return
    kind = found.get("type")
    if not isinstance(kind, str) or kind not in RESULTS:
        return
    hook = found.get("hook")
    resource = hook.get("resource") if isinstance(hook, dict) else None
    address = resource.get("addr") if isinstance(resource, dict) else None
    if not isinstance(hook, dict) or not isinstance(address, str) or not address:
        log.unread += 1
        return
    action = hook.get("action")
    key = (named(address, ADDRESS), named(action, NAME) if isinstance(action, str) else "")
    told[key] = {"address": key[0], "action": key[1], "result": RESULTS[kind]}
