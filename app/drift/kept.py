"""An episode as JSON and back: what the state carries from one event to the next, and what the projection keeps of it."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from app.domain.actor import Actor, ActorKind
from app.domain.drift import Cause, Ended, Episode, FieldChange, Layer, RuledOut, State, Writer

JSON = dict[str, Any]
TIMES = ("onset_before", "onset_after", "ended_after", "ended_at", "unknown_since", "looked_at")
WORDS: Mapping[str, Any] = {"layer": Layer, "state": State, "ended_by": Ended, "cause": Cause}


def iso(at: datetime | None) -> str | None:
    return at.astimezone(UTC).isoformat() if at else None


def moment(value: Any) -> datetime | None:
    """An ISO 8601 time with its zone, as UTC; None for anything else."""
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else None
        return at.astimezone(UTC) if at and at.tzinfo else None
    except (ValueError, OverflowError):
        return None


def kept(episode: Episode) -> JSON:
    """Plain JSON: times are ISO 8601 UTC texts, words their own texts, lists of what is in lists."""
    out: JSON = {name: getattr(episode, name) for name in Episode.__slots__}
    out |= {name: iso(out[name]) for name in TIMES}
    out |= {name: None if out[name] is None else str(out[name]) for name in WORDS}
    if episode.changes is not None:
        out["changes"] = [[one.path, one.live, one.declared, list(one.by), one.told] for one in episode.changes]
    out["writers"] = [[one.manager, one.operation, one.subresource, iso(one.at)] for one in episode.writers]
    for name in ("ruled_out", "possible"):
        out[name] = [[str(one.cause), one.because] for one in getattr(episode, name)]
    who = episode.person
    out["person"] = [who.name, str(who.kind), who.id, who.because] if who else None
    return out | {"revisions": list(episode.revisions), "seqs": list(episode.seqs)}


def restored(value: Mapping[str, Any]) -> Episode:
    """The episode that `kept` wrote."""
    out: JSON = {name: value[name] for name in Episode.__slots__ if name in value}
    out |= {name: moment(out.get(name)) for name in TIMES}
    out |= {name: None if out.get(name) is None else word(out[name]) for name, word in WORDS.items()}
    if out.get("changes") is not None:
        out["changes"] = tuple(FieldChange(path, live, said, tuple(by), told) for path, live, said, by, told in out["changes"])
    out["writers"] = tuple(Writer(name, act, part, moment(at)) for name, act, part, at in out["writers"])
    for name in ("ruled_out", "possible"):
        out[name] = tuple(RuledOut(Cause(cause), because) for cause, because in out[name])
    if out.get("person"):
        name, kind, id_, because = out["person"]
        out["person"] = Actor(name, ActorKind(kind), id_, because)
    return Episode(**out | {"revisions": tuple(out["revisions"]), "seqs": tuple(out["seqs"])})
