"""`/ownership`: objects that both Terraform and Argo CD manage, or that the layer manages to which they do not belong. Hints."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from app.changes.told import iso
from app.domain.ownership import ByArgoCD, ByTerraform, Finding, Owned
from app.web.views.marks import Badge
from app.web.views.shell import Shell
from app.web.views.tables import Cell, Grid

HINTS = {Finding.TWICE: "owned twice", Finding.TERRAFORM: "by Terraform", Finding.ARGOCD: "by Argo CD"}
SHOWN = 500  # of one finding; the CSV and the JSON have all
WORDS = {
    Finding.TWICE: ("Managed by both", "Terraform and Argo CD each declare it"),
    Finding.TERRAFORM: ("Applications made by Terraform", "beside what Argo CD deploys into the same namespace"),
    Finding.ARGOCD: ("Infrastructure through Argo CD", "cloud resources that no Terraform plan shows"),
}
HEADS = ("Object", "Hint", "Terraform", "Argo CD", "Why")


@dataclass(frozen=True, slots=True)
class OwnershipPage:
    shell: Shell
    lead: str
    rest: str
    export: str
    tables: tuple[Grid, ...]


def ownership_page(shell: Shell, found: Sequence[Owned]) -> OwnershipPage:
    lead = f"{len(found):,} object{'s' if len(found) != 1 else ''} stand{'s' if len(found) == 1 else ''} out."
    grids = [_grid(finding, [one for one in found if one.finding is finding]) for finding in Finding]
    return OwnershipPage(
        shell=shell,
        lead=lead if found else "No object stands out.",
        rest="Of Terraform the newest plan and apply of each workspace say what it manages, of Argo CD what its applications list. "
        "These are hints, and no control judges them.",
        export=f"Export {len(found):,} as CSV",
        tables=tuple(grid for grid in grids if grid.rows),
    )


def of_change(item: Mapping[str, Any], found: Sequence[Owned]) -> tuple[Grid, ...]:
    """Those that this change's runs or syncs touched, as one table; nothing where there are none."""
    addresses = {(one.get("address")) for one in _list(item, "resources")}
    synced = {_named(one) for sync in _list(item, "syncs") for one in _list(sync, "resources")}
    mine = [
        one
        for one in found
        if (one.terraform and one.terraform.address in addresses) or (one.argocd and (one.kind, one.namespace, one.name) in synced)
    ]
    grid = Grid("ownership", "Ownership", "who else manages what it touched; a hint", HEADS, tuple(_row(one) for one in mine))
    return (grid,) if grid.rows else ()


def places(item: object) -> tuple[list[str], list[str]]:
    """The workspaces and the applications of a change."""
    runs, syncs = _list(item, "runs"), _list(item, "syncs")
    return sorted({str(one.get("workspace")) for one in runs}), sorted({str(one.get("application")) for one in syncs})


def items(found: Iterable[Owned]) -> list[dict[str, Any]]:
    return [_item(one) for one in found]


def _item(one: Owned) -> dict[str, Any]:
    return {
        "finding": str(one.finding),
        "object": {"group": one.group, "kind": one.kind, "namespace": one.namespace or None, "name": one.name},
        "environment": one.environment,
        "terraform": _terraform(one.terraform),
        "argocd": _argocd(one.argocd),
        "beside": one.beside or None,
        "strength": "assumed" if one.assumed else "derived",
        "because": one.because,
    }


def _terraform(side: ByTerraform | None) -> dict[str, Any] | None:
    if side is None:
        return None
    told = {"source": side.source, "workspace": side.workspace, "address": side.address, "run": side.run}
    return told | {"at": iso(side.at)}


def _argocd(side: ByArgoCD | None) -> dict[str, Any] | None:
    if side is None:
        return None
    told = {"source": side.source, "application": side.application}
    return told | {"project": side.project or None, "destination": side.destination or None}


def _grid(finding: Finding, found: Sequence[Owned]) -> Grid:
    name, says = WORDS[finding]
    cut = f"; the first {SHOWN:,} of {len(found):,} are shown, the CSV and the JSON have all"
    more = cut if len(found) > SHOWN else f": {len(found):,}"
    return Grid(finding.replace(" ", "-"), name, says + more, HEADS, tuple(_row(one) for one in found[:SHOWN]))


def _row(one: Owned) -> tuple[Cell, ...]:
    where = f" in {one.namespace}" if one.namespace else ""
    run, app = one.terraform, one.argocd
    return (
        Cell(f"{one.kind}/{one.name}{where}"),
        Cell(badge=Badge("exception", "v-exception", HINTS[one.finding])),
        Cell(f"{run.address} in {run.workspace}", f"/changes?q={_quoted('run', run.run)}") if run else Cell("not by Terraform"),
        Cell(app.application, f"/changes?q={_quoted('app', app.application)}") if app else Cell("not by Argo CD"),
        Cell(f"{one.because[0].upper()}{one.because[1:]}."),
    )


def _quoted(key: str, value: str) -> str:
    return quote(f'{key}:"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"', safe="")


def _named(one: Mapping[str, Any]) -> tuple[str, str, str]:
    return (str(one.get("kind") or ""), str(one.get("namespace") or ""), str(one.get("name") or ""))


def _list(item: object, key: str) -> list[Mapping[str, Any]]:
    value = item.get(key) if isinstance(item, Mapping) else None
    return [v for v in value if isinstance(v, Mapping)] if isinstance(value, Sequence) and not isinstance(value, str) else []
