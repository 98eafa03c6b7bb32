"""The history as it stands against the history that was remembered: what is new, what is gone, and what is not what it was.

Argo CD appends to it and, when it appends, drops the oldest entries over the application's limit. Ids are contiguous. Whatever
else happens to it was done by somebody with write access to the Application object.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from app.canonical import canonical_json, digest
from app.sources.argocd import wire
from app.sources.argocd.deeds import named
from app.sources.argocd.memory import Entry, Memory
from app.sources.argocd.names import instant, revisions_of, sources_of, stamp

LIMIT = 10  # entries that are kept where the specification says nothing
KEPT = 16  # entries that are remembered, at least; all that stand are


@dataclass(frozen=True, slots=True)
class Altered:
    """An entry that is not what it was: its id, and what of it was and is."""

    id: int
    before: dict[str, Any]
    after: dict[str, Any]


class Past:
    """`gaps` are (from id, to id) of entries nobody can read any more; `shortened` ids that stood and were taken out though
    nothing pushed them out; `restarted` when ids begin anew, at or below those that stood. `pushed_out`: the limit may have been
    lower for a time, and an append then dropped what went. `was`: what is remembered of each entry."""

    def __init__(self, app: wire.Application, entries: Sequence[wire.History], memory: Memory) -> None:
        last = memory.last_id
        remembered = {int(key): one for key, one in memory.history.items() if key.isdigit()}
        same = all(one.id in remembered and remembered[one.id].print == fingerprint(one) for one in entries)
        below = bool(last is not None and entries and entries[-1].id < last and not same)
        self.restarted = below or _anew(entries, remembered)
        self.stood = list(memory.stood)
        before = {} if self.restarted else remembered
        last = None if self.restarted else last
        self.fresh = [one for one in entries if last is None or one.id > last]
        changed = [one for one in entries if one.id in before and before[one.id].print != fingerprint(one)]
        self.altered = [Altered(one.id, _shown(before[one.id]), _shown(_entry(one))) for one in changed]
        now = [one.id for one in entries]
        self.shortened = [] if self.restarted else _shortened(app, now, self.stood)
        self.pushed_out = bool(self.shortened) and _perhaps_pushed_out(app, now, self.stood, remembered)
        self.was = {number: _shown(one) for number, one in remembered.items()}
        self.gaps: list[tuple[int, int]] = []
        previous = last
        for one in self.fresh:
            if previous is not None and one.id > previous + 1:
                self.gaps.append((previous + 1, one.id - 1))
            previous = one.id
        self.known = {n: one for n, one in before.items() if n not in self.shortened} | {one.id: _entry(one) for one in entries}

    def remembered(self, standing: Sequence[int]) -> dict[str, Entry]:
        return {str(n): one for n, one in sorted(self.known.items())[-max(KEPT, len(standing) + 6) :]}


def _anew(entries: Sequence[wire.History], remembered: Mapping[int, Entry]) -> bool:
    """Every number that stood before is now another, later operation's: the history was empty for a time, and began again."""
    newest = max((at for one in remembered.values() if (at := instant(one.at))), default=None)
    again = [(_entry(one), remembered[one.id]) for one in entries if one.id in remembered]
    later = [now for now, was in again if now.print != was.print and newest and (at := instant(now.at)) and at > newest]
    return bool(again) and len(later) == len(again)


def _shortened(app: wire.Application, now: Sequence[int], stood: Sequence[int]) -> list[int]:
    """Ids that went although an append did not push them out: it drops the oldest, and leaves as many as the limit says."""
    gone = [number for number in stood if number not in now]
    limit = app.spec.revision_history_limit if app.spec else None
    limit = LIMIT if limit is None else max(0, limit)
    if not gone or limit == 0:
        return []
    appended = bool(now) and now[-1] > stood[-1]
    pushed_out = appended and max(gone) < now[0] and len(now) >= limit
    return [] if pushed_out else gone


def _perhaps_pushed_out(app: wire.Application, now: Sequence[int], stood: Sequence[int], remembered: dict[int, Entry]) -> bool:
    """What went are the oldest, and something was appended since; where nothing is left, an operation began since, or may have."""
    if now:
        return now[-1] > stood[-1] and max(number for number in stood if number not in now) < now[0]
    state = app.status.operation_state if app.status else None
    begun = instant(state.started_at) if state else None
    last = instant(remembered[stood[-1]].at) if stood[-1] in remembered else None
    return begun is None or last is None or begun > last


def fingerprint(entry: wire.History) -> str:
    """A short digest of what must never change in an entry."""
    plain = msgspec.json.encode(_bare(msgspec.to_builtins(entry)), order="sorted").decode("utf-8", "replace")
    return digest(canonical_json(plain))[7:23]


def source_print(sources: Sequence[wire.Source]) -> str:
    """A short digest of where manifests come from."""
    return digest(msgspec.json.encode(_bare(msgspec.to_builtins(list(sources))), order="sorted"))[7:23]


def _bare(value: Any) -> Any:
    """As prints have always been made: without what is read of a source beside where it stands."""
    if isinstance(value, dict):
        return {key: _bare(item) for key, item in value.items() if key != "helm"}
    return [_bare(item) for item in value] if isinstance(value, list) else value


def _entry(one: wire.History) -> Entry:
    at = instant(one.deployed_at) or instant(one.deploy_started_at)
    by = named(one.initiated_by)
    return Entry(fingerprint(one), stamp(at) if at else "", revisions_of(one), source_print(sources_of(one)), by)


def _shown(one: Entry) -> dict[str, Any]:
    return {"at": one.at or None, "revisions": one.revisions, "source": one.source, "initiator": one.by or None, "print": one.print}
