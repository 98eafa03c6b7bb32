"""Approvals → review events. One review for each reviewer of a merge request: GitLab keeps no more than a row while it stands.

When an approval was given: system notes, or `approved_at` of newer servers. Which commit it covered no field says: it is derived
from the versions, and said to be. What went away: a note of withdrawal, a note of the reset by a push, or the row's absence.
https://docs.gitlab.com/api/merge_request_approvals/
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from app.canonical import plain
from app.domain.actor import Actor
from app.domain.event import Event, How, Step
from app.domain.ref import Ref
from app.sources.gitlab.people import account
from app.sources.gitlab.telling import Telling
from app.sources.gitlab.terms import APPROVED, CHANGES, MENTIONED, RESET, UNAPPROVED
from app.sources.gitlab.wire import Approval, Approvals, Note, User, read, when, whole
from app.sources.people import as_facts

SAME = timedelta(minutes=5)  # a row and the note about it: the note is written by a job of its own


@dataclass
class _Standing:
    """Who stands approved, by user id, as the notes read so far have it. `given`: the last time each approved, standing or not."""

    approved: dict[str, tuple[User, datetime]] = field(default_factory=dict)
    given: dict[str, datetime] = field(default_factory=dict)

    def named(self, username: str) -> User | None:
        return next((user for user, _ in self.approved.values() if user.username.lower() == username.lower()), None)


def reviews(telling: Telling) -> Iterator[Event]:
    approvals = read(Approvals, telling.whole.get("approvals"))
    rows = {_key(row.user): row for row in approvals.approved_by or () if row.user and row.user.username}
    standing = _Standing()
    for note in telling.notes:
        if note.author and (at := when(note.created_at)):
            yield from _noted(telling, note, note.author, at, standing, rows)
    if approvals.approved_by is None:
        telling.new.append(("approvals.approved_by", "not told"))
        return
    yield from _unnoted(telling, standing, rows)
    yield from _gone(telling, standing, rows)


def _noted(
    telling: Telling, note: Note, who: User, at: datetime, standing: _Standing, rows: Mapping[str, Approval]
) -> Iterator[Event]:
    if APPROVED.fullmatch(note.body):
        row = rows.get(_key(who))
        exact = when(row.approved_at) if row else None
        given = exact if exact and abs(exact - at) <= SAME else at
        standing.approved[_key(who)], standing.given[_key(who)] = (who, given), given
        yield _review(telling, who, "APPROVED", given, str(note.id), dated_by="approved_at" if given == exact else "note")
    elif UNAPPROVED.fullmatch(note.body):
        standing.approved.pop(_key(who), None)
        yield _dismissed(telling, who, at, str(note.id), account(who), plain(note.body, 200))
    elif CHANGES.fullmatch(note.body):
        standing.approved.pop(_key(who), None)
        yield _review(telling, who, "CHANGES_REQUESTED", at, str(note.id), dated_by="note")
    elif reset := RESET.fullmatch(note.body):
        for username in MENTIONED.findall(reset[1]):
            if user := standing.named(username):
                standing.approved.pop(_key(user), None)
                yield _dismissed(telling, user, at, f"{note.id}/{_key(user)}", account(note.author), plain(note.body, 200), at)


def _unnoted(telling: Telling, standing: _Standing, rows: Mapping[str, Approval]) -> Iterator[Event]:
    """Rows that no note told of. Dated by the server, or (once it is closed, when no note can be on its way) by us."""
    for key, row in rows.items():
        given, noted = when(row.approved_at), standing.given.get(key)
        if row.user is None or (noted and (given is None or given - noted <= SAME)):
            continue
        if given:
            yield _review(telling, row.user, "APPROVED", given, f"approved_at/{row.approved_at}", dated_by="approved_at")
        elif telling.request.state in ("merged", "closed"):
            yield _review(
                telling,
                row.user,
                "APPROVED",
                telling.origin.observed_at,
                "undated",
                dated_by="observation",
                how=How.INFERRED,
                because="GitLab says that it is approved, but not when",
            )


def _gone(telling: Telling, standing: _Standing, rows: Mapping[str, Approval]) -> Iterator[Event]:
    """Approved by a note, and no row any more: reset without a note (before 16.9), or withdrawn otherwise."""
    for key, (who, given) in standing.approved.items():
        if key in rows:
            continue
        later = next((head for head in telling.heads if head.at > given), None)
        at = later.at if later else telling.origin.observed_at
        because = (
            "approved_by no longer names them; the next push is the latest it can have been kept until"
            if later
            else "approved_by no longer names them, and nothing says when that came about"
        )
        event = _dismissed(telling, who, at, f"gone/{given.isoformat()}", None, because, at if later else None)
        yield event


def _key(user: User | None) -> str:
    number = whole(user.id) if user else None
    return str(number) if number is not None else (user.username.lower() if user else "")


def _review(
    telling: Telling, who: User, state: str, at: datetime, more: str, *, dated_by: str, how: How = How.OBSERVED, because: str = ""
) -> Event:
    covered = telling.head_at(at) if dated_by != "observation" else None
    derived = f"version {covered.id} was the newest then" if covered else "which version was the newest then is not known"
    facts = {
        "number": telling.number,
        "commit": covered.sha if covered else None,
        "commit_derived": True,
        "head_oid": telling.facts["head_oid"],
        "association": None,
        "dated_by": dated_by,
        "because": because or f"GitLab does not say which commit was approved: {derived}",
    }
    commits = (covered.sha,) if covered else ()
    return _event(telling, who, state, at, more, account(who), facts, how, commits)


def _dismissed(
    telling: Telling, who: User, at: datetime, more: str, by: Actor | None, message: str, pushed: datetime | None = None
) -> Event:
    """`by` None: not told, so it is inferred. `pushed`: when the push came that made it stale."""
    head = telling.head_at(pushed) if pushed else None
    facts = {
        "number": telling.number,
        "commit": None,
        "head_oid": telling.facts["head_oid"],
        "association": None,
        "dismissed_by": as_facts(by) if by else None,
        "previous_state": "APPROVED",
        "stale_by": head.sha if head else None,
        "message": message,
    }
    how = How.INFERRED if by is None else How.OBSERVED
    return _event(telling, who, "DISMISSED", at, more, account(who), facts, how, ())


def _event(
    telling: Telling,
    who: User,
    state: str,
    at: datetime,
    more: str,
    actor: Actor,
    facts: dict[str, Any],
    how: How,
    commits: tuple[str, ...],
) -> Event:
    ref = Ref("review", f"{telling.id}/{_key(who)}", f"{telling.name} review", telling.url)
    return telling.event("review", ref, Step.REVIEWED, state, at, more, actor=actor, how=how, facts=facts, commits=commits)
