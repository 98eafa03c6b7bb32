"""A workspace: what its plans name as changed outside of Terraform, what its health assessments count, and when neither tells.

A look is a plan (it names what differs), or an assessment that found nothing. Runs that were applied end what differed before.
Looks are taken in the order of their times: one that is told after a later look tells of no episode any more, and only narrows
since when what is open differs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from app.domain.actor import unknown
from app.domain.drift import Blindness, BlindSpot, Ended, Episode, FieldChange, Layer
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
GOING = 4  # runs that did not end yet
UNDONE = ("planned_and_finished", "policy_soft_failed", "assessed", "unavailable")  # over, and was never to be applied; or gone
AWAITED = "health assessments were switched on, and none was made since"
OUTSIDE = (
    "no run that was read was applied in between: it was put back outside of Terraform, or a state that no run made took it in"
)


def run(now: Carried, entry: Entry) -> None:
    """A run that was applied ends what its plan found; one that ended otherwise, or waits, brought nothing."""
    event, facts = entry.event, entry.event.facts
    ident = event.keys.run or event.ref.id
    known = next((dict(one) for one in now.operations if one["id"] == ident), None)
    record = known or {"id": ident, "applying": False, "planned": None}
    if event.status == "planned":
        record["planned"] = iso(event.occurred_at)
    default = reading.flag(facts, "on_default_branch")
    merged = (default or (default is None and bool(event.keys.commits))) and reading.flag(facts, "speculative") is not True
    kind = reading.text(facts, "run_kind")
    record |= {"kind": kind, "merged": merged and kind not in ("plan_only", "refresh_only"), "seq": entry.seq}
    record["created"] = facts.get("created_at") if reading.time(facts, "created_at") else record.get("created")
    if event.status in STOPPED:
        _pauses(now, entry, ident)
    if event.status in UNDONE or (event.status not in (*OVER, "applying") and not record["merged"]):
        if known and not known.get("phase"):
            now.operations = [one for one in now.operations if one["id"] != ident]
        return
    record["applying"] = record["applying"] or event.status in ("applying", "applied")
    if event.status in OVER:
        record |= {"phase": event.status, "end": iso(event.occurred_at)}
    now.operations = _kept([*(one for one in now.operations if one["id"] != ident), record])
    if event.status == "applied":
        _applied_now(now, entry, record)
    elif event.status == "errored" and record["applying"]:
        _amend_ends(now, entry, record)
    counted = now.open.get(COUNTED)
    if counted and (weighed := _weighed(now, counted)) != counted:
        now.put(COUNTED, weighed, entry.seq)


def _pauses(now: Carried, entry: Entry, ident: str) -> None:
    """A run of any kind, plan-only ones too, that did not end well stops assessments; a workspace's current run may not tell of it.

    https://developer.hashicorp.com/terraform/enterprise/workspaces/health
    """
    assessed, at = moment(now.assessed), entry.event.occurred_at
    if assessed and assessed < at:
        because = f"{ident} is {entry.event.status}; health assessments pause until a run ends well"
        open_spot(now, entry, f"paused/{ident}", Blindness.SKIPPED, because, at, _told_last(now, at, assessed))


def _kept(records: list[JSON]) -> list[JSON]:
    """The last that ended, then of those that did not the first ones, so that a queue of runs crowds nothing out."""
    ended = sorted((one for one in records if one.get("end")), key=lambda one: (one["end"], one["id"]))
    going = sorted(
        (one for one in records if not one.get("end")), key=lambda one: (not one["applying"], one["created"] or "", one["id"])
    )
    return [*ended[-(OPERATIONS - GOING) :], *going[:GOING]]


def _applied_now(now: Carried, entry: Entry, record: JSON) -> None:
    """It ends what its own plan, or one before it, named; what was found after its plan it did not know of."""
    for object_, episode in list(now.open.items()):
        if object_ != COUNTED and _knew(record, episode):
            _closed_by(now, entry, object_, episode, record)
    _amend_ends(now, entry, record)


def _knew(record: JSON, episode: Episode) -> bool:
    """The run was applied after the onset, and its plan, where its time is known, is not of before."""
    onset = iso(episode.onset_before) or ""
    return onset <= (record["end"] or "") and (record.get("planned") is None or onset <= record["planned"])


def _amend_ends(now: Carried, entry: Entry, record: JSON) -> None:
    """A run that is told after what it did was seen: it was this that ended them, or may have been where it failed."""
    for one in list(now.closed.values()):
        between = (iso(one.ended_after) or "") <= record["end"] <= (iso(one.ended_at) or "")
        if one.ended_by not in (Ended.BY_HAND, Ended.UNKNOWN) or not between:
            continue
        if record["phase"] == "applied":
            now.amend(_ended_by(now, one, record), entry.seq)
        elif one.ended_by is Ended.BY_HAND:
            now.amend(replace(one, ended_by=Ended.UNKNOWN, ended_because=_perhaps(record)), entry.seq)


def _perhaps(record: JSON) -> str:
    said = "ended in an error while it was applied" if record.get("phase") else "was being applied"
    return f"{record['id']} {said}: whether it put this back is not told"


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
        _looked_late(now, entry, at, found)
        return
    before = now.looks[-1] if now.looks else None
    for object_, episode in list(now.open.items()):
        if object_ != COUNTED and object_ not in found:
            _not_found(now, entry, object_, episode, at, f"a plan of {entry.event.keys.run or 'a run'} found it as the state says")
    for address, one in found.items():
        _named(now, entry, address, one, before)
    now.looked(at)
    now.whole = not now.open
    if COUNTED in now.open and at > now.open[COUNTED].onset_before:
        now.seen[COUNTED] = {"undrifted": not found}
        now.put(COUNTED, _weighed(now, now.open[COUNTED]), entry.seq)


def _looked_late(now: Carried, entry: Entry, at: datetime, found: Mapping[str, JSON]) -> None:
    """A plan that is told after a later look (runs are read newest first) begins no episode and ends none; it narrows an onset."""
    for object_, episode in list(now.open.items()):
        onset, after = episode.onset_before, episode.onset_after
        if object_ == COUNTED or not (after or at) <= at < onset:
            continue
        if object_ not in found:
            now.put(object_, replace(episode, onset_after=at), entry.seq)
        elif not [one for one in _applied(now) if (iso(at) or "") <= one["end"] <= (iso(onset) or "")]:
            now.put(object_, replace(episode, onset_before=at), entry.seq)


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
    later = [one for one in _applied(now) if _knew(one, now.open[address])]
    if later:
        _closed_by(now, entry, address, now.open[address], later[0])


def assessment(now: Carried, entry: Entry) -> None:
    """A result: so many resources drifted, none, or that it could not be told."""
    event, facts = entry.event, entry.event.facts
    at = event.occurred_at
    if event.status not in ("drifted", "undrifted"):
        because = reading.text(facts, "because") or "the health assessment failed"
        why = Blindness.UNKNOWN if event.status == "failed" else Blindness.SKIPPED
        open_spot(now, entry, event.ref.id, why, because, at, _told_last(now, at, reading.time(facts, "unknown_since")))
        return
    close_spots(now, entry, at, *[ref for ref, spot in now.spots.items() if spot.why is not Blindness.UNREAD and _over(spot, at)])
    now.assessed = max(now.assessed or "", iso(at) or "")
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


def _told_last(now: Carried, at: datetime, since: datetime | None) -> datetime | None:
    """When something told last how it stands; a result that failed told nothing."""
    counted = now.open[COUNTED].looked_at if COUNTED in now.open else None
    return max((one for one in (since, counted, *now.looks) if one and one < at), default=None)


def _over(spot: BlindSpot, at: datetime) -> bool:
    """A result of before assessments were seen to be switched off tells nothing of the time since then."""
    return at >= spot.since_before or spot.because != SWITCHED_OFF


def _not_found(now: Carried, entry: Entry, object_: str, episode: Episode, at: datetime, because: str) -> None:
    """It is as declared again: by a run in between, else by hand."""
    at, last = max(at, episode.onset_before), episode.looked_at or episode.onset_before
    ran = [one for one in _applied(now) if (iso(last) or "") <= (one["end"] or "") <= (iso(at) or "")]
    episode = replace(episode, ended_after=min(last, at), ended_at=at)
    if ran:
        _closed_by(now, entry, object_, episode, ran[0])
        return
    half = next((one for one in now.operations if _half(one, iso(last) or "")), None)
    unread = [one for one in now.spots.values() if one.why is Blindness.UNREAD]
    by, why = Ended.BY_HAND, f"{because}, and {OUTSIDE}; by whom is not told"
    if half:
        by, why = Ended.UNKNOWN, f"{because}; {_perhaps(half)}"
    elif unread or (now.lost and now.lost >= (iso(last) or "")):
        by, why = Ended.UNKNOWN, f"{because}; runs may have come and gone in a time that was not read"
    now.close(object_, replace(episode, ended_by=by, ended_because=why), entry.seq)


def _half(record: JSON, last: str) -> bool:
    """It is being applied, or ended in an error while it was, since then."""
    return record["applying"] and record.get("phase") != "applied" and (record.get("end") or "~") >= last


def _applied(now: Carried) -> list[JSON]:
    return [one for one in now.operations if one.get("phase") == "applied"]


def _closed_by(now: Carried, entry: Entry, object_: str, episode: Episode, record: JSON) -> None:
    now.close(object_, _ended_by(now, episode, record), entry.seq)
    now.whole = not now.open


def _ended_by(now: Carried, episode: Episode, record: JSON) -> Episode:
    end = max(moment(record["end"]) or episode.onset_before, episode.onset_before)
    words = "took what is live into the state" if record["kind"] == "refresh_only" else "was applied"
    return replace(
        episode, ended_by=Ended.RUN, ended_at=end, ended_after=min(episode.looked_at or episode.onset_before, end),
        ended_operation=f"run:{now.source}:{record['id']}", ended_because=f"{record['id']} {words}", ended_told_by=record["seq"],
    )  # fmt: skip


def _weighed(now: Carried, episode: Episode) -> Episode:
    known = now.seen.get(episode.name, {})
    last = max((one["end"] for one in _applied(now)), default="")
    since = [one for one in now.operations if (one.get("end") or "~") > last and one.get("phase") != "applied"]
    left = next((one for one in reversed(since) if one["merged"] and not one["applying"] and _old(one, episode)), None)
    found = decide(
        Found(
            named=bool(episode.name),
            actions=known.get("actions", ()),
            attributes=[one.path for one in episode.changes or ()],
            unapplied=_unapplied(left),
            undrifted=known.get("undrifted") is True,
            failed=next((one["id"] for one in reversed(since) if one["applying"] and one.get("phase")), None),
        ),
        TERRAFORM,
        "an assessment tells how many resources drifted, neither which nor why",
    )
    return replace(episode, cause=found.cause, because=found.because, ruled_out=found.ruled_out, possible=found.possible)


def _old(record: JSON, episode: Episode) -> bool:
    """It was there when the difference was seen first: what was merged after that is not what differed then."""
    created = moment(record.get("created"))
    return created is None or created <= episode.onset_before


def _unapplied(record: JSON | None) -> str | None:
    if record is None:
        return None
    return f"{record['id']} {'brought nothing' if record.get('phase') else 'waits and was not applied'}"


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
    after = reading.time(facts, "observed_after")
    if on is False:
        seen = at if after or pair else reading.looked(event)  # at a first sight nobody knows since when
        open_spot(now, entry, "assessments", Blindness.SKIPPED, SWITCHED_OFF, seen, after)
    elif on is True and pair:
        switched = [ref for ref, spot in now.spots.items() if spot.because == SWITCHED_OFF]
        close_spots(now, entry, at, *switched)
        if switched:
            open_spot(now, entry, "awaited", Blindness.SKIPPED, AWAITED, at)


def _removed(now: Carried, entry: Entry) -> None:
    at = entry.event.occurred_at
    now.over = True
    for object_, episode in list(now.open.items()):
        end = max(at, episode.onset_before)
        last = min(end, episode.looked_at or episode.onset_before)
        over = replace(episode, ended_at=end, ended_after=last, ended_by=Ended.REMOVED, ended_because="the workspace was removed")
        now.close(object_, over, entry.seq)
    close_spots(now, entry, at, *list(now.spots))
