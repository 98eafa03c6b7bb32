"""Causes on the side of the cluster: each says yes, no, or that it cannot tell (None), and why, in one sentence. Pure."""

from app.drift.evidence import SCALER, SYNCS, Evidence, is_controller, of_people, wrote

Answer = tuple[bool | None, str]
UNREAD = "its fields were not read"
NOT_LIVE = "there is no live object that could have been changed"
NOT_DECLARED = "the whole object is more than is declared; no field of it was compared"


def _whole(e: Evidence) -> Answer | None:
    """Where it is not fields that differ, but the object that is missing or too many."""
    if e.difference == "missing":
        return False, NOT_LIVE
    return (False, NOT_DECLARED) if e.difference == "extra" else None


def live_edit(e: Evidence) -> Answer:
    """A program that people use wrote to a field that differs, outside of any sync; or Argo CD announced that somebody did."""
    if found := _whole(e):
        return found
    if e.acts:
        return True, f"{e.acts[-1]}, as Argo CD announced"
    if not e.read:
        return None, UNREAD
    people = [one for one in e.foreign if of_people(one.manager)]
    if late := [one for one in people if e.late(one)]:
        if e.onset_after is None and e.behind:
            return None, f"{wrote(late[-1])}; whether that was before what is deployed now is not known"
        return True, f"{wrote(late[-1])}, in no sync"
    if e.ownerless and (late := [one for one in e.writers if of_people(one.manager) and e.late(one)]):
        return True, f"{wrote(late[-1])}, in no sync; a field that it removed has no owner any more"
    if people:
        return False, f"{wrote(people[-1])}, which is before it was last seen as declared"
    if any(is_controller(one) and e.late(one) for one in e.foreign):
        return False, "no program that people use owns a field that differs"
    if e.ownerless:
        return None, "a field that differs has no owner, so nothing tells what removed it"
    return False, "only Argo CD's own syncs own the fields that differ"


def controller(e: Evidence) -> Answer:
    """An autoscaler (kube-controller-manager by the subresource scale), or another controller, owns a field that differs."""
    if found := _whole(e):
        return found
    if not e.read:
        return None, UNREAD
    found_ones = [one for one in e.foreign if is_controller(one)]
    if late := [one for one in found_ones if e.late(one)]:
        scaler = next((one for one in late if one.manager == SCALER and one.subresource == "scale"), None)
        if scaler:
            return True, f"an autoscaler: {wrote(scaler)}"
        return True, f"{wrote(late[-1])}; it is neither Argo CD, kubectl nor Helm"
    if found_ones:
        return False, f"{wrote(found_ones[-1])}, which is before it was last seen as declared"
    if e.ownerless and any(is_controller(one) and e.late(one) for one in e.writers):
        return None, "a controller wrote to the object, and a field that differs has no owner"
    return False, "no controller owns a field that differs"


def mutating_webhook(e: Evidence) -> Answer:
    """What was applied comes out different, again after each sync, though only Argo CD's syncs own the fields."""
    if found := _whole(e):
        return found
    if not e.read:
        return None, UNREAD
    if e.foreign:
        return False, f"{e.foreign[-1].manager} owns a field that differs; what admission changes is owned by who applied it"
    if e.behind:
        return False, "what it is compared with was not applied yet"
    if e.syncs >= 2 and e.behind is None:
        return None, "it differed again after each sync; whether what it is compared with is what they applied is not known"
    if e.syncs >= 2:
        return True, f"it differed again after each of {e.syncs} successful syncs, and only Argo CD's own syncs wrote it"
    if e.syncs:
        return None, "it differed after one successful sync; whether it does after each is not known"
    return None, "no sync of it was seen since it differs, so that none could show whether it comes again"


def missing(e: Evidence) -> Answer:
    """It was live, and is gone."""
    if e.difference is None:
        return None, "whether it is live was not read"
    if e.difference != "missing":
        return False, "it is live"
    if e.acts:
        return True, f"{e.acts[-1]}, as Argo CD announced"
    if e.live_changed:
        return True, "it was live at the look before, and is gone"
    if e.virgin:
        return False, "nothing of the application was ever deployed"
    if e.behind is False and e.failed is None:
        return True, "the revision that declares it is deployed, and it is not there"
    if e.target_changed:
        return False, "what declares it is new: it was never live"
    if e.live_changed is False:
        return False, "it was not live at the look before either"
    return None, "whether it was live before is not known"


def extra(e: Evidence) -> Answer:
    """It carries the application's mark, and was never declared."""
    if e.difference is None:
        return None, "whether it is declared was not read"
    if e.difference != "extra":
        return False, "it is declared"
    if e.target_changed:
        return False, "it was declared at the look before"
    if e.by_argo:
        return False, "Argo CD applied it once, so it was declared"
    if e.by_argo is False:
        made = next(one for one in e.writers if one.manager not in SYNCS)
        return True, f"{made.manager} made it, and Argo CD never applied it"
    return None, "which program made it was not read"
