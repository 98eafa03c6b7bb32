"""From what was read of one run to its events. Pure and total: an unknown word is kept, reported and marked.

Raises NotUnderstood only for a run without a readable `created-at`.
"""

from datetime import datetime

from app.canonical import JSON, plain
from app.domain.actor import Actor, automation, unknown
from app.domain.event import Event, Step
from app.sources.tfe import wire
from app.sources.tfe.acts import person, tell_actors, tell_run_events
from app.sources.tfe.contents import tell_contents
from app.sources.tfe.policy import count
from app.sources.tfe.story import Seen, Sheet, Story
from app.sources.tfe.terms import RANK, RUN_STEPS, UNATTENDED, WORK_FINISHED, WORK_STATUSES, status_of
from app.sources.tfe.verdicts import tell_check, tell_cost, tell_evaluation, tell_stage, tell_task
from app.sources.tfe.wire import Resource


def normalise(sheet: Sheet, seen: Seen) -> tuple[list[Event], list[tuple[str, str]]]:
    """The run's events in the order they happened, and (field, value) of what was new to us."""
    story = Story(sheet, seen)
    _statuses(story)
    tell_actors(story)
    tell_run_events(story)
    _work(story, "plan", sheet.plan)
    _work(story, "apply", sheet.apply)
    tell_contents(story, sheet.contents)
    for check in sheet.checks:
        tell_check(story, check)
    for evaluation in sheet.evaluations:
        tell_evaluation(story, evaluation)
    for stage in sheet.stages:
        tell_stage(story, stage)
    for task in sheet.tasks:
        tell_task(story, task)
    if sheet.cost:
        tell_cost(story, sheet.cost)
    story.events.sort(key=lambda e: (e.occurred_at, RANK.get(e.status, 0) if e.type == "run" else len(RANK), e.type, str(e.id)))
    return story.events, story.unknown


# By whether its workspace still answers. A 404 is all that is told: deleted, or out of the token's sight.
GONE = {
    True: "it answers 404 and its workspace is still there: the run alone was deleted, or the token may no longer read runs there",
    False: "it answers 404, and so does its workspace: both were deleted, or the token no longer sees the workspace",
    None: "it answers 404, and which workspace it was of is not known",
}


def disappeared(run: str, created: datetime | None, seen: Seen, *, workspace_visible: bool | None) -> Event:
    """The run no longer answers: deleted, or out of the token's sight. Whether its workspace still does tells more."""
    raw = {"id": run, "attributes": {"created-at": (created or seen.at).isoformat()}}
    story = Story(Sheet(run=Resource(run, "runs", raw)), seen)
    facts = {
        "created_at": created.isoformat() if created else None,
        "workspace_visible": workspace_visible,
        "because": GONE[workspace_visible],
    }
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
            part=plain(status, 100) + story.lacking,
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


def _work(story: Story, kind: str, resource: Resource | None) -> None:
    """A plan's or an apply's outcome with its counts, once it has one. A failed apply keeps what it did change."""
    if resource is None:
        return
    work = story.read(wire.WorkAttributes, resource, f"{kind}s")
    known = work.status in WORK_STATUSES
    if known and work.status not in WORK_FINISHED:
        return
    counts = (work.resource_additions, work.resource_changes, work.resource_destructions, work.resource_imports)
    facts: dict[str, JSON] = dict(zip(("added", "changed", "destroyed", "imported"), map(count, counts), strict=True))
    if kind == "plan":
        facts["has_changes"] = work.has_changes
    stamps = {status_of(k): at for k, at in story.stamps(work.status_timestamps, f"{kind}s").items()}
    at = stamps.get(work.status) or stamps.get("finished") or max([*stamps.values()], default=story.latest)
    touched = any(count(one) for one in counts)
    step = {"plan": Step.PLANNED, "apply": Step.APPLIED}[kind]
    if work.status != "finished" and not (kind == "apply" and touched):
        step = Step.STOPPED if known else Step.NOTED
    counted = all(count(one) is not None for one in counts[:3])
    part = work.status if counted else f"{work.status}/uncounted"
    story.tell(kind, resource.id, work.status, step, at, part=part, known=known, facts=facts, of=kind)
