"""How an application stands: sync status, health, and drift. A comparison that could not be made is not "no drift"."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from app.canonical import plain
from app.domain.event import Event, How, Step
from app.sources.argocd import wire
from app.sources.argocd.account import Account
from app.sources.argocd.deeds import Deed, resource
from app.sources.argocd.maker import Maker
from app.sources.argocd.memory import Entry, Memory, OpenDrift
from app.sources.argocd.names import instant, revisions_of, sources_of, stamp
from app.sources.argocd.operations import Heard
from app.sources.argocd.past import source_print
from app.sources.argocd.telling import operation_id
from app.sources.argocd.terms import HEALTHS, INCOMPARABLE, OUT_OF_SYNC, SUCCEEDED, SYNC_STATUSES, SYNCED, Kind

FROZEN = "argocd.argoproj.io/skip-reconcile"
SECOND = timedelta(seconds=1)
SETTLING = timedelta(minutes=10)  # how long after an operation its health is waited for
RESTORES = frozenset({Kind.SELF_HEAL, Kind.AUTOMATED, Kind.MANUAL, Kind.ROLLBACK, Kind.LOCAL, Kind.APPLICATIONSET, Kind.INJECTED})


@dataclass(frozen=True, slots=True)
class Standing:
    """What the application's own status says now. `revisions` were compared with what lives in the cluster.

    `differing`: the objects that are OutOfSync, as `differing` events tell them; `different` holds those of another status too.
    """

    sync: str
    health: str
    health_at: datetime | None
    revisions: list[str]
    sources: str
    different: list[dict[str, str]]
    busy: bool
    stale: bool  # the last comparison is older than the last operation's end
    conditions: list[dict[str, str]]
    compared_at: datetime | None = None  # the last comparison with Git
    frozen: bool = False  # it is not reconciled: its status stands still
    differing: list[dict[str, Any]] = field(default_factory=list)
    auto_sync: bool = False
    self_heal: bool = False
    alike: bool | None = None  # it was compared with the sources that are deployed, values included; None: not known


def standing(app: wire.Application, current: Deed | None, alike: bool | None = None) -> Standing:
    status = app.status or wire.Status()
    sync, health = status.sync or wire.SyncStatus(), status.health or wire.Health()
    auto_sync, self_heal = policy(app.spec)
    compared = sync.compared_to if sync.compared_to and sources_of(sync.compared_to) else app.spec
    return Standing(
        sync=plain(sync.status, 100),
        health=plain(health.status, 100),
        health_at=instant(health.last_transition_time),
        revisions=revisions_of(sync),
        sources=source_print(sources_of(compared)),
        different=[_different(one) for one in status.resources or [] if one.status not in {None, "", SYNCED} and not one.hook],
        stale=_stale(instant(status.reconciled_at), current),
        busy=app.operation is not None or bool(current and not current.over),
        conditions=[_condition(one) for one in status.conditions or []],
        compared_at=instant(status.reconciled_at),
        frozen=(app.metadata.annotations or {}).get(FROZEN) == "true",
        differing=[_differing(one) for one in status.resources or [] if one.status == OUT_OF_SYNC and not one.hook],
        auto_sync=auto_sync,
        self_heal=self_heal,
        alike=alike,
    )


def policy(spec: wire.Spec | None) -> tuple[bool, bool]:
    """(syncs by itself, heals itself). From 3.1 on `enabled: false` switches off what stands there."""
    automated = spec.sync_policy.automated if spec and spec.sync_policy else None
    on = automated is not None and automated.enabled is not False
    return on, bool(on and automated and automated.self_heal)


def _condition(one: wire.Condition) -> dict[str, str]:
    since = instant(one.last_transition_time)
    out = {"type": plain(one.type, 100), "message": plain(one.message, 1000)}
    return out | ({"since": stamp(since)} if since else {})


def _differing(one: wire.Item) -> dict[str, Any]:
    """`health` and `wave` are None where the application does not tell them."""
    return {
        "group": plain(one.group, 300),
        "kind": plain(one.kind, 200),
        "namespace": plain(one.namespace, 300),
        "name": plain(one.name, 300),
        "status": OUT_OF_SYNC,
        "health": plain(one.health.status, 100) or None if one.health else None,
        "requires_pruning": bool(one.requires_pruning),
        "wave": str(one.sync_wave) if one.sync_wave is not None else None,
    }


def _stale(compared: datetime | None, current: Deed | None) -> bool:
    """A finished operation is followed by a comparison within seconds; until then the status is the one from before it."""
    return bool(compared and current and current.over and current.end and compared < current.end)


def _different(one: wire.Item) -> dict[str, str]:
    return resource(one) | ({"requires_pruning": "yes"} if one.requires_pruning else {})


def status_events(make: Maker, now: Standing, memory: Memory, heard: Heard) -> Iterator[Event]:
    """Sync status, where it is not what was remembered."""
    if now.sync and now.sync != memory.sync:
        at = _turned(heard, now.sync, memory) or make.now
        facts: dict[str, Any] = {"revision": now.revisions[0] if len(now.revisions) == 1 else None, "revisions": now.revisions}
        facts |= {"resources": now.different, "conditions": now.conditions, "was": memory.sync or None}
        if now.sync == INCOMPARABLE:
            facts["message"] = "the live state could not be compared: whether it drifted is not known"
        known = now.sync in SYNC_STATUSES
        yield from make.events("sync-status", make.uid, now.sync, Step.ASSESSED, at, facts, unique=stamp(at), known=known)


def health_events(make: Maker, now: Standing, memory: Memory, current: Deed | None) -> Iterator[Event]:
    """Health where it turned, and once after each operation that could change it: then it names that operation.

    A turn within ten minutes of the end still belongs to the operation. Health that a comparison older than the end shows
    is that of before; `awaited` says whether to look again.
    """
    ended = current.end if current and current.over and current.kind != Kind.DRY_RUN and not now.stale else None
    after = operation_id(make.uid, current) if current and ended else ""
    untold = bool(after) and memory.judged != after
    if not now.health or (now.health == memory.health and not untold):
        return
    at = now.health_at or make.now
    ours = untold or bool(ended and make.now - ended <= SETTLING and memory.judged == after)
    if ours and ended:
        at = max(at, ended)
        memory.judged = after
    yield make.event(
        "health",
        make.uid,
        now.health,
        Step.ASSESSED,
        at,
        {"was": memory.health or None},
        unique=f"{after} {stamp(at)}" if ours else stamp(at),
        known=now.health in HEALTHS,
        operation=after if ours else None,
    )


def awaited(now: Standing, current: Deed | None, at: datetime) -> bool:
    """The health after an operation cannot be told yet, but soon."""
    return bool(current and current.over and current.end and now.stale and at - current.end <= SETTLING)


def _turned(heard: Heard, status: str, memory: Memory) -> datetime | None:
    """When the last announced turn to this status was, if it is newer than what was heard before."""
    turns = [one for one in heard.said or () if one.sync and list(one.order) > memory.heard]
    return turns[-1].at if turns and turns[-1].sync and turns[-1].sync[1] == status else None


class Drifting:
    """One application's drift, carried from what was remembered to what is now. `open` is what to remember."""

    def __init__(self, make: Maker, memory: Memory, found: Account, heard: Heard, last_pass: datetime | None) -> None:
        self.make, self.memory, self.found, self.heard = make, memory, found, heard
        self.last_pass = last_pass
        self.open = memory.drift
        self.turns = sorted((one for one in heard.said or () if one.sync), key=lambda one: one.order)
        self.closed_at: datetime | None = None
        self.wait = False  # what the status and the announcements say cannot both be of now: look again

    def events(self, now: Standing, done: Sequence[Deed], tells: bool = True) -> Iterator[Event]:
        """`done`: operations that ended and were told in this pass, oldest first. `tells`: what it shows can be relied on."""
        for deed in done:
            if deed.phase == SUCCEEDED and deed.end and deed.kind in RESTORES and self._restored(deed, deed.end, now):
                yield from self._ended_by(deed, deed.end)
        if not tells:
            return
        if self.open and now.sync == SYNCED:
            at = self._turn(SYNCED, instant(self.open.onset_before)) or self.make.now
            yield from self._close(at, self._ender(at))
        elif self.open is None and now.sync == OUT_OF_SYNC and not now.busy and self._is_drift(now):
            self.wait = not self.memory.waited and (now.stale or self._contradicted())
            if not self.wait:
                yield from self._opened(now)

    def _contradicted(self) -> bool:
        """The newest announced turn is to Synced: the application was read before it, or turns again right now."""
        turn = self.turns[-1].sync if self.turns else None
        return turn is not None and turn[1] == SYNCED

    def _restored(self, deed: Deed, end: datetime, now: Standing) -> bool:
        """A full success makes live as declared; a partial one only if the application was seen equal afterwards."""
        if not deed.partial or now.sync == SYNCED or not self.turns:
            return not deed.partial or deed.kind == Kind.SELF_HEAL
        return any(one.sync and one.sync[1] == SYNCED and deed.start - SECOND <= one.at <= end + 5 * SECOND for one in self.turns)

    def _ended_by(self, deed: Deed, end: datetime) -> Iterator[Event]:
        if self.open and (instant(self.open.onset_before) or end) <= end:
            yield from self._close(end, operation_id(self.make.uid, deed))
        elif self.open is None and deed.kind == Kind.SELF_HEAL:
            turned = [
                t for t in self.turns if t.sync and t.sync[1] == OUT_OF_SYNC and self._since(deed) <= t.at <= deed.start + SECOND
            ]
            onset = min(turned[-1].at, deed.start) if turned else deed.start
            self.open = self._episode(onset, self._last_equal(onset), deed.resources, deed.revisions)
            yield from self._event(self.open, OUT_OF_SYNC, Step.DRIFTED, onset, How.RECONSTRUCTED, announced=bool(turned))
            yield from self._close(end, operation_id(self.make.uid, deed), How.RECONSTRUCTED)

    def _since(self, deed: Deed) -> datetime:
        """The end of the operation before, which made live equal."""
        ends = [one.deed.end for one in self.found.operations if one.deed.end and one.deed.started < deed.started]
        return max(ends, default=deed.start - timedelta(days=1))

    def _is_drift(self, now: Standing) -> bool:
        """Live changed while what it was compared with did not: the compared revision is the deployed one, or the one at
        which it was last equal. Anything else is a commit, or a change of the application's own sources, not yet deployed."""
        if not now.revisions or now.alike is False:
            return False
        deployed = deployed_entry(self.found.history)
        if deployed and deployed[1].revisions == now.revisions and deployed[1].source == now.sources:
            return True
        last = str(deployed[0]) if deployed else ""
        return self.memory.synced == [now.sources, last, *now.revisions]

    def _opened(self, now: Standing) -> Iterator[Event]:
        turned = self._turn(OUT_OF_SYNC, self.closed_at)
        turned = None if self._contradicted() else turned
        onset = turned or self.make.now
        self.open = self._episode(onset, self._last_equal(onset), now.different, now.revisions)
        return self._event(self.open, OUT_OF_SYNC, Step.DRIFTED, onset, How.OBSERVED, announced=turned is not None)

    def _last_equal(self, onset: datetime) -> datetime | None:
        """The last time it was known to be equal: announced so, or seen so by the pass before."""
        known = [t.at for t in self.turns if t.sync and t.sync[1] == SYNCED and t.at <= onset]
        if self.memory.sync == SYNCED and self.last_pass and self.last_pass <= onset:
            known.append(self.last_pass)
        return max(known, default=None)

    def _turn(self, status: str, after: datetime | None) -> datetime | None:
        found = [t.at for t in self.turns if t.sync and t.sync[1] == status and (after is None or t.at >= after)]
        return found[-1] if found else None

    def _ender(self, at: datetime) -> str | None:
        onset = instant(self.open.onset_before) if self.open else None
        fits = [
            one.deed
            for one in self.found.operations
            if one.deed.phase == SUCCEEDED and one.deed.kind != Kind.DRY_RUN and one.deed.end and onset
            and onset <= one.deed.end and one.deed.start <= at + SECOND
        ]  # fmt: skip
        return operation_id(self.make.uid, fits[-1]) if fits else None

    @staticmethod
    def _episode(onset: datetime, after: datetime | None, resources: list[dict[str, str]], revisions: list[str]) -> OpenDrift:
        return OpenDrift(stamp(onset), stamp(after) if after else None, stamp(onset), resources, ",".join(revisions))

    def _close(self, at: datetime, ended_by: str | None, how: How = How.OBSERVED) -> Iterator[Event]:
        drift, self.open, self.closed_at = self.open, None, at
        assert drift is not None  # noqa: S101 -- only called while one is open
        return self._event(drift, SYNCED, Step.HEALED if ended_by else Step.ASSESSED, at, how, ended_by=ended_by)

    def _event(
        self,
        drift: OpenDrift,
        status: str,
        step: Step,
        at: datetime,
        how: How,
        *,
        ended_by: str | None = None,
        announced: bool = False,
    ) -> Iterator[Event]:
        facts = {
            "onset_after": drift.onset_after,
            "onset_before": drift.onset_before,
            "resources": drift.resources,
            "revision": drift.revision or None,
            "ended_by": ended_by,
            "ended_at": stamp(at) if status == SYNCED else None,
            "announced": announced,
        }
        external = f"{self.make.uid}/{drift.onset}"
        return self.make.events("drift", external, status, step, at, facts, how=how, commits=tuple(drift.revision.split(",")))


def deployed_entry(history: dict[int, Entry]) -> tuple[int, Entry] | None:
    """The last full deployment."""
    return (max(history), history[max(history)]) if history else None
