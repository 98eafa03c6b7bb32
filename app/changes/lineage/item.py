"""A path of a secret store as the JSON has it: who writes it, who reads it, and how each reader stands to its last change."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from app.domain.lineage import CALLED, Match, Path, Reader, Standing, User, Writer

Item = dict[str, Any]


def item(path: Path) -> Item:
    """Times are ISO 8601 UTC; what is not known is null."""
    return {
        "id": f"{path.system}:{path.path}",
        "system": str(path.system),
        "store": CALLED[path.system],
        "path": path.path,
        "states": list(path.states),
        "writers": [_writer(one) for one in path.writers],
        "readers": [_reader(one) for one in path.readers],
        "gaps": [{"what": what, "because": because} for what, because in path.gaps],
    }


def _writer(one: Writer) -> Item:
    changed, gone = one.changed, one.gone
    return {
        "source": one.last.source,
        "workspace": one.last.workspace,
        "address": one.last.address,
        "type": one.last.type or None,
        "changed_at": _time(changed.at if changed else None),
        "changed_by": changed.run if changed else None,
        "changed": None if changed is None else "perhaps" if changed.value_changed is None else "changed",
        "last_told_at": _time(one.last.at),
        "last_told_by": one.last.run,
        "gone_at": _time(gone.at if gone else None),
        "gone_by": gone.run if gone else None,
    }


def _reader(one: Reader) -> Item:
    external, look, store = one.external, one.look, one.store
    return {
        "source": look.source,
        "application": look.application,
        "project": look.project,
        "destination": look.destination,
        "kind": external.kind,
        "name": external.name,
        "namespace": external.namespace or None,
        "store": one.ask.store or None,
        "store_kind": one.ask.store_kind or None,
        "provider": store.provider or None if store else None,
        "region": store.region or None if store else None,
        "key": one.ask.key,
        "how": one.ask.how,
        "pattern": one.ask.pattern or None,
        "properties": list(one.properties),
        "version": one.ask.version or None,
        "declared": None if one.match is None else one.match is not Match.INFERRED,
        "match": str(one.match) if one.match else None,
        "because": one.because or None,
        "secret": external.target or None,
        "interval_seconds": external.interval,
        "refreshed_at": _time(external.refreshed_at),
        "ready": external.ready,
        "looked_at": _time(look.at),
        "entry": look.seq,
        "unread_because": look.unread_because or None,
        **_standing(one.standing),
        "workloads": [_user(user) for user in one.users],
    }


def _user(one: User) -> Item:
    made = one.workload
    return {
        "application": one.application,
        "kind": made.kind,
        "name": made.name,
        "namespace": made.namespace or None,
        "uses": list(one.ways),
        "restarted_at": _time(made.restarted_at),
        "rolled_at": _time(made.rolled_at),
        **_standing(one.standing),
    }


def _standing(one: Standing) -> Item:
    times = {"stale_since": _time(one.since), "due_at": _time(one.due_at)}
    return {"state": str(one.state), "state_because": one.because, **times}


def _time(at: datetime | None) -> str | None:
    return at.isoformat().replace("+00:00", "Z") if at else None


def chains(told: Mapping[str, Any]) -> Iterator[Item]:
    """An item as flat rows: one for each writer, reader and workload that hang together; a missing link leaves its cells empty."""
    flat = {"path": told["path"], "system": told["system"], "states": " ".join(told["states"])}
    flat |= {"gaps": "; ".join(f"{gap['what']}: {gap['because']}" for gap in told["gaps"])}
    for writer in told["writers"] or [{}]:
        made = {f"writer_{name}": value for name, value in writer.items()}
        for reader in told["readers"] or [{}]:
            read = {f"reader_{name}": value for name, value in reader.items() if name not in ("workloads", "properties")}
            read |= {"reader_properties": " ".join(reader.get("properties", ()))}
            for workload in reader.get("workloads") or [{}]:
                used = {f"workload_{name}": value for name, value in workload.items() if name != "uses"}
                yield {**flat, **made, **read, **used, "workload_uses": " ".join(workload.get("uses", ()))}
