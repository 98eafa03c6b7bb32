"""What moved branches, as GitHub's activity view has it: oldest first, on from where it was read to.

https://docs.github.com/en/rest/repos/repos#list-repository-activities -- how long it is kept is not published, and older GitHub
Enterprise Servers do not have it. The last page is read again each time, for it grows, and for what comes late.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.canonical import digest, plain
from app.errors import NotUnderstood
from app.sources.contract import Observation
from app.sources.github.client import Client
from app.sources.github.people import account
from app.sources.github.push_events import Move, real
from app.sources.github.wire import cleaned, moment, needed_list, needed_object, number, sha, text
from app.sources.telling import Unknown

BRANCH = "refs/heads/"
CURSOR_GONE = (400, 422)  # what GitHub answers to a cursor that is no longer good


@dataclass(frozen=True, slots=True)
class Batch:
    """One page. `place` is what to remember of it to go on there, or behind it; `more`: there is a next page already."""

    moves: tuple[Move, ...]
    observation: Observation
    unknown: tuple[tuple[str, str], ...]
    place: dict[str, Any]
    more: bool


def activity(
    client: Client, repository: str, place: Mapping[str, Any], now: datetime, branch: str | None = None
) -> Iterator[Batch]:
    """Pages of what was not told yet. `place` is the one of the last batch that was kept; {} begins with the oldest.

    Raises Missing or Forbidden where there is no such endpoint for us, NotUnderstood for a cursor that is no longer good.
    """
    after, seen = text(place, "after") or None, _seen(place)
    params = {"direction": "asc", **({"ref": f"{BRANCH}{branch}"} if branch else {})}
    while True:
        answer, body, following = client.cursor_page(f"/repos/{repository}/activity", after, **params)
        if following is not None and following == after:
            raise NotUnderstood(f"GitHub says there is more activity in {repository}, but not where", "a new cursor in Link")
        clean, kept = cleaned([_slim(needed_object(one)) for one in needed_list(body)])
        about = f"activity/{repository}" + (f"@{plain(branch, 200)}" if branch else "")
        observation = Observation(about, answer.url, kept, digest(kept), now)
        new: Unknown = []
        moves = [move for one in clean if (move := _move(one, new)) and move.id not in seen]
        ids = [str(one["id"]) for one in clean if one.get("id") is not None]
        going = {"after": following, "seen": []} if following else {"after": after, "seen": ids}
        yield Batch(tuple(moves), observation, tuple(dict.fromkeys(new)), going, following is not None)
        if following is None:
            return
        after, seen = following, set()


def _seen(place: Mapping[str, Any]) -> set[str]:
    found = place.get("seen")
    return {one for one in found if isinstance(one, str)} if isinstance(found, list) else set()


def _slim(one: Mapping[str, Any]) -> dict[str, Any]:
    """Without the dozen addresses of the actor."""
    actor = one.get("actor")
    who = {key: actor.get(key) for key in ("login", "id", "type")} if isinstance(actor, dict) else None
    return {**{key: one.get(key) for key in ("id", "before", "after", "ref", "timestamp", "activity_type")}, "actor": who}


def _move(one: Mapping[str, Any], new: Unknown) -> Move | None:
    """None for what is not about a branch, or cannot be placed: that is counted."""
    identity, when, ref = number(one, "id"), moment(one, "timestamp"), text(one, "ref", limit=300)
    if not ref.startswith(BRANCH):
        return None
    if identity is None or when is None:
        new.append(("activity.timestamp" if identity else "activity.id", text(one, "timestamp", limit=64)))
        return None
    who, kind = one.get("actor"), text(one, "activity_type", limit=100)
    told = None
    if isinstance(who, dict):
        login = text(who, "login", limit=200).removesuffix("[bot]")
        told = {"__typename": text(who, "type", limit=100), "login": login, "databaseId": who.get("id")}
    before, after = real(sha(one, "before")), real(sha(one, "after"))
    actor = account(told, new, "GitHub does not say who pushed, or the account was deleted")
    return Move(ref.removeprefix(BRANCH), before, after, kind or "(none)", when, actor, str(identity))
