"""A workspace: what its plans name as changed outside of Terraform, what its health assessments count, and when neither tells.

A look is a plan (it names what differs), or an assessment that found nothing. Runs that were applied end what differed before.
Looks are taken in the order of their times: one that is told after a later look (a backfill) tells of no episode any more.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from app.domain.actor import unknown
from app.domain.drift import Blindness, Ended, Episode, FieldChange, Layer
from app.domain.event import Entry
from app.drift import reading
from app.drift.carried import OPERATIONS, Carried
from app.drift.causes import decide
from app.drift.causes_terraform import TERRAFORM, Found
from app.drift.kept import iso, moment
from app.drift.spots import close_spots, open_spot

JSON = dict[str, Any]
COUNTED = ""  # the object of an assessment's episode: the workspace
WHO = "Terraform names no one who changed a resource outside of it; the provider's own audit log knows"
SWITCHED_OFF = "health assessments of the workspace are switched off"
OVER = ("applied", "discarded", "errored", "canceled", "force_canceled")
STOPPED = OVER[1:]


def run(now: Carried, entry: Entry) -> None:
    """A run that was applied ends what was found before it; one that ended otherwise brought nothing."""
    event, facts = entry.event, entry.event.facts
    if event.status not in (*OVER, "applying"):
        return
    ident = event.keys.run or event.ref.id
    record = next((dict(one) for one in now.operations if one["id"] == ident), {"id": ident, "applying": False})
    merged = reading.flag(facts, "on_default_branch") is not False and reading.flag(facts, "speculative") is not True
    whole = reading.text(facts, "run_kind") not in ("plan_only", "refresh_only")
    record |= {"kind": reading.text(facts, "run_kind"), "merged": merged and whole, "seq": entry.seq}
    record["applying"] = record["applying"] or event.status in ("applying", "applied")
    if event.status in OVER:
        record |= {"phase": event.status, "end": iso(event.occurred_at)}
    rest = [one for one in now.operations if one["id"] != ident]
    now.operations = sorted([*rest, record], key=lambda one: (one.get("end") or "~", one["id"]))[-OPERATIONS:]
    if event.status == "applied":
        for object_, episode in list(now.open.items()):
            if object_ != COUNTED and episode.onset_before <= event.occurred_at:
                _closed_by(now, entry, object_, episode, record)
    counted = now.open.get(COUNTED)
    if counted and (weighed := _weighed(now, counted)) != counted:
        now.put(COUNTED, weighed, entry.seq)


def plan(now: Carried, entry: Entry) -> None:
    """What a plan names as changed outside of Terraform, in as many parts as it takes."""
    event, facts = entry.event, entry.event.facts
    if event.status != "listed":
        return
    ident, part, parts = event.ref.id.rpartition("/")[0], reading.integer(facts, "part"), reading.integer(facts, "parts", 1)
    begun = now.part if now.part and now.part.get("plan") == ident else None
    listed = [_short(one) for one in reading.mappings(facts.get("drift")) if reading.text(one, "address")]
    first = min(part, 1) if begun is None else begun["first"]
    found = _merged([*(begun["objects"] if begun else []), *listed])
    many = (begun["many"] if begun else 0) + 1
    now.part = {"plan": ident, "first": first, "many": many, "objects": found} if many < parts else None
    if many >= parts:
        _looked(now, entry, {one["address"]: one for one in found})


def _short(one: Mapping[str, Any]) -> JSON:
    words = {name: reading.words(one.get(name)) for name in ("actions", "attributes", "redacted")}
    return {"address": reading.text(one, "address"), "type": reading.text(one, "type"), **words}


def _merged(found: Sequence[JSON]) -> list[JSON]:
    """Pieces of one resource together."""
    out: dict[str, JSON] = {}
    for one in found:
        held = out.setdefault(one["address"], dict(one))
        if held is not one:
            held["attributes"] = list(dict.fromkeys([*held["attributes"], *one["attributes"]]))
    return list(out.values())


def _looked(now: Carried, entry: Entry, found: Mapping[str, JSON]) -> None:
    at = entry.event.occurred_at
    if now.looks and at <= now.looks[-1]:
        return  # told late
    before = now.looks[-1] if now.looks else None
    for object_, episode in list(now.open.items()):
        if object_ != COUNTED and object_ not in found:
            _not_found(now, entry, object_, episode, at, f"a plan of {entry.event.keys.run or 'a run'} found it as the state says")
    for address, one in found.items():
        _named(now, entry, address, one, before)
    now.looked(at)
    now.whole = not now.open
    if COUNTED in now.open:
        now.seen[COUNTED] = {"undrifted": not found}
        now.put(COUNTED, _weighed(now, now.open[COUNTED]), entry.seq)


def _named(now: Carried, entry: Entry, address: str, one: JSON, before: datetime | None) -> None:
    at = entry.event.occurred_at
    changes = tuple(FieldChange(name, None, None, told=False) for name in [*one["attributes"], *one["redacted"]])
    episode = now.open.get(address)
    if episode is None:
        ends = [e.ended_at for e in now.closed.values() if e.name == address and e.ended_at and e.ended_at <= at]
        applied = [end for run_ in _applied(now) if (end := moment(run_["end"])) and end <= at]
        after = max([t for t in (before, *ends, *applied) if t], default=None)
        episode = Episode(
            key=f"{now.subject}/{address}/{iso(at)}", number=entry.seq, layer=Layer.TERRAFORM, source=now.source, kind=one["type"],
            name=address, onset_before=at, onset_after=after, person=unknown(WHO),
        )  # fmt: skip
    episode = replace(episode, changes=changes, looked_at=at)
    now.seen[address] = {"actions": one["actions"]}
    now.put(address, _weighed(now, episode), entry.seq)
    later = [one for one in _applied(now) if (one["end"] or "") >= (iso(at) or "")]
    if later:
        _closed_by(now, entry, address, now.open[address], later[0])


def assessment(now: Carried, entry: Entry) -> None:
    """A result: so many resources drifted, none, or that it could not be told."""
    event, facts = entry.event, entry.event.facts
    at = event.occurred_at
    if event.status not in ("drifted", "undrifted"):
        because = reading.text(facts, "because") or "the health assessment failed"
        why = Blindness.UNKNOWN if event.status == "failed" else Blindness.SKIPPED
        open_spot(now, entry, event.ref.id, why, because, at, reading.time(facts, "unknown_since"))
        return
    close_spots(now, entry, at, *[ref for ref, spot in now.spots.items() if spot.why is not Blindness.UNREAD])
    if event.status == "undrifted":
        for object_, episode in list(now.open.items()):
            _not_found(now, entry, object_, episode, at, "a health assessment found no drift")
        if not now.looks or at > now.looks[-1]:
            now.looked(at)
        now.whole = True
        return
    episode = now.open.get(COUNTED) or Episode(
        key=f"{now.subject}//{iso(at)}", number=entry.seq, layer=Layer.TERRAFORM, source=now.source, onset_before=at,
        onset_after=reading.time(facts, "onset_after"), person=unknown(WHO), told_by=entry.seq,
    )  # fmt: skip
    now.whole = False
    count = max(1, reading.integer(facts, "drifted", 1))
    now.put(COUNTED, _weighed(now, replace(episode, size=count, looked_at=at)), entry.seq)


def _not_found(now: Carried, entry: Entry, object_: str, episode: Episode, at: datetime, because: str) -> None:
    """It is as declared again: by a run in between, else by hand."""
    at, last = max(at, episode.onset_before), episode.looked_at or episode.onset_before
    ran = [one for one in _applied(now) if (iso(last) or "") <= (one["end"] or "") <= (iso(at) or "")]
    episode = replace(episode, ended_after=min(last, at), ended_at=at)
    if ran:
        _closed_by(now, entry, object_, episode, ran[0])
        return
    why = f"{because}, and no run was applied in between"
    now.close(object_, replace(episode, ended_by=Ended.BY_HAND, ended_because=why), entry.seq)


def _applied(now: Carried) -> list[JSON]:
    return [one for one in now.operations if one.get("phase") == "applied"]


def _closed_by(now: Carried, entry: Entry, object_: str, episode: Episode, record: JSON) -> None:
    end = max(moment(record["end"]) or episode.onset_before, episode.onset_before)
    words = "took what is live into the state" if record["kind"] == "refresh_only" else "was applied"
    over = replace(
        episode, ended_by=Ended.RUN, ended_at=end, ended_after=min(episode.looked_at or episode.onset_before, end),
        ended_operation=f"run:{now.source}:{record['id']}", ended_because=f"{record['id']} {words}", ended_told_by=record["seq"],
    )  # fmt: skip
    now.close(object_, over, entry.seq)
    now.whole = not now.open


def _weighed(now: Carried, episode: Episode) -> Episode:
    known = now.seen.get(episode.name, {})
    last = max((one["end"] for one in _applied(now)), default="")
    since = [one for one in now.operations if one.get("phase") in STOPPED and (one["end"] or "") > last]
    found = decide(
        Found(
            named=bool(episode.name),
            actions=known.get("actions", ()),
            attributes=[one.path for one in episode.changes or ()],
            unapplied=next((one["id"] for one in reversed(since) if one["merged"] and not one["applying"]), None),
            undrifted=known.get("undrifted") is True,
            failed=next((one["id"] for one in reversed(since) if one["applying"]), None),
        ),
        TERRAFORM,
        "an assessment tells how many resources drifted, neither which nor why",
    )
    return replace(episode, cause=found.cause, because=found.because, ruled_out=found.ruled_out, possible=found.possible)


def settings(now: Carried, entry: Entry) -> None:
    """Assessments that are switched off tell nothing; a workspace that is gone has no drift any more."""
    event, facts = entry.event, entry.event.facts
    at = event.occurred_at
    if event.status == "deleted":
        _removed(now, entry)
        return
    if event.status == "unavailable":
        open_spot(now, entry, "unavailable", Blindness.UNREAD, "the workspace cannot be read any more", at)
    elif event.status == "returned":
        close_spots(now, entry, at, "unavailable")
    held = facts.get("settings")
    on = held.get("assessments_enabled") if isinstance(held, Mapping) else None
    changed = facts.get("changed")
    pair = changed.get("assessments_enabled") if isinstance(changed, Mapping) else None
    on = pair[1] if isinstance(pair, list | tuple) and len(pair) == 2 else on
    if on is False:
        after = reading.time(facts, "observed_after")
        open_spot(now, entry, "assessments", Blindness.SKIPPED, SWITCHED_OFF, at, after)


def _removed(now: Carried, entry: Entry) -> None:
    at = entry.event.occurred_at
    now.over = True
    for object_, episode in list(now.open.items()):
        end = max(at, episode.onset_before)
        last = min(end, episode.looked_at or episode.onset_before)
        over = replace(episode, ended_at=end, ended_after=last, ended_by=Ended.REMOVED, ended_because="the workspace was removed")
        now.close(object_, over, entry.seq)
    close_spots(now, entry, at, *list(now.spots))
