"""The evidence of one open object, drawn from what is carried, and the cause that follows from it."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from app.domain.drift import Episode
from app.drift.acts import acts_on, person
from app.drift.carried import Carried
from app.drift.causes import KUBERNETES, decide
from app.drift.evidence import Evidence, Synced
from app.drift.kept import iso, moment
from app.drift.operations import FAILED, SUCCEEDED, touches

JSON = dict[str, Any]
AGAIN = timedelta(minutes=1)  # what differs again so soon after a sync differs because of it


def weigh(now: Carried, object_: str, episode: Episode, known: JSON | None = None, otherwise: str = "") -> Episode:
    """The episode with its cause, what is ruled out, and who did it, as far as the ledger tells by now.

    `known`: what is known of the object beside it; that of the open one where it is not given. `otherwise`: why no cause is known.
    """
    found = decide(
        evidence(now, object_, episode, now.seen.get(object_, {}) if known is None else known),
        KUBERNETES,
        otherwise or ("what differs was not read" if episode.changes is None else "nothing that is known tells why it differs"),
    )
    return replace(
        episode,
        cause=found.cause,
        because=found.because,
        ruled_out=found.ruled_out,
        possible=found.possible,
        person=person(now, episode),
    )


def evidence(now: Carried, object_: str, episode: Episode, known: JSON) -> Evidence:
    behind = _behind(known)
    failed, selective = (None, None) if behind is False else _partly(now, object_, known)
    return Evidence(
        difference=known.get("difference"),
        changes=episode.changes,
        writers=episode.writers,
        owners=[(name, act, part) for name, act, part in known.get("owners", ())],
        onset_after=episode.onset_after,
        target_changed=known.get("target_changed"),
        live_changed=known.get("live_changed"),
        behind=behind,
        moved=known.get("moved"),
        virgin=known.get("deployed") is None and not _deployed_before(now, episode, known),
        went_back=_went_back(now, episode, known) if behind else None,
        syncs=_syncs(now, object_, episode, known),
        failed=failed,
        selective=selective,
        acts=[f"{act['user']} {act['did']}" for act in acts_on(now, episode)],
    )


def _deployed_before(now: Carried, episode: Episode, known: JSON) -> bool:
    """A whole sync had succeeded before it was last seen to differ."""
    onset, lasted = iso(episode.onset_before) or "", known.get("outlasted", ())
    return any(_whole(one) and (one["id"] in lasted or (one["end"] or onset) < onset) for one in now.operations)


def _went_back(now: Carried, episode: Episode, known: JSON) -> datetime | None:
    """When the last whole sync before it was seen to differ ended, if that was a rollback to what is deployed now."""
    done = [one for one in now.operations if _whole(one) and (one["end"] or "") <= (iso(episode.onset_before) or "")]
    last = max(done, key=lambda one: one["end"] or "", default=None)
    return moment(last["end"]) if last and last["kind"] == "rollback" and last["revisions"] == known.get("deployed") else None


def _whole(one: JSON) -> bool:
    return one["phase"] == SUCCEEDED and not one["partial"]


def _behind(known: JSON) -> bool | None:
    """What it was compared with is not what is deployed; None where that is not known."""
    deployed, compared = known.get("deployed"), known.get("revisions")
    if not deployed or not compared:
        return None  # a local sync deploys no revision
    if deployed != compared or known.get("same_source") is False:
        return True
    return None if known.get("same_source") is None else False


def _partly(now: Carried, object_: str, known: JSON) -> tuple[Synced | None, Synced | None]:
    """The last failed and the last partial sync of the compared revision, since one brought it whole."""
    failed = selective = None
    for one in now.operations:
        end = moment(one["end"])
        if end is None or not one["revisions"] or one["revisions"] != known.get("revisions"):
            continue
        if one["phase"] == SUCCEEDED and not one["partial"]:
            failed = selective = None
        elif one["phase"] == SUCCEEDED and one["kind"] == "selective" and not touches(one, object_):
            selective = Synced(end, named=False)
        elif one["phase"] in FAILED and touches(one, object_):
            failed = Synced(end, named=object_ in one["failed"], message=one["message"])
    return failed, selective


def _syncs(now: Carried, object_: str, episode: Episode, known: JSON) -> int:
    """Successful syncs of it after which it differed still, or again within a minute."""
    onset, lasted = iso(episode.onset_before) or "", known.get("outlasted", ())
    done = [one for one in now.operations if one["id"] in lasted and one["phase"] == SUCCEEDED and touches(one, object_)]
    still = sum(1 for one in done if one["end"] >= onset)
    begins, again = episode.onset_before, 0
    earlier = [one for one in now.closed.values() if f"{one.group}/{one.kind}/{one.namespace}/{one.name}" == object_]
    for one in sorted(earlier, key=lambda one: (iso(one.ended_at) or "", one.key), reverse=True):
        if one.ended_operation is None or one.ended_at is None or not timedelta() <= begins - one.ended_at <= AGAIN:
            break
        begins, again = one.onset_before, again + 1
    return still + again
