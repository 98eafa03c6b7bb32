"""A pull request as GitHub tells it → events. Pure and total: a word that is new to us is kept and counted.

The actor of a review event is the one whose review it is; who dismissed it is in `facts.dismissed_by`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from app.canonical import digest, fit
from app.domain.actor import Actor, unknown
from app.domain.event import Event, How, Step
from app.domain.mentions import picks, reverts
from app.domain.ref import Ref
from app.errors import NotUnderstood
from app.sources.github.merging import auto_merge, auto_merge_by, merge_method
from app.sources.github.people import account, author_of, authors, declared
from app.sources.github.telling import Origin, Pull
from app.sources.github.terms import PULL_REQUEST_STATES, REVIEW_STATES
from app.sources.github.turns import turns
from app.sources.github.wire import (
    Node,
    at,
    flag,
    moment,
    needed_id,
    needed_time,
    nodes,
    number,
    sha,
    stamp,
    text,
)
from app.sources.people import as_facts
from app.sources.telling import Normalised, Unknown


def normalise(node: Node, origin: Origin) -> Normalised:
    """Every event that a `PullRequest` of the PULL_REQUESTS query tells, oldest first.

    Raises NotUnderstood only without an id, a number, createdAt, or mergedAt of a merged one.
    """
    identity, named = needed_id(node, "a pull request"), number(node, "number")
    if named is None:
        raise NotUnderstood(f"the pull request {identity} of {origin.repository} has no number", "its number")
    new: Unknown = []
    pull = Pull(origin, identity, named, text(node, "url") or None, _facts(node, origin, new), new, node=node)
    found = [*_life(pull), *_heads(pull), *turns(pull), *_reviews(pull), *_commits(pull)]
    once = {event.id: event for event in reversed(found)}
    ordered = sorted(once.values(), key=lambda event: (event.occurred_at, str(event.id)))
    return Normalised(tuple(ordered), tuple(dict.fromkeys(new)))


def _facts(node: Node, origin: Origin, new: Unknown) -> dict[str, Any]:
    state = text(node, "state", limit=100)
    new.extend(_untimed(node, "pull-request", "mergedAt", "closedAt"))
    total, listed = number(node, "commits", "totalCount"), {sha(c, "commit", "oid") for c in nodes(node, "commits")}
    merge_commit = sha(node, "mergeCommit", "oid")
    return {
        "number": number(node, "number"),
        "title": text(node, "title"),
        "base": text(node, "baseRefName", limit=300),
        "head": text(node, "headRefName", limit=300),
        "base_oid": sha(node, "baseRefOid"),
        "head_oid": sha(node, "headRefOid"),
        "head_repository": text(node, "headRepository", "nameWithOwner", limit=300) or None,
        "cross_repository": flag(node, "isCrossRepository"),
        "state": PULL_REQUEST_STATES.get(state, state),
        "draft": flag(node, "isDraft"),
        "author": as_facts(account(at(node, "author"), new)),
        "labels": [text(label, "name", limit=100) for label in nodes(node, "labels")],
        "reverts": reverts(text(node, "body", limit=100_000), origin.repository),
        "body_digest": body_digest(node),
        "created_at": stamp(moment(node, "createdAt")),
        "merged_at": stamp(moment(node, "mergedAt")),
        "closed_at": stamp(moment(node, "closedAt")),
        "merge_commit": merge_commit,
        "merge_parents": [sha(parent, "oid") for parent in nodes(node, "mergeCommit", "parents")],
        "merge_method": merge_method(node) if merge_commit else None,
        "auto_merge": auto_merge(node, new),
        "auto_merge_by": auto_merge_by(node, new),
        "commits_total": total,
        "commits_complete": total == len(listed),
        "database_id": number(node, "fullDatabaseId"),
    }


def body_digest(node: Node) -> str:
    """Tells one description of a pull request from another."""
    return digest(str(at(node, "body") or "").encode("utf-8", "surrogatepass"))


def _untimed(node: Node, of: str, *keys: str) -> Iterator[tuple[str, str]]:
    """Times that are none."""
    for key in keys:
        if (found := text(node, key, limit=64)) and moment(node, key) is None:
            yield (f"{of}.{key}", found)


def _life(pull: Pull) -> Iterator[Event]:
    node, state = pull.node, text(pull.node, "state", limit=100)
    opened = needed_time(node, pull.name, "createdAt")
    author = account(at(node, "author"), pull.new)
    yield pull.told(Step.PROPOSED, "open", opened, actor=author, commits=(sha(node, "headRefOid"),))
    yield from _turns(pull, state)
    if state == "MERGED":
        by = at(node, "mergedBy") or next((at(t, "actor") for t in pull.timeline("MergedEvent")), None)
        yield pull.told(
            Step.MERGED,
            "merged",
            needed_time(node, f"{pull.name}, which is merged,", "mergedAt"),
            actor=account(by, pull.new),
            commits=(sha(node, "mergeCommit", "oid"),),
        )
    elif state not in PULL_REQUEST_STATES:
        pull.new.append(("pull-request.state", state))
        when = moment(node, "updatedAt") or opened
        yield pull.told(Step.NOTED, state or "(no state)", when, actor=unknown("the state is new to us"), known=False)


def _turns(pull: Pull, state: str) -> Iterator[Event]:
    """Closed and reopened, as the timeline has it. A merge closes too: that last closing is not told as one."""
    turns = [t for t in pull.timeline("ClosedEvent", "ReopenedEvent") if moment(t, "createdAt")]
    if state == "MERGED" and turns and turns[-1]["__typename"] == "ClosedEvent":
        turns.pop()
    for turn in turns:
        closing, when = turn["__typename"] == "ClosedEvent", needed_time(turn, pull.name, "createdAt")
        current = closing and state == "CLOSED" and turn is turns[-1]
        yield _turn(pull, closing, when, account(at(turn, "actor"), pull.new), How.OBSERVED if current else How.RECONSTRUCTED)
    closed = moment(pull.node, "closedAt")
    if state == "CLOSED" and closed and not any(turn["__typename"] == "ClosedEvent" for turn in turns):
        yield _turn(pull, True, closed, unknown("GitHub's timeline does not say who closed it"), How.OBSERVED)


def _turn(pull: Pull, closing: bool, when: datetime, actor: Actor, how: How) -> Event:
    step, status = (Step.CLOSED, "closed") if closing else (Step.PROPOSED, "reopened")
    return pull.told(step, status, when, when.isoformat(), actor=actor, how=how, facts={"state": "closed" if closing else "open"})


def _heads(pull: Pull) -> Iterator[Event]:
    """Each head commit that is known of: the present one, and those that a force push put in its place."""
    current = sha(pull.node, "headRefOid")
    pushed: dict[str, Event] = {}
    for item in pull.timeline("HeadRefForcePushedEvent"):
        after, when = sha(item, "afterCommit", "oid"), moment(item, "createdAt")
        if after and when:
            how = How.OBSERVED if after == current else How.RECONSTRUCTED
            facts = {"head_oid": after, "forced": True, "before": sha(item, "beforeCommit", "oid"), "dated_by": "force push"}
            actor = account(at(item, "actor"), pull.new)
            pushed[after] = pull.told(Step.PUSHED, "head", when, after, actor=actor, how=how, facts=facts, commits=(after,))
    yield from pushed.values()
    if current is None:
        pull.new.append(("pull-request.headRefOid", text(pull.node, "headRefOid", limit=100)))
    elif current not in pushed:
        yield _present_head(pull, current)


def _present_head(pull: Pull, oid: str) -> Event:
    """Dated by its own commit, which is self-declared, but never outside the life of the pull request."""
    opened = needed_time(pull.node, pull.name, "createdAt")
    last = moment(pull.node, "mergedAt") or moment(pull.node, "updatedAt") or opened
    commit = next((c["commit"] for c in nodes(pull.node, "commits") if sha(c, "commit", "oid") == oid), None)
    declared_at = moment(commit, "committedDate")
    when = min(max(declared_at, opened), max(last, opened)) if declared_at else opened
    return pull.told(
        Step.PUSHED,
        "head",
        when,
        oid,
        actor=unknown("GitHub does not say who pushed"),
        facts={"forced": False, "dated_by": "commit" if declared_at else "opening"},
        commits=(oid,),
    )


def _reviews(pull: Pull) -> Iterator[Event]:
    dismissals = {text(item, "review", "id"): item for item in pull.timeline("ReviewDismissedEvent")}
    for review in nodes(pull.node, "reviews"):
        identity, state = needed_id(review, f"a review of {pull.name}"), text(review, "state", limit=100)
        if state not in REVIEW_STATES:
            pull.new.append(("review.state", state))
        submitted = needed_time(review, f"the review {identity}", "submittedAt", "createdAt")
        if state != "DISMISSED":
            yield _review(pull, review, state or "(no state)", submitted)
            continue
        dismissal = dismissals.get(identity)
        before = text(dismissal, "previousReviewState", limit=100)
        if before and before != "DISMISSED":
            yield replace(_review(pull, review, before, submitted), how=How.RECONSTRUCTED)
        when = moment(dismissal, "createdAt") or moment(review, "updatedAt") or submitted
        yield _review(pull, review, state, when, _dismissal(dismissal, before, pull.new))


def _dismissal(item: Node | None, before: str, new: Unknown) -> dict[str, Any]:
    by = account(at(item, "actor"), new, "GitHub does not say who dismissed it" if item is None else "the account was deleted")
    return {
        "dismissed_by": as_facts(by),
        "previous_state": before or None,
        "stale_by": sha(item, "pullRequestCommit", "commit", "oid"),
        "message": text(item, "dismissalMessage") or None,
    }


def _review(pull: Pull, review: Node, state: str, when: datetime, more: Mapping[str, Any] | None = None) -> Event:
    identity = needed_id(review, "a review")
    commit = sha(review, "commit", "oid")
    facts = {
        "number": pull.number,
        "commit": commit,
        "head_oid": sha(pull.node, "headRefOid"),
        "association": text(review, "authorAssociation", limit=100) or None,
        **(more or {}),
    }
    ref = Ref("review", identity, f"{pull.name} review", pull.url)
    actor = account(at(review, "author"), pull.new)
    known = state in REVIEW_STATES
    return pull.event("review", ref, Step.REVIEWED, state, when, actor=actor, known=known, facts=facts, commits=(commit,))


def _commits(pull: Pull) -> Iterator[Event]:
    opened = needed_time(pull.node, pull.name, "createdAt")
    for item in nodes(pull.node, "commits"):
        commit = at(item, "commit")
        oid = sha(commit, "oid")
        if oid is None:
            pull.new.append(("commit.oid", text(commit, "oid", limit=100)))
            continue
        people, message = authors(commit), text(commit, "message", limit=100_000)
        facts = {
            "number": pull.number,
            "sha": oid,
            "headline": message.partition("\n")[0][:300],
            "reverts": reverts(message, pull.origin.repository),
            "picks": picks(message),
            "author": declared(at(commit, "author")),
            "committer": declared(at(commit, "committer")),
            "authors": people,
            "authored_at": stamp(moment(commit, "authoredDate")),
            "parents": number(commit, "parents", "totalCount"),
            "signed": flag(commit, "signature", "isValid"),
        }
        ref = Ref("commit", oid, f"{pull.origin.repository}@{oid[:7]}")
        pull.new.extend(_untimed(commit, "commit", "committedDate", "authoredDate"))
        when = moment(commit, "committedDate") or moment(commit, "authoredDate") or opened
        yield pull.event(
            "commit", ref, Step.PUSHED, "committed", when, pull.id, actor=author_of(people), facts=fit(facts), commits=(oid,)
        )
