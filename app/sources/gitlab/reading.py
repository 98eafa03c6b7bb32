"""Everything that is asked of one merge request, as it is kept: one observation from which all its events follow.

Of the notes only the system's are kept, and of the description only its digest: what people write to each other is none of ours.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from app.canonical import digest
from app.errors import Forbidden, Missing, NotUnderstood
from app.sources.contract import Observation
from app.sources.gitlab.client import Client
from app.sources.gitlab.normalise import described, normalise
from app.sources.gitlab.project import Place
from app.sources.gitlab.telling import Met, Origin, heads
from app.sources.gitlab.wire import Commit, Node, PushEvent, rows, sha, when
from app.sources.telling import Normalised


@dataclass
class Pushers:
    """Who pushed which commit, by the project's push events, a day at a time; each day is asked once in a pass.

    https://docs.gitlab.com/api/events/#list-all-visible-events-for-a-project: kept for three years.
    """

    client: Client
    project: int
    _days: dict[date, dict[str, Any]] = field(default_factory=dict)

    def of(self, commit: str, at: datetime) -> Any:
        """The account that pushed it on the day it became the head, or the day before; None when no event says."""
        day = at.astimezone(UTC).date()
        if day not in self._days:
            self._days[day] = self._read(day)
        return self._days[day].get(commit)

    def _read(self, day: date) -> dict[str, Any]:
        after, before = day - timedelta(days=2), day + timedelta(days=1)  # both are left out
        found: dict[str, Any] = {}
        try:
            for items in self.client.pages(
                f"/projects/{self.project}/events", action="pushed", after=after.isoformat(), before=before.isoformat(), sort="asc"
            ):
                for item in items:
                    event = next(rows(PushEvent, [item]), PushEvent())
                    if event.push_data and (to := sha(event.push_data.commit_to)) and event.author:
                        found[to] = {key: item["author"].get(key) for key in ("id", "username", "name")}
        except (Forbidden, Missing):
            return {}
        return found


@dataclass
class Reader:
    """One project during one pass. `checked` False: external status checks are not to be had here."""

    client: Client
    source: str
    place: Place
    now: datetime
    checked: bool = True
    met: Met = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.pushers = Pushers(self.client, self.place.id)

    def read(self, iid: int) -> tuple[Observation, Normalised]:
        """Raises Missing when the merge request is gone."""
        kept = self._kept(iid)
        body = json.dumps(kept, ensure_ascii=True, separators=(",", ":"), sort_keys=True).encode()
        url = str(kept["merge_request"].get("web_url") or "")
        seen = Observation(f"pull-request/{self.place.path}#{iid}", url[:4000], body, digest(body), self.now)
        return seen, normalise(kept, Origin(self.source, self.place.path, self.now, seen.digest))

    def _kept(self, iid: int) -> dict[str, Any]:
        path, client = f"/projects/{self.place.id}/merge_requests/{iid}", self.client
        request = dict(client.one(path))
        request.pop("user", None)  # what the token's own account may do
        text = request.pop("description", None)
        kept: dict[str, Any] = {
            "merge_request": request,
            "described": described(text if isinstance(text, str) else "", self.place.path),
            "approvals": self._approvals(path),
            "commits": client.every(f"{path}/commits"),
            "versions": client.every(f"{path}/versions"),
            "notes": [note for note in client.every(f"{path}/notes", sort="asc", order_by="created_at") if _system(note)],
            "state_events": client.perhaps(f"{path}/resource_state_events")[0],
            "status_checks": self._status_checks(path),
            "project": dict(self.place.settings),
        }
        found = heads(kept, [])
        self._meet(kept)
        kept["forced"] = self._forced(kept, [(head.id, head.before, head.sha) for head in found])
        kept["pushers"] = {head.sha: who for head in found if (who := self.pushers.of(head.sha, head.at))}
        return kept

    def _meet(self, kept: Mapping[str, Any]) -> None:
        """What this server tells, as it was met."""
        rows_ = (kept["approvals"] or {}).get("approved_by")
        if rows_ and isinstance(rows_, list):
            self.met["times of approvals"] = any(isinstance(row, dict) and "approved_at" in row for row in rows_)
        self.met["approvals"] = kept["approvals"] is not None
        self.met["state events"] = kept["state_events"] is not None
        self.met["status checks"] = self.checked
        self.met["pipelines"] = "head_pipeline" in kept["merge_request"]

    def _approvals(self, path: str) -> Node | None:
        try:
            return self.client.one(f"{path}/approvals")
        except (Forbidden, Missing):
            return None

    def _status_checks(self, path: str) -> list[Any] | None:
        if not self.checked:
            return None
        found, _ = self.client.perhaps(f"{path}/status_checks")
        self.checked = found is not None
        return found

    def _forced(self, kept: Mapping[str, Any], pairs: list[tuple[int, str | None, str]]) -> dict[str, bool | None]:
        """Of each head that is no longer among the commits: whether the next one was built on it."""
        listed = {sha(commit.id) for commit in rows(Commit, kept["commits"])}
        return {str(version): self._rewritten(before, after) for version, before, after in pairs if before and before not in listed}

    def _rewritten(self, before: str, after: str) -> bool | None:
        try:
            shared = self.client.one(f"/projects/{self.place.id}/repository/merge_base", **{"refs[]": [before, after]})
        except Missing:
            return None
        except NotUnderstood as error:
            if error.status == 400:  # one of them is gone
                return None
            raise
        return sha(str(shared.get("id"))) != before


def _system(note: Any) -> bool:
    return isinstance(note, dict) and note.get("system") is True


def updated(node: Mapping[str, Any]) -> datetime | None:
    found = node.get("updated_at")
    return when(found) if isinstance(found, str) else None
