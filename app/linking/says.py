"""One plain sentence per event, in the source's own words."""

from collections.abc import Callable, Mapping

from app.domain.event import Event
from app.linking import facts, says_branch, says_operation, says_record, says_workspace


def says(event: Event) -> str:
    """Never empty, never raises: an event without a sentence of its own is its name and its status."""
    telling = _SENTENCES.get(event.type)
    return (telling(event) if telling else "") or f"{_name(event)} {event.status}"


def _name(event: Event) -> str:
    return event.ref.name or event.ref.id


def _fact(event: Event, name: str) -> str:
    return facts.string(event.facts, name)


def _pull(event: Event) -> str:
    return f"{event.keys.repository}#{event.keys.pull_request}"


TURNS = ("auto_merge_enabled", "auto_merge_disabled", "added_to_merge_queue", "removed_from_merge_queue", "base_force_pushed")


def _pull_request(event: Event) -> str:
    if event.status == "open":
        return f"pull request {_pull(event)} opened: {_fact(event, 'title')}"
    if event.status == "head":
        return f"the head of {_pull(event)} is {_fact(event, 'head_oid')[:12]}"
    if event.status == "merged":
        return f"{_pull(event)} merged into {_fact(event, 'base')} as {_fact(event, 'merge_commit')[:12] or 'an unknown commit'}"
    who = (event.actor.name or event.actor.id or "") if event.actor else ""
    said = f"{_pull(event)} {event.status.replace('_', ' ')}" + (f" by {who}" if who and event.status in TURNS else "")
    return said + (f": {_fact(event, 'reason')}" if _fact(event, "reason") else "")


def _review(event: Event) -> str:
    commit = _fact(event, "commit")[:12]
    return f"review of {_pull(event)}: {event.status}" + (f", of {commit}" if commit else "")


def _commit(event: Event) -> str:
    return f"commit {event.ref.id[:12]}: {_fact(event, 'headline')}"


def _run(event: Event) -> str:
    run, title = event.keys.run or event.ref.id, _fact(event, "title")
    if event.status == "pending":
        return f"{run} created in {event.keys.workspace}" + (f": {title}" if title else "")
    return f"{run} {event.status}"


def _actor(event: Event) -> str:
    who = (event.actor.name or event.actor.id) if event.actor else None
    return f"{event.keys.run} {event.status} {who or 'nobody that is named'}"


def _run_event(event: Event) -> str:
    comment = _fact(event, "comment") or _fact(event, "description")
    return f"{event.keys.run}: {event.status}" + (f", “{comment}”" if comment else "")


def _counts(event: Event, words: tuple[str, str, str]) -> str:
    numbers = [facts.integer([event], name) for name in ("added", "changed", "destroyed")]
    return ", ".join(f"{'unknown' if n is None else n} {word}" for n, word in zip(numbers, words, strict=True))


def _plan(event: Event) -> str:
    return f"plan of {event.keys.run} {event.status}: {_counts(event, ('to add', 'to change', 'to destroy'))}"


def _apply(event: Event) -> str:
    verb = "applied" if event.status == "finished" else f"apply {event.status}"
    return f"{event.keys.run} {verb}: {_counts(event, ('added', 'changed', 'destroyed'))}"


_JUDGES = {
    ("policy-evaluation", "opa"): "OPA policy evaluation",
    ("policy-evaluation", "sentinel"): "Sentinel policy evaluation",
    ("policy-evaluation", ""): "policy evaluation",
    ("terraform-policy", ""): "Terraform policy evaluation",
}


def _policy_check(event: Event) -> str:
    counts = event.facts.get("counts")
    told = (
        [f"{n} {name.replace('_', ' ')}" for name, n in counts.items() if isinstance(n, int)] if isinstance(counts, Mapping) else []
    )
    name = _JUDGES.get((_fact(event, "system"), _fact(event, "policy_kind")), "policy check")
    return f"{name} {event.ref.id} of {event.keys.run} {event.status}" + (f": {', '.join(told)}" if told else "")


def _task(event: Event) -> str:
    named = f"run task {_fact(event, 'task') or event.ref.id} {event.status}"
    level, said = _fact(event, "level"), _fact(event, "message")
    return f"{named} in {event.keys.run}" + (f" ({level})" if level else "") + (f": {said}" if said else "")


def _stage(event: Event) -> str:
    return f"task stage {_fact(event, 'stage') or event.ref.id} of {event.keys.run} {event.status}"


def _cost(event: Event) -> str:
    delta, proposed = _fact(event, "delta"), _fact(event, "proposed")
    told = f": {delta} a month, to {proposed}" if delta and proposed else ""
    return f"cost estimate of {event.keys.run} {event.status}{told}"


def _audit(event: Event) -> str:
    resource, meta = event.facts.get("resource"), event.facts.get("meta")
    of = f"{facts.string(resource, 'type')} {facts.string(resource, 'id')}" if isinstance(resource, Mapping) else event.ref.id
    said = facts.string(meta, "comment") if isinstance(meta, Mapping) else ""
    return f"audit trail: {event.status} {of}".strip() + (f", “{said}”" if said else "")


def _history(event: Event) -> str:
    number = facts.integer([event], "history_id")
    entry = f"history entry {'unknown' if number is None else number} of {event.keys.application}"
    return f"{entry}: revision {_fact(event, 'revision')[:12] or 'none'}"


def _announcement(event: Event) -> str:
    return _fact(event, "message")


def _history_gap(event: Event) -> str:
    first, last = (facts.integer([event], name) for name in ("from_id", "to_id"))
    if first is None:
        return _fact(event, "message")
    return f"history entries {first} to {last} of {event.keys.application} were never seen"


def _unwitnessed(event: Event) -> str:
    most, since, until = facts.integer([event], "at_most"), _fact(event, "from_at"), _fact(event, "to_at")
    many = "an unknown number of operations" if most is None else f"up to {most} operation{'s' if most != 1 else ''}"
    between = f" between {since} and {until}" if since and until else ""
    return f"{many} of {event.keys.application} may have come and gone unseen{between}: {_fact(event, 'because')}"


def _drift(event: Event) -> str:
    names = [f"{facts.string(item, 'kind')}/{facts.string(item, 'name')}" for item in facts.mappings(event.facts.get("resources"))]
    return f"application {event.keys.application} {event.status}" + (f": {', '.join(names)}" if names else "")


def _hydration(event: Event) -> str:
    dry, hydrated = _fact(event, "dry")[:12] or "an unknown commit", _fact(event, "hydrated")[:12]
    said = f"application {event.keys.application}: hydration of {dry} {event.status}" + (f" as {hydrated}" if hydrated else "")
    return said + (f": {_fact(event, 'message')}" if event.status == "Failed" and _fact(event, "message") else "")


def _dry_source(event: Event) -> str:
    hydrated, dry = _fact(event, "hydrated")[:12], _fact(event, "dry")[:12]
    if not dry:
        return f"which dry commit {hydrated} was hydrated from was not seen: {_fact(event, 'because')}"
    return f"{hydrated} was hydrated from {dry} of {_fact(event, 'repository') or 'a repository that is not named'}"


def _artifact(event: Event) -> str:
    name = f"{_fact(event, 'chart') or _fact(event, 'registry')} {_fact(event, 'revision')}"
    if event.status != "known":
        return f"nothing is told of {name}: {_fact(event, 'because')}"
    made = f"; it says it was made from {_fact(event, 'commit')[:12]}" if _fact(event, "commit") else ""
    return f"{name}: {_fact(event, 'description') or 'no description'}{made}"


def _set(event: Event) -> str:
    name, application = _fact(event, "set") or _name(event), _fact(event, "application")
    if event.type == "set-announcement":
        return f"ApplicationSet {name}: {_fact(event, 'message')}"
    if event.type == "set-condition":
        why = _fact(event, "reason")
        return f"ApplicationSet {name}: {_fact(event, 'condition')} {event.status}" + (f" ({why})" if why else "")
    if event.type == "set-application":
        step = _fact(event, "step")
        did = {"added": "made", "removed": "took away"}.get(event.status)
        return f"ApplicationSet {name} {did} {application}" if did else (
            f"ApplicationSet {name}: {application} {event.status}" + (f" in step {step}" if step else "")
        )  # fmt: skip
    return f"ApplicationSet {name} {event.status}"


def _rolling_sync(event: Event) -> str:
    name, step, steps = _fact(event, "set"), _fact(event, "step"), facts.integer([event], "steps")
    if not name:
        return f"which ApplicationSet's rolling sync began it is not known: {_fact(event, 'because')}"
    where = f", step {step}" + (f" of {steps}" if steps else "") if step else f"; {_fact(event, 'because')}"
    return f"the rolling sync of ApplicationSet {name} began it{where}"


def _state(event: Event) -> str:
    return f"application {event.keys.application} {event.status}"


_SENTENCES: dict[str, Callable[[Event], str]] = {
    "pull-request": _pull_request,
    "review": _review,
    "commit": _commit,
    "run": _run,
    "run-actor": _actor,
    "run-event": _run_event,
    "plan": _plan,
    "apply": _apply,
    "policy-check": _policy_check,
    "task-stage": _stage,
    "task-result": _task,
    "cost-estimate": _cost,
    "audit": _audit,
    "operation": says_operation.operation,
    "attempt": says_operation.attempt,
    "waiting": says_operation.waiting,
    "history": _history,
    "announcement": _announcement,
    "history-gap": _history_gap,
    "unwitnessed": _unwitnessed,
    "integrity": says_record.integrity,
    "drift": _drift,
    "hydration": _hydration,
    "artifact": _artifact,
    "applicationset": _set,
    "set-application": _set,
    "set-condition": _set,
    "set-announcement": _set,
    "rolling-sync": _rolling_sync,
    "dry-source": _dry_source,
    "health": _state,
    "sync-status": _state,
    "workspace": says_workspace.workspace,
    "assessment": says_workspace.assessment,
    "state-version": says_workspace.state_version,
    "push": says_branch.push,
    "head-push": says_branch.head_push,
    "check": says_branch.check,
    "branch-rules": says_branch.rules,
    "repository": says_branch.repository,
    "run-base": says_branch.run_base,
}
