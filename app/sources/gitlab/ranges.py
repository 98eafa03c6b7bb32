"""The stream of ranges: answers what other sources want to know of the commits between two revisions.

A want is settled by the page that answers it, also when the answer is that there is none to be had.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from app.canonical import digest
from app.domain.event import Event
from app.domain.paths import directory, is_pattern
from app.errors import Missing, SourceError, Throttled, Unauthorized, Unreachable
from app.sources.contract import Observation, Page, Task, Want
from app.sources.gitlab.client import Client
from app.sources.gitlab.commits import Commits
from app.sources.gitlab.project import Place, located
from app.sources.gitlab.range_events import Between, commit_pulls, range_events, unavailable
from app.sources.gitlab.terms import COMMIT_ID
from app.sources.gitlab.wire import Commit

AT_ONCE = 20  # commits in one page


@dataclass
class _Asked:
    """One project during one pass: `name` as it is wanted."""

    source: str
    name: str
    place: Place
    commits: Commits
    now: datetime
    told: set[str] = field(default_factory=set)  # commits whose merge requests this pass has told
    compared: dict[tuple[str, str], Between] = field(default_factory=dict)


def ranges(client: Client, source: str, name: str, wants: Sequence[Want], task: Task) -> Iterator[Page]:
    """Pages that settle the wants for one project. Raises the first SourceError after all others were tried."""
    try:
        place = located(client, source, name, task.memory, task.now)
    except Missing as missing:
        yield Page(events=[unavailable(source, want, str(missing), task.now) for want in wants], settled=wants, seen=len(wants))
        return
    yield Page(remember=place.told)
    asked = _Asked(source, name, place, Commits(client, place.id, place.path), task.now)
    first: SourceError | None = None
    for want in wants:
        try:
            yield from _answered(asked, want)
        except (Throttled, Unauthorized, Unreachable):
            raise
        except SourceError as error:
            first = first or error
    if first:
        raise first


def _answered(asked: _Asked, want: Want) -> Iterator[Page]:
    wrong = next((oid for oid in (want.base, want.head) if oid is not None and not COMMIT_ID.fullmatch(oid)), None)
    if wrong is not None:
        event = unavailable(asked.source, want, f"{wrong[:100]!r} is not a full commit id", asked.now)
        yield Page(events=[event], settled=[want], seen=1)
    elif want.base is None:
        yield Page(events=list(_pulls(asked, {want.head: None})), settled=[want], seen=1)
    else:
        yield from _one_range(asked, want, want.base)


def _one_range(asked: _Asked, want: Want, base: str) -> Iterator[Page]:
    try:
        found = _compared(asked, base, want.head)
    except Missing as missing:
        known = list(_pulls(asked, {base: None, want.head: None}, again=True))
        lost = [event.facts["head"] for event in known if event.status == "unavailable"]
        because = f"GitLab does not know {' nor '.join(lost)} in {asked.place.path}" if lost else str(missing)
        yield Page(events=[unavailable(asked.source, want, because, asked.now), *known], settled=[want], seen=1)
        return
    path = directory(want.path)[0]  # of a pattern: the host lists by directory
    hits = _touching(asked, found, path) if path else None
    every: dict[str, Commit] = {**found.commits, **found.undone}
    relevant: dict[str, Commit | None] = {want.head: every.get(want.head)}
    relevant |= every if hits is None else {oid: every.get(oid) for oid in hits}
    listed = list(relevant.items())
    for i in range(0, len(listed), AT_ONCE):
        yield Page(events=list(_pulls(asked, dict(listed[i : i + AT_ONCE]))), seen=len(listed[i : i + AT_ONCE]))
    told = replace(want, path=path) if is_pattern(want.path) else want
    events = list(range_events(asked.source, told, found, hits, asked.now))
    yield Page(observations=[found.observation] if found.observation else [], events=events, settled=[want], seen=1)


def _compared(asked: _Asked, base: str, head: str) -> Between:
    if (base, head) not in asked.compared:
        asked.compared[base, head] = _between(asked, base, head)
    return asked.compared[base, head]


def _between(asked: _Asked, base: str, head: str) -> Between:
    """Both directions where there are two. Raises Missing when GitLab does not know a commit or sees no common ancestor."""
    if base == head:
        asked.commits.one(head)
        return Between(base, head, "identical", {})
    shared = asked.commits.merge_base(base, head)
    if shared is None:
        raise Missing(f"no common ancestor of {base} and {head} in {asked.place.path}", "two commits of one history")
    ahead, kept = asked.commits.between(base, head) if shared != head else ({}, [])
    undone, lost = asked.commits.between(head, base) if shared != base else ({}, [])
    complete = _reaches(ahead, head, shared) and _reaches(undone, base, shared)
    status = "behind" if shared == head else "ahead" if shared == base else "diverged"
    body = _body({"base": base, "head": head, "merge_base": shared, "commits": kept, "undone": lost})
    where = f"{asked.place.path} {base}..{head}"
    seen = Observation(f"range/{asked.place.path}/{base}..{head}", where, body, digest(body), asked.now)
    return Between(base, head, status, _oldest_first(ahead), _oldest_first(undone), complete, seen)


def _reaches(listed: dict[str, Commit], tip: str, shared: str) -> bool:
    """A list that was cut lacks its tip, or the commit that was built on the common ancestor."""
    parents = {parent for commit in listed.values() for parent in commit.parent_ids or ()}
    return tip == shared or (tip in listed and shared in parents)


def _oldest_first(listed: dict[str, Commit]) -> dict[str, Commit]:
    return dict(reversed(listed.items()))


def _body(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=True, separators=(",", ":"), sort_keys=True).encode()


def _touching(asked: _Asked, found: Between, path: str) -> list[str]:
    hits: set[str] = set()
    for one, other, listed in ((found.base, found.head, found.commits), (found.head, found.base, found.undone)):
        if listed:
            hits |= asked.commits.between(one, other, path)[0].keys() & listed.keys()
    return [oid for oid in (*found.commits, *found.undone) if oid in hits]


def _pulls(asked: _Asked, commits: dict[str, Commit | None], *, again: bool = False) -> Iterator[Event]:
    """An event for each commit that this pass has not told yet (all of them with `again`)."""
    for oid, known in commits.items():
        if oid in asked.told and not again:
            continue
        try:
            commit = known or asked.commits.one(oid)[0]
            landed = asked.commits.requests_of(oid)
        except Missing:
            because = f"GitLab does not know the commit {oid} in {asked.place.path}"
            yield unavailable(asked.source, Want(asked.name, oid), because, asked.now)
        else:
            yield commit_pulls(asked.source, asked.name, oid, commit, asked.place.project, landed, asked.now)
        asked.told.add(oid)
