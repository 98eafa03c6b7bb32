"""The checks on one pull request's head → events. Pure and total."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from app.canonical import plain
from app.domain.actor import Actor, ActorKind, unknown
from app.domain.event import Event, Step
from app.domain.ref import Ref
from app.errors import NotUnderstood
from app.sources.github.people import account
from app.sources.github.telling import Origin, Pull
from app.sources.github.terms import CHECK_CONCLUSIONS, CHECK_STATES, STATUS_STATES
from app.sources.github.wire import Node, at, flag, moment, needed_id, nodes, number, sha, stamp, text
from app.sources.telling import Normalised

DONE = "COMPLETED"


def check_events(node: Node, origin: Origin, unrequired: str | None = None) -> Normalised:
    """What a `pullRequest` of the Checks query tells, oldest first. `unrequired`: why it is not told which are required.

    Raises NotUnderstood without the pull request's id, its number or its head.
    """
    identity, named, head = needed_id(node, "a pull request"), number(node, "number"), sha(node, "headRefOid")
    if named is None or head is None:
        raise NotUnderstood(f"the pull request {identity} of {origin.repository} has no number or no head", "both")
    pull = Pull(origin, identity, named, text(node, "url") or None, {}, node=node)
    found: dict[Any, Event] = {}
    count = 0
    for item in contexts(node):
        events = list(_told(pull, item, head, unrequired))
        count += bool(events)
        found |= {event.id: event for event in events if event.id not in found}
    untold = _untold(node, count)
    if untold or not found:
        status, because = ("unavailable", untold) if untold else ("none", "GitHub has no check on this head")
        event = absent(pull, head, status, because)
        found[event.id] = event
    ordered = sorted(found.values(), key=lambda event: (event.occurred_at, str(event.id)))
    return Normalised(tuple(ordered), tuple(dict.fromkeys(pull.new)))


def contexts(node: Node) -> Iterator[Node]:
    """Check runs and statuses on the head."""
    for item in nodes(node, "commits"):
        yield from nodes(item, "commit", "statusCheckRollup", "contexts")


def _untold(node: Node, told: int) -> str:
    """Why not all of them are told: "" where they are. A null in the list is a check of which nothing is known."""
    total = sum(number(at(item, "commit", "statusCheckRollup"), "contexts", "totalCount") or 0 for item in nodes(node, "commits"))
    return f"GitHub told {told} of {total} checks" if total > told else ""


def absent(pull: Pull, head: str, status: str, because: str) -> Event:
    """There is no check to tell of: `none` where GitHub was asked and has none, `unavailable` where it does not say."""
    ref = Ref("check", f"{pull.id}/{head}", f"{pull.name} checks", pull.url)
    facts = _facts(pull, head, None, None, because)
    when = moment(pull.node, "mergedAt") or pull.origin.observed_at
    return pull.event("check", ref, Step.NOTED, status, when, actor=None, facts=facts, commits=(head,))


def _told(pull: Pull, item: Node, head: str, unrequired: str | None) -> Iterator[Event]:
    run = item.get("__typename") == "CheckRun"
    if not run and item.get("__typename") != "StatusContext":
        pull.new.append(("check.__typename", text(item, "__typename", limit=100)))
        return
    ident = text(item, "id", limit=200)  # databaseId has 32 bits, and check runs have outgrown them
    if not ident:
        pull.new.append(("check.id", text(item, "name", limit=100) or text(item, "context", limit=100)))
        return
    word, known = _word(item) if run else _state(item)
    if not known:
        pull.new.append(("check.conclusion" if run else "check.state", word))
    yield _check(pull, item, head, ident, word, known, unrequired)
    if run:
        yield from _push(pull, item, head)


def _word(item: Node) -> tuple[str, bool]:
    state, conclusion = text(item, "status", limit=100), text(item, "conclusion", limit=100)
    if state == DONE or conclusion:
        return conclusion or "(none)", conclusion in CHECK_CONCLUSIONS
    return state or "(none)", state in CHECK_STATES


def _state(item: Node) -> tuple[str, bool]:
    state = text(item, "state", limit=100)
    return state or "(none)", state in STATUS_STATES


def _check(pull: Pull, item: Node, head: str, ident: str, word: str, known: bool, unrequired: str | None) -> Event:
    run = item.get("__typename") == "CheckRun"
    name = text(item, "name" if run else "context", limit=300)
    started, completed = moment(item, "startedAt"), moment(item, "completedAt")
    if not run and word not in ("PENDING", "EXPECTED"):
        completed = moment(item, "createdAt")
    when = completed or started or moment(item, "createdAt") or pull.origin.observed_at
    required = flag(item, "isRequired")
    because = None if required is not None else unrequired or "GitHub does not say whether it is required"
    facts = _facts(pull, head, name, required, because, started, completed, _app(item))
    ref = Ref("check", ident, f"{pull.name} {name}", pull.url)
    more = (stamp(completed or started) or "", str(required), head)
    return pull.event(
        "check", ref, Step.NOTED, word.lower(), when, *more, actor=_actor(pull, item), known=known, facts=facts, commits=(head,)
    )


def _facts(
    pull: Pull,
    head: str,
    name: str | None,
    required: bool | None,
    because: str | None,
    started: datetime | None = None,
    completed: datetime | None = None,
    app: str | None = None,
) -> dict[str, Any]:
    return {
        "number": pull.number,
        "name": name,
        "head_oid": head,
        "required": required,
        "because": plain(because) or None,
        "started_at": stamp(started),
        "completed_at": stamp(completed),
        "app": app,
    }


def _app(item: Node) -> str | None:
    return text(item, "checkSuite", "app", "slug", limit=200) or None


def _actor(pull: Pull, item: Node) -> Actor:
    if item.get("__typename") == "StatusContext":
        return account(at(item, "creator"), pull.new)
    app = _app(item)
    return Actor(app, ActorKind.BOT, id=app) if app else unknown("GitHub does not say which app made the check")


def _push(pull: Pull, item: Node, head: str) -> Iterator[Event]:
    """Who pushed this head, as the suite of its checks has it: dated by the suite, which begins with the push."""
    push, when = at(item, "checkSuite", "push"), moment(item, "checkSuite", "createdAt")
    if not isinstance(push, dict) or sha(push, "nextSha") != head or when is None or not text(push, "id"):
        return
    facts = {"number": pull.number, "before": sha(push, "previousSha"), "after": head, "dated_by": "check suite"}
    ref = Ref("head-push", text(push, "id", limit=200), f"{pull.name} head", pull.url)
    actor = account(at(push, "pusher"), pull.new, "GitHub does not say who pushed")
    yield pull.event("head-push", ref, Step.PUSHED, "push", when, actor=actor, facts=facts, commits=(head,))
