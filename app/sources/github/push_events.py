"""A branch that moved → events. Pure.

Whether a push was direct is decided here: it was when it brought a commit that no pull request merged into that branch brought, or
rewrote the branch's history. A long push is told in several events (`part` of `parts`), each within the size of a leaf.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from app.canonical import canonical_json, digest, fit, plain
from app.domain.actor import Actor
from app.domain.event import Event, How, Step
from app.domain.ref import Ref
from app.sources.github.people import authors
from app.sources.github.telling import Origin
from app.sources.github.terms import ACTIVITIES, NO_COMMIT
from app.sources.github.wire import Node, at, flag, number, sha, text

PER_PART = 400  # commits in one event: 400 × 43 bytes, twice (in `commits` and in `unproposed`), is well under 64 KiB
MERGES = ("pr_merge", "merge_queue_merge")
PUSHES = ("push", "force_push")


@dataclass(frozen=True, slots=True)
class Move:
    """`branch` went from `before` to `after` (None: it was not there). `id` is the activity's own, or None for the walk's."""

    branch: str
    before: str | None
    after: str | None
    status: str
    at: datetime
    actor: Actor
    id: str | None = None
    how: How = How.OBSERVED
    dated_by: str = "activity"

    @property
    def named(self) -> str:
        return self.id or f"refs/heads/{self.branch}/{self.after}"


@dataclass(frozen=True, slots=True)
class Brought:
    """What a move brought: each commit with what GitHub knows of it and its pull requests, oldest first; and what it took away.

    `because`: why it is not known, where it is not.
    """

    commits: Mapping[str, tuple[Node | None, Sequence[Node]]] = field(default_factory=dict)
    undone: Sequence[str] = ()
    because: str = ""


def into(pulls: Sequence[Node], branch: str, repository: str) -> list[Node]:
    """The merged pull requests among them that were merged into this very branch."""
    return [
        pull
        for pull in pulls
        if flag(pull, "merged")
        and text(pull, "baseRefName", limit=300) == branch
        and text(pull, "baseRepository", "nameWithOwner", limit=300).lower() == repository.lower()
    ]


def push_events(move: Move, brought: Brought, origin: Origin) -> Iterator[Event]:
    """At least one. The same move judged otherwise (a pull request turned up) is another event: the later one corrects."""
    verdict = _verdict(move, brought, origin.repository)
    commits, undone = list(brought.commits), list(brought.undone)
    listed = [("commits", oid) for oid in commits] + [("undone", oid) for oid in undone]
    slices = [listed[i : i + PER_PART] for i in range(0, len(listed), PER_PART)] or [[]]
    unproposed = set(verdict.pop("unproposed"))
    judged = digest(canonical_json([verdict["direct"], verdict["pulls"], sorted(unproposed), len(commits), len(undone)]))
    for i, part in enumerate(slices, start=1):
        lists = {name: [oid for kind, oid in part if kind == name] for name in ("commits", "undone")}
        facts = {
            "ref": f"refs/heads/{move.branch}",
            "before": move.before,
            "after": move.after,
            **lists,
            "unproposed": [oid for oid in lists["commits"] if oid in unproposed],
            **verdict,
            "dated_by": move.dated_by,
            "part": i,
            "parts": len(slices),
        }
        yield origin.event(
            "push",
            Ref("push", move.named, _name(move, origin.repository)),
            Step.PUSHED,
            move.status,
            move.at,
            *(str(i), judged),
            key=move.id or f"{origin.repository}/{move.named}",
            actor=move.actor,
            known=move.status in ACTIVITIES,
            how=move.how,
            commits=(move.after,) if move.after else (),
            facts=fit(facts),
        )


def _name(move: Move, repository: str) -> str:
    return f"{repository} {plain(move.branch, 200)} {(move.before or 'nothing')[:7]}..{(move.after or 'nothing')[:7]}"


def is_doubtful(move: Move, brought: Brought, repository: str) -> bool:
    """A pull request may yet turn up that GitHub has not associated with these commits: it does so a little late."""
    if not brought.commits or brought.undone or brought.because:
        return False
    verdict = _verdict(move, brought, repository)
    return bool(verdict["direct"]) if move.status in PUSHES else move.status in MERGES and not verdict["pulls"]


def _verdict(move: Move, brought: Brought, repository: str) -> dict[str, Any]:
    """`direct`, why, which commits nobody proposed, which pull requests brought the others; and what the tip says of itself."""
    by = {oid: into(pulls, move.branch, repository) for oid, (_, pulls) in brought.commits.items()}
    merged = [pull for pulls in by.values() for pull in pulls]
    if move.status == "pr_merge":
        merged = [pull for pull in merged if sha(pull, "mergeCommit", "oid") == move.after] or merged
    numbers = sorted({n for pull in merged if (n := number(pull, "number")) is not None})
    unproposed = [] if move.status in MERGES else [oid for oid, pulls in by.items() if not pulls]
    direct, because = _direct(move, brought, unproposed, numbers)
    made = {sha(pull, "mergeCommit", "oid"): number(pull, "number") for pull in merged}
    indirect = sorted(n for oid, n in made.items() if n is not None and oid in by) if move.status in PUSHES and move.id else []
    chief = [at(commit, "message") for oid, (commit, _) in brought.commits.items() if oid == move.after]
    shown = unproposed if direct else list(by)
    people = [person for oid in shown for person in authors(brought.commits[oid][0] or {})]
    return {
        "unproposed": unproposed if direct else [],
        "pulls": numbers,
        "indirect": indirect,
        "direct": direct,
        "because": because,
        "title": text({"message": chief[0]}, "message", limit=100_000).partition("\n")[0][:300] if chief else None,
        "authors": list({str(person): person for person in people}.values()),
    }


def _direct(move: Move, brought: Brought, unproposed: Sequence[str], pulls: Sequence[int]) -> tuple[bool | None, str]:
    named = ", ".join(f"#{n}" for n in pulls[:20])
    if move.status in MERGES:
        return False, f"GitHub merged {named or 'a pull request'} into {move.branch}"
    if move.status == "branch_deletion":
        return None, "the branch was deleted"
    if brought.because:
        return None, brought.because
    if move.status == "branch_creation":
        return None, "the branch was made; which of its commits were proposed is not asked"
    if move.status not in PUSHES:
        return None, f"GitHub calls it {move.status}, a word that is new to us"
    if move.status == "force_push" and (brought.undone or not brought.commits):
        return True, f"the history of {move.branch} was rewritten"
    if unproposed:
        return True, f"no pull request merged into {move.branch} brought {len(unproposed)} of its {len(brought.commits)} commits"
    return False, f"all of it came with {named}, merged into {move.branch}" if named else "it brought no commit"


def real(oid: str | None) -> str | None:
    """A commit, None for the zeros that stand for none."""
    return None if oid is None or NO_COMMIT.fullmatch(oid) else oid
