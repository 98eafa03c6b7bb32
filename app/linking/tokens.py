"""The strings by which entities find each other, and the walk that fetches a neighbourhood.

Entities form a ladder: member (run, operation) → commit range → pull requests of a commit, push → root (pull request, drift).
A walk only climbs or only descends, so it ends after three steps however many entities share a commit. Beside the ladder a pull
request names others (a revert, a cherry-pick), and a push names the commits that it took off its branch; and an object of a cluster
joins the run that makes it with the syncs that missed it, and with the applications that are to be deployed into it.
"""

import re
from collections.abc import Callable, Iterable, Sequence

from app.domain.change import (
    AlteredRecord,
    Application,
    BranchRules,
    CommitPulls,
    CommitRange,
    Deployed,
    Drift,
    Dry,
    Entity,
    HistoryGap,
    Operation,
    PullRequest,
    Push,
    Run,
    Tenures,
    WorkspaceAct,
)
from app.linking.wanted import destination_of, tokens_made, tokens_of, wants

Find = Callable[[frozenset[str], tuple[str, ...]], Iterable[Entity]]
"""`find(tokens, kinds)`: every entity that has one of the tokens and whose key starts with one of `kinds` (`("pr:", "drift:")`)."""

NAMES = "names:"  # before a token: not what this is, but what it speaks of
_SHA = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")
_NUMBER = re.compile(r"\(#(\d{1,9})\)\s*$")
_MERGE = re.compile(r"Merge pull request #(\d{1,9})\b")


def tokens(entity: Entity) -> frozenset[str]:
    """What to keep in the index for this entity. Two entities are neighbours when they share one."""
    if isinstance(entity, PullRequest):
        shas = (entity.merge_commit, entity.head_oid, *entity.commits)
        own = _commits(entity.repository, shas) | {pull_token(entity.repository, entity.number)}
        return own | {NAMES + name for name in named(entity)} | _rules(entity.repository, entity.base)
    if isinstance(entity, Run):
        number = entity.pull_request or number_in(entity.title)
        pull = {pull_token(entity.repository, number)} if entity.repository and number else set()
        span = {span_token(entity.repository, entity.base, entity.commit)} - {""}
        return _commits(entity.repository, (entity.commit,)) | pull | span | tokens_made(entity)
    if isinstance(entity, Operation):
        places: list[Deployed | Dry] = [*entity.sources, *(one.dry for one in entity.sources if one.dry)]
        commits = frozenset[str]().union(*(_commits(one.repository, (one.revision,)) for one in places))
        for dry in (one.dry for one in entity.sources if one.dry and one.dry.hydrate_to):
            commits |= _commits(dry.repository, (commit for _, commit in dry.pairs))
        for made in (one.artifact for one in entity.sources if one.artifact):
            commits |= _commits(made.repository, (made.commit,))
        spans = {span_token(one.repository, one.previous_revision, one.revision) for one in places} - {""}
        return commits | spans | {operation_token(entity.source, entity.id)} | tokens_of(wants(entity)) | _of_application(entity)
    if isinstance(entity, Application):
        into = None if entity.gone else destination_of(entity.destination)
        return tokens_of([into]) if into else frozenset()
    if isinstance(entity, Drift):
        return frozenset({operation_token(entity.source, entity.ended_by)} if entity.ended_by else ())
    if isinstance(entity, CommitRange):
        return hops(entity) | {_range(entity.repository, entity.base, entity.head)}
    if isinstance(entity, CommitPulls):
        return hops(entity) | _commits(entity.repository, (entity.sha,))
    if isinstance(entity, Push):
        shas = (*entity.commits, *entity.unproposed, *entity.undone, entity.after)
        return hops(entity) | _commits(entity.repository, shas)
    return _rules(entity.repository, entity.branch) if isinstance(entity, BranchRules) else frozenset()


def hops(entity: Entity) -> frozenset[str]:
    """The tokens at which a climb goes on: from a range its commits, from a commit or a push its pull requests; else empty."""
    if isinstance(entity, CommitRange):
        touching = {sha for path, shas in entity.paths for sha in (entity.commits if path == "" else shas)}
        return _commits(entity.repository, (*(touching or entity.commits), *entity.undone))
    if isinstance(entity, CommitPulls):
        return frozenset(pull_token(pull.repository, pull.number) for pull in entity.pulls)
    if isinstance(entity, Push):
        return frozenset(pull_token(entity.repository, number) for number in (*entity.pulls, *entity.indirect))
    return frozenset()


def named(entity: Entity) -> frozenset[str]:
    """The tokens of what a pull request says it reverts or was picked from; of a push what it took off the branch."""
    if isinstance(entity, PullRequest):
        said = (*entity.reverts, *entity.picks)
        return _commits(entity.repository, said) | {pull_token(*pull) for pull in map(pull_named, said) if pull}
    return _commits(entity.repository, entity.undone) if isinstance(entity, Push) else frozenset()


def neighbourhood(member: Entity, find: Find) -> list[Entity]:
    """All that `home` and `stand` need to know of an entity; empty for what only joins others. Sorted by key.

    Of a run or an operation:
    0. by the objects it makes or missed: of a sync the runs; of a run the syncs and the other runs, and the applications that
       deploy into a namespace it is still to make, with what was deployed of them already;
    1. the drift it ended, the ranges it deployed, the pull requests, associations and pushes of its own commits;
    2. for the ranges: the pull requests, associations and pushes of the commits in them;
    3. for each association and push: the pull requests it names.
    Of a pull request what it says it reverts or was picked from, what says so of it, the pushes of its commits, and the rules of
    its base; of a push the pull requests and associations of the commits it took away.
    """
    found: dict[str, Entity] = {}
    if isinstance(member, PullRequest | Push):
        _around(member, find, found)
    if not isinstance(member, Run | Operation):
        return [found[key] for key in sorted(found)]
    own = tokens(member)
    _keep(found, find(_of(own, "op:"), ("drift:",)))
    ranges = list(find(_of(own, "range:"), ("range:",)))
    _keep(found, ranges)
    _keep(found, _ordered(member, own, find))
    onward = _of(own, "commit:", "pr:").union(*(hops(span) for span in ranges))
    _climb(onward, find, found)
    return [found[key] for key in sorted(found)]


def _ordered(member: Run | Operation, own: frozenset[str], find: Find) -> list[Entity]:
    objects = _of(own, "object:")
    if isinstance(member, Operation):
        return list(find(objects, ("run:",)))
    found = _sharing(objects, find)
    if member.acted_at or member.ended_at:
        return found
    applications = [one for one in find(objects, ("app:",)) if isinstance(one, Application)]
    of = frozenset(application_token(one.source, one.uid) for one in applications)
    return [*found, *applications, *find(of, ("operation:",))]


def _sharing(objects: frozenset[str], find: Find) -> list[Entity]:
    """The syncs that want these objects, the runs that make them, and those that may make the same by another name (a chart)."""
    found = list(find(objects, ("run:", "operation:")))
    wanted = frozenset[str]().union(*(tokens_of(wants(one)) for one in found if isinstance(one, Operation)))
    return [*found, *find(wanted - objects, ("run:",))]


def _climb(onward: frozenset[str], find: Find, found: dict[str, Entity]) -> None:
    near = list(find(onward, ("pr:", "commit:", "push:")))
    _keep(found, near)
    pulls = frozenset[str]().union(*(hops(entity) for entity in near))
    _keep(found, find(pulls - onward, ("pr:",)))


def _around(member: PullRequest | Push, find: Find, found: dict[str, Entity]) -> None:
    _climb(named(member), find, found)
    if isinstance(member, PullRequest):
        own = tokens(member)
        _keep(found, find(_of(own, "rules:"), ("rules:",)))
        _keep(found, find(_of(own, "commit:", "pr:"), ("push:",)))
        _keep(found, find(frozenset(NAMES + token for token in _of(own, "commit:", "pr:")), ("pr:",)))
    found.pop(member.key, None)


def affected(entity: Entity, find: Find) -> list[str]:
    """Keys of those whose standing may be another now that `entity` is new or has changed. Sorted.

    Call it with the tokens an entity had before as well as those it has now (union the answers) when they shrank.
    """
    if isinstance(entity, Run):
        sharing = _sharing(_of(tokens(entity), "object:"), find)
        return sorted({entity.key, *(one.key for one in sharing)})
    if isinstance(entity, Operation | Application):
        into = destination_of(entity.destination)
        wanted = _of(tokens(entity), "object:") | (tokens_of([into]) if into else frozenset())
        own = {entity.key} if isinstance(entity, Operation) else set()
        return sorted(own | {one.key for one in find(wanted, ("run:",))})
    if isinstance(entity, HistoryGap | AlteredRecord | WorkspaceAct | Tenures):
        return []
    if isinstance(entity, Drift):
        return sorted(found.key for found in find(tokens(entity), ("operation:",)))
    if isinstance(entity, BranchRules):
        found = (one for one in find(tokens(entity), ("pr:",)) if isinstance(one, PullRequest))
        return sorted(one.key for one in found if one.merged_at is None or one.merged_at >= entity.at)
    if isinstance(entity, CommitRange):
        return sorted(found.key for found in find(_of(tokens(entity), "range:"), ("run:", "operation:")))
    return _below(entity, find)


def _below(entity: PullRequest | CommitPulls | Push, find: Find) -> list[str]:
    """The climb, walked down: associations and pushes, ranges, members; and those that name it, or that it names."""
    own = tokens(entity)
    below: dict[str, Entity] = {}
    kinds = ("run:", "operation:", "range:", "commit:", "push:")
    _keep(below, find(_of(own, "commit:", "pr:") if isinstance(entity, PullRequest) else _of(own, "commit:"), kinds))
    joining = [one for one in below.values() if isinstance(one, CommitPulls | Push)]
    onward = frozenset[str]().union(*(_of(tokens(one), "commit:") for one in joining))
    _keep(below, find(onward, ("run:", "operation:", "range:", "push:")))
    spans = frozenset[str]().union(*(_of(tokens(e), "range:") for e in below.values() if isinstance(e, CommitRange)))
    _keep(below, find(spans, ("run:", "operation:")))
    _keep(below, _naming(entity, [entity, *joining], find))
    return sorted(key for key, found in below.items() if isinstance(found, Run | Operation | PullRequest | Push))


def _naming(entity: Entity, joining: Iterable[Entity], find: Find) -> list[Entity]:
    """Pull requests that this one names or that name it, itself or by an association or a push of their commits."""
    own = frozenset[str]().union(*(_of(tokens(one), "commit:", "pr:") for one in joining))
    found = [*find(frozenset(NAMES + token for token in own), ("pr:",)), *find(named(entity), ("pr:",))]
    return found + (list(find(_of(tokens(entity), "commit:", "pr:"), ("pr:",))) if isinstance(entity, Push) else [])


def pull_token(repository: str, number: int) -> str:
    return f"pr:{repository.lower()}#{number}"


def pull_named(text: str) -> tuple[str, int] | None:
    """The repository and number of `owner/name#12`; None for anything else, a commit among it."""
    where, _, number = text.rpartition("#")
    return (where, int(number)) if where and number.isascii() and number.isdigit() and len(number) < 10 else None


def operation_token(source: str, operation: str) -> str:
    return f"op:{source}:{operation}"


def application_token(source: str, uid: str) -> str:
    """Under which the syncs of an application are found."""
    return f"application:{source}:{uid}"


def _of_application(operation: Operation) -> frozenset[str]:
    uid, started = operation.id.partition("/")[::2]
    return frozenset({application_token(operation.source, uid)} if started and operation.kind != "dry-run" else ())


def span_token(repository: str | None, base: str | None, head: str | None) -> str:
    """Empty where there is no range: nothing deployed before, the same revision again, or something that is not a commit."""
    if not (repository and base and head and base != head and is_commit(base) and is_commit(head)):
        return ""
    return _range(repository, base, head)


def is_commit(revision: str | None) -> bool:
    return bool(revision and _SHA.fullmatch(revision))


def number_in(message: str) -> int | None:
    """The pull request a commit message claims: `Merge pull request #163` or a first line that ends in `(#163)`."""
    first = message.strip().split("\n", 1)[0][:1000]
    found = _MERGE.match(first) or _NUMBER.search(first)
    return int(found[1]) if found else None


def _rules(repository: str, branch: str | None) -> frozenset[str]:
    return frozenset({f"rules:{repository.lower()}@{branch}"} if branch else ())


def _range(repository: str, base: str, head: str) -> str:
    return f"range:{repository.lower()}:{base}..{head}"


def _commits(repository: str | None, shas: Iterable[str | None]) -> frozenset[str]:
    return frozenset(f"commit:{repository.lower()}@{sha}" for sha in shas if is_commit(sha)) if repository else frozenset()


def _of(all_tokens: frozenset[str], *kinds: str) -> frozenset[str]:
    return frozenset(token for token in all_tokens if token.startswith(kinds))


def _keep(found: dict[str, Entity], more: Iterable[Entity] | Sequence[Entity]) -> None:
    found.update((entity.key, entity) for entity in more)
