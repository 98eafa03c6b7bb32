"""Which runs changed their workspace, in which order, and what it was at before each of them. Pure.

Applies of one workspace follow one another (a run holds its lock), so they are ordered by when they began, and not by when their
runs were made: a saved plan is applied after younger runs. https://developer.hashicorp.com/terraform/enterprise/run/states
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from app.canonical import JSON, canonical_json, digest, plain
from app.domain.event import Event, Step
from app.sources.contract import Observation
from app.sources.tfe import wire
from app.sources.tfe.policy import count
from app.sources.tfe.story import Seen, Sheet, Story
from app.sources.tfe.strip import observe
from app.sources.tfe.terms import FINAL
from app.sources.tfe.wire import Resource, moment, read

WHOLE, PARTLY, UNSURE, DESTROYED = "", "partly", "unsure", "destroyed"
UPLOADED = "was made from an upload, which names no commit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """A run that changed its workspace, or may have. `how`: whole, partly, unsure, destroyed; `at`: when it began to."""

    run: str
    at: str  # ISO 8601, UTC
    commit: str = ""
    repository: str = ""
    branch: str = ""
    how: str = WHOLE
    status: str = ""

    @classmethod
    def of(cls, run: str, value: Mapping[str, Any]) -> "Applied":
        return cls(run=run, **{name: value[name] for name in cls.__slots__ if name in value and name != "run"})

    def kept(self) -> dict[str, str]:
        return {name: value for name, value in asdict(self).items() if value and name != "run"}

    @property
    def place(self) -> tuple[str, str]:
        """Where it stands among the applies of its workspace."""
        return self.at, self.run


@dataclass(frozen=True, slots=True)
class Stood:
    """What its workspace was at before a run changed it: `status` after, first or unknown."""

    status: str
    previous_run: str | None = None
    previous_commit: str | None = None
    because: str | None = None

    def mark(self, of: Applied) -> str:
        return digest(canonical_json([*asdict(self).values(), of.commit, of.repository]))[7:15]


def applied_of(run: Resource, apply: Resource | None, ingress: Resource | None) -> Applied | None:
    """None while it has not begun to apply, and where it is told that its apply changed nothing."""
    attributes, _ = read(wire.RunAttributes, run.attributes)
    work, _ = read(wire.WorkAttributes, apply.attributes if apply else {})
    began = _began(attributes.status_timestamps, work.status_timestamps)
    if began is None or attributes.plan_only is True:
        return None
    how = WHOLE
    if attributes.status in FINAL and not _applied(attributes):
        counts = [count(one) for one in _counts(work)]
        if all(one == 0 for one in counts[:3]) and not counts[3]:
            return None
        how = PARTLY if any(counts) else UNSURE
    elif attributes.is_destroy is True:
        how = DESTROYED
    status = plain(attributes.status, 100) if how in (PARTLY, UNSURE) else ""
    return committed(Applied(run=run.id, at=began.isoformat(), how=how, status=status), ingress)


def committed(one: Applied, ingress: Resource | None) -> Applied:
    """With the commit that it was made from, where it was made from one."""
    said, _ = read(wire.IngressAttributes, ingress.attributes if ingress else {})
    commit, repository, branch = plain(said.commit_sha, 128), plain(said.identifier, 300), plain(said.branch, 300)
    return replace(one, commit=commit, repository=repository, branch=branch)


def _applied(run: wire.RunAttributes) -> bool:
    stamps = run.status_timestamps or {}
    return run.status == "applied" or moment(stamps.get("applied-at")) is not None


def _began(run: Mapping[str, Any] | None, work: Mapping[str, Any] | None) -> datetime | None:
    told = [(run or {}).get("applying-at"), (work or {}).get("started-at"), (run or {}).get("applied-at")]
    return next((at for one in told if (at := moment(one))), None)


def _counts(work: wire.WorkAttributes) -> tuple[int | None, ...]:
    return work.resource_additions, work.resource_changes, work.resource_destructions, work.resource_imports


def stood(one: Applied, before: Applied | None, unseen: str = "") -> Stood:
    """`before` is the apply before it; where there is none, `unseen` says why that is not certain, and is empty where it is."""
    if before is None:
        return Stood("unknown", because=unseen) if unseen else Stood("first")
    if before.how == UNSURE:
        left = f"{before.run} became {before.status} while it was applied, and whether it changed anything is not told"
        return Stood("unknown", because=left)
    because: str | None = None
    if before.how == PARTLY:
        because = f"{before.run} became {before.status} when it had changed something: the rest of its commit came with this run"
    elif before.how == DESTROYED:
        because = f"{before.run} destroyed everything that the workspace held"
    if not before.commit:
        return Stood("after", before.run, None, f"{before.run} {UPLOADED}")
    if one.repository and one.repository.lower() != before.repository.lower():
        return Stood("after", before.run, None, f"{before.run} was of the repository {before.repository}")
    return Stood("after", before.run, before.commit, because)


def tell_stood(
    one: Applied, found: Stood, paths: Sequence[str], paths_then: bool, told: str, seen: Seen
) -> tuple[Event, Observation]:
    """The event `run-base`, and what it stands on. `told` numbers the answer: it may change, and change back."""
    facts: dict[str, JSON] = {
        "previous_run": found.previous_run,
        "previous_commit": found.previous_commit,
        "commit": one.commit or None,
        "repository": one.repository or None,
        "branch": one.branch or None,
        "paths": list(paths),
        "paths_then": paths_then,
        "because": found.because or (None if one.commit else f"{one.run} {UPLOADED}"),
    }
    url = f"{seen.url.rstrip('/')}/api/v2/runs/{one.run}"
    kept = observe(f"run-base/{one.run}", url, {"status": found.status, **facts}, seen.at)
    ingress = {"identifier": one.repository, "commit-sha": one.commit, "is-pull-request": False}
    sheet = Sheet(
        run=Resource(one.run, "runs", {"id": one.run, "attributes": {"created-at": one.at}}),
        ingress=Resource(one.run, "ingress-attributes", {"attributes": ingress}),
        digests={"run-base": kept.digest},
    )
    story = Story(sheet, seen)
    at = moment(one.at) or seen.at
    story.tell("run-base", one.run, found.status, Step.NOTED, at, part=told, facts=facts, of="run-base")
    return story.events[0], kept
