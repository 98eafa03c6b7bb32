"""Operations as far as drift needs them: which ones ran, what they touched, and what they ended."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from app.domain.drift import Ended, Episode
from app.domain.event import Entry
from app.drift import reading
from app.drift.carried import Carried
from app.drift.kept import iso, moment

JSON = dict[str, Any]
SLACK = timedelta(seconds=2)  # Argo CD's times have whole seconds
SUCCEEDED, FAILED, RUNNING, UNSEEN = "Succeeded", ("Failed", "Error"), ("Running", "Terminating"), "Unseen"
PARTIAL = ("self-heal", "selective")
ENDED = {
    "self-heal": Ended.SELF_HEAL,
    "automated": Ended.AUTOMATED_SYNC,
    "manual": Ended.MANUAL_SYNC,
    "selective": Ended.MANUAL_SYNC,
    "prune": Ended.MANUAL_SYNC,
    "rollback": Ended.ROLLBACK,
}
GUESSED = (Ended.BY_HAND, Ended.GIT_CHANGE, Ended.UNKNOWN)  # ends that an operation told later explains better
SAME = re.compile(r"\S+ unchanged(?:$|\.\s)")
UNASKED = "Argo CD and a Kubernetes object name programs, never a person; the cluster's audit log knows who it was"


def operation(now: Carried, entry: Entry) -> JSON | None:
    """One status of an operation, or its entry of the history: what is known of it, if it was not over before."""
    event, facts = entry.event, entry.event.facts
    ident = event.keys.operation or event.ref.id
    if reading.text(facts, "operation_kind") == "dry-run" or event.status == "attributed":
        return None
    record = _record(now, ident) or {"id": ident, "phase": "", "healed": False}
    phase = SUCCEEDED if event.type == "history" else event.status
    if record["phase"] in (SUCCEEDED, *FAILED):
        return None  # an end is never taken back
    record |= {
        "phase": phase,
        "kind": reading.text(facts, "operation_kind"),
        "seq": entry.seq,
        "message": reading.text(facts, "message"),
    }
    start = reading.time(facts, "started_at") or moment(ident.rpartition("/")[2]) or event.occurred_at
    end = (reading.time(facts, "finished_at") or event.occurred_at) if phase not in RUNNING else None
    record |= {"start": iso(start), "end": iso(end), "revisions": reading.revisions(facts)}
    touched = reading.mappings(facts.get("resources"))
    record["partial"] = record["kind"] in PARTIAL or reading.flag(facts, "partial") is True
    record["touched"] = sorted({reading.object_of(one) for one in touched}) if record["partial"] else []
    record["same"] = sorted({reading.object_of(one) for one in touched if _same(one)}) if record["partial"] else []
    record["failed"] = sorted({reading.object_of(one) for one in touched if reading.text(one, "status") == "SyncFailed"})
    now.operations = [*(one for one in now.operations if one["id"] != ident), record]
    if phase in (SUCCEEDED, UNSEEN):
        _amend_ends(now, record, entry)
    return record


def results(now: Carried, entry: Entry) -> JSON | None:
    """Further objects of an operation whose own event could not hold them all; those of a failed attempt are not of its end."""
    facts = entry.event.facts
    record = _record(now, entry.event.keys.operation or entry.event.ref.id)
    if record is None or facts.get("attempt") is not None:
        return None
    listed = reading.mappings(facts.get("resources"))
    failed = {reading.object_of(one) for one in listed if reading.text(one, "status") == "SyncFailed"}
    record["failed"] = sorted({*record["failed"], *failed})
    if record["partial"]:
        record["touched"] = sorted({*record["touched"], *map(reading.object_of, listed)})
        record["same"] = sorted({*record["same"], *(reading.object_of(one) for one in listed if _same(one))})
    record["healed"] = False  # what this part names may have been healed too
    now.operations = [record if one["id"] == record["id"] else one for one in now.operations]
    if record["phase"] in (SUCCEEDED, UNSEEN):
        _amend_ends(now, record, entry)
    return record


def _same(one: reading.Facts) -> bool:
    """Client-side apply found the object as it is declared: `deployment.apps/api unchanged`, kubectl's words. A warning may follow
    them after a full stop. Server-side apply says `serverside-applied` of every object, so it tells nothing of this."""
    return SAME.match(reading.text(one, "message")) is not None


def _record(now: Carried, ident: str) -> JSON | None:
    return next((dict(one) for one in now.operations if one["id"] == ident), None)


def touches(record: JSON, object_: str) -> bool:
    """It may have applied the object: a partial one of which only the announcement is known names none."""
    return not record["partial"] or not record["touched"] or object_ in record["touched"]


def _amend_ends(now: Carried, record: JSON, entry: Entry) -> None:
    """An operation told after what it did was seen: it was this that ended them."""
    for one in list(now.closed.values()):
        if one.ended_by in GUESSED and touches(record, name_of(one)) and _ran_between(record, one.ended_after, one.ended_at):
            now.amend(ended(now, one, record), entry.seq)


def name_of(episode: Episode) -> str:
    return f"{episode.group}/{episode.kind}/{episode.namespace}/{episode.name}"


def key_of(now: Carried, record: JSON) -> str:
    return f"operation:{now.source}:{record['id']}"


def _ran_between(record: JSON, after: datetime | None, at: datetime | None) -> bool:
    """It ended after the object was last seen to differ, and had begun when it was seen to be equal."""
    start, end = moment(record["start"]), moment(record["end"])
    return bool(start and at and start <= at + SLACK and (end is None or after is None or end >= after - SLACK))


def enders(now: Carried, object_: str, after: datetime | None, at: datetime) -> Iterator[JSON]:
    """Operations that may have made it equal between the two looks, oldest first."""
    for record in sorted(now.operations, key=lambda one: (one["start"] or "", one["id"])):
        good = record["phase"] in (SUCCEEDED, UNSEEN, *RUNNING)
        if good and touches(record, object_) and _ran_between(record, after, at):
            yield record


def ended(now: Carried, episode: Episode, record: JSON) -> Episode:
    """The episode with that operation as its end."""
    by = ENDED.get(record["kind"], Ended.OTHER_SYNC)
    end = moment(record["end"])
    seen = episode.ended_at or end or episode.onset_before
    at = min(end, seen) if end and record["phase"] == SUCCEEDED else seen
    at = max(at, episode.onset_before)
    unseen = "" if record["phase"] == SUCCEEDED else ", of which no end was seen"
    newer = bool(record["revisions"]) and list(episode.revisions) != record["revisions"]
    what = {
        Ended.SELF_HEAL: "a self-heal named it",
        Ended.AUTOMATED_SYNC: "an automated sync applied it" + (", as a by-product of a newer commit" if newer else ""),
        Ended.ROLLBACK: "a rollback applied it",
    }.get(by, f"a {record['kind'] or 'sync'} operation applied it")
    return replace(
        episode, ended_by=by, ended_at=at, ended_after=min(episode.ended_after or at, at), ended_operation=key_of(now, record),
        ended_because=what + unseen, ended_told_by=record["seq"],
    )  # fmt: skip
