"""ApplicationSets as events: sets that are made, changed and go; applications that they make and take away; the steps of a rolling
sync; conditions; and, of an operation that a rolling sync began, its set and its step. Pure and total.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from app.canonical import fit, plain, stable_id
from app.domain.actor import Actor, automation, unknown
from app.domain.event import Event, How, Keys, Step
from app.domain.ref import Ref
from app.sources.argocd.announcements import Announcement
from app.sources.argocd.names import instant, stamp
from app.sources.argocd.set_wire import STATUSES, ApplicationSet, Member, SetStatus, members, settings
from app.sources.argocd.terms import KIND


class SetMemory(msgspec.Struct, omit_defaults=True):
    """`members`: application → status, step and time of its last turn, all "" where there is no rolling sync; `conditions`: type →
    status and reason; `heard`: the order of the last announcement that was told."""

    uid: str
    name: str
    namespace: str = ""
    spec: str = ""
    facts: dict[str, Any] = {}
    members: dict[str, list[str]] | None = None
    conditions: dict[str, list[str]] = {}
    heard: list[int] = []
    unlisted: bool = False
    at: str = ""  # when it was last read


@dataclass(frozen=True, slots=True)
class Telling:
    """Of one set at one look. `before` is when it was looked at last."""

    source: str
    uid: str
    name: str
    project: str | None
    now: datetime
    before: str = ""
    observation: str | None = None
    spec: str = ""  # digest of the whole specification, secrets taken out

    def event(
        self, type_: str, external: str, status: str, step: Step, at: datetime, facts: Mapping[str, Any], *, unique: str = "",
        actor: Actor | None = None, how: How = How.OBSERVED, known: bool = True, application: str | None = None,
    ) -> Event:  # fmt: skip
        return Event(
            id=stable_id(self.source, type_, external, status, *([unique] if unique else [])),
            source=self.source,
            kind=KIND,
            type=type_,
            step=step,
            status=plain(status, 200),
            ref=Ref(type_, external, self.name),
            occurred_at=at,
            observed_at=self.now,
            actor=actor,
            known=known,
            how=how,
            keys=Keys(project=self.project, application=application),
            facts=fit({"uid": self.uid, "set": self.name, **facts}),
            observation=self.observation,
        )

    @property
    def itself(self) -> Actor:
        return automation(f"ApplicationSet {self.name}")


def set_events(
    tell: Telling, one: ApplicationSet, memory: SetMemory | None, unknown_words: list[tuple[str, str]]
) -> Iterator[Event]:
    """Everything new of a set. What to remember of it is `remembered`."""
    yield from _itself(tell, one, memory)
    yield from _applications(tell, one, memory)
    yield from _steps(tell, one, memory, unknown_words)
    yield from _conditions(tell, one, memory)


def remembered(tell: Telling, one: ApplicationSet, memory: SetMemory | None) -> SetMemory:
    found, status = members(one), one.status or SetStatus()
    rolling = {plain(m.application, 300): _turn(m) for m in status.application_status or [] if m.application}
    conditions = {plain(c.type, 100): [plain(c.status, 40), plain(c.reason, 200)] for c in status.conditions or [] if c.type}
    facts = settings(one)
    out = SetMemory(tell.uid, tell.name, plain(one.metadata.namespace, 300), tell.spec, facts)
    out.members = None if found is None else {name: rolling.get(name, ["", "", ""]) for name in found}
    out.conditions, out.at = conditions, stamp(tell.now)
    out.heard = memory.heard if memory else []
    return out


def _itself(tell: Telling, one: ApplicationSet, memory: SetMemory | None) -> Iterator[Event]:
    facts, spec = settings(one), tell.spec
    found = members(one)
    said = {"spec": spec, "applications": None if found is None else len(found), **facts}
    if memory is None:
        made = instant(one.metadata.creation_timestamp)
        who = unknown("the server keeps no record of who makes a set")
        yield tell.event(
            "applicationset", tell.uid, "created", Step.NOTED, made or tell.now, said, actor=who, how=How.RECONSTRUCTED
        )
    elif memory.spec != spec:
        changed = sorted(key for key in facts if facts[key] != memory.facts.get(key)) or ["specification"]
        was = {key: memory.facts.get(key) for key in changed if key in facts}
        more = {"changed": changed, "was": was, "observed_after": tell.before or None}
        unique = f"{memory.spec[7:23]}>{spec[7:23]}@{one.metadata.generation or stamp(tell.now)}"
        who = unknown("Kubernetes keeps no record of who changes a set")
        yield tell.event("applicationset", tell.uid, "changed", Step.NOTED, tell.now, said | more, actor=who, unique=unique)


def _applications(tell: Telling, one: ApplicationSet, memory: SetMemory | None) -> Iterator[Event]:
    """Which it made and took away since the last look; a first sight tells nothing of when."""
    found = members(one)
    if memory is None or memory.members is None or found is None:
        return
    for status, names in (
        ("added", sorted(set(found) - set(memory.members))),
        ("removed", sorted(set(memory.members) - set(found))),
    ):
        for name in names:
            yield _member(tell, name, status, tell.now, {"observed_after": tell.before or None}, stamp(tell.now))


def _member(tell: Telling, name: str, status: str, at: datetime, facts: Mapping[str, Any], unique: str) -> Event:
    return tell.event(
        "set-application", f"{tell.uid}/{name}", status, Step.NOTED, at, {"application": name, **facts}, unique=unique,
        actor=tell.itself, application=name, known=status in STATUSES | {"added", "removed"},
    )  # fmt: skip


def _turn(one: Member) -> list[str]:
    return [plain(one.status, 100), plain(one.step, 40), plain(one.last_transition_time, 64)]


def _steps(tell: Telling, one: ApplicationSet, memory: SetMemory | None, unknown_words: list[tuple[str, str]]) -> Iterator[Event]:
    """How its rolling sync stands for each application, where that turned."""
    before = (memory.members if memory else None) or {}
    for member in (one.status.application_status if one.status else None) or []:
        name = plain(member.application, 300)
        if not name or not member.status or before.get(name) == _turn(member):
            continue
        status, at = plain(member.status, 100), instant(member.last_transition_time) or tell.now
        if status not in STATUSES:
            unknown_words.append(("applicationStatus.status", status))
        yield _member(tell, name, status, at, _stands(member, one), f"{plain(member.step, 40)} {stamp(at)}")


def _stands(member: Member, one: ApplicationSet) -> dict[str, Any]:
    return {
        "step": plain(member.step, 40) or None,
        "steps": len(settings(one)["steps"]) or None,
        "message": plain(member.message, 1000),
        "since": plain(member.last_transition_time, 64) or None,
        "target_revisions": [plain(r, 200) for r in (member.target_revisions or [])[:20]],
    }


def _conditions(tell: Telling, one: ApplicationSet, memory: SetMemory | None) -> Iterator[Event]:
    before = memory.conditions if memory else {}
    for condition in (one.status.conditions if one.status else None) or []:
        kind, said = plain(condition.type, 100), [plain(condition.status, 40), plain(condition.reason, 200)]
        if not kind or before.get(kind) == said:
            continue
        at = instant(condition.last_transition_time) or tell.now
        facts = {"condition": kind, "reason": said[1], "message": plain(condition.message, 1000)}
        status = said[0] or "Unknown"
        unique = f"{said[1]} {stamp(at)}"
        yield tell.event("set-condition", f"{tell.uid}/{kind}", status, Step.NOTED, at, facts, unique=unique)


def announced(tell: Telling, said: Sequence[Announcement], memory: SetMemory) -> Iterator[Event]:
    """What its controller announced of it since the last that was told."""
    for one in sorted(said, key=lambda a: a.order):
        if list(one.order) <= memory.heard:
            continue
        memory.heard = list(one.order)
        facts = {"reason": one.reason, "message": one.message}
        yield tell.event(
            "set-announcement",
            one.uid,
            one.reason or "announced",
            Step.NOTED,
            one.at,
            facts,
            actor=tell.itself,
            how=How.RECONSTRUCTED,
        )


def gone(tell: Telling, memory: SetMemory, *, proven: bool, because: str) -> Event:
    """A set that is listed no more. `proven`: asked for by name it was not found."""
    facts = {"message": because, "spec": memory.spec, "applications": len(memory.members or {}), "seen_at": memory.at or None}
    who = unknown("Argo CD keeps no announcement of what is gone")
    status = "deleted" if proven else "unlisted"
    return tell.event("applicationset", tell.uid, status, Step.NOTED, tell.now, facts | memory.facts, actor=who, unique=memory.at)


def rolling_sync(event: Event, found: tuple[str, ApplicationSet, Member | None] | None, because: str, now: datetime) -> Event:
    """Of an operation that a rolling sync began: its set and its step. `found`: the set's uid, the set, and how it stands there."""
    facts: dict[str, Any] = {"set": None, "because": because}
    if found:
        uid, one, member = found
        facts = {"set": plain(one.metadata.name, 300), "set_uid": uid, "because": "" if member else "the set tells no step of it"}
        facts |= _stands(member, one) if member else {}
    operation = event.keys.operation or event.ref.id
    return Event(
        id=stable_id(event.source, "rolling-sync", operation, "known" if found else "unknown"),
        source=event.source,
        kind=KIND,
        type="rolling-sync",
        step=Step.NOTED,
        status="known" if found else "unknown",
        ref=Ref("rolling-sync", operation, event.ref.name, event.ref.url),
        occurred_at=event.occurred_at,
        observed_at=now,
        actor=automation(f"ApplicationSet {facts['set']}" if found else "ApplicationSet"),
        how=How.OBSERVED if found else How.INFERRED,
        keys=event.keys,
        facts=fit({"uid": event.facts.get("uid"), **facts}),
    )
