"""The stream of ranges: answers what other sources want to know of the commits between two revisions.

A want is settled by the page that answers it, also when the answer is that there is none to be had.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from app.canonical import plain
from app.domain.event import Event
from app.domain.paths import directory, is_pattern
from app.errors import Missing
from app.sources.contract import Page, Want
from app.sources.github import query
from app.sources.github.associations import associations
from app.sources.github.client import Client
from app.sources.github.commit_pulls import commit_pulls
from app.sources.github.comparison import Comparison, compare, touching
from app.sources.github.reading import Reading
from app.sources.github.telling import Origin
from app.sources.github.wire import text
from app.sources.in_turn import in_turn
from app.sources.range_events import not_a_commit, range_events, unavailable


@dataclass
class _Asked:
    """One repository during one pass: that of `origin` as it is wanted, `current` as GitHub names it now."""

    client: Client
    origin: Origin
    current: str
    told: set[str] = field(default_factory=set)  # commits whose pull requests this pass has told
    compared: dict[tuple[str, str], Comparison] = field(default_factory=dict)


def ranges(reading: Reading, wants: Sequence[Want]) -> Iterator[Page]:
    """Pages that settle the wants for one repository. Raises the first SourceError after all others were tried."""
    client, origin = reading.client, Origin(reading.source, plain(reading.repository), reading.now)
    try:
        found = client.repository(reading.asked)
    except Missing as missing:
        if missing.status is not None:
            raise  # the server has no such door today: that is no word about the repository
        events = [unavailable(origin, want, str(missing)) for want in wants]
        yield Page(events=events, settled=wants, seen=len(wants))
        return
    known = reading.same(found)
    if known.items() - reading.memory.items():
        yield Page(remember=known)
    asked = _Asked(client, origin, text(found, "nameWithOwner", limit=300) or reading.asked)
    failed = yield from in_turn(_batches(asked, wants), lambda pages: pages)
    if failed:
        raise failed[0][1]


def _batches(asked: _Asked, wants: Sequence[Want]) -> Iterator[Iterator[Page]]:
    """Hopeless wants, then single commits 40 at a time, then range after range: each may fail without the others."""
    clear = [want for want in wants if not_a_commit(want) is None]
    yield _hopeless(asked, [want for want in wants if not_a_commit(want)])
    single = [want for want in clear if want.base is None]
    for i in range(0, len(single), query.BATCH):
        yield _singles(asked, single[i : i + query.BATCH])
    for want in clear:
        if want.base is not None:
            yield _one_range(asked, want, want.base)


def _hopeless(asked: _Asked, wants: list[Want]) -> Iterator[Page]:
    if wants:
        events = [unavailable(asked.origin, want, not_a_commit(want) or "") for want in wants]
        yield Page(events=events, settled=wants, seen=len(wants))


def _singles(asked: _Asked, wants: list[Want]) -> Iterator[Page]:
    yield Page(events=list(_pulls(asked, [want.head for want in wants])), settled=wants, seen=len(wants))


def _one_range(asked: _Asked, want: Want, base: str) -> Iterator[Page]:
    try:
        found = _compared(asked, base, want.head)
    except Missing as missing:
        yield _no_range(asked, want, base, missing)
        return
    path = directory(want.path)[0]  # of a pattern: the host lists by directory
    hits = _touching(asked, found, path) if path else None
    relevant = [*found.commits, *found.undone] if hits is None else hits
    commits = list(dict.fromkeys([want.head, *relevant]))
    for i in range(0, len(commits), query.BATCH):
        yield Page(events=list(_pulls(asked, commits[i : i + query.BATCH])), seen=len(commits[i : i + query.BATCH]))
    told = replace(want, path=path) if is_pattern(want.path) else want
    events = list(range_events(asked.origin, told, found, hits, found.commits.get(found.head)))
    yield Page(observations=found.observations, events=events, settled=[want], seen=1)


def _compared(asked: _Asked, base: str, head: str) -> Comparison:
    if (base, head) not in asked.compared:
        asked.compared[base, head] = compare(asked.client, asked.current, base, head, asked.origin.observed_at)
    return asked.compared[base, head]


def _touching(asked: _Asked, found: Comparison, path: str) -> list[str]:
    ahead = touching(asked.client, asked.current, found.head, path, found.commits)
    return ahead + touching(asked.client, asked.current, found.base, path, found.undone)


def _no_range(asked: _Asked, want: Want, base: str, missing: Missing) -> Page:
    """GitHub found no range: tell which of the two commits it does not know, and what it knows of the other."""
    known = list(_pulls(asked, [base, want.head], again=True))
    lost = [event.facts["head"] for event in known if event.status == "unavailable"]
    if not lost and not missing.says.lstrip().startswith("{"):
        raise missing  # the page of something between, and no word of GitHub's
    because = f"GitHub does not know {' nor '.join(lost)} in {asked.current}" if lost else f"no common ancestor ({missing})"
    events = [unavailable(asked.origin, want, because), *known]
    return Page(events=events, settled=[want], seen=1)


def _pulls(asked: _Asked, commits: Sequence[str], *, again: bool = False) -> Iterator[Event]:
    """An event for each commit that this pass has not told yet (all of them with `again`)."""
    new = [oid for oid in dict.fromkeys(commits) if again or oid not in asked.told]
    for oid, commit, pulls in associations(asked.client, asked.current, new):
        asked.told.add(oid)
        if commit is not None:
            yield commit_pulls(asked.origin, oid, commit, pulls)
        else:
            because = f"GitHub does not know the commit {oid} in {asked.current}"
            yield unavailable(asked.origin, Want(asked.origin.repository, oid), because)
