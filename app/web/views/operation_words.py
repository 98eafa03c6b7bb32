"""Argo CD's operations in words: their kinds and how those are known, their options, what became of a resource."""

from collections.abc import Mapping
from typing import Any

from app.web.views.marks import VERDICTS, Badge

NAMES = {
    "automated": "Automated sync of {}",
    "manual": "Manual sync of {}",
    "rollback": "Rollback of {}",
    "selective": "Selective sync of {}",
    "prune": "Prune of {}",
    "self-heal": "Self-heal of {}",
    "dry-run": "Dry run of {}",
    "local": "Sync of {} from outside Git",
    "applicationset": "Sync of {} by its ApplicationSet",
    "injected": "Operation on {}, put in past the API",
    "unknown": "Sync of {}, of unknown kind",
}
WHAT = {
    "automated": "Argo CD began it by itself",
    "manual": "somebody asked for it",
    "selective": "named resources only, without hooks; the history keeps no entry of it",
    "prune": "it only took away what Git no longer declares",
    "self-heal": "Argo CD put named resources back to the revision that is deployed; the history keeps no entry of it",
    "dry-run": "only tried: nothing was changed",
    "local": "manifests from somebody’s machine; no commit holds them",
    "applicationset": "a step of an ApplicationSet’s rolling sync",
    "unknown": "only the history tells of it, and it names nobody: a person, or Argo CD by itself",
    "injected": "written into the application past Argo CD’s API; its record may wear another’s name",
}
KNOWN = {
    "announcement": "as its announcement says",
    "record": "by the shape of its record",
    "history": "from what the history and the announcements left of it",
    "silence": "for announcements reach from before it to its end, and none began it",
}
SHAPE = "by its shape: applied without hooks, and pinned to what an older entry had deployed; its announcement is not held"
DEPLOYS = "Argo CD began it by itself; named resources only, yet of a new revision: a deployment that the history does not hold"
ALSO = {
    "retry": "tried again",
    "force": "forced: objects that refuse the change are deleted and made anew",
    "replace": "objects are replaced instead of applied, so what others set on them is lost",
    "pruning": "what Git no longer declares was to be deleted",
}
OPTIONS = {
    "createnamespace=true": "a missing namespace is made",
    "serversideapply=true": "applied on the server’s side",
    "prunelast=true": "pruning comes last",
    "applyoutofsynconly=true": "only what differs is applied",
    "replace=true": "replaced instead of applied",
    "force=true": "deleted and made anew where that is refused",
    "validate=false": "not validated first",
    "respectignoredifferences=true": "fields that are ignored stay as they are",
    "failonsharedresource=true": "fails where another application manages the same object",
    "skipdryrunonmissingresource=true": "kinds that the cluster does not know are not tried first",
    "clientsideapplymigration=false": "fields of an earlier client-side apply are not taken over",
    "prune=false": "nothing is pruned",
    "prune=confirm": "pruning waits for a confirmation",
    "delete=false": "objects stay when the application is deleted",
    "delete=confirm": "deletion waits for a confirmation",
}
RESULTS = {
    "Synced": ("pass", "synced"),
    "SyncFailed": ("fail", "failed"),
    "Pruned": ("pass", "pruned"),
    "PruneSkipped": ("na", "left: not pruned"),
}
HOOKS = {
    "Succeeded": ("pass", "succeeded"),
    "Failed": ("fail", "failed"),
    "Error": ("fail", "error"),
    "Running": ("indeterminate", "running"),
    "Terminating": ("indeterminate", "terminating"),
}
PHASES = {"Succeeded": "pass", "Failed": "fail", "Error": "fail"}
SHAPES = {badge.tone: badge.shape for badge in VERDICTS.values()}


def name(sync: Mapping[str, Any]) -> str:
    of = str(sync.get("application") or "an application that is not named")
    form = NAMES.get(str(sync.get("kind")))
    return form.replace("{}", of) if form else f"Sync of {of} ({sync.get('kind') or 'kind not known'})"


def phase(sync: Mapping[str, Any]) -> Badge:
    """Argo CD's own word for how it ended; of one that is retried, that it is."""
    said = str(sync.get("phase") or "not known")
    if said == "Running" and sync.get("attempts"):
        return Badge("exception", SHAPES["exception"], "Running, between attempts")
    tone = PHASES.get(said, "na" if said in ("Running", "Terminating") else "indeterminate")
    return Badge(tone, SHAPES[tone], "end not seen" if said == "Unseen" else said)


def kind(sync: Mapping[str, Any]) -> str:
    """`to history entry 3, as its announcement says`: what it was and how that is known."""
    named, by = str(sync.get("kind") or ""), str(sync.get("kind_by") or "")
    known = SHAPE if named == "rollback" and by == "record" else KNOWN.get(by, "")
    first = ", ".join(part for part in (_what(sync, named), known) if part)
    parts = [first, *(f"what is known of it fits a {_perhaps(one)} as well" for one in _words(sync, "perhaps"))]
    return "; ".join(part for part in parts if part) or "not known"


def _what(sync: Mapping[str, Any], named: str) -> str:
    if named == "rollback":
        back = sync.get("back_to")
        return f"back to history entry {back}" if isinstance(back, int) else "back to an older revision; to which entry is not told"
    if named in ("automated", "self-heal") and not sync.get("automated"):
        return "its record says that Argo CD began it, which the operation before may have left there"
    if named == "automated" and sync.get("partial"):
        return DEPLOYS
    heals = sync.get("heal_attempt")
    return WHAT.get(named, named) + (f", attempt {heals}" if named == "self-heal" and isinstance(heals, int) else "")


def _perhaps(name: str) -> str:
    return {"dry-run": "dry run", "applicationset": "rolling sync of an ApplicationSet"}.get(name, name)


def also(sync: Mapping[str, Any]) -> list[str]:
    return [ALSO.get(one, one) for one in _words(sync, "also") if one != "retry"]


def options(sync: Mapping[str, Any]) -> list[str]:
    """`CreateNamespace=true: a missing namespace is made`; what is new to us stands as it is."""
    return [f"{one}: {OPTIONS[one.lower()]}" if one.lower() in OPTIONS else one for one in _words(sync, "options")]


def result(one: Mapping[str, Any]) -> Badge:
    """What became of a resource: of a hook how it ended, of anything else what its apply said."""
    if one.get("hook"):
        said = str(one.get("hook_phase") or "")
        tone, word = HOOKS.get(said, ("indeterminate", said or "not told"))
    else:
        said = str(one.get("status") or "")
        tone, word = RESULTS.get(said, ("indeterminate", said or "not told"))
    return Badge(tone, SHAPES[tone], word)


def _words(sync: Mapping[str, Any], key: str) -> list[str]:
    value = sync.get(key)
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []
