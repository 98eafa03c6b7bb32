"""Ownership as CSV (RFC 4180): a row for each object that stands out, both its sides beside it; guarded as every CSV here."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from app.evidence.resources import guarded

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
CHUNK = 500  # rows handed on at once


def ownership_csv(items: Iterable[Mapping[str, Any]]) -> Iterator[bytes]:
    """`items` as the JSON has them; a side that there is not leaves its cells empty."""
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\r\n")
    writer.writeheader()
    for number, row in enumerate(map(_row, items), 1):
        writer.writerow({name: guarded(row.get(name)) for name in COLUMNS})
        if number % CHUNK == 0:
            yield out.getvalue().encode()
            out.seek(0)
            out.truncate()
    yield out.getvalue().encode()


def _row(item: Mapping[str, Any]) -> dict[str, Any]:
    flat = {name: value for name, value in item.items() if name not in SIDES} | dict(item["object"])
    for side in ("terraform", "argocd"):
        flat |= {f"{side}_{name}": value for name, value in (item[side] or {}).items()}
    return flat
