"""One application as it was read → events, what to remember, what to ask. Pure and total.

It raises only when the application has no uid: without one its operations have no identity.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from app.canonical import canonical_json, digest, plain
from app.domain.actor import Actor, ActorKind, automation, unknown
from app.domain.drift import Blindness
from app.domain.event import Event, How, Step
from app.errors import NotUnderstood
from app.sources.argocd import wire
from app.sources.argocd.account import Account, account, kept, ready
from app.sources.argocd.announcements import COMPLETED, SPEC, STARTED, Announcement
from app.sources.argocd.blind import Why, blind_events, why
from app.sources.argocd.differing import Differing
from app.sources.argocd.farewell import gone, last_words
from app.sources.argocd.hydration import hydration_events, places, staged_wants
from app.sources.argocd.maker import Maker, maker
from app.sources.argocd.managed import managed_events
from app.sources.argocd.memory import Memory
from app.sources.argocd.names import destination, instant, manager_of, repository, set_of, sources_of, stamp
from app.sources.argocd.operations import Heard
from app.sources.argocd.sightings import Sighting, deeds_of
from app.sources.argocd.standing import (
    Drifting,
    Standing,
    awaited,
    deployed_entry,
    health_events,
    policy,
    standing,
    status_events,
)
from app.sources.argocd.telling import announced_operations, before, history_events, operation_events, wants_of
from app.sources.argocd.terms import HEALTHS, PHASES, REASONS, SYNC_STATUSES, SYNCED, UNSEEN
from app.sources.argocd.untold import integrity_events, loss_events
from app.sources.argocd.view import View
from app.sources.contract import Want

HELD = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Reading:
    """One application, read whole, with its announcements. `whole` and `heard_digest` name the observations."""

    app: wire.Application
    heard: Heard
    spec: str = ""  # digest of the whole specification, secrets taken out
    whole: str | None = None
    heard_digest: str | None = None
    seen: tuple[Sighting, ...] = ()  # on the live stream since the last look
    alike: bool | None = None  # it was compared with the sources that are deployed, values included; None: not known


@dataclass
class Story:
    """What one reading tells."""

    events: list[Event] = field(default_factory=list)
    wants: list[Want] = field(default_factory=list)
    unknown: list[tuple[str, str]] = field(default_factory=list)
    memory: Memory = field(default_factory=lambda: Memory(uid="", name=""))
    now: Standing | None = None
    make: Maker | None = None
    history: Mapping[int, Any] = field(default_factory=dict)


def tell(reading: Reading, remembered: Memory | None, view: View) -> Story:
    """Everything that this reading tells and that was not told before. Raises NotUnderstood without a uid."""
    app = reading.app
    if not app.metadata.uid:
        raise NotUnderstood(f"application {plain(app.metadata.name, 200)} has no uid", "metadata.uid", "check the server's version")
    uid = plain(app.metadata.uid, 100)
    make = _maker(reading, uid, view)
    story = Story()
    memory = remembered
    story.events += last_words(reading.seen, uid, memory, view)
    if memory and memory.uid != uid:
        story.events.append(
            gone(memory, view, instant(app.metadata.creation_timestamp) or view.now, "another application took its name")
        )
        memory = None
    memory = memory or Memory(uid=uid, name=make.name)
    heard = Heard(reading.heard.said, reading.heard.starts or memory.starts, reading.heard.failure)
    found = account(app, heard, memory, view.now, view.last_pass, list(deeds_of(reading.seen, uid)))
    story.events += _announced(make, memory, heard, story, announced_operations(uid, found))
    story.events += _application(make, reading, memory, heard)
    story.events += hydration_events(make, app, memory)
    story.events += managed_events(make, app, memory)
    story.wants += staged_wants(story.events)
    _operations(make, reading, memory, heard, view, story, found)
    _remember(memory, app, make, heard, story)
    return story


def _maker(reading: Reading, uid: str, view: View) -> Maker:
    from_app = maker(view.source, view.base, reading.app, uid, view.now, view.clusters)
    return replace(from_app, whole=reading.whole, heard=reading.heard_digest, ahead=view.ahead)


def _operations(make: Maker, reading: Reading, memory: Memory, heard: Heard, view: View, story: Story, found: Account) -> None:
    app = reading.app
    done, unsettled = [], heard.said is None
    for one in found.operations:
        if not ready(one, heard, view.now):
            one.deed.waited = unsettled = True
            continue
        ended = one.deed.told_end
        events = list(operation_events(make, one, heard, found.history))
        if events:
            story.wants += [w for w in wants_of(one.deed, before(one.deed, found.history)) if w not in story.wants]
        if one.deed.over and not ended:
            done.append(one.deed)
        story.events += events
    story.events += history_events(make, found, heard)
    lost = list(loss_events(make, found))
    story.events += lost
    memory.ended += len(done) + sum(event.facts["size"] for event in lost if event.type == "history-gap")
    story.events += integrity_events(make, found)
    # sources that were unlike while it was equal do not tell what differs since
    now = standing(app, found.current, None if reading.alike is False and memory.unlike else reading.alike)
    story.now, story.make, story.history = now, make, found.history
    story.events += status_events(make, now, memory, heard)
    story.events += health_events(make, now, memory, found.current)
    blind, doubtful = _blindness(now, memory, view)
    story.events += blind_events(make, now, memory, heard, blind, view.last_pass)
    tells = not (blind or doubtful)
    drifting = Drifting(make, memory, found, heard, view.last_pass)
    differing = Differing(make, memory, found, heard, view.last_pass)
    story.events += drifting.events(now, done, tells)
    story.events += differing.events(now) if tells else ()
    story.unknown += _strange(now, found.current.phase if found.current else "")
    story.unknown += _untimed(app)
    memory.drift, memory.waited, memory.hesitated = drifting.open, drifting.wait, differing.wait
    memory.deeds = kept(found.operations, heard)
    standing_ids = [entry.id for entry in (app.status.history if app.status else None) or []]
    memory.history, memory.stood = found.past.remembered(standing_ids), sorted(standing_ids)
    memory.last_id = max(found.history) if found.history else memory.last_id
    memory.generation, memory.pending = app.metadata.generation, found.pending
    waits = drifting.wait or differing.wait or doubtful
    memory.unsettled = unsettled or bool(found.pending) or waits or awaited(now, found.current, view.now)
    _stand(memory, now, found.history)


def _blindness(now: Standing, memory: Memory, view: View) -> tuple[Why | None, bool]:
    """(why what it shows does not tell, whether that is only suspected: an old comparison is looked at twice)."""
    too_old = view.pulse.too_old(memory.uid, view.now, now.compared_at) if view.pulse else ""
    seen = why(now, too_old)
    if seen is None or seen.why != Blindness.STALE:
        memory.doubted = ""
        return seen, False
    if not memory.doubted:
        memory.doubted = stamp(view.now)
        return None, True
    return seen, False


def _stand(memory: Memory, now: Standing, history: Mapping[int, Any]) -> None:
    memory.sync, memory.health = now.sync or memory.sync, now.health or memory.health
    if now.sync == SYNCED:
        memory.compared = memory.uncompared = memory.asked = memory.content = ""
        memory.unlike = now.alike is False or (now.alike is None and memory.unlike)
        deployed = deployed_entry(dict(history))
        memory.synced = [now.sources, str(deployed[0]) if deployed else "", *now.revisions]


def _strange(now: Standing, phase: str) -> Iterator[tuple[str, str]]:
    if phase and phase not in PHASES and phase != UNSEEN:
        yield ("operationState.phase", phase)
    if now.sync and now.sync not in SYNC_STATUSES:
        yield ("sync.status", now.sync)
    if now.health and now.health not in HEALTHS:
        yield ("health.status", now.health)


def _untimed(app: wire.Application) -> Iterator[tuple[str, str]]:
    """Times that are none: what they date is told without them, or not at all."""
    status = app.status or wire.Status()
    state, health = status.operation_state or wire.OperationState(), status.health or wire.Health()
    times = [
        ("metadata.creationTimestamp", app.metadata.creation_timestamp),
        ("metadata.deletionTimestamp", app.metadata.deletion_timestamp),
        ("operationState.startedAt", state.started_at),
        ("operationState.finishedAt", state.finished_at),
        ("health.lastTransitionTime", health.last_transition_time),
        ("reconciledAt", status.reconciled_at),
    ]
    for entry in status.history or []:
        times += [("history.deployStartedAt", entry.deploy_started_at), ("history.deployedAt", entry.deployed_at)]
    for name, text in times:
        if text and instant(text) is None:
            yield (name, plain(text, 64))


def _announced(make: Maker, memory: Memory, heard: Heard, story: Story, operations: Mapping[str, str]) -> Iterator[Event]:
    """New announcements, but for plain turns of status, which the status events tell.

    One of an operation that began after the application was read waits for the next reading, which knows that operation.
    """
    for one in sorted(heard.said or (), key=lambda a: a.order):
        if list(one.order) <= memory.announced:
            continue
        if one.reason in {STARTED, COMPLETED} and one.uid not in operations and timedelta() <= make.now - one.at < HELD:
            return
        memory.announced = list(one.order)
        known = one.reason in REASONS
        if not known:
            story.unknown.append(("event.reason", one.reason))
        if one.sync or one.message.startswith("Updated health status: "):
            continue
        facts = {"reason": one.reason, "message": one.message, "user": one.user or None}
        yield make.event(
            "announcement", one.uid, one.reason, Step.NOTED, one.at, facts, actor=_speaker(one), known=known,
            commits=one.revisions, announced=True, operation=operations.get(one.uid), how=How.RECONSTRUCTED,
        )  # fmt: skip


def _speaker(one: Announcement) -> Actor | None:
    if one.automated:
        return automation("Argo CD")
    if not one.user:
        return None
    return Actor(one.user, ActorKind.SERVICE if one.user.startswith("proj:") else ActorKind.HUMAN, one.user)


def _application(make: Maker, reading: Reading, memory: Memory, heard: Heard) -> Iterator[Event]:
    app, facts = reading.app, settings(reading.app)
    spec = reading.spec or digest(canonical_json(facts))
    owner = set_of(app.metadata)
    source = {
        "spec": spec,
        "source": facts["sources"],
        **facts,
        "set": owner or None,
        "managed_by": manager_of(app.metadata) or None,
    }
    if not memory.spec:
        created = instant(app.metadata.creation_timestamp)
        made = automation(f"ApplicationSet {owner}") if owner else None  # it owns it, and goes with it
        actor = (
            made
            or _by(heard, "ResourceCreated", "created application", None)
            or unknown(heard.failure or "its creation is no longer announced")
        )
        how = How.OBSERVED if actor.name else How.RECONSTRUCTED
        yield make.event("application", make.uid, "created", Step.NOTED, created or make.now, source, actor=actor, how=how)
    elif memory.spec != spec:
        changed = sorted(key for key in facts if facts[key] != memory.facts.get(key))
        actor = _by(heard, "ResourceUpdated", "updated application spec", memory.heard) or unknown(
            "no announcement names who changed it: it was changed past Argo CD's API, or by more than one person"
            + (f"; or by its ApplicationSet {owner}" if owner else "")
        )
        was = {key: memory.facts.get(key) for key in changed}
        unique = f"{memory.spec[7:23]}>{spec[7:23]}@{app.metadata.generation or stamp(make.now)}"
        at = _when(heard, memory) if actor.name else make.now
        yield make.event(
            "application", make.uid, "changed", Step.NOTED, at or make.now, source | {"changed": changed, "was": was},
            unique=unique, actor=actor,
        )  # fmt: skip
    memory.spec, memory.facts = spec, facts


def settings(app: wire.Application) -> dict[str, Any]:
    """What of an application's specification decides what it deploys, and by whose leave."""
    spec = app.spec or wire.Spec()
    automated = spec.sync_policy.automated if spec.sync_policy else None
    on, heals = policy(spec)
    return {
        "sources": [
            {
                "repository": repository(one.repo_url) or plain(one.repo_url, 500),
                "path": plain(one.path, 500),
                "target_revision": plain(one.target_revision, 200),
                "chart": plain(one.chart, 200),
            }
            for one in sources_of(spec)
        ],
        "destination": destination(spec),
        "project": plain(spec.project, 200) or "default",
        "auto_sync": on,
        "self_heal": heals,
        "prune": bool(on and automated and automated.prune),
        "revision_history_limit": str(spec.revision_history_limit) if spec.revision_history_limit is not None else None,
        **({"hydrator": places(spec.source_hydrator)} if spec.source_hydrator else {}),
    }


def _by(heard: Heard, reason: str, words: str, since: list[int] | None) -> Actor | None:
    """The one person whom announcements since then name for it; None for nobody, or for more than one."""
    said = [
        one for one in heard.said or ()
        if one.reason == reason and one.message.endswith(words) and one.user and (since is None or list(one.order) > since)
    ]  # fmt: skip
    return _speaker(said[-1]) if len({one.user for one in said}) == 1 else None


def _when(heard: Heard, memory: Memory) -> datetime | None:
    said = [one.at for one in heard.said or () if SPEC.fullmatch(one.message) and list(one.order) > memory.heard]
    return said[-1] if said else None


def _remember(memory: Memory, app: wire.Application, make: Maker, heard: Heard, story: Story) -> None:
    memory.name, memory.namespace = make.name, plain(app.metadata.namespace, 300)
    memory.project, memory.created = make.keys.project or "default", app.metadata.creation_timestamp or ""
    memory.destination, memory.repository = make.keys.destination, make.keys.repository
    memory.deleting = plain(app.metadata.deletion_timestamp, 64) or None
    memory.starts, memory.owner = heard.announces, set_of(app.metadata)
    memory.deleter = next((one.user for one in heard.said or () if one.message.endswith(" deleted application")), memory.deleter)
    memory.heard = max((list(one.order) for one in heard.said or ()), default=memory.heard)
    story.memory = memory
