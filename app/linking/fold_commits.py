"""What the Git host answered: the commits of a range, the pull requests of a commit."""

from collections.abc import Mapping

from app.domain.change import CommitPulls, CommitRange, PullOf
from app.domain.event import Event
from app.domain.paths import clean
from app.linking import facts


def commit_range(key: str, events: list[Event]) -> CommitRange | None:
    """One range may have been asked about several paths, and told in parts: the answers add up.

    It is complete when every answer was and none of its parts is missing. That it was unavailable counts only while nothing
    better was answered.
    """
    every = sorted((event for event in events if event.type == "range"), key=_answered)
    told = [event for event in every if event.status != "unavailable"] or every
    if not told:
        return None
    base, _, head = told[-1].ref.id.partition("..")
    paths: dict[str, dict[str, None]] = {}
    for event in told:
        for path, shas in _paths(event):
            paths.setdefault(clean(path), {}).update(dict.fromkeys(facts.words(shas)))
    commits = [sha for event in told for sha in facts.words(event.facts.get("commits"))]
    return CommitRange(
        key=key,
        repository=str(facts.key(told, "repository") or ""),
        base=facts.text(told, "base") or base,
        head=facts.text(told, "head") or head,
        status=facts.text(told, "status") or told[-1].status,
        commits=tuple(dict.fromkeys(commits)),
        paths=tuple((path, tuple(sorted(shas))) for path, shas in sorted(paths.items())),
        complete=all(event.facts.get("complete") is True for event in told) and _whole(told),
        undone=tuple(dict.fromkeys(sha for event in told for sha in facts.words(event.facts.get("undone")))),
    )


def _answered(event: Event) -> tuple[object, ...]:
    """Answers about one commit are dated by the commit: which came last, only the observation says."""
    return (event.observed_at, facts.integer([event], "part") or 1, event.id)


def _paths(event: Event) -> list[tuple[str, object]]:
    """The commits per path asked for; `path`, where it is told, is the path as it was written."""
    by_path = event.facts.get("paths")
    if not isinstance(by_path, Mapping):
        return []
    if "path" in event.facts and len(by_path) == 1:
        return [(facts.string(event.facts, "path"), next(iter(by_path.values())))]
    return [(str(path), shas) for path, shas in by_path.items()]


def _whole(told: list[Event]) -> bool:
    seen: dict[str, set[int]] = {}
    wanted: dict[str, int] = {}
    for event in told:
        path = facts.string(event.facts, "path")
        part, parts = facts.integer([event], "part") or 1, facts.integer([event], "parts") or 1
        seen.setdefault(path, set()).add(part)
        wanted[path] = max(parts, wanted.get(path, 1))
    return all(seen[path] >= set(range(1, parts + 1)) for path, parts in wanted.items())


def commit_pulls(key: str, events: list[Event]) -> CommitPulls | None:
    told = sorted((event for event in events if event.type == "commit-pulls"), key=_answered)
    if not told:
        return None
    repository = str(facts.key(told, "repository") or "")
    found = {}
    for event in told:
        for item in facts.mappings(event.facts.get("pulls")):
            number = item.get("number")
            if isinstance(number, int):
                of = facts.string(item, "repository") or repository
                base, merge = facts.string(item, "base") or None, facts.string(item, "merge_commit") or None
                found[(of.lower(), number)] = PullOf(of, number, item.get("merged") is True, base, merge)
    sha = facts.text(told, "sha") or told[-1].ref.id
    return CommitPulls(key=key, repository=repository, sha=sha, pulls=tuple(found[pull] for pull in sorted(found)))
