"""What lineage says beside a change: the paths its runs changed, and who waits for what is written to them. A reading."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from app.changes.lineage import store
from app.changes.lineage.awaited import Item, awaited, awaiting, waiters
from app.changes.lineage.pending import pending_of, stored_by
from app.domain.lineage import Path
from app.lineage.chains import paths
from app.lineage.paths import spelled


@dataclass(frozen=True, slots=True)
class Beside:
    outputs: tuple[Path, ...] = ()
    awaits: tuple[Item, ...] = ()


def beside(connection: Connection, item: object) -> Beside:
    """Four questions, whatever there is; none of a change whose runs write no path and whose syncs wait for none."""
    whole: Mapping[str, Any] = item if isinstance(item, Mapping) else {}
    mine, waiting = stored_by(whole), waiters(whole)
    if not mine and not waiting:
        return Beside()
    writes, looks = store.writes(connection), store.looks(connection)
    open_ = [one for each in store.open_plans(connection) for one in pending_of(each)]
    acted = {(act.system, spelled(act.system, act.path)) for act in writes if not act.held and (act.source, act.run) in mine}
    outputs = tuple(one for one in paths(writes, looks) if (one.system, one.path) in acted) if acted else ()
    rows = awaited(waiting, writes, open_, looks)
    held = {_of(row) for row in rows}
    rows += [row for row in awaiting(mine, writes, open_, looks) if _of(row) not in held]
    return Beside(outputs, tuple(rows))


def _of(row: Item) -> tuple[Any, ...]:
    return row["application"], row["run"], row["address"], row["object"]["is"]
