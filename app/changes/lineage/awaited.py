"""Syncs that wait for an ExternalSecret, or are left Degraded by one, and the runs that write what it asks for. Pure.

Told in the shape of a change's `needs`: a path of a secret store is one more thing that had to be there first.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from app.changes.told import iso
from app.domain.lineage import CALLED, External, Look, Match, Path, Reader, System, Write
from app.domain.moment import moment_of
from app.domain.order import Came, Does, Stands
from app.lineage.chains import paths
from app.lineage.paths import spelled
from app.linking.spans import lasted

Item = dict[str, Any]
Act = tuple[Write, Stands]
Spot = tuple[System, str]
NAMED = re.compile(r"external-secrets\.io/((?:Cluster)?ExternalSecret)/([^\s,]+)")
_WAITS = {
    Stands.PLANNED: "planned and waits to be confirmed",
    Stands.CONFIRMED: "confirmed and waits to be applied",
    Stands.APPLYING: "being applied",
    Stands.FAILED: "not applied whole: its apply failed",
}


@dataclass(frozen=True, slots=True)
class Waiter:
    """A sync. `named`: (kind, name) of the ExternalSecrets that it was seen to wait for; `degraded`: it left its application so."""

    key: str
    source: str
    uid: str
    application: str
    at: datetime
    named: frozenset[tuple[str, str]]
    degraded: bool

    def waits(self, look: Look, external: External) -> bool:
        if (look.source, look.uid) != (self.source, self.uid):
            return False
        named = (external.kind, external.name) in self.named
        return named or (self.degraded and external.ready is False and look.at >= self.at)


@dataclass(frozen=True, slots=True)
class Pending:
    """What a run that is not applied is to write; its `write` is dated when the run was made."""

    write: Write
    stands: Stands


def waiters(item: object) -> list[Waiter]:
    """The syncs of a change (its stored item) that may wait for a secret."""
    return [found for told in _list(item, "syncs") if (found := _waiter(told))]


def _waiter(told: Mapping[str, Any]) -> Waiter | None:
    at, id_, source = moment_of(told.get("started_at")), str(told.get("id") or ""), str(told.get("instance") or "")
    waited = told.get("waited_for")
    said = [told.get("waits_for"), told.get("message"), *(waited if isinstance(waited, list) else ())]
    named = frozenset(found for text in said if isinstance(text, str) for found in NAMED.findall(text))
    degraded = told.get("health") == "Degraded"
    if at is None or not (named or degraded):
        return None
    application = str(told.get("application") or "")
    return Waiter(f"operation:{source}:{id_}", source, id_.partition("/")[0], application, at, named, degraded)


def awaited(waiting: Sequence[Waiter], writes: Sequence[Write], pending: Sequence[Pending], looks: Sequence[Look]) -> list[Item]:
    """For each of these syncs: each key that an ExternalSecret it waits for asks for, and who writes it, or that nobody does."""
    rows, acts = [row for one in waiting for row in _unread(one, looks)], _acts(writes, pending)
    for path in _paths(writes, pending, _only(looks, lambda look, external: any(one.waits(look, external) for one in waiting))):
        for reader in path.readers:
            for one in waiting:
                if one.waits(reader.look, reader.external):
                    rows += _of(path, reader, one, acts)
    return rows


def awaiting(
    runs: frozenset[tuple[str, str]], writes: Sequence[Write], pending: Sequence[Pending], looks: Sequence[Look]
) -> list[Item]:
    """For each path that these runs (source, id) wrote or are to write: the ExternalSecrets that are not ready and ask for it."""
    ours = [one for one in writes if not one.held and (one.source, one.run) in runs]
    acts = _acts(ours, [one for one in pending if (one.write.source, one.write.run) in runs])
    found = _paths(writes, pending, _only(looks, lambda _, external: external.ready is not True)) if acts else ()
    mine = [path for path in found if (path.system, path.path) in acts]
    return [row for path in mine for reader in path.readers for row in _of(path, reader, None, acts)]


def _only(looks: Iterable[Look], wanted: Any) -> list[Look]:
    """The looks with the ExternalSecrets that are asked about alone: whose store it is any of them may tell."""
    return [replace(look, workloads=(), externals=tuple(one for one in look.externals if wanted(look, one))) for look in looks]


def _paths(writes: Sequence[Write], pending: Sequence[Pending], looks: Sequence[Look]) -> Sequence[Path]:
    told = [*writes, *(replace(one.write, held=True, value_changed=False) for one in pending)]
    return sorted(paths(told, looks), key=lambda path: (path.path, str(path.system)))


def _unread(one: Waiter, looks: Sequence[Look]) -> Iterator[Item]:
    """What it waits for by name, and no look tells."""
    mine = [look for look in looks if (look.source, look.uid) == (one.source, one.uid)]
    seen = {(external.kind, external.name) for look in mine for external in look.externals if external.asks}
    for kind, name in sorted(one.named - seen):
        unread = next((look.unread_because for look in mine if look.unread_because), "no look at its application has shown it yet")
        what = f"{kind} {name}"
        says = f"The sync of {one.application} waits for {what}; what that asks for is not known."
        yield _row(one, what, None, says=says, because=unread, strength="unknown", application=one.application)


def _of(path: Path, reader: Reader, one: Waiter | None, told: Mapping[Spot, Sequence[Act]]) -> Iterator[Item]:
    """Each workspace's resource that writes it, by the run that counts at the moment of the sync."""
    what = f"path {path.path} of {CALLED[path.system]}"
    declared = "inferred" if reader.match in (None, Match.INFERRED) else "declared"
    known = {"strength": declared, "application": reader.look.application, "external": reader.external}
    asks = f"{reader.external.kind} {reader.external.name} of {reader.look.application} asks for it"
    found = False
    owners: dict[tuple[str, str, str], list[Act]] = {}
    for act in told.get((path.system, path.path), ()):
        owners.setdefault((act[0].source, act[0].workspace, act[0].address), []).append(act)
    for place, acts in sorted(owners.items()):
        counts = _counts(acts, one.at if one else None)
        if counts is None:
            continue
        found = True
        because = f"{asks}{_ready(reader)}{f'; {reader.because}' if reader.because else ''}."
        yield _row(one, what, counts, says=_says(what, place, counts, reader, one), because=because, **known)
    if not found:
        why = next((because for gap, because in path.gaps if gap == "nobody we watch writes it"), "no plan that was read names it")
        yield _row(one, what, None, says=f"Nobody we watch writes {what}: {why}.", because=f"{asks}{_ready(reader)}.", **known)


def _ready(reader: Reader) -> str:
    external, at = reader.external, iso(reader.look.at)
    if external.ready:
        return f", and was ready when it was looked at, {at}"
    reason = f" ({external.reason})" if external.reason else ""
    return f", and was not ready when it was looked at, {at}{reason}" if external.ready is False else ""


def _acts(writes: Sequence[Write], pending: Sequence[Pending]) -> dict[Spot, list[Act]]:
    """By path; in the order of time, what is not applied last."""
    out: dict[Spot, list[Act]] = {}
    applied = [(one, Stands.FAILED if one.action == "create" and one.value_changed is None else Stands.APPLIED) for one in writes]
    for one, stands in [*sorted(applied, key=lambda act: (act[0].at, act[0].run)), *((p.write, p.stands) for p in pending)]:
        out.setdefault((one.system, spelled(one.system, one.path)), []).append((one, stands))
    return out


def _counts(acts: Sequence[Act], at: datetime | None) -> Act | None:
    """What had written it last, or taken it away, by then; else what wrote it next, or is to. Without a moment the newest."""
    if at is None:
        return acts[-1]
    before = [act for act in acts if _done(act) and act[0].at <= at]
    after = [act for act in acts if not act[0].gone and not (_done(act) and act[0].at <= at)]
    if before and not before[-1][0].gone:
        return before[-1]
    return after[0] if after else before[-1] if before else None


def _done(act: Act) -> bool:
    return act[1] in (Stands.APPLIED, Stands.FAILED)


def _came(act: Act, at: datetime | None) -> Came:
    if at is None:
        return Came.RUN_FIRST if _done(act) else Came.OPEN
    if _done(act) and act[0].at <= at:
        return Came.RUN_FIRST
    return Came.DURING if act[0].began_at and act[0].began_at <= at else Came.SYNC_FIRST


def _says(what: str, place: tuple[str, str, str], act: Act, reader: Reader, one: Waiter | None) -> str:
    write, stands = act
    made = f"{what[0].upper()}{what[1:]} is written by {place[2]} of workspace {place[1]}, {write.run}"
    app = reader.look.application
    if write.gone:
        return f"{what[0].upper()}{what[1:]} was taken away by {write.run} of workspace {place[1]}, {iso(write.at)}."
    if not _done(act):
        waits = f": the sync of {app} came before the apply" if one else f", and {reader.external.name} of {app} waits for it"
        return f"{made}, which is {_WAITS[stands]}{waits}."
    did = "whose apply failed" if stands is Stands.FAILED else "whose plan left it as it was" if write.held else "applied"
    if one is None:
        return f"{made}, {did} {iso(write.at)}."
    span = write.at - one.at
    if span.total_seconds() <= 0:
        return f"{made}, {did} {lasted(span)} before the sync of {app} began; why it waits all the same is not told."
    return f"{made}, {did} {lasted(span)} after the sync of {app} began."


def _row(one: Waiter | None, what: str, act: Act | None, *, says: str, because: str, **known: Any) -> Item:
    write, at = act[0] if act else None, one.at if one else None
    done = write if act and _done(act) and not act[0].gone else None
    external = known.get("external")
    return {
        "object": {"kind": "path", "namespace": None, "name": what.partition(" ")[2], "is": what},
        "wants": "secret",
        "application": known["application"],
        "external": {"kind": external.kind, "name": external.name, "ready": external.ready} if external else None,
        "wanted_by": one.key if one else None,
        "at": iso(at),
        "source": write.source if write else None,
        "run": write.run if write else None,
        "workspace": write.workspace if write else None,
        "address": write.address if write else None,
        "does": None if write is None else str(Does.DESTROYS if write.gone else Does.MAKES),
        "stands": str(act[1]) if act else None,
        "applied_at": iso(done.at) if done else None,
        "came": str(_came(act, at)) if act else "nobody we watch writes it" if external else "not known",
        "seconds": int((done.at - at).total_seconds()) if done and at else None,
        "strength": known["strength"],
        "says": says,
        "because": because,
    }


def _list(item: object, key: str) -> list[Mapping[str, Any]]:
    value = item.get(key) if isinstance(item, Mapping) else None
    return [v for v in value if isinstance(v, Mapping)] if isinstance(value, list) else []
