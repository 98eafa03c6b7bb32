"""What each version of Argo CD says of an application: the fake's answer without what came later.

First versions: https://argo-cd.readthedocs.io/en/stable/operator-manual/upgrading/overview/ and the projects' release notes.
"""

from typing import Any

from app.demo.fakes.argocd_types import JSON

Version = tuple[int, int]


def as_told_by(version: Version, body: JSON) -> JSON:
    """`body`, whole, as a server of `version` would have it. `body` is not changed."""
    out: JSON = _copy(body)
    status = out.get("status") or {}
    if version < (2, 11):
        for entry in status.get("history") or []:
            entry.pop("initiatedBy", None)
    state = status.get("operationState") or {}
    operations = [out.get("operation") or {}, state.get("operation") or {}]
    for sync in (one.get("sync") or {} for one in operations):
        if version < (2, 13):
            sync.pop("autoHealAttemptsCount", None)
        if version < (3, 2) and not _rolled_back(sync):
            sync.pop("source", None)
            sync.pop("sources", None)
    if version < (2, 14):
        status.pop("sourceHydrator", None)
        (status.get("health") or {}).pop("lastTransitionTime", None)
    if version < (3, 0):
        status.pop("resourceHealthSource", None)
    if version < (3, 1):
        for item in (state.get("syncResult") or {}).get("resources") or []:
            item.pop("images", None)
    return out


def _rolled_back(sync: JSON) -> bool:
    """A rollback carries the source of the entry that it goes back to, in every version."""
    return "apply" in (sync.get("syncStrategy") or {})


def _copy(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copy(item) for key, item in value.items()}
    return [_copy(item) for item in value] if isinstance(value, list) else value
