"""What a Git host answers about commits → events, of whichever host. Pure.

A long range is told in several events (`part` of `parts`), each within the size of a leaf. Keys of `paths` are ASCII: a path
that is not is percent-encoded there, and stands as it is in `path`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Generic, TypeVar
from urllib.parse import quote

from app.canonical import canonical_json, digest, fit, plain
from app.domain.commits import COMMIT_ID
from app.domain.event import Event, Step
from app.domain.ref import Ref
from app.sources.contract import Observation, Want
from app.sources.telling import Origin

PER_PART = 400  # commits in one event: 400 × 43 bytes, twice (in `commits` and in `paths`), is well under 64 KiB
STATUSES = frozenset({"ahead", "behind", "diverged", "identical", "unavailable"})
C = TypeVar("C")


@dataclass(frozen=True, slots=True)
class Between(Generic[C]):
    """`commits`: in `head` and not in `base`, oldest first, with what the host told of each. `undone`: in `base` and not in `head`.

    `status`: ahead, behind (head is older: a rollback), diverged, identical. `complete` False: the list has a hole.
    """

    base: str
    head: str
    status: str
    commits: dict[str, C]
    undone: dict[str, C] = field(default_factory=dict)
    complete: bool = True
    observations: tuple[Observation, ...] = ()


def not_a_commit(want: Want) -> str | None:
    """Why the want is hopeless; None where both its ends are full commit ids."""
    wrong = next((oid for oid in (want.base, want.head) if oid is not None and not COMMIT_ID.fullmatch(oid)), None)
    return None if wrong is None else f"{wrong[:100]!r} is not a full commit id"


def range_events(
    origin: Origin, want: Want, found: Between[Any], touching: Sequence[str] | None, at: datetime | None, **more: Any
) -> Iterator[Event]:
    """One event per PER_PART commits, at least one; of the repository as it was wanted.

    `touching`: those of the range, and of what it undoes, that touch the path; None when the path is the whole repository.
    `at`: when the head was committed, where that is told. `more`: facts that only this host tells.
    """
    chosen = None if touching is None else set(touching)
    listed = [("commits", oid) for oid in found.commits] + [("undone", oid) for oid in found.undone]
    slices = [listed[i : i + PER_PART] for i in range(0, len(listed), PER_PART)] or [[]]
    said = {
        "base": found.base,
        "head": found.head,
        "status": found.status,
        "rollback": found.status == "behind",
        "complete": found.complete,
        "total": len(found.commits),
        "total_undone": len(found.undone),
        "parts": len(slices),
        "path": plain(want.path) or None,
        **more,
    }
    origin = replace(origin, observation=found.observations[0].digest if found.observations else None)
    for i, part in enumerate(slices, start=1):
        lists = {name: [oid for kind, oid in part if kind == name] for name in ("commits", "undone")}
        hits = {name: [oid for oid in lists[name] if chosen is None or oid in chosen] for name in lists}
        paths, undone = ({_path_key(want.path): hits[name]} for name in ("commits", "undone"))
        facts = {**said, **lists, "paths": paths, "undone_paths": undone, "part": i}
        yield _range(origin, want, found.status, min(at or origin.observed_at, origin.observed_at), facts)


def unavailable(origin: Origin, want: Want, because: str) -> Event:
    """The want cannot be answered; this says so, and why. Of a want without a base the range is `..<head>`.

    It is never told as `commit-pulls`: that would say that the commit has no pull request.
    """
    facts: dict[str, Any] = {
        "base": plain(want.base, 100),
        "head": plain(want.head, 100),
        "status": "unavailable",
        "because": plain(because),
        "rollback": None,
        "complete": False,
        "total": None,
        "total_undone": None,
        "commits": [],
        "undone": [],
        "paths": {},
        "undone_paths": {},
        "path": plain(want.path) or None,
        "part": 1,
        "parts": 1,
    }
    return _range(origin, want, "unavailable", origin.observed_at, facts)


def _range(origin: Origin, want: Want, status: str, at: datetime, facts: Mapping[str, Any]) -> Event:
    repository, name = plain(want.repository), f"{plain(want.base, 100)}..{plain(want.head, 100)}"
    return replace(origin, repository=repository).event(
        "range",
        Ref("range", name, f"{repository} {_short(want.base)}..{_short(want.head)}"),
        Step.NOTED,
        status,
        at,
        plain(want.path, 4000),
        str(facts["part"]),
        key=f"{repository}:{name}",
        known=status in STATUSES,
        commits=(want.head,) if COMMIT_ID.fullmatch(want.head) else (),
        facts=facts,
    )


def _path_key(path: str) -> str:
    """The key of `paths` for a wanted path."""
    shown = plain(path)
    return shown if shown.isascii() else quote(shown, safe=" !#$&'()*+,/:;=?@[]~")


def _short(oid: str | None) -> str:
    return oid[:7] if oid and COMMIT_ID.fullmatch(oid) else plain(oid, 40)


def commit_pulls(
    origin: Origin, oid: str, pulls: Sequence[Mapping[str, Any]], said: Mapping[str, Any], at: datetime | None
) -> Event:
    """All `pulls` that the host associates with a commit it knows, and what is `said` of the commit itself, committed at `at`."""
    # a commit gains pull requests, and they are merged: each answer that differs is an event of its own
    answer, status = digest(canonical_json(pulls)), "associated" if pulls else "none"
    return origin.event(
        "commit-pulls",
        Ref("commit-pulls", oid, f"{origin.repository}@{oid[:7]}"),
        Step.NOTED,
        status,
        min(at or origin.observed_at, origin.observed_at),
        answer,
        key=f"{origin.repository}@{oid}",
        commits=(oid,),
        facts=fit({"sha": oid, "pulls": pulls, **said}),
    )
