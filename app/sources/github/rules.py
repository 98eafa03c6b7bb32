"""The stream of rules: what a branch asks of those who change it, as far as this token is told; and the repository's own name.

Rules are what they are now: GitHub tells no history to a reader, so each difference between two passes is a change of its own.
Remembered per branch (`rules:<repository>@<branch>`): the last snapshot and when it was first seen; per repository `name:`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from app.canonical import digest
from app.errors import Forbidden, Missing, NotUnderstood, SourceError
from app.sources.contract import Observation, Page
from app.sources.github import query_branches
from app.sources.github.branches import Branches, branches, merged_into
from app.sources.github.client import needed_repository, split
from app.sources.github.reading import Reading
from app.sources.github.rules_events import Snapshot, repository_event, rules_event, snapshot
from app.sources.github.telling import Origin
from app.sources.github.wire import at, cleaned, moment, needed_list, stamp, text


def rules(reading: Reading) -> Iterator[Page]:
    """A page for the repository, and one for each branch that is there. Raises SourceError."""
    try:
        found = branches(reading)
    except (Missing, Forbidden) as error:
        yield from _gone(reading, error)
        raise
    yield _named(reading, found)
    listed = dict.fromkeys([*found.tips, *merged_into(reading, found.current), *_watched(reading)])
    for branch in listed:
        if branch:
            yield _branch(reading, found, branch)


def _watched(reading: Reading) -> list[str]:
    """Branches that were read before: one that is no longer protected has lost its rules, which is told."""
    start = f"rules:{reading.repository}@"
    return sorted(key.removeprefix(start) for key in reading.memory if key.startswith(start))


def _gone(reading: Reading, error: SourceError) -> Iterator[Page]:
    """A repository that was read and cannot be any more: said once, until it is there again."""
    identity, kept = reading.recalled("id", str), reading.recalled("name", dict)
    if identity and kept and not kept.get("gone"):
        origin = Origin(reading.source, text(kept, "name"), reading.now)
        event = repository_event("unavailable", identity, origin, {"because": str(error)}, text(kept, "since"))
        yield Page(events=[event], remember={f"name:{reading.repository}": {**kept, "gone": True}})


def _named(reading: Reading, found: Branches) -> Page:
    """Seen, renamed (the same owner) or transferred (another)."""
    identity, kept = found.remember.get(f"id:{reading.repository}", ""), reading.recalled("name", dict)
    before = text(kept, "name", limit=300)
    origin = Origin(reading.source, found.current, reading.now)
    remember: dict[str, Any] = {
        **found.remember,
        f"name:{reading.repository}": {"name": found.current, "since": stamp(reading.now)},
    }
    facts = {"default_branch": found.default or None, "former": before or None}
    if kept and before == found.current and not kept.get("gone"):
        return Page(remember=found.remember)
    if before and before != found.current:
        same_owner = before.partition("/")[0].lower() == found.current.partition("/")[0].lower()
        status = "renamed" if same_owner else "transferred"
        return Page(events=[repository_event(status, identity, origin, facts, text(kept, "since"))], remember=remember)
    event = repository_event("seen", identity, origin, {**facts, "former": None}, text(kept, "since"))
    return Page(events=[event], remember=remember)


@dataclass(frozen=True, slots=True)
class _Told:
    """What one way of asking said; `because` where it did not."""

    value: Any
    because: str = ""


def _branch(reading: Reading, found: Branches, branch: str) -> Page:
    current = found.current
    rulesets, classic = _rulesets(reading, current, branch), _classic(reading, current, branch)
    key = f"rules:{reading.repository}@{branch}"
    kept = reading.memory.get(key)
    if classic.value is GONE:
        return Page(remember={key: None}, seen=1)
    reading.client.note("rulesets", rulesets.value is not None)
    reading.client.note("classic protection", _told_of(classic))
    body = {
        "rulesets": rulesets.value,
        "untold_rulesets": rulesets.because,
        "branch": classic.value,
        "untold_branch": classic.because,
    }
    clean, raw = cleaned(body)
    observation = Observation(f"rules/{current}@{branch}", "", raw, digest(raw), reading.now)
    origin = Origin(reading.source, current, reading.now, observation.digest)
    told = snapshot(clean, branch in found.protected)
    before = Snapshot.of(kept)
    if text(kept, "said") == told.digest:
        return Page(seen=1)
    since = stamp(moment(kept, "since")) or ""
    event = rules_event(told, before, origin, branch, since)
    return Page(
        observations=[observation], events=[event], unknown=told.unknown, remember={key: told.kept(before, reading.now)}, seen=1
    )  # fmt: skip


GONE = object()  # the branch is not there


def _told_of(classic: _Told) -> str:
    """How much of classic protection this token is shown of a branch that has it."""
    ref = at(classic.value, "ref")
    if ref is None:
        return "not told"
    return "in full" if at(ref, "branchProtectionRule") else "its summary" if at(ref, "refUpdateRule") else "none seen"


def _rulesets(reading: Reading, current: str, branch: str) -> _Told:
    """https://docs.github.com/en/rest/repos/rules#get-rules-for-a-branch -- open to every reader; no classic protection."""
    try:
        listed: list[Any] = []
        page, more = 1, True
        while more:
            _, body, more = reading.client.rest_page(f"/repos/{current}/rules/branches/{branch}", page)
            listed += needed_list(body)
            page += 1
    except (Missing, Forbidden, NotUnderstood) as error:
        return _Told(None, str(error))
    return _Told(listed)


def _classic(reading: Reading, current: str, branch: str) -> _Told:
    """Classic protection: its summary for readers, and the whole of it for who may administrate."""
    owner, name = split(current)
    for newest in (True, False):
        try:
            query = query_branches.rules(newest=newest)
            data, errors = reading.client.ask_partly(query, owner=owner, name=name, ref=f"refs/heads/{branch}")
        except NotUnderstood as error:
            if newest and "doesn't exist on type" in str(error):
                continue
            return _Told(None, str(error))
        found = at(needed_repository(data, current), "ref")
        if found is None and not errors:
            return _Told(GONE)
        failed = {str(at(error, "path")[-1]): text(error, "message", limit=300) for error in errors}
        return _Told({"ref": found, "failed": failed, "newest": newest})
    return _Told(None, "GitHub does not know the fields of a branch's protection")
