"""The JSON of one event, as the API, the JSONL export and the evidence bundle give it. No field is ever left out."""

from typing import Any
from uuid import UUID

import orjson

from app.changes.rows import EventRow
from app.changes.told import iso


def event_item(row: EventRow, change: UUID | None, leaf: bytes | None) -> dict[str, Any]:
    """`leaf` is the canonical leaf, from which `facts` come; null facts mean that the ledger no longer holds it."""
    known = row.actor_name or row.actor_id
    return {
        "id": str(row.id),
        "seq": row.seq,
        "source": row.source,
        "kind": row.kind,
        "type": row.type,
        "step": row.step,
        "status": row.status,
        "known": row.known,
        "how": row.how,
        "subject": {"type": row.subject_type, "id": row.subject_id, "name": row.subject_name, "url": row.subject_url},
        "actor": {"name": row.actor_name or None, "person": None, "source": row.source, "id": row.actor_id} if known else None,
        "occurred_at": iso(row.occurred_at),
        "observed_at": iso(row.observed_at),
        "recorded_at": iso(row.recorded_at),
        "change": str(change) if change else None,
        "facts": orjson.loads(leaf)["facts"] if leaf else None,
        "leaf_hash": row.leaf_hash,
        "observation": row.observation,
    }
