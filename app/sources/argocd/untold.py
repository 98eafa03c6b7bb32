"""What was lost before it was read, and what was changed after it was read, as events."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from app.domain.actor import unknown
from app.domain.event import Event, How, Step
from app.sources.argocd.account import Account
from app.sources.argocd.deeds import Deed
from app.sources.argocd.maker import Maker
from app.sources.argocd.terms import SUCCEEDED

LOWERED = "its limit may have been lower for a time, and a sync then pushed them out"
EMPTIED = "its limit may have been 0 for a time, which empties it"


def loss_events(make: Maker, found: Account) -> Iterator[Event]:
    """Gaps of exact size, and a time in which operations may have hidden, with how many at most."""
    for low, high in found.past.gaps:
        yield from _gap(make, low, high, found)
    for lost in found.lost_heals:
        facts = {
            "of": "self-heals", "from_id": None, "to_id": None, "size": lost.size, "from_at": lost.after, "to_at": lost.before,
            "message": f"{lost.size} self-heals came and went unseen: the next one counted them; what they repaired is not known",
        }  # fmt: skip
        yield make.event(
            "history-gap", f"{make.uid}/{lost.after}~{lost.before}", "missing", Step.NOTED, make.now, facts, how=How.INFERRED
        )
    if hidden := found.unwitnessed:
        facts = {
            "from_at": hidden.since, "to_at": hidden.until, "at_most": hidden.at_most, "known": hidden.known,
            "because": hidden.because,
        }  # fmt: skip
        external = f"{make.uid}/{hidden.since}~{hidden.until}"
        yield make.event("unwitnessed", external, "possible", Step.NOTED, make.now, facts, how=How.INFERRED)


def _gap(make: Maker, low: int, high: int, found: Account) -> Iterator[Event]:
    """Entries that left the history before they were read, less those whose operations announcements told of."""
    edge, after = found.history.get(high + 1), found.history.get(low - 1)
    entries = high - low + 1
    size = entries - _told_between(found, after.at if after else "", edge.at if edge else "", entries)
    if size <= 0:
        return
    facts = {
        "of": "full operations",
        "from_id": low,
        "to_id": high,
        "size": size,
        "entries": entries,
        "from_at": after.at if after and after.at else None,
        "to_at": edge.at if edge and edge.at else None,
        "message": f"{size} full successful operations left the history before they were read",
    }
    yield make.event("history-gap", f"{make.uid}/{low}-{high}", "missing", Step.NOTED, make.now, facts, how=How.INFERRED)


def _told_between(found: Account, after: str, before: str, entries: int) -> int:
    """How many of the entries that are gone stand as operations all the same. Where one may have been a dry run it explains an
    entry only if everything of that time was announced."""
    told = [
        one.deed
        for one in found.operations
        if one.deed.history_id is None and one.deed.phase == SUCCEEDED and not one.deed.partial and "dry_run" not in one.deed.shape
        and one.deed.finished and after < one.deed.finished and (not before or one.deed.started < before)
    ]  # fmt: skip
    sure = [deed for deed in told if "perhaps_dry_run" not in deed.shape]
    return min(entries, len(sure) if found.unwitnessed else len(told))


def integrity_events(make: Maker, found: Account) -> Iterator[Event]:
    """Argo CD never changes what it has written of an operation that is over: somebody wrote past it.

    The Application has no status subresource, so whoever may update it may rewrite its history.
    """
    past = found.past
    if past.altered:
        changes = [{"history_id": one.id, "before": one.before, "after": one.after} for one in past.altered]
        yield from _integrity(make, "rewritten", "entries of the history are not what they were when they were read", changes)
    if past.shortened:
        message = "entries that stood in the history were taken out, and nothing pushed them out"
        yield from _integrity(make, "shortened", message, _gone(found, past.shortened), LOWERED if past.pushed_out else "")
    if past.restarted:
        message = "the history starts again at a lower number: what it held before is gone from Argo CD"
        yield from _integrity(make, "restarted", message, _gone(found, past.stood), EMPTIED)
    if found.remade:
        was, now = found.remade
        change = {"history_id": now.history_id, "operation": f"{make.uid}/{now.started}", "before": _said(was), "after": _said(now)}
        yield from _integrity(make, "altered", "the record of an operation that was over says something else now", [change])


def _said(deed: Deed) -> dict[str, Any]:
    return {"phase": deed.phase, "finished_at": deed.finished, "names": deed.wears or None, "revisions": deed.revisions}


def _gone(found: Account, numbers: Sequence[int]) -> list[dict[str, Any]]:
    return [{"history_id": number, "before": found.past.was.get(number), "after": None} for number in numbers]


def _integrity(
    make: Maker, status: str, message: str, changes: Sequence[Mapping[str, Any]], otherwise: str = ""
) -> Iterator[Event]:
    """`otherwise`: what else than somebody's hand may have done it."""
    facts: dict[str, Any] = {"message": message, "changes": [dict(one) for one in changes]}
    facts["history_ids"] = [one["history_id"] for one in changes]
    facts |= {"otherwise": otherwise} if otherwise else {}
    who = unknown("Argo CD keeps no record of who writes to an Application object")
    return make.events("integrity", make.uid, status, Step.NOTED, make.now, facts, unique=make.now.isoformat(), actor=who)
