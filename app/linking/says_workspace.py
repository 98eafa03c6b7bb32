"""Sentences about a workspace: what became of its settings, its locks, its state, its health."""

from app.domain.event import Event
from app.domain.workspace import Setting, WorkspaceAct
from app.linking import facts
from app.linking.fold_workspace import settings

NAMES = {
    "auto_apply": "auto-apply",
    "auto_apply_run_trigger": "auto-apply of triggered runs",
    "speculative_enabled": "speculative plans",
    "queue_all_runs": "queueing of all runs",
    "file_triggers_enabled": "file triggers",
    "assessments_enabled": "health assessments",
    "allow_destroy_plan": "destroy plans",
    "global_remote_state": "sharing of its state with the whole organization",
    "project_remote_state": "sharing of its state with its project",
    "repository": "VCS repository",
    "tag_names": "tags",
    "tags_regex": "tag pattern",
    "run_triggers": "run triggers from",
    "remote_state_consumers": "its state is shared with",
}
NAMED = 2


def named(setting: Setting) -> str:
    """`auto-apply switched on`, `execution mode remote → agent`."""
    name = NAMES.get(setting.name, setting.name.replace("_", " "))
    if setting.flag and setting.after:
        return f"{name} switched {setting.after}"
    return f"{name} {setting.before or 'none'} → {setting.after or 'none'}"


def became(found: tuple[Setting, ...], most: int = NAMED) -> str:
    """The first settings in words, and how many more there are."""
    told = ", ".join(named(one) for one in found[:most])
    more = len(found) - most
    return told + (f" and {more} more setting{'s' if more != 1 else ''}" if more > 0 else "")


def title_of(act: WorkspaceAct) -> str:
    """`banking-eks-production: auto-apply switched on`."""
    if act.kind == "state":
        return f"{act.workspace}: state {'' if act.serial is None else f'{act.serial} '}made outside of every run"
    if act.kind == "changed":
        return f"{act.workspace}: {became(act.settings) or 'settings changed'}"
    who = (act.actor.name or act.actor.id or "") if act.actor else ""
    said = {"created": "workspace created", "unavailable": "workspace gone from sight", "returned": "workspace in sight again"}
    return f"{act.workspace}: {said.get(act.kind, act.kind)}" + (f" by {who}" if who else "")


def workspace(event: Event) -> str:
    name, who = event.keys.workspace or event.ref.name, (event.actor.name or event.actor.id or "") if event.actor else ""
    changed = settings(event)
    if event.status == "changed" and changed:
        return f"workspace {name}: {became(changed, len(changed))}"
    by = f" by {who}" if who else ""
    reason, because = facts.string(event.facts, "reason"), facts.string(event.facts, "because")
    said = f"workspace {name} {event.status}{by}" + (f", “{reason}”" if reason else "")
    return said + (f": {because}" if because else "")


def assessment(event: Event) -> str:
    name, because = event.keys.workspace or event.ref.name, facts.string(event.facts, "because")
    drifted = facts.integer([event], "drifted")
    if event.status == "drifted":
        many = "resources" if drifted is None else f"{drifted} resource{'s' if drifted != 1 else ''}"
        return f"workspace {name} drifted: {many} {'is' if drifted == 1 else 'are'} not as declared"
    if event.status == "undrifted":
        return f"workspace {name}: a health assessment found no drift"
    word = "health assessment failed" if event.status == "failed" else f"drift {event.status}"
    return f"workspace {name}: {word}" + (f", {because}" if because else "")


def state_version(event: Event) -> str:
    serial = facts.integer([event], "serial")
    who = (event.actor.name or event.actor.id) if event.actor else None
    made = f"state {'of unknown serial' if serial is None else serial} of workspace {event.keys.workspace} was made by no run"
    return made + (f", by {who}" if who else "")
