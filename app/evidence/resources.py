"""The resources of one change as CSV, from its JSON item: a row for each resource of each plan, none left out (RFC 4180)."""

from collections.abc import Iterator, Mapping
from typing import Any

from app.evidence.table import table_csv

COLUMNS = (
    *("run", "proposed", "acted", "drift", "address", "previous_address", "module", "mode", "type", "name", "provider", "action"),
    *("reason", "importing", "deposed", "attributes", "redacted", "result", "reviewed_plan", "reviewed_outcome", "reviewed_as"),
)


def resources_csv(item: Mapping[str, Any]) -> Iterator[bytes]:
    """UTF-8, CRLF, a header row. A cell that a spreadsheet would run begins with `'`, as in every CSV here."""
    return table_csv(COLUMNS, _rows(item))


def _rows(item: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    plans = {plan["run"]: plan for plan in item.get("plans", ())}
    compared = {
        one["run"]: {**one, "said": {d["address"]: d["reviewed"] for d in one["differences"]}} for one in item.get("reviewed", ())
    }
    for key in ("resources", "resource_drift"):
        for one in item.get(key, ()):
            plan, beside = plans.get(one["run"], {}), compared.get(one["run"])
            row = {**one, "proposed": plan.get("proposed"), "acted": plan.get("acted"), "drift": key == "resource_drift"}
            yield row | (_beside(beside, one["address"]) if beside and key == "resources" else {})
    for beside in compared.values():
        there = {one["address"] for one in item.get("resources", ()) if one["run"] == beside["run"]}
        for address in beside["said"]:
            if address not in there:
                yield {"run": beside["run"], "address": address, "action": "not in it", **_beside(beside, address)}


def _beside(compared: Mapping[str, Any], address: str) -> dict[str, Any]:
    """How the reviewed plan named it."""
    told: dict[str, Any] = {"reviewed_plan": compared["plan"], "reviewed_outcome": compared["outcome"]}
    if compared["outcome"] in ("same", "different"):
        said = compared["said"]
        told["reviewed_as"] = (said[address] or "not in it") if address in said else "the same"
    return told
