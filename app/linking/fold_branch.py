"""What a branch asks for, as it was seen or found changed; and who bore which repository's name when."""

from collections.abc import Mapping
from typing import Any

from app.domain.commits import BranchRules, Tenure, Tenures
from app.domain.event import Event
from app.domain.workspace import Setting
from app.linking import facts
from app.linking.fold_workspace import settings

# Rules that are on or off, and which of the two lets less through.
STRICT = {
    "protected": True,
    "dismiss_stale_reviews": True,
    "last_push_approval": True,
    "code_owner_review": True,
    "admins_included": True,
    "merge_queue": True,
    "force_pushes": False,
    "deletions": False,
}


def branch_rules(key: str, events: list[Event]) -> BranchRules | None:
    told = [event for event in events if event.type == "branch-rules"]
    if not told:
        return None
    last = told[-1]
    listed = last.facts.get("rules")
    rules: Mapping[str, Any] = listed if isinstance(listed, Mapping) else {}
    pairs = _pairs(last)
    checks = rules.get("required_checks")
    return BranchRules(
        key=key,
        source=last.source,
        repository=str(facts.key(told, "repository") or last.ref.id.rpartition("@")[0]),
        branch=facts.string(last.facts, "branch") or last.ref.id.rpartition("@")[2],
        kind=last.status,
        at=last.occurred_at,
        protected=_flag(rules, "protected"),
        required_approvals=_number(rules.get("required_approvals")),
        required_checks=facts.words(checks) if isinstance(checks, list | tuple) else None,
        force_pushes=_flag(rules, "force_pushes"),
        admins_included=_flag(rules, "admins_included"),
        told=tuple((one.name, one.after or "none") for one in _all(rules) if rules[one.name] is not None),
        changed=settings(last),
        weaker=tuple(name for name in sorted(pairs) if _moved(name, *pairs[name]) == "weaker"),
        stronger=tuple(name for name in sorted(pairs) if _moved(name, *pairs[name]) == "stronger"),
        actor=last.actor,
        because=facts.string(last.facts, "because"),
        url=last.ref.url,
    )


def _all(rules: Mapping[str, Any]) -> tuple[Setting, ...]:
    return tuple(Setting(name, None, setting_text(rules[name])) for name in sorted(rules) if name != "untold")


def setting_text(value: Any) -> str | None:
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, list | tuple):
        return ", ".join(str(one) for one in value)[:500] or None
    return None if value is None or isinstance(value, Mapping) else str(value)[:500]


def _pairs(event: Event) -> dict[str, tuple[Any, Any]]:
    changed = event.facts.get("changed")
    if not isinstance(changed, Mapping):
        return {}
    return {str(name): (pair[0], pair[1]) for name, pair in changed.items() if isinstance(pair, list | tuple) and len(pair) == 2}


def _moved(name: str, before: Any, after: Any) -> str:
    """`weaker` and `stronger` only where both are told."""
    if name == "required_approvals" and _number(before) is not None and _number(after) is not None:
        return "weaker" if after < before else "stronger" if after > before else ""
    if name == "required_checks" and isinstance(before, list | tuple) and isinstance(after, list | tuple):
        lost, gained = set(facts.words(before)) - set(facts.words(after)), set(facts.words(after)) - set(facts.words(before))
        return "weaker" if lost else "stronger" if gained else ""
    if name in STRICT and isinstance(before, bool) and isinstance(after, bool) and before is not after:
        return "stronger" if after is STRICT[name] else "weaker"
    return ""


def _flag(rules: Mapping[str, Any], name: str) -> bool | None:
    value = rules.get(name)
    return value if isinstance(value, bool) else None


def _number(value: Any) -> int | None:
    return value if type(value) is int else None


def tenures(key: str, events: list[Event]) -> Tenures | None:
    """A name that was seen first on a repository was borne since before we looked, unless another had borne it before."""
    held: list[Tenure] = []
    for event in events:
        if event.type != "repository" or not event.ref.id:
            continue
        former, name = facts.string(event.facts, "former"), facts.string(event.facts, "name")
        if former and not _bore(held, event, former):
            held.append(Tenure(event.source, event.ref.id, former, None))
        last = [one.name.lower() for one in held if (one.source, one.id) == (event.source, event.ref.id)][-1:]
        if name and last != [name.lower()]:
            taken = any(one.source == event.source and one.name.lower() == name.lower() for one in held)
            held.append(Tenure(event.source, event.ref.id, name, event.occurred_at if last or taken else None))
    return Tenures(key, tuple(held)) if held else None


def _bore(held: list[Tenure], event: Event, name: str) -> bool:
    return any((one.source, one.id) == (event.source, event.ref.id) and one.name.lower() == name.lower() for one in held)
