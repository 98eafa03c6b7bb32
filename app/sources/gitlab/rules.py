"""The stream of rules: what each protected branch asked for when we looked, and what was changed between two looks.

https://docs.gitlab.com/api/protected_branches/ and https://docs.gitlab.com/api/merge_request_approvals/
"""

from collections.abc import Iterator, Mapping
from typing import Any

from app.canonical import canonical_json, digest, fit, plain
from app.domain.event import Event, Step
from app.domain.ref import Ref
from app.errors import Forbidden, Missing
from app.sources.contract import Page, Task
from app.sources.gitlab.client import Client
from app.sources.gitlab.project import Place, located
from app.sources.gitlab.telling import Met, Origin
from app.sources.gitlab.wire import Level, Node, Protected, rows

NEVER = "GitLab has no such rule"


def rules(client: Client, source: str, name: str, task: Task, met: Met) -> Iterator[Page]:
    """A page for a project: an event for each branch whose rules are new, changed, or cannot be seen. Raises SourceError."""
    place = located(client, source, name, task.memory, task.now)
    listed, refused = client.perhaps(f"/projects/{place.id}/protected_branches")
    approvals, why = _approvals(client, place)
    needed, why_needed = client.perhaps(f"/projects/{place.id}/approval_rules")
    met |= {
        f"{place.path}: protected branches": listed is not None,
        f"{place.path}: approval settings": approvals is not None,
        f"{place.path}: approval rules": needed is not None,
        f"{place.path}: merge settings": place.project.merge_method is not None,
    }
    branches = {one.name: one for one in rows(Protected, listed or [])}
    default = place.project.default_branch or "HEAD"
    remember: dict[str, Any] = {**place.told, "server": dict(met)}
    events: list[Event] = []
    prefix, origin = f"rules:{place.id}:", Origin(source, place.path, task.now)
    known = {key.removeprefix(prefix) for key in task.memory if key.startswith(prefix)}
    for branch in sorted({default, *branches, *(known if listed is not None else ())}):
        told = _rules(place, branches.get(branch), approvals, needed, (why, why_needed)) if listed is not None else None
        before = task.memory.get(f"{prefix}{branch}")
        event = _event(origin, branch, told, refused, before)
        if event:
            events.append(event)
        last = before.get("rules") if isinstance(before, Mapping) else None
        kept = {"rules": last if told is None else told, "readable": told is not None}
        remember[f"{prefix}{branch}"] = kept if branch == default or branch in branches or told is None else None
    yield Page(events=events, remember=remember, seen=max(1, len(branches)))


def _approvals(client: Client, place: Place) -> tuple[Node | None, str]:
    try:
        return client.one(f"/projects/{place.id}/approvals"), ""
    except (Forbidden, Missing) as error:
        return None, str(error)


def _rules(
    place: Place, branch: Protected | None, approvals: Node | None, needed: list[Any] | None, why: tuple[str, str]
) -> dict[str, Any]:
    """The house's names first, each null where it is not told; GitLab's own beside them."""
    asks, project = approvals or {}, place.project
    pipeline = project.only_allow_merge_if_pipeline_succeeds
    untold = {"last_push_approval": NEVER, "admins_included": NEVER}
    if branch:
        untold["deletions"] = "nobody may by Git; who may unprotect it may in GitLab's pages"
    if approvals is None:
        untold["dismiss_stale_reviews"] = plain(why[0], 300)
    if needed is None:
        untold["required_approvals"] = plain(why[1], 300)
    if pipeline is None:
        untold["required_checks"] = "the project's settings do not tell"
    if project.merge_trains_enabled is None:
        untold["merge_queue"] = "the project's settings do not tell"
    names = (*("merge_requests_author_approval", "merge_requests_disable_committers_approval"), "selective_code_owner_removals")
    own = {name: asks.get(name) for name in (*names, "require_password_to_approve") if isinstance(asks.get(name), bool)}
    return {
        "protected": branch is not None,
        "required_approvals": None if needed is None else _required(needed, branch),
        "required_checks": None if pipeline is None else ["pipeline"] if pipeline else [],
        "dismiss_stale_reviews": asks.get("reset_approvals_on_push") if approvals is not None else None,
        "last_push_approval": None,
        "code_owner_review": branch.code_owner_approval_required if branch else False,
        "force_pushes": branch.allow_force_push if branch else True,
        "deletions": True if branch is None else None,
        "admins_included": None,
        "merge_queue": project.merge_trains_enabled,
        "untold": untold,
        "push_levels": [_level(one) for one in branch.push_access_levels or ()] if branch else None,
        "merge_levels": [_level(one) for one in branch.merge_access_levels or ()] if branch else None,
        "merge_method": project.merge_method,
        "squash_option": project.squash_option,
        "skipped_pipeline_passes": project.allow_merge_on_skipped_pipeline,
        **own,
    }


def _required(needed: list[Any], branch: Protected | None) -> int:
    """The largest number that a rule for this branch, or for all branches, asks for."""
    most = 0
    for rule in needed:
        if not isinstance(rule, Mapping):
            continue
        listed = rule.get("protected_branches")
        names = [one.get("name") for one in listed if isinstance(one, Mapping)] if isinstance(listed, list) else []
        count = rule.get("approvals_required")
        if type(count) is int and (not names or (branch and branch.name in names)):
            most = max(most, count)
    return most


def _level(one: Level) -> str:
    for kind, number in (("user", one.user_id), ("group", one.group_id), ("deploy key", one.deploy_key_id)):
        if number is not None:
            return f"{kind} {number}"
    return plain(one.access_level_description, 100) or f"level {one.access_level}"


def _event(origin: Origin, branch: str, told: dict[str, Any] | None, refused: str, before: Any) -> Event | None:
    """None when nothing is new since the last look."""
    held = before if isinstance(before, Mapping) else {}
    readable, old = held.get("readable") is True, held.get("rules")
    if told is None:
        if held and not readable:
            return None
        return _of(origin, branch, "unavailable", {"rules": None, "changed": {}, "because": plain(refused)}, again=True)
    if readable and old == told:
        return None
    changed: dict[str, Any] = {}
    if isinstance(old, Mapping):
        changed = {key: [old.get(key), value] for key, value in told.items() if key != "untold" and old.get(key) != value}
    facts = {"rules": told, "changed": changed, "because": None}
    return _of(origin, branch, "changed" if changed else "seen", facts, again=bool(held))


def _of(origin: Origin, branch: str, status: str, facts: dict[str, Any], *, again: bool) -> Event:
    """The time tells apart rules that come back; a first sight is the same however often we begin anew."""
    name, at = f"{origin.repository}@{plain(branch, 300)}", origin.observed_at
    said = {"branch": plain(branch, 300), **facts}
    more = (at.isoformat() if again else "", digest(canonical_json(said)))
    return origin.event("branch-rules", Ref("branch-rules", name, name), Step.NOTED, status, at, *more, facts=fit(said))
