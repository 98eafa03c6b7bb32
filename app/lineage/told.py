"""The facts of `secret-refs` → what one application's objects say. Total: what does not fit is left out, never guessed."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from app.domain.lineage import Asked, External, Store, System, Workload
from app.domain.moment import moment_of

Name = tuple[str, str, str]  # kind, namespace, name


def stores(parts: Iterable[Mapping[str, Any]]) -> tuple[Store, ...]:
    names = ("kind", "name", "namespace", "provider", "mount", "prefix", "region", "place")
    return tuple(Store(**_texts(row, *names), system=_system(row.get("system"))) for row in _rows(parts, "stores"))


def externals(parts: Sequence[Mapping[str, Any]]) -> tuple[External, ...]:
    asks: dict[Name, list[Asked]] = {}
    for row in _rows(parts, "refs"):
        asks.setdefault(_name(row), []).append(
            Asked(**_texts(row, "key", "how", "property", "version", "pattern", "store_kind", "store"))
        )
    return tuple(
        External(
            **_texts(row, "kind", "name", "namespace", "target", "synced_version", "reason"),
            interval=_whole(row.get("interval")),
            refreshed_at=_when(row.get("refreshed_at")),
            ready=row["ready"] if isinstance(row.get("ready"), bool) else None,
            live=row.get("live") is not False,
            asks=tuple(asks.get(_name(row), ())),
        )
        for row in _rows(parts, "externals")
    )


def workloads(parts: Sequence[Mapping[str, Any]]) -> tuple[Workload, ...]:
    uses: dict[Name, list[tuple[str, str]]] = {}
    for row in _rows(parts, "uses"):
        uses.setdefault(_name(row), []).append((_text(row, "secret"), _text(row, "by")))
    return tuple(
        Workload(
            **_texts(row, "kind", "name", "namespace", "group"),
            uses=tuple(uses.get(_name(row), ())),
            restarted_at=_when(row.get("restarted_at")),
            rolled_at=_when(row.get("rolled_at")),
            reloader=row.get("reloader") is True,
        )
        for row in _rows(parts, "workloads")
    )


def _rows(parts: Iterable[Mapping[str, Any]], name: str) -> list[Mapping[str, Any]]:
    lists = (part.get(name) for part in parts)
    return [row for rows in lists if isinstance(rows, list) for row in rows if isinstance(row, Mapping) and _text(row, "name")]


def _name(row: Mapping[str, Any]) -> Name:
    return _text(row, "kind"), _text(row, "namespace"), _text(row, "name")


def _text(row: Mapping[str, Any], name: str) -> str:
    value = row.get(name)
    return value if isinstance(value, str) else ""


def _texts(row: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: _text(row, name) for name in names}


def _whole(value: Any) -> int | None:
    return value if type(value) is int and 0 <= value < 2**40 else None


def _when(value: Any) -> datetime | None:
    return moment_of(value)


def _system(value: Any) -> System:
    try:
        return System(value)
    except ValueError:
        return System.OTHER if value else System.UNKNOWN
