"""What the Git host answered: the commits of a range, the pull requests of a commit."""

from collections.abc import Mapping

from app.domain.change import CommitPulls, CommitRange, PullOf
from app.domain.event import Event
from app.linking import facts


def commit_range(key: str, events: list[Event]) -> CommitRange | None:
    """One range may have been asked about several paths: the answers add up, and it is complete when each answer was."""
    told = [event for event in events if event.type == "range"]
    if not told:
        return None
    base, _, head = told[-1].ref.id.partition("..")
    paths: dict[str, dict[str, None]] = {}
    for event in told:
        by_path = event.facts.get("paths")
        for path, shas in by_path.items() if isinstance(by_path, Mapping) else ():
            paths.setdefault(clean(str(path)), {}).update(dict.fromkeys(facts.words(shas)))
    commits = [sha for event in told for sha in facts.words(event.facts.get("commits"))]
    return CommitRange(
        key=key,
        repository=str(facts.key(told, "repository") or ""),
        base=facts.text(told, "base") or base,
        head=facts.text(told, "head") or head,
        status=facts.text(told, "status") or told[-1].status,
        commits=tuple(dict.fromkeys(commits)),
        paths=tuple((path, tuple(sorted(shas))) for path, shas in sorted(paths.items())),
        complete=all(event.facts.get("complete") is True for event in told),
    )


def commit_pulls(key: str, events: list[Event]) -> CommitPulls | None:
    told = [event for event in events if event.type == "commit-pulls"]
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


def clean(path: str) -> str:
    """A path of a repository as both sides write it: no leading `./`, no slash at either end; the whole repository is empty."""
    path = path.strip().strip("/")
    while path.startswith("./"):
        path = path[2:].strip("/")
    return "" if path == "." else path
