"""Who did it: only an announcement of Argo CD's own API names a person. What was done past it, the cluster's audit log knows.

Forms of the messages: Argo CD's audit log, https://argo-cd.readthedocs.io/en/stable/operator-manual/security/#logging.
"""

import re
from datetime import datetime, timedelta
from typing import Any

from app.domain.actor import Actor, ActorKind, unknown
from app.domain.drift import Episode
from app.domain.event import Entry
from app.drift import reading
from app.drift.carried import Carried
from app.drift.kept import iso, moment
from app.drift.operations import UNASKED

DONE = re.compile(
    r"(?s)(?P<user>.*?) (?:(?P<did>patched|deleted|created) resource (?P<group>[^/\s]*)/(?P<kind>[^/\s]+) '(?P<name>[^']*)'"
    r"|ran action (?P<action>.*?) on resource (?P<group2>[^/\s]*)/(?P<kind2>[^/\s]+)/(?P<name2>\S+))"
)
SLACK = timedelta(seconds=2)


def announced(now: Carried, entry: Entry) -> None:
    """Remembers what somebody did to one object through Argo CD's API."""
    event = entry.event
    found = DONE.fullmatch(reading.text(event.facts, "message"))
    user = reading.text(event.facts, "user") or (event.actor.name if event.actor else "")
    if not found or not user:
        return
    group, kind, name = (found[one] if found["did"] else found[f"{one}2"] for one in ("group", "kind", "name"))
    did = f"{found['did']} it" if found["did"] else f"ran {found['action']} on it"
    bot = event.actor is not None and event.actor.kind is ActorKind.SERVICE
    act = {"at": iso(event.occurred_at), "user": user, "did": did, "of": [group, kind, name], "seq": entry.seq, "bot": bot}
    now.acts = [*now.acts, act]


def acts_on(now: Carried, episode: Episode) -> list[dict[str, Any]]:
    """What was announced to be done to it between when it was last as declared and when it was seen to differ."""
    after = episode.onset_after or _last_end(now, episode)
    found = []
    for act in now.acts:
        at = moment(act["at"])
        same = act["of"][1:] == [episode.kind, episode.name] and act["of"][0] in (episode.group, "")
        if same and at and at <= episode.onset_before + SLACK and (after is None or at >= after - SLACK):
            found.append(act)
    return found


def _last_end(now: Carried, episode: Episode) -> datetime | None:
    """Without a look before, an act of long ago proves nothing: an hour is how long announcements are kept."""
    return episode.onset_before - timedelta(hours=1)


def person(now: Carried, episode: Episode) -> Actor:
    acts = acts_on(now, episode)
    users = {act["user"] for act in acts}
    if len(users) > 1:
        return unknown(f"{' and '.join(sorted(users))} did something to it in that time")
    if not acts:
        return unknown(UNASKED)
    act = acts[-1]
    kind = ActorKind.SERVICE if act["bot"] else ActorKind.HUMAN
    return Actor(act["user"], kind, act["user"], f"announced by Argo CD: {act['user']} {act['did']}")
