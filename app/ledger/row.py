"""The row beside a leaf: what lists and searches select by. It is written from the event and verified against the leaf."""

import hashlib
from datetime import datetime
from typing import Any

from app.domain.event import Event, entity_of

COLUMNS = (
    *(
        "id",
        "source",
        "kind",
        "type",
        "step",
        "status",
        "known",
        "how",
        "subject_type",
        "subject_id",
        "subject_name",
        "subject_url",
    ),
    *("actor_name", "actor_id", "actor_kind", "occurred_at", "observed_at", "recorded_at", "entity", "repository", "pull_request"),
    *("workspace", "run", "application", "commits", "observation"),
)
_LONGEST = 600  # characters; at 4 bytes each still within what an index entry of Postgres may hold


def column_text(text: str | None) -> str | None:
    """`text` as a column holds it: NUL shown as U+FFFD, anything very long as its beginning and its SHA-256."""
    if text is None:
        return None
    if len(text) > _LONGEST:
        text = f"{text[:500]}… sha256:{hashlib.sha256(text.encode()).hexdigest()}"
    return text.replace("\x00", "\ufffd") if "\x00" in text else text


def row_of(event: Event, recorded_at: datetime) -> tuple[Any, ...]:
    """The values of COLUMNS, in their order."""
    ref, actor, keys = event.ref, event.actor, event.keys
    t = column_text
    who = (t(actor.name), t(actor.id), actor.kind._value_) if actor else (None, None, None)
    return (
        event.id,
        t(event.source),
        t(event.kind),
        t(event.type),
        event.step._value_,
        t(event.status),
        event.known,
        event.how._value_,
        t(ref.type),
        t(ref.id),
        t(ref.name),
        t(ref.url),
        *who,
        event.occurred_at,
        event.observed_at,
        recorded_at,
        t(entity_of(event)),
        t(keys.repository),
        keys.pull_request,
        t(keys.workspace),
        t(keys.run),
        t(keys.application),
        [t(commit) for commit in keys.commits] or None,
        bytes.fromhex(event.observation[7:]) if event.observation else None,
    )
