"""The evidence-at-risk clock: how long until Argo CD forgets, of each application, what was not yet captured.

Announcements live as long as Kubernetes keeps events (an hour, where nobody set it otherwise; longer where older ones were
seen). The history holds so many full syncs: at the pace of the fastest that stand in it, it is full anew after as many of
them. The one slot of the last operation is taken by the next, at any moment: that has no clock.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from app.sources.argocd import wire
from app.sources.argocd.losses import KEPT_FOR
from app.sources.argocd.memory import Memory
from app.sources.argocd.names import instant, stamp
from app.sources.argocd.operations import Heard
from app.sources.argocd.past import LIMIT

SHOWN = 20  # applications that forget soonest


def keeps(app: wire.Application, heard: Heard, memory: Memory, now: datetime) -> dict[str, int]:
    """Seconds for which the application keeps what it shows now: `announcements`, and `history` where its pace is known."""
    oldest = min((one.at for one in heard.said or ()), default=now)
    out = {
        "announcements": int(max(KEPT_FOR, now - oldest, timedelta(seconds=memory.keeps.get("announcements", 0))).total_seconds())
    }
    entries = (app.status.history if app.status else None) or []
    ended = sorted(filter(None, (instant(one.deployed_at) for one in entries)))
    limit = app.spec.revision_history_limit if app.spec else None
    limit = LIMIT if limit is None else max(0, limit)
    if limit == 0:
        out["history"] = 0
    elif len(ended) > 1:
        fastest = min(after - before for before, after in pairwise(ended))
        out["history"] = int(max(fastest, timedelta(seconds=1)).total_seconds()) * limit
    return out


def clock(kept: Mapping[str, Mapping[str, int]], behind: Mapping[str, tuple[str, str]], now: datetime) -> dict[str, Any]:
    """What is remembered of it after a pass, for whoever shows it.

    `captured`: everything of every application but those `behind` was read by then. `soonest`: what each of the others forgets
    first, were nothing read from then on, in seconds; of all those `applications` the ones that come first. A history that keeps
    nothing has no clock. `behind`: applications with news that could not be read, since when, why, and when they forget it (ISO
    times).
    """
    clocks = {key: [(seconds, what) for what, seconds in one.items() if seconds] for key, one in kept.items() if key not in behind}
    first = [(key, *min(found)) for key, found in clocks.items() if found]
    soonest = sorted(first, key=lambda one: (one[1], one[0]))[:SHOWN]
    return {
        "captured": stamp(now),
        "applications": len(first),
        "soonest": [{"application": key, "seconds": seconds, "what": what} for key, seconds, what in soonest],
        "behind": [_late(key, since, because, kept.get(key) or {}, now) for key, (since, because) in sorted(behind.items())],
    }


def _late(key: str, since: str, because: str, kept: Mapping[str, int], now: datetime) -> dict[str, Any]:
    begun = instant(since) or now
    return {
        "application": key,
        "since": stamp(begun),
        "because": because,
        "forgets": {what: stamp(begun + timedelta(seconds=seconds)) for what, seconds in sorted(kept.items()) if seconds},
    }


def kept_of(memory: Mapping[str, Any], keys: Iterable[str]) -> dict[str, dict[str, int]]:
    """What each application keeps, as remembered."""
    out = {}
    for key in keys:
        value = memory.get(key)
        told = value.get("keeps") if isinstance(value, dict) else None
        if isinstance(told, dict):
            out[key] = {str(what): seconds for what, seconds in told.items() if isinstance(seconds, int)}
    return out
