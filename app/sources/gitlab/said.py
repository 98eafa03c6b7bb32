"""What system notes tell of the merge request itself: auto-merge, the merge train, draft, another target branch."""

from collections.abc import Iterator, Sequence
from typing import Any

from app.canonical import plain
from app.domain.event import Event, How, Step
from app.sources.gitlab.people import account
from app.sources.gitlab.telling import Telling
from app.sources.gitlab.terms import RETARGETED, SAID
from app.sources.gitlab.wire import MergeRequest, Note, when
from app.sources.people import as_facts


def word(note: Note) -> str | None:
    """Which of ours it is; None for a note that says something else."""
    return next((status for status, pattern in SAID if pattern.match(note.body)), None)


def said(telling: Telling) -> Iterator[Event]:
    for note in telling.notes:
        status, at = word(note), when(note.created_at)
        if status and at:
            facts: dict[str, Any] = {}
            if moved := RETARGETED.match(note.body):
                facts = {"before": plain(moved[1], 300), "after": plain(moved[2], 300)}
            if status == "removed_from_merge_queue":
                facts = {"reason": plain(note.body, 300)}
            yield telling.told(Step.NOTED, status, at, str(note.id), actor=account(note.author), how=How.RECONSTRUCTED, facts=facts)


def auto_merge(request: MergeRequest, notes: Sequence[Note]) -> dict[str, Any] | None:
    """Who asked for the merge to happen by itself, where that stood to the last; None when nobody had."""
    last: Note | None = None
    for note in notes:
        status = word(note)
        last = note if status == "auto_merge_enabled" else None if status == "auto_merge_disabled" else last
    if last:
        return as_facts(account(last.author))
    if not request.merge_when_pipeline_succeeds:
        return None
    by = request.merge_user if request.state != "merged" else None  # of a merged one it is who merged
    return as_facts(account(by, "GitLab does not say who set it to merge automatically"))
