"""Ownership as CSV (RFC 4180): a row for each object that stands out, both its sides beside it; guarded as every CSV here."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from app.evidence.table import table_csv

SIDES = {
    "object": ("group", "kind", "namespace", "name"),
    "terraform": ("source", "workspace", "address", "run", "at"),
    "argocd": ("source", "application", "project", "destination"),
}
COLUMNS = (
    "finding",
    *SIDES["object"],
    "environment",
    *(f"{side}_{name}" for side in ("terraform", "argocd") for name in SIDES[side]),
    *("beside", "strength", "because"),
)


def ownership_csv(items: Iterable[Mapping[str, Any]]) -> Iterator[bytes]:
    """`items` as the JSON has them; a side that there is not leaves its cells empty."""
    return table_csv(COLUMNS, map(_row, items))


def _row(item: Mapping[str, Any]) -> dict[str, Any]:
    flat = {name: value for name, value in item.items() if name not in SIDES} | dict(item["object"])
    for side in ("terraform", "argocd"):
        flat |= {f"{side}_{name}": value for name, value in (item[side] or {}).items()}
    return flat
