"""The JSON of one episode, as the API, the exports and the pages give it, for a given now. No field is ever left out."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from app.changes.drift.rows import BlindRow, EpisodeRow
from app.changes.told import iso, name_of
from app.domain.drift import RuledOut


def episode_item(row: EpisodeRow, now: datetime, blind: Sequence[BlindRow] = ()) -> dict[str, Any]:
    """Times are ISO 8601 UTC; what is not known is null. `blind`: the times in which nobody could tell, while it stood."""
    of = row.of
    return {
        "id": str(row.id),
        "number": of.number,
        "layer": str(of.layer),
        "source": of.source,
        "subject": {
            "application": of.application or None,
            "workspace": of.workspace or None,
            "group": of.group or None,
            "kind": of.kind or None,
            "name": of.name or None,
            "namespace": of.namespace or None,
        },
        "project": of.project,
        "destination": of.destination,
        "environment": row.environment,
        "class": row.cls,
        "state": str(of.state),
        "drift": of.is_drift,
        "size": of.size,
        "counted": of.counted,
        **_when(row, now),
        **_why(row),
        "looked_at": iso(of.looked_at),
        "revisions": list(of.revisions),
        "manifests": of.manifests,
        "auto_sync": of.auto_sync,
        "self_heal": of.self_heal,
        "blind_spots": [blind_item(one) for one in blind],
        "change": str(row.change.id) if row.change else None,
        "change_number": row.change.number if row.change else None,
        "ended_change": str(row.ended_change.id) if row.ended_change else None,
        "ended_change_number": row.ended_change.number if row.ended_change else None,
        "events": list(of.seqs),
    }


def _when(row: EpisodeRow, now: datetime) -> dict[str, Any]:
    """Both its ends, each between two looks, and how long that is."""
    of, stood = row.of, row.stood(now)
    return {
        "onset_after": iso(of.onset_after),
        "onset_before": iso(of.onset_before),
        "ended_after": iso(of.ended_after) if of.ended_at else None,
        "ended_at": iso(of.ended_at),
        "ended_by": str(of.ended_by) if of.ended_by else None,
        "ended_operation": of.ended_operation,
        "ended_because": of.ended_because or None,
        "unknown_since": iso(of.unknown_since),
        "unknown_because": of.unknown_because or None,
        "as_of": iso(now),
        "exposure_seconds": stood.seconds,
        "exposure_least_seconds": stood.least,
        "exposure_most_seconds": stood.most,
        "limit_seconds": row.limit.total_seconds() if row.limit is not None else None,
        "over_limit": stood.over,
    }


def _why(row: EpisodeRow) -> dict[str, Any]:
    of = row.of
    return {
        "cause": str(of.cause),
        "because": of.because or None,
        "ruled_out": [_cause(one) for one in of.ruled_out],
        "possible": [_cause(one) for one in of.possible],
        "manager": of.writers[0].manager if of.writers else None,
        "managers": [
            {"manager": one.manager, "operation": one.operation or None, "subresource": one.subresource, "at": iso(one.at)}
            for one in of.writers
        ],
        "person": name_of(of.person),
        "person_because": (of.person.because if of.person else "") or None,
        "changes": _changes(row),
    }


def _changes(row: EpisodeRow) -> list[dict[str, Any]] | None:
    """Null where the content was never seen."""
    if row.of.changes is None:
        return None
    return [
        {"path": one.path, "live": one.live, "declared": one.declared, "values_told": one.told, "managers": list(one.by)}
        for one in row.of.changes
    ]


def _cause(one: RuledOut) -> dict[str, str]:
    return {"cause": str(one.cause), "because": one.because}


def blind_item(row: BlindRow) -> dict[str, Any]:
    return {
        "id": str(row.id),
        "number": row.number,
        "layer": str(row.layer),
        "source": row.source,
        "application": row.application or None,
        "workspace": row.workspace or None,
        "environment": row.environment,
        "class": row.cls,
        "why": str(row.why),
        "because": row.because,
        "since_after": iso(row.since_after),
        "since_before": iso(row.since_before),
        "ended_at": iso(row.ended_at),
    }
