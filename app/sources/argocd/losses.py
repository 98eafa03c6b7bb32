"""Operations that nobody saw: how many there were where that can be counted, at most how many where it can only be bounded.

Counted: heals, by the number that each carries of its own row (`autoHealAttemptsCount`, from 2.13 on). Bounded: everything in
a time that no announcement covers, by `metadata.generation`, which grows with every write; an operation costs three at least.
Unchanged it proves that nothing happened. https://argo-cd.readthedocs.io/en/stable/user-guide/auto_sync/#automatic-self-healing.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.sources.argocd import wire
from app.sources.argocd.announcements import Episode
from app.sources.argocd.deeds import AUTOMATION, Deed
from app.sources.argocd.memory import Memory
from app.sources.argocd.names import instant, stamp
from app.sources.argocd.operations import Heard

KEPT_FOR = timedelta(hours=1)  # how long Kubernetes keeps events, where nobody set `--event-ttl`
SOON = timedelta(seconds=10)  # an end may be announced this much after it was written
WRITES = 3  # requested, running, over


@dataclass(frozen=True, slots=True)
class LostHeals:
    """Between two operations; `after` is the start of the one before them, `before` the start of the one after."""

    size: int
    after: str
    before: str


@dataclass(frozen=True, slots=True)
class Unwitnessed:
    """A time in which operations may have come and gone unseen. `at_most` None: nothing bounds how many."""

    since: str
    until: str
    at_most: int | None
    known: int
    because: str


def lost_heals(deeds: Sequence[Deed], memory: Memory) -> Iterator[LostHeals]:
    """Each heal says the how-manieth of its row it is; any other operation begins a new row. A first sight counts nothing."""
    met = {deed.started for deed in memory.deeds}
    row: Deed | None = None  # the last operation whose number is known
    announced = 0  # heals since then whose number nobody told
    for deed in deeds if memory.read else ():
        number = _number(deed)
        if number is None and deed.partial:
            announced += 1
            continue
        if number and deed.partial and row is not None and deed.started not in met:
            missing = number - (_number(row) or 0) - 1 - announced
            if missing > 0 and (not row.partial or row.revisions == deed.revisions):
                yield LostHeals(missing, row.finished or row.started, deed.started)
        row, announced = (deed if number is not None else None), 0


def _number(deed: Deed) -> int | None:
    """Of its row: 0 for what a person began, and for an automated sync, onto which 2.13 to 3.1 copied the number before it, what
    its record says. None where automation was not seen to do it: then nobody told."""
    if deed.wears != AUTOMATION:
        return 0
    told = int(deed.shape.get("heals") or 0)
    return told or (None if deed.partial or deed.how != "observed" else 0)


def unwitnessed(
    app: wire.Application,
    told: Sequence[tuple[Deed, Episode | None]],
    heard: Heard,
    memory: Memory,
    last_pass: datetime | None,
    now: datetime,
) -> tuple[Unwitnessed | None, list[str]]:
    """The time since the last look, if an operation could have hidden in it; and that look, where it is too early to say."""
    since, generation = _look(memory, last_pass)
    deeds = [deed for deed, _ in told]
    if since is None or not deeds:
        return None, []
    if not memory.pending and any(deeds[-1].started == deed.started for deed in memory.deeds):
        return None, []  # the one that stood then still stands: nothing came between, for it would have taken its place
    late = [deed for deed, episode in told if _unheard(deed, episode) and deed.start > since]
    runs = any(not deed.over and deed.start > since and (episode is None or episode.started is None) for deed, episode in told)
    because = _uncovered(heard, since, now)
    if not because and (runs or any(now - (deed.end or now) < SOON for deed in late)):  # its end will tell
        return None, [stamp(since), "" if generation is None else str(generation)]
    if not because and late:
        because = "an operation ended of which no announcement tells: they are not all kept, or no longer made"
    if not because:
        return None, []
    known = [deed for deed in deeds if deed.start > since]
    entries = sum(1 for deed in known if deed.history_id is not None)
    grown = _grown(app, generation)
    at_most = None if grown is None else max(0, (grown - WRITES * len(known) - entries) // WRITES)
    return (None if at_most == 0 else Unwitnessed(stamp(since), deeds[-1].started, at_most, len(known), because)), []


def _look(memory: Memory, last_pass: datetime | None) -> tuple[datetime | None, int | None]:
    """When it was known last what stood in the slot, and the writes until then."""
    if memory.pending:
        since, generation = memory.pending
        return instant(since), int(generation) if generation.isdigit() else None
    if not memory.read:
        return None, None
    return max(filter(None, (instant(memory.read), last_pass)), default=None), memory.generation


def _unheard(deed: Deed, episode: Episode | None) -> bool:
    """Argo CD announces every end, whoever began it."""
    return deed.over and deed.end is not None and (episode is None or episode.completed is None)


def _uncovered(heard: Heard, since: datetime, now: datetime) -> str:
    """Why announcements do not tell of all that happened since; "" when they seem to."""
    if heard.said is None:
        return f"the announcements could not be read ({heard.failure})"
    if not heard.announces:
        return "this server announces no starts of operations"
    if not heard.reaches_back_to(since) and now - since > KEPT_FOR:
        return "announcements are kept for an hour, and the last look was before that"
    return ""


def _grown(app: wire.Application, generation: int | None) -> int | None:
    """Writes to the application since then; None where that is not told."""
    if app.metadata.generation is None or generation is None:
        return None
    return max(0, app.metadata.generation - generation)
