"""The strings by which entities find each other, and the walk that fetches a neighbourhood.

Entities form a ladder: member (run, operation) → commit range → pull requests of a commit → root (pull request, drift).
A walk only climbs or only descends, so it ends after three steps however many entities share a commit.
"""

import re
from collections.abc import Callable, Iterable, Sequence

from app.domain.change import (
    CommitPulls,
    CommitRange,
    Deployed,
    Drift,
    Entity,
    HistoryGap,
    Operation,
    PullRequest,
    Run,
    WorkspaceAct,
)
from app.linking.fold_commits import clean

Find = Callable[[frozenset[str], tuple[str, ...]], Iterable[Entity]]
"""`find(tokens, kinds)`: every entity that has one of the tokens and whose key starts with one of `kinds` (`("pr:", "drift:")`)."""

_SHA = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")
_NUMBER = re.compile(r"\(#(\d{1,9})\)\s*$")
_MERGE = re.compile(r"Merge pull request #(\d{1,9})\b")


def tokens(entity: Entity) -> frozenset[str]:
    """What to keep in the index for this entity. Two entities are neighbours when they share one."""
    if isinstance(entity, PullRequest):
        shas = (entity.merge_commit, entity.head_oid, *entity.commits)
        return _commits(entity.repository, shas) | {pull_token(entity.repository, entity.number)}
    if isinstance(entity, Run):
        number = entity.pull_request or number_in(entity.title)
        pull = {pull_token(entity.repository, number)} if entity.repository and number else set()
        return _commits(entity.repository, (entity.commit,)) | pull
    if isinstance(entity, Operation):
        commits = frozenset[str]().union(*(_commits(one.repository, (one.revision,)) for one in entity.sources))
        spans = {range_token(one) for one in entity.sources} - {""}
        return commits | spans | {operation_token(entity.source, entity.id)}
    if isinstance(entity, Drift):
        return frozenset({operation_token(entity.source, entity.ended_by)} if entity.ended_by else ())
    if isinstance(entity, CommitRange):
        return hops(entity) | {_range(entity.repository, entity.base, entity.head)}
    if isinstance(entity, CommitPulls):
        return hops(entity) | _commits(entity.repository, (entity.sha,))
    return frozenset()


def hops(entity: Entity) -> frozenset[str]:
    """The tokens at which a climb goes on from a range (its commits) or from a commit (its pull requests); else empty."""
    if isinstance(entity, CommitRange):
        touching = {sha for path, shas in entity.paths for sha in (entity.commits if path == "" else shas)}
        return _commits(entity.repository, touching or entity.commits)
    if isinstance(entity, CommitPulls):
        return frozenset(pull_token(pull.repository, pull.number) for pull in entity.pulls)
    return frozenset()


def neighbourhood(member: Entity, find: Find) -> list[Entity]:
    """All that `home` and `stand` need to know of a run or an operation; empty for anything else. Sorted by key.

    1. the drift it ended, the range it deployed, the pull requests and associations of its own commits;
    2. for the range: the pull requests and associations of the commits in it;
    3. for each association: the pull requests it names.
    """
    if not isinstance(member, Run | Operation):
        return []
    found: dict[str, Entity] = {}
    own = tokens(member)
    _keep(found, find(_of(own, "op:"), ("drift:",)))
    ranges = list(find(_of(own, "range:"), ("range:",)))
    _keep(found, ranges)
    onward = _of(own, "commit:", "pr:").union(*(hops(span) for span in ranges))
    near = list(find(onward, ("pr:", "commit:")))
    _keep(found, near)
    pulls = frozenset[str]().union(*(hops(entity) for entity in near))
    _keep(found, find(pulls - onward, ("pr:",)))
    return [found[key] for key in sorted(found)]


def affected(entity: Entity, find: Find) -> list[str]:
    """Keys of the runs and operations whose home may be another now that `entity` is new or has changed. Sorted.

    Call it with the tokens an entity had before as well as those it has now (union the answers) when they shrank.
    """
    if isinstance(entity, Run | Operation):
        return [entity.key]
    if isinstance(entity, HistoryGap | WorkspaceAct):
        return []
    if isinstance(entity, Drift):
        return sorted(found.key for found in find(tokens(entity), ("operation:",)))
    if isinstance(entity, CommitRange):
        return sorted(found.key for found in find(_of(tokens(entity), "range:"), ("run:", "operation:")))
    own = tokens(entity)
    below: dict[str, Entity] = {}
    _keep(below, find(own if isinstance(entity, PullRequest) else _of(own, "commit:"), ("run:", "operation:", "range:", "commit:")))
    associations = frozenset[str]().union(*(_of(tokens(e), "commit:") for e in below.values() if isinstance(e, CommitPulls)))
    _keep(below, find(associations, ("run:", "operation:", "range:")))
    spans = frozenset[str]().union(*(_of(tokens(e), "range:") for e in below.values() if isinstance(e, CommitRange)))
    _keep(below, find(spans, ("run:", "operation:")))
    return sorted(key for key, found in below.items() if isinstance(found, Run | Operation))


def pull_token(repository: str, number: int) -> str:
    return f"pr:{repository.lower()}#{number}"


def operation_token(source: str, operation: str) -> str:
    return f"op:{source}:{operation}"


def range_token(source: Deployed) -> str:
    """Empty where there is no range: nothing deployed before, the same revision again, or something that is not a commit."""
    base, head = source.previous_revision, source.revision
    if not (source.repository and base and head and base != head and is_commit(base) and is_commit(head)):
        return ""
    return _range(source.repository, base, head)


def is_commit(revision: str | None) -> bool:
    return bool(revision and _SHA.fullmatch(revision))


def number_in(message: str) -> int | None:
    """The pull request a commit message claims: `Merge pull request #163` or a first line that ends in `(#163)`."""
    first = message.strip().split("\n", 1)[0][:1000]
    found = _MERGE.match(first) or _NUMBER.search(first)
    return int(found[1]) if found else None


def commits_for(span: CommitRange, path: str | None) -> tuple[str, ...] | None:
    """The commits of the range that touch this path; None when the range does not say."""
    wanted = clean(path or "")
    if wanted == "" and any(name == "" for name, _ in span.paths):
        return tuple(sorted(set(span.commits)))
    listed = [shas for name, shas in span.paths if name == wanted or (wanted and name.startswith(wanted + "/"))]
    if listed:
        return tuple(sorted({sha for shas in listed for sha in shas}))
    return tuple(sorted(set(span.commits))) if wanted == "" and not span.paths else None


def _range(repository: str, base: str, head: str) -> str:
    return f"range:{repository.lower()}:{base}..{head}"


def _commits(repository: str | None, shas: Iterable[str | None]) -> frozenset[str]:
    return frozenset(f"commit:{repository.lower()}@{sha}" for sha in shas if is_commit(sha)) if repository else frozenset()


def _of(all_tokens: frozenset[str], *kinds: str) -> frozenset[str]:
    return frozenset(token for token in all_tokens if token.startswith(kinds))


def _keep(found: dict[str, Entity], more: Iterable[Entity] | Sequence[Entity]) -> None:
    found.update((entity.key, entity) for entity in more)
