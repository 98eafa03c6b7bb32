"""What a move of a branch brought, asked of GitHub as cheaply as its kind allows; and a move nobody told, found along the line."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from app.domain.actor import Actor, ActorKind, unknown
from app.domain.event import How
from app.errors import Missing
from app.sources.github.associations import associations
from app.sources.github.client import Client
from app.sources.github.comparison import Comparison, compare
from app.sources.github.push_events import MERGES, PER_PART, PUSHES, Brought, Move, into
from app.sources.github.wire import Node, at, moment, nodes, sha, stamp, text

NOBODY = "the walk along the branch does not tell who pushed"
Known = tuple[Node | None, Sequence[Node]]


@dataclass
class Asking:
    """One repository during one pass; what GitHub said of a commit is asked once."""

    client: Client
    repository: str
    now: datetime
    known: dict[str, Known] = field(default_factory=dict)

    def about(self, commits: Sequence[str]) -> dict[str, Known]:
        missing = [oid for oid in commits if oid not in self.known]
        for oid, commit, pulls in associations(self.client, self.repository, missing):
            self.known[oid] = (commit, pulls)
        return {oid: self.known[oid] for oid in commits}


def brought(asking: Asking, move: Move) -> Brought:
    """A single commit on top needs no comparison, nor does a merge commit: what is behind it is its pull request's."""
    if move.after is None or move.status not in (*PUSHES, *MERGES):
        return Brought()
    tip = asking.about([move.after])[move.after]
    if tip[0] is None:
        return Brought({move.after: tip}, because=f"GitHub does not know {move.after} any more")
    parents = [sha(parent, "oid") for parent in nodes(tip[0], "parents")]
    if move.before is None:
        return Brought({move.after: tip}, because="what the branch was before is not told")
    if parents[:1] == [move.before] and (len(parents) == 1 or move.status == "pr_merge"):
        return Brought({move.after: tip})
    try:
        found = compare(asking.client, asking.repository, move.before, move.after, asking.now)
    except Missing as missing:
        return Brought({move.after: tip}, because=f"what came between is not known ({missing})")
    return Brought(asking.about(list(found.commits)), list(found.undone))


def untold(asking: Asking, branch: str, before: str, after: str) -> Iterator[tuple[Move, Brought]]:
    """What moved the branch from `before` to `after`, along its first parents, where the activity view does not tell.

    Only what no pull request merged into the branch brought, and what was undone: the rest is told by its pull requests.
    """
    try:
        found = compare(asking.client, asking.repository, before, after, asking.now)
    except Missing as missing:
        gap = Move(branch, before, after, "push", asking.now, unknown(NOBODY), how=How.INFERRED, dated_by="first sight")
        yield gap, Brought(because=f"what came between is not known ({missing})")
        return
    if found.undone:
        when = min(found.commits.get(after) or asking.now, asking.now)
        move = Move(branch, before, after, "force_push", when, unknown(NOBODY), how=How.RECONSTRUCTED, dated_by="commit")
        yield move, Brought(asking.about(list(found.commits)), list(found.undone))
        return
    line = first_parents(found, after)
    known = asking.about(line)
    for run in runs(line, known, branch, asking.repository):
        oldest, newest = run[0], run[-1]
        sides = _sides(found, run, set(line))
        members = {**asking.about(sides), **{oid: known[oid] for oid in run}}
        when = min(found.commits.get(newest) or asking.now, asking.now)
        below = next(iter(found.parents.get(oldest, ())), None)
        move = Move(branch, below, newest, "push", when, unknown(NOBODY), how=How.RECONSTRUCTED, dated_by="commit")
        yield move, Brought(members)


def first_parents(found: Comparison, head: str) -> list[str]:
    """The commits of the comparison that the branch itself went through, oldest first."""
    line: list[str] = []
    oid: str | None = head
    while oid is not None and oid in found.commits and oid not in line:
        line.append(oid)
        oid = next(iter(found.parents.get(oid, ())), None)
    return line[::-1]


def runs(line: Sequence[str], known: Mapping[str, Known], branch: str, repository: str) -> Iterator[list[str]]:
    """Stretches of commits, one after the other, that no pull request merged into the branch brought."""
    run: list[str] = []
    for oid in line:
        if into(known[oid][1], branch, repository):
            if run:
                yield run
            run = []
        else:
            run.append(oid)
            if len(run) == PER_PART:
                yield run
                run = []
    if run:
        yield run


def _sides(found: Comparison, run: Sequence[str], line: set[str]) -> list[str]:
    """What merges in the stretch brought along beside the line, oldest first."""
    ahead = [parent for oid in run for parent in found.parents.get(oid, ())[1:]]
    met: set[str] = set()
    while ahead:
        oid = ahead.pop()
        if oid in found.commits and oid not in met and oid not in line:
            met.add(oid)
            ahead += found.parents.get(oid, ())
    return [oid for oid in found.commits if oid in met]


def written(move: Move) -> dict[str, Any]:
    """A move as memory keeps it."""
    who = {"name": move.actor.name, "kind": move.actor.kind.value, "id": move.actor.id, "because": move.actor.because}
    kept = {key: getattr(move, key) for key in ("branch", "before", "after", "status", "id", "dated_by")}
    return {**kept, "how": move.how.value, "at": stamp(move.at), "actor": who}


def read(kept: Any) -> Move | None:
    """What `written` wrote; None for anything else."""
    when, who = moment(kept, "at"), at(kept, "actor")
    if when is None or who is None:
        return None
    actor = Actor(text(who, "name"), ActorKind(text(who, "kind")), text(who, "id") or None, text(who, "because"))
    ends = text(kept, "branch", limit=300), sha(kept, "before"), sha(kept, "after"), text(kept, "status")
    return Move(*ends, when, actor, text(kept, "id") or None, How(text(kept, "how")), text(kept, "dated_by"))
