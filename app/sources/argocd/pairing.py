"""Which announcement is of which operation, and which announced operations nobody saw.

Announcements have whole seconds, so an operation and its announcements agree within a few; an application runs one
operation at a time, so each announcement belongs to one operation at most.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from app.canonical import plain
from app.sources.argocd.announcements import Episode
from app.sources.argocd.deeds import AUTOMATION, MESSAGE, Deed, Target
from app.sources.argocd.names import stamp
from app.sources.argocd.terms import FAILED, SUCCEEDED

EARLY = timedelta(seconds=2)  # an announcement may seem to be this much before its operation, or a start after it
LATE = timedelta(seconds=60)  # the end is announced after the record is written
ALONE = timedelta(seconds=10)  # the same for an end whose start was never announced
QUEUE = timedelta(seconds=15)  # how long a start may wait for the controller while no end ties the two together


def pair(deeds: Sequence[Deed], told: Sequence[Episode]) -> dict[int, int]:
    """Index of a deed → index of its episode: the closest fits first, each used once."""
    scored = []
    for i, deed in enumerate(deeds):
        for j, episode in enumerate(told):
            distance = _distance(deed, episode)
            if distance is not None:
                scored.append((distance, i, j))
    out: dict[int, int] = {}
    used: set[int] = set()
    for _, i, j in sorted(scored):
        if i not in out and j not in used:
            out[i] = j
            used.add(j)
    return out


def _distance(deed: Deed, episode: Episode) -> float | None:
    """Seconds between them at both ends, or None when they cannot be the same operation."""
    if not _alike(deed, episode):
        return None
    begun, ended = episode.started, episode.completed
    if begun and begun.at > deed.start + EARLY:
        return None
    far = abs((deed.start - begun.at).total_seconds()) if begun else 1.0
    if ended is None:
        return far if begun and deed.start - begun.at <= QUEUE else None
    if deed.end is None:
        near = begun is None or deed.start - begun.at <= QUEUE
        return far + 5.0 if near and not deed.over and ended.at >= deed.start else None
    late = ended.at - deed.end
    return far + abs(late.total_seconds()) if -EARLY <= late <= (LATE if begun else ALONE) else None


def _alike(deed: Deed, episode: Episode) -> bool:
    revisions, start = episode.revisions, episode.started
    if revisions and deed.revisions and set(revisions).isdisjoint(deed.revisions):
        return False
    if start is None:
        return True
    if "rolling" in deed.shape or (episode.partial is not None and episode.partial != deed.partial):
        return False
    if deed.asked is not None and deed.asked != deed.wears:
        return False  # the record wears a name that its request did not carry
    says = AUTOMATION if start.automated else f"user:{start.user}" if start.user else ""
    return deed.wears == says or (deed.how != "observed" and not deed.wears)


def unseen(deeds: Sequence[Deed], told: Sequence[Episode], pairs: Mapping[int, int], current: Deed | None) -> list[int]:
    """Episodes that ended before the current operation began and that no known operation explains."""
    used = set(pairs.values())
    anchor = next((pairs[i] for i, deed in enumerate(deeds) if deed is current and i in pairs), None)
    alone = [deed for i, deed in enumerate(deeds) if i not in pairs]
    out = []
    for j, episode in enumerate(told):
        if j in used or episode.completed is None:
            continue
        past = j < anchor if anchor is not None else current is None or episode.completed.at <= current.start
        if past and not _shadowed(episode, alone):
            out.append(j)
    return out


def _shadowed(episode: Episode, deeds: Sequence[Deed]) -> bool:
    """A lone end inside, or at the edge of, a known operation without an end of its own needs no operation of its own."""
    if episode.started or episode.completed is None:
        return False
    at = episode.completed.at
    return any(d.start - EARLY <= at <= (d.end + LATE if d.end else at) for d in deeds if _alike(d, episode))


def from_episode(episode: Episode) -> Deed | None:
    """The operation that an announced end stands for, as far as the announcements tell."""
    end, start = episode.completed, episode.started
    if end is None:
        return None
    begun = start.at if start else end.at
    shape: dict[str, bool] = {}
    if start is None:
        shape["start_unknown"] = True
    if start and start.local:
        shape["local"] = True
    wears = "" if start is None else AUTOMATION if start.automated else f"user:{start.user}" if start.user else ""
    return Deed(
        started=stamp(begun),
        finished=stamp(end.at),
        phase=SUCCEEDED if end.succeeded else FAILED,
        over=True,
        targets=[Target(revision=plain(one, 200)) for one in episode.revisions],
        wears=wears,
        partial=bool(episode.partial),
        shape=shape,
        message=plain(end.error or end.message, MESSAGE),
        how="reconstructed",
    )
