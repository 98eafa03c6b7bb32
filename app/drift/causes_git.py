"""Causes on the side of what is declared: commits, syncs that were partial or failed. Each says yes, no or None, and why. Pure."""

from app.drift.causes_live import Answer
from app.drift.evidence import SYNCS, Evidence


def pending_commit(e: Evidence) -> Answer:
    """What is declared changed, and is not deployed yet. This is no drift."""
    if e.difference == "extra":
        return False, "it is declared no more: that would be an object that waits to be pruned"
    if e.behind is False:
        return False, "it was compared with the revision that is deployed"
    if e.target_changed:
        return True, "what is declared for it changed since the look before, and is not deployed yet"
    if e.target_changed is False and e.went_back:
        return True, f"the rollback that ended at {e.went_back:%Y-%m-%dT%H:%M:%SZ} went back from what is declared"
    if e.target_changed is False:
        return False, "what is declared for it is the same as at the look before"
    if e.virgin:
        return True, "nothing of the application was deployed yet"
    if e.moved is False:
        return False, "neither what it is compared with nor what is deployed had changed when it began to differ"
    if e.behind is None:
        return None, "which revision is deployed is not known"
    if not e.read:
        return None, "it was compared with a revision that is not deployed; whether that changed this object was not read"
    if any(e.late(one) for one in e.foreign) or e.acts:
        return None, "it was compared with a revision that is not deployed; whether that changed this object is not known"
    return True, "it differs from a revision that is not deployed yet, and no other program owns what differs"


def pruning_needed(e: Evidence) -> Answer:
    """It is declared no more, and not pruned yet. This is no drift."""
    if e.difference is None:
        return None, "whether it is still declared was not read"
    if e.difference != "extra":
        return False, "it is declared"
    if e.target_changed:
        return True, "it was declared at the look before, and is declared no more"
    if e.by_argo:
        return True, "Argo CD applied it once, and it is declared no more"
    if e.by_argo is False:
        made = next(one for one in e.writers if one.manager not in SYNCS)
        return False, f"{made.manager} made it, and Argo CD never applied it"
    return None, "whether it was ever declared is not known"


def selective_sync(e: Evidence) -> Answer:
    """A sync of some resources brought the revision it is compared with, and left it behind."""
    if e.selective:
        return True, f"the sync of some resources that ended at {e.selective.at:%Y-%m-%dT%H:%M:%SZ} left it out"
    return False, "no sync of some resources was seen that left it behind"


def failed_sync(e: Evidence) -> Answer:
    """A sync failed on it, or before it."""
    if e.failed is None:
        return False, "no sync failed on it, or before it, of those that were seen"
    where = "on it" if e.failed.named else "before it was deployed"
    said = f": {e.failed.message[:200]}" if e.failed.message else ""
    return True, f"the sync that ended at {e.failed.at:%Y-%m-%dT%H:%M:%SZ} failed {where}{said}"


def merged_not_applied(e: Evidence) -> Answer:
    return False, "for an application that is a commit which is not deployed yet"
