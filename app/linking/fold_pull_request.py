"""A pull request from its `pull-request`, `review` and `commit` events."""

from app.domain.actor import Actor
from app.domain.change import PullRequest, Review
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
        contributors=_contributors(told, commits),
        base_merges=facts.words([_sha(event) for event in commits if _merges_base(event, facts.text(told, "base"))]),
        reviews=tuple(_reviews(events)),
        labels=facts.words(facts.told(told, "labels")),
        head_oid=facts.text([merged] if merged else told, "head_oid") or facts.text(told, "head_oid"),
    )


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
    return isinstance(parents, int) and parents == 2 and bool(base) and headline.startswith(f"Merge branch '{base}'")


def _contributors(told: list[Event], commits: list[Event]) -> tuple[Actor, ...]:
    """Everyone whose work is in it: commit authors, committers, co-authors, and who moved the head. Never the host's own pages."""
    found = [event.actor for event in told if event.status == "head" and facts.known(event.actor)]
    for event in commits:
        author, committer = event.facts.get("author"), event.facts.get("committer")
        found.append(event.actor if event.actor and (event.actor.name or event.actor.id) else facts.actor(author))
        if committer != author:
            found.append(facts.actor(committer))
        for name in ("co_authors", "authors"):
            others = event.facts.get(name)
            found.extend(facts.actor(item) for item in others if item != author) if isinstance(others, list) else None
    people = {(who.id or who.name): who for who in found if who and not _web(who)}
    return tuple(people.values())


def _web(who: Actor) -> bool:
    """A commit that the host's own pages made."""
    return who.name == "web-flow" or (who.name.startswith("GitHub") and (who.id or "noreply@").startswith("noreply@"))


def _reviews(events: list[Event]) -> list[Review]:
    out = []
    for event in events:
        if event.type != "review":
            continue
        commit = event.facts.get("commit")
        reviewer = event.actor or Actor(name="", because="the account of the reviewer is gone")
        out.append(Review(reviewer, event.status, event.occurred_at, commit if isinstance(commit, str) else None, event.ref.id))
    return out
