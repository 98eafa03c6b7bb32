"""The stream of pull requests: newest update first, down to ten minutes before where the last complete pass began.

Remembered per repository: `watermark:` the newest update of the last complete pass, `seen:` what was read within the
overlap, `unfinished:` where a pass that was stopped goes on, `size:` how many pull requests GitHub manages at once.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from app.canonical import digest
from app.domain.event import Event
from app.errors import NotUnderstood, ServerFailed
from app.sources.contract import Observation, Page
from app.sources.github import query
from app.sources.github.client import Client, needed_repository, split
from app.sources.github.normalise import body_digest, normalise
from app.sources.github.reading import Reading
from app.sources.github.telling import Origin
from app.sources.github.wire import (
    Node,
    at,
    cleaned,
    flag,
    moment,
    needed_id,
    needed_list,
    needed_object,
    needed_time,
    number,
    stamp,
    text,
)
from app.sources.telling import Normalised

OVERLAP = timedelta(minutes=10)  # `updatedAt` has no published contract; a late bump within this is still read
FIRST, LARGEST = 25, 50
CONNECTIONS = ("reviews", "commits", "timelineItems", "labels")


@dataclass
class _Pass:
    """One pass over one repository. `floor` None reads everything there is."""

    client: Client
    source: str
    repository: str
    asked: str
    now: datetime
    floor: datetime | None
    after: str | None
    top: datetime | None
    size: int
    seen: dict[str, str]
    was_flawed: bool = False
    read: dict[str, datetime] = field(default_factory=dict)
    problems: list[NotUnderstood] = field(default_factory=list)

    @property
    def flawed(self) -> bool:
        """A pull request of this pass, or of its part before it was stopped, was not understood."""
        return self.was_flawed or bool(self.problems)


def pull_requests(reading: Reading) -> Iterator[Page]:
    """Pages of one repository. Raises SourceError after the pages that could be read; the watermark then stays."""
    run, repository = _begin(reading), reading.repository
    while True:
        try:
            answer = _ask(run)
        except NotUnderstood:
            if run.after:  # a cursor that is no longer good: the next pass starts from the top
                yield Page(remember={f"unfinished:{repository}": None})
            raise
        known = reading.same(answer)
        connection = needed_object(answer, "pullRequests")
        listed = [needed_object(node) for node in needed_list(connection, "nodes")]
        reached = _kept(run, listed)
        page = _page(run, answer, reached, len(listed))
        more = flag(connection, "pageInfo", "hasNextPage")
        if more is None:
            raise NotUnderstood(f"GitHub does not say whether {repository} has more pull requests", "pageInfo.hasNextPage")
        if not more or len(reached) < len(listed):
            break
        run.after = next_cursor(connection, run.after, repository)
        unfinished = {"after": run.after, "top": stamp(run.top), "floor": stamp(run.floor), "flawed": run.flawed}
        yield replace(page, remember={**known, f"unfinished:{repository}": unfinished, f"size:{repository}": run.size})
    yield replace(page, remember={**known, **_remembered(run)})
    if run.problems:
        raise run.problems[0]


def _begin(reading: Reading) -> _Pass:
    task, memory, repository = reading.task, reading.memory, reading.repository
    watermark = None if task.everything else moment(memory, f"watermark:{repository}")
    unfinished = None if task.everything else memory.get(f"unfinished:{repository}")
    seen = {} if task.everything else memory.get(f"seen:{repository}") or {}
    floor = moment(unfinished, "floor") if unfinished else (watermark - OVERLAP if watermark else None)
    return _Pass(
        client=reading.client,
        source=reading.source,
        repository=repository,
        asked=reading.asked,
        now=task.now,
        floor=floor,
        after=text(unfinished, "after") or None,
        top=moment(unfinished, "top"),
        size=max(1, min(LARGEST, number(memory, f"size:{repository}") or FIRST)),
        seen=dict(seen),
        was_flawed=bool(flag(unfinished, "flawed")),
    )


def _ask(run: _Pass) -> Node:
    """One page; asked again for half as many when GitHub cannot manage that many."""
    owner, name = split(run.asked)
    while True:
        try:
            data = run.client.ask(query.PULL_REQUESTS, owner=owner, name=name, after=run.after, n=run.size)
            return needed_repository(data, run.repository)
        except ServerFailed:
            if run.size == 1:
                raise
            run.size //= 2


def _kept(run: _Pass, listed: list[Node]) -> list[Node]:
    """The nodes down to the floor. One without a time cannot be placed, and stops nothing."""
    out = []
    for node in listed:
        updated = moment(node, "updatedAt")
        if updated and run.floor and updated < run.floor:
            break
        run.top = run.top or updated
        out.append(node)
    return out


def _page(run: _Pass, answer: Node, reached: list[Node], listed: int) -> Page:
    repository = text(answer, "nameWithOwner", limit=300) or run.repository
    observations: list[Observation] = []
    events: list[Event] = []
    unknown: list[tuple[str, str]] = []
    for node in reached:
        try:
            identity = needed_id(node, f"a pull request of {repository}")
            updated = needed_time(node, f"the pull request {identity}", "updatedAt")
            if run.seen.get(identity) == stamp(updated):
                run.read[identity] = updated
                continue
            observation, told = _told(run, repository, node)
            run.read[identity] = updated
        except NotUnderstood as problem:
            run.problems.append(problem)
            continue
        observations.append(observation)
        events.extend(told.events)
        unknown.extend(told.unknown)
    return Page(observations=observations, events=events, unknown=unknown, seen=listed)


def _told(run: _Pass, repository: str, node: Node) -> tuple[Observation, Normalised]:
    """Of what its author wrote in it only the digest is kept: people paste what is nobody's business."""
    whole, _ = cleaned(completed(run.client, node))
    _, body = cleaned({**whole, "body": body_digest(whole)})
    named = f"pull-request/{repository}#{number(whole, 'number')}"
    observation = Observation(named, text(whole, "url"), body, digest(body), run.now)
    return observation, normalise(whole, Origin(run.source, repository, run.now, observation.digest))


def completed(client: Client, node: Node) -> Node:
    """The pull request with the rest of every connection that the page cut short.

    Raises NotUnderstood when GitHub does not tell whether there is a rest.
    """
    whole = dict(node)
    for name in CONNECTIONS:
        connection = dict(needed_object(node, name))
        items = list(needed_list(connection, "nodes"))
        after = None
        while flag(connection, "pageInfo", "hasNextPage") is not False:
            after = next_cursor(connection, after, f"{name} of {needed_id(node, 'a pull request')}")
            data = client.ask(query.MORE[name], id=needed_id(node, "a pull request"), after=after)
            connection = dict(needed_object(data, "node", name))
            items += needed_list(connection, "nodes")
        whole[name] = {**connection, "nodes": items}
    return whole


def next_cursor(connection: Node, before: str | None, what: str) -> str:
    """The cursor of the next page. Raises NotUnderstood when it does not go on: we would ask for ever."""
    cursor = at(connection, "pageInfo", "endCursor")
    if not isinstance(cursor, str) or not cursor or cursor == before:
        raise NotUnderstood(f"GitHub says there is more of {what}, but not where", "a new pageInfo.endCursor")
    return cursor


def _remembered(run: _Pass) -> dict[str, Any]:
    """What a pass leaves behind; the watermark moves on only when everything it passed was understood."""
    repository = run.repository
    out: dict[str, Any] = {f"unfinished:{repository}": None, f"size:{repository}": min(LARGEST, run.size + 5)}
    if run.top and not run.flawed:
        since = run.top - OVERLAP
        out[f"watermark:{repository}"] = stamp(run.top)
        out[f"seen:{repository}"] = {key: stamp(when) for key, when in run.read.items() if when >= since}
    return out
