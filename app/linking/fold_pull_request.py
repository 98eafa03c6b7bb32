"""A pull request from its `pull-request`, `review`, `commit`, `head-push` and `check` events."""

from collections.abc import Mapping
from datetime import datetime

from app.domain.actor import Actor, ActorKind
from app.domain.change import Check, HeadPush, PullRequest, Review
from app.domain.event import Event
from app.linking import facts


def pull_request(key: str, events: list[Event]) -> PullRequest | None:
    told = [event for event in events if event.type == "pull-request"]
    if not told:
        return None
    last = told[-1]
    by = {event.status: event for event in told}
    opened, merged, closed = (next((e for e in told if e.status == "open"), None), by.get("merged"), by.get("closed"))
    commits = [event for event in events if event.type == "commit"]
    pushes = _pushes(events)
    said = [*told, *commits]
    queued = [event.occurred_at for event in told if event.status == "added_to_merge_queue"]
    return PullRequest(
        key=key,
        source=last.source,
        repository=str(facts.key(events, "repository") or ""),
        number=int(facts.key(events, "pull_request") or 0),
        title=facts.text(told, "title") or last.ref.name,
        url=next((event.ref.url for event in reversed(told) if event.ref.url), None),
        state=_state(told),
        opened_at=opened.occurred_at if opened else None,
        merged_at=merged.occurred_at if merged else None,
        closed_at=closed.occurred_at if closed else None,
        author=opened.actor if opened else None,
        merger=merged.actor if merged else None,
        head=facts.text(told, "head"),
        base=facts.text(told, "base"),
        merge_commit=facts.text([merged] if merged else [], "merge_commit"),
        commits=facts.words([_sha(event) for event in commits]),
        contributors=_contributors(told, commits, pushes),
        base_merges=facts.words([_sha(event) for event in commits if _merges_base(event, facts.text(told, "base"))]),
        reviews=tuple(_reviews(events)),
        labels=facts.words(facts.told(told, "labels")),
        head_oid=facts.text([merged] if merged else told, "head_oid") or facts.text(told, "head_oid"),
        reverts=_named(said, "reverts"),
        picks=_named(said, "picks"),
        merge_method=facts.text([merged] if merged else told, "merge_method"),
        auto_merge_by=_auto_merge(told),
        queued_at=max(queued, default=None),
        pushes=pushes,
        checks=_checks(events),
    )


def _named(events: list[Event], name: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one for event in events for one in facts.words(event.facts.get(name))))


def _auto_merge(told: list[Event]) -> Actor | None:
    """Who switched it on last, by the timeline or by what the pull request says; the field empties with the merge."""
    enabled = [event.actor for event in told if event.status == "auto_merge_enabled" and event.actor]
    if enabled:
        return None if any(e.status == "auto_merge_disabled" and e.occurred_at >= _last_on(told) for e in told) else enabled[-1]
    said = facts.told(told, "auto_merge_by")
    if not isinstance(said, Mapping) or not (facts.string(said, "name") or facts.string(said, "id")):
        return None
    kind = facts.string(said, "kind")
    known = ActorKind(kind) if kind in {str(one) for one in ActorKind} else ActorKind.UNKNOWN
    return Actor(facts.string(said, "name"), known, facts.string(said, "id") or None, facts.string(said, "because"))


def _last_on(told: list[Event]) -> datetime:
    return max(event.occurred_at for event in told if event.status == "auto_merge_enabled")


def _pushes(events: list[Event]) -> tuple[HeadPush, ...]:
    return tuple(
        HeadPush(
            event.occurred_at,
            event.actor,
            facts.string(event.facts, "before") or None,
            facts.string(event.facts, "after") or None,
            event.status == "force_push",
        )
        for event in events
        if event.type == "head-push"
    )


def _checks(events: list[Event]) -> tuple[Check, ...]:
    """Each telling of a check by its end, as the host has it: a check that ran again is told again."""
    found: dict[tuple[object, ...], Check] = {}
    for event in events:
        if event.type != "check":
            continue
        named = {name: facts.string(event.facts, name) for name in ("name", "head_oid", "app", "because")}
        required, done = event.facts.get("required"), facts.when(event.facts.get("completed_at"))
        made = Check(
            name=named["name"],
            status=event.status,
            head=named["head_oid"] or None,
            required=required if isinstance(required, bool) else None,
            at=event.occurred_at,
            started_at=facts.when(event.facts.get("started_at")),
            completed_at=done,
            app=named["app"],
            because=named["because"],
        )
        found[(event.ref.id, made.head, done, made.status)] = made
    return tuple(sorted(found.values(), key=lambda one: (one.at, one.name, one.status, one.head or "")))


def _state(told: list[Event]) -> str:
    words = [event.status for event in told if event.status in ("open", "reopened", "closed", "merged")]
    if "merged" in words:
        return "merged"
    return "closed" if words and words[-1] == "closed" else "open"


def _sha(event: Event) -> str:
    sha = event.facts.get("sha")
    return sha if isinstance(sha, str) and sha else event.ref.id


def _merges_base(event: Event, base: str | None) -> bool:
    parents, headline = event.facts.get("parents"), facts.string(event.facts, "headline")
    merges = (f"Merge branch '{base}'", f"Merge remote-tracking branch 'origin/{base}'")
    return isinstance(parents, int) and parents == 2 and bool(base) and headline.startswith(merges)


def _contributors(told: list[Event], commits: list[Event], pushes: tuple[HeadPush, ...]) -> tuple[Actor, ...]:
    """Everyone whose work is in it: commit authors, committers, co-authors, and who moved the head. Never the host's own pages."""
    found = [event.actor for event in told if event.status == "head" and facts.known(event.actor)]
    found += [push.pusher for push in pushes if facts.known(push.pusher)]
    for event in commits:
        author, committer = event.facts.get("author"), event.facts.get("committer")
        named = event.actor and (event.actor.name or event.actor.id)
        found.append(facts.with_address(event.actor, author) if event.actor and named else facts.actor(author))
        if committer != author:
            found.append(facts.actor(committer))
        for name in ("co_authors", "authors"):
            others = event.facts.get(name)
            found.extend(facts.actor(item) for item in others if item != author) if isinstance(others, list) else None
    people = {(who.id or who.name): who for who in found if who and not _web(who)}
    return tuple(people.values())


def _web(who: Actor) -> bool:
    """A commit that the host's own pages made."""
    return who.name == "web-flow" or (who.name.startswith(("GitHub", "GitLab")) and (who.id or "noreply@").startswith("noreply@"))


def _reviews(events: list[Event]) -> list[Review]:
    out = []
    for event in events:
        if event.type != "review":
            continue
        commit = event.facts.get("commit")
        reviewer = event.actor or Actor(name="", because="the account of the reviewer is gone")
        out.append(Review(reviewer, event.status, event.occurred_at, commit if isinstance(commit, str) else None, event.ref.id))
    return out
