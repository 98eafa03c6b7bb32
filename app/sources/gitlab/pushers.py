"""Each head the merge request had, and who pushed it: the note that names the version, else the push events, else unknown."""

from collections.abc import Iterator, Mapping
from datetime import timedelta

from app.domain.actor import Actor, unknown
from app.domain.event import Event, How, Step
from app.domain.ref import Ref
from app.sources.gitlab.people import account
from app.sources.gitlab.telling import Head, Telling
from app.sources.gitlab.terms import COMMITS, VERSION
from app.sources.gitlab.wire import Note, User, read, when

CLOSE = timedelta(seconds=60)  # a version and the note about it are made by one job
YOUNG = timedelta(minutes=10)  # the note, and the push event, may be still to come


def head_pushes(telling: Telling) -> Iterator[Event]:
    current = telling.heads[-1] if telling.heads else None
    for head in telling.heads:
        actor = pusher(telling, head)
        how = How.OBSERVED if head is current else How.RECONSTRUCTED
        facts = {"head_oid": head.sha, "before": head.before, "forced": head.forced, "dated_by": "version"}
        who = actor.id or ""
        yield telling.told(Step.PUSHED, "head", head.at, head.sha, who, actor=actor, how=how, facts=facts, commits=(head.sha,))
        if not who and telling.origin.observed_at - head.at < YOUNG:
            continue
        yield telling.event(
            "head-push",
            Ref("head-push", str(head.id), f"{telling.name} version {head.id}", telling.url),
            Step.PUSHED,
            "force_push" if head.forced else "push",
            head.at,
            who,
            actor=actor,
            how=how,
            facts={
                "number": telling.number,
                "before": head.before,
                "after": head.sha,
                "because": "GitLab does not say whether history was rewritten" if head.forced is None else None,
            },
            commits=(head.sha,),
        )


def pusher(telling: Telling, head: Head) -> Actor:
    """As the host authenticated them, never a commit's author."""
    noted = _noted(telling, head)
    if noted:
        return account(noted.author)
    known = telling.whole.get("pushers")
    found = known.get(head.sha) if isinstance(known, Mapping) else None
    if isinstance(found, Mapping):
        return account(read(User, found))
    return unknown("neither a note nor a push event of the project says who pushed this head")


def _noted(telling: Telling, head: Head) -> Note | None:
    """The note that links to this version; without a link, the only one of its minute."""
    added = [note for note in telling.notes if COMMITS.match(note.body)]
    linked = [note for note in added if (found := VERSION.search(note.body)) and int(found[1]) == head.id]
    if linked or head is telling.heads[0]:
        return linked[0] if linked else None
    close = [note for note in added if not VERSION.search(note.body) and _apart(note, head) <= CLOSE]
    return close[0] if len(close) == 1 else None


def _apart(note: Note, head: Head) -> timedelta:
    at = when(note.created_at)
    return abs(at - head.at) if at else timedelta.max
