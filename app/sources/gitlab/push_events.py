"""What moved a branch → push events. Pure.

A long push is told in several events (`part` of `parts`). An answer that differs from an earlier one is an event of its own.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from app.canonical import canonical_json, digest, fit, plain
from app.domain.actor import Actor
from app.domain.event import Event, How, Step
from app.domain.ref import Ref
from app.sources.gitlab.people import authors
from app.sources.gitlab.proposals import Proposed
from app.sources.gitlab.telling import Origin
from app.sources.gitlab.wire import Commit, shown

PER_PART = 300  # commits in one event, each named up to three times


@dataclass(frozen=True, slots=True)
class Move:
    """A branch that went from `before` to `after`; None where it was made or deleted. `told_by`: the event's id, or `walk`."""

    branch: str
    before: str | None
    after: str | None
    at: datetime
    actor: Actor
    told_by: str
    status: str
    title: str | None = None


@dataclass(frozen=True, slots=True)
class Brought:
    """What a move brought: `commits` newest first, `undone` what left the branch. `because`: why it cannot be known."""

    commits: Mapping[str, Commit] = field(default_factory=dict)
    undone: tuple[str, ...] = ()
    proposed: Proposed = field(default_factory=Proposed)
    because: str = ""


def push_events(origin: Origin, move: Move, brought: Brought) -> Iterator[Event]:
    listed = list(brought.commits)[::-1]
    slices = [listed[i : i + PER_PART] for i in range(0, len(listed), PER_PART)] or [[]]
    found = brought.proposed
    status = _status(move, brought)
    head = brought.commits.get(move.after or "")
    said: dict[str, Any] = {
        "ref": f"refs/heads/{plain(move.branch, 300)}",
        "before": move.before,
        "after": move.after,
        "direct": _direct(move, brought),
        "because": brought.because or _because(move, brought) or None,
        "pulls": sorted(set(found.pulls.values())),
        "indirect": sorted(found.indirect),
        "title": shown((head.message or head.title).partition("\n")[0] if head else move.title, 300),
        "authors": _authors(brought),
        "parts": len(slices),
        "told_by": "event" if move.told_by != "walk" else "walk",
    }
    answer = digest(canonical_json([said["direct"], said["pulls"], found.unproposed, list(brought.undone)]))
    for i, part in enumerate(slices, start=1):
        unproposed = [oid for oid in part if oid in set(found.unproposed)]
        facts = {**said, "commits": part, "unproposed": unproposed, "undone": list(brought.undone) if i == 1 else [], "part": i}
        name = f"{plain(move.branch, 300)}/{move.after or move.before}"
        yield origin.event(
            "push",
            Ref("push", name, f"{origin.repository}@{plain(move.branch, 300)}"),
            Step.PUSHED,
            status,
            move.at,
            *(str(move.before), move.told_by, answer, str(i)),
            key=f"{origin.repository}:{name}",
            actor=move.actor,
            how=How.OBSERVED if move.told_by != "walk" else How.RECONSTRUCTED,
            commits=(move.after,),
            facts=fit(facts),
        )


def _status(move: Move, brought: Brought) -> str:
    if move.status != "push":
        return move.status
    if brought.undone:
        return "force_push"
    return "pr_merge" if brought.proposed.merge and not brought.proposed.unproposed else "push"


def _direct(move: Move, brought: Brought) -> bool | None:
    if move.status != "push" or brought.because:
        return None
    return bool(brought.proposed.unproposed or brought.undone)


def _because(move: Move, brought: Brought) -> str:
    branch, parts = plain(move.branch, 100), list[str]()
    if move.status != "push":
        made = "which of its commits were proposed is not asked"
        return "the branch was deleted" if move.status == "branch_deletion" else f"the branch was made; {made}"
    if count := len(brought.proposed.unproposed):
        parts.append(f"no merge request merged into {branch} brought {count} of {len(brought.commits)} commits")
    if brought.undone:
        parts.append(f"history was rewritten: {len(brought.undone)} commits left {branch}")
    if brought.proposed.indirect:
        parts.append("this push marked merge requests merged, whatever the branch's protection asked for")
    named = ", ".join(f"!{iid}" for iid in sorted(set(brought.proposed.pulls.values()))[:20])
    return "; ".join(parts) or (f"all of it came with {named}, merged into {branch}" if named else "it brought no commit")


def _authors(brought: Brought) -> list[Any]:
    chosen = [brought.commits[oid] for oid in brought.proposed.unproposed if oid in brought.commits]
    once = {(who["email"] or who["name"] or ""): who for commit in chosen for who in authors(commit)}
    return list(once.values())
