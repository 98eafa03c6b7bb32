"""Whether an application was compared with the very sources that are deployed, parameters and values included. Pure and total.

Values may be secrets: they are compared before they are taken out, and nothing of them is kept or digested but yes or no.
"""

from typing import Any


def alike(body: Any) -> bool | None:
    """Of an Application as it came: `status.sync.comparedTo` beside the last entry of the history. None without either."""
    status = _dict(_dict(body).get("status"))
    history = (
        [one for one in status.get("history") or [] if isinstance(one, dict)] if isinstance(status.get("history"), list) else []
    )
    numbered = [one for one in history if type(one.get("id")) is int]
    compared = _sources(_dict(_dict(status.get("sync")).get("comparedTo")))
    deployed = _sources(max(numbered, key=lambda one: int(one["id"]))) if numbered else []
    return deployed == compared if deployed and compared else None


def _sources(holder: dict[str, Any]) -> list[Any]:
    """The sources in order: several, or one, or none; one of nothing but an empty address is none."""
    if isinstance(holder.get("sources"), list) and holder["sources"]:
        return list(holder["sources"])
    return [holder["source"]] if _dict(holder.get("source")).get("repoURL") else []


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
