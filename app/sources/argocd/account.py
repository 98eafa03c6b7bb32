"""The operations of one application, put together from everything that tells of them. Pure.

Three witnesses: the record in its one slot, the history (full successes only, at most ten by default), and the
announcements (an hour). What an earlier pass told is remembered, so nothing is told twice and nothing is invented.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from app.sources.argocd import wire
from app.sources.argocd.announcements import Episode, episodes
from app.sources.argocd.deeds import Deed, Target, from_history, from_state, targets
from app.sources.argocd.leftover import mark_own
from app.sources.argocd.losses import LostHeals, Unwitnessed, lost_heals, unwitnessed
from app.sources.argocd.memory import Entry, Memory
from app.sources.argocd.names import sources_of, stamp
from app.sources.argocd.operations import Heard, unannounced
from app.sources.argocd.pairing import from_episode, pair, unseen
from app.sources.argocd.past import Past
from app.sources.argocd.sightings import freshest, merge
from app.sources.argocd.terms import FAILED, SUCCEEDED, UNSEEN

FORGOTTEN = timedelta(hours=1)
KEPT_LONGER = timedelta(minutes=15)
PATIENCE = {True: timedelta(seconds=10), False: timedelta(seconds=30)}  # for an announcement, by "is it over"


@dataclass(frozen=True, slots=True)
class Told:
    """An operation and its announcement, if it has one."""

    deed: Deed
    episode: Episode | None


@dataclass(frozen=True, slots=True)
class Account:
    """`remade`: an operation that was over when it was told, and whose record says something else now (before, after)."""

    operations: tuple[Told, ...]
    current: Deed | None
    past: Past
    lost_heals: tuple[LostHeals, ...] = ()
    unwitnessed: Unwitnessed | None = None
    remade: tuple[Deed, Deed] | None = None
    pending: list[str] = field(default_factory=list)

    @property
    def history(self) -> dict[int, Entry]:
        return self.past.known


def account(
    app: wire.Application,
    heard: Heard,
    memory: Memory,
    now: datetime,
    last_pass: datetime | None = None,
    seen: Sequence[Deed] = (),
) -> Account:
    """Everything known of the application's operations, oldest first. `seen`: as the live stream showed them."""
    entries = sorted((app.status.history if app.status else None) or [], key=lambda h: h.id)
    past = Past(app, entries, memory)
    current = from_state(app)
    remade = _remade(current, memory)
    looked = Memory(memory.uid, memory.name, deeds=list(memory.deeds), read=memory.read, pending=list(memory.pending))
    looked.generation = memory.generation
    deeds = _known(app, entries, past, current, memory, seen)
    told = episodes(heard.said or ())
    pairs = pair(deeds, told)
    _close(deeds, pairs, told, current, heard, now)
    operations = [Told(deed, told[pairs[i]] if i in pairs else None) for i, deed in enumerate(deeds)]
    slot_is_empty = current is None and app.operation is None
    for j in [] if slot_is_empty and not entries else unseen(deeds, told, pairs, _slot(current, deeds)):
        found = from_episode(told[j])
        if found:
            while any(found.started == one.deed.started for one in operations):
                found.started = stamp(found.start + timedelta(milliseconds=1))  # two in one second are still two
            _complete(found, app, past.known)
            operations.append(Told(found, told[j]))
    operations.sort(key=lambda one: (one.deed.started, one.deed.finished or "~"))
    done = [one.deed for one in operations]
    hidden, pending = unwitnessed(app, [(one.deed, one.episode) for one in operations], heard, looked, last_pass, now)
    mark_own(done, past.known, looked, whole=hidden is None and not pending)
    return Account(tuple(operations), current, past, tuple(lost_heals(done, looked)), hidden, remade, pending)


def _remade(current: Deed | None, memory: Memory) -> tuple[Deed, Deed] | None:
    """Its phase, its end, whom it names and what it brought are written once, when it ends."""
    same = next((deed for deed in memory.deeds if current and deed.started == current.started), None)
    if current is None or same is None or not (same.over and same.told_end and same.how == "observed"):
        return None
    was, now = (_written(same), _written(current))
    return (same, current) if was != now else None


def _written(deed: Deed) -> tuple[object, ...]:
    return (deed.phase, deed.finished, deed.wears, tuple(deed.revisions))


def _slot(current: Deed | None, deeds: Sequence[Deed]) -> Deed | None:
    return next((deed for deed in deeds if current and deed.started == current.started), None)


def _known(
    app: wire.Application,
    entries: Sequence[wire.History],
    past: Past,
    current: Deed | None,
    memory: Memory,
    seen: Sequence[Deed],
) -> list[Deed]:
    """Remembered, seen on the live stream, kept by the history, and standing in the slot: each operation once, under its start."""
    known = {deed.started: deed for deed in memory.deeds}
    merge(known, seen)
    new = {one.id for one in past.fresh}
    for entry in entries:
        deed = from_history(entry)
        if deed is None:
            continue
        same = known.get(deed.started) or _same(entry, deed, known)
        if same is None:
            deed.told_start = deed.told_end = deed.proven = entry.id not in new
            known[deed.started] = deed
        else:
            same.history_id = entry.id
            if not same.over:
                same.over, same.phase, same.finished, same.how = True, SUCCEEDED, deed.finished, "reconstructed"
    if current:
        same = known.get(current.started)
        known[current.started] = freshest(same, current) if same else current
    return sorted(known.values(), key=lambda d: d.started)


def _same(entry: wire.History, deed: Deed, known: dict[str, Deed]) -> Deed | None:
    """An entry without a start of its own is the operation that ended when it was written."""
    if entry.deploy_started_at or deed.end is None:
        return None
    ended = [
        one
        for one in known.values()
        if one.end and abs((one.end - deed.end).total_seconds()) <= 2 and one.revisions == deed.revisions
    ]
    return ended[0] if ended else None


def _close(
    deeds: Sequence[Deed], pairs: dict[int, int], told: Sequence[Episode], current: Deed | None, heard: Heard, now: datetime
) -> None:
    """Ends that were overwritten: told by the announcement, else unseen once nothing more can tell of them."""
    for i, deed in enumerate(deeds):
        if deed.over or current is None or deed.started >= current.started:
            continue
        end = told[pairs[i]].completed if i in pairs else None
        if end is not None:
            deed.phase, deed.finished, deed.message = (
                (SUCCEEDED if end.succeeded else FAILED),
                stamp(end.at),
                end.error or end.message,
            )
            deed.over, deed.how = True, "reconstructed"
        elif heard.said is not None or now - deed.start > FORGOTTEN:
            deed.phase, deed.finished, deed.over, deed.how = UNSEEN, current.started, True, "inferred"


def _complete(deed: Deed, app: wire.Application, known: dict[int, Entry]) -> None:
    """Where its manifests came from, as the application says now; and whether it can only have been a dry run."""
    sources = sources_of(app.spec)
    if len(deed.targets) <= len(sources):
        deed.targets = targets(sources, deed.revisions) if deed.targets else []
    if deed.phase == SUCCEEDED and not deed.partial and deed.wears.startswith("user:") and "local" not in deed.shape:
        deed.shape |= {"dry_run" if _left_no_entry(deed, app, known) else "perhaps_dry_run": True}


def _left_no_entry(deed: Deed, app: wire.Application, known: dict[int, Entry]) -> bool:
    """The history is whole from before this success until now, and has no entry for it."""
    if app.spec and app.spec.revision_history_limit == 0:
        return False
    before = [number for number, one in known.items() if one.at and one.at <= deed.started]
    if not before and 0 not in known and known:
        return False
    first = max(before) if before else 0
    return set(range(first, max(known, default=-1) + 1)) <= set(known)


def ready(one: Told, heard: Heard, now: datetime) -> bool:
    """Its initiator is as known as it will be: what is told cannot be changed, so a late announcement is waited for, briefly."""
    deed, episode = one.deed, one.episode
    if (episode and episode.started) or unannounced(deed, episode, heard) or deed.how == "inferred" or "rolling" in deed.shape:
        return True
    if not heard.announces or not heard.reaches_back_to(deed.start) or deed.how == "reconstructed":
        return True
    age = now - ((deed.end or deed.start) if deed.over else deed.start)
    return age >= PATIENCE[deed.over] or (age < timedelta() and deed.waited)


def kept(operations: Sequence[Told], heard: Heard) -> list[Deed]:
    """What must be remembered: what is unfinished, what announcements still speak of, and the last few."""
    oldest = min((one.at for one in heard.said or ()), default=None)
    deeds = [one.deed for one in operations]
    out = []
    for i, deed in enumerate(deeds):
        recent = (
            i >= len(deeds) - 3 or heard.said is None or (oldest is not None and (deed.end or deed.start) >= oldest - KEPT_LONGER)
        )
        if not (deed.told_end and deed.told_start) or recent:
            if deed.told_end and deed.proven:  # enough to know it again
                deed.message, deed.resources, deed.targets = "", [], [Target(revision=one) for one in deed.revisions]
            out.append(deed)
    return out
