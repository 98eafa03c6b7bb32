"""The stream of pushes: every move of the default branch and of protected ones, direct or not; and who pushed the heads.

Two witnesses: the activity view, and the line of commits itself, which is walked wherever the activity does not join up (it ended,
the server has none, something was lost). Remembered per branch (`line:<repository>@<branch>`): `at` how far the line is told,
`place` in the activity, `back` where the walk to its beginning goes on, `ahead` since when the tip is elsewhere, `again` what is
judged once more, since GitHub associates commits with pull requests a little late.
"""

from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from app.domain.event import Event
from app.errors import Forbidden, Missing, NotUnderstood
from app.sources.contract import Page
from app.sources.github.activity import CURSOR_GONE, Batch, activity
from app.sources.github.back import walk_back
from app.sources.github.branches import Branches, branches
from app.sources.github.head_pushes import head_pushes
from app.sources.github.moves import Asking, brought, read, untold, written
from app.sources.github.push_events import MERGES, PUSHES, Brought, Move, is_doubtful, push_events
from app.sources.github.reading import Reading
from app.sources.github.telling import Origin
from app.sources.github.wire import at, moment, sha, stamp

GRACE = timedelta(minutes=5)  # the activity view may follow a little after the branch
AGAIN_AFTER, SETTLED = timedelta(minutes=10), timedelta(hours=1)
TRY_AGAIN = timedelta(hours=24)


@dataclass
class _Line:
    """One branch in one pass."""

    reading: Reading
    asking: Asking
    branch: str
    tip: str | None
    state: dict[str, Any]
    events: list[Event] = field(default_factory=list)

    def remember(self) -> dict[str, Any]:
        kept = {key: value for key, value in self.state.items() if value not in (None, [], {})}
        return {f"line:{self.reading.repository}@{self.branch}": kept}

    def origin(self, observation: str | None = None) -> Origin:
        return Origin(self.reading.source, self.asking.repository, self.reading.now, observation)


def pushes(reading: Reading) -> Iterator[Page]:
    """Pages of one repository: branch after branch, then the heads of pull requests. Raises SourceError."""
    found = branches(reading)
    yield Page(remember=found.remember)
    asking = Asking(reading.client, found.current, reading.now)
    able = _able(reading)
    for branch, tip in found.tips.items():
        state = reading.memory.get(f"line:{reading.repository}@{branch}")
        line = _Line(reading, asking, branch, tip, dict(state) if isinstance(state, dict) else {})
        if able:
            able = yield from _by_activity(line)
        yield from _by_line(line, able)
    reading.client.note("activity", able)
    yield from _heads(reading, asking, found, able)


def _able(reading: Reading) -> bool:
    """Whether the activity view may be asked: it is tried again once a day."""
    kept = reading.recalled("activity", dict)
    tried = moment(kept, "at")
    return not (kept and tried and reading.now - tried < TRY_AGAIN and not reading.task.everything)


def _by_activity(line: _Line) -> Generator[Page, None, bool]:
    """Each move that the activity tells, in order; before it what it leaves out. Gives whether there is such an endpoint."""
    place = line.state.get("place")
    place = place if isinstance(place, dict) else {}
    batches = activity(line.asking.client, line.asking.repository, place, line.reading.now, line.branch)
    try:
        for batch in batches:
            line.asking.about([move.after for move in batch.moves if move.after and move.status in (*PUSHES, *MERGES)])
            for move in batch.moves:
                if not _late(line, move):
                    _join(line, move)
                _tell(line, move, brought(line.asking, move), batch)
            line.state["place"] = batch.place
            yield _paged(line, batch)
    except NotUnderstood as error:
        if error.status in CURSOR_GONE:  # the next pass begins with the oldest
            line.state["place"] = None
            yield Page(remember=line.remember())
        raise
    except (Missing, Forbidden) as error:
        kept = {"because": str(error), "at": stamp(line.reading.now)}
        yield Page(remember={f"activity:{line.reading.repository}": kept})
        return False
    if line.reading.recalled("activity", dict):
        yield Page(remember={f"activity:{line.reading.repository}": None})
    return True


def _late(line: _Line, move: Move) -> bool:
    """It belongs before what is told already: it came late, or all is read again. The line has been walked over it."""
    newest, ids = moment(line.state, "newest"), line.state.get("ids") or []
    if newest and (move.at < newest or move.id in ids):
        return True
    line.state |= {"newest": stamp(move.at), "ids": [*(ids if move.at == newest else []), move.id]}
    return False


def _join(line: _Line, move: Move) -> None:
    """Walk what lies between the last move that is told and this one."""
    reached = sha(line.state, "at")
    if reached is None and not line.state.get("gone"):
        line.state["back"] = {"expect": move.before or move.after}
    elif reached and move.before and reached != move.before:
        _walk(line, reached, move.before)
    line.state["at"], line.state["gone"] = move.after, move.after is None


def _by_line(line: _Line, able: bool) -> Iterator[Page]:
    """What the branch itself says: where it stands, what is judged again, and what was before."""
    reached, tip = sha(line.state, "at"), line.tip
    if tip and reached is None and not line.state.get("gone"):
        line.state |= {"at": tip, "back": {"expect": tip}}
    elif tip and reached != tip:
        _ahead(line, reached, tip, able)
    else:
        line.state["ahead"] = None
    _again(line)
    yield _paged(line)
    back = line.state.get("back")
    for stretch in walk_back(line.asking, line.branch, back) if isinstance(back, dict) else ():
        for move, what in stretch.found:
            _tell(line, move, what)
        line.state["back"] = stretch.place
        yield _paged(line, seen=stretch.seen)


def _ahead(line: _Line, reached: str | None, tip: str, able: bool) -> None:
    """The tip is elsewhere than what is told: walk there, once the activity has had the time to say so itself."""
    ahead = line.state.get("ahead")
    since = moment(ahead, "since") if sha(ahead, "tip") == tip else None
    if able and (since is None or line.reading.now - since < GRACE):
        line.state["ahead"] = {"tip": tip, "since": stamp(since or line.reading.now)}
        return
    if reached:
        _walk(line, reached, tip)
    line.state |= {"at": tip, "ahead": None, "gone": False}


def _walk(line: _Line, before: str, after: str) -> None:
    for move, what in untold(line.asking, line.branch, before, after):
        _tell(line, move, what)


def _tell(line: _Line, move: Move, what: Brought, batch: Batch | None = None) -> None:
    line.events += push_events(move, what, line.origin(batch.observation.digest if batch else None))
    if is_doubtful(move, what, line.asking.repository) and line.reading.now - move.at < SETTLED:
        item = {"move": written(move), "commits": list(what.commits), "due": stamp(line.reading.now + AGAIN_AFTER)}
        line.state["again"] = [*(line.state.get("again") or []), item]


def _again(line: _Line) -> None:
    """Once more, ten minutes after: a pull request that was associated late makes it another event, which corrects."""
    rest = []
    for item in line.state.get("again") or []:
        due, move = moment(item, "due"), read(at(item, "move"))
        if due and due > line.reading.now:
            rest.append(item)
        elif move:
            commits = [oid for oid in item["commits"] if sha(oid)]
            line.events += push_events(move, Brought(line.asking.about(commits)), line.origin())
    line.state["again"] = rest


def _paged(line: _Line, batch: Batch | None = None, *, seen: int = 0) -> Page:
    """What was told since the last page."""
    events, line.events = line.events, []
    if batch is None:
        return Page(events=events, remember=line.remember(), seen=seen)
    observations = [batch.observation] if batch.moves else []
    return Page(observations=observations, events=events, unknown=batch.unknown, remember=line.remember(), seen=len(batch.moves))


def _heads(reading: Reading, asking: Asking, found: Branches, able: bool) -> Iterator[Page]:
    """Where the activity can be read, who pushed to the other branches: the heads of pull requests."""
    if able:
        yield from head_pushes(reading, asking, set(found.tips))
