"""The stream of merge requests: oldest update first, always from page 1, on from ten minutes before the last one read.

An offset into a list that is sorted by what changes would skip rows, so each next page is asked by time. Remembered per project:
`watermark:` the newest update read, `seen:` what was read within the overlap, `again:` what is to be read at its time (open ones,
for approvals and pipelines may not touch `updated_at`; merged ones an hour and a day after; those that failed), `sweep:` how
far the daily reading of everything has come.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from app.domain.event import Event, Step
from app.domain.ref import Ref
from app.errors import Missing, NotUnderstood, ServerFailed, SourceError, Throttled, Unauthorized, Unreachable
from app.sources.contract import Observation, Page, Task
from app.sources.gitlab.client import PER_PAGE, Client
from app.sources.gitlab.project import Place, located, lost
from app.sources.gitlab.reading import Reader, updated
from app.sources.gitlab.telling import Met, Origin
from app.sources.gitlab.wire import MergeRequest, read, stamp, when, whole

OVERLAP = timedelta(minutes=10)
OPEN_AGAIN = timedelta(minutes=10)
ENDED_AGAIN = (timedelta(hours=1), timedelta(hours=24))  # after it was merged or closed
AT_ONCE = 10  # merge requests in one page
SWEPT = 25  # of the daily reading, in one pass; live news goes on meanwhile
IN_A_ROW = 3  # failures of the server before the pass is given up
Row = tuple[int, datetime | None]  # iid, updated_at


@dataclass
class _Pass:
    reader: Reader
    memory: Mapping[str, Any]
    now: datetime
    problems: list[SourceError] = field(default_factory=list)
    failed: int = 0
    done: set[int] = field(default_factory=set)

    @property
    def place(self) -> Place:
        return self.reader.place

    def key(self, what: str, iid: int | None = None) -> str:
        return f"{what}:{self.place.id}" + (f":{iid}" if iid is not None else "")


def merge_requests(client: Client, source: str, name: str, task: Task, met: Met) -> Iterator[Page]:
    """Pages of one project. Raises the first SourceError after everything that could be read was."""
    try:
        place = located(client, source, name, task.memory, task.now)
    except Missing as missing:
        yield lost(source, name, task.memory, str(missing), task.now)
        raise
    day = task.now.date().isoformat()
    run = _Pass(Reader(client, source, place, task.now, task.memory.get(f"checks:{place.id}") != day), task.memory, task.now)
    yield Page(events=place.events, remember=place.told)
    yield from _news(run)
    yield from _due(run)
    yield from _sweep(run, begin=task.everything)
    held = task.memory.get("server")
    met |= {**(held if isinstance(held, dict) else {}), **met, **run.reader.met}
    yield Page(remember={f"checks:{place.id}": None if run.reader.checked else day, "server": dict(met)})
    if run.problems:
        raise run.problems[0]


def _news(run: _Pass) -> Iterator[Page]:
    mark = when(_text(run.memory.get(run.key("watermark"))))
    seen = dict(run.memory.get(run.key("seen")) or {})
    floor, top, number = (mark - OVERLAP if mark else None), mark, 1
    before: list[Row] = []
    while True:
        listed, more = _listed(run, floor, number)
        if listed and listed == before and number > 1:
            raise NotUnderstood(f"page {number} of the merge requests of {run.place.path} repeats the page before it", "others")
        for part in _parts(listed):
            page = _read(run, [iid for iid, at in part if seen.get(str(iid)) != stamp(at)])
            seen |= {str(iid): stamp(at) for iid, at in part if at}
            top = max([at for _, at in part if at] + ([top] if top else []), default=None)
            yield _and(page, {run.key("watermark"): stamp(top), run.key("seen"): _recent(seen, top)}, seen=len(part))
        if not more:
            return
        newest = next((at for _, at in reversed(listed) if at), None)
        if newest and (floor is None or newest > floor):
            floor, number = newest, 1
        else:
            number += 1  # a whole page of one and the same time
        before = listed


def _recent(seen: Mapping[str, Any], top: datetime | None) -> dict[str, Any]:
    return {iid: at for iid, at in seen.items() if top is None or (when(at) or top) >= top - OVERLAP}


def _listed(run: _Pass, floor: datetime | None, number: int, size: int = PER_PAGE) -> tuple[list[Row], bool]:
    """One page, and whether there is another."""
    params = {"scope": "all", "state": "all", "order_by": "updated_at", "sort": "asc", "per_page": str(size)}
    if floor:
        params["updated_after"] = floor.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    items, more = run.reader.client.page(f"/projects/{run.place.id}/merge_requests", number, **params)
    found: list[Row] = []
    for item in items:
        node = item if isinstance(item, dict) else {}
        iid = whole(read(MergeRequest, node).iid)
        if iid is None:
            run.problems.append(NotUnderstood(f"a merge request of {run.place.path} has no iid", "its number"))
        else:
            found.append((iid, updated(node)))
    return found, more


def _parts(listed: list[Row]) -> Iterator[list[Row]]:
    for i in range(0, len(listed), AT_ONCE):
        yield listed[i : i + AT_ONCE]


def _due(run: _Pass) -> Iterator[Page]:
    """What is to be read again by now, the longest overdue first."""
    prefix = run.key("again") + ":"
    held = {key.removeprefix(prefix): value for key, value in run.memory.items() if key.startswith(prefix)}
    due = sorted((str(value.get("at")), int(iid)) for iid, value in held.items() if isinstance(value, dict) and iid.isdigit())
    ready = [iid for at, iid in due if iid not in run.done and (when(at) or run.now) <= run.now]
    for i in range(0, len(ready), AT_ONCE):
        yield _read(run, ready[i : i + AT_ONCE])


def _sweep(run: _Pass, *, begin: bool) -> Iterator[Page]:
    """A part of the daily reading of everything, oldest update first, until the newest is reached."""
    key, held = run.key("sweep"), run.memory.get(run.key("sweep"))
    if begin:
        if not run.memory.get(run.key("watermark")):
            return  # this very pass has read everything
        held = {}
    if not isinstance(held, dict):
        return
    after, number = when(_text(held.get("after"))), held.get("page") if type(held.get("page")) is int else 1
    listed, more = _listed(run, after, int(number or 1), SWEPT)
    for part in _parts(listed):
        yield _and(_read(run, [iid for iid, _ in part if iid not in run.done]), {}, seen=len(part))
    newest = next((at for _, at in reversed(listed) if at), None)
    onward = newest is not None and (after is None or newest > after)
    following = {"after": stamp(newest if onward else after), "page": 1 if onward else int(number or 1) + 1}
    yield Page(remember={key: following if more and listed else None})


def _read(run: _Pass, iids: list[int]) -> Page:
    observations: list[Observation] = []
    events: list[Event] = []
    unknown: list[tuple[str, str]] = []
    remember: dict[str, Any] = {}
    for iid in iids:
        key = run.key("again", iid)
        held = run.memory.get(key)
        before = held if isinstance(held, dict) else {}
        run.done.add(iid)
        try:
            seen, told = run.reader.read(iid)
        except (Throttled, Unauthorized, Unreachable):
            raise  # these are about the token or the host, not about one merge request
        except Missing as missing:
            events += _gone(run, iid, before, str(missing))
            remember[key] = None
            continue
        except SourceError as problem:
            run.failed += isinstance(problem, ServerFailed)
            run.problems.append(problem)
            if run.failed >= IN_A_ROW:
                raise
            remember[key] = {**before, "at": stamp(run.now)}
            continue
        run.failed = 0
        observations += [seen] if before.get("digest") != seen.digest else []
        events += told.events
        unknown += told.unknown
        remember[key] = _again(run, told.events, seen.digest)
    return Page(observations=observations, events=events, unknown=unknown, remember=remember)


def _again(run: _Pass, events: tuple[Event, ...], digest: str) -> dict[str, Any] | None:
    """When it is read next; None when all has been seen of it."""
    told = [event for event in events if event.type == "pull-request"]
    facts, identity = told[0].facts, told[0].ref.id
    ended = when(facts["merged_at"] or facts["closed_at"]) if facts["state"] in ("merged", "closed") else None
    if facts["state"] not in ("merged", "closed"):
        at: datetime | None = run.now + OPEN_AGAIN
    else:
        at = next((ended + later for later in ENDED_AGAIN if ended + later > run.now), None) if ended else None
    return {"at": stamp(at), "digest": digest, "id": identity} if at else None


def _gone(run: _Pass, iid: int, before: Mapping[str, Any], because: str) -> list[Event]:
    """A merge request that was there and is not any more: only an owner or an administrator can delete one."""
    if not before.get("id"):
        return []
    origin, facts = Origin(run.reader.source, run.place.path, run.now), {"number": iid, "because": because}
    ref = Ref("pull-request", str(before["id"]), f"{run.place.path}!{iid}")
    return [origin.event("pull-request", ref, Step.NOTED, "unavailable", run.now, number=iid, facts=facts)]


def _and(page: Page, remember: Mapping[str, Any], *, seen: int) -> Page:
    return Page(
        observations=page.observations,
        events=page.events,
        unknown=page.unknown,
        remember={**page.remember, **remember},
        seen=seen,
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
