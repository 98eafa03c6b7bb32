"""One operation of a change on a page of its own: all of its results, a page at a time."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.changes.rows import WholeChange
from app.web.times import Zone
from app.web.views.shell import Shell
from app.web.views.syncs import PAGE, SyncSheet, address, records, sync_sheet


@dataclass(frozen=True, slots=True)
class SyncPage:
    shell: Shell
    number: str
    title: str
    back: str
    json: str
    sheet: SyncSheet
    range: str
    first: str
    earlier: str
    later: str

    @property
    def steps(self) -> tuple[tuple[str, str], ...]:
        return (("First", self.first), ("Earlier", self.earlier), ("Later", self.later))


def the_sync(whole: WholeChange, operation: str) -> Mapping[str, Any] | None:
    """The operation of this id, if it is one of the change's."""
    item = whole.item if isinstance(whole.item, Mapping) else {}
    return next((sync for sync in records(item.get("syncs")) if sync.get("id") == operation), None)


def sync_page(shell: Shell, whole: WholeChange, sync: Mapping[str, Any], zone: Zone, first: int) -> SyncPage:
    """Results from the `first` (counted from 0) on; what lies past the end is its last page."""
    many = len(records(sync.get("resources")))
    first = max(0, min(first - first % PAGE, (many - 1) // PAGE * PAGE)) if many else 0
    at, back = address(whole.row.id, sync), f"/changes/{whole.row.id}"
    return SyncPage(
        shell=shell,
        number=str(whole.row.number),
        title=str(whole.row.title or "Untitled")[:160],
        back=back,
        json=f"/api/v1{back}",
        sheet=sync_sheet(sync, whole.row.id, zone, first),
        range=f"{first + 1:,} to {min(first + PAGE, many):,} of {many:,}" if many > PAGE else "",
        first=at if first else "",
        earlier=f"{at}?first={first - PAGE}" if first else "",
        later=f"{at}?first={first + PAGE}" if first + PAGE < many else "",
    )
