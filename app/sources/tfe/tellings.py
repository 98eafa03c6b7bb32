"""Events about a workspace. Who did it this API does not tell; only a lock names who holds it, and an audit trail more."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from urllib.parse import quote

from app.canonical import JSON, canonical_json, digest, fit, stable_id
from app.domain.actor import Actor, ActorKind, unknown
from app.domain.event import Event, Keys, Step
from app.domain.ref import Ref
from app.sources.contract import Connection
from app.sources.tfe.acts import person
from app.sources.tfe.assessments import Told
from app.sources.tfe.settings import Lock
from app.sources.tfe.states import BECAUSE, State
from app.sources.tfe.wire import Resource

SETTINGS = "Terraform Enterprise does not tell who changed settings"
UNLOCKED = "Terraform Enterprise does not tell who unlocked a workspace"
GONE = "Terraform Enterprise does not tell who deleted a workspace, nor who narrowed what the token sees"
LOCKED = "the server does not tell who locked it"
MADE = "the metadata of the state does not tell who made it"
ASSESSED = "a health assessment does not tell who changed what it found"
STEPS = {"drifted": Step.DRIFTED}


class Named(Protocol):
    """Who did something to a workspace between two looks, where something tells."""

    def __call__(self, workspace: str, after: datetime | None, before: datetime) -> Actor | None: ...


@dataclass(frozen=True, slots=True)
class Place:
    """A workspace, and the digest of what was seen of it."""

    id: str
    name: str
    repository: str | None
    project: str | None
    digest: str | None


@dataclass(frozen=True, slots=True)
class Teller:
    """`now` is this look, `after` the one before it (None: this is the first)."""

    connection: Connection
    now: datetime
    after: datetime | None
    who: Named | None = None

    def first(self, place: Place, settings: Mapping[str, JSON], created: datetime | None, after: datetime | None) -> Event:
        """A first sight. `after` only where it was made since the last look: then somebody made it."""
        facts = {"settings": dict(settings), "changed": {}, "observed_after": _iso(after), "observed_before": self.now.isoformat()}
        actor = (self._named(place, after) if after else None) or unknown(SETTINGS)
        return self._event("workspace", place.id, "created", place, created or self.now, facts, actor)

    def changed(self, place: Place, found: Mapping[str, Any], settings: Mapping[str, JSON], updated: datetime | None) -> Event:
        """Between two looks; `updated-at` dates it where it lies there."""
        at = updated if updated and self.after and self.after < updated <= self.now else self.now
        facts = {"settings": dict(settings), "changed": dict(found), **self._between()}
        part = digest(canonical_json([facts["changed"], facts["observed_after"]]))
        return self._event("workspace", place.id, "changed", place, at, facts, self._named(place) or unknown(SETTINGS), part)

    def lock(self, place: Place, lock: Lock, included: Mapping[str, Mapping[str, Resource]], *, first: bool) -> Event:
        """Locked by whom the server names, or unlocked by nobody that is told. `first`: nobody knows since when it is so."""
        facts: dict[str, JSON] = {"reason": lock.reason or None, **self._between()}
        if first:
            facts["observed_after"] = None
        if not lock.locked:
            actor = self._named(place) or unknown(UNLOCKED)
            return self._event("workspace", place.id, "unlocked", place, self.now, facts, actor, self.now.isoformat())
        return self._event("workspace", place.id, "locked", place, self.now, facts, _holder(lock, included), self.now.isoformat())

    def state(self, place: Place, state: State, maker: Actor) -> Event:
        """A state that no run made."""
        facts: dict[str, JSON] = {"serial": state.serial, "terraform_version": state.version, "because": BECAUSE}
        return self._event("state-version", state.id, "created", place, state.at or self.now, facts, maker)

    def stands(self, place: Place, status: str, facts: Mapping[str, JSON]) -> Event:
        """It is gone, or there again."""
        actor = (self._named(place) if status == "unavailable" else None) or unknown(GONE)
        told = {**facts, **self._between()}
        return self._event("workspace", place.id, status, place, self.now, told, actor, self.now.date().isoformat())

    def assessed(self, place: Place, told: Told, seen: str | None) -> Event:
        step = Step.HEALED if told.status == "undrifted" and told.facts.get("episode") else STEPS.get(told.status, Step.ASSESSED)
        made = Place(place.id, place.name, place.repository, place.project, seen)
        return self._event("assessment", told.id, told.status, made, told.at, told.facts, unknown(ASSESSED), step=step)

    def _named(self, place: Place, after: datetime | None = None) -> Actor | None:
        return self.who(place.id, after or self.after, self.now) if self.who else None

    def _between(self) -> dict[str, JSON]:
        """A second sight without a known first is dated by itself: it was before now, and that is all."""
        return {"observed_after": _iso(self.after or self.now), "observed_before": self.now.isoformat()}

    def _event(
        self,
        kind: str,
        key: str,
        status: str,
        place: Place,
        at: datetime,
        facts: Mapping[str, JSON],
        actor: Actor,
        part: str = "",
        step: Step = Step.NOTED,
    ) -> Event:
        return Event(
            id=stable_id(self.connection.name, kind, key, status, part),
            source=self.connection.name,
            kind="tfe",
            type=kind,
            step=step,
            status=status,
            ref=Ref(kind, key, place.name, self._url(place.name, "health" if kind == "assessment" else "")),
            occurred_at=at,
            observed_at=self.now,
            actor=actor,
            keys=Keys(repository=place.repository, workspace=place.name, project=place.project),
            facts=fit(facts),
            observation=place.digest,
        )

    def _url(self, name: str, page: str) -> str:
        parts = (self.connection.organization or "", "workspaces", name, *([page] if page else []))
        return f"{self.connection.url.rstrip('/')}/app/" + "/".join(quote(part, safe="") for part in parts)


def _holder(lock: Lock, included: Mapping[str, Mapping[str, Resource]]) -> Actor:
    if lock.by is None:
        return unknown(LOCKED)
    kind, key = lock.by
    if kind == "users":
        return person(key, included.get("users", {}))
    return Actor("", ActorKind.UNKNOWN, key, f"it is held by the {kind.removesuffix('s')} {key}, which is not a person")


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
