"""A merge request as GitLab tells it → events, in the words that GitHub's pull requests have. Pure and total.

The input is what is kept of one merge request (`reading.read`): the request itself, approvals, commits, versions, system notes,
state events, status checks, the pushers of its heads, and the project's settings.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from app.canonical import digest, fit, plain
from app.domain.actor import Actor, unknown
from app.domain.event import Event, How, Step
from app.domain.mentions import picks, reverts
from app.domain.ref import Ref
from app.errors import NotUnderstood
from app.sources.gitlab.checks import checks
from app.sources.gitlab.landing import landing
from app.sources.gitlab.people import account, author, author_of, authors, committer
from app.sources.gitlab.pushers import head_pushes
from app.sources.gitlab.reviews import reviews
from app.sources.gitlab.said import auto_merge, said
from app.sources.gitlab.telling import Origin, Telling, heads
from app.sources.gitlab.terms import STATES, TURNS
from app.sources.gitlab.wire import (
    Commit,
    MergeRequest,
    Note,
    Project,
    needed_id,
    read,
    rows,
    sha,
    shown,
    stamp,
    when,
    whole,
)
from app.sources.people import as_facts
from app.sources.telling import Normalised, Unknown


def normalise(kept: Mapping[str, Any], origin: Origin) -> Normalised:
    """Every event that it tells, oldest first.

    Raises NotUnderstood only without an id, an iid, created_at, or a time of merging of a merged one.
    """
    request, project = read(MergeRequest, kept.get("merge_request")), read(Project, kept.get("project"))
    identity = str(needed_id(request.id, f"a merge request of {origin.repository}"))
    iid = needed_id(request.iid, f"the merge request {identity} of {origin.repository}")
    new: Unknown = []
    notes = sorted(
        (note for note in rows(Note, kept.get("notes")) if note.system and when(note.created_at)),
        key=lambda note: (str(stamp(when(note.created_at))), note.id or 0),
    )
    facts = _facts(request, kept, project, notes, origin, new)
    versions, url = heads(kept, new), shown(request.web_url, 2000)
    telling = Telling(
        origin, identity, iid, url, facts, new, whole=kept, request=request, project=project, heads=versions, notes=notes
    )
    found = [*_life(telling), *said(telling), *head_pushes(telling), *reviews(telling), *_commits(telling), *checks(telling)]
    once = {event.id: event for event in reversed(found)}
    ordered = sorted(once.values(), key=lambda event: (event.occurred_at, str(event.id)))
    return Normalised(tuple(ordered), tuple(dict.fromkeys(new)))


def _facts(
    request: MergeRequest, kept: Mapping[str, Any], project: Project, notes: list[Note], origin: Origin, new: Unknown
) -> dict[str, Any]:
    landed = landing(request, project, notes)
    listed = {sha(commit.id) for commit in rows(Commit, kept.get("commits"))}
    crossing = None
    if request.source_project_id is not None and request.target_project_id is not None:
        crossing = request.source_project_id != request.target_project_id
    for key in ("merged_at", "closed_at"):
        if (told := getattr(request, key)) and when(told) is None:
            new.append((f"merge-request.{key}", plain(told, 64)))
    return {
        "number": whole(request.iid),
        "title": plain(request.title),
        "base": plain(request.target_branch, 300),
        "head": plain(request.source_branch, 300),
        "base_oid": sha(_text((request.diff_refs or {}).get("base_sha"))),
        "head_oid": sha(request.sha),
        "head_repository": origin.repository if crossing is False else None,  # of another project only the number is told
        "cross_repository": crossing,
        "state": STATES.get(request.state, plain(request.state, 100)),
        "draft": request.draft,
        "author": as_facts(account(request.author)),
        "reviewers": [as_facts(account(user)) for user in request.reviewers or ()],
        "labels": [plain(label, 100) for label in request.labels or ()],
        **_described(kept.get("described")),
        "created_at": stamp(when(request.created_at)),
        "merged_at": stamp(when(request.merged_at)),
        "closed_at": stamp(when(request.closed_at)),
        "merge_commit": landed.commit,
        "merge_method": landed.method,
        "landed_because": landed.because or None,
        "merge_commit_sha": sha(request.merge_commit_sha),
        "squash_commit_sha": sha(request.squash_commit_sha),
        "auto_merge_by": auto_merge(request, notes),
        "commits_total": len(listed),
        "commits_complete": sha(request.sha) in listed,
    }


def described(text: str, repository: str) -> dict[str, Any]:
    """What is kept of a description: its digest, and what it says it reverts."""
    return {"reverts": reverts(text, repository), "body_digest": digest(text.encode("utf-8", "surrogatepass"))}


def _described(kept: Any) -> dict[str, Any]:
    """As `described` made it; of anything else what it makes of no description."""
    told = kept if isinstance(kept, Mapping) else {}
    named, mark = told.get("reverts"), told.get("body_digest")
    listed = [plain(one, 300) for one in named if isinstance(one, str)] if isinstance(named, list) else []
    return {"reverts": listed, "body_digest": plain(mark, 100) if isinstance(mark, str) else described("", "")["body_digest"]}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _opened(telling: Telling) -> datetime:
    opened = when(telling.request.created_at)
    if opened is None:
        raise NotUnderstood(f"{telling.name} has no time", "created_at as ISO 8601")
    return opened


def _life(telling: Telling) -> Iterator[Event]:
    request, state = telling.request, telling.request.state
    opened = _opened(telling)
    yield telling.told(Step.PROPOSED, "open", opened, actor=account(request.author), commits=(_first_head(telling),))
    yield from _turns(telling)
    if state == "merged":
        yield _merged(telling)
    elif state not in STATES:
        telling.new.append(("merge-request.state", plain(state, 100)))
        at = when(request.updated_at) or opened
        actor = unknown("the state is new to us")
        yield telling.told(Step.NOTED, plain(state, 100) or "(no state)", at, actor=actor, known=False)


def _first_head(telling: Telling) -> str | None:
    return telling.heads[0].sha if telling.heads else sha(telling.request.sha)


def _merged(telling: Telling) -> Event:
    request = telling.request
    last = next(((turn, at) for turn, at in reversed(telling.turns()) if turn.state == "merged"), None)
    at = when(request.merged_at) or (last[1] if last else None)
    if at is None:
        raise NotUnderstood(f"{telling.name}, which is merged, does not say when", "merged_at as ISO 8601")
    by = request.merge_user or request.merged_by or (last[0].user if last else None)
    commits = (telling.facts["merge_commit"], telling.facts["squash_commit_sha"])
    return telling.told(Step.MERGED, "merged", at, actor=account(by, "GitLab does not say who merged it"), commits=commits)


def _turns(telling: Telling) -> Iterator[Event]:
    """Closed and reopened, as the state events have it; a closing that they do not have, as the request itself does."""
    turns, request = telling.turns(), telling.request
    for turn, at in turns:
        if turn.state not in TURNS:
            telling.new.append(("state-event.state", plain(turn.state, 100)))
        elif turn.state != "merged":
            now = (turn, at) == turns[-1] and request.state == "closed"
            yield _turn(telling, turn.state == "closed", at, account(turn.user), How.OBSERVED if now else How.RECONSTRUCTED)
    closed = when(request.closed_at)
    if request.state == "closed" and closed and not any(turn.state == "closed" for turn, _ in turns):
        yield _turn(telling, True, closed, account(request.closed_by, "GitLab does not say who closed it"), How.OBSERVED)


def _turn(telling: Telling, closing: bool, at: datetime, actor: Actor, how: How) -> Event:
    step, status = (Step.CLOSED, "closed") if closing else (Step.PROPOSED, "reopened")
    return telling.told(step, status, at, at.isoformat(), actor=actor, how=how, facts={"state": "closed" if closing else "open"})


def _commits(telling: Telling) -> Iterator[Event]:
    opened = _opened(telling)
    for commit in telling.commits():
        oid = sha(commit.id)
        if oid is None:
            telling.new.append(("commit.id", plain(commit.id, 100)))
            continue
        people, message = authors(commit), commit.message or commit.title
        facts = {
            "number": telling.number,
            "sha": oid,
            "headline": plain(message.partition("\n")[0], 300),
            "reverts": reverts(message, telling.origin.repository),
            "picks": picks(message),
            "author": author(commit),
            "committer": committer(commit),
            "authors": people,
            "authored_at": stamp(when(commit.authored_date)),
            "parents": len(commit.parent_ids) if commit.parent_ids else None,
            "signed": None,
        }
        for key in ("authored_date", "committed_date"):
            if (told := getattr(commit, key)) and when(told) is None:
                telling.new.append((f"commit.{key}", plain(told, 64)))
        ref = Ref("commit", oid, f"{telling.origin.repository}@{oid[:7]}", shown(None))
        at = when(commit.committed_date) or when(commit.authored_date) or opened
        yield telling.event(
            "commit", ref, Step.PUSHED, "committed", at, telling.id, actor=author_of(people), facts=fit(facts), commits=(oid,)
        )
