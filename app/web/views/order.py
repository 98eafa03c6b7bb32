"""What had to be there first, as small tables: objects across Terraform and Argo CD, and phases and waves within a sync."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from app.web.times import Zone, parse_iso, shown_or_none
from app.web.views.marks import Badge
from app.web.views.tables import Cell, Grid

WRONG, OPEN = ("exception", "v-exception"), ("indeterminate", "v-indeterminate")
CAME = {
    "the sync came first": Badge(*WRONG, "sync first"),
    "the sync came while it was applied": Badge(*WRONG, "sync during the apply"),
    "the run came first": Badge(*OPEN, "run first, missed all the same"),
    "neither has come yet": Badge(*WRONG, "not applied yet"),
    "nobody we watch writes it": Badge(*WRONG, "nobody we watch writes it"),
}
DESTROYED = Badge("fail", "v-fail", "destroyed before the sync")


def grids(item: Mapping[str, Any], awaits: Sequence[Mapping[str, Any]], zone: Zone) -> tuple[Grid, ...]:
    """`awaits`: paths of secret stores, in the shape of the item's `needs`. Empty ones are left out. Total: the item came from a
    stored document, which may be older than this program."""
    both = [*_list(item, "needs"), *awaits]
    return tuple(grid for grid in (_needs(both, zone), _late(_list(item, "late"))) if grid.rows)


def _list(item: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    value = item.get(key)
    return [v for v in value if isinstance(v, Mapping)] if isinstance(value, Sequence) and not isinstance(value, str) else []


def _needs(needs: Sequence[Mapping[str, Any]], zone: Zone) -> Grid:
    rows = []
    for one in needs:
        named = one.get("object")
        what = str(named.get("is") or "") if isinstance(named, Mapping) else ""
        missed = shown_or_none(parse_iso(one.get("at")), zone)
        run = str(one.get("run") or "")
        rows.append(
            (
                Cell(what[:1].upper() + what[1:] or "An object without a name"),
                Cell(badge=_came(one)),
                Cell(str(one.get("says") or "not told"), f"/changes?q={quote('run:' + run, safe='')}" if run else ""),
                Cell(time=missed) if missed else Cell("by no sync" if one.get("wants") == "secret" else "not yet"),
                Cell(f"{str(one.get('strength') or 'not told').capitalize()}. {one.get('because') or ''}".strip()),
            )
        )
    heads = ("Object", "Order", "What came when", "First missed", "How this is known")
    return Grid("needs", "What had to be there first", "a sync needs it, a Terraform run makes or writes it", heads, tuple(rows))


def _came(one: Mapping[str, Any]) -> Badge:
    if one.get("does") == "destroys":
        return DESTROYED
    waits = one.get("run") and one.get("applied_at") is None and one.get("at") is not None
    return Badge(*WRONG, "sync first, not applied yet") if waits else CAME.get(str(one.get("came")), Badge(*OPEN, "not told"))


def _late(late: Sequence[Mapping[str, Any]]) -> Grid:
    rows = []
    for one in late:
        before = one.get("before")
        known = bool(before) and isinstance(before, Sequence)
        space = f" in {one.get('namespace')}" if one.get("namespace") else ""
        rows.append(
            (
                Cell(f"{one.get('object') or 'an object without a name'}{space}"),
                Cell(badge=Badge(*WRONG, "after what needs it") if known else Badge(*OPEN, "wave not known")),
                Cell(str(one.get("application") or "")),
                Cell(str(one.get("place") or "")),
                Cell(str(one.get("because") or "")),
            )
        )
    heads = ("Object", "Hint", "Application", "Applied in", "Why")
    return Grid(
        "late", "Order within the sync", "by phases and waves; kinds within a wave are in order by themselves", heads, tuple(rows)
    )
