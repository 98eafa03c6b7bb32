"""The stream of pushes: what moved the default branch and the protected ones, and whether a merge request brought it.

The project's push events say who pushed; the walk along first parents says whether they tell of everything. Remembered per
project (`mark:`): the newest event read; per branch (`branch:`): its tip, the newest event told, and since when the events do
not explain the tip.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import quote

from app.domain.actor import unknown
from app.domain.event import Event
from app.errors import Missing, NotUnderstood
from app.sources.contract import Page, Task
from app.sources.gitlab.client import Client
from app.sources.gitlab.commits import Commits
from app.sources.gitlab.people import account
from app.sources.gitlab.project import Place, located
from app.sources.gitlab.proposals import Proposed, proposed
from app.sources.gitlab.push_events import Brought, Move, push_events
from app.sources.gitlab.telling import Origin
from app.sources.gitlab.terms import NOTHING, PUSHES
from app.sources.gitlab.wire import Protected, PushEvent, rows, sha, stamp, when

FIRST_LOOK = timedelta(days=90)
AGAIN = timedelta(days=7)  # what the daily reading of everything tells once more
SETTLED = timedelta(minutes=2)  # GitLab writes events, and marks requests merged, after the branch has moved
WALKED = "GitLab's events tell of no push here; the branch was walked"


@dataclass
class _Pass:
    client: Client
    source: str
    place: Place
    memory: Mapping[str, Any]
    now: datetime
    everything: bool
    commits: Commits
    tips: dict[str, str]
    waiting: bool = False  # a move was left for the next pass

    def held(self, branch: str) -> Mapping[str, Any]:
        found = self.memory.get(self.key(branch))
        return found if isinstance(found, Mapping) else {}

    def key(self, branch: str) -> str:
        return f"branch:{self.place.id}:{branch}"


def pushes(client: Client, source: str, name: str, task: Task) -> Iterator[Page]:
    """Pages of one project, a branch each. Raises SourceError."""
    place = located(client, source, name, task.memory, task.now)
    yield Page(remember=place.told)
    commits = Commits(client, place.id, place.path)
    run = _Pass(client, source, place, task.memory, task.now, task.everything, commits, _tips(client, place))
    moves, mark = _moves(run)
    for branch in sorted({*run.tips, *moves}):
        yield from _branch(run, branch, moves.get(branch, []))
    if not run.waiting:  # else the same events are read again
        yield Page(remember={f"mark:{place.id}": mark})


def _tips(client: Client, place: Place) -> dict[str, str]:
    """The default branch and those that are protected, by name or by a pattern, with the commits they are at."""
    listed, _ = client.perhaps(f"/projects/{place.id}/protected_branches")
    names = [one.name for one in rows(Protected, listed or [])]
    wanted = {place.project.default_branch or "", *(name for name in names if "*" not in name)} - {""}
    found = {name: tip for name in sorted(wanted) if (tip := _tip(client, place.id, name))}
    for pattern in (name for name in names if "*" in name):
        for item in client.every(f"/projects/{place.id}/repository/branches", search=f"^{pattern.partition('*')[0]}"):
            name, tip = _named(item)
            if tip and fnmatchcase(name, pattern):
                found[name] = tip
    return found


def _tip(client: Client, project: int, name: str) -> str | None:
    try:
        return _named(client.one(f"/projects/{project}/repository/branches/{quote(name, safe='')}"))[1]
    except Missing:
        return None  # protected, and not made yet


def _named(item: Any) -> tuple[str, str | None]:
    commit = item.get("commit") if isinstance(item, Mapping) else None
    oid = commit.get("id") if isinstance(commit, Mapping) else None
    name = item.get("name") if isinstance(item, Mapping) else None
    return (name if isinstance(name, str) else ""), (sha(oid) if isinstance(oid, str) else None)


def _moves(run: _Pass) -> tuple[dict[str, list[Move]], dict[str, Any]]:
    """New push events of watched branches, oldest first, and the mark to remember. Newest are read first, down to the last mark."""
    mark = run.memory.get(f"mark:{run.place.id}")
    known = isinstance(mark, Mapping) and all(run.held(branch) for branch in run.tips)
    last = mark if known and isinstance(mark, Mapping) else {}
    since = (when(str(last.get("at"))) or run.now - FIRST_LOOK) - (AGAIN if run.everything and last else timedelta())
    found: dict[str, dict[str, Move]] = {}
    newest = int(last.get("event") or 0)
    for items in run.client.pages(
        f"/projects/{run.place.id}/events", action="pushed", sort="desc", after=(since - timedelta(days=1)).date().isoformat()
    ):
        ids = [event.id or 0 for event in rows(PushEvent, items)]
        newest = max([newest, *ids])
        for event in rows(PushEvent, items):
            move = _move(event)
            if move and _watched(run, move.branch) and _new(run, event, move):
                found.setdefault(move.branch, {})[move.told_by] = move
        if ids and not run.everything and 0 < max(ids) <= int(last.get("event") or 0):
            break
    listed = {branch: sorted(moves.values(), key=lambda one: (one.at, one.told_by)) for branch, moves in found.items()}
    return listed, {"event": newest, "at": stamp(run.now)}


def _new(run: _Pass, event: PushEvent, move: Move) -> bool:
    told = run.held(move.branch).get("event")
    return run.everything or not isinstance(told, int) or event.id is None or event.id > told


def _watched(run: _Pass, branch: str) -> bool:
    return branch in run.tips or bool(run.held(branch))


def _move(event: PushEvent) -> Move | None:
    """None for tags, for pushes of many branches at once (which name no commits), and for what cannot be placed in time."""
    data, at = event.push_data, when(event.created_at)
    if data is None or data.ref_type != "branch" or not data.ref or at is None:
        return None
    before, after = (None if one and NOTHING.fullmatch(one) else sha(one) for one in (data.commit_from, data.commit_to))
    if before is None and after is None:
        return None
    actor = account(event.author)
    told_by = str(event.id) if event.id is not None else f"{stamp(at)}"
    return Move(data.ref, before, after, at, actor, told_by, PUSHES.get(data.action, "push"), data.commit_title)


def _branch(run: _Pass, branch: str, moves: list[Move]) -> Iterator[Page]:
    """One move after the other; where one does not begin at what the last one left, the walk fills the gap.

    `walked`: when we last saw a tip that no event explained. An event from before that is late: it explains what was walked.
    """
    held = run.held(branch)
    key, walked = run.key(branch), when(str(held.get("walked")))
    state: dict[str, Any] = {"event": 0, **held}
    tip: str | None = state.get("tip")
    before = None if run.everything else tip  # of a move that is told again nothing need lie before
    for move in moves:
        late = walked is not None and move.at <= walked
        if not late and before and move.before and move.before != before:
            yield Page(events=_told(run, _walk(run, branch, before, move.before, move.at)), seen=1)
        brought = _brought(run, move)
        if not _settled(run, move.at, brought):
            run.waiting = True
            yield Page(remember={key: state})
            return  # told when GitLab has finished with it
        before = before if late else move.after
        tip = tip if late else move.after
        number = int(move.told_by) if move.told_by.isdigit() else 0
        state |= {"tip": tip, "event": max(number, int(state["event"] or 0)), "since": None}
        yield Page(events=_events(run, move, brought), remember={key: state}, seen=1)
    now = run.tips.get(branch)
    if now and tip and now != tip:
        first = when(str(held.get("since"))) or run.now
        if run.now - first < SETTLED:
            yield Page(remember={key: {**state, "since": stamp(first)}})
            return
        state |= {"since": None, "walked": stamp(run.now)}
        yield Page(events=_told(run, _walk(run, branch, tip, now, run.now)), seen=1)
    yield Page(remember={key: {**state, "tip": now or tip} if (now or tip) else None})


def _told(run: _Pass, move: Move) -> list[Event]:
    return _events(run, move, _brought(run, move))


def _walk(run: _Pass, branch: str, before: str, after: str, latest: datetime) -> Move:
    """Dated by the commit it led to, which is self-declared, but never later than what is known to come after it."""
    try:
        declared = when(run.commits.one(after)[0].committed_date)
    except Missing:
        declared = None
    return Move(branch, before, after, min(declared or latest, latest), unknown(WALKED), "walk", "push")


def _brought(run: _Pass, move: Move) -> Brought:
    if move.after is None:
        return Brought()
    if move.before is None:
        return Brought(because="what the branch was made from is not told") if move.status == "push" else Brought()
    commits = run.commits
    try:
        shared = commits.merge_base(move.before, move.after)
        listed, _ = commits.between(move.before, move.after)
        undone = () if shared == move.before else tuple(reversed(commits.between(move.after, move.before)[0]))
        found = proposed(commits, move.branch, move.after, listed)
    except Missing as missing:
        return Brought(because=f"what it brought cannot be read: {missing}")
    if move.after not in listed and shared != move.after:
        raise NotUnderstood(f"the commits of {move.before}..{move.after} do not hold the last of them", "the whole range")
    return Brought(listed, undone, found)


def _settled(run: _Pass, at: datetime, brought: Brought) -> bool:
    found: Proposed = brought.proposed
    return run.now - at >= SETTLED or not (found.pending or found.unproposed)


def _events(run: _Pass, move: Move, brought: Brought) -> list[Event]:
    return list(push_events(Origin(run.source, run.place.path, run.now), move, brought))
