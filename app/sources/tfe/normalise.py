"""From what was read of one run to its events. Pure and total: an unknown word is kept, reported and marked.

Raises NotUnderstood only for a run without a readable `created-at`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote

from app.canonical import JSON, fit, plain, stable_id
from app.domain.actor import Actor, ActorKind, automation, unknown
from app.domain.event import Event, How, Keys, Step
from app.domain.ref import Ref
from app.errors import NotUnderstood
from app.sources.tfe import wire
from app.sources.tfe.contents import Contents, tell_contents
from app.sources.tfe.policy import check_facts, evaluation_facts
from app.sources.tfe.terms import (
    CHECK_STEPS,
    CHECK_VERDICTS,
    RANK,
    RUN_STEPS,
    UNATTENDED,
    WORK_FINISHED,
    WORK_STATUSES,
    action_of,
    status_of,
)
from app.sources.tfe.wire import Resource, moment, moments, read


@dataclass(frozen=True, slots=True)
class Seen:
    """Who saw it, where and when. `workspace` is its name, or its id while the name is not known."""

    source: str
    url: str
    organization: str
    workspace: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """All that was read of one run. `evaluations` pairs a policy evaluation with its outcomes, None when not readable."""

    run: Resource
    plan: Resource | None = None
    apply: Resource | None = None
    configuration: Resource | None = None
    ingress: Resource | None = None
    users: Mapping[str, Resource] = field(default_factory=dict)
    run_events: Sequence[Resource] = ()
    comments: Mapping[str, Resource] = field(default_factory=dict)
    checks: Sequence[Resource] = ()
    checks_told: bool = True  # False: the server would not say whether a policy was checked
    evaluations: Sequence[tuple[Resource, Sequence[Mapping[str, Any]] | None]] = ()
    digests: Mapping[str, str] = field(default_factory=dict)  # what → digest of the observation it came in
    contents: Contents | None = None  # what the plan and the apply hold by resource, read in this pass


@dataclass
class Story:
    """The events of one run as they are told, and the words that were new to us."""

    sheet: Sheet
    seen: Seen
    events: list[Event] = field(default_factory=list)
    unknown: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.run = self._read(wire.RunAttributes, self.sheet.run, "runs")
        self.ingress = self._read(wire.IngressAttributes, self.sheet.ingress, "ingress-attributes")
        self.configuration = self._read(wire.ConfigurationAttributes, self.sheet.configuration, "configuration-versions")
        created = moment(self.run.created_at)
        if created is None:
            raise NotUnderstood(f"{self.sheet.run.id} has no readable created-at", "an RFC 3339 time")
        self.created = created
        self.times = {status_of(key): at for key, at in self.stamps(self.run.status_timestamps, "runs").items()}
        self.latest = max([created, *self.times.values()])
        self.keys = Keys(
            repository=plain(self.ingress.identifier, 300) or None,
            pull_request=_number(self.ingress.pull_request_number) if self.ingress.is_pull_request is not False else None,
            commits=(plain(self.ingress.commit_sha, 128),) if self.ingress.commit_sha else (),
            workspace=self.seen.workspace,
            run=self.sheet.run.id,
        )
        parts = (self.seen.organization, "workspaces", self.seen.workspace, "runs", self.sheet.run.id)
        self.url = f"{self.seen.url.rstrip('/')}/app/" + "/".join(quote(part, safe="") for part in parts)

    def _read(self, kind: type[wire.T], resource: Resource | None, name: str) -> wire.T:
        found, wrong = read(kind, resource.attributes if resource else {})
        self.unknown += [(f"{name}.{key}", "wrong type") for key in wrong]
        return found

    def stamps(self, stamps: Mapping[str, Any] | None, of: str) -> dict[str, datetime]:
        good, bad = moments(stamps)
        self.unknown += [(f"{of}.status-timestamps.{plain(key, 60)}", plain(value, 64)) for key, value in bad]
        return good

    def tell(
        self,
        kind: str,
        key: str,
        status: str,
        step: Step,
        at: datetime,
        *,
        part: str = "",
        actor: Actor | None = None,
        known: bool = True,
        how: How = How.OBSERVED,
        facts: Mapping[str, JSON] | None = None,
        of: str = "run",
    ) -> None:
        status = plain(status, 100)
        if not known:
            self.unknown.append((f"{kind}.status", status))
        self.events.append(
            Event(
                id=stable_id(self.seen.source, kind, key, part or status),
                source=self.seen.source,
                kind="tfe",
                type=kind,
                step=step,
                status=status,
                ref=Ref(kind, key, f"{self.seen.workspace} {key}", self.url),
                occurred_at=at,
                observed_at=self.seen.at,
                actor=actor,
                known=known,
                how=how,
                keys=self.keys,
                facts=fit(facts or {}),
                observation=self.sheet.digests.get(of),
            )
        )


def normalise(sheet: Sheet, seen: Seen) -> tuple[list[Event], list[tuple[str, str]]]:
    """The run's events in the order they happened, and (field, value) of what was new to us."""
    story = Story(sheet, seen)
    _statuses(story)
    _actors(story)
    _run_events(story)
    _work(story, "plan", sheet.plan)
    _work(story, "apply", sheet.apply)
    tell_contents(story, sheet.contents)
    for check in sheet.checks:
        _check(story, check)
    for evaluation, outcomes in sheet.evaluations:
        _evaluation(story, evaluation, outcomes)
    story.events.sort(key=lambda e: (e.occurred_at, RANK.get(e.status, 0) if e.type == "run" else len(RANK), e.type, str(e.id)))
    return story.events, story.unknown


def disappeared(run: str, created: datetime | None, seen: Seen, *, workspace_visible: bool | None) -> Event:
    """The run no longer answers: deleted, or out of the token's sight. Whether its workspace still does tells more."""
    raw = {"id": run, "attributes": {"created-at": (created or seen.at).isoformat()}}
    story = Story(Sheet(run=Resource(run, "runs", raw)), seen)
    facts = {"created_at": created.isoformat() if created else None, "workspace_visible": workspace_visible}
    story.tell("run", run, "unavailable", Step.NOTED, seen.at, facts=facts)
    return story.events[0]


def _statuses(story: Story) -> None:
    facts = _run_facts(story)
    times = {"pending": story.created, **story.times}
    current = story.run.status
    if current and current not in times:
        times[current] = story.latest
    for status, at in times.items():
        dated = at if status in story.times or status == "pending" else None
        story.tell(
            "run",
            story.sheet.run.id,
            status,
            RUN_STEPS.get(status, Step.NOTED),
            at,
            actor=_status_actor(story, status),
            known=status in RANK,
            facts=facts if dated else {**facts, "dated_by": "the latest timestamp of the run"},
        )


def _status_actor(story: Story, status: str) -> Actor | None:
    if status == "pending":
        key = story.sheet.run.one("created-by")
        if key:
            return person(key, story.sheet.users)
        if story.run.source in UNATTENDED:
            return automation(UNATTENDED[story.run.source])
        return unknown("the run names no creator")
    if status == "confirmed" and story.run.auto_apply is True and not story.sheet.run.one("confirmed-by"):
        return automation("auto-apply")
    return None


def _run_facts(story: Story) -> dict[str, JSON]:
    run, ingress = story.run, story.ingress
    return {
        "title": _title(run.message, ingress),
        "run_kind": run_kind(run),
        "run_source": plain(run.source, 100) or None,
        "trigger_reason": plain(run.trigger_reason, 100) or None,
        "auto_apply": run.auto_apply,
        "policy_told": story.sheet.checks_told,
        "vcs_sender": plain(ingress.sender_username, 200) or None,
        "on_default_branch": ingress.on_default_branch,
        "speculative": run.plan_only if story.configuration.speculative is None else story.configuration.speculative,
        "created_at": story.created.isoformat(),
        "branch": plain(ingress.branch, 300) or None,
        "destroy": run.is_destroy,
    }


def _title(message: str | None, ingress: wire.IngressAttributes) -> str:
    text = message or ingress.pull_request_title or ingress.commit_message or ""
    return plain(text.strip().split("\n", 1)[0], 300)


def run_kind(run: wire.RunAttributes) -> str:
    """The operation, in the words of `filter[operation]`."""
    flags = (
        ("plan_only", run.plan_only),
        ("refresh_only", run.refresh_only),
        ("destroy", run.is_destroy),
        ("save_plan", run.save_plan),
        ("empty_apply", run.allow_empty_apply),
    )
    return next((name for name, flag in flags if flag), "plan_and_apply")


def person(key: str, users: Mapping[str, Resource]) -> Actor:
    """The user account `key`. One whose name the server does not give is not known by name, and never guessed."""
    user = users.get(key)
    attributes, _ = read(wire.UserAttributes, user.attributes if user else {})
    name = plain(attributes.username, 200)
    if not name:
        return Actor("", ActorKind.UNKNOWN, key, f"the server names only the id {key}")
    return Actor(name, ActorKind.SERVICE if attributes.is_service_account else ActorKind.HUMAN, key)


def _actors(story: Story) -> None:
    """confirmed-by and canceled-by: relationships without a time of their own, dated by the run's timestamps."""
    dated = (
        ("confirmed-by", Step.CONFIRMED, ("confirmed", "queuing_apply", "apply_queued", "applying", "applied")),
        ("canceled-by", Step.STOPPED, ("canceled", "force_canceled")),
    )
    for relation, step, statuses in dated:
        key = story.sheet.run.one(relation)
        at = next((story.times[s] for s in statuses if s in story.times), None)
        if not key:
            if relation == "confirmed-by" and at and story.run.auto_apply is True and "confirmed" not in story.times:
                story.tell("run-actor", story.sheet.run.id, relation, step, at, actor=automation("auto-apply"))
            continue
        if relation == "canceled-by":
            at = at or moment(story.run.canceled_at)
        facts = {} if at else {"dated_by": "the time it was seen"}
        actor = person(key, story.sheet.users)
        part = relation if actor.name else f"{relation}/unnamed"
        story.tell("run-actor", story.sheet.run.id, relation, step, at or story.seen.at, part=part, actor=actor, facts=facts)


def _run_events(story: Story) -> None:
    for one in story.sheet.run_events:
        attributes = story._read(wire.RunEventAttributes, one, "run-events")
        at = moment(attributes.created_at)
        if at is None:
            story.unknown.append(("run-events.created-at", one.id))
            continue
        role, step, known = action_of(attributes.action)
        who = one.one("actor")
        comment = story.sheet.comments.get(one.one("comment") or "")
        story.tell(
            "run-event",
            one.id,
            attributes.action or "unnamed",
            step,
            at,
            actor=person(who, story.sheet.users) if who else unknown("the run event names no actor"),
            known=known,
            facts={
                "role": role.value if role and who else None,
                "comment": _words(comment.attributes.get("body") if comment else None, 4000),
                "description": _words(attributes.description, 1000),
            },
            of="run-events",
        )


def _words(value: object, limit: int) -> str | None:
    return plain(value, limit) if isinstance(value, str) else None


def _work(story: Story, kind: str, resource: Resource | None) -> None:
    """A plan's or an apply's outcome with its counts, once it has one. A failed apply keeps what it did change."""
    if resource is None:
        return
    work = story._read(wire.WorkAttributes, resource, f"{kind}s")
    known = work.status in WORK_STATUSES
    if known and work.status not in WORK_FINISHED:
        return
    counts = (work.resource_additions, work.resource_changes, work.resource_destructions, work.resource_imports)
    facts: dict[str, JSON] = dict(zip(("added", "changed", "destroyed", "imported"), map(_count, counts), strict=True))
    if kind == "plan":
        facts["has_changes"] = work.has_changes
    stamps = {status_of(k): at for k, at in story.stamps(work.status_timestamps, f"{kind}s").items()}
    at = stamps.get(work.status) or stamps.get("finished") or max([*stamps.values()], default=story.latest)
    touched = any(_count(count) for count in counts)
    step = {"plan": Step.PLANNED, "apply": Step.APPLIED}[kind]
    if work.status != "finished" and not (kind == "apply" and touched):
        step = Step.STOPPED if known else Step.NOTED
    counted = all(_count(count) is not None for count in counts[:3])
    part = work.status if counted else f"{work.status}/uncounted"
    story.tell(kind, resource.id, work.status, step, at, part=part, known=known, facts=facts, of=kind)


def _count(value: int | None) -> int | None:
    return value if value is not None and 0 <= value < 2**53 else None


def _check(story: Story, resource: Resource) -> None:
    check = story._read(wire.CheckAttributes, resource, "policy-checks")
    facts = {"scope": plain(check.scope, 60) or None, **check_facts(check.result)}
    if check.result and not facts["parsed"]:
        story.unknown.append(("policy-checks.result.sentinel", resource.id))
    _judged(story, resource.id, check, facts, "policy-checks")


def _evaluation(story: Story, resource: Resource, outcomes: Iterable[Mapping[str, Any]] | None) -> None:
    found = story._read(wire.EvaluationAttributes, resource, "policy-evaluations")
    facts = {"scope": "task-stage", "policy_kind": plain(found.policy_kind, 60) or None}
    facts |= evaluation_facts(found.result_count, outcomes)
    _judged(story, resource.id, found, facts, f"policy-evaluation/{resource.id}")


def _judged(
    story: Story, key: str, check: wire.CheckAttributes | wire.EvaluationAttributes, facts: Mapping[str, JSON], of: str
) -> None:
    """One event for each status it went through; counts and policies come with those that are a verdict."""
    times = {status_of(k): at for k, at in story.stamps(check.status_timestamps, "policy-checks").items()}
    if check.status and check.status not in times:
        times[check.status] = max([*times.values()], default=story.latest)
    for name, at in times.items():
        told = facts if name in CHECK_VERDICTS or name not in CHECK_STEPS else {"scope": facts["scope"]}
        actor = unknown("the policy result does not name who overrode it") if name == "overridden" else None
        step = CHECK_STEPS.get(name, Step.NOTED)
        part = name if told.get("parsed", True) else f"{name}/unread"  # when it can be read later, that is news
        story.tell("policy-check", key, name, step, at, part=part, known=name in CHECK_STEPS, actor=actor, facts=told, of=of)


def _number(value: object) -> int | None:
    """A pull request's number, which some servers write as text."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 16:
        value = int(value)
    return value if type(value) is int and 0 < value < 2**53 else None
