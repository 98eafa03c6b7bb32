"""Who did what to a run, as its relationships and its run events tell. Pure; nobody is guessed."""

from collections.abc import Mapping

from app.canonical import plain
from app.domain.actor import Actor, ActorKind, automation, unknown
from app.domain.event import Step
from app.sources.tfe import wire
from app.sources.tfe.story import Story
from app.sources.tfe.terms import action_of
from app.sources.tfe.wire import Resource, moment, read


def person(key: str, users: Mapping[str, Resource]) -> Actor:
    """The user account `key`. One whose name the server does not give is not known by name, and never guessed."""
    user = users.get(key)
    attributes, _ = read(wire.UserAttributes, user.attributes if user else {})
    name = plain(attributes.username, 200)
    if not name:
        return Actor("", ActorKind.UNKNOWN, key, f"the server names only the id {key}")
    return Actor(name, ActorKind.SERVICE if attributes.is_service_account else ActorKind.HUMAN, key)


def tell_actors(story: Story) -> None:
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


def tell_run_events(story: Story) -> None:
    for one in story.sheet.run_events:
        attributes = story.read(wire.RunEventAttributes, one, "run-events")
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
