"""Sentences about a branch and its repository: pushes, checks, what a branch asks for, what a repository is called."""

from app.domain.change import BranchRules, Push
from app.domain.event import Event
from app.domain.workspace import Setting
from app.linking import facts
from app.linking.fold_push import branch
from app.linking.fold_workspace import settings
from app.linking.rules.direct_push import pusher

NAMES = {
    "required_approvals": "required approvals",
    "required_checks": "required checks",
    "protected": "protection",
    "dismiss_stale_reviews": "dismissal of stale reviews",
    "last_push_approval": "approval of the last push by somebody else",
    "code_owner_review": "review by code owners",
    "force_pushes": "force pushes",
    "deletions": "deletion of the branch",
    "admins_included": "rules for administrators too",
    "merge_queue": "merge queue",
}
NAMED = 2


def title_of(push: Push) -> str:
    """`Direct push of 3 commits to main of bank/infra by carol`; of one commit `Open the port (pushed straight to main)`."""
    many = len(push.unproposed)
    headline = push.title.strip().partition("\n")[0]
    if push.direct and not push.forced and headline and many == len(push.commits) == 1:
        return f"{headline} (pushed straight to {push.branch})"
    where, who = f"to {push.branch} of {push.repository}", f" by {pusher(push.pusher)}"
    commits = f" of {many} commit{'s' if many != 1 else ''}" if many else ""
    if push.forced:
        gone = f": {len(push.undone)} commit{'s' if len(push.undone) != 1 else ''} taken off" if push.undone else ""
        return f"Force push{commits} {where}{who}{gone}"
    return f"{'Direct push' if push.direct else 'Push that may be direct'}{commits} {where}{who}"


def rules_title(rules: BranchRules) -> str:
    """`main of bank/infra: required approvals 2 → 0`."""
    return f"{rules.branch} of {rules.repository}: {became(rules.changed, NAMED) or 'its rules changed'}"


def became(changed: tuple[Setting, ...], most: int = 100) -> str:
    told = ", ".join(named(one) for one in changed[:most])
    more = len(changed) - most
    return told + (f" and {more} more rule{'s' if more != 1 else ''}" if more > 0 else "")


def named(setting: Setting) -> str:
    name = NAMES.get(setting.name, setting.name.replace("_", " "))
    if setting.flag and setting.after and setting.before:
        return f"{name} switched {setting.after}"
    return f"{name} {setting.before or 'none'} → {setting.after or 'none'}"


def push(event: Event) -> str:
    ref, where = branch(facts.string(event.facts, "ref")), event.keys.repository
    who = f" by {pusher(event.actor)}"
    before, after = facts.string(event.facts, "before")[:12], facts.string(event.facts, "after")[:12]
    span = f"{before or '…'} → {after or '…'}"
    commits, undone = (len(facts.words(event.facts.get(name))) for name in ("commits", "undone"))
    kind = {"force_push": "force push", "pr_merge": "merge", "merge_queue_merge": "merge by the queue"}.get(
        event.status, event.status
    )
    said = f"{kind} to {ref} of {where}{who}: {span}" + (f", {commits} commit{'s' if commits != 1 else ''}" if commits else "")
    said += f", {undone} taken off" if undone else ""
    title = facts.string(event.facts, "title")
    return said + (f", “{title}”" if title else "")


def head_push(event: Event) -> str:
    how = "force-pushed" if event.status == "force_push" else "pushed to"
    span = f"{facts.string(event.facts, 'before')[:12] or '…'} → {facts.string(event.facts, 'after')[:12] or '…'}"
    return f"the head of {event.keys.repository}#{event.keys.pull_request} was {how} by {pusher(event.actor)}: {span}"


def check(event: Event) -> str:
    head, because = facts.string(event.facts, "head_oid")[:12], facts.string(event.facts, "because")
    if event.status == "none":
        return f"head {head} has no check"
    if event.status == "unavailable":
        return f"the checks of head {head} could not be read" + (f": {because}" if because else "")
    required = event.facts.get("required")
    word = {True: "required check", False: "check"}.get(required if isinstance(required, bool) else None, "check")  # type: ignore[arg-type]
    return f"{word} {facts.string(event.facts, 'name') or event.ref.id} of {head}: {event.status.replace('_', ' ')}"


def rules(event: Event) -> str:
    where = f"{facts.string(event.facts, 'branch') or event.ref.id.rpartition('@')[2]} of {event.keys.repository}"
    because = facts.string(event.facts, "because")
    if event.status == "changed":
        return f"rules of {where}: {became(settings(event)) or 'changed'}"
    return f"rules of {where} {event.status}" + (f": {because}" if because else "")


def repository(event: Event) -> str:
    name, former = facts.string(event.facts, "name") or event.ref.name, facts.string(event.facts, "former")
    return f"repository {former} is now {name}" if former else f"repository {name} {event.status}"


def run_base(event: Event) -> str:
    name, commit = event.keys.run or event.ref.id, facts.string(event.facts, "previous_commit")[:12]
    if event.status == "first":
        return f"{name} is the first that was applied in {event.keys.workspace}"
    if event.status == "after" and commit:
        return f"{event.keys.workspace} was at {commit} before {name}"
    because = facts.string(event.facts, "because")
    return f"what {event.keys.workspace} was at before {name} is not known" + (f": {because}" if because else "")
