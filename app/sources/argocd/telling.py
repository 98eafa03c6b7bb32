"""Operations and history as events. An event is told once, and is right when it is told."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from app.canonical import plain
from app.domain.actor import Actor, ActorKind
from app.domain.event import Event, How, Step
from app.sources.argocd import wire
from app.sources.argocd.account import Account, Told
from app.sources.argocd.announcements import TERMINATED, Announcement, Episode
from app.sources.argocd.deeds import Deed, Try, from_history
from app.sources.argocd.failures import failures, waits_for
from app.sources.argocd.maker import Maker
from app.sources.argocd.memory import Entry
from app.sources.argocd.names import instant, is_commit
from app.sources.argocd.operations import Heard, classify, initiator, known_by, unannounced
from app.sources.argocd.pairing import EARLY
from app.sources.argocd.results import carried, results_events
from app.sources.argocd.terms import OVER, PHASES, RUNNING, SUCCEEDED, UNSEEN, Kind, step_of
from app.sources.contract import Want

OF_THE_END = frozenset({"resources_total", "terminated_by", "terminated_because"})  # facts that its start does not tell
BY_ITSELF = frozenset({Kind.AUTOMATED, Kind.SELF_HEAL, Kind.APPLICATIONSET})


def operation_id(uid: str, deed: Deed) -> str:
    return f"{uid}/{deed.started}"


def before(deed: Deed, known: Mapping[int, Entry]) -> list[str]:
    """The revisions that were deployed when it began; empty when nothing was, or when that is no longer known."""
    if deed.history_id is not None:
        entry = known.get(deed.history_id - 1)
        return entry.revisions if entry else []
    older = [number for number, one in known.items() if one.at and one.at <= deed.started]
    if not older:
        return []
    last = max(older)
    missing = any(number > last + 1 for number in known) and last + 1 not in known
    return [] if missing else known[last].revisions


def older_than(deed: Deed, known: Mapping[int, Entry]) -> dict[int, list[str]]:
    """What entries before the last deployment had deployed, by their numbers, the oldest first."""
    numbers = [n for n, one in sorted(known.items()) if one.at <= deed.started and n != deed.history_id]
    return {n: known[n].revisions for n in numbers[:-1]}


def _classified(deed: Deed, episode: Episode | None, heard: Heard, known: Mapping[int, Entry]) -> None:
    """Its kind, how that is known, and of a rollback the history entry that it went back to."""
    older = older_than(deed, known)
    deed.kind = str(classify(deed, episode, heard, before(deed, known), list(older.values())))
    deed.kind_by, deed.back_to = known_by(deed, episode), None
    if deed.kind == Kind.ROLLBACK:
        said = episode.started.rollback if episode and episode.started else None
        alike = [number for number, revisions in older.items() if revisions == deed.revisions]
        deed.back_to = said if said is not None else max(alike, default=None)


def operation_events(make: Maker, one: Told, heard: Heard, history: Mapping[int, Entry]) -> Iterator[Event]:
    """What is new of an operation: its start, its end, or who began it. Marks it as told."""
    deed = one.deed
    deployed = before(deed, history)
    if not deed.proven or not deed.kind:
        _classified(deed, one.episode, heard, history)
    actor = begun_by(deed, one.episode, heard)
    facts = operation_facts(deed, deployed, heard, actor)
    proven = actor.kind is not ActorKind.UNKNOWN or unannounced(deed, one.episode, heard)
    if deed.told_start and proven and not deed.proven:
        yield from _operation(make, deed, "attributed", Step.NOTED, deed.start, facts, actor, how=How.RECONSTRUCTED, announced=True)
    if proven and not deed.proven:
        deed.proven, deed.by = True, [actor.name, str(actor.kind), actor.because]
    began = not deed.told_start
    if began:
        begun = facts | {"finished_at": None, "message": "", "resources": [], "history_id": None, "failures": []}
        begun = {name: told for name, told in begun.items() if name not in OF_THE_END}
        yield from _operation(make, deed, RUNNING, Step.REQUESTED, deed.start, begun, actor, how=_start_how(deed))
        deed.told_start = True
    waits = waits_for(deed.message) if deed.phase == RUNNING else None
    if waits and waits != deed.told_waits:
        if deed.told_waits or not began:
            yield make.event("waiting", operation_id(make.uid, deed), RUNNING, Step.NOTED, make.now, {"waits_for": waits},
                             unique=waits, operation=operation_id(make.uid, deed))  # fmt: skip
        deed.told_waits = waits
    for attempt in deed.tries:
        if attempt.number > deed.told_attempts:
            yield from _attempt(make, deed, attempt)
            deed.told_attempts = attempt.number
    deed.tries = []
    if not deed.told_end and (deed.over or deed.phase not in PHASES | {deed.told_phase}):
        known = deed.phase in OVER or deed.phase == UNSEEN
        at = deed.end or deed.start
        yield from _operation(
            make, deed, deed.phase, step_of(deed.kind, deed.phase), at, facts, actor, how=How(deed.how), known=known
        )
        yield from results_events(make, operation_id(make.uid, deed), at, deed.resources, deed.how) if deed.over else ()
        deed.told_end, deed.told_phase = deed.over, deed.phase


def _attempt(make: Maker, deed: Deed, one: Try) -> Iterator[Event]:
    """An attempt that failed while the operation goes on; numbers that are left out were not seen."""
    ident, at = operation_id(make.uid, deed), instant(one.end) or deed.start
    facts = {
        "number": one.number,
        "unseen": one.number - deed.told_attempts - 1,
        "message": one.message,
        "failures": failures(one.message, one.resources),
        **_results(one.resources),
        "revisions": one.revisions,
        "finished_at": one.end,
    }
    seen = make.sighted(deed.sight)
    yield from seen.events("attempt", ident, "Failed", Step.NOTED, at, facts, unique=str(one.number), operation=ident)
    yield from results_events(seen, ident, at, one.resources, attempt=one.number)


def announced_operations(uid: str, found: Account) -> dict[str, str]:
    """Id of an announcement → id of the operation whose start or end it announced."""
    out = {}
    for one in found.operations:
        for said in (one.episode.started, one.episode.completed) if one.episode else ():
            if said:
                out[said.uid] = operation_id(uid, one.deed)
    return out


def begun_by(deed: Deed, episode: Episode | None, heard: Heard) -> Actor:
    """Its initiator: as it was proven once, else as the evidence says now."""
    if len(deed.by) == 3:
        name, kind, because = deed.by
        return Actor(name, ActorKind(kind), name if kind in {ActorKind.HUMAN, ActorKind.SERVICE} else None, because)
    return initiator(deed, episode, heard)


def _start_how(deed: Deed) -> How:
    return How.OBSERVED if deed.how == "observed" else How.RECONSTRUCTED


def _operation(
    make: Maker, deed: Deed, status: str, step: Step, at: datetime, facts: dict[str, Any], actor: Actor, **more: Any
) -> Iterator[Event]:
    ident = operation_id(make.uid, deed)
    repo = next((t.repository for t in deed.targets if t.repository), None)
    more = {"announced": deed.how == "reconstructed" and deed.history_id is None} | more
    return make.sighted(deed.sight).events(
        "operation", ident, status, step, at, facts, actor=actor, commits=tuple(deed.revisions), operation=ident, repo=repo, **more
    )


def operation_facts(deed: Deed, deployed: list[str], heard: Heard, actor: Actor) -> dict[str, Any]:
    """The facts that the event vocabulary promises for operations, and a few of Argo CD's own."""
    several = len(deed.targets) > 1
    first = next((t for t in deed.targets if t.repository), deed.targets[0] if deed.targets else None)
    facts: dict[str, Any] = {
        "operation_kind": deed.kind,
        "revision": deed.revisions[0] if deed.revisions and not several else None,
        "revisions": deed.revisions,
        "path": first.path if first else "",
        "target_revision": first.target_revision if first else "",
        "previous_revision": deployed[0] if len(deployed) == 1 else None,
        "previous_revisions": deployed,
        "sources": [_source_fact(t, i, deployed) for i, t in enumerate(deed.targets)],
        "started_at": None if "start_unknown" in deed.shape else deed.started,
        "finished_at": deed.finished,
        "message": deed.message,
        "history_id": deed.history_id,
        "retry_count": deed.retry_count,
        "automated": deed.kind in BY_ITSELF and actor.kind is ActorKind.AUTOMATION,
        "partial": deed.partial,
        "kind_by": deed.kind_by,
        **_results(deed.resources),
        "failures": failures(deed.message, deed.resources) if deed.over and deed.phase != SUCCEEDED else [],
        "options": deed.shape.get("options") or [],
        "also": _also(deed),
    }
    if deed.phase == RUNNING and (waits := waits_for(deed.message)):
        facts["waits_for"] = waits
    if deed.kind == Kind.ROLLBACK:
        facts["back_to"] = deed.back_to
    if heals := deed.shape.get("heals"):
        facts["heal_attempt"] = heals
    if deed.kind == Kind.INJECTED and "start_unknown" in deed.shape and not deed.partial:
        facts["perhaps_applicationset"] = True  # its rolling syncs are announced by nobody either
    if "perhaps_dry_run" in deed.shape:
        facts["perhaps_dry_run"] = True
    return facts | _terminated(deed, heard)


def _results(resources: Sequence[dict[str, str]]) -> dict[str, Any]:
    """What an operation's own event says of its resources: the first of them, and how many there are where that is not all."""
    shown = carried(resources)
    more = {"resources_total": len(resources)} if len(shown) < len(resources) else {}
    return {"resources": list(shown), **more}


def _also(deed: Deed) -> list[str]:
    """What it was beside its kind: retried, forced (deleted and made anew), replaced instead of applied, pruning."""
    options = {one.partition("=")[0].lower() for one in deed.shape.get("options") or [] if one.lower().endswith("=true")}
    found = {
        "retry": deed.retry_count > 0,
        "force": "force" in deed.shape or "force" in options,
        "replace": "replace" in options,
        "pruning": "prune" in deed.shape,
    }
    return [name for name, so in found.items() if so]


def _terminated(deed: Deed, heard: Heard) -> dict[str, Any]:
    """Who ended it early. Nothing in the application says so: where no announcement does, it is unknown, and why."""
    ender = _terminator(deed, heard.said or ())
    if ender:
        return {"terminated_by": ender}
    if not deed.over or "Operation terminat" not in deed.message:
        return {}
    if "sync timeout" in deed.message:
        return {"terminated_by": "Argo CD", "terminated_because": "its time limit for syncs"}
    return {"terminated_by": None, "terminated_because": "only an announcement names who ended an operation, and none was found"}


def _source_fact(target: Any, index: int, deployed: list[str]) -> dict[str, Any]:
    return {
        "repository": target.repository,
        "path": target.path,
        "chart": target.chart,
        "registry": target.registry,
        "ref": target.ref,
        "revision": target.revision,
        "target_revision": target.target_revision,
        "previous_revision": deployed[index] if index < len(deployed) else None,
    }


def _terminator(deed: Deed, said: tuple[Announcement, ...]) -> str | None:
    """Who ended it early: only an announcement inside the operation says so. One that ended otherwise was not ended by anybody,
    and an announcement a moment after its end is of the operation that came next."""
    unseen = deed.phase == UNSEEN
    if not deed.over or deed.end is None or not (unseen or "Operation terminat" in deed.message):
        return None
    until = deed.end if unseen else deed.end + EARLY
    ended = [one for one in said if TERMINATED.fullmatch(one.message) and deed.start <= one.at <= until and one.user]
    return ended[-1].user if ended else None


def history_events(make: Maker, found: Account, heard: Heard) -> Iterator[Event]:
    """Each new entry."""
    by_id: dict[int | None, Told] = {one.deed.history_id: one for one in found.operations if one.deed.history_id is not None}
    for entry in found.past.fresh:
        if event := _entry_event(make, entry, by_id, found, heard, "deployed"):
            yield event


def _entry_event(
    make: Maker, entry: wire.History, by_id: Mapping[int | None, Told], found: Account, heard: Heard, status: str
) -> Event | None:
    deed = from_history(entry)
    if deed is None:
        return None
    told = by_id.get(entry.id)
    whole = told.deed if told else deed
    deployed = before(deed, found.history)
    _classified(deed, told.episode if told else None, heard, found.history)
    if whole.kind:
        deed.kind, deed.kind_by, deed.back_to = whole.kind, whole.kind_by, whole.back_to
    actor = begun_by(whole, told.episode if told else None, heard)
    # a start that the entry does not hold is the operation's own, where one was seen to end then
    operation = operation_id(make.uid, whole) if entry.deploy_started_at or told else None
    step = step_of(deed.kind, SUCCEEDED)
    return make.event(
        "history",
        f"{make.uid}/{entry.id}",
        status,
        step,
        deed.end or deed.start,
        operation_facts(deed, deployed, heard, actor),
        unique=deed.finished or deed.started,
        actor=actor,
        how=How.RECONSTRUCTED,
        commits=tuple(deed.revisions),
        operation=operation,
        repo=next((t.repository for t in deed.targets if t.repository), None),
    )


def wants_of(deed: Deed, deployed: list[str]) -> Iterator[Want]:
    """What to ask the Git host: what lies between what was deployed and what this brought."""
    if deed.kind == Kind.DRY_RUN:
        return
    for i, target in enumerate(deed.targets):
        old = deployed[i] if i < len(deployed) else None
        if target.repository and is_commit(target.revision) and old != target.revision:
            yield Want(target.repository, target.revision, old if is_commit(old) else None, plain(target.path, 500))
