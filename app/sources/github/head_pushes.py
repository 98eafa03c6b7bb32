"""Who pushed the head of a pull request, as the activity view of its repository has it: GitHub's own word, not the commit's.

A branch is pushed before its pull request is opened. What no pull request holds yet is remembered (`unplaced:<repository>`) and
asked for again, ever more slowly, for sixty days.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from app.domain.event import Event, Step
from app.domain.ref import Ref
from app.errors import NotUnderstood
from app.sources.contract import Page
from app.sources.github.activity import CURSOR_GONE, Batch, activity
from app.sources.github.moves import Asking, read, written
from app.sources.github.push_events import PUSHES, Move
from app.sources.github.reading import Reading
from app.sources.github.telling import Origin
from app.sources.github.wire import Node, at, moment, number, stamp, text

SOON, SELDOM, GIVEN_UP = timedelta(minutes=2), timedelta(days=1), timedelta(days=60)
STATUS = {"push": "push", "branch_creation": "push", "force_push": "force_push"}


def head_pushes(reading: Reading, asking: Asking, watched: set[str]) -> Iterator[Page]:
    """`watched` branches are told by the stream itself. Raises SourceError."""
    place = reading.recalled("heads", dict) or {}
    unplaced: dict[str, Any] = dict(reading.recalled("unplaced", dict) or {})
    due = {key: kept for key, kept in unplaced.items() if (moment(kept, "due") or reading.now) <= reading.now}
    again = [move for kept in due.values() if (move := read(kept))]
    events = _placed(reading, asking, again, unplaced)
    if again:
        yield Page(events=events, remember={f"unplaced:{reading.repository}": dict(unplaced)}, seen=len(again))
    try:
        for batch in activity(asking.client, asking.repository, place, reading.now):
            yield _page(reading, asking, batch, watched, unplaced)
    except NotUnderstood as error:
        if error.status in CURSOR_GONE:
            yield Page(remember={f"heads:{reading.repository}": None})
        raise


def _page(reading: Reading, asking: Asking, batch: Batch, watched: set[str], unplaced: dict[str, Any]) -> Page:
    new = [move for move in batch.moves if move.branch not in watched]
    events = _placed(reading, asking, [move for move in new if move.status in STATUS and move.after], unplaced, batch)
    for gone in (move for move in new if move.status == "branch_deletion"):
        for key in [key for key, kept in unplaced.items() if at(kept, "branch") == gone.branch]:
            unplaced.pop(key)
    remember = {f"heads:{reading.repository}": batch.place, f"unplaced:{reading.repository}": dict(unplaced) or None}
    observations = [batch.observation] if events else []
    return Page(observations=observations, events=events, unknown=batch.unknown, remember=remember, seen=len(new))


def _placed(
    reading: Reading, asking: Asking, moves: list[Move], unplaced: dict[str, Any], batch: Batch | None = None
) -> list[Event]:
    """The events of those whose pull request is known; the others are remembered."""
    events: list[Event] = []
    known = asking.about([str(move.after) for move in moves])
    for move in moves:
        pulls = [pull for pull in known[str(move.after)][1] if _is_head(pull, move, asking.repository)]
        events += [_event(reading, asking.repository, move, pull, batch.observation.digest if batch else None) for pull in pulls]
        key = str(move.id)
        age = reading.now - move.at
        if pulls or age > GIVEN_UP or (move.status not in (*PUSHES, "branch_creation")):
            unplaced.pop(key, None)
        else:
            unplaced[key] = {**written(move), "due": stamp(reading.now + min(SELDOM, max(SOON, age)))}
    return events


def _is_head(pull: Node, move: Move, repository: str) -> bool:
    ours = text(pull, "headRepository", "nameWithOwner", limit=300).lower() == repository.lower()
    return ours and text(pull, "headRefName", limit=300) == move.branch and number(pull, "number") is not None


def _event(reading: Reading, repository: str, move: Move, pull: Node, observation: str | None) -> Event:
    numbered, status = number(pull, "number"), STATUS[move.status]
    return Origin(reading.source, repository, reading.now, observation).event(
        "head-push",
        Ref("head-push", str(move.id), f"{repository}#{numbered} head", text(pull, "url") or None),
        Step.PUSHED,
        status,
        move.at,
        str(numbered),
        actor=move.actor,
        number=numbered,
        commits=(str(move.after),),
        facts={"number": numbered, "before": move.before, "after": move.after, "dated_by": "activity"},
    )
