"""Both states of an object out of the raw payload that held them, and how they differ line by line."""

from collections.abc import Mapping, Set
from typing import Any

import orjson

from app.drift.diff import Diff as Diff
from app.drift.diff import Stretch as Stretch
from app.drift.diff import diff
from app.drift.diff import stretches as stretches
from app.drift.merge import BOTH as BOTH
from app.drift.merge import DECLARED as DECLARED
from app.drift.merge import Line as Line
from app.drift.words import marked as marked

STATES = ("predictedLiveState", "normalizedLiveState")  # what it would be, and what it is


def compared(payload: bytes, group: str, kind: str, namespace: str, name: str, differing: Set[str] = frozenset()) -> Diff | None:
    """The object of that name in an answer of `managed-resources` as it is kept. None: it is not in it, or neither state is.

    `differing`: paths that the source told to differ, also where their values were hidden before anything was stored.
    """
    found = _object(payload, (group, kind, namespace, name))
    if found is None:
        return None
    declared, live = (found[state] if isinstance(found.get(state), dict) else None for state in STATES)
    return diff(declared, live, differing) if declared is not None or live is not None else None


def _object(payload: bytes, wanted: tuple[str, ...]) -> Mapping[str, Any] | None:
    try:
        document = orjson.loads(payload)
    except orjson.JSONDecodeError:
        return None
    items = document.get("items") if isinstance(document, dict) else None
    for item in items if isinstance(items, list) else ():
        if isinstance(item, dict) and tuple(item.get(key) or "" for key in ("group", "kind", "namespace", "name")) == wanted:
            return item
    return None
