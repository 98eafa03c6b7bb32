"""The stream of ranges: answers what other sources want to know of the commits between two revisions.

A want is settled by the page that answers it, also when the answer is that there is none to be had.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from app.canonical import digest, plain
from app.domain.event import Event
from app.domain.paths import directory, is_pattern
from app.errors import Missing
from app.sources.contract import Observation, Page, Task, Want
from app.sources.gitlab.client import Client
from app.sources.gitlab.commit_pulls import commit_pulls
from app.sources.gitlab.commits import Commits
from app.sources.gitlab.project import Place, located
from app.sources.gitlab.telling import Origin
from app.sources.gitlab.wire import Commit, when
from app.sources.in_turn import in_turn
from app.sources.range_events import Between, not_a_commit, range_events, unavailable

AT_ONCE = 20  # commits in one page
CUT = "GitLab's list of commits does not reach the commit before the range"


@dataclass
class _Asked:
    """One project during one pass: that of `origin` as it is wanted, `place` as GitLab has it now."""

    origin: Origin
    place: Place
    commits: Commits
    told: set[str] = field(default_factory=set)  # commits whose merge requests this pass has told
    compared: dict[tuple[str, str], Between[Commit]] = field(default_factory=dict)


def ranges(client: Client, source: str, name: str, wants: Sequence[Want], task: Task) -> Iterator[Page]:
    """Pages that settle the wants for one project. Raises the first SourceError after all others were tried."""
    origin = Origin(source, plain(name), task.now)
    try:
        place = located(client, source, name, task.memory, task.now)
    except Missing as missing:
        yield Page(events=[unavailable(origin, want, str(missing)) for want in wants], settled=wants, seen=len(wants))
        return
    yield Page(remember=place.told)
    asked = _Asked(origin, place, Commits(client, place.id, place.path))
    failed = yield from in_turn(wants, lambda want: _answered(asked, want))
    if failed:
        raise failed[0][1]


def _answered(asked: _Asked, want: Want) -> Iterator[Page]:
    if because := not_a_commit(want):
        yield Page(events=[unavailable(asked.origin, want, because)], settled=[want], seen=1)
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
        yield Page(events=[unavailable(asked.origin, want, because), *known], settled=[want], seen=1)
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
    tip, cut = found.commits.get(found.head), None if found.complete else CUT
    events = list(range_events(asked.origin, told, found, hits, when(tip.committed_date) if tip else None, because=cut))
    yield Page(observations=found.observations, events=events, settled=[want], seen=1)


def _compared(asked: _Asked, base: str, head: str) -> Between[Commit]:
    if (base, head) not in asked.compared:
        asked.compared[base, head] = _between(asked, base, head)
    return asked.compared[base, head]


def _between(asked: _Asked, base: str, head: str) -> Between[Commit]:
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
    seen = Observation(f"range/{asked.place.path}/{base}..{head}", where, body, digest(body), asked.origin.observed_at)
    return Between(base, head, status, _oldest_first(ahead), _oldest_first(undone), complete, (seen,))


def _reaches(listed: dict[str, Commit], tip: str, shared: str) -> bool:
    """A list that was cut lacks its tip, or the commit that was built on the common ancestor."""
    parents = {parent for commit in listed.values() for parent in commit.parent_ids or ()}
    return tip == shared or (tip in listed and shared in parents)


def _oldest_first(listed: dict[str, Commit]) -> dict[str, Commit]:
    return dict(reversed(listed.items()))


def _body(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=True, separators=(",", ":"), sort_keys=True).encode()


def _touching(asked: _Asked, found: Between[Commit], path: str) -> list[str]:
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
            yield unavailable(asked.origin, Want(asked.origin.repository, oid), because)
        else:
            yield commit_pulls(asked.origin, oid, commit, asked.place.project, landed)
        asked.told.add(oid)
