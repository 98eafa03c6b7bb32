"""What a run's plan would do to each resource, and what its apply did: asked for once each, kept as names.

A plan is immutable once it has finished, so the mark that is remembered of it (`Marks`) says that it need not be asked for again.
The JSON and the log may lie on another server; that they cannot be had stops nothing, and is said.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Protocol

from app.canonical import JSON, plain
from app.domain.event import Step
from app.errors import Missing, NotUnderstood, SourceError, Throttled, Unauthorized
from app.sources.contract import Observation
from app.sources.tfe import wire
from app.sources.tfe.apply_log import log_parts_of, read_log
from app.sources.tfe.client import Client
from app.sources.tfe.plan_json import parts_of, read_plan
from app.sources.tfe.strip import observe
from app.sources.tfe.wire import Resource, moment, read

PLAN, LOG = "plan-json", "apply-log"  # as `Reader.absent` and `present` name them
ENDED = ("finished", "errored", "canceled")
SETTLES = timedelta(hours=1)  # after which a log without its end mark gets none any more
GONE = "gone"

Facts = dict[str, JSON]


class Server(Protocol):
    """What a pass has found out of the server: `details.Reader`."""

    client: Client
    url: str
    absent: set[str]
    present: set[str]
    paused: dict[str, str]
    wanted: frozenset[str]

    def missed(self, what: str) -> None: ...

    def noted(self, what: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Told:
    """One list: its parts, or why there is none. `observation` is its digest."""

    kind: str
    key: str
    parts: tuple[Facts, ...]
    because: str = ""
    observation: str | None = None
    unknown: tuple[tuple[str, str], ...] = ()


@dataclass(slots=True)
class Contents:
    """`marks` is what to remember of the run: that of the plan and that of the apply, empty for what is still to be asked."""

    marks: str = ""
    told: list[Told] = field(default_factory=list)
    observations: list[Observation] = field(default_factory=list)


def owed(run: Resource, marks: str, server: Server) -> bool:
    """Whether the resources of a run that changes something were never told, though the server may tell them."""
    planned, _, applied = marks.partition("/")
    stamps = run.attributes.get("status-timestamps")
    asked = server.wanted - server.absent - server.paused.keys()
    plan = not planned and run.attributes.get("has-changes") is True and PLAN in asked
    return plan or (not applied and LOG in asked and isinstance(stamps, dict) and "applying-at" in stamps)


def contents(server: Server, plan: Resource | None, apply: Resource | None, marks: str, now: datetime) -> Contents:
    """What was not asked for before. Raises Throttled and Unauthorized; every other failure is told as what is not known."""
    out = Contents()
    planned, _, applied = marks.partition("/")
    if not planned and plan and PLAN in server.wanted - server.absent and _changes(plan):
        planned = _asked(server, PLAN, lambda: _plan(server, plan, out, now), partial(_none, out, "plan-resources", plan))
    if not applied and apply and LOG in server.wanted and _ended(apply):
        applied = _asked(server, LOG, lambda: _log(server, apply, out, now), partial(_none, out, "apply-resources", apply))
    out.marks = f"{planned}/{applied}" if planned or applied else ""
    return out


def tell_contents(story: Any, found: Contents | None) -> None:
    """The events of `found`, dated by the end of the plan or the apply."""
    for told in found.told if found else ():
        work = story.sheet.plan if told.kind == "plan-resources" else story.sheet.apply
        at = _end(work) or story.latest
        story.unknown += told.unknown
        for facts in told.parts:
            key = f"{told.key}/{facts['part']}"
            story.tell(told.kind, key, "listed", Step.NOTED, at, facts=facts, of=told.kind)
        if not told.parts:
            facts = {"part": 0, "parts": 0, "because": told.because}
            story.tell(told.kind, f"{told.key}/0", "unavailable", Step.NOTED, at, facts=facts, of=told.kind)


def _changes(plan: Resource) -> bool:
    work, _ = read(wire.WorkAttributes, plan.attributes)
    counts = (work.resource_additions, work.resource_changes, work.resource_destructions, work.resource_imports)
    return work.status == "finished" and (work.has_changes is not False or any(counts))


def _ended(apply: Resource) -> bool:
    return apply.status in ENDED


def _end(work: Resource | None) -> datetime | None:
    """The last time the plan or the apply names."""
    stamps = work.attributes.get("status-timestamps") if work else None
    times = [at for value in stamps.values() if (at := moment(value))] if isinstance(stamps, dict) else []
    return max(times, default=None)


def _asked(server: Server, what: str, ask: Callable[[], str], none: Callable[..., None]) -> str:
    """The mark of what was read; empty for what is to be asked again."""
    if what in server.paused:
        none(server.paused[what])
        return ""
    try:
        return ask()
    except (Throttled, Unauthorized):
        raise
    except Missing:
        if what in server.present:
            none("the server answered 404: no longer there, or not permitted")
            return GONE if what == PLAN else ""
        if what == PLAN:
            server.missed(what)  # not permitted, or no such endpoint: a matter of the server, not of this plan
        else:
            server.noted(what)
    except NotUnderstood as error:
        if error.status == 422:
            none("the plan is of a Terraform before 0.15.2, which tells no JSON")
            return GONE
        none(plain(error.found, 300), True)
    except SourceError as error:
        server.paused[what] = plain(error.found, 300)  # where it is kept cannot be reached; what else the server tells can
        none(server.paused[what], True)
    return ""


def _none(out: Contents, kind: str, work: Resource, because: str, unknown: bool = False) -> None:
    """`unknown`: it should have been there to read, so it is counted among what could not be."""
    out.told.append(Told(kind, work.id, (), because, unknown=((kind, f"{work.id}: {because}"),) if unknown else ()))


def _plan(server: Server, plan: Resource, out: Contents, now: datetime) -> str:
    """https://developer.hashicorp.com/terraform/enterprise/api-docs/plans; the redacted form is in the OpenAPI document only."""
    with server.client.plan_json(plan.id) as streamed:
        if streamed.status == 204:
            return ""  # the plan is not complete
        found = read_plan(streamed.chunks)
    server.present.add(PLAN)
    path = f"/api/v2/plans/{plan.id}/json-output-redacted"
    unknown = ((PLAN, f"{plan.id}: {found.unreadable} changes without an address"),) if found.unreadable else ()
    return _kept(out, "plan-resources", plan.id, server.url + path, parts_of(found), unknown, now)


def _log(server: Server, apply: Resource, out: Contents, now: datetime) -> str:
    with server.client.apply_log(apply.id) as streamed:
        found = read_log(streamed.chunks)
    if not found.structured and not found.begun:
        raise NotUnderstood(f"what stands where {apply.id} keeps its log is no log", "a log as Terraform writes it")
    server.present.add(LOG)
    end = _end(apply)
    if not found.structured:
        _none(out, "apply-resources", apply, "the apply’s log is plain text, which does not name what became of each resource")
        return GONE
    if not found.complete and end and now - end < SETTLES:
        return ""  # it is still being written
    unknown = ((LOG, f"{apply.id}: {found.unread} lines could not be read"),) if found.unread else ()
    return _kept(out, "apply-resources", apply.id, f"{server.url}/api/v2/applies/{apply.id}", log_parts_of(found), unknown, now)


def _kept(
    out: Contents,
    kind: str,
    key: str,
    url: str,
    parts: Iterable[Mapping[str, JSON]],
    unknown: tuple[tuple[str, str], ...],
    now: datetime,
) -> str:
    """The projection is what is observed: the body it was made of is never kept, nor the address it came from."""
    every = tuple(dict(part) for part in parts)
    seen = observe(f"{kind}/{key}", url, every, now)
    out.observations.append(seen)
    out.told.append(Told(kind, key, every, observation=seen.digest, unknown=unknown))
    return seen.digest[7:23]
