"""The stream of checks: what became of the heads of open pull requests, and of those that were merged.

A check does not move `updatedAt`, so open heads are read at each pass, and merged ones again an hour and a day after the merge.
Remembered per repository: `watermark:` and `seen:` of the merged ones, `unfinished:` where a pass that was stopped goes on,
`late:` which are read again, `told:` what the open ones said last, `size:` how many GitHub manages at once.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from app.canonical import digest
from app.domain.event import Event
from app.errors import NotUnderstood, ServerFailed
from app.sources.contract import Observation, Page
from app.sources.github import query_checks
from app.sources.github.check_events import absent, check_events
from app.sources.github.client import needed_repository, split
from app.sources.github.pull_requests import OVERLAP, next_cursor
from app.sources.github.reading import Reading
from app.sources.github.telling import Origin, Pull
from app.sources.github.terms import KEPT_CHECKS
from app.sources.github.wire import (
    Node,
    at,
    cleaned,
    flag,
    moment,
    needed_id,
    needed_list,
    needed_object,
    number,
    sha,
    stamp,
    text,
)  # fmt: skip

AGAIN = (timedelta(hours=1), timedelta(hours=24))  # after the merge
FIRST, LARGEST = 25, 50


@dataclass
class _Pass:
    reading: Reading
    size: int
    late: dict[str, Any]
    told: dict[str, Any]
    current: str = ""  # the repository as GitHub names it now
    open: dict[str, str] = field(default_factory=dict)
    problems: list[NotUnderstood] = field(default_factory=list)

    def key(self, name: str) -> str:
        return f"{name}:{self.reading.repository}"


def checks(reading: Reading) -> Iterator[Page]:
    """Pages of one repository: merged, open, then those that are due again. Raises SourceError after what could be read."""
    size = reading.recalled("size", int) or FIRST
    told = {} if reading.task.everything else reading.recalled("told", dict) or {}
    run = _Pass(reading, max(1, min(LARGEST, size)), reading.recalled("late", dict) or {}, told)
    yield from _merged(run)
    yield from _open(run)
    yield from _due(run)
    yield Page(remember={run.key("size"): min(LARGEST, run.size + 5)})
    if run.problems:
        raise run.problems[0]


def _merged(run: _Pass) -> Iterator[Page]:
    """Newest update first, down to the last complete pass; then the watermark moves on."""
    reading = run.reading
    unfinished = reading.recalled("unfinished", dict)
    watermark = None if reading.task.everything else moment(reading.memory, run.key("watermark"))
    floor = watermark - OVERLAP if watermark else None
    after, top = text(unfinished, "after") or None, moment(unfinished, "top")
    seen = {} if reading.task.everything else reading.recalled("seen", dict) or {}
    read: dict[str, str] = {}
    while True:
        try:
            known, listed, more = _heads(run, "MERGED", after)
        except NotUnderstood:
            if after:  # a cursor that is no longer good: the next pass starts from the top
                yield Page(remember={run.key("unfinished"): None})
            raise
        reached = [head for head in listed if floor is None or not head.updated or head.updated >= floor]
        top = top or next((head.updated for head in reached if head.updated), None)
        read.update({head.id: stamp(head.updated) or "" for head in reached})
        new = [head for head in reached if seen.get(head.id) != (stamp(head.updated) or "")]
        yield from _told(run, new, known)
        if more is None or len(reached) < len(listed):
            break
        after = more
        yield Page(remember={run.key("unfinished"): {"after": after, "top": stamp(top)}}, seen=len(listed))
    remember: dict[str, Any] = {run.key("unfinished"): None}
    if top and not run.problems:
        recent = {key: when for key, when in read.items() if (at_ := moment({"at": when}, "at")) and at_ >= top - OVERLAP}
        remember |= {run.key("watermark"): stamp(top), run.key("seen"): recent}
    yield Page(remember=remember, seen=len(listed))


def _open(run: _Pass) -> Iterator[Page]:
    after: str | None = None
    while True:
        known, listed, after = _heads(run, "OPEN", after)
        yield from _told(run, listed, known, open_=True)
        if after is None:
            break
    kept = {key: value for key, value in run.told.items() if key in run.open}
    yield Page(remember={run.key("told"): kept})


def _due(run: _Pass) -> Iterator[Page]:
    """Merged heads whose hour, or day, is over."""
    due = []
    for identity, kept in sorted(run.late.items()):
        merged, named, left = moment(kept, "merged"), number(kept, "number"), number(kept, "left")
        if merged and named and left and run.reading.now >= merged + AGAIN[-left]:
            due.append(_Head(identity, named, None, None, merged))
    yield from _told(run, due, {}, again=True)


@dataclass(frozen=True, slots=True)
class _Head:
    id: str
    number: int
    oid: str | None
    updated: datetime | None
    merged: datetime | None
    url: str = ""


def _heads(run: _Pass, state: str, after: str | None) -> tuple[dict[str, Any], list[_Head], str | None]:
    """What to remember of the repository, one page of its pull requests, and the cursor of the next."""
    reading = run.reading
    owner, name = split(reading.asked)
    data = reading.client.ask(query_checks.HEADS, owner=owner, name=name, after=after, n=LARGEST, states=[state])
    answer = needed_repository(data, reading.asked)
    known = reading.same(answer)
    run.current = text(answer, "nameWithOwner", limit=300) or reading.asked
    connection = needed_object(answer, "pullRequests")
    heads = [_head(needed_object(node), run.current) for node in needed_list(connection, "nodes")]
    more = flag(connection, "pageInfo", "hasNextPage")
    if more is None:
        raise NotUnderstood(f"GitHub does not say whether {run.current} has more pull requests", "pageInfo.hasNextPage")
    return known, heads, next_cursor(connection, after, run.current) if more else None


def _head(node: Node, where: str) -> _Head:
    named = number(node, "number")
    if named is None:
        raise NotUnderstood(f"a pull request of {where} has no number", "its number")
    found = needed_id(node, "a pull request"), named, sha(node, "headRefOid"), moment(node, "updatedAt"), moment(node, "mergedAt")
    return _Head(*found, text(node, "url"))


def _told(
    run: _Pass, heads: Sequence[_Head], known: Mapping[str, Any], *, open_: bool = False, again: bool = False
) -> Iterator[Page]:
    """Pages of at most `size` pull requests each, asked again for half as many when GitHub cannot manage that many."""
    now = run.reading.now
    gone = [head for head in heads if head.merged and now - head.merged > KEPT_CHECKS]
    if gone:
        because = f"it was merged more than {KEPT_CHECKS.days} days ago, longer than GitHub keeps checks"
        yield Page(events=[_unavailable(run, head, because) for head in gone if head.oid], remember=known)
    rest = [head for head in heads if head not in gone]
    while rest:
        some = rest[: run.size]
        try:
            page = _page(run, some, known, open_)
        except ServerFailed:
            if run.size == 1:
                raise
            run.size //= 2
            continue
        rest = rest[len(some) :]
        _note_late(run, some, again)
        yield Page(
            observations=page.observations,
            events=page.events,
            unknown=page.unknown,
            seen=0 if not (open_ or again) else len(some),
            remember={**known, run.key("late"): dict(run.late)},
        )


def _note_late(run: _Pass, heads: Sequence[_Head], again: bool) -> None:
    for head in heads:
        if not head.merged:
            continue
        left = sum(run.reading.now < head.merged + wait for wait in AGAIN)
        kept = {"number": head.number, "merged": stamp(head.merged), "left": left}
        if left:
            run.late[head.id] = kept
        elif again:
            run.late.pop(head.id, None)


def _page(run: _Pass, heads: Sequence[_Head], known: Mapping[str, Any], open_: bool) -> Page:
    observations: list[Observation] = []
    events: list[Event] = []
    unknown: list[tuple[str, str]] = []
    nodes, failed, unrequired = _asked(run, heads)
    for i, head in enumerate(heads):
        node = nodes.get(f"p{i}")
        if f"p{i}" in failed or not isinstance(node, dict):
            events += [_unavailable(run, head, failed.get(f"p{i}") or "GitHub does not tell")] if head.oid else []
            continue
        try:
            whole, body = cleaned(_whole(run, node, unrequired is None))
            named = f"checks/{run.current}#{head.number}"
            observation = Observation(named, text(whole, "url"), body, digest(body), run.reading.now)
            if open_:
                run.open[head.id] = observation.digest
                if run.told.get(head.id) == observation.digest:
                    continue
                run.told[head.id] = observation.digest
            told = check_events(whole, Origin(run.reading.source, run.current, run.reading.now, observation.digest), unrequired)
        except NotUnderstood as problem:
            run.problems.append(problem)
            continue
        observations.append(observation)
        events += told.events
        unknown += told.unknown
    return Page(observations=observations, events=events, unknown=unknown)


def _asked(run: _Pass, heads: Sequence[_Head]) -> tuple[dict[str, Any], dict[str, str], str | None]:
    """The answers by alias, why some could not be told, and why it is not told which are required (None: it is)."""
    owner, name = split(run.current or run.reading.asked)
    variables = {f"n{i}": head.number for i, head in enumerate(heads)}
    unrequired: str | None = None
    for required in (True, False):
        text_ = query_checks.checks(len(heads), required=required)
        data, errors = run.reading.client.ask_partly(text_, owner=owner, name=name, **variables)
        refused = [error for error in errors if at(error, "path")[-1] == "isRequired"]
        if not refused:
            break
        unrequired = f"GitHub answered: {text(refused[0], 'message', limit=300)}"
    run.reading.client.note("checks", not errors)
    run.reading.client.note("required checks", unrequired is None and not errors)
    failed = {str(at(error, "path")[1]): f"GitHub answered: {text(error, 'message', limit=300)}" for error in errors}
    return dict(needed_repository(data, run.current)), failed, unrequired


def _whole(run: _Pass, node: Node, required: bool) -> Node:
    """With every check: a page holds a hundred."""
    commits = [needed_object(item) for item in needed_list(node, "commits", "nodes")]
    rollup = at(commits[0], "commit", "statusCheckRollup") if commits else None
    if rollup is None:
        return node
    connection = needed_object(rollup, "contexts")
    items, after = list(needed_list(connection, "nodes")), None
    owner, name = split(run.current)
    while flag(connection, "pageInfo", "hasNextPage") is not False:
        after = next_cursor(connection, after, f"the checks of {run.current}#{number(node, 'number')}")
        text_ = query_checks.more_checks(required=required)
        data = run.reading.client.ask(text_, owner=owner, name=name, n0=number(node, "number"), after=after)
        (commit,) = needed_list(needed_object(data, "repository", "p0"), "commits", "nodes")
        connection = needed_object(commit, "commit", "statusCheckRollup", "contexts")
        items += needed_list(connection, "nodes")
    head = {**needed_object(commits[0], "commit"), "statusCheckRollup": {"contexts": {**connection, "nodes": items}}}
    return {**node, "commits": {"nodes": [{"commit": head}]}}


def _unavailable(run: _Pass, head: _Head, because: str) -> Event:
    origin = Origin(run.reading.source, run.current, run.reading.now)
    pull = Pull(origin, head.id, head.number, head.url or None, {}, node={"mergedAt": stamp(head.merged)})
    return absent(pull, head.oid or "", "unavailable", because)
